//! Queries over executions and their task runs.

use rusqlite::{Connection, OptionalExtension, Row};

use crate::model::{
    AssetEvent, AssetEventView, ExecutionDetailView, ExecutionId, ExecutionView, State, TaskRunView, UsedGrantView,
};

use super::{Catalog, StoreError, beginning, columns};

const COLUMNS: &str =
    "id, flow_id, namespace, state, start_date, end_date, labels, inputs, outputs, parent_id, flow_digest, error";
const TASK_RUN_COLUMNS: &str =
    "id, task_id, task_type, state, start_date, end_date, parent_id, value, iteration, attempts, is_stub,
    decision, outputs, error, plugin";

/// How many executions an ambiguous beginning is answered with.
const CANDIDATES: usize = 5;

fn from_row(row: &Row<'_>) -> rusqlite::Result<ExecutionView> {
    Ok(ExecutionView {
        id: columns::noun(row, "id")?,
        flow_id: columns::noun(row, "flow_id")?,
        namespace: columns::noun(row, "namespace")?,
        state: columns::name(row, "state", State::from_name)?,
        interrupted: false,
        start_date: columns::time(row, "start_date")?,
        end_date: columns::optional_time(row, "end_date")?,
        labels: columns::json(row, "labels")?,
        inputs: columns::json(row, "inputs")?,
        outputs: columns::json(row, "outputs")?,
        parent_id: columns::optional_noun(row, "parent_id")?,
        origin: None,
        flow_digest: row.get("flow_digest")?,
        error: row.get("error")?,
    })
}

fn task_run_from_row(row: &Row<'_>) -> rusqlite::Result<TaskRunView> {
    let (plugin, decision): (Option<String>, Option<String>) = (row.get("plugin")?, row.get("decision")?);
    Ok(TaskRunView {
        id: columns::noun(row, "id")?,
        task_id: columns::noun(row, "task_id")?,
        task_type: row.get("task_type")?,
        state: columns::name(row, "state", State::from_name)?,
        start_date: columns::time(row, "start_date")?,
        end_date: columns::optional_time(row, "end_date")?,
        parent_id: columns::optional_noun(row, "parent_id")?,
        value: row.get("value")?,
        iteration: row.get::<_, Option<i64>>("iteration")?.map(i64::cast_unsigned),
        attempts: row.get("attempts")?,
        is_stub: row.get("is_stub")?,
        decision: decision.map(|_| columns::json(row, "decision")).transpose()?,
        outputs: columns::json(row, "outputs")?,
        error: row.get("error")?,
        plugin: plugin.map(|_| columns::json(row, "plugin")).transpose()?,
    })
}

fn asset_event_from_row(row: &Row<'_>) -> rusqlite::Result<AssetEventView> {
    Ok(AssetEventView {
        id: columns::noun(row, "id")?,
        asset_type: columns::noun(row, "type")?,
        event: columns::name(row, "event", AssetEvent::from_name)?,
        task_id: columns::optional_noun(row, "task_id")?,
    })
}

impl Catalog {
    /// The executions that started last, newest first.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn executions(&self, limit: usize) -> Result<Vec<ExecutionView>, StoreError> {
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        self.read(|connection| {
            let query = format!("SELECT {COLUMNS} FROM execution ORDER BY started_seq DESC LIMIT ?1");
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map([limit], from_row)?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// One execution with all that happened in it; none when the id is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn execution(&self, id: &ExecutionId) -> Result<Option<ExecutionDetailView>, StoreError> {
        self.read(|connection| {
            let query = format!("SELECT {COLUMNS} FROM execution WHERE id = ?1");
            let execution = connection
                .prepare_cached(&query)?
                .query_row([id.as_str()], from_row)
                .optional()?;
            let Some(execution) = execution else { return Ok(None) };
            let origin = beginning::read(connection, id)?.and_then(|beginning| beginning.origin);
            Ok(Some(ExecutionDetailView {
                execution: ExecutionView { origin, ..execution },
                tasks: task_runs(connection, id)?,
                assets: asset_events(connection, id)?,
                grants: used_grants(connection, id)?,
            }))
        })
    }

    /// The source text of a flow that ran, by its digest.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn flow_source(&self, digest: &str) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            let query = "SELECT source FROM flow_source WHERE digest = ?1";
            let mut statement = connection.prepare_cached(query)?;
            Ok(statement.query_row([digest], |row| row.get("source")).optional()?)
        })
    }

    /// The one execution whose id starts with the text, in any case.
    ///
    /// # Errors
    /// When there is none, or several; when the catalog cannot be read.
    pub fn find_execution(&self, prefix: &str) -> Result<ExecutionId, StoreError> {
        let lower = prefix.to_lowercase();
        let mut candidates = self.read(|connection| executions_from(connection, &lower))?;
        candidates.retain(|id| id.as_str().starts_with(&lower));
        match candidates.as_slice() {
            [only] => Ok(only.clone()),
            [] => Err(StoreError::NoExecution {
                prefix: prefix.to_owned(),
            }),
            _ => Err(StoreError::AmbiguousExecution {
                prefix: prefix.to_owned(),
                candidates,
            }),
        }
    }
}

