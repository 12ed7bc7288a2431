//! Finds the event a moment means.

use rusqlite::{Connection, OptionalExtension};

use crate::model::{AsOf, ExecutionId, Moment, Timestamp};

use super::record::Tail;
use super::{Catalog, Refusal, StoreError, chain, prune};

impl Catalog {
    /// The state of the catalog at a moment. A time means all that was recorded up to it.
    ///
    /// # Errors
    /// When the moment lies before what the catalog still knows, when it names no execution, or when the catalog
    /// cannot be read.
    pub fn as_of(&self, moment: &Moment) -> Result<AsOf, StoreError> {
        let execution = match moment {
            Moment::Before(start) | Moment::After(start) => Some(self.find_execution(start)?),
            Moment::Time(_) | Moment::Event(_) => None,
        };
        self.read(|connection| {
            let sequence = match (moment, &execution) {
                (Moment::Before(_), Some(id)) => first_event(connection, id)? - 1,
                (Moment::After(_), Some(id)) => last_event(connection, id)?,
                (Moment::Time(time), _) => sequence_at(connection, *time)?,
                (Moment::Event(number), _) => event_number(connection, *number)?,
                (Moment::Before(_) | Moment::After(_), None) => 0,
            };
            let through = prune::through(connection)?;
            if sequence < through {
                return Err(Refusal::Pruned {
                    through: through.unsigned_abs(),
                }
                .into());
            }
            Ok(AsOf::Event(sequence.unsigned_abs()))
        })
    }

    /// The last event whose content was pruned; 0 when none was.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn pruned_through(&self) -> Result<u64, StoreError> {
        self.read(|connection| Ok(prune::through(connection)?.unsigned_abs()))
    }

    /// Whether the log lines of an execution were pruned: it had ended by the last event that was.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn is_log_pruned(&self, execution: &ExecutionId) -> Result<bool, StoreError> {
        self.read(|connection| {
            let query = "SELECT coalesce(finished_seq <= ?2, 0) AS is_pruned FROM execution WHERE id = ?1";
            let parameters = (execution.as_str(), prune::through(connection)?);
            let is_pruned = connection.query_row(query, parameters, |row| row.get("is_pruned"));
            Ok(is_pruned.optional()?.unwrap_or(false))
        })
    }
}

fn event_number(connection: &Connection, number: u64) -> Result<i64, StoreError> {
    let last = chain::last(connection)?.0;
    match i64::try_from(number) {
        Ok(number) if number <= last => Ok(number),
        _ => Err(Refusal::NoEvent {
            number,
            last: last.unsigned_abs(),
        }
        .into()),
    }
}

fn first_event(connection: &Connection, id: &ExecutionId) -> Result<i64, StoreError> {
    let query = "SELECT started_seq FROM execution WHERE id = ?1";
    Ok(connection
        .prepare_cached(query)?
        .query_row([id.as_str()], |row| row.get("started_seq"))?)
}

/// The last event of an execution, or what it did last when it has not ended.
fn last_event(connection: &Connection, id: &ExecutionId) -> Result<i64, StoreError> {
    let query = "SELECT coalesce(finished_seq, max(started_seq,
            coalesce((SELECT max(max(started_seq, coalesce(finished_seq, 0))) FROM task_run WHERE execution_id = ?1), 0),
            coalesce((SELECT max(seq) FROM asset_change WHERE execution_id = ?1), 0))) AS seq
        FROM execution WHERE id = ?1";
    Ok(connection
        .prepare_cached(query)?
        .query_row([id.as_str()], |row| row.get("seq"))?)
}

/// The last event that was recorded up to a time. Recorded time never runs backwards, so that halving finds it.
pub(super) fn sequence_at(connection: &Connection, time: Timestamp) -> Result<i64, StoreError> {
    let (mut below, mut above) = (prune::through(connection)?, chain::last(connection)?.0 + 1);
    if below > 0 && time_of_snapshot(connection)?.is_some_and(|end| time < end) {
        return Ok(0);
    }
    while below + 1 < above {
        let middle = below + (above - below) / 2;
        match time_of(connection, middle)? > time {
            true => above = middle,
            false => below = middle,
        }
    }
    Ok(below)
}

fn time_of_snapshot(connection: &Connection) -> Result<Option<Timestamp>, StoreError> {
    let query = "SELECT json_extract(payload, '$.data.throughTime') AS time
        FROM event JOIN pruned ON event.seq = pruned.seq";
    let text: Option<String> = connection.query_row(query, [], |row| row.get("time")).optional()?;
    Ok(text.and_then(|text| text.parse().ok()))
}

fn time_of(connection: &Connection, sequence: i64) -> Result<Timestamp, StoreError> {
    let query = "SELECT payload FROM event WHERE seq = ?1";
    let payload: String = connection
        .prepare_cached(query)?
        .query_row([sequence], |row| row.get("payload"))?;
    Tail::read(&payload)
        .map(|tail| tail.time)
        .ok_or(StoreError::UnreadableEvent { sequence })
}
