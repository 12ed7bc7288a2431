//! Records the events of a run: each becomes the next link of the chain, and the tables follow in the same
//! transaction. Log lines are put beside the chain.

use rusqlite::{Connection, OptionalExtension};

use crate::model::{AssetChange, Receipt, RecordError, Recorder, RunEvent, RunEventKind, StartedExecution, Timestamp};

use super::apply::apply;
use super::catalog::Durability;
use super::chain::{self, Head};
use super::payload::{AssetFact, Entry, Fact, FinishFact, StartFact};
use super::{Catalog, StoreError, lineage, logs};

impl Recorder for Catalog {
    fn append(&self, events: &[RunEvent]) -> Result<Receipt, RecordError> {
        if events.is_empty() {
            return Ok(Receipt::default());
        }
        Ok(self.write(durability_of(events), |connection| append_all(connection, events))?)
    }
}

fn durability_of(events: &[RunEvent]) -> Durability {
    let finishes = events.iter().any(|event| matches!(event.kind, RunEventKind::ExecutionFinished { .. }));
    match finishes {
        true => Durability::Power,
        false => Durability::Process,
    }
}

fn append_all(connection: &Connection, events: &[RunEvent]) -> Result<Receipt, StoreError> {
    let begin = Head::read_in_step(connection)?;
    let mut head = begin.clone();
    let mut receipt = Receipt::default();
    for event in events {
        if let RunEventKind::TaskLogged(line) = &event.kind {
            logs::insert(connection, &event.actor, line)?;
            continue;
        }
        let time = event.time.max(head.time);
        if let Some(fact) = fact_of(connection, event, time)? {
            let entry = record(connection, &mut head, event, time, fact)?;
            receipt.assets.extend(changes_of(&entry));
        }
    }
    if head.seq != begin.seq {
        head.write(connection)?;
        receipt.last_sequence = Some(head.seq.unsigned_abs());
    }
    Ok(receipt)
}

/// Links one event to the chain and carries it over into the tables.
fn record(
    connection: &Connection,
    head: &mut Head,
    event: &RunEvent,
    time: Timestamp,
    fact: Fact,
) -> Result<Entry, StoreError> {
    let actor = (*event.actor).clone();
    let entry = Entry { seq: head.seq + 1, time, clock: event.time, actor, fact };
    *head = chain::append(connection, head, &entry, &entry.encode()?)?;
    apply(connection, &entry)?;
    Ok(entry)
}

/// What the log keeps of an event; nothing of a log line.
fn fact_of(connection: &Connection, event: &RunEvent, time: Timestamp) -> Result<Option<Fact>, StoreError> {
    let fact = match &event.kind {
        RunEventKind::ExecutionStarted(start) => start_of(connection, event, start)?,
        RunEventKind::TaskRunStarted(start) => Fact::TaskRunStarted { task_type: start.task_type.clone() },
        RunEventKind::LineageRecorded(declared) => {
            Fact::LineageRecorded(lineage::settle(connection, declared, &event.actor.flow.namespace, time)?)
        }
        RunEventKind::TaskRunFinished(finish) => Fact::TaskRunFinished(FinishFact {
            state: finish.state,
            outputs: finish.outputs.clone(),
            error: finish.error.clone(),
            log_lines: finish.log_lines,
            log_digest: finish.log_digest.clone(),
        }),
        RunEventKind::ExecutionFinished { state, error } => {
            Fact::ExecutionFinished { state: *state, error: error.clone() }
        }
        RunEventKind::TaskLogged(_) => return Ok(None),
    };
    Ok(Some(fact))
}

/// The flow's text enters the log once, however often the flow runs.
fn start_of(connection: &Connection, event: &RunEvent, start: &StartedExecution) -> Result<Fact, StoreError> {
    let query = "SELECT 1 FROM flow_source WHERE digest = ?1";
    let digest = &event.actor.flow.digest;
    let known = connection.prepare_cached(query)?.query_row([digest], |_| Ok(())).optional()?.is_some();
    let source = (!known).then(|| start.source.to_string());
    Ok(Fact::ExecutionStarted(StartFact { inputs: start.inputs.clone(), labels: start.labels.clone(), source }))
}

fn changes_of(entry: &Entry) -> Vec<AssetChange> {
    let Fact::LineageRecorded(lineage) = &entry.fact else { return Vec::new() };
    let task_run = &entry.actor.task_run;
    let change = |fact: &AssetFact| AssetChange {
        id: fact.asset.id.clone(),
        asset_type: fact.asset.asset_type.clone(),
        event: fact.event,
        task_run: task_run.clone(),
    };
    lineage.assets.iter().map(change).collect()
}
