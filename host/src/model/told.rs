//! The event log as it is told to other programs, without how it is stored; and what those say in their turn.

use super::{
    Actor, Asset, AssetEvent, AssetId, Declaration, EdgeView, ExecutionId, JsonMap, Person, State, TaskRunId, Timestamp,
};

/// One recorded event.
#[derive(Debug, Clone, PartialEq)]
pub struct ToldEvent {
    pub sequence: u64,
    pub time: Timestamp,
    pub by: ToldBy,
    pub kind: ToldKind,
}

/// Who an event is owed to.
#[derive(Debug, Clone, PartialEq)]
pub enum ToldBy {
    Run(Actor),
    Person(Person),
}

/// What happened.
#[derive(Debug, Clone, PartialEq)]
pub enum ToldKind {
    ExecutionStarted {
        labels: JsonMap,
        parent: Option<ExecutionId>,
    },
    TaskRunStarted {
        task_type: String,
        parent: Option<TaskRunId>,
    },
    AssetsChanged(ToldChange),
    FileWritten {
        name: String,
        digest: String,
    },
    TaskRunFinished {
        state: State,
        error: Option<String>,
    },
    ExecutionFinished {
        state: State,
        error: Option<String>,
    },
}

/// What happened to assets at once.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ToldChange {
    /// How a person or a task that edits the catalog calls it; empty for what a task declared.
    pub action: String,
    /// Each asset once, as it was afterwards; a deleted one as it was before.
    pub assets: Vec<(AssetEvent, Asset)>,
    /// Of those, what something was made from.
    pub inputs: Vec<AssetId>,
    /// From each to what was made from it.
    pub edges: Vec<EdgeView>,
}

/// What one message of another program says.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ForeignChange {
    /// Who said it, and in which run.
    pub by: Option<Person>,
    pub assets: Vec<ForeignAsset>,
    pub deleted: Vec<AssetId>,
    pub edges: Vec<EdgeView>,
}

/// What is said of one asset.
#[derive(Debug, Clone, PartialEq)]
pub enum ForeignAsset {
    /// All there is: it takes the place of what was known.
    Whole(Box<Asset>),
    /// A part: it is merged into what was known.
    Declared(Box<Declaration>),
}
