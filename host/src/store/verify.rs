//! Recomputes every hash of the log and says which event is the first that does not hold.

use std::collections::HashSet;

use rusqlite::{Connection, OptionalExtension, Row};
use serde::Deserialize;

use crate::model::{Checkpoint, VerifyView, digest};

use super::chain::{self, Hash, Head};
use super::record::{HandFact, Recorded, Tail};
use super::{Catalog, StoreError, files, logs};

const COLUMNS: &str = "seq, payload, payload_hash, prev_hash, hash";

/// A row of the log as it is stored, not yet trusted.
struct Stored<'a> {
    seq: i64,
    /// None when it was dropped.
    payload: Option<&'a [u8]>,
    payload_hash: &'a [u8],
    prev_hash: &'a [u8],
    hash: &'a [u8],
}

impl<'a> Stored<'a> {
    fn from_row(row: &'a Row<'_>) -> rusqlite::Result<Self> {
        // In the order of the columns: looking names up takes as long as a hash.
        let bytes = |column: usize| Ok::<_, rusqlite::Error>(row.get_ref(column)?.as_bytes_or_null()?);
        Ok(Self {
            seq: row.get(0)?,
            payload: bytes(1)?,
            payload_hash: bytes(2)?.unwrap_or_default(),
            prev_hash: bytes(3)?.unwrap_or_default(),
            hash: bytes(4)?.unwrap_or_default(),
        })
    }
}

/// What a check has come across.
struct Walk {
    head: Head,
    /// The last event without content; all before it are without, too.
    dropped: i64,
    /// The last event that a snapshot stands for.
    covered: i64,
    /// The task runs of which there are log lines.
    logged: HashSet<String>,
}

impl Walk {
    fn new(connection: &Connection) -> Result<Self, StoreError> {
        Ok(Self {
            head: Head::genesis(),
            dropped: 0,
            covered: 0,
            logged: logs::task_runs(connection)?,
        })
    }
}

/// What the end of a task run says of its log.
#[derive(Deserialize)]
struct Ended<'a> {
    #[serde(borrow)]
    actor: EndedActor<'a>,
    data: EndedData<'a>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndedActor<'a> {
    execution: &'a str,
    task_run: Option<&'a str>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct EndedData<'a> {
    log_lines: u64,
    log_digest: &'a str,
}

/// What an event says of a file.
#[derive(Deserialize)]
struct Written {
    data: WrittenData,
}

#[derive(Deserialize)]
struct WrittenData {
    name: String,
    digest: String,
}

/// The first thing that is wrong.
struct Problem {
    seq: i64,
    message: String,
}

impl Problem {
    fn at(seq: i64, message: impl Into<String>) -> Self {
        Self {
            seq,
            message: message.into(),
        }
    }
}

impl Catalog {
    /// Checks every event: its place, its hashes, its time, the log lines and files it vouches for; and that the tables stand
    /// where the log ends. Stops at the first problem. Where a checkpoint is given, the event it names must still be
    /// there and have the same hash.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn verify(&self, checkpoint: Option<&Checkpoint>) -> Result<VerifyView, StoreError> {
        self.read(|connection| {
            let (end, hash) = chain::last(connection)?;
            let mut walk = Walk::new(connection)?;
            let mut problem = check_all(connection, &mut walk, check_content)?;
            if problem.is_none() {
                problem = check_tables(connection, &walk.head)?;
            }
            if let (None, Some(checkpoint)) = (&problem, checkpoint) {
                problem = check_against(connection, checkpoint)?;
            }
            Ok(VerifyView {
                events: walk.head.seq.unsigned_abs(),
                head: (end > 0).then(|| digest::hexadecimal(&hash)),
                broken_sequence: problem.as_ref().map(|problem| problem.seq.unsigned_abs()),
                problem: problem.map(|problem| problem.message),
            })
        })
    }
}

/// Holds the log against its end at an earlier moment, which was kept elsewhere.
fn check_against(connection: &Connection, checkpoint: &Checkpoint) -> Result<Option<Problem>, StoreError> {
    let seq = i64::try_from(checkpoint.sequence).unwrap_or(i64::MAX);
    let query = "SELECT hash FROM event WHERE seq = ?1";
    let hash: Option<Vec<u8>> = connection.query_row(query, [seq], |row| row.get("hash")).optional()?;
    let last = chain::last(connection)?.0;
    Ok(match hash {
        None if seq == 0 => None,
        None => Some(Problem::at(
            last + 1,
            format!("event {} is missing: the checkpoint knows events up to {seq}", last + 1),
        )),
        Some(hash) if digest::hexadecimal(&hash) == checkpoint.hash => None,
        Some(_) => Some(Problem::at(
            seq,
            format!("the log up to event {seq} is not the one the checkpoint was taken of"),
        )),
    })
}

