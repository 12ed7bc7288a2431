//! The written form of an event in the log: one type, and one conversion each way.
//!
//! A payload is canonical JSON with the sequence number, time and actor inside, so that its hash covers them.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::model::{
    Actor, Asset, AssetEvent, AssetId, ExecutionId, GrantKind, Json, JsonMap, Namespace, Origin, PluginReference,
    State, TaskRunId, Timestamp,
};

use super::change::ChangeFact;
use super::{StoreError, canonical};

/// One event of the log.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Entry {
    pub seq: i64,
    /// When it was recorded: the clock, but never before the event ahead of it.
    pub time: Timestamp,
    /// What the clock said.
    pub clock: Timestamp,
    pub actor: Actor,
    #[serde(flatten)]
    pub fact: Fact,
}

/// What happened, with everything the tables need to know of it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "data", rename_all_fields = "camelCase")]
pub(super) enum Fact {
    ExecutionStarted(StartFact),
    TaskRunStarted(TaskStartFact),
    LineageRecorded(LineageFact),
    TaskRunRetried {
        attempt: u32,
        error: String,
    },
    TaskRunPaused {},
    TaskRunFinished(FinishFact),
    /// A task changed the catalog itself.
    AssetsChanged(ChangeFact),
    LabelsAdded {
        labels: JsonMap,
    },
    KeySet(KeyFact),
    KeyDeleted {
        namespace: Namespace,
        key: String,
    },
    FileWritten {
        name: String,
        digest: String,
        size: u64,
    },
    GrantUsed {
        grant: GrantKind,
        target: String,
    },
    ExecutionPaused {},
    ExecutionResumed {},
    ExecutionFinished(EndFact),
}

/// How an execution began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct StartFact {
    pub inputs: JsonMap,
    pub labels: JsonMap,
    /// The flow's source text, unless an earlier event holds it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    /// The execution whose task started this one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ExecutionId>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub plugins: Vec<PluginReference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
}

/// How an execution ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct EndFact {
    pub state: State,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default, skip_serializing_if = "JsonMap::is_empty")]
    pub outputs: JsonMap,
}

/// How a task run began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TaskStartFact {
    pub task_type: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<TaskRunId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub iteration: Option<u64>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_stub: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Json>,
}

/// A value under a key.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct KeyFact {
    pub namespace: Namespace,
    pub key: String,
    pub value: Json,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires: Option<Timestamp>,
}

fn one() -> u32 {
    1
}

fn is_one(number: &u32) -> bool {
    *number == 1
}

/// How a task run ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct FinishFact {
    pub state: State,
    pub outputs: JsonMap,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
    #[serde(default = "one", skip_serializing_if = "is_one")]
    pub attempts: u32,
    pub log_lines: u64,
    pub log_digest: String,
}

/// What a task run did to assets, settled against what the catalog knew then.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct LineageFact {
    pub state: State,
    /// Each asset touched, once, in the order it was declared.
    pub assets: Vec<AssetFact>,
    pub bundles: Vec<BundleFact>,
}

/// What happened to one asset.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct AssetFact {
    pub event: AssetEvent,
    /// The asset afterwards.
    pub asset: Asset,
    /// The asset as it was, where its content changed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<Asset>,
}

/// Which assets were declared together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BundleFact {
    pub inputs: Vec<AssetId>,
    pub outputs: Vec<AssetId>,
}

/// The key beside `data` that lists the integers written as text.
const INTEGERS: &str = "integers";

impl Entry {
    /// Writes the entry as canonical text.
    pub(super) fn encode(&self) -> Result<String, StoreError> {
        encode(self)
    }

    /// Reads an entry back from its text.
    #[cfg(test)]
    pub(super) fn decode(text: &str) -> Result<Self, serde_json::Error> {
        decode(text)
    }
}

/// Writes an event as canonical text.
pub(super) fn encode(event: &impl Serialize) -> Result<String, StoreError> {
    let unrecordable = |source| StoreError::Unrecordable { source };
    let mut value = serde_json::to_value(event).map_err(unrecordable)?;
    let places = canonical::set_integers_aside(&mut value);
    if let Json::Object(map) = &mut value
        && !places.is_empty()
    {
        map.insert(INTEGERS.to_owned(), Json::from(places));
    }
    canonical::text(&value).map_err(unrecordable)
}

/// Reads the tree of an event back from its text.
pub(super) fn decode<T: DeserializeOwned>(text: &str) -> Result<T, serde_json::Error> {
    let mut value: Json = serde_json::from_str(text)?;
    let places = value.as_object_mut().and_then(|map| map.shift_remove(INTEGERS));
    if let Some(places) = places {
        let places: Vec<String> = serde_json::from_value(places)?;
        canonical::restore_integers(&mut value, &places)?;
    }
    serde_json::from_value(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::fixtures;

    fn started_with(inputs: &Json) -> Entry {
        let inputs = inputs.as_object().unwrap().clone();
        let fact = Fact::ExecutionStarted(StartFact {
            inputs,
            labels: JsonMap::new(),
            source: Some("id: x\n".into()),
            parent: None,
            plugins: Vec::new(),
            origin: None,
        });
        let actor = (*fixtures::actor(1)).clone();
        Entry {
            seq: 3,
            time: fixtures::time(5),
            clock: fixtures::time(4),
            actor,
            fact,
        }
    }

    #[test]
    fn an_entry_reads_back_as_it_was_written() {
        let inputs =
            json!({"id": 4567890123456789012_u64, "name": "web", "list": [1.5, {"deep": -9007199254740993_i64}]});
        let entry = started_with(&inputs);
        let text = entry.encode().unwrap();
        assert!(
            text.contains(r#""integers":["/data/inputs/id","/data/inputs/list/1/deep"]"#),
            "{text}"
        );
        assert_eq!(Entry::decode(&text).unwrap(), entry);
    }
}
