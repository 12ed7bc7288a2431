//! Carries what happened to assets over into their tables: the last content each has had, those before it, and its
//! history. Ids and types stand there by number; who is first named gets the next one.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use rusqlite::{Connection, OptionalExtension, ToSql, params, params_from_iter};

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
    let mut types = BTreeMap::new();
    for (position, fact) in facts.iter().enumerate() {
        let asset_type = match types.entry(&fact.asset.asset_type) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(place) => *place.insert(number_of_type(connection, &fact.asset.asset_type)?),
        };
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
    let content = Content { seq, asset_type, asset };
    let known = number_of(connection, &asset.id)?;
    if fact.event == AssetEvent::Created {
        let number = match known {
            None => content.begin(connection)?,
            Some(number) => content.replace(connection, number, Some(seq))?,
        };
        return values::add(connection, number, asset);
    }
    let number = known.ok_or(rusqlite::Error::QueryReturnedNoRows)?;
    match (fact.event, &fact.before) {
        (AssetEvent::Updated, Some(before)) => {
            content.replace(connection, number, None)?;
            values::replace(connection, number, before, asset)
        }
        (AssetEvent::Updated, None) => {
            let update = "UPDATE asset SET touched = ?2 WHERE number = ?1";
            let touched = columns::instant(asset.updated);
            connection.prepare_cached(update)?.execute(params![number, touched])?;
            Ok(number)
        }
        (AssetEvent::Restored, _) => {
            content.replace(connection, number, None)?;
            values::add(connection, number, asset)
        }
        (AssetEvent::Deleted, _) => {
            let update = "UPDATE asset SET to_seq = ?2 WHERE number = ?1";
            connection.prepare_cached(update)?.execute(params![number, seq])?;
            values::remove(connection, number, asset)
        }
        (AssetEvent::Created | AssetEvent::Used, _) => Ok(number),
    }
}

/// What an asset is from an event on.
struct Content<'a> {
    seq: i64,
    asset_type: i64,
    asset: &'a Asset,
}

impl Content<'_> {
    /// Begins the first life of the asset. A plain insert of one row: with more, such as `RETURNING`, SQLite keeps a
    /// journal of the statement, which costs as much as the rest of it.
    fn begin(&self, connection: &Connection) -> Result<i64, StoreError> {
        let insert = "INSERT INTO asset (type, namespace, display_name, description, metadata, labels, protected,
                created, updated, from_seq, id, created_seq)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?10)";
        self.write(connection, insert, &[&self.asset.id.as_str()])?;
        Ok(connection.last_insert_rowid())
    }

    /// Puts the content the asset has had to those of the past. Another life begins where the event of its creation is
    /// said; else it goes on with the one that it has or had.
    fn replace(&self, connection: &Connection, number: i64, creation: Option<i64>) -> Result<i64, StoreError> {
        let insert = "INSERT INTO asset_version (asset, from_seq, to_seq, created_seq, type, namespace, display_name,
                description, metadata, labels, protected, created, updated, touched)
            SELECT number, from_seq, coalesce(to_seq, ?2), created_seq, type, namespace, display_name, description,
                metadata, labels, protected, created, updated, touched FROM asset WHERE number = ?1";
        connection.prepare_cached(insert)?.execute(params![number, self.seq])?;
        let update = "UPDATE asset SET type = ?1, namespace = ?2, display_name = ?3, description = ?4, metadata = ?5,
                labels = ?6, protected = ?7, created = ?8, updated = ?9, from_seq = ?10, to_seq = NULL,
                created_seq = coalesce(?12, created_seq), touched = NULL
            WHERE number = ?11";
        self.write(connection, update, &[&number, &creation])?;
        Ok(number)
    }

    /// Runs a statement whose first ten parameters are the content and the event that it is from.
    fn write(&self, connection: &Connection, statement: &str, further: &[&dyn ToSql]) -> Result<(), StoreError> {
        let asset = self.asset;
        let content = params![
            self.asset_type,
            asset.namespace.as_ref().map(|namespace| namespace.as_str()),
            asset.display_name,
            asset.description,
            json(&asset.metadata)?,
            json(&asset.labels)?,
            asset.protected,
            columns::instant(asset.created),
            columns::instant(asset.updated),
            self.seq,
        ];
        connection
            .prepare_cached(statement)?
            .execute(params_from_iter(content.iter().chain(further)))?;
        Ok(())
    }
}
