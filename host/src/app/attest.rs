//! Attestations of executions: written, signed, and held against a key and the catalog.

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use super::{App, AppError, ErrorKind};
use crate::interop::attestation::{self, AttestationError, Evidence, Subject};
use crate::model::{ExecutionDetailView, ExecutionId, Json};
use crate::store::{Catalog, ToldRange};

/// What an attestation turned out to be worth.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AttestationView {
    pub execution: String,
    /// Names the key it was signed with: sha256 of its SubjectPublicKeyInfo.
    pub key: String,
    pub subjects: Vec<Subject>,
    /// Whether the catalog knows the execution, and says the same of it.
    pub in_catalog: bool,
}

impl App {
    /// What an execution made and of what, as an in-toto statement; signed where a private key is given.
    pub fn attest(&self, execution: &str, key: Option<&Path>) -> Result<Json, AppError> {
        let catalog = self.catalog()?;
        let id = catalog.find_execution(execution)?;
        let detail = self.execution(id.as_str())?;
        let key = key.map(|path| read(path, "the key")).transpose()?;
        attested(&catalog, &detail, key.as_deref())
    }

    /// Holds an attestation against a public key, and against the catalog where that knows the execution.
    pub fn verify_attestation(&self, file: &Path, key: &Path) -> Result<AttestationView, AppError> {
        let statement = attestation::verify(&read(file, "the attestation")?, &read(key, "the key")?)?;
        let known = match self.settings.catalog.exists() {
            true => self.subjects_known(&statement.execution)?,
            false => None,
        };
        if let Some(known) = &known
            && *known != statement.subjects
        {
            let message =
                "the attestation was signed with this key, and the catalog says something else of the execution";
            return Err(AppError::refused(message).with_hint(format!(
                "`begat execution attest {}` shows what the catalog says",
                statement.execution
            )));
        }
        Ok(AttestationView {
            execution: statement.execution,
            key: statement.key,
            subjects: statement.subjects,
            in_catalog: known.is_some(),
        })
    }

    /// What the catalog says that an execution made; nothing where it does not know it.
    fn subjects_known(&self, execution: &str) -> Result<Option<Vec<Subject>>, AppError> {
        let Ok(id) = ExecutionId::parse(execution) else {
            return Ok(None);
        };
        let catalog = self.catalog()?;
        if catalog.execution(&id)?.is_none() {
            return Ok(None);
        }
        Ok(Some(evidence(&catalog, &id)?.subjects()))
    }
}

/// Where the attestation of a run goes.
#[derive(Debug, Clone)]
pub struct AttestTo {
    pub file: PathBuf,
    /// The file of the private key to sign with.
    pub key: Option<PathBuf>,
}

impl AttestTo {
    /// Reads the key and tries it, so that nothing runs whose attestation could not be signed. What an earlier run left
    /// in the place of the attestation is removed: it says nothing of the one to come.
    pub(super) fn prepare(&self) -> Result<Option<String>, AppError> {
        let key = self.key.as_deref().map(|path| read(path, "the key")).transpose()?;
        if let Some(key) = &key {
            attestation::sign(&Json::Null, key)?;
        }
        match std::fs::remove_file(&self.file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                Err(AppError::refused(format!("removing the attestation `{}`", self.file.display())).because(&error))
            }
            _ => Ok(key),
        }
    }

    /// Writes the attestation of an execution that ended; gives why there is none where it made nothing.
    pub(super) fn write(
        &self,
        catalog: &Catalog,
        detail: &ExecutionDetailView,
        key: Option<&str>,
    ) -> Result<Option<String>, AppError> {
        let text = match attested(catalog, detail, key) {
            Ok(attested) => format!("{attested:#}\n"),
            Err(error) if error.kind == ErrorKind::Refused => return Ok(Some(error.message)),
            Err(error) => return Err(error),
        };
        let folder = self.file.parent().filter(|folder| !folder.as_os_str().is_empty());
        let made = folder.map_or(Ok(()), std::fs::create_dir_all);
        let written = made.and_then(|()| std::fs::write(&self.file, text));
        written.map(|()| None).map_err(|error| {
            let path = self.file.display();
            AppError {
                kind: ErrorKind::Host,
                ..AppError::refused(format!(
                    "the flow ran, and its attestation cannot be written to `{path}`"
                ))
            }
            .because(&error)
        })
    }
}

fn attested(catalog: &Catalog, detail: &ExecutionDetailView, key: Option<&str>) -> Result<Json, AppError> {
    let id = &detail.execution.id;
    let plugins = catalog
        .beginning(id)?
        .map(|beginning| beginning.plugins)
        .unwrap_or_default();
    let statement = attestation::statement(detail, &plugins, &evidence(catalog, id)?)?;
    match key {
        None => Ok(statement),
        Some(key) => Ok(attestation::sign(&statement, key)?),
    }
}

fn evidence(catalog: &Catalog, id: &ExecutionId) -> Result<Evidence, AppError> {
    let range = ToldRange {
        execution: Some(id.clone()),
        ..ToldRange::default()
    };
    let mut evidence = Evidence::default();
    let told = catalog.tell(&range, &mut |event| {
        evidence.take(&event);
        ControlFlow::Continue(())
    })?;
    match told.pruned {
        0 => Ok(evidence),
        _ => Err(
            AppError::refused(format!("what execution `{id}` made was pruned in part"))
                .with_hint("attest executions before `begat catalog prune`"),
        ),
    }
}

fn read(path: &Path, what: &str) -> Result<String, AppError> {
    std::fs::read_to_string(path)
        .map_err(|error| AppError::refused(format!("reading {what} `{}`", path.display())).because(&error))
}

impl From<AttestationError> for AppError {
    fn from(error: AttestationError) -> Self {
        let hint = error.hint().map(str::to_owned);
        Self {
            hint,
            ..Self::refused(error.to_string())
        }
    }
}
