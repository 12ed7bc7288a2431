//! Secrets by name: where each comes from, and its text once it was asked for. Whatever is revealed is masked from
//! then on.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::model::{Masker, SHORTEST_SECRET, SecretOrigin};

/// The longest secret, in bytes.
const SIZE: u64 = 64 * 1024;
/// How long a command may take to give a secret.
const COMMAND_TIME: Duration = Duration::from_secs(30);

/// All secrets that the operator named.
#[derive(Default)]
pub struct Keyring {
    origins: BTreeMap<String, SecretOrigin>,
    known: Mutex<HashMap<String, String>>,
    masker: Masker,
}

/// Why a secret is not to be had. The words never hold any part of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SecretFailure {
    #[error("the secret `{0}` has no origin: add `[secrets.{0}]` with `env`, `file` or `command` to begat.toml")]
    NoOrigin(String),
    #[error("the secret `{name}` is not set: {reason}")]
    NotSet { name: String, reason: String },
    #[error("the secret `{name}` cannot be had: {reason}")]
    Failed { name: String, reason: String },
}

impl Keyring {
    pub fn new(origins: BTreeMap<String, SecretOrigin>) -> Self {
        Self {
            origins,
            ..Self::default()
        }
    }

    /// Secrets that are known from the beginning, as a test gives them.
    pub(super) fn of_texts(texts: BTreeMap<String, String>) -> Self {
        let keyring = Self::default();
        texts.values().for_each(|text| keyring.masker.learn(text));
        Self {
            known: Mutex::new(texts.into_iter().collect()),
            ..keyring
        }
    }

    /// Masks every secret that was revealed.
    pub fn masker(&self) -> &Masker {
        &self.masker
    }

    /// The text of a secret. It is fetched once in a process; may wait for a command.
    ///
    /// # Errors
    /// When it has no origin, is not set there, or is too long or too short to be masked.
    pub fn reveal(&self, name: &str) -> Result<String, SecretFailure> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(text) = known.get(name) {
            return Ok(text.clone());
        }
        let origin = self
            .origins
            .get(name)
            .ok_or_else(|| SecretFailure::NoOrigin(name.to_owned()))?;
        let text = fetch(name, origin)?;
        if text.chars().count() < SHORTEST_SECRET {
            return Err(SecretFailure::Failed {
                name: name.to_owned(),
                reason: format!("it is shorter than {SHORTEST_SECRET} characters, so that it could not be masked"),
            });
        }
        self.masker.learn(&text);
        known.insert(name.to_owned(), text.clone());
        Ok(text)
    }
}

fn fetch(name: &str, origin: &SecretOrigin) -> Result<String, SecretFailure> {
    let not_set = |reason: String| SecretFailure::NotSet {
        name: name.to_owned(),
        reason,
    };
    let failed = |reason: String| SecretFailure::Failed {
        name: name.to_owned(),
        reason,
    };
    let bytes = match origin {
        SecretOrigin::Environment(variable) => match std::env::var(variable) {
            Ok(text) if !text.is_empty() => return Ok(text),
            _ => {
                return Err(not_set(format!(
                    "the environment variable `{variable}` is empty or no text"
                )));
            }
        },
        SecretOrigin::File(path) => of_file(path).map_err(not_set)?,
        SecretOrigin::Command(command) => of_command(command).map_err(failed)?,
    };
    let text = String::from_utf8(bytes).map_err(|_| failed("it is no UTF-8 text".to_owned()))?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(text.strip_suffix('\r').unwrap_or(text).to_owned())
}

fn of_file(path: &Path) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("reading `{}`: {error}", path.display());
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(failed)?;
    file.take(SIZE + 1).read_to_end(&mut bytes).map_err(failed)?;
    match bytes.len() as u64 > SIZE {
        true => Err(format!("`{}` has more than {SIZE} bytes", path.display())),
        false => Ok(bytes),
    }
}

