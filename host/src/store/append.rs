//! Records the events of a run: each becomes the next link of the chain, and the tables follow in the same
//! transaction. Log lines are put beside the chain.

use rusqlite::{Connection, OptionalExtension};

use crate::model::{
    AssetChange, JsonMap, Receipt, RecordError, Recorder, RunEvent, RunEventKind, StartedExecution, State, Timestamp,
};

use super::apply::apply;
use super::catalog::Durability;
use super::chain::{self, Head};
use super::payload::{AssetFact, EndFact, Entry, Fact, FinishFact, KeyFact, StartFact, TaskStartFact};
use super::{Catalog, StoreError, change, files, lineage, logs};

impl Recorder for Catalog {
    fn append(&self, events: &[RunEvent]) -> Result<Receipt, RecordError> {
        if events.is_empty() {
            return Ok(Receipt::default());
        }
        Ok(self.write(durability_of(events), |connection| append_all(connection, events))?)
    }
}

fn durability_of(events: &[RunEvent]) -> Durability {
    let finishes = events.iter().any(|event| {
        matches!(
            event.kind,
            RunEventKind::ExecutionFinished(_) | RunEventKind::ExecutionPaused
        )
    });
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
    let entry = Entry {
        seq: head.seq + 1,
        time,
        clock: event.time,
        actor,
        fact,
    };
    *head = chain::append(connection, head, (entry.seq, entry.time), &entry.encode()?)?;
    apply(connection, &entry)?;
    Ok(entry)
}

/// What the log keeps of an event; nothing of a log line.
fn fact_of(connection: &Connection, event: &RunEvent, time: Timestamp) -> Result<Option<Fact>, StoreError> {
    let fact = match &event.kind {
        RunEventKind::ExecutionStarted(start) => start_of(connection, event, start)?,
        RunEventKind::TaskRunStarted(start) => Fact::TaskRunStarted(TaskStartFact {
            task_type: start.task_type.clone(),
            parent: start.parent.clone(),
            value: start.value.clone(),
            iteration: start.iteration,
            is_stub: start.is_stub,
            decision: start.decision.clone(),
        }),
        RunEventKind::TaskRunRetried(retried) => Fact::TaskRunRetried {
            attempt: retried.attempt,
            error: retried.error.clone(),
        },
        RunEventKind::TaskRunPaused => Fact::TaskRunPaused {},
        RunEventKind::TaskRunInterrupted { reason } => interruption_of(connection, event, reason)?,
        RunEventKind::LabelsAdded(labels) => Fact::LabelsAdded { labels: labels.clone() },
        RunEventKind::KeySet(set) => Fact::KeySet(KeyFact {
            namespace: set.namespace.clone(),
            key: set.key.clone(),
            value: set.value.clone(),
            expires: set.expires,
        }),
        RunEventKind::KeyDeleted { namespace, key } => Fact::KeyDeleted {
            namespace: namespace.clone(),
            key: key.clone(),
        },
        RunEventKind::FileWritten(file) => files::keep(connection, file)?,
        RunEventKind::GrantUsed(used) => Fact::GrantUsed {
            grant: used.kind,
            target: used.target.clone(),
        },
        RunEventKind::ExecutionPaused => Fact::ExecutionPaused {},
        RunEventKind::ExecutionResumed => Fact::ExecutionResumed {},
        RunEventKind::LineageRecorded(declared) => Fact::LineageRecorded(lineage::settle(
            connection,
            declared,
            &event.actor.flow.namespace,
            time,
        )?),
        RunEventKind::TaskRunFinished(finish) => Fact::TaskRunFinished(FinishFact {
            state: finish.state,
            outputs: finish.outputs.clone(),
            error: finish.error.clone(),
            attempts: finish.attempts,
            log_lines: finish.log_lines,
            log_digest: finish.log_digest.clone(),
        }),
        RunEventKind::ExecutionFinished(finish) => Fact::ExecutionFinished(EndFact {
            state: finish.state,
            error: finish.error.clone(),
            outputs: finish.outputs.clone(),
        }),
        RunEventKind::TaskLogged(_) => return Ok(None),
        RunEventKind::AssetsEdited(edit) => {
            let namespace = Some(&event.actor.flow.namespace);
            Fact::AssetsChanged(change::settle(connection, edit, namespace, time)?)
        }
    };
    Ok(Some(fact))
}

