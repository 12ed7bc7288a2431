//! Drops what old events said: their hashes stay, and a snapshot of the tables as they were takes their place at the
//! end of the log, where the chain covers it.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::model::{AsOf, Json, Person, Timestamp};

use super::chain::Head;
use super::migrate::VERSION;
use super::record::{HandFact, Recorded, Tail};
use super::{Catalog, StoreError, assets, earlier, files, rebuild, values, verify};

/// Tables that a snapshot does not hold, since they follow from the others or from the snapshot itself.
const LEFT_OUT: [&str; 2] = ["asset_value", "pruned"];

/// Tables that a snapshot holds.
fn tables() -> impl Iterator<Item = &'static str> {
    rebuild::PROJECTIONS
        .into_iter()
        .filter(|table| !LEFT_OUT.contains(table))
}

/// Rows of a table in one event.
const ROWS: usize = 500;

/// What is over by an event and is not kept: versions and edges that others followed, and uses.
const THIN: [&str; 5] = [
    "DELETE FROM asset_version WHERE to_seq <= ?1 AND EXISTS (SELECT 1 FROM asset_ever AS later
        WHERE later.number = asset AND later.from_seq > asset_version.from_seq AND later.from_seq <= ?1)",
    "DELETE FROM edge WHERE to_seq <= ?1 AND EXISTS (SELECT 1 FROM edge AS later
        WHERE later.from_asset = edge.from_asset AND later.to_asset = edge.to_asset
        AND later.from_seq > edge.from_seq AND later.from_seq <= ?1)",
    "DELETE FROM asset_event WHERE seq <= ?1 AND event = 'USED'",
    "DELETE FROM asset_event WHERE seq <= ?1 AND event = 'UPDATED' AND EXISTS (SELECT 1 FROM asset_event AS later
        WHERE later.asset = asset_event.asset AND later.seq > asset_event.seq AND later.seq <= ?1
        AND later.event = 'UPDATED')",
    "DELETE FROM asset_change WHERE seq <= ?1
        AND NOT EXISTS (SELECT 1 FROM asset_event WHERE asset_event.seq = asset_change.seq)",
];

/// What pruning did.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Pruned {
    /// The last event whose content was dropped.
    pub through: u64,
    /// How many events lost their content now.
    pub events: u64,
    pub bytes_before: u64,
    pub bytes_after: u64,
}

impl Catalog {
    /// Drops the content of all events up to a moment, the log lines of executions that had ended by then, and what was
    /// in files that nothing speaks of any more.
    ///
    /// # Errors
    /// When the log does not hold, or the catalog cannot be read or written; it stays as it was then.
    pub fn prune(&self, as_of: AsOf, person: &Person, now: Timestamp) -> Result<Pruned, StoreError> {
        let bytes_before = self.stats()?.bytes;
        let mut dropped = 0;
        let mut end = 0;
        self.by_hand(person, now, |connection, head| {
            end = assets::sequence_of(as_of).min(head.seq);
            if end <= through(connection)? {
                return Ok(Vec::new());
            }
            verify::refuse_broken(connection)?;
            let facts = snapshot(connection, end, head.seq + 1)?;
            thin(connection, end)?;
            let forget = "DELETE FROM log WHERE execution_id IN (SELECT id FROM execution WHERE finished_seq <= ?1)";
            connection.execute(forget, [end])?;
            let drop = "UPDATE event SET payload = NULL WHERE seq <= ?1 AND payload IS NOT NULL";
            dropped = connection.execute(drop, [end])?;
            files::forget_contents(connection)?;
            Ok(facts)
        })?;
        if dropped > 0 {
            self.vacuum()?;
        }
        Ok(Pruned {
            through: end.unsigned_abs(),
            events: dropped as u64,
            bytes_before,
            bytes_after: self.stats()?.bytes,
        })
    }
}

fn thin(connection: &Connection, end: i64) -> rusqlite::Result<()> {
    for delete in THIN {
        connection.execute(delete, [end])?;
    }
    Ok(())
}

/// The tables as they were after an event, as facts that begin with the event `first_part`.
fn snapshot(connection: &Connection, end: i64, first_part: i64) -> Result<Vec<HandFact>, StoreError> {
    let scratch = Connection::open_in_memory()?;
    scratch.execute_batch(include_str!("schema.sql"))?;
    let head = rebuild::replay(connection, &scratch, end)?;
    thin(&scratch, end)?;
    let mut facts = Vec::new();
    for table in tables() {
        let mut rows = rows_of(&scratch, table)?.into_iter().peekable();
        while rows.peek().is_some() {
            facts.push(HandFact::SnapshotPart {
                table: table.to_owned(),
                rows: rows.by_ref().take(ROWS).collect(),
            });
        }
    }
    facts.push(HandFact::SnapshotTaken {
        through: end,
        through_time: head.time,
        first_part,
        schema: VERSION,
    });
    Ok(facts)
}

fn rows_of(connection: &Connection, table: &str) -> Result<Vec<Vec<Json>>, StoreError> {
    let mut statement = connection.prepare(&format!("SELECT * FROM {table}"))?;
    let columns = statement.column_count();
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = |column| {
            Ok(match row.get(column)? {
                Value::Integer(number) => Json::from(number),
                Value::Text(text) => Json::from(text),
                Value::Null | Value::Real(_) | Value::Blob(_) => Json::Null,
            })
        };
        found.push((0..columns).map(value).collect::<rusqlite::Result<_>>()?);
    }
    Ok(found)
}

