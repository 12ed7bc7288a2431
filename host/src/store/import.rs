//! Takes an export in: a whole log into an empty catalog, or assets and edges into any.

use std::collections::{HashMap, HashSet};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use rusqlite::{Connection, params};

use crate::model::{
    Asset, AssetEvent, AssetId, AssetType, EXPORT_VERSION, EdgeView, ExportKind, ExportLine, ExportedContent,
    ExportedEvent, ExportedLog, Json, Person, Timestamp, Violation, digest,
};

use super::catalog::Durability;
use super::chain::{self, Head};
use super::change::{ChangeFact, EdgeFact};
use super::payload::AssetFact;
use super::record::{self, HandFact};
use super::types::{self, Schemas};
use super::{Catalog, Refusal, StoreError, assets, canonical, files, foreign, rebuild};

/// Assets or edges in one event.
const BATCH: usize = 500;

/// What was taken in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Imported {
    pub events: u64,
    pub created: u64,
    pub updated: u64,
    pub unchanged: u64,
    pub edges: u64,
    pub types: u64,
}

impl Catalog {
    /// Takes in the lines of an export, all or none. Each comes with its number, or with why it cannot be read. A
    /// whole log is only taken in by an empty catalog, and only if its hashes hold. Of assets, what the lines say
    /// replaces what was known.
    ///
    /// # Errors
    /// When a line cannot be read or does not fit, or when the catalog cannot be written.
    pub fn import(
        &self,
        lines: &mut dyn Iterator<Item = (u64, Result<ExportLine, String>)>,
        person: &Person,
        now: Timestamp,
    ) -> Result<Imported, StoreError> {
        self.write(Durability::Power, |connection| {
            let kind = match lines.next() {
                Some((line, Ok(ExportLine::Begat(header)))) if header.version != EXPORT_VERSION => {
                    let reason = format!("version {} of the export is not known", header.version);
                    return Err(Refusal::BadImport { line, reason }.into());
                }
                Some((_, Ok(ExportLine::Begat(header)))) => header.holds,
                _ => {
                    let reason = "an export begins with a line `{\"begat\": …}`".to_owned();
                    return Err(Refusal::BadImport { line: 1, reason }.into());
                }
            };
            let head = Head::read_in_step(connection)?;
            match kind {
                ExportKind::Log if head.seq > 0 => Err(Refusal::NotEmpty {
                    events: head.seq.unsigned_abs(),
                }
                .into()),
                ExportKind::Log => take_log(connection, lines),
                ExportKind::Assets => AssetImport::new(connection, head, person, now).take(lines),
            }
        })
    }
}

fn take_log(
    connection: &Connection,
    lines: &mut dyn Iterator<Item = (u64, Result<ExportLine, String>)>,
) -> Result<Imported, StoreError> {
    let mut previous = chain::GENESIS;
    let mut imported = Imported::default();
    for (line, read) in lines {
        let bad = |reason: String| StoreError::from(Refusal::BadImport { line, reason });
        match read.map_err(bad)? {
            ExportLine::Event(event) => {
                imported.events += 1;
                if event.sequence != imported.events {
                    return Err(bad(format!(
                        "event {} stands where {} should be",
                        event.sequence, imported.events
                    )));
                }
                previous = put_event(connection, &previous, &event).map_err(|problem| match problem {
                    Ok(reason) => bad(reason),
                    Err(error) => error,
                })?;
            }
            ExportLine::Log(log) => put_log(connection, &log)?,
            ExportLine::Content(content) => put_content(connection, &content).map_err(|problem| match problem {
                Ok(reason) => bad(reason),
                Err(error) => error,
            })?,
            ExportLine::Begat(_) | ExportLine::AssetType(_) | ExportLine::Asset(_) | ExportLine::Edge(_) => {
                let reason = "only events, log lines and contents of files belong into a whole log";
                return Err(bad(reason.to_owned()));
            }
        }
    }
    let head = rebuild::replay(connection, connection, i64::MAX)?;
    head.write(connection)?;
    Ok(imported)
}