/// What a program of the operator's writes. It runs as the operator would run it.
fn of_command(command: &[String]) -> Result<Vec<u8>, String> {
    let (program, arguments) = command.split_first().ok_or("the command is empty")?;
    let mut child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .process_group(0)
        .spawn()
        .map_err(|error| format!("starting `{program}`: {error}"))?;
    let stdout = child.stdout.take();
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let read = stdout.map(|stdout| stdout.take(SIZE + 1).read_to_end(&mut bytes));
        read.transpose().map(|_| bytes)
    });
    let start = Instant::now();
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if start.elapsed() < COMMAND_TIME && !reader.is_finished() => {
                std::thread::sleep(Duration::from_millis(2));
            }
            Ok(None) if start.elapsed() < COMMAND_TIME => std::thread::sleep(Duration::from_millis(2)),
            _ => {
                super::process::kill_group(child.id());
                // It is gone or about to be.
                drop(child.wait());
                return Err(format!("`{program}` took longer than {} s", COMMAND_TIME.as_secs()));
            }
        }
    };
    let bytes = reader.join().map_err(|_| "its output could not be read".to_owned())?;
    let bytes = bytes.map_err(|error| format!("reading what `{program}` writes: {error}"))?;
    match (status.success(), bytes.len() as u64 > SIZE) {
        // Then it may have ended because nobody reads on.
        (_, true) => Err(format!("`{program}` writes more than {SIZE} bytes")),
        (false, false) => Err(format!("`{program}` ended with {status}")),
        (true, false) => Ok(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reveal(origin: SecretOrigin) -> Result<String, String> {
        let keyring = Keyring::new([("TOKEN".to_owned(), origin)].into());
        let text = keyring.reveal("TOKEN").map_err(|failure| failure.to_string());
        if let Ok(text) = &text {
            assert_eq!(keyring.masker().mask(text), crate::model::MASK);
        }
        text
    }

    fn command(words: &[&str]) -> SecretOrigin {
        SecretOrigin::Command(words.iter().map(|word| (*word).to_owned()).collect())
    }

    #[test]
    fn a_secret_comes_from_a_command_without_the_line_end() {
        assert_eq!(reveal(command(&["/bin/echo", "s3cr3t"])), Ok("s3cr3t".to_owned()));
        assert_eq!(
            reveal(command(&["/bin/false"])).unwrap_err(),
            "the secret `TOKEN` cannot be had: `/bin/false` ended with exit status: 1"
        );
        let error = reveal(command(&["/bin/sh", "-c", "yes | head -c 100000"])).unwrap_err();
        assert!(error.contains("writes more than 65536 bytes"), "{error}");
        assert!(
            reveal(command(&["/no/such"]))
                .unwrap_err()
                .contains("starting `/no/such`")
        );
    }

    #[test]
    fn a_secret_comes_from_a_file_or_from_the_environment() {
        let path = std::env::temp_dir().join(format!("begat-secret-{}", std::process::id()));
        std::fs::write(&path, "from-file\r\n").unwrap();
        assert_eq!(reveal(SecretOrigin::File(path.clone())), Ok("from-file".to_owned()));
        std::fs::remove_file(&path).unwrap();
        assert!(
            reveal(SecretOrigin::File(path))
                .unwrap_err()
                .starts_with("the secret `TOKEN` is not set: reading")
        );
        assert!(reveal(SecretOrigin::Environment("PATH".to_owned())).is_ok());
        assert!(reveal(SecretOrigin::Environment("BEGAT_NO_SUCH".to_owned())).is_err());
    }

    #[test]
    fn a_secret_that_could_not_be_masked_is_refused() {
        assert_eq!(
            reveal(command(&["/bin/echo", "abc"])).unwrap_err(),
            "the secret `TOKEN` cannot be had: it is shorter than 4 characters, so that it could not be masked"
        );
    }

    #[test]
    fn a_secret_without_an_origin_says_what_to_add() {
        assert_eq!(
            Keyring::default().reveal("X").unwrap_err().to_string(),
            "the secret `X` has no origin: add `[secrets.X]` with `env`, `file` or `command` to begat.toml"
        );
    }
}
