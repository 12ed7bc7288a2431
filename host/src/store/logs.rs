//! Log lines: written beside the chain, which only knows their digest.

use std::collections::HashSet;

use rusqlite::{Connection, Row, params};
use sha2::{Digest, Sha256};

use crate::model::{Actor, ExecutionId, LogLevel, LogLine, LogView, TaskId, digest};

use super::{Catalog, StoreError, columns};

const COLUMNS: &str = "time, level, task_id, task_run_id, message";

fn from_row(row: &Row<'_>) -> rusqlite::Result<LogView> {
    Ok(LogView {
        time: columns::time(row, "time")?,
        level: columns::name(row, "level", LogLevel::from_name)?,
        task_id: columns::noun(row, "task_id")?,
        task_run_id: columns::noun(row, "task_run_id")?,
        message: row.get("message")?,
    })
}

/// Keeps a line of a task.
pub(super) fn insert(connection: &Connection, actor: &Actor, line: &LogLine) -> Result<(), StoreError> {
    let (Some(task), Some(task_run)) = (&actor.task, &actor.task_run) else {
        return Err(StoreError::NoTaskRun { kind: "TaskLogged" });
    };
    let insert = "INSERT INTO log (execution_id, task_run_id, task_id, time, level, message)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(insert)?.execute(params![
        actor.execution.as_str(),
        task_run.as_str(),
        task.as_str(),
        line.time.to_string(),
        line.level.name(),
        line.message,
    ])?;
    Ok(())
}

impl Catalog {
    /// The lines an execution wrote, in the order they were recorded, that matter at least as much as `least`.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn logs(
        &self,
        execution: &ExecutionId,
        task: Option<&TaskId>,
        least: LogLevel,
    ) -> Result<Vec<LogView>, StoreError> {
        self.read(|connection| {
            let query = format!(
                "SELECT {COLUMNS} FROM log WHERE execution_id = ?1 AND (?2 IS NULL OR task_id = ?2) ORDER BY id"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![execution.as_str(), task.map(TaskId::as_str)], from_row)?;
            let mut lines: Vec<_> = rows.collect::<Result<_, _>>()?;
            lines.retain(|line| line.level >= least);
            Ok(lines)
        })
    }
}

/// The task runs of which there are lines.
pub(super) fn task_runs(connection: &Connection) -> Result<HashSet<String>, StoreError> {
    let mut statement = connection.prepare("SELECT DISTINCT task_run_id FROM log")?;
    let rows = statement.query_map([], |row| row.get("task_run_id"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many lines a task run left, and the sha256 over them, each as `LEVEL message` and a newline.
pub(super) fn digest(connection: &Connection, execution: &str, task_run: &str) -> Result<(u64, String), StoreError> {
    let query = "SELECT level, message FROM log WHERE execution_id = ?1 AND task_run_id = ?2 ORDER BY id";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([execution, task_run])?;
    let mut count = 0;
    let mut digest = Sha256::new();
    while let Some(row) = rows.next()? {
        let (level, message): (String, String) = (row.get("level")?, row.get("message")?);
        digest.update(format!("{level} {message}\n"));
        count += 1;
    }
    Ok((count, digest::hexadecimal(&digest.finalize())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::fixtures::{execution_id, logged, record};

    #[test]
    fn lines_come_in_order_and_can_be_narrowed_to_a_task_and_a_level() {
        let catalog = Catalog::in_memory().unwrap();
        record(
            &catalog,
            1,
            vec![logged(LogLevel::Info, "first"), logged(LogLevel::Debug, "second")],
        );
        record(&catalog, 2, vec![logged(LogLevel::Info, "of another")]);
        record(&catalog, 1, vec![logged(LogLevel::Error, "third")]);
        let lines = |task: Option<&str>, least| {
            let task = task.map(|task| TaskId::parse(task).unwrap());
            let lines = catalog.logs(&execution_id(1), task.as_ref(), least).unwrap();
            lines.into_iter().map(|line| line.message).collect::<Vec<_>>()
        };
        assert_eq!(lines(None, LogLevel::Trace), ["first", "second", "third"]);
        assert_eq!(lines(Some("create"), LogLevel::Info), ["first", "third"]);
        assert_eq!(lines(Some("other"), LogLevel::Trace), Vec::<String>::new());
    }
}
