//! The same semantics written the other way: a naive interpreter that walks the tree of blocks and knows every answer
//! beforehand. It has no lanes, no steps and no state; tasks that run side by side it runs one after the other.

use crate::model::State;
use crate::plan::{Block, Place, Program, Shape};

/// How leaves end and what blocks decide; the path names the task run.
pub(super) trait World {
    fn leaf(&self, path: &[(Place, usize)]) -> State;
    /// The branch of a choice, or how many values or passes there are.
    fn decision(&self, path: &[(Place, usize)]) -> usize;
}

/// A task run that ended: where it stood, and its state.
pub(super) type Ended = (Vec<(Place, usize)>, State);

pub(super) struct Reference<'a> {
    pub program: &'a Program,
    pub world: &'a dyn World,
    pub ended: Vec<Ended>,
}

fn rank(state: State) -> u8 {
    match state {
        State::Failed => 2,
        State::Warning => 1,
        _ => 0,
    }
}

fn worst(states: &[State]) -> State {
    states
        .iter()
        .copied()
        .fold(State::Success, |worst, state| match rank(state) > rank(worst) {
            true => state,
            false => worst,
        })
}

impl Reference<'_> {
    /// Runs the whole and gives the state of the execution.
    pub(super) fn run(&mut self) -> State {
        let program = self.program;
        let state = self.block(&program.root, &mut Vec::new(), 0);
        let mut after = Vec::new();
        self.list(&program.after, 0, &mut after, &mut Vec::new());
        state
    }

    fn block(&mut self, block: &Block, path: &mut Vec<(Place, usize)>, decision: usize) -> State {
        let mut states = Vec::new();
        match &block.shape {
            Shape::Sequence => drop(self.list(&block.branches[0], 0, &mut states, path)),
            Shape::Choice => {
                if let Some(branch) = block.branches.get(decision) {
                    self.list(branch, 0, &mut states, path);
                }
            }
            Shape::Until => {
                for _ in 0..decision {
                    if !self.list(&block.branches[0], 0, &mut states, path) {
                        break;
                    }
                }
            }
            Shape::Parallel { limit } => {
                for (lane, task) in block.branches[0].iter().enumerate() {
                    let goes_on = self.list(&[*task], lane, &mut states, path);
                    if !goes_on && *limit == 1 {
                        break;
                    }
                }
            }
            Shape::Each { limit } => {
                for lane in 0..decision {
                    let goes_on = self.list(&block.branches[0], lane, &mut states, path);
                    if !goes_on && *limit == 1 {
                        break;
                    }
                }
            }
            Shape::Graph { waits_for, .. } => {
                let mut done = vec![false; waits_for.len()];
                while let Some(next) =
                    (0..waits_for.len()).find(|task| !done[*task] && waits_for[*task].iter().all(|other| done[*other]))
                {
                    done[next] = true;
                    if !self.list(&[block.branches[0][next]], next, &mut states, path) {
                        break;
                    }
                }
            }
        }
        if worst(&states) == State::Failed {
            self.list(&block.errors, 0, &mut states, path);
        }
        self.list(&block.finally, 0, &mut states, path);
        worst(&states)
    }

    /// Tasks one after the other; false when one failed.
    fn list(&mut self, tasks: &[Place], lane: usize, states: &mut Vec<State>, path: &mut Vec<(Place, usize)>) -> bool {
        for task in tasks {
            path.push((*task, lane));
            let spec = &self.program.tasks[*task];
            let raw = match &spec.block {
                None => self.world.leaf(path),
                Some(block) => {
                    let decision = self.world.decision(path);
                    self.block(block, path, decision)
                }
            };
            let state = match raw {
                State::Failed if spec.allow_failure => State::Warning,
                state => state,
            };
            let state = match state {
                State::Warning if spec.allow_warning => State::Success,
                state => state,
            };
            self.ended.push((path.clone(), state));
            path.pop();
            states.push(state);
            if state == State::Failed {
                return false;
            }
        }
        true
    }
}