/// Refuses a log of which an event does not hold, or what it vouches for. What is to be dropped must hold before.
pub(super) fn refuse_broken(connection: &Connection) -> Result<(), StoreError> {
    refuse(check_all(connection, &mut Walk::new(connection)?, check_content)?)
}

/// Refuses a log of which an event does not hold. What is beside the log may be as it is.
pub(super) fn refuse_broken_events(connection: &Connection) -> Result<(), StoreError> {
    refuse(check_all(connection, &mut Walk::new(connection)?, note_snapshot)?)
}

fn refuse(problem: Option<Problem>) -> Result<(), StoreError> {
    match problem {
        None => Ok(()),
        Some(problem) => Err(StoreError::BrokenLog {
            problem: problem.message,
        }),
    }
}

/// Looks into what an event says.
type Check = fn(&Connection, &mut Walk, &str, &Tail<'_>) -> Result<Option<Problem>, StoreError>;

fn check_all(connection: &Connection, walk: &mut Walk, check: Check) -> Result<Option<Problem>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT {COLUMNS} FROM event ORDER BY seq"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let stored = Stored::from_row(row)?;
        let checked = check_link(&stored, &walk.head).and_then(|hash| match stored.payload {
            Some(payload) => Ok((hash, Some(check_payload(stored.seq, payload, &walk.head)?))),
            None if walk.dropped == stored.seq - 1 => Ok((hash, None)),
            None => Err(Problem::at(
                stored.seq,
                format!("event {} has lost its content", stored.seq),
            )),
        });
        let (hash, payload) = match checked {
            Err(problem) => return Ok(Some(problem)),
            Ok(checked) => checked,
        };
        let mut time = walk.head.time;
        match payload {
            None => walk.dropped = stored.seq,
            Some((text, tail)) => {
                if let Some(problem) = check(connection, walk, text, &tail)? {
                    return Ok(Some(problem));
                }
                time = tail.time;
            }
        }
        walk.head = Head {
            seq: stored.seq,
            hash,
            time,
        };
    }
    if walk.head.seq == 0
        && let Some(message) = chain::owed_to_no_event(connection)?
    {
        return Ok(Some(Problem::at(1, message)));
    }
    if walk.dropped > walk.covered {
        let missing = walk.covered + 1;
        let message = format!("event {missing} has lost its content, and no snapshot stands for it");
        return Ok(Some(Problem::at(missing, message)));
    }
    Ok(None)
}

fn check_link(stored: &Stored<'_>, head: &Head) -> Result<Hash, Problem> {
    let (seq, expected) = (stored.seq, head.seq + 1);
    if seq != expected {
        return Err(Problem::at(
            expected,
            format!("event {expected} is missing: event {seq} follows event {}", head.seq),
        ));
    }
    let payload_hash = match stored.payload {
        Some(payload) => chain::payload_hash(payload),
        None => stored.payload_hash.try_into().unwrap_or_default(),
    };
    if stored.payload_hash != payload_hash {
        return Err(Problem::at(
            seq,
            format!("event {seq} was edited: its payload does not match its payload hash"),
        ));
    }
    if stored.prev_hash != head.hash {
        return Err(Problem::at(
            seq,
            format!("event {seq} does not link to the event before it"),
        ));
    }
    let hash = chain::link(&head.hash, &payload_hash);
    match stored.hash == hash {
        true => Ok(hash),
        false => Err(Problem::at(
            seq,
            format!("the hash of event {seq} was edited: it does not match its content"),
        )),
    }
}

/// What the end of the text says must fit the place of the event. Its hash vouches for the rest.
fn check_payload<'a>(seq: i64, payload: &'a [u8], head: &Head) -> Result<(&'a str, Tail<'a>), Problem> {
    let unreadable = || Problem::at(seq, format!("event {seq} cannot be read"));
    let text = std::str::from_utf8(payload).map_err(|_| unreadable())?;
    let tail = Tail::read(text).ok_or_else(unreadable)?;
    if tail.seq != seq {
        return Err(Problem::at(
            seq,
            format!("event {seq} was moved: its payload says it is event {}", tail.seq),
        ));
    }
    match tail.time < head.time {
        true => Err(Problem::at(
            seq,
            format!("event {seq} says it was recorded before event {}", head.seq),
        )),
        false => Ok((text, tail)),
    }
}