/// Puts one event into the log; the problem is a reason that the line is bad, or an error of the catalog.
fn put_event(
    connection: &Connection,
    previous: &chain::Hash,
    event: &ExportedEvent,
) -> Result<chain::Hash, Result<String, StoreError>> {
    let payload = match &event.payload {
        Some(payload) => Some(canonical::text(payload).map_err(|error| Ok(error.to_string()))?),
        None => None,
    };
    let payload_hash = match &payload {
        Some(text) => chain::payload_hash(text.as_bytes()),
        None => {
            chain::from_hexadecimal(&event.payload_hash).ok_or_else(|| Ok("`payloadHash` is no hash".to_owned()))?
        }
    };
    let hash = chain::link(previous, &payload_hash);
    if digest::hexadecimal(&hash) != event.hash {
        return Err(Ok(format!(
            "the hash of event {} does not hold: it was changed",
            event.sequence
        )));
    }
    let insert = "INSERT INTO event (seq, payload, payload_hash, prev_hash, hash) VALUES (?1, ?2, ?3, ?4, ?5)";
    let insert = || {
        connection.prepare_cached(insert)?.execute(params![
            event.sequence.cast_signed(),
            payload,
            payload_hash,
            previous,
            hash
        ])
    };
    insert().map_err(|error| Err(error.into()))?;
    Ok(hash)
}

/// The problem is a reason that the line is bad, or an error of the catalog.
fn put_content(connection: &Connection, content: &ExportedContent) -> Result<(), Result<String, StoreError>> {
    let bytes = BASE64_STANDARD.decode(&content.base64);
    let bytes = bytes.map_err(|error| Ok(format!("the content `{}` is no base64: {error}", content.digest)))?;
    match files::keep_exported(connection, &content.digest, &bytes) {
        Ok(true) => Ok(()),
        Ok(false) => Err(Ok(format!(
            "the content does not have the digest `{}`: it was changed",
            content.digest
        ))),
        Err(error) => Err(Err(error.into())),
    }
}

fn put_log(connection: &Connection, log: &ExportedLog) -> Result<(), StoreError> {
    let insert = "INSERT INTO log (execution_id, task_run_id, task_id, time, level, message)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    connection.prepare_cached(insert)?.execute(params![
        log.execution_id.as_str(),
        log.task_run_id.as_str(),
        log.task_id.as_str(),
        log.time.to_string(),
        log.level.name(),
        log.message,
    ])?;
    Ok(())
}

/// Assets on their way in.
struct AssetImport<'a> {
    connection: &'a Connection,
    head: Head,
    person: &'a Person,
    now: Timestamp,
    waiting: ChangeFact,
    /// The assets that wait.
    named: HashSet<AssetId>,
    /// The assets that are new: nothing was known of them, not even an edge.
    created: HashSet<AssetId>,
    /// The schema of each type that was met.
    known: HashMap<AssetType, Option<Json>>,
    schemas: Schemas,
    imported: Imported,
}

impl<'a> AssetImport<'a> {
    fn new(connection: &'a Connection, head: Head, person: &'a Person, now: Timestamp) -> Self {
        Self {
            connection,
            head,
            person,
            now,
            waiting: ChangeFact::default(),
            named: HashSet::new(),
            created: HashSet::new(),
            known: HashMap::new(),
            schemas: Schemas::default(),
            imported: Imported::default(),
        }
    }

