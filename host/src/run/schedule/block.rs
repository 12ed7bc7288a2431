//! How the tasks of one block follow one another.

use std::collections::VecDeque;

use super::{Halt, Opening, Run, RunKey, Schedule, Step};
use crate::model::State;
use crate::plan::{Block, Place, Shape};

/// Which of a block's lists is being run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    Tasks,
    Errors,
    Finally,
    /// What follows the end of the execution.
    After,
    Ended,
}

/// A block at work. Its tasks run in lanes: one after the other within a lane, side by side across lanes.
#[derive(Debug)]
pub(super) struct Open {
    pub stage: Stage,
    /// The branch that was chosen.
    branch: Option<usize>,
    lanes: usize,
    /// How many lanes may be at work at once.
    limit: usize,
    next_lane: usize,
    /// How many task runs are at work.
    pub live: usize,
    /// The worst state so far.
    pub worst: State,
    /// Whether no more tasks of this stage begin.
    is_stopped: bool,
    /// For each task of a graph, how many it still waits for.
    waits: Vec<usize>,
    /// Tasks of a graph that wait for nothing any more.
    ready: VecDeque<usize>,
}

impl Open {
    pub(super) fn new(block: &Block, opening: Opening) -> Self {
        let mut open = Self {
            stage: Stage::Tasks,
            branch: Some(0),
            lanes: 1,
            limit: 1,
            next_lane: 0,
            live: 0,
            worst: State::Success,
            is_stopped: false,
            waits: Vec::new(),
            ready: VecDeque::new(),
        };
        let unlimited = |limit: usize| if limit == 0 { usize::MAX } else { limit };
        if let Opening::Branch(branch) = opening {
            open.branch = branch;
        }
        match (&block.shape, opening) {
            (Shape::Sequence | Shape::Choice | Shape::Until, _) => {}
            (Shape::Parallel { limit }, _) => {
                (open.lanes, open.limit) = (block.branches[0].len(), unlimited(*limit));
            }
            (Shape::Each { limit }, opening) => {
                let Opening::Values(values) = opening else {
                    unreachable!("a loop opens with the number of its values")
                };
                (open.lanes, open.limit) = (values, unlimited(*limit));
            }
            (Shape::Graph { waits_for, limit }, _) => {
                (open.lanes, open.limit) = (waits_for.len(), unlimited(*limit));
                open.waits = waits_for.iter().map(Vec::len).collect();
                open.ready = (0..waits_for.len()).filter(|task| open.waits[*task] == 0).collect();
            }
        }
        open
    }

    /// Starts over for one more pass.
    pub(super) fn restart(&mut self) {
        self.next_lane = 0;
    }

    /// Counts how something in it ended.
    pub(super) fn count(&mut self, state: State) {
        self.worst = worse(self.worst, state);
        self.is_stopped |= matches!(state, State::Failed | State::Killed | State::Cancelled);
    }

    fn enter(&mut self, stage: Stage) {
        self.stage = stage;
        (self.lanes, self.limit, self.next_lane) = (1, 1, 0);
        self.is_stopped = false;
    }

    /// The next lane to start.
    fn next(&mut self, shape: &Shape) -> Option<usize> {
        if self.is_stopped || self.live >= self.limit {
            return None;
        }
        if self.stage == Stage::Tasks && matches!(shape, Shape::Graph { .. }) {
            return self.ready.pop_front();
        }
        let lane = self.next_lane;
        (lane < self.lanes).then(|| {
            self.next_lane += 1;
            lane
        })
    }
}

/// The tasks that stand in a lane of the stage that a block is at.
fn lane_of<'p>(block: &'p Block, after: &'p [Place], open: &Open, lane: usize) -> &'p [Place] {
    let branch = || open.branch.map_or(&[] as &[Place], |branch| &block.branches[branch]);
    match (open.stage, &block.shape) {
        (Stage::Tasks, Shape::Parallel { .. } | Shape::Graph { .. }) => &branch()[lane..=lane],
        (Stage::Tasks, _) => branch(),
        (Stage::Errors, _) => &block.errors,
        (Stage::Finally, _) => &block.finally,
        (Stage::After, _) => after,
        (Stage::Ended, _) => &[],
    }
}

impl Schedule {
    pub(super) fn open_of(&self, block: Option<RunKey>) -> &Open {
        match block {
            None => &self.root,
            Some(run) => self.run(run).open.as_ref().expect("a parent's block is open"),
        }
    }

    pub(super) fn open_mut(&mut self, block: Option<RunKey>) -> &mut Open {
        match block {
            None => &mut self.root,
            Some(run) => self.run_mut(run).open.as_mut().expect("a parent's block is open"),
        }
    }

    /// The block as it is written, and what runs after the execution.
    fn block_of(program: &crate::plan::Program, task: Option<Place>) -> &Block {
        match task {
            None => &program.root,
            Some(task) => program.tasks[task].block.as_ref().expect("a parent holds a block"),
        }
    }

