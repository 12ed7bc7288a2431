//! The joint: one short method for each verb of the faces. The only room that sees every stage.

mod error;
mod expression;
mod inputs;
mod plan;
mod query;
mod resume;
mod run;
mod schema;
mod settings;
mod slots;
mod subflows;
mod validate;

pub use error::{AppError, ErrorKind, Report};
pub use expression::{ExpressionRequest, Rendered};
pub use inputs::{Ask, InputSources};
pub use query::{AssetQuery, GraphQuery, LogQuery};
pub use resume::ResumeRequest;
pub use run::{FlowRequest, Notice, RunRequest};
pub use settings::Settings;
pub use validate::ValidateRequest;

pub use crate::plan::Stubs;
pub use crate::run::Observer;
pub use crate::sandbox::PluginNotice;

/// begat, with its settings.
pub struct App {
    settings: Settings,
}

impl App {
    /// Takes the settings; nothing is opened until a verb needs it.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }
}
