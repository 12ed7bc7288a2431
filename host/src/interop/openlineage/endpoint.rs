//! Where events go as they happen: a file that grows, or an HTTP endpoint.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::time::Duration;

use crate::model::Json;

/// Where events go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// A file, one event a line.
    File(PathBuf),
    /// An address that takes one event a request (`POST /api/v1/lineage`).
    Http {
        url: String,
        /// Sent as a bearer token.
        token: Option<String>,
    },
}

/// Why events could not be sent.
#[derive(Debug, thiserror::Error)]
pub enum EndpointError {
    #[error("writing events to `{}`", path.display())]
    File { path: PathBuf, source: std::io::Error },
    #[error("sending events to `{url}`")]
    Http { url: String, source: Box<ureq::Error> },
    /// Sending it again would not help.
    #[error("`{url}` refuses an event with status {status}: {answer}")]
    Refused { url: String, status: u16, answer: String },
}

impl EndpointError {
    /// Whether the same events may go through later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::File { .. } | Self::Http { .. } => true,
            Self::Refused { status, .. } => matches!(status, 401 | 403 | 404 | 408 | 429 | 500..),
        }
    }
}

/// Sends events to one destination.
pub struct Endpoint {
    destination: Destination,
    agent: ureq::Agent,
}

impl Endpoint {
    /// An endpoint that waits so long for an answer.
    pub fn new(destination: Destination, patience: Duration) -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(patience))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("begat/", env!("CARGO_PKG_VERSION")))
            .build();
        Self {
            destination,
            agent: config.into(),
        }
    }

    /// Sends events in order. Gives how many went through, and why the next one did not.
    pub fn send(&self, events: &[Json]) -> (usize, Result<(), EndpointError>) {
        match &self.destination {
            Destination::File(path) => {
                let written = append(path, events);
                let failed = |source| EndpointError::File {
                    path: path.clone(),
                    source,
                };
                match written {
                    Ok(()) => (events.len(), Ok(())),
                    Err(source) => (0, Err(failed(source))),
                }
            }
            Destination::Http { url, token } => {
                for (number, event) in events.iter().enumerate() {
                    if let Err(error) = self.post(url, token.as_deref(), event) {
                        return (number, Err(error));
                    }
                }
                (events.len(), Ok(()))
            }
        }
    }

    fn post(&self, url: &str, token: Option<&str>, event: &Json) -> Result<(), EndpointError> {
        let mut request = self.agent.post(url).content_type("application/json");
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let failed = |source| EndpointError::Http {
            url: url.to_owned(),
            source: Box::new(source),
        };
        let mut response = request.send(event.to_string()).map_err(failed)?;
        let status = response.status().as_u16();
        if (200..300).contains(&status) {
            return Ok(());
        }
        let answer = response.body_mut().with_config().limit(4096).read_to_string();
        let answer: String = answer
            .unwrap_or_default()
            .chars()
            .filter(|c| !c.is_control())
            .take(200)
            .collect();
        Err(EndpointError::Refused {
            url: url.to_owned(),
            status,
            answer,
        })
    }
}

/// Adds events to a file in one piece, so that processes do not write into one another's lines.
fn append(path: &PathBuf, events: &[Json]) -> std::io::Result<()> {
    let mut text = String::new();
    for event in events {
        text.push_str(&event.to_string());
        text.push('\n');
    }
    if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder)?;
    }
    let mut file = OpenOptions::new().create(true).append(true).open(path)?;
    let before = file.metadata()?.len();
    file.write_all(text.as_bytes()).inspect_err(|_| {
        // What is half there would be sent twice.
        drop(file.set_len(before));
    })
}
