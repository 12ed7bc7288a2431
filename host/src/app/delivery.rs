//! OpenLineage events on their way out while flows run: read from the log, from where the last delivery ended, by a thread
//! of its own. A run neither waits for it nor fails with it.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use super::interchange::{batch, known_execution};
use super::{App, AppError};
use crate::config::OpenLineage;
use crate::config::openlineage::Target;
use crate::interop::openlineage::{Destination, Endpoint, EndpointError, Writer};
use crate::model::{ExecutionId, Json, digest};
use crate::store::Catalog;

/// How often the log is looked at.
const LOOK: Duration = Duration::from_millis(50);
/// How long is waited after a failure: at first, and at most.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// How long the end of a run waits for what is still to be sent.
const LAST: Duration = Duration::from_secs(2);
/// Events of the log that are read at once.
const BATCH: u64 = 500;

/// What was sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
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

/// A delivery that goes on until it is finished.
pub(super) struct Delivery {
    stop: Arc<Stop>,
    thread: JoinHandle<Delivered>,
}

#[derive(Default)]
struct Stop {
    is_over: Mutex<bool>,
    changed: Condvar,
}

impl Stop {
    /// Waits; says whether the run is over.
    fn wait(&self, pause: Duration) -> bool {
        let is_over = self.is_over.lock().unwrap_or_else(PoisonError::into_inner);
        let waited = self.changed.wait_timeout_while(is_over, pause, |is_over| !*is_over);
        *waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Delivery {
    /// Sends what is left, for a while, and tells what went through.
    pub(super) fn finish(self) -> Delivered {
        *self.stop.is_over.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.stop.changed.notify_all();
        let failed = |_| Delivered {
            error: Some("the delivery ended on its own".to_owned()),
            ..Delivered::default()
        };
        self.thread.join().unwrap_or_else(failed)
    }
}

impl App {
    /// Begins to deliver events, where the settings name a destination.
    pub(super) fn deliver_meanwhile(&self) -> Result<Option<Delivery>, AppError> {
        let Some(config) = self.config()?.openlineage else {
            return Ok(None);
        };
        let mut courier = Courier::new(&self.settings.catalog, &config)?;
        let stop = Arc::new(Stop::default());
        let watched = stop.clone();
        let thread = std::thread::spawn(move || courier.deliver_until(&watched));
        Ok(Some(Delivery { stop, thread }))
    }

    /// Delivers what waits.
    pub fn deliver(&self) -> Result<Delivered, AppError> {
        let config = self.config()?.openlineage.ok_or_else(|| {
            AppError::refused("no destination of events is set")
                .with_hint("write `[openlineage]` with `url = \"…\"` or `file = \"…\"` into `begat.toml`")
        })?;
        let mut courier = Courier::new(&self.settings.catalog, &config)?;
        let Some(_lock) = courier.lock() else {
            return Err(AppError::refused("another process delivers events just now"));
        };
        loop {
            match courier.step() {
                Ok(true) => {}
                Ok(false) => return Ok(courier.summary()),
                Err(error) => {
                    courier.delivered.error = Some(error);
                    return Ok(courier.summary());
                }
            }
        }
    }
}

/// Carries events from the log to the destination.
struct Courier {
    catalog: PathBuf,
    namespace: Option<String>,
    endpoint: Endpoint,
    /// The file that says how far the destination has been told.
    offset: PathBuf,
    delivered: Delivered,
    open: Option<Catalog>,
}

impl Courier {
    fn new(catalog: &Path, config: &OpenLineage) -> Result<Self, AppError> {
        let (destination, name) = match &config.target {
            Target::File(path) => (Destination::File(path.clone()), path.display().to_string()),
            Target::Http { url, token_variable } => {
                let token = token_variable.as_ref().map(|name| {
                    std::env::var(name).map_err(|_| {
                        AppError::refused(format!("the environment variable `{name}` is not set"))
                            .with_hint("`token_env` of `[openlineage]` names it in `begat.toml`")
                    })
                });
                let token = token.transpose()?;
                (
                    Destination::Http {
                        url: url.clone(),
                        token,
                    },
                    url.clone(),
                )
            }
        };
        let digest = digest::hexadecimal(&Sha256::digest(name)[..8]);
        let mut folder = catalog.as_os_str().to_owned();
        folder.push(".sent");
        Ok(Self {
            catalog: catalog.to_owned(),
            namespace: config.namespace.clone(),
            endpoint: Endpoint::new(destination, config.timeout),
            offset: Path::new(&folder).join(digest),
            delivered: Delivered::default(),
            open: None,
        })
    }

    /// Only one process delivers at a time; the others' events are in the log, from which it reads.
    fn lock(&self) -> Option<File> {
        let folder = self.offset.parent()?;
        fs::create_dir_all(folder).ok()?;
        let file = File::create(self.offset.with_extension("lock")).ok()?;
        file.try_lock().ok()?;
        Some(file)
    }

    fn deliver_until(&mut self, stop: &Stop) -> Delivered {
        let mut lock = None;
        let mut pause = LOOK;
        let mut last: Option<Instant> = None;
        loop {
            let is_over = stop.wait(pause);
            let end = *last.get_or_insert_with(|| Instant::now() + LAST);
            if !is_over {
                last = None;
            }
            lock = lock.or_else(|| self.lock());
            if lock.is_none() {
                if is_over {
                    return self.summary();
                }
                continue;
            }
            match self.step() {
                Ok(true) => pause = Duration::ZERO,
                Ok(false) if is_over => return self.summary(),
                Ok(false) => pause = LOOK,
                Err(error) => {
                    self.delivered.error = Some(error);
                    pause = (pause.max(PAUSE / 2) * 2).min(LONGEST_PAUSE);
                    if is_over {
                        return self.summary();
                    }
                }
            }
            if is_over && Instant::now() > end {
                return self.summary();
            }
        }
    }

    /// Sends the next events; says whether there may be more.
    fn step(&mut self) -> Result<bool, String> {
        if self.open.is_none() {
            if !self.catalog.exists() {
                return Ok(false);
            }
            self.open = Some(Catalog::open_existing(&self.catalog).map_err(|error| error.to_string())?);
        }
        let Some(catalog) = &self.open else { return Ok(false) };
        let after = self.read_offset();
        let (events, told) = batch(catalog, after, BATCH).map_err(|error| error.message)?;
        if told.last == after {
            return Ok(false);
        }
        let look_up = |id: &ExecutionId| known_execution(catalog, id);
        let mut writer = Writer::new(self.namespace.as_deref(), &look_up);
        let mut messages: Vec<(u64, Json)> = Vec::new();
        for event in events {
            let sequence = event.sequence;
            messages.extend(writer.take(event).map(|message| (sequence, message)));
        }
        // What a task run changed and its end are recorded at once; a batch that ends between them is told so far.
        messages.extend(writer.finish().into_iter().map(|message| (told.last, message)));
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
                        self.write_offset(sequences[done - 1])?;
                    }
                    return Err(with_cause(&error));
                }
            }
        }
        self.write_offset(told.last)?;
        Ok(true)
    }

    /// How far the destination has been told; from the beginning where nothing says so.
    fn read_offset(&self) -> u64 {
        let text = fs::read_to_string(&self.offset).unwrap_or_default();
        text.trim().parse().unwrap_or_default()
    }

    fn write_offset(&self, sequence: u64) -> Result<(), String> {
        let fresh = self.offset.with_extension("new");
        let written = fs::write(&fresh, sequence.to_string()).and_then(|()| fs::rename(&fresh, &self.offset));
        written.map_err(|error| format!("writing `{}`: {error}", self.offset.display()))
    }

    fn summary(&self) -> Delivered {
        let last = self.open.as_ref().and_then(|catalog| catalog.last_sequence().ok());
        Delivered {
            waiting: last.unwrap_or_default().saturating_sub(self.read_offset()),
            ..self.delivered.clone()
        }
    }
}

fn with_cause(error: &EndpointError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
