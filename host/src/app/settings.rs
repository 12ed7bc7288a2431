//! Where things are, as the face was told.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::{self, Config, RunGrant};
use crate::sandbox::{PinnedFile, PluginNotice, Registry, RegistryOptions};

use super::{App, AppError};

/// The settings of a project where no others are named.
pub(super) const CONFIG: &str = "begat.toml";

/// Where things are and whom to tell.
pub struct Settings {
    /// The catalog file.
    pub catalog: PathBuf,
    /// A folder of plugins beside the embedded ones.
    pub plugins: Option<PathBuf>,
    /// The file that pins plugins by their digests.
    pub lock: PathBuf,
    /// Whether only embedded plugins and pinned ones may be used.
    pub locked: bool,
    /// The folder for compiled plugins.
    pub cache: PathBuf,
    /// Limit on the wall time of each task run; the default when none.
    pub task_timeout: Option<std::time::Duration>,
    /// Limit on the memory of each task run, in bytes; the default when none.
    pub task_memory: Option<u64>,
    /// The settings of the project; `begat.toml` where it is there and no other is named.
    pub config: Option<PathBuf>,
    /// What is granted for this run alone.
    pub allow: Vec<RunGrant>,
    /// The program that is begat, to be started again for work that outlives a command; none is started where nothing is
    /// said.
    pub program: Option<PathBuf>,
    /// Hears about plugins that take long or cannot be kept in their compiled form.
    pub on_notice: Arc<dyn Fn(PluginNotice<'_>) + Send + Sync>,
}

impl Settings {
    /// A catalog and a folder for compiled plugins, with nothing else said.
    pub fn of(catalog: PathBuf, cache: PathBuf) -> Self {
        Self {
            catalog,
            cache,
            plugins: None,
            lock: PathBuf::from("begat.lock"),
            locked: false,
            task_timeout: None,
            task_memory: None,
            config: None,
            allow: Vec::new(),
            program: None,
            on_notice: Arc::new(|_| {}),
        }
    }
}

impl App {
    /// What the settings of the project say; nothing where there are none.
    pub(super) fn config(&self) -> Result<Config, AppError> {
        match &self.settings.config {
            Some(path) => Ok(config::read(path)?),
            None if Path::new(CONFIG).exists() => Ok(config::read(Path::new(CONFIG))?),
            None => Ok(Config::default()),
        }
    }

    /// The plugins, opened when they are first asked for.
    pub(super) async fn registry(&self) -> Result<Arc<Registry>, AppError> {
        let opened = self.registry.get_or_try_init(|| self.open_registry()).await?;
        Ok(opened.clone())
    }

    async fn open_registry(&self) -> Result<Arc<Registry>, AppError> {
        let folder = self.settings.plugins.clone();
        Ok(Arc::new(self.registry_with(folder, self.pinned()?).await?))
    }

    /// Opens the plugins that are part of the binary, and no others.
    pub(super) async fn registry_without_pinned(&self) -> Result<Registry, AppError> {
        self.registry_with(None, Vec::new()).await
    }

    async fn registry_with(&self, folder: Option<PathBuf>, pinned: Vec<PinnedFile>) -> Result<Registry, AppError> {
        let on_notice = self.settings.on_notice.clone();
        let options = RegistryOptions {
            folder,
            pinned,
            only_pinned: self.settings.locked,
            cache: self.settings.cache.clone(),
            policy: self.policy()?,
            on_notice: Box::new(move |notice| on_notice(notice)),
        };
        let registry = Registry::open(options).await?;
        self.check_principals(&registry)?;
        Ok(registry)
    }
}
