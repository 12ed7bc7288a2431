//! Changes to assets that were made on purpose, rather than by a task that declares them: settled against what the
//! catalog knows, kept with what they did, and carried over into the tables.

use rusqlite::{Connection, OptionalExtension, params};
use serde::{Deserialize, Serialize};

use crate::model::{Asset, AssetEdit, AssetEvent, AssetId, Declaration, Namespace, Timestamp};

use super::apply::{self, Origin};
use super::payload::AssetFact;
use super::{Refusal, StoreError, assets, columns, contents, lineage};

/// What a change did.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ChangeFact {
    pub action: String,
    pub assets: Vec<AssetFact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub opened: Vec<EdgeFact>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub closed: Vec<EdgeFact>,
}

/// One edge, from what was there first to what was made from it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct EdgeFact {
    pub from: AssetId,
    pub to: AssetId,
}

/// Turns an edit into what it does now. Nothing comes of an edit that changes nothing but labels and protection that
/// are as wanted already.
pub(super) fn settle(
    connection: &Connection,
    edit: &AssetEdit,
    namespace: Option<&Namespace>,
    time: Timestamp,
) -> Result<ChangeFact, StoreError> {
    match edit {
        AssetEdit::Set { declaration, inputs } => set(connection, declaration, inputs, namespace, time),
        AssetEdit::Delete(ids) => delete(connection, ids),
        AssetEdit::Restore(id) => restore(connection, id, time),
        AssetEdit::Protect { id, protected } => {
            let action = if *protected { "PROTECT" } else { "UNPROTECT" };
            mark(connection, id, action, time, |asset| asset.protected = *protected)
        }
        AssetEdit::Label { id, labels } => mark(connection, id, "LABEL", time, |asset| {
            for (key, value) in labels {
                match value.is_null() {
                    true => drop(asset.labels.shift_remove(key)),
                    false => drop(asset.labels.insert(key.clone(), value.clone())),
                }
            }
        }),
    }
}

/// The asset, or the refusal that there is none.
fn known(connection: &Connection, id: &AssetId) -> Result<Asset, StoreError> {
    assets::find(connection, id)?.ok_or_else(|| Refusal::UnknownAsset { id: id.clone() }.into())
}

fn set(
    connection: &Connection,
    declaration: &Declaration,
    inputs: &[AssetId],
    namespace: Option<&Namespace>,
    time: Timestamp,
) -> Result<ChangeFact, StoreError> {
    let declaration = lineage::settled(declaration)?;
    let mut change = ChangeFact {
        action: "SET".to_owned(),
        ..ChangeFact::default()
    };
    for id in inputs {
        if *id == declaration.id {
            continue;
        }
        if assets::find(connection, id)?.is_none() {
            let asset = Asset::created(&Declaration::of(id.clone()), namespace, time);
            change.assets.push(fact(AssetEvent::Created, asset, None));
        }
        change.opened.push(EdgeFact {
            from: id.clone(),
            to: declaration.id.clone(),
        });
    }
    change.opened.sort();
    change.opened.dedup();
    change.assets.push(match assets::find(connection, &declaration.id)? {
        None => fact(AssetEvent::Created, Asset::created(&declaration, namespace, time), None),
        Some(known) => {
            let asset = known.updated(&declaration, time);
            let before = (!asset.same_content(&known)).then_some(known);
            fact(AssetEvent::Updated, asset, before)
        }
    });
    Ok(change)
}

fn fact(event: AssetEvent, asset: Asset, before: Option<Asset>) -> AssetFact {
    AssetFact { event, asset, before }
}

/// Refused where an asset is unknown or protected.
fn delete(connection: &Connection, ids: &[AssetId]) -> Result<ChangeFact, StoreError> {
    let mut change = ChangeFact {
        action: "DELETE".to_owned(),
        ..ChangeFact::default()
    };
    for id in ids {
        let asset = known(connection, id)?;
        if asset.protected {
            return Err(Refusal::Protected { id: id.clone() }.into());
        }
        change.assets.push(fact(AssetEvent::Deleted, asset, None));
        change.closed.extend(open_edges(connection, id)?);
    }
    change.closed.sort();
    change.closed.dedup();
    Ok(change)
}