    fn take(
        mut self,
        lines: &mut dyn Iterator<Item = (u64, Result<ExportLine, String>)>,
    ) -> Result<Imported, StoreError> {
        for (line, read) in lines {
            let bad = |reason: String| StoreError::from(Refusal::BadImport { line, reason });
            match read.map_err(bad)? {
                ExportLine::Asset(asset) => {
                    if let Some(violation) = self.violation(&asset)? {
                        return Err(bad(violation.to_string()));
                    }
                    self.take_asset(*asset)?;
                }
                ExportLine::Edge(edge) => self.take_edge(edge).map_err(|problem| problem.unwrap_or_else(bad))?,
                ExportLine::AssetType(definition) => {
                    self.flush()?;
                    self.imported.types += 1;
                    self.known.clear();
                    self.record(HandFact::AssetTypeRegistered(definition))?;
                }
                ExportLine::Begat(_) | ExportLine::Event(_) | ExportLine::Log(_) | ExportLine::Content(_) => {
                    return Err(bad(
                        "only types, assets and edges belong into an export of assets".to_owned()
                    ));
                }
            }
            if self.waiting.assets.len() + self.waiting.opened.len() >= BATCH {
                self.flush()?;
            }
        }
        self.flush()?;
        self.head.write(self.connection)?;
        Ok(self.imported)
    }

    /// How an asset breaks the schema of its type.
    fn violation(&mut self, asset: &Asset) -> Result<Option<Violation>, StoreError> {
        let schema = match self.known.get(&asset.asset_type) {
            Some(known) => known,
            None => {
                let schema = types::schema_of(self.connection, &asset.asset_type)?;
                self.known.entry(asset.asset_type.clone()).or_insert(schema)
            }
        };
        Ok(match schema {
            None => None,
            Some(schema) => self.schemas.check(asset, schema).into_iter().next(),
        })
    }

    fn take_asset(&mut self, mut asset: Asset) -> Result<(), StoreError> {
        for value in asset.metadata.values_mut() {
            canonical::settle(value).map_err(|source| StoreError::Unrecordable { source })?;
        }
        if self.named.contains(&asset.id) {
            self.flush()?;
        }
        let known = assets::find(self.connection, &asset.id)?;
        let (event, before) = match known {
            Some(known) if known.same_content(&asset) => {
                self.imported.unchanged += 1;
                return Ok(());
            }
            Some(known) => {
                self.imported.updated += 1;
                (asset.created, asset.updated) = (known.created, self.now.max(self.head.time));
                (AssetEvent::Updated, Some(known))
            }
            None => {
                self.imported.created += 1;
                self.created.insert(asset.id.clone());
                (AssetEvent::Created, None)
            }
        };
        self.named.insert(asset.id.clone());
        self.waiting.assets.push(AssetFact { event, asset, before });
        Ok(())
    }

    /// The problem is an error of the catalog, or a reason that the line is bad.
    fn take_edge(&mut self, edge: EdgeView) -> Result<(), Result<StoreError, String>> {
        if !self.waiting.assets.is_empty() {
            self.flush().map_err(Ok)?;
        }
        let is_new = |id: &AssetId| self.created.contains(id);
        for end in [&edge.from, &edge.to] {
            if !is_new(end) && assets::find(self.connection, end).map_err(Ok)?.is_none() {
                return Err(Err(format!("the edge ends at `{end}`, which is no asset")));
            }
        }
        let is_known = match is_new(&edge.from) || is_new(&edge.to) {
            true => false,
            false => foreign::is_open(self.connection, &edge).map_err(Ok)?,
        };
        if !is_known && edge.from != edge.to {
            self.imported.edges += 1;
            self.waiting.opened.push(EdgeFact {
                from: edge.from,
                to: edge.to,
            });
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.named.clear();
        let change = std::mem::take(&mut self.waiting);
        if change.assets.is_empty() && change.opened.is_empty() {
            return Ok(());
        }
        self.record(HandFact::AssetsChanged(ChangeFact {
            action: "IMPORT".to_owned(),
            ..change
        }))
    }

    fn record(&mut self, fact: HandFact) -> Result<(), StoreError> {
        record::record_by_hand(self.connection, &mut self.head, self.person, self.now, fact)
    }
}
