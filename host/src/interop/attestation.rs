//! What an execution made and of what: an in-toto statement with SLSA provenance v1.
//!
//! A subject must have a digest. That of an asset is the sha256 of the canonical JSON (RFC 8785) of its version; that of a
//! file is the sha256 of its content.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::envelope::{self, Envelope};
use super::{PRODUCER, digest_of, without_nulls};
use crate::model::{AssetEvent, ExecutionDetailView, Json, PluginReference, ToldChange, ToldEvent, ToldKind};

const STATEMENT: &str = "https://in-toto.io/Statement/v1";
const PROVENANCE: &str = "https://slsa.dev/provenance/v1";
const PAYLOAD: &str = "application/vnd.in-toto+json";

/// Why there is no attestation, or why it does not hold.
#[derive(Debug, thiserror::Error)]
pub enum AttestationError {
    #[error("the execution has not ended")]
    NotEnded,
    #[error("the execution made nothing that could be attested: no asset and no file")]
    Nothing,
    #[error("the key cannot be used: {0}")]
    Key(String),
    #[error("this is no attestation: {0}")]
    Malformed(String),
    #[error("no signature of the attestation was made with this key")]
    Unsigned,
}

impl AttestationError {
    /// Something to do about it.
    pub fn hint(&self) -> Option<&'static str> {
        match self {
            Self::NotEnded => Some("go on with it first: `begat execution resume`"),
            Self::Key(_) => Some(
                "an Ed25519 key in PEM is needed: `openssl genpkey -algorithm ed25519 -out key.pem`, and for others \
                 `openssl pkey -in key.pem -pubout -out key.pub`",
            ),
            Self::Malformed(_) => Some("`begat execution attest ID --key FILE` writes one"),
            Self::Unsigned => Some("it was changed, or signed by someone else"),
            Self::Nothing => None,
        }
    }
}

/// One thing by its digest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Subject {
    pub name: String,
    pub digest: BTreeMap<String, String>,
}

impl Subject {
    fn new(name: String, sha256: String) -> Self {
        Self {
            name,
            digest: BTreeMap::from([("sha256".to_owned(), sha256)]),
        }
    }
}

/// A statement that was read back.
#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub subjects: Vec<Subject>,
    /// The execution, as the statement names it.
    pub execution: String,
    /// Names the key that it was signed with.
    pub key: String,
}

/// What an execution made and used, gathered from what is told of it.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    subjects: BTreeMap<String, Subject>,
    used: BTreeMap<String, Subject>,
}

impl Evidence {
    /// Takes what is told of the execution, in order. Of an asset that changed several times the last version counts.
    pub fn take(&mut self, event: &ToldEvent) {
        match &event.kind {
            ToldKind::AssetsChanged(change) => self.take_change(change),
            ToldKind::FileWritten { name, digest } => {
                let name = format!("file:{name}");
                self.subjects.insert(name.clone(), Subject::new(name, digest.clone()));
            }
            _ => {}
        }
    }

    fn take_change(&mut self, change: &ToldChange) {
        for (event, asset) in &change.assets {
            let name = format!("asset:{}", asset.id);
            let subject = Subject::new(name.clone(), digest_of(asset));
            match event {
                AssetEvent::Created | AssetEvent::Updated | AssetEvent::Restored => {
                    self.subjects.insert(name, subject);
                }
                AssetEvent::Used => {
                    if !self.subjects.contains_key(&name) {
                        self.used.insert(name, subject);
                    }
                }
                AssetEvent::Deleted => {
                    self.subjects.remove(&name);
                }
            }
        }
    }

    /// What was made.
    pub fn subjects(&self) -> Vec<Subject> {
        self.subjects.values().cloned().collect()
    }
}

/// The statement about an execution.
///
/// # Errors
/// When it has not ended, or made nothing.
pub fn statement(
    detail: &ExecutionDetailView,
    plugins: &[PluginReference],
    evidence: &Evidence,
) -> Result<Json, AttestationError> {
    let execution = &detail.execution;
    let end = execution.end_date.ok_or(AttestationError::NotEnded)?;
    if evidence.subjects.is_empty() {
        return Err(AttestationError::Nothing);
    }
    let flow = json!({"namespace": execution.namespace, "id": execution.flow_id});
    let mut dependencies = vec![json!({
        "name": format!("flow:{}.{}", execution.namespace, execution.flow_id),
        "digest": {"sha256": execution.flow_digest},
    })];
    dependencies.extend(plugins.iter().map(|plugin| {
        json!({"name": format!("plugin:{}@{}", plugin.name, plugin.version), "digest": {"sha256": plugin.digest}})
    }));
    let used = evidence.used.values();
    dependencies.extend(used.map(|used| json!({"name": used.name, "digest": used.digest})));
    let parent = execution.parent_id.as_ref().map(|id| json!({"execution": id}));
    Ok(json!({
        "_type": STATEMENT,
        "subject": evidence.subjects(),
        "predicateType": PROVENANCE,
        "predicate": {
            "buildDefinition": without_nulls(json!({
                "buildType": "urn:begat:execution:v1",
                "externalParameters": {"flow": flow, "inputs": execution.inputs, "labels": execution.labels},
                "internalParameters": parent,
                "resolvedDependencies": dependencies,
            })),
            "runDetails": {
                "builder": {"id": PRODUCER, "version": {"begat": env!("CARGO_PKG_VERSION")}},
                "metadata": {
                    "invocationId": execution.id, "startedOn": execution.start_date, "finishedOn": end,
                },
            },
        },
    }))
}

/// Signs a statement with an Ed25519 key in PKCS#8 PEM: a DSSE envelope.
///
/// # Errors
/// When the key is none.
pub fn sign(statement: &Json, pem: &str) -> Result<Json, AttestationError> {
    let text = serde_json_canonicalizer::to_string(statement);
    let text = text.map_err(|error| AttestationError::Malformed(error.to_string()))?;
    let envelope = envelope::sign(PAYLOAD, text.as_bytes(), pem)?;
    serde_json::to_value(envelope).map_err(|error| AttestationError::Malformed(error.to_string()))
}

/// Reads a signed statement and holds it against an Ed25519 public key in PEM.
///
/// # Errors
/// When it is none, or was not signed with that key.
pub fn verify(text: &str, pem: &str) -> Result<Statement, AttestationError> {
    #[derive(Deserialize)]
    struct Read {
        #[serde(rename = "_type")]
        kind: String,
        subject: Vec<Subject>,
        #[serde(rename = "predicateType")]
        predicate_type: String,
        predicate: Json,
    }
    let malformed = |error: serde_json::Error| AttestationError::Malformed(error.to_string());
    let envelope: Envelope = serde_json::from_str(text).map_err(malformed)?;
    if envelope.payload_type != PAYLOAD {
        let message = format!("its payload is `{}`, not `{PAYLOAD}`", envelope.payload_type);
        return Err(AttestationError::Malformed(message));
    }
    let (payload, key) = envelope::verify(&envelope, pem)?;
    let read: Read = serde_json::from_slice(&payload).map_err(malformed)?;
    if (read.kind.as_str(), read.predicate_type.as_str()) != (STATEMENT, PROVENANCE) {
        let message = format!("it is a `{}` with `{}`", read.kind, read.predicate_type);
        return Err(AttestationError::Malformed(message));
    }
    let execution = read.predicate["runDetails"]["metadata"]["invocationId"].as_str();
    let execution = execution.ok_or_else(|| AttestationError::Malformed("it names no execution".to_owned()))?;
    Ok(Statement {
        subjects: read.subject,
        execution: execution.to_owned(),
        key,
    })
}
