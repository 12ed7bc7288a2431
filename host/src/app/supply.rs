//! Bringing plugins into a project and keeping to the ones it has pinned.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{App, AppError};
use crate::sandbox::PinnedFile;
use crate::supply::{Lock, LockedPlugin, PluginSource, PluginStore};

/// What became of a plugin that was to be brought here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supplied {
    #[serde(flatten)]
    pub plugin: LockedPlugin,
    pub change: SupplyChange,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SupplyChange {
    /// It is pinned now, and was not before.
    Added,
    /// Another component is pinned under its name.
    Updated,
    /// It was pinned and is here now.
    Fetched,
    /// All was as it should be.
    Unchanged,
    /// It is pinned no more.
    Removed,
}

impl App {
    /// Brings a component from a source, looks at it, keeps it and pins it.
    pub async fn add_plugin(&self, source: &str) -> Result<Supplied, AppError> {
        let source = PluginSource::parse(source)?;
        let lock = self.lock()?;
        let brought = self.bring(&source, &lock).await?;
        match lock.plugins.iter().find(|known| known.name == brought.name) {
            Some(known) if known.sha256 == brought.sha256 => Ok(supplied(known.clone(), SupplyChange::Unchanged)),
            Some(known) => {
                let name = &known.name;
                self.discard(&brought, &lock)?;
                Err(AppError::refused(format!(
                    "another plugin `{name}` is pinned already, from {}",
                    known.source
                ))
                .with_hint(format!(
                    "`begat plugin update {name}` takes what its source has now, `begat plugin remove {name}` makes room"
                )))
            }
            None => self.pin(lock, brought, SupplyChange::Added),
        }
    }

    /// Brings what the sources of pinned plugins have now, and pins it.
    pub async fn update_plugins(&self, names: &[String]) -> Result<Vec<Supplied>, AppError> {
        let lock = self.lock()?;
        let wanted = match names {
            [] => lock.plugins.clone(),
            names => {
                let found = names.iter().map(|name| lock.find(name).cloned());
                found.collect::<Result<Vec<_>, _>>()?
            }
        };
        let mut all = Vec::new();
        for known in wanted {
            let lock = self.lock()?;
            let brought = self.bring(&PluginSource::parse(&known.source)?, &lock).await?;
            if brought.name != known.name {
                self.discard(&brought, &lock)?;
                let (name, other) = (&known.name, &brought.name);
                return Err(
                    AppError::refused(format!("the source of the plugin `{name}` has a plugin `{other}` now"))
                        .with_hint(format!(
                            "`begat plugin remove {name}`, then `begat plugin add {}`",
                            known.source
                        )),
                );
            }
            if brought.sha256 == known.sha256 {
                all.push(supplied(known, SupplyChange::Unchanged));
                continue;
            }
            all.push(self.pin(lock, brought, SupplyChange::Updated)?);
            self.plugin_store().drop(&known.sha256)?;
        }
        Ok(all)
    }

    /// Brings every plugin that is pinned and not here. What is not the pinned one is not kept.
    pub fn fetch_plugins(&self) -> Result<Vec<Supplied>, AppError> {
        let store = self.plugin_store();
        let mut all = Vec::new();
        for plugin in self.lock()?.plugins {
            let is_here = store.holds(&plugin);
            if !is_here {
                let bytes = PluginSource::parse(&plugin.source)?.fetch()?;
                store.keep_locked(&plugin, &bytes)?;
            }
            let change = if is_here {
                SupplyChange::Unchanged
            } else {
                SupplyChange::Fetched
            };
            all.push(supplied(plugin, change));
        }
        Ok(all)
    }

    /// Unpins a plugin and drops its component.
    pub fn remove_plugin(&self, name: &str) -> Result<Supplied, AppError> {
        let mut lock = self.lock()?;
        let plugin = lock.find(name)?.clone();
        lock.plugins.retain(|known| known.name != plugin.name);
        lock.write(&self.settings.lock)?;
        self.discard(&plugin, &lock)?;
        Ok(supplied(plugin, SupplyChange::Removed))
    }

