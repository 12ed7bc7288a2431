//! What tasks keep beside assets: values under keys, and files. Contents of files stand beside the chain.

use rusqlite::{Connection, OptionalExtension, params};
use sha2::{Digest, Sha256};

use super::payload::{Entry, Fact, KeyFact};
use super::{Catalog, StoreError, canonical};
use crate::model::{ExecutionId, Json, Namespace, Timestamp, WrittenFile, clock, digest};

/// Keeps the content of a file and gives what the log says of it.
pub(super) fn keep(connection: &Connection, file: &WrittenFile) -> Result<Fact, StoreError> {
    let digest = digest::hexadecimal(&Sha256::digest(&file.content));
    let insert = "INSERT INTO content (digest, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection
        .prepare_cached(insert)?
        .execute(params![digest, &*file.content])?;
    Ok(Fact::FileWritten {
        name: file.name.clone(),
        digest,
        size: file.content.len() as u64,
    })
}

/// Keeps a content that an export brings. Gives whether it is the one of that digest.
pub(super) fn keep_exported(connection: &Connection, digest: &str, content: &[u8]) -> rusqlite::Result<bool> {
    if digest::hexadecimal(&Sha256::digest(content)) != digest {
        return Ok(false);
    }
    let insert = "INSERT INTO content (digest, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(insert)?.execute(params![digest, content])?;
    Ok(true)
}

/// Drops the contents that no file has any more and no event that is left speaks of.
pub(super) fn forget_contents(connection: &Connection) -> rusqlite::Result<()> {
    let delete = "DELETE FROM content WHERE digest NOT IN (SELECT digest FROM file) AND digest NOT IN (
        SELECT json_extract(payload, '$.data.digest') AS spoken_of FROM event
        WHERE payload LIKE '%,\"kind\":\"FileWritten\",%' AND spoken_of IS NOT NULL)";
    connection.execute(delete, [])?;
    Ok(())
}

/// Whether the content of a digest is still that; true where it is not kept.
pub(super) fn holds(connection: &Connection, digest: &str) -> rusqlite::Result<bool> {
    let query = "SELECT content FROM content WHERE digest = ?1";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([digest])?;
    let Some(row) = rows.next()? else { return Ok(true) };
    let content = row.get_ref("content")?.as_bytes()?;
    Ok(digest::hexadecimal(&Sha256::digest(content)) == digest)
}

/// Carries a file over into the tables.
pub(super) fn apply(
    connection: &Connection,
    entry: &Entry,
    name: &str,
    digest: &str,
    size: u64,
) -> Result<(), StoreError> {
    let upsert = "INSERT INTO file (execution_id, name, from_seq, digest, size) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (execution_id, name) DO UPDATE SET from_seq = ?3, digest = ?4, size = ?5";
    connection.prepare_cached(upsert)?.execute(params![
        entry.actor.execution.as_str(),
        name,
        entry.seq,
        digest,
        size.cast_signed(),
    ])?;
    Ok(())
}

pub(super) fn set_key(connection: &Connection, entry: &Entry, set: &KeyFact) -> Result<(), StoreError> {
    let upsert = "INSERT INTO key_value (namespace, key, from_seq, value, expires) VALUES (?1, ?2, ?3, ?4, ?5)
        ON CONFLICT (namespace, key) DO UPDATE SET from_seq = ?3, value = ?4, expires = ?5";
    let value = canonical::text(&set.value).map_err(|source| StoreError::Unrecordable { source })?;
    connection.prepare_cached(upsert)?.execute(params![
        set.namespace.as_str(),
        set.key,
        entry.seq,
        value,
        set.expires.map(|expires| expires.to_string()),
    ])?;
    Ok(())
}

pub(super) fn delete_key(connection: &Connection, namespace: &Namespace, key: &str) -> Result<(), StoreError> {
    let delete = "DELETE FROM key_value WHERE namespace = ?1 AND key = ?2";
    connection
        .prepare_cached(delete)?
        .execute(params![namespace.as_str(), key])?;
    Ok(())
}

impl Catalog {
    /// The value under a key, unless it has expired.
    pub(super) fn value_of_key(&self, namespace: &Namespace, key: &str) -> Result<Option<Json>, StoreError> {
        self.read(|connection| {
            let query = "SELECT value, expires FROM key_value WHERE namespace = ?1 AND key = ?2";
            let found: Option<(String, Option<String>)> = connection
                .prepare_cached(query)?
                .query_row(params![namespace.as_str(), key], |row| {
                    Ok((row.get("value")?, row.get("expires")?))
                })
                .optional()?;
            let Some((value, expires)) = found else { return Ok(None) };
            let is_over = expires
                .and_then(|expires| expires.parse::<Timestamp>().ok())
                .is_some_and(|expires| expires <= clock::now());
            let value = (!is_over).then(|| serde_json::from_str(&value)).transpose();
            value.map_err(|source| StoreError::Unrecordable { source })
        })
    }

    /// The content of a file of an execution.
    pub(super) fn content_of_file(&self, execution: &ExecutionId, name: &str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            let query = "SELECT content FROM file JOIN content USING (digest) WHERE execution_id = ?1 AND name = ?2";
            let found = connection
                .prepare_cached(query)?
                .query_row(params![execution.as_str(), name], |row| row.get("content"))
                .optional()?;
            Ok(found)
        })
    }
}