/// Says that events were pruned.
pub(super) fn note(connection: &Connection, seq: i64, through: i64) -> Result<(), StoreError> {
    let upsert = "INSERT INTO pruned (id, seq, through) VALUES (1, ?1, ?2)
        ON CONFLICT (id) DO UPDATE SET seq = ?1, through = ?2";
    connection.execute(upsert, params![seq, through])?;
    Ok(())
}

/// The last event whose content was dropped; 0 when none was.
pub(super) fn through(connection: &Connection) -> Result<i64, StoreError> {
    let query = "SELECT through FROM pruned";
    let through = connection
        .prepare_cached(query)?
        .query_row([], |row| row.get("through"))
        .optional()?;
    Ok(through.unwrap_or(0))
}

/// Fills empty tables with the snapshot that stands for the events whose content is gone. Gives the head to go on from.
pub(super) fn start_of(source: &Connection, target: &Connection) -> Result<Head, StoreError> {
    let query = "SELECT min(seq) AS first FROM event WHERE payload IS NOT NULL";
    let first: Option<i64> = source.query_row(query, [], |row| row.get("first"))?;
    let Some(gone) = first.map(|first| first - 1).filter(|gone| *gone > 0) else {
        return Ok(Head::genesis());
    };
    let found = find_snapshot(source, gone)?;
    if found.schema < earlier::UNTIL {
        earlier::make_room(target)?;
    }
    let query = "SELECT payload FROM event WHERE seq >= ?1 AND seq < ?2 ORDER BY seq";
    let mut statement = source.prepare(query)?;
    let mut rows = statement.query([found.first_part, found.end])?;
    while let Some(row) = rows.next()? {
        let payload = row.get_ref("payload")?.as_str().map_err(rusqlite::Error::from)?;
        match Recorded::decode(payload) {
            Ok(Recorded::Hand(entry)) => fill(target, entry.fact, gone, found.schema)?,
            Ok(Recorded::Run(_)) | Err(_) => return Err(StoreError::NoSnapshot { through: gone }),
        }
    }
    if found.schema < earlier::UNTIL {
        earlier::carry_over(target)?;
    }
    keep_values(target)?;
    let query = "SELECT hash FROM event WHERE seq = ?1";
    let hash = source.query_row(query, [gone], |row| row.get("hash"))?;
    Ok(Head {
        seq: gone,
        hash,
        time: found.time,
    })
}

/// Where a snapshot stands in the log.
struct FoundSnapshot {
    first_part: i64,
    /// The event that says it is whole.
    end: i64,
    /// When what it stands for was over.
    time: Timestamp,
    schema: i64,
}

/// The newest snapshot, which must stand for all that is gone.
fn find_snapshot(source: &Connection, gone: i64) -> Result<FoundSnapshot, StoreError> {
    let mut statement = source.prepare("SELECT seq, payload FROM event WHERE payload IS NOT NULL ORDER BY seq DESC")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let seq: i64 = row.get("seq")?;
        let payload = row.get_ref("payload")?.as_str().map_err(rusqlite::Error::from)?;
        if Tail::read(payload).is_none_or(|tail| tail.kind != "SnapshotTaken") {
            continue;
        }
        if let Ok(Recorded::Hand(entry)) = Recorded::decode(payload)
            && let HandFact::SnapshotTaken {
                through,
                through_time,
                first_part,
                schema,
            } = entry.fact
            && through == gone
        {
            return Ok(FoundSnapshot {
                first_part,
                end: seq,
                time: through_time,
                schema,
            });
        }
        break;
    }
    Err(StoreError::NoSnapshot { through: gone })
}

/// Puts the rows of one part back.
fn fill(target: &Connection, fact: HandFact, gone: i64, schema: i64) -> Result<(), StoreError> {
    let HandFact::SnapshotPart { table, rows } = fact else {
        return Err(StoreError::NoSnapshot { through: gone });
    };
    let known = tables().find(|known| *known == table);
    let table = known.ok_or(StoreError::NoSnapshot { through: gone })?;
    for row in rows {
        let values = row.into_iter().map(|value| match value {
            Json::String(text) => Value::Text(text),
            Json::Number(number) => number.as_i64().map_or(Value::Null, Value::Integer),
            _ => Value::Null,
        });
        let values: Vec<Value> = values.collect();
        if schema < earlier::UNTIL && earlier::put(target, table, &values)? {
            continue;
        }
        let places = vec!["?"; values.len()].join(", ");
        target
            .prepare_cached(&format!("INSERT INTO {table} VALUES ({places})"))?
            .execute(params_from_iter(values))?;
    }
    Ok(())
}

fn keep_values(target: &Connection) -> Result<(), StoreError> {
    let query = format!("SELECT {} FROM asset WHERE to_seq IS NULL", assets::COLUMNS);
    let mut statement = target.prepare(&query)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let placed = assets::placed_from_row(row)?;
        values::add(target, placed.number, &placed.asset)?;
    }
    Ok(())
}
