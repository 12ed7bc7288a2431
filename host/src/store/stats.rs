//! Numbers about the catalog.

use rusqlite::Connection;

use crate::model::{StatsView, Timestamp, TypeCount};

use super::record::Tail;
use super::{Catalog, StoreError, chain, columns, prune};

impl Catalog {
    /// How much of everything there is.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn stats(&self) -> Result<StatsView, StoreError> {
        self.read(|connection| {
            let count = |table: &str| {
                let query = format!("SELECT count(*) AS rows FROM {table}");
                connection
                    .query_row(&query, [], |row| row.get::<_, i64>("rows"))
                    .map(i64::unsigned_abs)
            };
            let bytes = "SELECT page_count * page_size AS bytes FROM pragma_page_count, pragma_page_size";
            let last = chain::last(connection)?.0;
            let through = prune::through(connection)?;
            Ok(StatsView {
                assets: count("asset WHERE to_seq IS NULL")?,
                by_type: by_type(connection)?,
                versions: count("asset")? + count("asset_version")?,
                edges: count("edge WHERE to_seq IS NULL")?,
                executions: count("execution")?,
                task_runs: count("task_run")?,
                log_lines: count("log")?,
                events: last.unsigned_abs(),
                first_event: time_of(connection, through + 1)?,
                last_event: time_of(connection, last)?,
                pruned_through: through.unsigned_abs(),
                bytes: connection
                    .query_row(bytes, [], |row| row.get::<_, i64>("bytes"))?
                    .unsigned_abs(),
            })
        })
    }
}

fn by_type(connection: &Connection) -> Result<Vec<TypeCount>, StoreError> {
    let query = "SELECT name AS type, count(*) AS assets FROM asset JOIN type_name ON type_name.number = type
        WHERE to_seq IS NULL GROUP BY type ORDER BY assets DESC, name";
    let mut statement = connection.prepare(query)?;
    let rows = statement.query_map([], |row| {
        Ok(TypeCount {
            asset_type: columns::noun(row, "type")?,
            assets: row.get::<_, i64>("assets")?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn time_of(connection: &Connection, sequence: i64) -> Result<Option<Timestamp>, StoreError> {
    use rusqlite::OptionalExtension;
    let query = "SELECT payload FROM event WHERE seq = ?1 AND payload IS NOT NULL";
    let payload: Option<String> = connection
        .query_row(query, [sequence], |row| row.get("payload"))
        .optional()?;
    Ok(payload.and_then(|payload| Tail::read(&payload).map(|tail| tail.time)))
}