/// Looks into the events that vouch for something beside the chain.
fn check_content(
    connection: &Connection,
    walk: &mut Walk,
    text: &str,
    tail: &Tail<'_>,
) -> Result<Option<Problem>, StoreError> {
    match tail.kind {
        "TaskRunFinished" => match serde_json::from_str(text) {
            Ok(ended) => check_log(connection, &walk.logged, tail.seq, &ended),
            Err(error) => Ok(Some(unreadable(tail, &error))),
        },
        "FileWritten" => match serde_json::from_str(text) {
            Ok(Written { data }) => check_file(connection, tail.seq, &data),
            Err(error) => Ok(Some(unreadable(tail, &error))),
        },
        _ => note_snapshot(connection, walk, text, tail),
    }
}

/// Notes for which events a snapshot stands.
fn note_snapshot(_: &Connection, walk: &mut Walk, text: &str, tail: &Tail<'_>) -> Result<Option<Problem>, StoreError> {
    if tail.kind != "SnapshotTaken" {
        return Ok(None);
    }
    match Recorded::decode(text) {
        Ok(Recorded::Hand(entry)) => {
            if let HandFact::SnapshotTaken { through, .. } = entry.fact {
                walk.covered = walk.covered.max(through);
            }
            Ok(None)
        }
        Ok(Recorded::Run(_)) => Ok(None),
        Err(error) => Ok(Some(unreadable(tail, &error))),
    }
}

fn unreadable(tail: &Tail<'_>, error: &serde_json::Error) -> Problem {
    Problem::at(tail.seq, format!("event {} cannot be read: {error}", tail.seq))
}

/// A task run without any line left has had its log dropped, which is no harm to the chain.
fn check_log(
    connection: &Connection,
    logged: &HashSet<String>,
    seq: i64,
    ended: &Ended<'_>,
) -> Result<Option<Problem>, StoreError> {
    let Some(task_run) = ended.actor.task_run.filter(|task_run| logged.contains(*task_run)) else {
        return Ok(None);
    };
    let (lines, digest) = logs::digest(connection, ended.actor.execution, task_run)?;
    let holds = lines == 0 || (lines == ended.data.log_lines && digest == ended.data.log_digest);
    let message = || format!("the log lines of task run `{task_run}` do not match the digest in event {seq}");
    Ok((!holds).then(|| Problem::at(seq, message())))
}

/// A content that is not there has been dropped, which is no harm to the chain.
fn check_file(connection: &Connection, seq: i64, data: &WrittenData) -> Result<Option<Problem>, StoreError> {
    let holds = files::holds(connection, &data.digest)?;
    let message = || {
        format!(
            "the content of the file `{}` does not match the digest in event {seq}",
            data.name
        )
    };
    Ok((!holds).then(|| Problem::at(seq, message())))
}

