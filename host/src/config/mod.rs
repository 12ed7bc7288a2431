//! `begat.toml`: the settings of a project. Written form in, model's nouns out. Nothing is looked up and nothing is run
//! here.

mod error;
pub mod openlineage;
mod read;

use std::path::PathBuf;

pub use error::ConfigError;
pub use openlineage::OpenLineage;
pub use read::read;

/// The settings of a project.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Config {
    /// The file it was read from; nothing where there is none.
    pub file: Option<PathBuf>,
    /// Where OpenLineage events go as they happen.
    pub openlineage: Option<OpenLineage>,
}
