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

/// Keeps the values of an asset that is new, and gives its number back.
pub(super) fn add(connection: &Connection, number: i64, asset: &Asset) -> Result<i64, StoreError> {
    let mut insert = connection.prepare_cached("INSERT INTO asset_value (path, value, asset) VALUES (?1, ?2, ?3)")?;
    for (path, value) in values_of(&asset.metadata) {
        insert.execute((path, value, number))?;
    }
    Ok(number)
}

/// Forgets the values of an asset that is gone, and gives its number back.
pub(super) fn remove(connection: &Connection, number: i64, asset: &Asset) -> Result<i64, StoreError> {
    let delete = "DELETE FROM asset_value WHERE path = ?1 AND value = ?2 AND asset = ?3";
    let mut delete = connection.prepare_cached(delete)?;
    for (path, value) in values_of(&asset.metadata) {
        delete.execute((path, value, number))?;
    }
    Ok(number)
}

/// Keeps the values of an asset instead of those it had, and gives its number back.
pub(super) fn replace(connection: &Connection, number: i64, before: &Asset, after: &Asset) -> Result<i64, StoreError> {
    if before.metadata == after.metadata {
        return Ok(number);
    }
    remove(connection, number, before)?;
    add(connection, number, after)
}
