//! The nouns every room speaks: ids, assets, task types, run events, diagnostics and the views shown outward.
//!
//! No I/O happens here and nothing here knows YAML, SQL, WebAssembly or a terminal.

mod actor;
pub mod amount;
mod answer;
mod asset;
mod asset_type;
mod catalog;
pub mod clock;
mod diagnostic;
pub mod digest;
mod edit;
mod event;
mod export;
mod grant;
mod id;
mod input;
mod log;
mod made;
mod mask;
mod moment;
mod planned;
mod plugin_check;
pub mod printable;
mod staged;
mod state;
mod suggest;
mod task_type;
mod test_view;
mod told;
mod tool;
mod view;

pub use actor::{Actor, FlowReference, PluginReference};
pub use answer::{
    Alone, Cascade, ChangedAsset, Checkpoint, Dependent, Dependents, DifferenceView, EditView, EditedAsset, ExpiryView,
    FieldChange, ImpactEntry, ImpactView, PathView, StatsView, TypeCount,
};
pub use asset::{ASSET_FIELDS, Asset, AssetType, Bundle, Declaration, EXTERNAL_TYPE, Metadata};
pub use asset_type::{AssetTypeDefinition, EXPIRY_PATHS, TypeHistoryEntry, TypeHistoryView, Violation, at_path};
pub use catalog::{AssetChange, AssetEvent, AssetFilter, CatalogReader, Receipt, RecordError, Recorder};
pub use diagnostic::{Diagnostic, Label, Severity, Source, Span};
pub use edit::{AssetEdit, Person};
pub use event::{
    FinishedExecution, FinishedTask, Lineage, Origin, RetriedTask, RunEvent, RunEventKind, SetKey, StartedExecution,
    StartedTask, WrittenFile,
};
pub use export::{EXPORT_VERSION, ExportHeader, ExportKind, ExportLine, ExportedContent, ExportedEvent, ExportedLog};
pub use grant::{Destination, Grant, GrantError, GrantKind, GrantView, Grants, UsedGrant};
pub use id::{AssetId, ExecutionId, FlowId, IdError, InputId, Namespace, TaskId, TaskRunId, TriggerId};
pub use input::{InputOptionView, InputQuestion, InputView};
pub use log::{LogLevel, LogLine};
pub use made::MadeView;
pub use mask::{MASK, Masker, SHORTEST as SHORTEST_SECRET};
pub use moment::{
    AsOf, Moment, days_between, earlier, end_of_day, is_whole_days, later, parse_expiry, parse_span, parse_time,
};
pub use planned::{
    AskView, AssetEffect, ComparedAsset, PlanComparisonView, PlanView, PlannedAssetView, PlannedTaskView, PlannedValue,
    PlannedWork,
};
pub use plugin_check::{PluginCheckView, PluginFinding};
pub use staged::{StagedAnswer, StagedRequest};
pub use state::State;
pub use suggest::closest;
pub use task_type::{Capability, PluginDescription, Schema, TaskType};
pub use test_view::{CoverageView, CoveredView, TestReportView, TestState, TestSuiteView, TestView};
pub use told::{ForeignAsset, ForeignChange, ToldBy, ToldChange, ToldEvent, ToldKind};
pub use tool::{SecretOrigin, Tool};
pub use view::{
    AssetDetailView, AssetEventView, AssetView, CachedView, CheckView, EdgeView, ExecutionDetailView, ExecutionView,
    GraphView, HistoryView, LimitView, LogView, PluginView, TaskRunView, TaskTypeView, UsedGrantView, VerifyView,
};

/// Free-form data: metadata, inputs, outputs and properties, which have no shape of their own.
pub type Json = serde_json::Value;
/// An object of free-form data, its keys in the order they were written.
pub type JsonMap = serde_json::Map<String, Json>;
/// An instant in UTC, with nanoseconds.
pub type Timestamp = jiff::Timestamp;