    /// The plugins that this project has pinned, with the digests they must have.
    pub(super) fn pinned(&self) -> Result<Vec<PinnedFile>, AppError> {
        let store = self.plugin_store();
        let lock = self.lock()?;
        let file = |plugin: &LockedPlugin| {
            store.present(plugin).map(|path| PinnedFile {
                name: plugin.name.clone(),
                path,
                digest: plugin.sha256.clone(),
            })
        };
        Ok(lock.plugins.iter().map(file).collect::<Result<Vec<_>, _>>()?)
    }

    fn lock(&self) -> Result<Lock, AppError> {
        Ok(Lock::read(&self.settings.lock)?)
    }

    fn plugin_store(&self) -> PluginStore {
        let folder = self.settings.lock.parent().map_or_else(PathBuf::new, Path::to_owned);
        PluginStore::new(folder.join(".begat/plugins"))
    }

    /// Keeps a component whose names nobody else answers to. Nothing stays of one that is refused.
    async fn bring(&self, source: &PluginSource, lock: &Lock) -> Result<LockedPlugin, AppError> {
        let store = self.plugin_store();
        let path = store.keep(&source.fetch()?)?;
        let digest = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let described = self.looked_at(&path, lock).await;
        let (name, version) = match described {
            Ok(described) => described,
            Err(error) => {
                if !lock.plugins.iter().any(|known| known.sha256 == digest) {
                    store.drop(&digest)?;
                }
                return Err(AppError {
                    message: format!("the plugin from `{source}` is not taken: {}", error.message),
                    ..error
                });
            }
        };
        Ok(LockedPlugin {
            name,
            version,
            sha256: digest,
            source: source.to_string(),
        })
    }

    /// The name and version of a component, if it can be used beside the other plugins.
    async fn looked_at(&self, path: &Path, lock: &Lock) -> Result<(String, String), AppError> {
        let registry = self.registry_without_pinned().await?;
        let plugin = registry.read(path).await?;
        let name = &plugin.reference.name;
        for task_type in plugin.description.task_types.iter().flat_map(|known| known.names()) {
            if crate::flow::CoreType::find(task_type).is_some() {
                return Err(AppError::refused(format!("its task type `{task_type}` is begat's own")));
            }
            if let Some(other) = registry.find(task_type) {
                let other = &other.reference.name;
                return Err(AppError::refused(format!(
                    "its task type `{task_type}` is provided by the plugin `{other}` already"
                )));
            }
        }
        for known in lock.plugins.iter().filter(|known| known.name != *name) {
            let other = registry.read(&self.plugin_store().path(&known.sha256)).await?;
            let names = |plugin: &crate::sandbox::Plugin| -> Vec<String> {
                let types = plugin.description.task_types.iter();
                types.flat_map(|known| known.names()).map(str::to_owned).collect()
            };
            let theirs = names(&other);
            if let Some(taken) = names(&plugin).into_iter().find(|name| theirs.contains(name)) {
                return Err(AppError::refused(format!(
                    "its task type `{taken}` is provided by the plugin `{}` already",
                    known.name
                )));
            }
        }
        Ok((name.clone(), plugin.reference.version.clone()))
    }

    /// Drops a component that nothing pins.
    fn discard(&self, plugin: &LockedPlugin, lock: &Lock) -> Result<(), AppError> {
        match lock.plugins.iter().any(|known| known.sha256 == plugin.sha256) {
            true => Ok(()),
            false => Ok(self.plugin_store().drop(&plugin.sha256)?),
        }
    }

    fn pin(&self, mut lock: Lock, plugin: LockedPlugin, change: SupplyChange) -> Result<Supplied, AppError> {
        lock.pin(plugin.clone());
        lock.write(&self.settings.lock)?;
        Ok(supplied(plugin, change))
    }
}

fn supplied(plugin: LockedPlugin, change: SupplyChange) -> Supplied {
    Supplied { plugin, change }
}
