//! What the tests of this room share: a folder of their own, and short ways to say what a run did.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::json;

use crate::model::{
    Actor, AssetId, AssetType, Bundle, Declaration, ExecutionId, FinishedExecution, FinishedTask, FlowId,
    FlowReference, Json, Lineage, LogLevel, LogLine, Namespace, Receipt, Recorder, RunEvent, RunEventKind,
    StartedExecution, StartedTask, State, TaskId, TaskRunId, Timestamp, digest,
};

use super::Catalog;

/// A folder that is removed when it is dropped.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let name = format!(
            "begat-store-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        );
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).unwrap();
    }
}

/// The instant so many seconds after a fixed one.
pub fn time(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_780_000_000 + seconds).unwrap()
}

pub fn id(text: &str) -> AssetId {
    AssetId::parse(text).unwrap()
}

pub fn execution_id(number: u32) -> ExecutionId {
    ExecutionId::from_bits(u128::from(number) << 64)
}

/// The only task run of execution `number`.
pub fn actor(number: u32) -> Arc<Actor> {
    Arc::new(Actor {
        flow: FlowReference {
            namespace: Namespace::parse("company.team").unwrap(),
            id: FlowId::parse("create_vm").unwrap(),
            digest: digest::sha256("id: create_vm\n"),
        },
        execution: execution_id(number),
        task: Some(TaskId::parse("create").unwrap()),
        task_run: Some(TaskRunId::from_bits(u128::from(number) << 64 | 1)),
        plugin: None,
    })
}

/// A declaration: `id`, or `id:Type`, with metadata.
pub fn declared(text: &str, metadata: Json) -> Declaration {
    let (name, asset_type) = text
        .split_once(':')
        .map_or((text, None), |(name, given)| (name, AssetType::parse(given)));
    Declaration {
        asset_type,
        metadata: metadata.as_object().unwrap().clone(),
        ..Declaration::of(id(name))
    }
}

/// A bundle of assets named as `declared` reads them.
pub fn bundle(inputs: &[&str], outputs: &[&str]) -> Bundle {
    let all = |texts: &[&str]| texts.iter().map(|text| declared(text, json!({}))).collect();
    Bundle {
        inputs: all(inputs),
        outputs: all(outputs),
    }
}

pub fn started(source: &str) -> RunEventKind {
    let inputs = json!({"vm": "web"}).as_object().unwrap().clone();
    RunEventKind::ExecutionStarted(StartedExecution {
        source: source.into(),
        inputs,
        ..StartedExecution::default()
    })
}

pub fn task_started() -> RunEventKind {
    RunEventKind::TaskRunStarted(StartedTask {
        task_type: "log".to_owned(),
        parent: None,
        value: None,
        iteration: None,
        is_stub: false,
        decision: None,
    })
}

pub fn logged(level: LogLevel, message: &str) -> RunEventKind {
    RunEventKind::TaskLogged(LogLine {
        time: time(0),
        level,
        message: message.to_owned(),
    })
}

pub fn lineage(state: State, bundles: Vec<Bundle>) -> RunEventKind {
    RunEventKind::LineageRecorded(Lineage { state, bundles })
}

/// A task's end, after these lines.
pub fn task_finished(state: State, lines: &[&str]) -> RunEventKind {
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    RunEventKind::TaskRunFinished(FinishedTask {
        state,
        outputs: json!({"value": 1.5}).as_object().unwrap().clone(),
        error: (state == State::Failed).then(|| "it broke".to_owned()),
        attempts: 1,
        log_lines: lines.len() as u64,
        log_digest: digest::sha256(text),
    })
}

pub fn finished(state: State) -> RunEventKind {
    RunEventKind::ExecutionFinished(FinishedExecution {
        state,
        ..FinishedExecution::default()
    })
}

/// Records what execution `number` did, at second `number`.
pub fn record(catalog: &Catalog, number: u32, kinds: Vec<RunEventKind>) -> Receipt {
    let event = |kind| RunEvent {
        time: time(i64::from(number)),
        actor: actor(number),
        kind,
    };
    let events: Vec<_> = kinds.into_iter().map(event).collect();
    catalog.append(&events).unwrap()
}

/// Records a whole execution of one task that declared these bundles.
pub fn run(catalog: &Catalog, number: u32, state: State, bundles: Vec<Bundle>) -> Receipt {
    record(catalog, number, vec![started("id: create_vm\n"), task_started()]);
    let line = logged(LogLevel::Info, "hello");
    let receipt = record(
        catalog,
        number,
        vec![line, lineage(state, bundles), task_finished(state, &["INFO hello"])],
    );
    record(catalog, number, vec![finished(state)]);
    receipt
}

/// A connection that nothing guards, as a forger would use it.
pub fn raw(path: &Path) -> rusqlite::Connection {
    let connection = rusqlite::Connection::open(path).unwrap();
    let drop_guards = "DROP TRIGGER event_is_never_updated; DROP TRIGGER event_is_never_deleted;
        DROP TRIGGER event_is_never_replaced;";
    connection.execute_batch(drop_guards).unwrap();
    connection
}

/// Every row of the tables computed from the log, as text.
pub fn dump(catalog: &Catalog) -> String {
    let tables = super::rebuild::PROJECTIONS.into_iter().chain(["head"]);
    let dump = |connection: &rusqlite::Connection| {
        let mut text = String::new();
        for table in tables {
            let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                let values: Result<Vec<rusqlite::types::Value>, _> =
                    (0..columns).map(|column| row.get(column)).collect();
                text.push_str(&format!("{table} {:?}\n", values?));
            }
        }
        Ok(text)
    };
    catalog.read(dump).unwrap()
}
