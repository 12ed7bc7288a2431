//! The short texts in the metadata of every asset as it is now, by path: what makes a question for one of them quick.

use rusqlite::Connection;

use crate::model::{Asset, Json, JsonMap};

use super::StoreError;

/// The longest text that is kept, in bytes. Longer ones are found by looking at every asset.
pub(super) const LONGEST_VALUE: usize = 100;

/// The texts of metadata with their dotted paths.
fn values_of(metadata: &JsonMap) -> Vec<(String, &str)> {
    let mut found = Vec::new();
    gather("", metadata, &mut found);
    found.sort_unstable();
    found.dedup();
    found
}

fn gather<'a>(path: &str, map: &'a JsonMap, found: &mut Vec<(String, &'a str)>) {
    for (key, value) in map {
        let path = if path.is_empty() {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        match value {
            Json::String(text) if text.len() <= LONGEST_VALUE => found.push((path, text)),
            Json::Object(inner) => gather(&path, inner, found),
            _ => {}
        }
    }
}

/// Keeps the values of an asset that is new.
pub(super) fn add(connection: &Connection, asset: &Asset) -> Result<(), StoreError> {
    let mut insert =
        connection.prepare_cached("INSERT INTO asset_value (path, value, asset_id) VALUES (?1, ?2, ?3)")?;
    for (path, value) in values_of(&asset.metadata) {
        insert.execute((path, value, asset.id.as_str()))?;
    }
    Ok(())
}

/// Forgets the values of an asset that is gone.
pub(super) fn remove(connection: &Connection, asset: &Asset) -> Result<(), StoreError> {
    let delete = "DELETE FROM asset_value WHERE path = ?1 AND value = ?2 AND asset_id = ?3";
    let mut delete = connection.prepare_cached(delete)?;
    for (path, value) in values_of(&asset.metadata) {
        delete.execute((path, value, asset.id.as_str()))?;
    }
    Ok(())
}

/// Keeps the values of an asset instead of those it had.
pub(super) fn replace(connection: &Connection, before: &Asset, after: &Asset) -> Result<(), StoreError> {
    if before.metadata == after.metadata {
        return Ok(());
    }
    remove(connection, before)?;
    add(connection, after)
}
