//! Every event of the log, whoever it is owed to: an execution, or a person at the command line.

use rusqlite::Connection;
use serde::{Deserialize, Serialize};

use crate::model::{AssetType, AssetTypeDefinition, Json, Person, Timestamp};

use super::apply::{self, Origin};
use super::chain::Head;
use super::change::{self, ChangeFact};
use super::payload::{self, Entry};
use super::{StoreError, earlier, prune, types};

/// One event that a person caused.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct HandEntry {
    pub seq: i64,
    pub time: Timestamp,
    pub clock: Timestamp,
    pub actor: Person,
    #[serde(flatten)]
    pub fact: HandFact,
}

/// What a person did.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all_fields = "camelCase")]
pub(super) enum HandFact {
    AssetsChanged(ChangeFact),
    AssetTypeRegistered(AssetTypeDefinition),
    AssetTypeRemoved {
        name: AssetType,
    },
    /// Rows of one table as they were when the event `through` of the snapshot was the last.
    SnapshotPart {
        table: String,
        rows: Vec<Vec<Json>>,
    },
    /// All parts since `first_part` belong together; what was said up to `through` may be dropped.
    SnapshotTaken {
        through: i64,
        through_time: Timestamp,
        first_part: i64,
        /// Which schema the rows are of.
        #[serde(default = "earlier::before_it_was_said")]
        schema: i64,
    },
}

/// One event, read back.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Recorded {
    Hand(Box<HandEntry>),
    Run(Box<Entry>),
}

impl Recorded {
    /// Reads an event back from its text.
    pub(super) fn decode(text: &str) -> Result<Self, serde_json::Error> {
        #[derive(Deserialize)]
        struct Marked {
            actor: Mark,
        }
        #[derive(Deserialize)]
        struct Mark {
            user: Option<String>,
        }
        let marked: Marked = serde_json::from_str(text)?;
        match marked.actor.user {
            Some(_) => payload::decode(text).map(Self::Hand),
            None => payload::decode(text).map(Self::Run),
        }
    }

    pub(super) fn time(&self) -> Timestamp {
        match self {
            Self::Hand(entry) => entry.time,
            Self::Run(entry) => entry.time,
        }
    }

    /// Carries the event over into the tables.
    pub(super) fn apply(&self, connection: &Connection) -> Result<(), StoreError> {
        match self {
            Self::Hand(entry) => apply_by_hand(connection, entry),
            Self::Run(entry) => apply::apply(connection, entry),
        }
    }
}

/// Carries what a person did over into the tables.
pub(super) fn apply_by_hand(connection: &Connection, entry: &HandEntry) -> Result<(), StoreError> {
    let origin = Origin {
        seq: entry.seq,
        time: entry.time,
        actor: None,
        person: Some(&entry.actor),
    };
    match &entry.fact {
        HandFact::AssetsChanged(change) => change::apply(connection, &origin, change),
        HandFact::AssetTypeRegistered(definition) => types::put(connection, definition),
        HandFact::AssetTypeRemoved { name } => types::remove(connection, name),
        HandFact::SnapshotPart { .. } => Ok(()),
        HandFact::SnapshotTaken { through, .. } => prune::note(connection, entry.seq, *through),
    }
}

/// Links what a person did to the chain and carries it over into the tables. The caller writes the head.
pub(super) fn record_by_hand(
    connection: &Connection,
    head: &mut Head,
    person: &Person,
    now: Timestamp,
    fact: HandFact,
) -> Result<(), StoreError> {
    let entry = HandEntry {
        seq: head.seq + 1,
        time: now.max(head.time),
        clock: now,
        actor: person.clone(),
        fact,
    };
    let text = payload::encode(&entry)?;
    *head = super::chain::append(connection, head, (entry.seq, entry.time), &text)?;
    apply_by_hand(connection, &entry)
}

/// What the end of an event's text says of it, read without the rest: its keys are in the order of the alphabet.
pub(super) struct Tail<'a> {
    pub kind: &'a str,
    pub seq: i64,
    pub time: Timestamp,
}

impl<'a> Tail<'a> {
    /// Reads the end of a canonical text.
    pub(super) fn read(text: &'a str) -> Option<Self> {
        let start = text.rfind(",\"kind\":\"")?;
        let (kind, rest) = text[start..].strip_prefix(",\"kind\":\"")?.split_once("\",\"seq\":")?;
        let (seq, rest) = rest.split_once(",\"time\":\"")?;
        let time = rest.strip_suffix("\"}")?;
        Some(Self {
            kind,
            seq: seq.parse().ok()?,
            time: time.parse().ok()?,
        })
    }
}
