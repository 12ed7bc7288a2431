//! The schedule told step by step, and held against the naive interpreter on random programs.

use std::collections::HashMap;
use std::sync::Arc;

use proptest::prelude::*;

use super::reference::{Ended, Reference, World};
use super::{Opening, RunKey, Schedule, Step};
use crate::model::State::{self, Cancelled, Failed, Killed, Skipped, Success, Warning};
use crate::plan::{Block, Place, Program, Shape, Spec};

/// Answers that depend on nothing but the path.
struct Fixed {
    leaves: Vec<State>,
    decisions: Vec<usize>,
}

fn mixed(path: &[(Place, usize)]) -> usize {
    path.iter().fold(7, |hash, (place, lane)| hash * 31 + place * 5 + lane)
}

impl World for Fixed {
    fn leaf(&self, path: &[(Place, usize)]) -> State {
        self.leaves[mixed(path) % self.leaves.len()]
    }

    fn decision(&self, path: &[(Place, usize)]) -> usize {
        self.decisions[mixed(path) % self.decisions.len()]
    }
}

/// Drives a schedule with the answers of a world. Work that is under way ends in the order that `picks` says.
struct Play<'a> {
    schedule: Schedule,
    program: Arc<Program>,
    world: &'a dyn World,
    paths: HashMap<RunKey, Vec<(Place, usize)>>,
    passes: HashMap<RunKey, usize>,
    under_way: Vec<RunKey>,
    ended: Vec<Ended>,
    /// What happened, to check orders: `+` and `-` with the path.
    story: Vec<(bool, Vec<(Place, usize)>)>,
    most: usize,
    state: Option<State>,
}

impl<'a> Play<'a> {
    fn new(program: Program, world: &'a dyn World) -> Self {
        let program = Arc::new(program);
        Self {
            schedule: Schedule::new(program.clone()),
            program,
            world,
            paths: HashMap::new(),
            passes: HashMap::new(),
            under_way: Vec::new(),
            ended: Vec::new(),
            story: Vec::new(),
            most: 0,
            state: None,
        }
    }

    fn run(mut self, picks: &[usize]) -> Self {
        let mut picks = picks.iter().copied().cycle();
        loop {
            match self.schedule.step() {
                Some(Step::Start(run)) => self.start(run),
                Some(Step::Again(run)) => {
                    let passes = self.passes.entry(run).or_default();
                    *passes += 1;
                    let goes_on = *passes < self.world.decision(&self.paths[&run]);
                    self.schedule.again(run, Ok(goes_on));
                }
                Some(Step::End(run, state)) => self.end(run, state),
                Some(Step::Finish(state)) => self.state = Some(state),
                Some(Step::Over) => break,
                None => {
                    assert!(!self.under_way.is_empty(), "nothing is under way and nothing is over");
                    let pick = picks.next().unwrap_or(0) % self.under_way.len();
                    let run = self.under_way.swap_remove(pick);
                    let state = self.world.leaf(&self.paths[&run]);
                    let state = self.schedule.finish(run, state);
                    self.end(run, state);
                }
            }
        }
        assert!(self.under_way.is_empty() && self.paths.is_empty());
        self
    }

    fn start(&mut self, run: RunKey) {
        let mut path = self
            .schedule
            .parent(run)
            .map(|parent| self.paths[&parent].clone())
            .unwrap_or_default();
        path.push((self.schedule.task(run), self.schedule.lane(run)));
        self.story.push((true, path.clone()));
        let spec = &self.program.tasks[self.schedule.task(run)];
        let opening = spec.block.as_ref().map(|block| match &block.shape {
            Shape::Choice => {
                let decision = self.world.decision(&path);
                Opening::Branch((decision < block.branches.len()).then_some(decision))
            }
            Shape::Each { .. } => Opening::Values(self.world.decision(&path)),
            _ => Opening::Branch(Some(0)),
        });
        self.paths.insert(run, path);
        match opening {
            None => {
                self.under_way.push(run);
                self.most = self.most.max(self.under_way.len());
            }
            Some(opening) => self.schedule.open(run, opening),
        }
    }

    fn end(&mut self, run: RunKey, state: State) {
        let path = self.paths.remove(&run).expect("it began");
        self.passes.remove(&run);
        self.story.push((false, path.clone()));
        self.ended.push((path, state));
    }
}

fn leaf() -> Spec {
    Spec::default()
}

fn holding(block: Block) -> Spec {
    Spec {
        block: Some(block),
        ..Spec::default()
    }
}

fn shaped(shape: Shape, tasks: Vec<Place>) -> Block {
    Block {
        shape,
        ..Block::sequence(tasks)
    }
}

