//! What a run does for the delivery of its events: it looks now and then whether something waits that nobody delivers, and
//! starts a process for that.

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinHandle;

use super::courier::Delivered;
use super::files::Files;
use super::{absolute, name_of, token_of};
use crate::app::settings::CONFIG;
use crate::app::{App, AppError};
use crate::store::Catalog;

/// How often a run looks. A shorter one looks at its end only.
const LOOK: Duration = Duration::from_secs(1);

/// The delivery of a run's events, looked after until this is dropped.
pub(in crate::app) struct Delivery {
    starter: Arc<Starter>,
    looking: JoinHandle<()>,
}

struct Starter {
    program: Option<PathBuf>,
    catalog: PathBuf,
    config: PathBuf,
    files: Files,
    log: Arc<Catalog>,
    /// What was started last, so that its end is taken note of while this process goes on.
    started: Mutex<Option<Child>>,
}

impl App {
    /// Has the events of a run delivered beside it, where the settings name a destination.
    pub(in crate::app) fn deliver_beside(&self, log: &Arc<Catalog>) -> Result<Option<Delivery>, AppError> {
        let Some(config) = self.config()?.openlineage else {
            return Ok(None);
        };
        token_of(&config)?;
        let written = self.settings.config.clone().unwrap_or_else(|| PathBuf::from(CONFIG));
        let catalog = absolute(&self.settings.catalog);
        let files = Files::of(&catalog, &name_of(&config));
        files.go_back_to(log.last_sequence()?);
        let starter = Arc::new(Starter {
            program: self.settings.program.clone(),
            files,
            catalog,
            config: absolute(&written),
            log: log.clone(),
            started: Mutex::default(),
        });
        let looker = starter.clone();
        let looking = tokio::spawn(async move {
            loop {
                tokio::time::sleep(LOOK).await;
                // What failed is tried again, at the latest at the end, where it is told.
                drop(looker.look());
            }
        });
        Ok(Some(Delivery { starter, looking }))
    }
}

impl Delivery {
    /// Has what is left delivered, and says what the last attempt could not deliver.
    pub(in crate::app) fn finish(self) -> Option<Delivered> {
        let starter = self.starter.clone();
        // Looks for the last time.
        drop(self);
        let note = starter.files.note()?;
        if note.waiting == 0 {
            // Nothing comes of these any more; to say so once is enough.
            starter.files.remove_note();
        }
        Some(note)
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        self.looking.abort();
        if let Err(reason) = self.starter.look() {
            self.starter.files.write_note(&Delivered {
                waiting: 1,
                error: Some(reason),
                ..Delivered::default()
            });
        }
    }
}

impl Starter {
    /// Starts a delivery where something waits and nobody delivers.
    fn look(&self) -> Result<(), String> {
        let mut started = self.started.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(child) = started.as_mut() {
            // Else it would stay in the table of processes until this one ends.
            drop(child.try_wait());
        }
        let last = self.log.last_sequence().map_err(|error| error.to_string())?;
        if last <= self.files.offset() || self.files.is_watched() {
            return Ok(());
        }
        *started = self.start()?;
        Ok(())
    }

    fn start(&self) -> Result<Option<Child>, String> {
        let Some(program) = &self.program else { return Ok(None) };
        let mut command = Command::new(program);
        command.args(["catalog", "deliver", "--detached", "--catalog"]);
        command.arg(&self.catalog).arg("--config").arg(&self.config);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let failed = |error| format!("starting `{}` to deliver them: {error}", program.display());
        command.spawn().map(Some).map_err(failed)
    }
}