pub(super) fn open_edges(connection: &Connection, id: &AssetId) -> Result<Vec<EdgeFact>, StoreError> {
    edges_until(connection, id, None)
}

/// The edges of an asset that an event closed, or those that are open, by the ids of their ends.
fn edges_until(connection: &Connection, id: &AssetId, end: Option<i64>) -> Result<Vec<EdgeFact>, StoreError> {
    let query = "SELECT ?1 AS from_asset, other.id AS to_asset
            FROM asset JOIN edge ON edge.from_asset = asset.number JOIN asset AS other ON other.number = edge.to_asset
            WHERE asset.id = ?1 AND edge.to_seq IS ?2
        UNION SELECT other.id, ?1
            FROM asset JOIN edge ON edge.to_asset = asset.number JOIN asset AS other ON other.number = edge.from_asset
            WHERE asset.id = ?1 AND edge.to_seq IS ?2";
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map(params![id.as_str(), end], edge_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

fn edge_from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<EdgeFact> {
    Ok(EdgeFact {
        from: columns::noun(row, "from_asset")?,
        to: columns::noun(row, "to_asset")?,
    })
}

/// When an asset's last life ended.
fn ended(connection: &Connection, id: &AssetId) -> Result<Option<i64>, StoreError> {
    let query = "SELECT to_seq FROM asset WHERE id = ?1";
    let end: Option<Option<i64>> = connection
        .prepare_cached(query)?
        .query_row([id.as_str()], |row| row.get("to_seq"))
        .optional()?;
    Ok(end.flatten())
}

fn restore(connection: &Connection, id: &AssetId, time: Timestamp) -> Result<ChangeFact, StoreError> {
    if assets::find(connection, id)?.is_some() {
        return Err(Refusal::NotDeleted { id: id.clone() }.into());
    }
    let Some(end) = ended(connection, id)? else {
        return Err(Refusal::NothingToRestore { id: id.clone() }.into());
    };
    let asset = assets::last_version(connection, id)?.ok_or_else(|| Refusal::NothingToRestore { id: id.clone() })?;
    let closed = edges_until(connection, id, Some(end))?;
    let mut change = ChangeFact {
        action: "RESTORE".to_owned(),
        assets: vec![fact(AssetEvent::Restored, Asset { updated: time, ..asset }, None)],
        ..ChangeFact::default()
    };
    for edge in closed {
        let other = if edge.from == *id { &edge.to } else { &edge.from };
        if assets::find(connection, other)?.is_some() {
            change.opened.push(edge);
        }
    }
    change.opened.sort();
    Ok(change)
}

fn mark(
    connection: &Connection,
    id: &AssetId,
    action: &str,
    time: Timestamp,
    change: impl FnOnce(&mut Asset),
) -> Result<ChangeFact, StoreError> {
    let before = known(connection, id)?;
    let mut asset = before.clone();
    change(&mut asset);
    let assets = match asset.same_content(&before) {
        true => Vec::new(),
        false => {
            asset.updated = time;
            vec![fact(AssetEvent::Updated, asset, Some(before))]
        }
    };
    Ok(ChangeFact {
        action: action.to_owned(),
        assets,
        ..ChangeFact::default()
    })
}

/// Carries a change over into the tables.
pub(super) fn apply(connection: &Connection, origin: &Origin<'_>, change: &ChangeFact) -> Result<(), StoreError> {
    contents::apply(connection, origin, &change.assets)?;
    for edge in &change.closed {
        apply::close_edge(connection, origin.seq, &edge.from, &edge.to)?;
    }
    for edge in &change.opened {
        apply::open_edge(connection, origin.seq, &edge.from, &edge.to)?;
    }
    Ok(())
}
