//! Carries what happened to assets over into their tables: the last content each has had, those before it, and its
//! history. Ids and types stand there by number; who is first named gets the next one.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, params};

use crate::model::{Asset, AssetEvent, AssetId, AssetType, TaskId, TaskRunId};

use super::apply::{Origin, json};
use super::payload::AssetFact;
use super::{StoreError, columns, values};

/// Carries over what one event did to these assets.
pub(super) fn apply(connection: &Connection, origin: &Origin<'_>, facts: &[AssetFact]) -> Result<(), StoreError> {
    if facts.is_empty() {
        return Ok(());
    }
    note_change(connection, origin)?;
    for (position, fact) in facts.iter().enumerate() {
        let asset_type = number_of_type(connection, &fact.asset.asset_type)?;
        let number = apply_to(connection, origin.seq, asset_type, fact)?;
        let insert = "INSERT INTO asset_event (asset, seq, position, event, type) VALUES (?1, ?2, ?3, ?4, ?5)";
        connection.prepare_cached(insert)?.execute(params![
            number,
            origin.seq,
            position as i64,
            fact.event.name(),
            asset_type
        ])?;
    }
    Ok(())
}

/// Says when the event was and whom it is owed to.
fn note_change(connection: &Connection, origin: &Origin<'_>) -> Result<(), StoreError> {
    let insert = "INSERT INTO asset_change (seq, time, execution_id, flow_id, task_id, task_run_id, user, reason)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    let (actor, person) = (origin.actor, origin.person);
    connection.prepare_cached(insert)?.execute(params![
        origin.seq,
        columns::instant(origin.time),
        actor.map(|actor| actor.execution.as_str()),
        actor.map(|actor| actor.flow.id.as_str()),
        actor.and_then(|actor| actor.task.as_ref()).map(TaskId::as_str),
        actor.and_then(|actor| actor.task_run.as_ref()).map(TaskRunId::as_str),
        person.map(|person| person.user.as_str()),
        person.and_then(|person| person.reason.as_deref()),
    ])?;
    Ok(())
}

fn number_of_type(connection: &Connection, asset_type: &AssetType) -> Result<i64, StoreError> {
    let query = "SELECT number FROM type_name WHERE name = ?1";
    let known = connection
        .prepare_cached(query)?
        .query_row([asset_type.as_str()], |row| row.get(0))
        .optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    let insert = "INSERT INTO type_name (name) VALUES (?1) RETURNING number";
    Ok(connection
        .prepare_cached(insert)?
        .query_row([asset_type.as_str()], |row| row.get(0))?)
}

/// The number of an id that is or was an asset.
pub(super) fn number_of(connection: &Connection, id: &AssetId) -> rusqlite::Result<Option<i64>> {
    let query = "SELECT number FROM asset WHERE id = ?1";
    connection
        .prepare_cached(query)?
        .query_row([id.as_str()], |row| row.get(0))
        .optional()
}

/// Gives the number of the asset.
fn apply_to(connection: &Connection, seq: i64, asset_type: i64, fact: &AssetFact) -> Result<i64, StoreError> {
    let asset = &fact.asset;
    let new = Content { seq, asset_type, asset };
    match (fact.event, &fact.before) {
        (AssetEvent::Created, _) => values::add(connection, new.begin(connection)?, asset),
        (AssetEvent::Updated, Some(before)) => {
            let number = new.follow(connection)?;
            values::replace(connection, number, before, asset)
        }
        (AssetEvent::Restored, _) => {
            let number = new.follow(connection)?;
            values::add(connection, number, asset)
        }
        (AssetEvent::Updated, None) => {
            let update = "UPDATE asset SET touched = ?2 WHERE id = ?1 RETURNING number";
            change_row(connection, update, asset, columns::instant(asset.updated))
        }
        (AssetEvent::Deleted, _) => {
            let update = "UPDATE asset SET to_seq = ?2 WHERE id = ?1 RETURNING number";
            let number = change_row(connection, update, asset, Value::Integer(seq))?;
            values::remove(connection, number, asset)
        }
        (AssetEvent::Used, _) => number_of(connection, &asset.id)?.ok_or_else(no_row),
    }
}

fn change_row(connection: &Connection, update: &str, asset: &Asset, value: Value) -> Result<i64, StoreError> {
    Ok(connection
        .prepare_cached(update)?
        .query_row(params![asset.id.as_str(), value], |row| row.get(0))?)
}

/// What an asset is from an event on.
struct Content<'a> {
    seq: i64,
    asset_type: i64,
    asset: &'a Asset,
}

impl Content<'_> {
    /// Begins a life of the asset, the first or another one.
    fn begin(&self, connection: &Connection) -> Result<i64, StoreError> {
        let insert =
            "INSERT INTO asset (id, from_seq, created_seq, type, namespace, display_name, description, metadata,
                labels, protected, created, updated)
            VALUES (?1, ?2, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11) ON CONFLICT (id) DO NOTHING RETURNING number";
        match self.write(connection, insert)? {
            Some(number) => Ok(number),
            None => {
                self.set_aside(connection)?;
                let update =
                    "UPDATE asset SET from_seq = ?2, to_seq = NULL, created_seq = ?2, type = ?3, namespace = ?4,
                        display_name = ?5, description = ?6, metadata = ?7, labels = ?8, protected = ?9, created = ?10,
                        updated = ?11, touched = NULL
                    WHERE id = ?1 RETURNING number";
                self.write(connection, update)?.ok_or_else(no_row)
            }
        }
    }

    /// Goes on with the life that the asset has or had.
    fn follow(&self, connection: &Connection) -> Result<i64, StoreError> {
        self.set_aside(connection)?;
        let update = "UPDATE asset SET from_seq = ?2, to_seq = NULL, type = ?3, namespace = ?4, display_name = ?5,
                description = ?6, metadata = ?7, labels = ?8, protected = ?9, created = ?10, updated = ?11,
                touched = NULL
            WHERE id = ?1 RETURNING number";
        self.write(connection, update)?.ok_or_else(no_row)
    }

    /// Puts the content the asset has had to those of the past.
    fn set_aside(&self, connection: &Connection) -> Result<(), StoreError> {
        let insert = "INSERT INTO asset_version (asset, from_seq, to_seq, created_seq, type, namespace, display_name,
                description, metadata, labels, protected, created, updated, touched)
            SELECT number, from_seq, coalesce(to_seq, ?2), created_seq, type, namespace, display_name, description,
                metadata, labels, protected, created, updated, touched FROM asset WHERE id = ?1";
        connection
            .prepare_cached(insert)?
            .execute(params![self.asset.id.as_str(), self.seq])?;
        Ok(())
    }

    fn write(&self, connection: &Connection, statement: &str) -> Result<Option<i64>, StoreError> {
        let asset = self.asset;
        let parameters = params![
            asset.id.as_str(),
            self.seq,
            self.asset_type,
            asset.namespace.as_ref().map(|namespace| namespace.as_str()),
            asset.display_name,
            asset.description,
            json(&asset.metadata)?,
            json(&asset.labels)?,
            asset.protected,
            columns::instant(asset.created),
            columns::instant(asset.updated),
        ];
        Ok(connection
            .prepare_cached(statement)?
            .query_row(parameters, |row| row.get(0))
            .optional()?)
    }
}

fn no_row() -> StoreError {
    rusqlite::Error::QueryReturnedNoRows.into()
}
