//! The shape of a flow: which tasks there are, and which block each belongs to. All that the scheduler needs to know.

/// A place in [`Program::tasks`], which is the place of the planned task too.
pub type Place = usize;

/// The tasks of a flow as a tree of blocks.
#[derive(Debug, Clone)]
pub struct Program {
    /// Every task, those of a block after the task that holds the block.
    pub tasks: Vec<Spec>,
    /// The flow itself: its tasks, `errors` and `finally`.
    pub root: Block,
    /// What runs when the execution has ended.
    pub after: Vec<Place>,
}

/// What the scheduler knows of one task.
#[derive(Debug, Clone, Default)]
pub struct Spec {
    /// The tasks within it; nothing where it does its work itself.
    pub block: Option<Block>,
    /// Whether its failure counts as a warning.
    pub allow_failure: bool,
    /// Whether its warning counts as a success.
    pub allow_warning: bool,
}

/// Tasks that a task holds.
#[derive(Debug, Clone)]
pub struct Block {
    pub shape: Shape,
    /// Lists of tasks. All shapes but [`Shape::Choice`] have exactly one.
    pub branches: Vec<Vec<Place>>,
    /// What runs when one of the tasks failed.
    pub errors: Vec<Place>,
    /// What runs at the end, whatever happened.
    pub finally: Vec<Place>,
}

/// How the tasks of a block follow one another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    /// One after the other.
    Sequence,
    /// One of the branches, its tasks one after the other.
    Choice,
    /// All at once, but at most so many at a time; 0 is no limit.
    Parallel { limit: usize },
    /// The list once for each value of a loop, at most so many values at a time; 0 is no limit.
    Each { limit: usize },
    /// Each task after those it waits for, which are places within the branch.
    Graph { waits_for: Vec<Vec<usize>>, limit: usize },
    /// One after the other, over and over.
    Until,
}

impl Block {
    /// Tasks one after the other, with nothing else about them.
    pub fn sequence(tasks: Vec<Place>) -> Self {
        Self {
            shape: Shape::Sequence,
            branches: vec![tasks],
            errors: Vec::new(),
            finally: Vec::new(),
        }
    }
}
