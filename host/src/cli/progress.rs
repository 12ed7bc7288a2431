//! What a run shows while it goes on: a line that is redrawn on a terminal, plain lines elsewhere.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::arguments::Format;
use super::output::{CYAN, DIM, Output};
use super::tables::{level_style, paint, state_style};
use crate::app::Observer;
use crate::model::{LogLevel, RunEvent, RunEventKind};

/// Shows the events of a run as they come.
pub(super) struct Progress {
    shown: Shown,
}

/// Where lines go.
enum Shown {
    /// Above a line that is redrawn.
    Live(ProgressBar),
    /// To a thread that writes, so that a slow reader of them does not slow the run. All that wait are written at once.
    Plain(Sender<String>, JoinHandle<()>),
    Over,
}

impl Progress {
    /// Starts showing, redrawn in place where that is possible.
    pub(super) fn start(output: &Output) -> Arc<Mutex<Self>> {
        let shown = match output.is_live() {
            true => Shown::Live(spinner()),
            false => {
                let (sender, receiver) = channel();
                Shown::Plain(sender, std::thread::spawn(move || write_all(&receiver)))
            }
        };
        Arc::new(Mutex::new(Self { shown }))
    }

    /// Hears the events of a run.
    pub(super) fn observer(progress: &Arc<Mutex<Self>>) -> Observer {
        let progress = progress.clone();
        Arc::new(move |event| lock(&progress).show(event))
    }

    /// Shows one line above whatever is redrawn.
    pub(super) fn line(&self, text: &str) {
        let line = format!("{text}\n");
        match &self.shown {
            Shown::Live(bar) => bar.suspend(|| message(&line)),
            // The thread is there as long as this end of the channel.
            Shown::Plain(sender, _) => drop(sender.send(line)),
            Shown::Over => message(&line),
        }
    }

    /// Ends what is redrawn; when it returns, all lines are written.
    pub(super) fn finish(&mut self) {
        match std::mem::replace(&mut self.shown, Shown::Over) {
            Shown::Live(bar) => bar.finish_and_clear(),
            Shown::Plain(sender, thread) => {
                drop(sender);
                drop(thread.join());
            }
            Shown::Over => {}
        }
    }

    fn show(&mut self, event: &RunEvent) {
        let task = event.actor.task.as_ref().map_or("", |task| task.as_str());
        match &event.kind {
            RunEventKind::TaskRunStarted(started) => {
                if let Shown::Live(bar) = &self.shown {
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
            | RunEventKind::AssetsEdited(_)
            | RunEventKind::ExecutionFinished { .. } => {}
        }
    }
}

/// Shows how many files are done, where there are many and someone looks.
pub(super) struct FileCounter {
    bar: Option<ProgressBar>,
}

/// So few files are checked before anyone could read a count of them.
const FEW_FILES: usize = 50;

impl FileCounter {
    pub(super) fn start(output: &Output) -> Self {
        let style = ProgressStyle::with_template("checked {pos} of {len} flows {wide_bar:.cyan}").ok();
        let bar = output.is_live().then(ProgressBar::hidden);
        if let (Some(bar), Some(style)) = (&bar, style) {
            bar.set_style(style);
        }
        Self { bar }
    }

    pub(super) fn show(&self, done: usize, all: usize) {
        let Some(bar) = self.bar.as_ref().filter(|_| all > FEW_FILES) else {
            return;
        };
        if done == 1 {
            bar.set_length(all as u64);
            bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        bar.set_position(done as u64);
    }

    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn spinner() -> ProgressBar {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner:.cyan} {msg} {elapsed:.dim}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(Duration::from_millis(100));
    bar
}

/// Writes lines as they come until nobody can send any more.
fn write_all(lines: &Receiver<String>) {
    while let Ok(mut text) = lines.recv() {
        text.extend(lines.try_iter().take(1_000));
        message(&text);
    }
}

fn message(text: &str) {
    Output::new(Format::Text).message(text);
}

/// Locks the progress; a panic of another holder leaves it usable.
pub(super) fn lock(progress: &Mutex<Progress>) -> std::sync::MutexGuard<'_, Progress> {
    progress.lock().unwrap_or_else(PoisonError::into_inner)
}
