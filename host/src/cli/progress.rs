//! What a run shows while it goes on: a tree that is redrawn on a terminal, plain lines elsewhere.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use indexmap::IndexMap;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::arguments::Format;
use super::output::{CYAN, DIM, Output};
use super::tables::{level_style, log_line, paint, quoted, state_style};
use crate::app::Observer;
use crate::model::printable::one_line;
use crate::model::{FinishedTask, LogLevel, LogLine, RunEvent, RunEventKind, StartedTask, State, TaskRunId};

/// How many task runs at work are drawn at once.
const DRAWN: usize = 12;
/// How many lines of a log are kept for the summary, of at most so many task runs.
const TAIL: usize = 5;
const TAILS: usize = 1_000;

/// Shows the events of a run as they come.
pub(super) struct Progress {
    shown: Shown,
    level: LogLevel,
    is_quiet: bool,
    tree: Arc<Mutex<Tree>>,
    /// The last lines of each task run that failed or may still fail.
    tails: HashMap<TaskRunId, VecDeque<String>>,
}

/// Where lines go.
enum Shown {
    /// Above a tree that is redrawn.
    Live(ProgressBar),
    /// To a thread that writes, so that a slow reader of them does not slow the run. All that wait are written at once.
    Plain(Sender<String>, JoinHandle<()>),
    Over,
}

/// The task runs at work, in the order they began.
#[derive(Default)]
struct Tree {
    runs: IndexMap<TaskRunId, Working>,
}

struct Working {
    parent: Option<TaskRunId>,
    depth: usize,
    name: String,
    begin: Instant,
    last_line: String,
    state: State,
}

impl Tree {
    /// Each run after the one that holds it, before those that began after that.
    fn in_order(&self) -> Vec<&Working> {
        let mut held: HashMap<Option<&TaskRunId>, Vec<(&TaskRunId, &Working)>> = HashMap::new();
        for (id, run) in self.runs.iter().rev() {
            let holder = run.parent.as_ref().filter(|parent| self.runs.contains_key(*parent));
            held.entry(holder).or_default().push((id, run));
        }
        let mut open = held.remove(&None).unwrap_or_default();
        let mut ordered = Vec::with_capacity(self.runs.len());
        while let Some((id, run)) = open.pop() {
            ordered.push(run);
            open.extend(held.remove(&Some(id)).unwrap_or_default());
        }
        ordered
    }

    /// One line for each run that is drawn, cut to the width of the terminal.
    fn draw(&self, tick: usize) -> String {
        let width = usize::from(dialoguer::console::Term::stderr().size().1).saturating_sub(1);
        let spinner = ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"][tick % 10];
        let lines = self.in_order().into_iter().take(DRAWN).map(|run| {
            let state = match run.state {
                State::Running => String::new(),
                state => format!(" {state}"),
            };
            let seconds = run.begin.elapsed().as_secs_f64();
            let indent = "  ".repeat(run.depth);
            let line = format!(
                "{indent}{spinner} {}{state} {seconds:.1} s  {}",
                run.name, run.last_line
            );
            dialoguer::console::truncate_str(&line, width, "…").into_owned()
        });
        let mut lines: Vec<String> = lines.collect();
        if self.runs.len() > DRAWN {
            lines.push(format!("… and {} more", self.runs.len() - DRAWN));
        }
        lines.join("\n")
    }
}

impl Progress {
    /// Starts showing, redrawn in place where that is possible; nothing but what is said outright where it is quiet.
    pub(super) fn start(output: &Output, level: LogLevel, is_quiet: bool) -> Arc<Mutex<Self>> {
        let tree: Arc<Mutex<Tree>> = Arc::default();
        let shown = match output.is_live() && !is_quiet {
            true => Shown::Live(drawing(tree.clone())),
            false => {
                let (sender, receiver) = channel();
                Shown::Plain(sender, std::thread::spawn(move || write_all(&receiver)))
            }
        };
        Arc::new(Mutex::new(Self {
            shown,
            level,
            is_quiet,
            tree,
            tails: HashMap::new(),
        }))
    }

    /// Hears the events of a run.
    pub(super) fn observer(progress: &Arc<Mutex<Self>>) -> Observer {
        let progress = progress.clone();
        Arc::new(move |event| lock(&progress).show(event))
    }

    /// The last log lines of a task run.
    pub(super) fn tail(&self, id: &TaskRunId) -> Vec<String> {
        self.tails
            .get(id)
            .map(|tail| tail.iter().cloned().collect())
            .unwrap_or_default()
    }

