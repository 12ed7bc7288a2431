//! Snapshots in the log that begat took when its tables were others: before schema 3, assets and types stood there by
//! their names, and the last content of an asset stood among all others.

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::model::Timestamp;

use super::{StoreError, columns};

/// The first schema whose snapshots hold the tables as they are.
pub(super) const UNTIL: i64 = 3;

/// The schema of snapshots that do not say theirs.
pub(super) fn before_it_was_said() -> i64 {
    2
}

/// Tables as they were, with their columns in the order of the snapshot, and where their times stand. What is now was
/// among the versions, too, so that `asset` is left aside.
const TABLES: [(&str, &str, &[usize]); 4] = [
    ("asset", "", &[]),
    (
        "asset_version",
        "asset_id, from_seq, to_seq, created_seq, type, namespace, display_name, description, metadata, labels,
            protected, created, updated",
        &[11, 12],
    ),
    ("edge", "from_asset, to_asset, from_seq, to_seq", &[]),
    (
        "asset_event",
        "asset_id, seq, position, event, type, time, execution_id, flow_id, task_id, task_run_id, user, reason",
        &[5],
    ),
];

/// What makes the tables of today of them. Numbers are given in the order of what happened.
const CARRY_OVER: &str = "
    CREATE INDEX temp.earlier_event_by_asset ON earlier_asset_event (asset_id, seq);
    INSERT INTO main.type_name (name) SELECT type FROM earlier_asset_event GROUP BY type
        ORDER BY min(seq * 1000000 + position);
    INSERT OR IGNORE INTO main.type_name (name) SELECT DISTINCT type FROM earlier_asset_version ORDER BY type;
    INSERT INTO main.asset (id, from_seq, to_seq, created_seq, type, namespace, display_name, description, metadata,
            labels, protected, created, updated, touched)
        SELECT asset_id, max(from_seq), to_seq, created_seq,
            (SELECT number FROM main.type_name WHERE name = type), namespace, display_name, description, metadata, labels,
            protected, created, updated,
            (SELECT time FROM earlier_asset_event AS event WHERE event.asset_id = version.asset_id
                AND event.event = 'UPDATED' AND seq > from_seq AND (to_seq IS NULL OR seq < to_seq)
                ORDER BY seq DESC LIMIT 1)
        FROM earlier_asset_version AS version GROUP BY asset_id
        ORDER BY (SELECT min(seq * 1000000 + position) FROM earlier_asset_event AS event
            WHERE event.asset_id = version.asset_id), asset_id;
    INSERT INTO main.asset_version
        SELECT number, version.from_seq, version.to_seq, version.created_seq,
            (SELECT number FROM main.type_name WHERE name = version.type), version.namespace, version.display_name,
            version.description, version.metadata, version.labels, version.protected, version.created, version.updated,
            (SELECT time FROM earlier_asset_event AS event WHERE event.asset_id = version.asset_id
                AND event.event = 'UPDATED' AND seq > version.from_seq AND seq < version.to_seq
                ORDER BY seq DESC LIMIT 1)
        FROM earlier_asset_version AS version JOIN main.asset ON id = asset_id AND version.from_seq < asset.from_seq;
    INSERT INTO main.edge
        SELECT upper.number, lower.number, edge.from_seq, edge.to_seq FROM earlier_edge AS edge
            JOIN main.asset AS upper ON upper.id = from_asset JOIN main.asset AS lower ON lower.id = to_asset;
    INSERT OR IGNORE INTO main.asset_change
        SELECT seq, time, execution_id, flow_id, task_id, task_run_id, user, reason FROM earlier_asset_event;
    INSERT INTO main.asset_event
        SELECT asset.number, seq, position, event, type_name.number FROM earlier_asset_event AS event
            JOIN main.asset ON id = asset_id JOIN main.type_name ON name = event.type;
    DROP TABLE temp.earlier_asset_version;
    DROP TABLE temp.earlier_edge;
    DROP TABLE temp.earlier_asset_event;";

/// Makes tables for the rows of such a snapshot, which last as long as the connection.
pub(super) fn make_room(target: &Connection) -> Result<(), StoreError> {
    for (table, columns, _) in TABLES {
        if !columns.is_empty() {
            target.execute_batch(&format!("CREATE TEMP TABLE earlier_{table} ({columns})"))?;
        }
    }
    Ok(())
}

/// Takes one row of such a snapshot; gives whether it was of a table that is another now.
pub(super) fn put(target: &Connection, table: &str, row: &[Value]) -> Result<bool, StoreError> {
    let Some((_, names, times)) = TABLES.iter().find(|(name, ..)| *name == table) else {
        return Ok(false);
    };
    if names.is_empty() {
        return Ok(true);
    }
    let value = |(place, value): (usize, &Value)| match value {
        Value::Text(text) if times.contains(&place) => text
            .parse::<Timestamp>()
            .map_or_else(|_| value.clone(), columns::instant),
        _ => value.clone(),
    };
    let places = vec!["?"; row.len()].join(", ");
    target
        .prepare_cached(&format!("INSERT INTO temp.earlier_{table} VALUES ({places})"))?
        .execute(params_from_iter(row.iter().enumerate().map(value)))?;
    Ok(true)
}

/// Fills the tables of today with what was put.
pub(super) fn carry_over(target: &Connection) -> Result<(), StoreError> {
    Ok(target.execute_batch(CARRY_OVER)?)
}