fn check_tables(connection: &Connection, end: &Head) -> Result<Option<Problem>, StoreError> {
    let tables = Head::read(connection)?;
    if tables.seq > end.seq {
        let missing = end.seq + 1;
        let message = format!(
            "event {missing} is missing: the tables know events up to {}",
            tables.seq
        );
        return Ok(Some(Problem::at(missing, message)));
    }
    let in_step = (tables.seq, tables.hash) == (end.seq, end.hash);
    let message = || {
        format!(
            "the tables stand at event {} and the log ends at event {}",
            tables.seq, end.seq
        )
    };
    Ok((!in_step).then(|| Problem::at(end.seq, message())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::State;
    use crate::store::fixtures::{self, Folder, bundle};

    /// Forges a catalog of ten events and checks which one is found out, and how.
    fn check(forgery: &str, sequence: u64, problem: &str) {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        for number in 1..=2 {
            fixtures::run(&catalog, number, State::Success, vec![bundle(&["net"], &["vm:VM"])]);
        }
        let whole = catalog.verify(None).unwrap();
        assert_eq!((whole.events, whole.broken_sequence, whole.problem), (10, None, None));
        assert_eq!(whole.head.map(|head| head.len()), Some(64));
        fixtures::raw(&path).execute_batch(forgery).unwrap();
        let found = catalog.verify(None).unwrap();
        assert_eq!(
            (found.broken_sequence, found.problem.as_deref()),
            (Some(sequence), Some(problem)),
            "{forgery}"
        );
    }

    #[test]
    fn every_kind_of_forgery_is_found_at_the_first_event_it_touches() {
        check(
            "UPDATE event SET payload = replace(payload, 'VM', 'XX') WHERE seq >= 3",
            3,
            "event 3 was edited: its payload does not match its payload hash",
        );
        check(
            "UPDATE event SET payload_hash = zeroblob(32) WHERE seq = 4",
            4,
            "event 4 was edited: its payload does not match its payload hash",
        );
        check(
            "UPDATE event SET hash = zeroblob(32) WHERE seq = 4",
            4,
            "the hash of event 4 was edited: it does not match its content",
        );
        check(
            "UPDATE event SET prev_hash = zeroblob(32) WHERE seq = 4",
            4,
            "event 4 does not link to the event before it",
        );
        check(
            "DELETE FROM event WHERE seq = 5",
            5,
            "event 5 is missing: event 6 follows event 4",
        );
        check(
            "DELETE FROM event WHERE seq = 1",
            1,
            "event 1 is missing: event 2 follows event 0",
        );
        check(
            "DELETE FROM event WHERE seq > 8",
            9,
            "event 9 is missing: the tables know events up to 10",
        );
        check(
            "UPDATE event SET seq = -seq WHERE seq IN (6, 7);
             UPDATE event SET seq = 13 + seq WHERE seq < 0;",
            6,
            "event 6 does not link to the event before it",
        );
        check(
            "DELETE FROM event WHERE seq = 4; UPDATE event SET seq = seq - 1 WHERE seq > 4;",
            4,
            "event 4 does not link to the event before it",
        );
        check(
            "UPDATE head SET seq = 9",
            10,
            "the tables stand at event 9 and the log ends at event 10",
        );
    }

    #[test]
    fn a_forged_log_line_is_found_and_a_dropped_log_is_not_held_against_the_chain() {
        let problem = |run| format!("the log lines of task run `{run}` do not match the digest in event 4");
        let run = fixtures::actor(1).task_run.clone().unwrap();
        check(
            "UPDATE log SET message = 'forged' WHERE id = 1",
            4,
            &problem(run.clone()),
        );
        check(
            "INSERT INTO log SELECT 9, execution_id, task_run_id, task_id, time, level, 'x' FROM log WHERE id = 1",
            4,
            &problem(run),
        );
        let catalog = Catalog::in_memory().unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![]);
        catalog
            .write(crate::store::catalog::Durability::Process, |connection| {
                Ok(connection.execute("DELETE FROM log", [])?)
            })
            .unwrap();
        assert_eq!(catalog.verify(None).unwrap().problem, None);
    }

    #[test]
    fn a_payload_at_the_wrong_place_is_found_even_when_the_hashes_are_made_anew() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![]);
        let raw = fixtures::raw(&path);
        let payload: String = raw
            .query_row("SELECT payload FROM event WHERE seq = 4", [], |row| row.get(0))
            .unwrap();
        let previous: Hash = raw
            .query_row("SELECT prev_hash FROM event WHERE seq = 5", [], |row| row.get(0))
            .unwrap();
        let digest = chain::payload_hash(payload.as_bytes());
        let forged = (payload, digest, chain::link(&previous, &digest));
        raw.execute(
            "UPDATE event SET payload = ?1, payload_hash = ?2, hash = ?3 WHERE seq = 5",
            forged,
        )
        .unwrap();
        let problem = catalog.verify(None).unwrap().problem;
        assert_eq!(
            problem.as_deref(),
            Some("event 5 was moved: its payload says it is event 4")
        );
    }

    #[test]
    fn the_log_refuses_to_be_changed() {
        let catalog = Catalog::in_memory().unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![]);
        for change in [
            "UPDATE event SET payload = '{}'",
            "DELETE FROM event",
            "INSERT OR REPLACE INTO event VALUES (1, '', x'', x'', x'')",
        ] {
            let change = |connection: &Connection| Ok(connection.execute(change, [])?);
            let error = catalog
                .write(crate::store::catalog::Durability::Process, change)
                .unwrap_err();
            let StoreError::Database { source, .. } = error else {
                panic!("{error}")
            };
            assert_eq!(source.to_string(), "the event log is append-only");
        }
    }
}
