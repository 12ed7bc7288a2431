//! The joint: one short method for each verb of the faces. The only room that sees every stage.

mod again;
mod assets;
mod attest;
mod authoring;
mod compare;
mod condition;
mod delivery;
mod edits;
mod error;
mod expression;
mod fixtures;
mod flow_test;
mod grants;
mod inputs;
mod interchange;
mod plan;
mod query;
mod resume;
mod run;
mod schema;
mod settings;
mod slots;
mod subflows;
mod supply;
mod upkeep;
mod validate;

use std::any::Any;
use std::sync::{Arc, Mutex};

use tokio::sync::OnceCell;

use crate::sandbox::Registry;

pub use again::{AgainRequest, StartAt};
pub use assets::{AssetQuery, AssetStory, Expiry, GraphQuery};
pub use attest::{AttestTo, AttestationView};
pub use authoring::{GoldenRequest, TaskTrial, TrialRequest};
pub use delivery::Delivered;
pub use edits::{DeleteMode, SetRequest, user_of_process};
pub use error::{AppError, ErrorKind, Report};
pub use expression::{ExpressionRequest, Rendered};
pub use flow_test::FlowTestRequest;
pub use inputs::{Ask, InputSources};
pub use query::LogQuery;
pub use resume::ResumeRequest;
pub use run::{FlowRequest, Notice, RunRequest};
pub use settings::Settings;
pub use supply::{Supplied, SupplyChange};
pub use validate::ValidateRequest;

pub use crate::author::{Built, Language, NewPlugin, stamp};
pub use crate::config::RunGrant;
pub use crate::interop::openlineage::ASSET_FACET_SCHEMA;
pub use crate::plan::Stubs;
pub use crate::run::Observer;
pub use crate::sandbox::{CONTRACTS, PluginNotice};
pub use crate::store::{ExportedFiles, Imported, Migrated, Pruned};

/// begat, with its settings.
pub struct App {
    settings: Settings,
    registry: OnceCell<Arc<Registry>>,
    /// What runs have worked with. It ends with the app; a process that is about to end need not take it down.
    kept: Mutex<Vec<Box<dyn Any + Send>>>,
}

impl App {
    /// Takes the settings; nothing is opened until a verb needs it.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            registry: OnceCell::new(),
            kept: Mutex::default(),
        }
    }
}
