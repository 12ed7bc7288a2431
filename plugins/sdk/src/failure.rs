//! Why a plugin's call failed.

use crate::JsonMap;
use crate::bindings::types;

/// What kind of failure it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FailureKind {
    /// The properties make no sense.
    InvalidProperties,
    /// The work was tried and did not succeed.
    Failed,
    /// Something was needed that is not granted.
    NotGranted,
    /// A service or a thing needed is missing for now.
    Unavailable,
    /// Something did not answer in time.
    TimedOut,
    /// Any other kind, by name.
    Other(String),
}

/// A failure that the operator will read.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    /// What kind it is.
    pub kind: FailureKind,
    /// What happened, where, and what to do.
    pub message: String,
    /// Whether the same call may succeed later.
    pub retryable: bool,
    /// Facts for programs, recorded as outputs of the failed run.
    pub details: JsonMap,
}

impl Failure {
    /// The work was tried and did not succeed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::of(FailureKind::Failed, message)
    }

    /// The properties make no sense.
    pub fn invalid_properties(message: impl Into<String>) -> Self {
        Self::of(FailureKind::InvalidProperties, message)
    }

    /// Something was needed that is not granted.
    pub fn not_granted(message: impl Into<String>) -> Self {
        Self::of(FailureKind::NotGranted, message)
    }

    /// The task was told to stop, and did.
    pub fn stopped() -> Self {
        Self::of(
            FailureKind::Other("stopped".to_owned()),
            "it was told to stop, and stopped before it was done",
        )
    }

    /// A failure of a kind. It is retryable when something was missing for now or did not answer.
    pub fn of(kind: FailureKind, message: impl Into<String>) -> Self {
        let retryable = matches!(kind, FailureKind::Unavailable | FailureKind::TimedOut);
        Self {
            kind,
            message: message.into(),
            retryable,
            details: JsonMap::new(),
        }
    }

    /// The same failure with one more fact.
    pub fn with(mut self, key: &str, value: impl Into<serde_json::Value>) -> Self {
        self.details.insert(key.to_owned(), value.into());
        self
    }
}

impl From<Failure> for types::Failure {
    fn from(failure: Failure) -> Self {
        let kind = match failure.kind {
            FailureKind::InvalidProperties => types::FailureKind::InvalidProperties,
            FailureKind::Failed => types::FailureKind::Failed,
            FailureKind::NotGranted => types::FailureKind::NotGranted,
            FailureKind::Unavailable => types::FailureKind::Unavailable,
            FailureKind::TimedOut => types::FailureKind::TimedOut,
            FailureKind::Other(name) => types::FailureKind::Other(name),
        };
        let details = (!failure.details.is_empty()).then(|| serde_json::Value::Object(failure.details).to_string());
        Self {
            kind,
            message: failure.message,
            retryable: failure.retryable,
            details,
        }
    }
}
