//! Which assets a plugin made: the way from a component, by its digest, to what it left behind.

use rusqlite::{Row, params};

use crate::model::{AssetEvent, MadeView};

use super::{Catalog, StoreError, columns};

fn from_row(row: &Row<'_>) -> rusqlite::Result<MadeView> {
    let sequence: i64 = row.get("seq")?;
    Ok(MadeView {
        id: columns::noun(row, "asset_id")?,
        event: columns::name(row, "event", AssetEvent::from_name)?,
        sequence: sequence.unsigned_abs(),
        time: columns::time(row, "time")?,
        execution_id: columns::noun(row, "execution_id")?,
        task_id: columns::noun(row, "task_id")?,
        plugin: columns::json(row, "plugin")?,
    })
}

impl Catalog {
    /// What a plugin created and updated, oldest first: the plugin by its name, or by the beginning of its digest.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn made_by(&self, plugin: &str) -> Result<Vec<MadeView>, StoreError> {
        self.read(|connection| {
            // Runs of a task in a loop share its id, and its plugin.
            let query = "SELECT DISTINCT e.asset_id, e.event, e.seq, e.time, e.execution_id, e.task_id, t.plugin \
                         FROM task_run t JOIN asset_event e ON e.execution_id = t.execution_id AND e.task_id = t.task_id \
                         WHERE t.plugin IS NOT NULL AND e.event IN ('CREATED', 'UPDATED') \
                         AND (json_extract(t.plugin, '$.name') = ?1 \
                              OR substr(json_extract(t.plugin, '$.digest'), 1, length(?1)) = ?1) \
                         ORDER BY e.seq, e.asset_id";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(params![plugin], from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