/// A flow of leaves with the given states, told as `place:STATE` in the order they ended, then the state of the whole.
fn check(root: Block, after: Vec<Place>, states: &[State], expected: &str) {
    struct Listed<'a>(&'a [State]);
    impl World for Listed<'_> {
        fn leaf(&self, path: &[(Place, usize)]) -> State {
            self.0[path.last().unwrap().0]
        }
        fn decision(&self, _: &[(Place, usize)]) -> usize {
            2
        }
    }
    let program = Program {
        tasks: states.iter().map(|_| leaf()).collect(),
        root,
        after,
    };
    let world = Listed(states);
    let play = Play::new(program, &world).run(&[0]);
    let mut told: Vec<String> = play
        .ended
        .iter()
        .map(|(path, state)| format!("{}:{state}", path[0].0))
        .collect();
    told.push(play.state.unwrap().to_string());
    assert_eq!(told.join(" "), expected);
}

fn with(errors: Vec<Place>, finally: Vec<Place>, tasks: Vec<Place>) -> Block {
    Block {
        errors,
        finally,
        ..Block::sequence(tasks)
    }
}

#[test]
fn tasks_run_in_order_until_one_fails() {
    check(Block::sequence(vec![]), vec![], &[], "SUCCESS");
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Success, Success],
        "0:SUCCESS 1:SUCCESS SUCCESS",
    );
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Warning, Success],
        "0:WARNING 1:SUCCESS WARNING",
    );
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Failed, Success],
        "0:FAILED FAILED",
    );
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Skipped, Success],
        "0:SKIPPED 1:SUCCESS SUCCESS",
    );
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Killed, Success],
        "0:KILLED KILLED",
    );
    check(
        Block::sequence(vec![0, 1]),
        vec![],
        &[Cancelled, Success],
        "0:CANCELLED CANCELLED",
    );
}

#[test]
fn errors_and_finally_run_in_every_combination_of_outcomes() {
    let whole = || with(vec![1], vec![2], vec![0]);
    check(
        whole(),
        vec![],
        &[Success, Success, Success],
        "0:SUCCESS 2:SUCCESS SUCCESS",
    );
    check(
        whole(),
        vec![],
        &[Warning, Success, Success],
        "0:WARNING 2:SUCCESS WARNING",
    );
    check(
        whole(),
        vec![],
        &[Failed, Success, Success],
        "0:FAILED 1:SUCCESS 2:SUCCESS FAILED",
    );
    check(
        whole(),
        vec![],
        &[Failed, Failed, Success],
        "0:FAILED 1:FAILED 2:SUCCESS FAILED",
    );
    check(
        whole(),
        vec![],
        &[Failed, Failed, Failed],
        "0:FAILED 1:FAILED 2:FAILED FAILED",
    );
    check(
        whole(),
        vec![],
        &[Failed, Warning, Warning],
        "0:FAILED 1:WARNING 2:WARNING FAILED",
    );
    check(
        whole(),
        vec![],
        &[Success, Success, Failed],
        "0:SUCCESS 2:FAILED FAILED",
    );
    check(
        whole(),
        vec![],
        &[Success, Success, Warning],
        "0:SUCCESS 2:WARNING WARNING",
    );
    check(
        whole(),
        vec![],
        &[Killed, Success, Success],
        "0:KILLED 2:SUCCESS KILLED",
    );
}

#[test]
fn what_runs_after_the_execution_does_not_change_its_state() {
    check(
        Block::sequence(vec![0]),
        vec![1, 2],
        &[Success, Failed, Success],
        "0:SUCCESS 1:FAILED SUCCESS",
    );
}

#[test]
fn a_limit_on_what_runs_side_by_side_is_kept() {
    let world = Fixed {
        leaves: vec![Success],
        decisions: vec![7],
    };
    for (shape, expected) in [
        (Shape::Parallel { limit: 2 }, 2),
        (Shape::Parallel { limit: 0 }, 3),
        (Shape::Each { limit: 4 }, 4),
        (Shape::Each { limit: 0 }, 7),
        (
            Shape::Graph {
                waits_for: vec![vec![], vec![0], vec![0]],
                limit: 0,
            },
            2,
        ),
    ] {
        let mut tasks = vec![leaf(), leaf(), leaf()];
        tasks.push(holding(shaped(shape.clone(), vec![0, 1, 2])));
        let program = Program {
            tasks,
            root: Block::sequence(vec![3]),
            after: vec![],
        };
        let play = Play::new(program, &world).run(&[0]);
        assert_eq!(play.most, expected, "{shape:?}");
    }
}

/// Two tasks and what runs at the end.
fn two() -> Program {
    Program {
        tasks: vec![leaf(), leaf(), leaf(), leaf()],
        root: with(vec![2], vec![3], vec![0, 1]),
        after: vec![],
    }
}