/// The flow's text enters the log once, however often the flow runs.
fn start_of(connection: &Connection, event: &RunEvent, start: &StartedExecution) -> Result<Fact, StoreError> {
    let query = "SELECT 1 FROM flow_source WHERE digest = ?1";
    let digest = &event.actor.flow.digest;
    let known = connection
        .prepare_cached(query)?
        .query_row([digest], |_| Ok(()))
        .optional()?
        .is_some();
    let source = (!known).then(|| start.source.to_string());
    Ok(Fact::ExecutionStarted(StartFact {
        inputs: start.inputs.clone(),
        labels: start.labels.clone(),
        source,
        parent: start.parent.clone(),
        plugins: start.plugins.clone(),
        origin: start.origin.clone(),
    }))
}

/// The end of a task run whose process is gone, with the lines it left.
fn interruption_of(connection: &Connection, event: &RunEvent, reason: &str) -> Result<Fact, StoreError> {
    let task_run = event.actor.task_run.as_ref();
    let task_run = task_run.ok_or(StoreError::NoTaskRun {
        kind: "TaskRunInterrupted",
    })?;
    let (log_lines, log_digest) = logs::digest(connection, event.actor.execution.as_str(), task_run.as_str())?;
    Ok(Fact::TaskRunFinished(FinishFact {
        state: State::Killed,
        outputs: JsonMap::new(),
        error: Some(reason.to_owned()),
        attempts: 1,
        log_lines,
        log_digest,
    }))
}

