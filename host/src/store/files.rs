//! What tasks keep beside assets: values under keys, and files. Contents of files stand beside the chain.

use rusqlite::{Connection, OptionalExtension, params};

use super::payload::{Entry, Fact, KeyFact};
use super::{Catalog, StoreError, canonical};
use crate::model::{ExecutionId, Json, Namespace, Timestamp, WrittenFile, clock, digest::sha256};

/// Keeps the content of a file and gives what the log says of it.
pub(super) fn keep(connection: &Connection, file: &WrittenFile) -> Result<Fact, StoreError> {
    let digest = sha256(&file.content);
    keep_content(connection, &digest, &file.content)?;
    Ok(Fact::FileWritten {
        name: file.name.clone(),
        digest,
        size: file.content.len() as u64,
    })
}

/// Keeps a content that an export brings. Gives whether it is the one of that digest.
pub(super) fn keep_exported(connection: &Connection, digest: &str, content: &[u8]) -> rusqlite::Result<bool> {
    let is_right = sha256(content) == digest;
    if is_right {
        keep_content(connection, digest, content)?;
    }
    Ok(is_right)
}

fn keep_content(connection: &Connection, digest: &str, content: &[u8]) -> rusqlite::Result<()> {
    let insert = "INSERT INTO content (digest, content) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
    connection.prepare_cached(insert)?.execute(params![digest, content])?;
    Ok(())
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
    Ok(sha256(content) == digest)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AsOf, ExportLine, Person, RunEventKind, State};
    use crate::store::ExportedFiles;
    use crate::store::fixtures::{self, Folder, execution_id, record, run, started, time};

    fn wrote(catalog: &Catalog, number: u32, name: &str, content: &str) {
        let file = WrittenFile {
            name: name.to_owned(),
            content: content.as_bytes().into(),
        };
        record(catalog, number, vec![started("x"), RunEventKind::FileWritten(file)]);
    }

    fn content(catalog: &Catalog, number: u32, name: &str) -> Option<String> {
        let found = catalog.content_of_file(&execution_id(number), name).unwrap();
        found.map(|bytes| String::from_utf8(bytes).unwrap())
    }

    fn exported(catalog: &Catalog, files: ExportedFiles) -> Vec<ExportLine> {
        let mut lines = Vec::new();
        let sink = &mut |line: &ExportLine| {
            lines.push(line.clone());
            Ok(())
        };
        catalog.export_log(files, sink).unwrap();
        lines
    }

    fn person() -> Person {
        Person {
            user: "ada".to_owned(),
            reason: None,
        }
    }

    fn imported(lines: &[ExportLine]) -> Result<Catalog, StoreError> {
        let catalog = Catalog::in_memory().unwrap();
        let mut lines = (1_u64..).zip(lines.iter().cloned().map(Ok));
        catalog.import(&mut lines, &person(), time(9))?;
        Ok(catalog)
    }

    #[test]
    fn an_export_carries_what_is_in_files_unless_it_is_left_out() {
        let catalog = Catalog::in_memory().unwrap();
        wrote(&catalog, 1, "a.txt", "first");
        wrote(&catalog, 2, "b.txt", "second");
        let whole = exported(&catalog, ExportedFiles::WithContent);
        let copy = imported(&whole).unwrap();
        assert_eq!(content(&copy, 2, "b.txt").as_deref(), Some("second"));
        assert_eq!(exported(&copy, ExportedFiles::WithContent), whole);
        let copy = imported(&exported(&catalog, ExportedFiles::Named)).unwrap();
        assert_eq!(content(&copy, 2, "b.txt"), None);
        assert_eq!(copy.verify(None).unwrap().problem, None);
    }

    #[test]
    fn a_content_that_is_not_that_of_its_digest_is_refused_and_nothing_is_taken_in() {
        let catalog = Catalog::in_memory().unwrap();
        wrote(&catalog, 1, "a.txt", "first");
        let mut lines = exported(&catalog, ExportedFiles::WithContent);
        let check = |lines: &[ExportLine], expected: &str| {
            let error = imported(lines).unwrap_err().to_string();
            assert!(error.contains(expected), "{error}");
        };
        let Some(ExportLine::Content(content)) = lines.last_mut() else {
            panic!()
        };
        content.base64 = "c2Vjb25k".to_owned();
        check(&lines, "line 4: the content does not have the digest");
        let Some(ExportLine::Content(content)) = lines.last_mut() else {
            panic!()
        };
        content.base64 = "?".to_owned();
        check(&lines, "is no base64");
    }

    #[test]
    fn pruning_drops_what_no_file_and_no_event_speaks_of() {
        let catalog = Catalog::in_memory().unwrap();
        wrote(&catalog, 1, "a.txt", "old");
        wrote(&catalog, 1, "a.txt", "between");
        wrote(&catalog, 1, "a.txt", "new");
        let kept = |catalog: &Catalog| {
            let read = |connection: &Connection| {
                let mut statement = connection.prepare("SELECT CAST(content AS TEXT) FROM content ORDER BY 1")?;
                let rows = statement.query_map([], |row| row.get(0))?;
                Ok(rows.collect::<Result<Vec<String>, _>>()?)
            };
            catalog.read(read).unwrap()
        };
        assert_eq!(kept(&catalog), ["between", "new", "old"]);
        catalog.prune(AsOf::Event(2), &person(), time(9)).unwrap();
        assert_eq!(kept(&catalog), ["between", "new"]);
        assert_eq!(catalog.verify(None).unwrap().problem, None);
        catalog.prune(AsOf::Event(6), &person(), time(9)).unwrap();
        assert_eq!(kept(&catalog), ["new"]);
        assert_eq!(content(&catalog, 1, "a.txt").as_deref(), Some("new"));
        let before = fixtures::dump(&catalog);
        catalog.rebuild().unwrap();
        assert_eq!(fixtures::dump(&catalog), before);
    }

    #[test]
    fn a_forged_content_is_found() {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        wrote(&catalog, 1, "a.txt", "first");
        run(&catalog, 2, State::Success, vec![]);
        let forge = "UPDATE content SET content = CAST('forged' AS BLOB)";
        fixtures::raw(&path).execute(forge, []).unwrap();
        assert_eq!(
            catalog.verify(None).unwrap().problem.as_deref(),
            Some("the content of the file `a.txt` does not match the digest in event 2")
        );
    }
}