    /// Shows one line above whatever is redrawn.
    pub(super) fn line(&self, text: &str) {
        if self.is_quiet {
            return;
        }
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
        let Some(id) = &event.actor.task_run else { return };
        match &event.kind {
            RunEventKind::TaskRunStarted(started) => self.begin(id, task, started),
            RunEventKind::TaskLogged(line) => self.logged(id, task, line),
            RunEventKind::TaskRunRetried(_) => self.mark(id, State::Retrying),
            RunEventKind::TaskRunPaused => {
                self.mark(id, State::Paused);
                self.line(&format!("{} {task}", paint(CYAN, "PAUSED")));
            }
            RunEventKind::TaskRunFinished(finished) => self.end(id, task, finished),
            RunEventKind::ExecutionStarted(_)
            | RunEventKind::ExecutionPaused
            | RunEventKind::ExecutionResumed
            | RunEventKind::TaskRunInterrupted { .. }
            | RunEventKind::LabelsAdded(_)
            | RunEventKind::KeySet(_)
            | RunEventKind::KeyDeleted { .. }
            | RunEventKind::FileWritten(_)
            | RunEventKind::GrantUsed(_)
            | RunEventKind::LineageRecorded(_)
            | RunEventKind::AssetsEdited(_)
            | RunEventKind::ExecutionFinished(_) => {}
        }
    }

    fn begin(&mut self, id: &TaskRunId, task: &str, started: &StartedTask) {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        let holder = started.parent.as_ref().and_then(|parent| tree.runs.get(parent));
        let depth = holder.map_or(0, |holder| holder.depth + 1);
        let name = match &started.value {
            Some(value) => format!("{task} [{}]", one_line(value)),
            None => task.to_owned(),
        };
        let working = Working {
            parent: started.parent.clone(),
            depth,
            name,
            begin: Instant::now(),
            last_line: String::new(),
            state: State::Running,
        };
        tree.runs.insert(id.clone(), working);
        drop(tree);
        // Not before there is something to draw: questions may be asked first.
        if let Shown::Live(bar) = &self.shown
            && bar.is_hidden()
        {
            bar.set_draw_target(ProgressDrawTarget::stderr());
            bar.enable_steady_tick(Duration::from_millis(100));
        }
    }

    fn mark(&self, id: &TaskRunId, state: State) {
        let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(run) = tree.runs.get_mut(id) {
            run.state = state;
        }
    }

    fn logged(&mut self, id: &TaskRunId, task: &str, line: &LogLine) {
        if self.tails.len() < TAILS || self.tails.contains_key(id) {
            let tail = self.tails.entry(id.clone()).or_default();
            if tail.len() == TAIL {
                tail.pop_front();
            }
            tail.push_back(log_line(&line.message).into_owned());
        }
        if line.level < self.level {
            return;
        }
        let mut name = task.to_owned();
        {
            let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
            if let Some(run) = tree.runs.get_mut(id) {
                run.last_line = log_line(&line.message).into_owned();
                name.clone_from(&run.name);
            }
        }
        let level = paint(level_style(line.level), &format!("{:<5}", line.level));
        self.line(&format!("{level} {} {}", paint(CYAN, &name), log_line(&line.message)));
    }

    fn end(&mut self, id: &TaskRunId, task: &str, finished: &FinishedTask) {
        let ended = {
            let mut tree = self.tree.lock().unwrap_or_else(PoisonError::into_inner);
            match &self.shown {
                Shown::Live(_) => tree.runs.shift_remove(id),
                Shown::Plain(..) | Shown::Over => tree.runs.swap_remove(id),
            }
        };
        if finished.state != State::Failed {
            self.tails.remove(id);
        }
        let state = paint(state_style(finished.state), finished.state.name());
        let name = ended.as_ref().map_or(task, |run| run.name.as_str());
        let took = ended
            .as_ref()
            .map(|run| run.begin.elapsed())
            .filter(|took| took.as_millis() >= 100);
        let took = took.map_or_else(String::new, |took| paint(DIM, &format!(" {:.1} s", took.as_secs_f64())));
        let error = finished
            .error
            .as_ref()
            .map_or_else(String::new, |error| format!(": {}", quoted(error)));
        self.line(&format!("{state} {}{took}{error}", paint(DIM, name)));
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

/// Redraws the tree ten times a second.
fn drawing(tree: Arc<Mutex<Tree>>) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
    let start = Instant::now();
    let draw = move |_: &ProgressState, out: &mut dyn Write| {
        let tick = (start.elapsed().as_millis() / 100) as usize;
        let drawn = tree.lock().unwrap_or_else(PoisonError::into_inner).draw(tick);
        out.write_str(&drawn).expect("a text takes all that is written into it");
    };
    if let Ok(style) = ProgressStyle::with_template("{tree}") {
        bar.set_style(style.with_key("tree", draw));
    }
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
