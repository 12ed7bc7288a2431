//! Takes in what other programs say of assets, each change under the name of who said it.

use std::collections::HashSet;

use rusqlite::Connection;

use crate::model::{Asset, AssetEvent, Declaration, EdgeView, ForeignAsset, ForeignChange, Person, Timestamp};

use super::catalog::Durability;
use super::chain::Head;
use super::change::{self, ChangeFact, EdgeFact};
use super::payload::AssetFact;
use super::record::{self, HandFact};
use super::{Catalog, Imported, Refusal, StoreError, assets, canonical, lineage};

impl Catalog {
    /// Takes in what other programs say, all or none. Each comes with its line, or with why it cannot be read.
    ///
    /// # Errors
    /// When a line cannot be read, or when the catalog cannot be written.
    pub fn import_foreign(
        &self,
        lines: &mut dyn Iterator<Item = (u64, Result<ForeignChange, String>)>,
        person: &Person,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        self.write(Durability::Power, |connection| {
            let mut head = Head::read_in_step(connection)?;
            let mut imported = Imported::default();
            for (line, read) in lines {
                let said = read.map_err(|reason| Refusal::BadImport { line, reason })?;
                let time = now.max(head.time);
                let change = settle(connection, &said, time, &mut imported)?;
                if change.assets.is_empty() && change.opened.is_empty() {
                    continue;
                }
                let by = said.by.as_ref().unwrap_or(person);
                imported.events += 1;
                record::record_by_hand(connection, &mut head, by, now, HandFact::AssetsChanged(change))?;
            }
            head.write(connection)?;
            Ok(imported)
        })
    }
}

/// What a message changes now.
fn settle(
    connection: &Connection,
    said: &ForeignChange,
    time: Timestamp,
    imported: &mut Imported,
) -> Result<ChangeFact, StoreError> {
    let mut change = ChangeFact {
        action: "IMPORT".to_owned(),
        ..ChangeFact::default()
    };
    let mut named = HashSet::new();
    for asset in &said.assets {
        if let Some(fact) = settle_asset(connection, asset, time)? {
            match fact.event {
                AssetEvent::Created => imported.created += 1,
                _ => imported.updated += 1,
            }
            named.insert(fact.asset.id.clone());
            change.assets.push(fact);
        } else {
            imported.unchanged += 1;
        }
    }
    for edge in &said.edges {
        for end in [&edge.from, &edge.to] {
            if !named.contains(end) && assets::find(connection, end)?.is_none() {
                let asset = Asset::created(&Declaration::of(end.clone()), None, time);
                named.insert(end.clone());
                imported.created += 1;
                change.assets.push(fact(AssetEvent::Created, asset, None));
            }
        }
        if edge.from != edge.to && !is_open(connection, edge)? {
            imported.edges += 1;
            change.opened.push(EdgeFact {
                from: edge.from.clone(),
                to: edge.to.clone(),
            });
        }
    }
    for id in &said.deleted {
        let Some(known) = assets::find(connection, id)?.filter(|_| !named.contains(id)) else {
            continue;
        };
        change.closed.extend(change::open_edges(connection, id)?);
        change.assets.push(fact(AssetEvent::Deleted, known, None));
        change.opened.retain(|edge| edge.from != *id && edge.to != *id);
    }
    change.opened.sort();
    change.opened.dedup();
    change.closed.sort();
    change.closed.dedup();
    Ok(change)
}

fn fact(event: AssetEvent, asset: Asset, before: Option<Asset>) -> AssetFact {
    AssetFact { event, asset, before }
}

/// What becomes of one asset; nothing where that is known already.
fn settle_asset(
    connection: &Connection,
    said: &ForeignAsset,
    time: Timestamp,
) -> Result<Option<AssetFact>, StoreError> {
    let id = match said {
        ForeignAsset::Whole(asset) => &asset.id,
        ForeignAsset::Declared(declaration) => &declaration.id,
    };
    let known = assets::find(connection, id)?;
    let asset = match (said, &known) {
        (ForeignAsset::Whole(asset), known) => {
            let mut asset = (**asset).clone();
            for value in asset.metadata.values_mut() {
                canonical::settle(value).map_err(|source| StoreError::Unrecordable { source })?;
            }
            if let Some(known) = known {
                (asset.created, asset.updated) = (known.created, time);
            }
            asset
        }
        (ForeignAsset::Declared(declaration), None) => Asset::created(&lineage::settled(declaration)?, None, time),
        (ForeignAsset::Declared(declaration), Some(known)) => known.updated(&lineage::settled(declaration)?, time),
    };
    Ok(match known {
        None => Some(fact(AssetEvent::Created, asset, None)),
        Some(known) if known.same_content(&asset) => None,
        Some(known) => Some(fact(AssetEvent::Updated, asset, Some(known))),
    })
}

pub(super) fn is_open(connection: &Connection, edge: &EdgeView) -> Result<bool, StoreError> {
    let query = "SELECT EXISTS (SELECT 1 FROM edge WHERE from_asset = (SELECT number FROM asset WHERE id = ?1)
        AND to_asset = (SELECT number FROM asset WHERE id = ?2) AND to_seq IS NULL) AS known";
    Ok(connection
        .prepare_cached(query)?
        .query_row([edge.from.as_str(), edge.to.as_str()], |row| row.get("known"))?)
}