    /// Starts as many lanes as may be at work, and goes on to the next stage when none is.
    pub(super) fn fill(&mut self, key: Option<RunKey>) {
        let program = self.program.clone();
        let block = Self::block_of(&program, key.map(|run| self.task(run)));
        while !self.is_halted(key) {
            let open = self.open_mut(key);
            let Some(lane) = open.next(&block.shape) else { break };
            if let Some(task) = lane_of(block, &program.after, open, lane).first() {
                open.live += 1;
                self.start(*task, key, lane, 0);
            }
        }
        self.settle(key);
    }

    fn start(&mut self, task: Place, parent: Option<RunKey>, lane: usize, position: usize) {
        let run = Run {
            task,
            parent,
            lane,
            position,
            open: None,
        };
        let key = match self.free.pop() {
            Some(place) => {
                self.runs[place] = Some(run);
                RunKey(place)
            }
            None => {
                self.runs.push(Some(run));
                RunKey(self.runs.len() - 1)
            }
        };
        self.steps.push_back(Step::Start(key));
    }

    /// Takes note that a task run within a block is over.
    pub(super) fn child_ended(&mut self, run: &Run, state: State) {
        let program = self.program.clone();
        let key = run.parent;
        let block = Self::block_of(&program, key.map(|parent| self.task(parent)));
        let is_halted = self.is_halted(key);
        let open = self.open_mut(key);
        open.live -= 1;
        open.count(state);
        if !open.is_stopped && !is_halted {
            let list = lane_of(block, &program.after, open, run.lane);
            if let Some(task) = list.get(run.position + 1) {
                open.live += 1;
                self.start(*task, key, run.lane, run.position + 1);
                return;
            }
            if let (Stage::Tasks, Shape::Graph { waits_for, .. }) = (open.stage, &block.shape) {
                for (task, waits) in waits_for.iter().enumerate() {
                    let met = waits.iter().filter(|waited| **waited == run.lane).count();
                    if met > 0 {
                        open.waits[task] -= met;
                        if open.waits[task] == 0 {
                            open.ready.push_back(task);
                        }
                    }
                }
            }
        }
        self.fill(key);
    }

    /// Goes on to the next stage of a block in which nothing is at work.
    pub(super) fn settle(&mut self, key: Option<RunKey>) {
        let open = self.open_of(key);
        if open.live > 0 {
            return;
        }
        match open.stage {
            Stage::Tasks => {
                let is_repeated = key.is_some_and(|run| {
                    let block = self.program.tasks[self.task(run)].block.as_ref();
                    block.is_some_and(|block| block.shape == Shape::Until)
                });
                match is_repeated && !open.is_stopped && !self.is_halted(key) {
                    true => self.steps.extend(key.map(Step::Again)),
                    false => self.leave_tasks(key),
                }
            }
            Stage::Errors => self.enter(key, Stage::Finally),
            Stage::Finally => self.close(key),
            Stage::After => {
                self.root.stage = Stage::Ended;
                self.steps.push_back(Step::Over);
            }
            Stage::Ended => {}
        }
    }

    pub(super) fn leave_tasks(&mut self, key: Option<RunKey>) {
        let halt = self.halt;
        let open = self.open_mut(key);
        match halt {
            Some(Halt::Kill(state)) => open.count(state),
            Some(Halt::Exit(_)) | None => {}
        }
        let is_exit = matches!(halt, Some(Halt::Exit(State::Failed) | Halt::Kill(State::Failed))) && key.is_none();
        let stage = match open.worst == State::Failed || is_exit {
            true => Stage::Errors,
            false => Stage::Finally,
        };
        self.enter(key, stage);
    }

    fn enter(&mut self, key: Option<RunKey>, stage: Stage) {
        self.open_mut(key).enter(stage);
        self.fill(key);
    }

    fn close(&mut self, key: Option<RunKey>) {
        let Some(run) = key else {
            self.steps.push_back(Step::Finish(self.state()));
            return self.enter(None, Stage::After);
        };
        let worst = self.open_of(key).worst;
        self.open_mut(key).stage = Stage::Ended;
        let state = self.counted(self.task(run), worst);
        self.steps.push_back(Step::End(run, state));
        // The run itself is taken when its end is given out, so that its key is not used again before.
        let Run {
            task,
            parent,
            lane,
            position,
            ..
        } = *self.run(run);
        let ended = Run {
            task,
            parent,
            lane,
            position,
            open: None,
        };
        self.child_ended(&ended, state);
    }
}

/// The state of two that says more about a whole.
fn worse(first: State, second: State) -> State {
    let rank = |state| match state {
        State::Warning => 1,
        State::Failed => 2,
        State::Cancelled => 3,
        State::Killed => 4,
        _ => 0,
    };
    match rank(second) > rank(first) {
        true => second,
        false => first,
    }
}
