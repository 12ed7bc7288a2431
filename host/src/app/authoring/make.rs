//! Making and building plugins.

use std::path::{Path, PathBuf};

use super::super::{App, AppError};
use crate::author::{self, Built, NewPlugin};
use crate::model::PluginView;

impl App {
    /// Makes the folder of a new plugin; gives the files in it.
    pub fn new_plugin(&self, plugin: &NewPlugin) -> Result<Vec<PathBuf>, AppError> {
        Ok(author::create(plugin)?)
    }

    /// Builds the plugin of a folder.
    pub fn build_plugin(&self, folder: &Path) -> Result<Built, AppError> {
        Ok(author::build(folder)?)
    }

    /// The component that a path names. One that is older than its sources is built first, and `building` hears of it.
    pub fn fresh_component(&self, path: &Path, building: &dyn Fn()) -> Result<PathBuf, AppError> {
        let has_sources = path.is_dir() && author::Language::of(path).is_some();
        let known = author::component_of(path);
        match known {
            Ok(component) if !has_sources || !author::is_stale(&component, path) => Ok(component),
            Err(error) if !has_sources => Err(error.into()),
            _ => {
                building();
                Ok(author::build(path)?.component)
            }
        }
    }

    /// Compiles every plugin for this machine, so that no run has to wait for it.
    pub async fn compile_plugins(&self) -> Result<Vec<PluginView>, AppError> {
        let registry = self.registry().await?;
        let mut views = registry.plugins();
        views.retain(|view| !view.task_types.is_empty());
        for view in &views {
            for task_type in &view.task_types {
                if let Some(plugin) = registry.find(&task_type.name) {
                    registry.prepare(plugin)?;
                }
            }
        }
        Ok(views)
    }
}