fn changes_of(entry: &Entry) -> Vec<AssetChange> {
    let facts = match &entry.fact {
        Fact::LineageRecorded(lineage) => &lineage.assets,
        Fact::AssetsChanged(change) => &change.assets,
        _ => return Vec::new(),
    };
    let task_run = &entry.actor.task_run;
    let change = |fact: &AssetFact| AssetChange {
        id: fact.asset.id.clone(),
        asset_type: fact.asset.asset_type.clone(),
        event: fact.event,
        task_run: task_run.clone(),
    };
    facts.iter().map(change).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AssetEvent, LogLevel, State};
    use crate::store::fixtures::{
        self, Folder, bundle, finished, lineage, logged, record, started, task_finished, task_started,
    };

    fn payloads(catalog: &Catalog) -> Vec<String> {
        let query = |connection: &Connection| {
            let mut statement = connection.prepare("SELECT payload FROM event ORDER BY seq")?;
            let rows = statement.query_map([], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        catalog.read(query).unwrap()
    }

    #[test]
    fn a_payload_is_canonical_and_tells_sequence_time_actor_and_fact() {
        let catalog = Catalog::in_memory().unwrap();
        record(&catalog, 1, vec![started("id: create_vm\n"), task_started()]);
        let digest = &fixtures::actor(1).flow.digest;
        let flow = format!(r#"{{"digest":"{digest}","id":"create_vm","namespace":"company.team"}}"#);
        let run = "0000000000000g00000000000";
        let actor = format!(r#"{{"execution":"{run}0","flow":{flow},"task":"create","taskRun":"{run}1"}}"#);
        let expected = |data: &str, kind: &str, seq: i64| {
            let time = "2026-05-28T20:26:41Z";
            format!(r#"{{"actor":{actor},"clock":"{time}","data":{data},"kind":"{kind}","seq":{seq},"time":"{time}"}}"#)
        };
        let started = r#"{"inputs":{"vm":"web"},"labels":{},"source":"id: create_vm\n"}"#;
        let told = [
            expected(started, "ExecutionStarted", 1),
            expected(r#"{"taskType":"log"}"#, "TaskRunStarted", 2),
        ];
        assert_eq!(payloads(&catalog), told);
    }

    #[test]
    fn the_text_of_a_flow_is_kept_once() {
        let catalog = Catalog::in_memory().unwrap();
        record(&catalog, 1, vec![started("id: create_vm\n")]);
        record(&catalog, 2, vec![started("id: create_vm\n")]);
        let with_source: Vec<_> = payloads(&catalog)
            .iter()
            .map(|payload| payload.contains("\"source\""))
            .collect();
        assert_eq!(with_source, [true, false]);
    }

    #[test]
    fn recorded_time_never_runs_backwards_and_the_clock_is_kept() {
        let catalog = Catalog::in_memory().unwrap();
        record(&catalog, 9, vec![started("a")]);
        record(&catalog, 3, vec![started("b")]);
        let entry = Entry::decode(&payloads(&catalog)[1]).unwrap();
        assert_eq!((entry.time, entry.clock), (fixtures::time(9), fixtures::time(3)));
    }

    #[test]
    fn a_receipt_lists_the_assets_in_the_order_they_were_declared() {
        let catalog = Catalog::in_memory().unwrap();
        assert_eq!(catalog.append(&[]).unwrap(), Receipt::default());
        assert_eq!(
            record(&catalog, 1, vec![logged(LogLevel::Info, "x")]).last_sequence,
            None
        );
        fixtures::run(&catalog, 1, State::Success, vec![bundle(&[], &["vm:VM"])]);
        let bundles = vec![
            bundle(&["net", "vm"], &["disk:Disk"]),
            bundle(&["disk"], &["vm", "ip:IP"]),
        ];
        let receipt = record(
            &catalog,
            2,
            vec![lineage(State::Success, bundles), task_finished(State::Success, &[])],
        );
        let told: Vec<_> = receipt
            .assets
            .iter()
            .map(|change| format!("{} {}", change.id, change.event))
            .collect();
        assert_eq!(told, ["net CREATED", "vm UPDATED", "disk CREATED", "ip CREATED"]);
        assert_eq!(receipt.assets[1].asset_type.as_str(), "VM");
        assert_eq!(receipt.assets[1].task_run, fixtures::actor(2).task_run);
        assert_eq!(receipt.last_sequence, Some(7));
        assert!(receipt.assets.iter().all(|change| change.event != AssetEvent::Deleted));
    }

    #[test]
    fn an_append_is_all_or_nothing() {
        let catalog = Catalog::in_memory().unwrap();
        let mut actor = (*fixtures::actor(1)).clone();
        actor.task_run = None;
        let event = |kind| RunEvent {
            time: fixtures::time(1),
            actor: actor.clone().into(),
            kind,
        };
        let error = catalog
            .append(&[event(started("a")), event(task_started())])
            .unwrap_err();
        assert_eq!(error.to_string(), "a `TaskRunStarted` event names no task run");
        assert_eq!(payloads(&catalog).len(), 0);
        record(&catalog, 1, vec![started("a")]);
        assert_eq!(catalog.verify(None).unwrap().events, 1);
    }

    #[test]
    fn two_holders_of_one_file_make_one_chain() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let holders = [Catalog::open(&path).unwrap(), Catalog::open(&path).unwrap()];
        std::thread::scope(|scope| {
            for (number, holder) in (0_u32..).zip(&holders) {
                scope.spawn(move || {
                    for round in 0..20 {
                        fixtures::run(
                            holder,
                            number * 100 + round,
                            State::Success,
                            vec![bundle(&["net"], &["vm:VM"])],
                        );
                    }
                });
            }
        });
        let view = holders[0].verify(None).unwrap();
        assert_eq!((view.events, view.problem), (200, None));
        assert_eq!(holders[1].executions(100).unwrap().len(), 40);
        let before = fixtures::dump(&holders[0]);
        holders[1].rebuild().unwrap();
        assert_eq!(fixtures::dump(&holders[0]), before);
    }

    #[test]
    fn nothing_is_appended_to_a_log_that_lost_its_end() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![]);
        fixtures::raw(&path)
            .execute("DELETE FROM event WHERE seq = 5", [])
            .unwrap();
        let event = RunEvent {
            time: fixtures::time(1),
            actor: fixtures::actor(2),
            kind: finished(State::Success),
        };
        let error = catalog.append(&[event]).unwrap_err();
        let expected = "the log of the catalog ends at event 4 and its tables stand at event 5: run `begat catalog verify`, \
                        then `begat catalog rebuild`";
        assert_eq!(error.to_string(), expected);
    }
}
