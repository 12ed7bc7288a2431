//! What templates may ask of the world around them. The room reaches for nothing itself: whoever renders a template
//! answers, and decides what was granted.

use super::error::Problem;
use super::value::Value;

/// Answers what `env()`, `secret()`, `kv()`, `read()` and `errorLogs()` ask. What is not overridden is refused.
pub trait Surroundings: Send + Sync {
    /// The environment variable of that name; nothing where it is not set.
    fn environment(&self, name: &str) -> Result<Option<String>, Refusal> {
        Err(Refusal::environment(name))
    }

    /// The secret of that key; nothing where there is none.
    fn secret(&self, key: &str, _namespace: Option<&str>) -> Result<Option<String>, Refusal> {
        Err(Refusal::secret(key))
    }

    /// The value under that key of the key-value store; nothing where there is none.
    fn key_value(&self, _key: &str, _namespace: Option<&str>) -> Result<Option<Value>, Refusal> {
        Err(Refusal::Failed("there is no key-value store here".to_owned()))
    }

    /// The size in bytes of one of the execution's own files; nothing where it does not exist.
    fn file_size(&self, path: &str) -> Result<Option<u64>, Refusal> {
        Err(Refusal::file(path))
    }

    /// The content of such a file, asked for only after its size was.
    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        Err(Refusal::file(path))
    }

    /// What the execution has logged as errors so far, the oldest first.
    fn error_logs(&self) -> Result<Vec<Value>, Refusal> {
        Err(Refusal::Failed("there are no logs here".to_owned()))
    }
}

/// The surroundings of a scope that was given none: they refuse everything.
pub(super) struct Nothing;

impl Surroundings for Nothing {}

/// Why the surroundings gave nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It needs a grant, written as after `--allow`, such as `env=HOME`.
    #[error("{what} is not granted")]
    NotGranted { what: String, grant: Option<String> },
    /// It was granted, and failed.
    #[error("{0}")]
    Failed(String),
}

impl Refusal {
    /// Refuses an environment variable that is not granted.
    pub fn environment(name: &str) -> Self {
        let what = format!("the environment variable `{name}`");
        Self::not_granted(what, format!("env={name}"))
    }

    /// Refuses a secret that is not granted.
    pub fn secret(key: &str) -> Self {
        Self::not_granted(format!("the secret `{key}`"), format!("secret={key}"))
    }

    /// Refuses a file that is not the execution's own.
    pub fn file(path: &str) -> Self {
        let what = format!("the file `{path}`");
        Self::NotGranted { what, grant: None }
    }

    fn not_granted(what: String, grant: String) -> Self {
        let grant = Some(grant);
        Self::NotGranted { what, grant }
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let message = refusal.to_string();
        let (code, hint) = match refusal {
            Refusal::NotGranted { grant: Some(grant), .. } => {
                let hint = format!("nothing is granted by default; grant it with `--allow {grant}`");
                ("not-granted", Some(hint))
            }
            Refusal::NotGranted { grant: None, .. } => {
                let hint = "expressions see only the files of their own execution".to_owned();
                ("not-granted", Some(hint))
            }
            Refusal::Failed(_) => ("surroundings", None),
        };
        Problem { code, message, hint }
    }
}
