//! What a run shows while it goes on: a line that is redrawn on a terminal, plain lines elsewhere.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::output::{CYAN, DIM, Output};
use super::tables::{level_style, paint, state_style};
use crate::app::Observer;
use crate::model::{LogLevel, RunEvent, RunEventKind};

/// Shows the events of a run as they come.
pub(super) struct Progress {
    spinner: Option<ProgressBar>,
}

impl Progress {
    /// Starts showing, redrawn in place where that is possible.
    pub(super) fn start(output: &Output) -> Arc<Mutex<Self>> {
        let spinner = output.is_live().then(|| {
            let bar = ProgressBar::new_spinner();
            if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
                bar.set_style(style);
            }
            bar.enable_steady_tick(Duration::from_millis(100));
            bar
        });
        Arc::new(Mutex::new(Self { spinner }))
    }

    /// Hears the events of a run.
    pub(super) fn observer(progress: &Arc<Mutex<Self>>) -> Observer {
        let progress = progress.clone();
        Arc::new(move |event| lock(&progress).show(event))
    }

    /// Shows one line above whatever is redrawn.
    pub(super) fn line(&self, text: &str) {
        match &self.spinner {
            Some(bar) => bar.suspend(|| Output::new(super::arguments::Format::Text).message(&format!("{text}\n"))),
            None => Output::new(super::arguments::Format::Text).message(&format!("{text}\n")),
        }
    }

    /// Ends what is redrawn.
    pub(super) fn finish(&mut self) {
        if let Some(bar) = self.spinner.take() {
            bar.finish_and_clear();
        }
    }

    fn show(&mut self, event: &RunEvent) {
        let task = event.actor.task.as_ref().map_or("", |task| task.as_str());
        match &event.kind {
            RunEventKind::TaskRunStarted(started) => {
                if let Some(bar) = &self.spinner {
                    bar.set_message(format!("{task} {}", started.task_type));
                }
            }
            RunEventKind::TaskLogged(line) if line.level < LogLevel::Info => {}
            RunEventKind::TaskLogged(line) => {
                let level = paint(level_style(line.level), &format!("{:<5}", line.level));
                self.line(&format!("{level} {} {}", paint(CYAN, task), line.message));
            }
            RunEventKind::TaskRunFinished(finished) => {
                let state = paint(state_style(finished.state), finished.state.name());
                let error = finished
                    .error
                    .as_ref()
                    .map_or_else(String::new, |error| format!(": {error}"));
                self.line(&format!("{state} {}{error}", paint(DIM, task)));
            }
            RunEventKind::ExecutionStarted(_)
            | RunEventKind::LineageRecorded(_)
            | RunEventKind::ExecutionFinished { .. } => {}
        }
    }
}

/// Locks the progress; a panic of another holder leaves it usable.
pub(super) fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