/// The next ids in the order of the alphabet.
fn executions_from(connection: &Connection, text: &str) -> Result<Vec<ExecutionId>, StoreError> {
    let query = "SELECT id FROM execution WHERE id >= ?1 ORDER BY id LIMIT ?2";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map((text, CANDIDATES as i64), |row| columns::noun(row, "id"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn used_grants(connection: &Connection, id: &ExecutionId) -> Result<Vec<UsedGrantView>, StoreError> {
    let query =
        "SELECT task_id, principal, kind, target, uses FROM grant_use WHERE execution_id = ?1 ORDER BY from_seq";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([id.as_str()], |row| {
        Ok(UsedGrantView {
            task_id: Some(row.get("task_id")?).filter(|id: &String| !id.is_empty()),
            principal: row.get("principal")?,
            kind: row.get("kind")?,
            target: row.get("target")?,
            uses: row.get::<_, i64>("uses")?.unsigned_abs(),
        })
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn task_runs(connection: &Connection, id: &ExecutionId) -> Result<Vec<TaskRunView>, StoreError> {
    let query = format!("SELECT {TASK_RUN_COLUMNS} FROM task_run WHERE execution_id = ?1 ORDER BY started_seq");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([id.as_str()], task_run_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn asset_events(connection: &Connection, id: &ExecutionId) -> Result<Vec<AssetEventView>, StoreError> {
    let query = "SELECT asset.id, type_name.name AS type, event, task_id
        FROM asset_change JOIN asset_event USING (seq) JOIN asset ON asset.number = asset_event.asset
            JOIN type_name ON type_name.number = asset_event.type
        WHERE execution_id = ?1 ORDER BY seq, position";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([id.as_str()], asset_event_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Json, PluginReference, Recorder, RunEvent};
    use crate::store::fixtures::{
        self, bundle, execution_id, finished, record, run, started, task_finished, task_started, time,
    };

    #[test]
    fn an_execution_shows_its_tasks_and_what_they_did() {
        let catalog = Catalog::in_memory().unwrap();
        run(&catalog, 1, State::Success, vec![bundle(&["net"], &["vm:VM"])]);
        run(&catalog, 2, State::Failed, vec![bundle(&["net"], &["vm:VM"])]);
        let detail = catalog.execution(&execution_id(2)).unwrap().unwrap();
        assert_eq!(
            (detail.execution.state, detail.execution.end_date),
            (State::Failed, Some(time(2)))
        );
        assert_eq!(Json::Object(detail.execution.inputs), json!({"vm": "web"}));
        assert_eq!(detail.execution.flow_digest, fixtures::actor(2).flow.digest);
        let [task] = detail.tasks.as_slice() else {
            panic!("{:?}", detail.tasks)
        };
        assert_eq!(
            (task.task_id.as_str(), task.task_type.as_str(), task.state),
            ("create", "log", State::Failed)
        );
        assert_eq!(
            (task.error.as_deref(), task.outputs["value"].as_f64()),
            (Some("it broke"), Some(1.5))
        );
        let assets: Vec<_> = detail
            .assets
            .iter()
            .map(|asset| format!("{} {}", asset.id, asset.event))
            .collect();
        assert_eq!(assets, ["net USED", "vm USED"]);
        assert_eq!(catalog.execution(&execution_id(3)).unwrap(), None);
    }

    #[test]
    fn executions_come_newest_first_and_a_running_one_has_no_end() {
        let catalog = Catalog::in_memory().unwrap();
        for number in 1..=3 {
            record(&catalog, number, vec![started("a")]);
        }
        let views = catalog.executions(2).unwrap();
        let told: Vec<_> = views
            .iter()
            .map(|view| (view.id.clone(), view.state, view.end_date))
            .collect();
        assert_eq!(
            told,
            [
                (execution_id(3), State::Running, None),
                (execution_id(2), State::Running, None)
            ]
        );
    }

    #[test]
    fn an_execution_that_is_resumed_keeps_its_beginning() {
        let catalog = Catalog::in_memory().unwrap();
        record(
            &catalog,
            1,
            vec![
                started("a"),
                task_started(),
                task_finished(State::Failed, &[]),
                finished(State::Failed),
            ],
        );
        record(&catalog, 1, vec![started("a"), task_started()]);
        let detail = catalog.execution(&execution_id(1)).unwrap().unwrap();
        assert_eq!(
            (detail.execution.state, detail.execution.end_date),
            (State::Running, None)
        );
        assert_eq!(
            (detail.tasks.len(), detail.tasks[0].state, detail.tasks[0].error.clone()),
            (1, State::Running, None)
        );
    }

    #[test]
    fn a_skipped_task_is_told_by_its_end_alone_and_a_plugin_is_kept() {
        let catalog = Catalog::in_memory().unwrap();
        let plugin = PluginReference {
            name: "log".into(),
            version: "1.0.0".into(),
            digest: "00".into(),
        };
        let mut actor = (*fixtures::actor(1)).clone();
        actor.plugin = Some(plugin.clone());
        let kind = task_finished(State::Skipped, &[]);
        catalog
            .append(&[RunEvent {
                time: time(1),
                actor: actor.into(),
                kind,
            }])
            .unwrap();
        record(&catalog, 1, vec![started("a")]);
        let detail = catalog.execution(&execution_id(1)).unwrap().unwrap();
        assert_eq!(
            (detail.tasks[0].state, detail.tasks[0].plugin.clone()),
            (State::Skipped, Some(plugin))
        );
    }

    #[test]
    fn the_beginning_of_an_id_is_enough_while_it_names_one() {
        let catalog = Catalog::in_memory().unwrap();
        for number in [1, 1 << 20] {
            record(&catalog, number, vec![started("a")]);
        }
        let whole = execution_id(1);
        assert_eq!(catalog.find_execution(whole.as_str()).unwrap(), whole);
        assert_eq!(
            catalog.find_execution(&whole.as_str()[..14].to_uppercase()).unwrap(),
            whole
        );
        let message = |text: &str| catalog.find_execution(text).unwrap_err().to_string();
        assert_eq!(message("zz"), "no execution starts with `zz`");
        let both = format!(
            "several executions start with `00`: `{}`, `{}`",
            whole,
            execution_id(1 << 20)
        );
        assert_eq!(message("00"), both);
    }
}
