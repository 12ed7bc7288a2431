//! The hash chain: reads its end, links one more event to it.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};

use crate::model::Timestamp;

use super::{StoreError, columns};

pub(super) type Hash = [u8; 32];

/// What the first event links to.
pub(super) const GENESIS: Hash = [0; 32];

/// The end of the log, which the tables also stand at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Head {
    pub seq: i64,
    pub hash: Hash,
    pub time: Timestamp,
}

impl Head {
    const COLUMNS: &'static str = "seq, hash, time";

    fn from_row(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            seq: row.get("seq")?,
            hash: row.get("hash")?,
            time: columns::time(row, "time")?,
        })
    }

    /// The end of a log without events.
    pub(super) fn genesis() -> Self {
        Self {
            seq: 0,
            hash: GENESIS,
            time: Timestamp::MIN,
        }
    }

    /// Where the tables stand; at the beginning, where nothing says so any more.
    pub(super) fn read(connection: &Connection) -> rusqlite::Result<Self> {
        let query = format!("SELECT {} FROM head", Self::COLUMNS);
        let head = connection.prepare_cached(&query)?.query_row([], Self::from_row);
        Ok(head.optional()?.unwrap_or_else(Self::genesis))
    }

    /// Where the tables stand, which must be where the log ends.
    pub(super) fn read_in_step(connection: &Connection) -> Result<Self, StoreError> {
        let head = Self::read(connection)?;
        let tail = last(connection)?;
        match tail == (head.seq, head.hash) {
            true if head.seq == 0 => match owed_to_no_event(connection)? {
                None => Ok(head),
                Some(problem) => Err(StoreError::BrokenLog { problem }),
            },
            true => Ok(head),
            false => Err(StoreError::OutOfStep {
                tail: tail.0,
                head: head.seq,
            }),
        }
    }

    /// Says where the tables stand now.
    pub(super) fn write(&self, connection: &Connection) -> rusqlite::Result<()> {
        let update = "INSERT INTO head (id, seq, hash, time) VALUES (1, ?1, ?2, ?3)
            ON CONFLICT (id) DO UPDATE SET seq = ?1, hash = ?2, time = ?3";
        connection
            .prepare_cached(update)?
            .execute(params![self.seq, self.hash, self.time.to_string()])?;
        Ok(())
    }

    /// The head after an event of that number and time was linked to this one.
    pub(super) fn after(&self, (seq, time): (i64, Timestamp), payload_hash: &Hash) -> Self {
        Self {
            seq,
            hash: link(&self.hash, payload_hash),
            time,
        }
    }
}

/// Begins an empty chain.
pub(super) fn start(connection: &Connection) -> rusqlite::Result<()> {
    let genesis = Head::genesis();
    let insert = "INSERT INTO head (id, seq, hash, time) VALUES (1, ?1, ?2, ?3)";
    connection.execute(insert, params![genesis.seq, genesis.hash, genesis.time.to_string()])?;
    Ok(())
}

/// Sequence number and hash of the last event in the log.
pub(super) fn last(connection: &Connection) -> rusqlite::Result<(i64, Hash)> {
    let query = "SELECT seq, hash FROM event ORDER BY seq DESC LIMIT 1";
    let last = connection
        .prepare_cached(query)?
        .query_row([], |row| Ok((row.get("seq")?, row.get("hash")?)))
        .optional()?;
    Ok(last.unwrap_or((0, GENESIS)))
}

/// What the tables know though the log is empty, in words; nothing where it is not, or they are empty too.
pub(super) fn owed_to_no_event(connection: &Connection) -> rusqlite::Result<Option<String>> {
    let query = "SELECT (SELECT count(*) FROM event) AS events, (SELECT count(*) FROM asset) AS assets,
        (SELECT count(*) FROM execution) AS executions";
    let (events, assets, executions): (i64, i64, i64) = connection.query_row(query, [], |row| {
        Ok((row.get("events")?, row.get("assets")?, row.get("executions")?))
    })?;
    let is_whole = events > 0 || assets + executions == 0;
    Ok((!is_whole).then(|| {
        let count = |number: i64, noun: &str| format!("{number} {noun}{}", if number == 1 { "" } else { "s" });
        format!(
            "event 1 is missing: the log is empty, and yet the tables know {} and {}",
            count(assets, "asset"),
            count(executions, "execution")
        )
    }))
}

/// sha256 of a payload.
pub(super) fn payload_hash(payload: &[u8]) -> Hash {
    Sha256::digest(payload).into()
}

/// sha256 of the hash before and the payload's hash.
pub(super) fn link(previous: &Hash, payload_hash: &Hash) -> Hash {
    Sha256::new()
        .chain_update(previous)
        .chain_update(payload_hash)
        .finalize()
        .into()
}

/// Reads hash bytes from hexadecimal.
pub(super) fn from_hexadecimal(text: &str) -> Option<Hash> {
    let mut hash = GENESIS;
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (place, byte) in hash.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&text[place * 2..place * 2 + 2], 16).ok()?;
    }
    Some(hash)
}

/// Appends the text of the event of that number and time to the log and returns the new end. The caller holds the
/// write lock.
pub(super) fn append(
    connection: &Connection,
    head: &Head,
    event: (i64, Timestamp),
    payload: &str,
) -> rusqlite::Result<Head> {
    let digest = payload_hash(payload.as_bytes());
    let next = head.after(event, &digest);
    let insert = "INSERT INTO event (seq, payload, payload_hash, prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    connection
        .prepare_cached(insert)?
        .execute(params![event.0, payload, digest, head.hash, next.hash])?;
    Ok(next)
}
