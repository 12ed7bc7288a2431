//! The log lines of a task run: shown at once, recorded in batches.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use super::journal::EventWriter;
use super::surroundings::ErrorLog;
use crate::model::{Actor, LogLevel, LogLine, RunEvent, RunEventKind, TaskId, clock, digest::hexadecimal};
use crate::sandbox::LogSink;

/// How many log lines wait at most before they are recorded.
const BATCH: usize = 256;

/// Takes the lines of one task run.
#[derive(Clone)]
pub(super) struct Lines {
    kept: Arc<Mutex<Kept>>,
    sink: LogSink,
}

#[derive(Default)]
struct Kept {
    waiting: Vec<RunEvent>,
    count: u64,
    digest: Sha256,
}

impl Lines {
    /// Lines that matter less than the level are dropped.
    pub(super) fn new(writer: EventWriter, actor: Arc<Actor>, level: LogLevel, errors: ErrorLog, task: TaskId) -> Self {
        let kept: Arc<Mutex<Kept>> = Arc::default();
        let shared = kept.clone();
        let sink = move |mut line: LogLine| {
            if line.level < level {
                return;
            }
            // Before it is digested: what is recorded is what the digest is of.
            writer.masker().mask_text(&mut line.message);
            if line.level == LogLevel::Error {
                errors.add(&task, line.time, &line.message);
            }
            let mut kept = lock(&shared);
            kept.count += 1;
            kept.digest.update(format!("{} {}\n", line.level, line.message));
            let event = RunEvent {
                time: line.time,
                actor: actor.clone(),
                kind: RunEventKind::TaskLogged(line),
            };
            writer.tell(event.clone());
            kept.waiting.push(event);
            if kept.waiting.len() >= BATCH {
                writer.write(std::mem::take(&mut kept.waiting));
            }
        };
        Self {
            kept,
            sink: Arc::new(sink),
        }
    }

    pub(super) fn sink(&self) -> LogSink {
        self.sink.clone()
    }

    pub(super) fn say(&self, level: LogLevel, message: String) {
        (self.sink)(LogLine {
            time: clock::now(),
            level,
            message,
        });
    }

    /// The lines that are not recorded yet.
    pub(super) fn take(&self) -> Vec<RunEvent> {
        std::mem::take(&mut lock(&self.kept).waiting)
    }

    /// How many lines there were, and the sha256 over them, each as `LEVEL message` and a newline, in lower-case
    /// hexadecimal; nothing where there was none.
    pub(super) fn digest(&self) -> (u64, String) {
        let kept = lock(&self.kept);
        match kept.count {
            0 => (0, String::new()),
            count => (count, hexadecimal(&kept.digest.clone().finalize())),
        }
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
