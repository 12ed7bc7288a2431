//! Carries events from the log to the destination: the next ones, from where the last delivery ended, and how far it came.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::files::Files;
use super::{name_of, token_of};
use crate::app::AppError;
use crate::app::interchange::{batch, known_execution};
use crate::config::OpenLineage;
use crate::config::openlineage::Target;
use crate::interop::openlineage::{Destination, Endpoint, EndpointError, Writer};
use crate::model::{ExecutionId, Json};
use crate::store::Catalog;

/// Events of the log that are read at once.
const BATCH: u64 = 500;

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Delivered {
    /// OpenLineage events that went through.
    pub sent: u64,
    /// Those that the other side refuses for good; they are not sent again.
    pub refused: u64,
    /// Events of the log that wait.
    pub waiting: u64,
    /// Why they wait, or why some were refused.
    pub error: Option<String>,
}

/// Why events wait.
pub(super) struct Failure {
    pub reason: String,
    /// Whether trying again soon makes sense.
    pub may_pass: bool,
}

impl Failure {
    /// What the files beside the catalog or the catalog itself said.
    fn at_home(reason: impl ToString) -> Self {
        Self {
            reason: reason.to_string(),
            may_pass: false,
        }
    }
}

pub(super) struct Courier {
    catalog: PathBuf,
    namespace: Option<String>,
    endpoint: Endpoint,
    pub files: Files,
    delivered: Delivered,
    open: Option<Catalog>,
}

impl Courier {
    pub(super) fn new(catalog: &Path, config: &OpenLineage) -> Result<Self, AppError> {
        let destination = match &config.target {
            Target::File(path) => Destination::File(path.clone()),
            Target::Http { url, .. } => Destination::Http {
                url: url.clone(),
                token: token_of(config)?,
            },
        };
        Ok(Self {
            catalog: catalog.to_owned(),
            namespace: config.namespace.clone(),
            endpoint: Endpoint::new(destination, config.timeout),
            files: Files::of(catalog, &name_of(config)),
            delivered: Delivered::default(),
            open: None,
        })
    }

    /// Sends the next events; says whether there may be more.
    pub(super) fn step(&mut self) -> Result<bool, Failure> {
        if !self.catalog.exists() {
            return Ok(false);
        }
        let open = match self.open.take() {
            Some(open) => open,
            None => Catalog::open_existing(&self.catalog).map_err(Failure::at_home)?,
        };
        let answer = self.send_from(&open);
        self.open = Some(open);
        answer
    }

    fn send_from(&mut self, catalog: &Catalog) -> Result<bool, Failure> {
        let _only_one = self.files.lock_sending().map_err(Failure::at_home)?;
        let last = catalog.last_sequence().map_err(Failure::at_home)?;
        let after = self.files.offset();
        if after >= last {
            return Ok(false);
        }
        // What others are told must not be forgotten here when the power fails: its number would be given again.
        catalog.sync().map_err(Failure::at_home)?;
        let limit = BATCH.min(last - after);
        let (events, told) = batch(catalog, after, limit).map_err(|error| Failure::at_home(error.message))?;
        let look_up = |id: &ExecutionId| known_execution(catalog, id);
        let mut writer = Writer::new(self.namespace.as_deref(), &look_up);
        let mut messages: Vec<(u64, Json)> = Vec::new();
        for event in events {
            let sequence = event.sequence;
            messages.extend(writer.take(event).map(|message| (sequence, message)));
        }
        // What a task run changed and its end are recorded at once; a batch that ends between them is told so far.
        messages.extend(writer.finish().into_iter().map(|message| (told.last, message)));
        self.send(messages)?;
        self.files.write_offset(told.last).map_err(Failure::at_home)?;
        Ok(true)
    }

    /// Sends messages in order, each with the number of the event that it tells.
    fn send(&mut self, messages: Vec<(u64, Json)>) -> Result<(), Failure> {
        let (sequences, messages): (Vec<u64>, Vec<Json>) = messages.into_iter().unzip();
        let mut done = 0;
        while done < messages.len() {
            let (sent, result) = self.endpoint.send(&messages[done..]);
            self.delivered.sent += sent as u64;
            done += sent;
            match result {
                Ok(()) => {}
                Err(error @ EndpointError::Refused { .. }) if !error.may_pass() => {
                    self.delivered.refused += 1;
                    self.delivered.error = Some(with_cause(&error));
                    done += 1;
                }
                Err(error) => {
                    // What went through is not sent again.
                    if done > 0 {
                        self.files.write_offset(sequences[done - 1]).map_err(Failure::at_home)?;
                    }
                    return Err(Failure {
                        reason: with_cause(&error),
                        may_pass: true,
                    });
                }
            }
        }
        Ok(())
    }

    /// Whether there is anything that was not told yet.
    pub(super) fn has_more(&self) -> bool {
        self.waiting() > 0
    }

    fn waiting(&self) -> u64 {
        let last = self.open.as_ref().and_then(|catalog| catalog.last_sequence().ok());
        last.unwrap_or_default().saturating_sub(self.files.offset())
    }

    /// What it came to. Where not all went through, word of that is left for the next command.
    pub(super) fn summary(&self, failure: Option<String>) -> Delivered {
        let delivered = Delivered {
            waiting: self.waiting(),
            error: failure.or_else(|| self.delivered.error.clone()),
            ..self.delivered.clone()
        };
        match delivered.error {
            Some(_) => self.files.write_note(&delivered),
            None => self.files.remove_note(),
        }
        delivered
    }
}

fn with_cause(error: &EndpointError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
