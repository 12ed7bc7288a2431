//! What expressions of a run may ask of the world: the key-value store, the execution's own files and its errors. The
//! environment and secrets need grants.

use std::sync::{Arc, Mutex, PoisonError};

use serde_json::json;

use crate::expr::{Refusal, Surroundings, Value};
use crate::model::{
    Actor, CatalogReader, ExecutionId, GrantKind, Grants, Namespace, RecordError, RunEvent, RunEventKind, TaskId,
    Timestamp, UsedGrant, clock,
};
use crate::sandbox::{Keyring, SecretFailure};

use super::journal::EventWriter;

/// How many errors `errorLogs()` tells at most, the oldest of them.
const ERRORS: usize = 1_000;

/// The addresses of an execution's files begin so.
pub(super) const FILES: &str = "begat:///";

/// What went wrong in an execution so far.
#[derive(Clone, Default)]
pub(super) struct ErrorLog(Arc<Mutex<Vec<Value>>>);

impl ErrorLog {
    pub(super) fn add(&self, task: &TaskId, time: Timestamp, message: &str) {
        let mut errors = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if errors.len() < ERRORS {
            errors.push(Value::from(
                json!({"taskId": task, "message": message, "timestamp": time, "level": "ERROR"}),
            ));
        }
    }

    fn all(&self) -> Vec<Value> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The surroundings of one execution.
#[derive(Clone)]
pub(super) struct OwnSurroundings {
    pub catalog: Arc<dyn CatalogReader>,
    pub namespace: Namespace,
    pub execution: ExecutionId,
    /// The executions that this one does again, the latest first. What was kept of them may name their files.
    pub origins: Arc<[ExecutionId]>,
    pub errors: ErrorLog,
    pub rights: Arc<Rights>,
}

/// What expressions are granted, and who hears when they use it.
pub(super) struct Rights {
    pub grants: Grants,
    pub secrets: Arc<Keyring>,
    pub writer: EventWriter,
    pub actor: Arc<Actor>,
    /// Uses that were told of: expressions are rendered over and over.
    pub told: Mutex<Vec<UsedGrant>>,
}

impl Rights {
    fn used(&self, kind: GrantKind, target: &str) {
        let used = UsedGrant {
            kind,
            target: target.to_owned(),
        };
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.contains(&used) {
            return;
        }
        told.push(used.clone());
        self.writer.write(vec![RunEvent {
            time: clock::now(),
            actor: self.actor.clone(),
            kind: RunEventKind::GrantUsed(used),
        }]);
    }
}

impl OwnSurroundings {
    /// The address of a file of this execution.
    pub(super) fn address(&self, name: &str) -> String {
        format!("{FILES}{}/{name}", self.execution)
    }

    /// The content of a file by its address or name; files of other executions are refused.
    pub(super) fn read(&self, path: &str) -> Result<Option<Vec<u8>>, Refusal> {
        let mut owners = std::iter::once(&self.execution).chain(self.origins.iter());
        let Some(rest) = path.strip_prefix(FILES) else {
            for owner in owners {
                let found = self.catalog.file(owner, path).map_err(failed)?;
                if found.is_some() {
                    return Ok(found);
                }
            }
            return Ok(None);
        };
        let (execution, name) = rest.split_once('/').ok_or_else(|| Refusal::file(path))?;
        let owner = owners.find(|owner| owner.as_str() == execution);
        let owner = owner.ok_or_else(|| Refusal::file(path))?;
        self.catalog.file(owner, name).map_err(failed)
    }
}

fn failed(error: RecordError) -> Refusal {
    Refusal::Failed(error.message)
}

impl Surroundings for OwnSurroundings {
    fn environment(&self, name: &str) -> Result<Option<String>, Refusal> {
        if self.rights.grants.named(GrantKind::Env, name).is_none() {
            return Err(Refusal::environment(name));
        }
        self.rights.used(GrantKind::Env, name);
        Ok(std::env::var(name).ok())
    }

    fn secret(&self, key: &str, _namespace: Option<&str>) -> Result<Option<String>, Refusal> {
        if self.rights.grants.named(GrantKind::Secret, key).is_none() {
            return Err(Refusal::secret(key));
        }
        match self.rights.secrets.reveal(key) {
            Ok(text) => {
                self.rights.used(GrantKind::Secret, key);
                Ok(Some(text))
            }
            Err(SecretFailure::NotSet { .. }) => Ok(None),
            Err(failure) => Err(Refusal::Failed(failure.to_string())),
        }
    }

    fn key_value(&self, key: &str, namespace: Option<&str>) -> Result<Option<Value>, Refusal> {
        let namespace = match namespace {
            None => self.namespace.clone(),
            Some(name) => Namespace::parse(name).map_err(|error| Refusal::Failed(error.to_string()))?,
        };
        let found = self.catalog.key_value(&namespace, key).map_err(failed)?;
        Ok(found.map(Value::from))
    }

    fn file_size(&self, path: &str) -> Result<Option<u64>, Refusal> {
        Ok(self.read(path)?.map(|content| content.len() as u64))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        self.read(path)?.ok_or_else(|| Refusal::file(path))
    }

    fn error_logs(&self) -> Result<Vec<Value>, Refusal> {
        Ok(self.errors.all())
    }
}