#[test]
fn killing_starts_nothing_more_but_finally() {
    let mut schedule = Schedule::new(Arc::new(two()));
    let Some(Step::Start(first)) = schedule.step() else {
        panic!("it starts")
    };
    schedule.kill(Killed);
    assert_eq!(schedule.step(), None);
    schedule.finish(first, Killed);
    let Some(Step::Start(last)) = schedule.step() else {
        panic!("finally starts")
    };
    assert_eq!(schedule.task(last), 3);
    schedule.finish(last, Success);
    assert_eq!(
        (schedule.step(), schedule.step()),
        (Some(Step::Finish(Killed)), Some(Step::Over))
    );
}

#[test]
fn a_kill_before_a_start_was_given_out_drops_the_start() {
    let mut schedule = Schedule::new(Arc::new(two()));
    schedule.kill(Killed);
    let Some(Step::Start(last)) = schedule.step() else {
        panic!("finally starts")
    };
    assert_eq!(schedule.task(last), 3);
}

#[test]
fn a_broken_limit_is_told_of_by_errors() {
    let mut schedule = Schedule::new(Arc::new(two()));
    let Some(Step::Start(first)) = schedule.step() else {
        panic!("it starts")
    };
    schedule.kill(Failed);
    schedule.finish(first, Killed);
    let mut ran = Vec::new();
    while let Some(Step::Start(run)) = schedule.step() {
        ran.push(schedule.task(run));
        schedule.finish(run, Success);
    }
    assert_eq!(ran, [2, 3]);
}

#[test]
fn an_exit_ends_the_execution_in_its_state() {
    for (state, ran) in [(Success, vec![3]), (Warning, vec![3]), (Failed, vec![2, 3])] {
        let mut schedule = Schedule::new(Arc::new(two()));
        let Some(Step::Start(first)) = schedule.step() else {
            panic!("it starts")
        };
        schedule.exit(state);
        schedule.finish(first, Success);
        let mut others = Vec::new();
        let end = loop {
            match schedule.step() {
                Some(Step::Start(run)) => {
                    others.push(schedule.task(run));
                    schedule.finish(run, Success);
                }
                other => break other,
            }
        };
        assert_eq!((others, end), (ran, Some(Step::Finish(state))));
    }
}

/// A tree of blocks to be laid out as a program.
#[derive(Debug, Clone)]
enum Tree {
    Leaf,
    Holder {
        shape: u8,
        limit: usize,
        children: Vec<Tree>,
        errors: usize,
        finally: usize,
        allow_failure: bool,
        allow_warning: bool,
    },
}

fn any_tree() -> impl Strategy<Value = Tree> {
    let flags = (any::<bool>(), any::<bool>());
    Just(Tree::Leaf).prop_recursive(4, 24, 4, move |inner| {
        (
            0_u8..6,
            0_usize..3,
            prop::collection::vec(inner, 0..4),
            0_usize..2,
            0_usize..2,
            flags,
        )
            .prop_map(
                |(shape, limit, children, errors, finally, (allow_failure, allow_warning))| Tree::Holder {
                    shape,
                    limit,
                    children,
                    errors,
                    finally,
                    allow_failure,
                    allow_warning,
                },
            )
    })
}

fn lay_out(tree: &Tree, tasks: &mut Vec<Spec>) -> Place {
    let place = tasks.len();
    tasks.push(leaf());
    let Tree::Holder {
        shape,
        limit,
        children,
        errors,
        finally,
        allow_failure,
        allow_warning,
    } = tree
    else {
        return place;
    };
    let list: Vec<Place> = children.iter().map(|child| lay_out(child, tasks)).collect();
    let mut leaves = |count: usize| -> Vec<Place> { (0..count).map(|_| lay_out(&Tree::Leaf, tasks)).collect() };
    let (errors, finally) = (leaves(*errors), leaves(*finally));
    let limit = *limit;
    let (shape, branches) = match shape {
        0 => (Shape::Sequence, vec![list]),
        1 => {
            let half = list.len() / 2;
            (Shape::Choice, vec![list[..half].to_vec(), list[half..].to_vec()])
        }
        2 => (Shape::Parallel { limit }, vec![list]),
        3 => (Shape::Each { limit }, vec![list]),
        4 => {
            let waits_for = (0..list.len()).map(|task| (0..task).filter(|other| (task + other) % 2 == 1).collect());
            (
                Shape::Graph {
                    waits_for: waits_for.collect(),
                    limit,
                },
                vec![list],
            )
        }
        _ => (Shape::Until, vec![list]),
    };
    tasks[place] = Spec {
        block: Some(Block {
            shape,
            branches,
            errors,
            finally,
        }),
        allow_failure: *allow_failure,
        allow_warning: *allow_warning,
    };
    place
}

