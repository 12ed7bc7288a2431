//! Which assets a plugin made: the way from a component, by its digest, to what it left behind.

use rusqlite::{Row, params};

use crate::model::{AssetEvent, MadeView};

use super::{Catalog, StoreError, columns};

fn from_row(row: &Row<'_>) -> rusqlite::Result<MadeView> {
    let sequence: i64 = row.get("seq")?;
    Ok(MadeView {
        id: columns::noun(row, "id")?,
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
            let query = "SELECT DISTINCT asset.id, e.event, seq, c.time, c.execution_id, c.task_id, t.plugin
                FROM task_run AS t JOIN asset_change AS c ON c.execution_id = t.execution_id AND c.task_id = t.task_id
                    JOIN asset_event AS e USING (seq) JOIN asset ON asset.number = e.asset
                WHERE t.plugin IS NOT NULL AND e.event IN ('CREATED', 'UPDATED')
                    AND (json_extract(t.plugin, '$.name') = ?1
                        OR substr(json_extract(t.plugin, '$.digest'), 1, length(?1)) = ?1)
                ORDER BY seq, asset.id";
            let mut statement = connection.prepare_cached(query)?;
            let rows = statement.query_map(params![plugin], from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }
}
