//! What runs next: a pure state machine without a clock and without I/O.

use crate::model::State;

/// What the schedule wants done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// Run the task at this place of the flow.
    Run(usize),
    /// Nothing is left to run; the execution ends in this state.
    Finish(State),
}

/// The tasks of a flow, one after the other. A failed or killed task keeps all later ones from running.
#[derive(Debug)]
pub(super) struct Schedule {
    tasks: usize,
    next: usize,
    state: State,
}

impl Schedule {
    pub(super) fn new(tasks: usize) -> Self {
        Self {
            tasks,
            next: 0,
            state: State::Success,
        }
    }

    /// What to do now.
    pub(super) fn step(&self) -> Step {
        let stopped = matches!(self.state, State::Failed | State::Killed);
        match self.next < self.tasks && !stopped {
            true => Step::Run(self.next),
            false => Step::Finish(self.state),
        }
    }

    /// Takes note of how the task that was last asked for ended.
    pub(super) fn finished(&mut self, state: State) {
        self.next += 1;
        self.state = worse(self.state, state);
    }
}

/// The state of two that says more about the execution as a whole.
fn worse(first: State, second: State) -> State {
    let rank = |state| match state {
        State::Created | State::Running | State::Skipped | State::Success => 0,
        State::Warning => 1,
        State::Failed => 2,
        State::Killed => 3,
    };
    match (rank(first), rank(second)) {
        (a, b) if b > a => second,
        _ => first,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ends the tasks in the given states and tells which ran and how the execution ended.
    fn check(states: &[State], ran: usize, end: State) {
        let mut schedule = Schedule::new(states.len());
        let mut order = Vec::new();
        while let Step::Run(index) = schedule.step() {
            order.push(index);
            schedule.finished(states[index]);
        }
        assert_eq!(order, (0..ran).collect::<Vec<_>>(), "{states:?}");
        assert_eq!(schedule.step(), Step::Finish(end), "{states:?}");
    }

    #[test]
    fn tasks_run_in_order_until_one_fails() {
        use State::{Failed, Killed, Skipped, Success, Warning};
        check(&[], 0, Success);
        check(&[Success, Success], 2, Success);
        check(&[Warning, Success], 2, Warning);
        check(&[Success, Failed, Success], 2, Failed);
        check(&[Warning, Failed], 2, Failed);
        check(&[Skipped, Success], 2, Success);
        check(&[Killed, Success], 1, Killed);
    }
}
