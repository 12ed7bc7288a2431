//! What runs next: a pure state machine without a clock and without I/O.
//!
//! It is asked for the next [`Step`] and told what came of the steps before. A step that waits for the world, such as a
//! task at work, is answered later; meanwhile other steps may be given out.

mod block;
#[cfg(test)]
mod reference;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::sync::Arc;

use block::{Open, Stage};

use crate::model::State;
use crate::plan::{Place, Program, Shape};

/// A task run within the schedule. Keys are used again when their run is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct RunKey(usize);

/// What the schedule wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Start the task run: [`Schedule::finish`] it, or [`Schedule::open`] the block it holds.
    Start(RunKey),
    /// A repeated block is through once more: say whether it starts [`Schedule::again`].
    Again(RunKey),
    /// All within the task run is over, and so is the run. Its key is free now.
    End(RunKey, State),
    /// The execution has ended in this state. What is to run after it follows.
    Finish(State),
    /// Nothing is left to do.
    Over,
}

/// How a block begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    /// The tasks of this branch, where there is one.
    Branch(Option<usize>),
    /// The tasks once for each of so many values.
    Values(usize),
}

/// Why no more tasks begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Halt {
    /// A task ended the execution in this state.
    Exit(State),
    /// The user stopped it, or a limit did.
    Kill(State),
}

/// One task run that has begun and is not over.
#[derive(Debug)]
struct Run {
    task: Place,
    /// The block it is in; nothing for those of the flow itself.
    parent: Option<RunKey>,
    /// Which value of a loop, or which of the tasks that run side by side.
    lane: usize,
    /// Where it stands in its list.
    position: usize,
    open: Option<Open>,
}

/// The task runs of one execution.
#[derive(Debug)]
pub(super) struct Schedule {
    program: Arc<Program>,
    runs: Vec<Option<Run>>,
    free: Vec<usize>,
    root: Open,
    steps: VecDeque<Step>,
    halt: Option<Halt>,
}

impl Schedule {
    pub(super) fn new(program: Arc<Program>) -> Self {
        let root = Open::new(&program.root, Opening::Branch(Some(0)));
        let mut schedule = Self {
            program,
            runs: Vec::new(),
            free: Vec::new(),
            root,
            steps: VecDeque::new(),
            halt: None,
        };
        schedule.fill(None);
        schedule
    }

    /// What to do now; nothing while all there is to do waits for an answer.
    pub(super) fn step(&mut self) -> Option<Step> {
        loop {
            match self.steps.pop_front()? {
                Step::Start(run) if self.is_halted(self.run(run).parent) => {
                    let parent = self.take(run).parent;
                    self.open_mut(parent).live -= 1;
                    self.settle(parent);
                }
                Step::End(run, state) => {
                    self.take(run);
                    return Some(Step::End(run, state));
                }
                step => return Some(step),
            }
        }
    }

    /// Whether a step can be given out at once.
    pub(super) fn is_ready(&self) -> bool {
        !self.steps.is_empty()
    }

    /// The task of a run.
    pub(super) fn task(&self, run: RunKey) -> Place {
        self.run(run).task
    }

    /// The run that holds this one.
    pub(super) fn parent(&self, run: RunKey) -> Option<RunKey> {
        self.run(run).parent
    }

    /// Which value of the loop around it a run belongs to, from 0.
    pub(super) fn lane(&self, run: RunKey) -> usize {
        self.run(run).lane
    }

    /// Whether a run is for a value of the loop that holds it, rather than one of its `errors` or `finally`.
    pub(super) fn is_in_loop(&self, run: RunKey) -> bool {
        self.parent(run).is_some_and(|parent| {
            let block = self.program.tasks[self.task(parent)].block.as_ref();
            let is_loop = block.is_some_and(|block| matches!(block.shape, Shape::Each { .. }));
            is_loop && self.open_of(Some(parent)).stage == Stage::Tasks
        })
    }

    /// Begins the block of a task run.
    pub(super) fn open(&mut self, run: RunKey, opening: Opening) {
        let program = self.program.clone();
        let task = self.task(run);
        let block = program.tasks[task].block.as_ref().expect("only blocks are opened");
        self.run_mut(run).open = Some(Open::new(block, opening));
        self.fill(Some(run));
    }

    /// Ends a task run that holds no open block. Gives the state that it counts as.
    pub(super) fn finish(&mut self, run: RunKey, state: State) -> State {
        let state = self.counted(self.task(run), state);
        let ended = self.take(run);
        self.child_ended(&ended, state);
        state
    }

    /// Says whether a repeated block starts once more, or how it ended.
    pub(super) fn again(&mut self, run: RunKey, next: Result<bool, State>) {
        let open = self.open_mut(Some(run));
        match next {
            Ok(true) => {
                open.restart();
                self.fill(Some(run));
            }
            Ok(false) => self.leave_tasks(Some(run)),
            Err(state) => {
                open.count(state);
                self.leave_tasks(Some(run));
            }
        }
    }

    /// Begins no more tasks but those of `finally`; the execution ends in that state, which is `KILLED`, `CANCELLED` or
    /// `FAILED`. Task runs at work are for the caller to cut off.
    pub(super) fn kill(&mut self, state: State) {
        self.halt = Some(Halt::Kill(state));
    }

    /// Begins no more tasks but those of `errors`, where the state is `FAILED`, and of `finally`; the execution ends in
    /// that state.
    pub(super) fn exit(&mut self, state: State) {
        if self.halt.is_none() {
            self.halt = Some(Halt::Exit(state));
        }
    }

    /// How the execution stands by now.
    pub(super) fn state(&self) -> State {
        match self.halt {
            Some(Halt::Kill(state) | Halt::Exit(state)) => state,
            None => self.root.worst,
        }
    }

    fn run(&self, run: RunKey) -> &Run {
        self.runs[run.0].as_ref().expect("a key lives as long as its run")
    }

    fn run_mut(&mut self, run: RunKey) -> &mut Run {
        self.runs[run.0].as_mut().expect("a key lives as long as its run")
    }

    fn take(&mut self, run: RunKey) -> Run {
        self.free.push(run.0);
        self.runs[run.0].take().expect("a key lives as long as its run")
    }

    /// The state that a task's end counts as.
    fn counted(&self, task: Place, state: State) -> State {
        let spec = &self.program.tasks[task];
        let state = match state {
            State::Failed if spec.allow_failure => State::Warning,
            state => state,
        };
        match state {
            State::Warning if spec.allow_warning => State::Success,
            state => state,
        }
    }

    /// Whether nothing more begins in the block at its stage.
    fn is_halted(&self, parent: Option<RunKey>) -> bool {
        let stage = self.open_of(parent).stage;
        match self.halt {
            None => false,
            Some(Halt::Exit(_)) => stage == Stage::Tasks,
            // A limit that was broken is a failure like others, and told of by `errors`.
            Some(Halt::Kill(State::Failed)) => stage == Stage::Tasks,
            Some(Halt::Kill(_)) => matches!(stage, Stage::Tasks | Stage::Errors),
        }
    }
}
