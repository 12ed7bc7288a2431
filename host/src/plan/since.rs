//! Which tasks run again when an execution is done again from one of its tasks on.

use std::collections::HashSet;

use super::program::{Block, Place, Program, Shape};

impl Program {
    /// The places that begin anew when the task of one place does: it with all that it holds, what comes after it, the
    /// tasks that hold it, and what runs at the end of those. Tasks beside it that do not wait for it are left out.
    pub fn since(&self, place: Place) -> HashSet<Place> {
        let mut anew: HashSet<Place> = self.after.iter().copied().collect();
        self.visit(&self.root, place, &mut anew);
        anew.insert(place);
        self.add_within(place, &mut anew);
        anew
    }

    /// Whether the place is in the block; adds what comes after it, and what holds it.
    fn visit(&self, block: &Block, place: Place, anew: &mut HashSet<Place>) -> bool {
        let lists = block.branches.iter().chain([&block.errors, &block.finally]);
        for (number, list) in lists.enumerate() {
            let holder = list.iter().position(|held| {
                let inner = self.tasks[*held].block.as_ref();
                *held == place || inner.is_some_and(|inner| self.visit(inner, place, anew))
            });
            let Some(holder) = holder else { continue };
            anew.insert(list[holder]);
            let branches = block.branches.len();
            let later = match &block.shape {
                Shape::Parallel { .. } if number < branches => Vec::new(),
                Shape::Graph { waits_for, .. } if number < branches => waiting_for(waits_for, holder),
                _ => (holder + 1..list.len()).collect(),
            };
            for place in later {
                self.add(list[place], anew);
            }
            let at_the_end = match number {
                number if number < branches => vec![&block.errors, &block.finally],
                number if number == branches => vec![&block.finally],
                _ => Vec::new(),
            };
            for place in at_the_end.into_iter().flatten() {
                self.add(*place, anew);
            }
            return true;
        }
        false
    }

    fn add(&self, place: Place, anew: &mut HashSet<Place>) {
        anew.insert(place);
        self.add_within(place, anew);
    }

    fn add_within(&self, place: Place, anew: &mut HashSet<Place>) {
        let Some(block) = &self.tasks[place].block else { return };
        let lists = block.branches.iter().chain([&block.errors, &block.finally]);
        for place in lists.flatten() {
            self.add(*place, anew);
        }
    }
}

/// The places of a graph that wait for one of it, directly or not.
fn waiting_for(waits_for: &[Vec<usize>], first: usize) -> Vec<usize> {
    let (mut found, mut open) = (HashSet::new(), vec![first]);
    while let Some(place) = open.pop() {
        for (other, waits) in waits_for.iter().enumerate() {
            if waits.contains(&place) && found.insert(other) {
                open.push(other);
            }
        }
    }
    found.into_iter().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::Spec;

    fn block(shape: Shape, branches: &[&[Place]], errors: &[Place], finally: &[Place]) -> Block {
        Block {
            shape,
            branches: branches.iter().map(|branch| branch.to_vec()).collect(),
            errors: errors.to_vec(),
            finally: finally.to_vec(),
        }
    }

    /// Tasks 0, 1 (a block of this shape that holds 2, 3 and 4, with 5 at its end), 6; then 7 on errors, 8 at the end
    /// and 9 after the execution.
    fn check(shape: Shape, place: Place, expected: &[Place]) {
        let mut tasks = vec![Spec::default(); 10];
        tasks[1].block = Some(block(shape, &[&[2, 3, 4]], &[], &[5]));
        let program = Program {
            tasks,
            root: block(Shape::Sequence, &[&[0, 1, 6]], &[7], &[8]),
            after: vec![9],
        };
        let mut anew: Vec<Place> = program.since(place).into_iter().collect();
        anew.sort_unstable();
        assert_eq!(anew, expected);
    }

    #[test]
    fn what_comes_after_a_task_and_what_holds_it_begins_anew() {
        check(Shape::Sequence, 0, &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
        check(Shape::Sequence, 1, &[1, 2, 3, 4, 5, 6, 7, 8, 9]);
        check(Shape::Sequence, 3, &[1, 3, 4, 5, 6, 7, 8, 9]);
        check(Shape::Sequence, 5, &[1, 5, 6, 7, 8, 9]);
        check(Shape::Sequence, 6, &[6, 7, 8, 9]);
        check(Shape::Sequence, 7, &[7, 8, 9]);
        check(Shape::Sequence, 8, &[8, 9]);
        check(Shape::Sequence, 9, &[9]);
    }

    #[test]
    fn tasks_beside_it_that_do_not_wait_for_it_are_kept() {
        check(Shape::Parallel { limit: 0 }, 3, &[1, 3, 5, 6, 7, 8, 9]);
        let waits_for = vec![vec![], vec![], vec![0]];
        let graph = || Shape::Graph {
            waits_for: waits_for.clone(),
            limit: 0,
        };
        check(graph(), 2, &[1, 2, 4, 5, 6, 7, 8, 9]);
        check(graph(), 3, &[1, 3, 5, 6, 7, 8, 9]);
    }
}