fn any_program() -> impl Strategy<Value = Program> {
    let lists = (
        prop::collection::vec(any_tree(), 0..4),
        0_usize..2,
        0_usize..2,
        0_usize..2,
    );
    lists.prop_map(|(trees, errors, finally, after)| {
        let mut tasks = Vec::new();
        let list = trees.iter().map(|tree| lay_out(tree, &mut tasks)).collect();
        let mut leaves =
            |count: usize| -> Vec<Place> { (0..count).map(|_| lay_out(&Tree::Leaf, &mut tasks)).collect() };
        let (errors, finally, after) = (leaves(errors), leaves(finally), leaves(after));
        Program {
            root: with(errors, finally, list),
            tasks,
            after,
        }
    })
}

fn sorted(mut ended: Vec<Ended>) -> Vec<String> {
    ended.sort_by(|a, b| a.0.cmp(&b.0));
    ended
        .into_iter()
        .map(|(path, state)| format!("{path:?} {state}"))
        .collect()
}

/// Whether everything in it runs one after the other, so that it is known what a failure keeps from starting.
fn is_serial(program: &Program) -> bool {
    program
        .tasks
        .iter()
        .filter_map(|spec| spec.block.as_ref())
        .all(|block| match &block.shape {
            Shape::Parallel { limit } | Shape::Each { limit } => *limit == 1,
            Shape::Graph { .. } => false,
            Shape::Sequence | Shape::Choice | Shape::Until => true,
        })
}

/// Nothing begins before what holds it, or ends after it; within a lane nothing begins before the one ahead has ended.
fn orders_hold(story: &[(bool, Vec<(Place, usize)>)]) -> Result<(), String> {
    let mut open: Vec<&Vec<(Place, usize)>> = Vec::new();
    for (begins, path) in story {
        if *begins {
            if path.len() > 1 && !open.iter().any(|other| other[..] == path[..path.len() - 1]) {
                return Err(format!("{path:?} began outside of what holds it"));
            }
            open.push(path);
            continue;
        }
        open.retain(|other| *other != path);
        if let Some(inner) = open
            .iter()
            .find(|other| other.len() > path.len() && other[..path.len()] == path[..])
        {
            return Err(format!("{path:?} ended before {inner:?} within it"));
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn the_schedule_does_what_the_naive_interpreter_does(
        program in any_program(),
        leaves in prop::collection::vec(prop_oneof![6 => Just(Success), 1 => Just(Warning), 1 => Just(Skipped)], 1..8),
        failing in any::<bool>(),
        decisions in prop::collection::vec(0_usize..4, 1..6),
        picks in prop::collection::vec(0_usize..8, 1..12),
    ) {
        let mut leaves = leaves;
        if failing && is_serial(&program) {
            leaves.push(Failed);
        }
        // A pass of a repeated block is always run once.
        let decisions: Vec<usize> = decisions.into_iter().map(|decision| decision.max(1)).collect();
        let world = Fixed { leaves, decisions };
        let mut reference = Reference { program: &program, world: &world, ended: Vec::new() };
        let state = reference.run();
        let expected = sorted(reference.ended);
        let play = Play::new(program, &world).run(&picks);
        prop_assert_eq!(play.state, Some(state));
        prop_assert_eq!(sorted(play.ended), expected);
        prop_assert_eq!(orders_hold(&play.story), Ok(()));
    }

    #[test]
    fn with_failures_side_by_side_all_that_began_ends_and_the_whole_is_as_bad_as_its_worst(
        program in any_program(),
        leaves in prop::collection::vec(prop_oneof![3 => Just(Success), 1 => Just(Warning), 1 => Just(Failed)], 1..8),
        decisions in prop::collection::vec(1_usize..4, 1..6),
        picks in prop::collection::vec(0_usize..8, 1..12),
    ) {
        let world = Fixed { leaves, decisions };
        let roots: Vec<Place> = program.root.branches.iter().flatten().chain(&program.root.errors).chain(&program.root.finally).copied().collect();
        let play = Play::new(program, &world).run(&picks);
        prop_assert_eq!(orders_hold(&play.story), Ok(()));
        let of_root = play.ended.iter().filter(|(path, _)| path.len() == 1 && roots.contains(&path[0].0));
        let has_failed = of_root.clone().any(|(_, state)| *state == Failed);
        prop_assert_eq!(play.state == Some(Failed), has_failed);
        let begun = play.story.iter().filter(|(begins, _)| *begins).count();
        prop_assert_eq!(begun, play.ended.len());
    }
}
