//! Where things are, as the face was told.

use std::path::PathBuf;
use std::sync::Arc;

use crate::sandbox::{Limits, Registry, RegistryOptions};

use super::{App, AppError};

/// Where things are and whom to tell.
pub struct Settings {
    /// The catalog file.
    pub catalog: PathBuf,
    /// A folder of plugins beside the embedded ones.
    pub plugins: Option<PathBuf>,
    /// The folder for compiled plugins.
    pub cache: PathBuf,
    /// Limit on the wall time of each task run; the default when none.
    pub task_timeout: Option<std::time::Duration>,
    /// Limit on the memory of each task run, in bytes; the default when none.
    pub task_memory: Option<u64>,
    /// Told the name of a plugin before it is compiled for the first time.
    pub on_compile: Arc<dyn Fn(&str) + Send + Sync>,
}

impl App {
    /// Opens the plugins.
    pub(super) async fn registry(&self) -> Result<Registry, AppError> {
        let defaults = Limits::default();
        let limits = Limits {
            time: self.settings.task_timeout.unwrap_or(defaults.time),
            memory: self.settings.task_memory.unwrap_or(defaults.memory),
            ..defaults
        };
        let on_compile = self.settings.on_compile.clone();
        let options = RegistryOptions {
            folder: self.settings.plugins.clone(),
            cache: self.settings.cache.clone(),
            limits,
            on_compile: Box::new(move |name| on_compile(name)),
        };
        Ok(Registry::open(options).await?)
    }
}
