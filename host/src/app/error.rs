//! Why a verb could not be carried out, sorted by who can do something about it.

use std::error::Error;

use crate::author::AuthorError;
use crate::config::ConfigError;
use crate::model::{Diagnostic, RecordError, Severity, Source};
use crate::run::RunError;
use crate::sandbox::SandboxError;
use crate::store::StoreError;
use crate::supply::SupplyError;

/// Whose turn it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// The request was wrong or is refused; nothing ran.
    Refused,
    /// The host could not do its work.
    Host,
}

/// The findings about one source text.
#[derive(Debug, Clone)]
pub struct Report {
    pub source: Source,
    pub diagnostics: Vec<Diagnostic>,
}

/// Why a verb could not be carried out.
#[derive(Debug)]
pub struct AppError {
    pub kind: ErrorKind,
    pub message: String,
    /// What led to it, nearest first.
    pub causes: Vec<String>,
    /// Something to do about it.
    pub hint: Option<String>,
    /// The findings behind it, where a flow was refused.
    pub report: Option<Report>,
}

impl AppError {
    /// The request is refused.
    pub fn refused(message: impl Into<String>) -> Self {
        Self {
            kind: ErrorKind::Refused,
            message: message.into(),
            causes: Vec::new(),
            hint: None,
            report: None,
        }
    }

    /// The request is refused for what was found in a text.
    pub(super) fn about(message: &str, report: Report) -> Self {
        let is_error = |finding: &&Diagnostic| finding.severity == Severity::Error;
        let count = report.diagnostics.iter().filter(is_error).count();
        let noun = if count == 1 { "problem" } else { "problems" };
        Self {
            report: Some(report),
            ..Self::refused(format!("{message}: {count} {noun}"))
        }
    }

    /// The same error with something to do.
    pub fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    /// The same error with what led to it.
    pub fn because(mut self, cause: &dyn Error) -> Self {
        let mut next = Some(cause);
        while let Some(error) = next {
            let words = error.to_string();
            // SQLite's errors say everything twice.
            if !self.causes.last().is_some_and(|last| words.ends_with(last.as_str())) {
                self.causes.push(words);
            }
            next = error.source();
        }
        self
    }

    pub(super) fn host(error: &dyn Error) -> Self {
        let base = Self {
            kind: ErrorKind::Host,
            ..Self::refused(error.to_string())
        };
        match error.source() {
            Some(cause) => base.because(cause),
            None => base,
        }
    }
}

impl From<StoreError> for AppError {
    fn from(error: StoreError) -> Self {
        let kind = match &error {
            StoreError::Missing { .. } | StoreError::NoExecution { .. } | StoreError::AmbiguousExecution { .. } => {
                ErrorKind::Refused
            }
            StoreError::Refused(_) | StoreError::BackupExists { .. } => ErrorKind::Refused,
            _ => ErrorKind::Host,
        };
        let hint = match &error {
            StoreError::Refused(refusal) => refusal.hint(),
            _ => None,
        };
        Self {
            kind,
            hint: hint.or_else(|| error.hint().map(str::to_owned)),
            ..Self::host(&error)
        }
    }
}

impl From<ConfigError> for AppError {
    fn from(error: ConfigError) -> Self {
        let refused = Self::refused(error.to_string());
        let refused = match error.source() {
            Some(cause) => refused.because(cause),
            None => refused,
        };
        Self {
            hint: error.hint().map(str::to_owned),
            ..refused
        }
    }
}

impl From<RecordError> for AppError {
    fn from(error: RecordError) -> Self {
        Self::host(&error)
    }
}

impl From<RunError> for AppError {
    fn from(error: RunError) -> Self {
        let RunError::Record { execution, .. } = &error;
        let hint = format!("when that is put right, `begat execution resume {execution}` goes on with it");
        Self::host(&error).with_hint(hint)
    }
}

impl From<AuthorError> for AppError {
    fn from(error: AuthorError) -> Self {
        let kind = match &error {
            AuthorError::Write { .. } => ErrorKind::Host,
            _ => ErrorKind::Refused,
        };
        let hint = error.hint().map(str::to_owned);
        Self {
            kind,
            hint,
            ..Self::host(&error)
        }
    }
}

impl From<SupplyError> for AppError {
    fn from(error: SupplyError) -> Self {
        let kind = match &error {
            SupplyError::Write { .. } => ErrorKind::Host,
            _ => ErrorKind::Refused,
        };
        Self {
            kind,
            hint: error.hint(),
            ..Self::host(&error)
        }
    }
}

impl From<SandboxError> for AppError {
    fn from(error: SandboxError) -> Self {
        let kind = match &error {
            SandboxError::Engine(_) | SandboxError::Cache { .. } => ErrorKind::Host,
            SandboxError::Policy(_)
            | SandboxError::ReadFolder { .. }
            | SandboxError::ReadPlugin { .. }
            | SandboxError::TooLarge { .. }
            | SandboxError::NotAComponent { .. }
            | SandboxError::Compile { .. }
            | SandboxError::CompileTime { .. }
            | SandboxError::Skew { .. }
            | SandboxError::Link { .. }
            | SandboxError::Describe { .. }
            | SandboxError::Changed { .. }
            | SandboxError::NotPinned { .. }
            | SandboxError::SameName { .. }
            | SandboxError::ReservedName { .. }
            | SandboxError::SameType { .. } => ErrorKind::Refused,
        };
        let hint = error.hint().map(str::to_owned);
        Self {
            kind,
            hint,
            ..Self::host(&error)
        }
    }
}
