//! Bringing plugins into a project and keeping to the ones it has pinned.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::{App, AppError};
use crate::model::digest;
use crate::sandbox::PinnedFile;
use crate::supply::{
    Artifact, Brought, Lock, LockedPlugin, PluginSource, PluginStore, Pushed, SupplyError, TrustedKeys,
    signature_beside,
};

/// What became of a plugin that was to be brought here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Supplied {
    #[serde(flatten)]
    pub plugin: LockedPlugin,
    pub change: SupplyChange,
    /// The name of the trusted key that it is signed with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_by: Option<String>,
}

/// A component that was looked at and kept, and is not pinned yet.
struct Kept {
    plugin: LockedPlugin,
    signed_by: Option<String>,
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
        match lock.plugins.iter().find(|known| known.name == brought.plugin.name) {
            Some(known) if known.sha256 == brought.plugin.sha256 => match known.signature == brought.plugin.signature {
                true => Ok(supplied(known.clone(), SupplyChange::Unchanged, brought.signed_by)),
                false => self.pin(lock, brought, SupplyChange::Updated),
            },
            Some(known) => {
                let name = &known.name;
                self.discard(&brought.plugin, &lock)?;
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
            if brought.plugin.name != known.name {
                self.discard(&brought.plugin, &lock)?;
                let (name, other) = (&known.name, &brought.plugin.name);
                return Err(
                    AppError::refused(format!("the source of the plugin `{name}` has a plugin `{other}` now"))
                        .with_hint(format!(
                            "`begat plugin remove {name}`, then `begat plugin add {}`",
                            known.source
                        )),
                );
            }
            if brought.plugin.sha256 == known.sha256 {
                all.push(supplied(known, SupplyChange::Unchanged, brought.signed_by));
                continue;
            }
            all.push(self.pin(lock, brought, SupplyChange::Updated)?);
            self.plugin_store().drop(&known.sha256)?;
        }
        Ok(all)
    }

    /// Brings every plugin that is pinned and not here. What is not the pinned one, or not signed as it must be, is not
    /// kept.
    pub async fn fetch_plugins(&self) -> Result<Vec<Supplied>, AppError> {
        let (store, trusted) = (self.plugin_store(), self.trusted_keys()?);
        let mut all = Vec::new();
        for plugin in self.lock()?.plugins {
            if store.holds(&plugin) {
                all.push(supplied(plugin, SupplyChange::Unchanged, None));
                continue;
            }
            let bytes = PluginSource::parse(&plugin.source)?.fetch_pinned(&plugin).await?;
            plugin.check(&bytes)?;
            let signed_by = trusted.check(&plugin.source, &bytes, plugin.signature.as_deref())?;
            self.check_signer(&plugin, signed_by)?;
            store.keep(&bytes)?;
            let signed_by = signed_by.map(str::to_owned);
            all.push(supplied(plugin, SupplyChange::Fetched, signed_by));
        }
        Ok(all)
    }

    /// Puts a component into a registry, with the signature beside its file where there is one.
    pub async fn push_plugin(&self, component: &Path, address: &str) -> Result<Pushed, AppError> {
        let PluginSource::Registry(address) = PluginSource::parse(address)? else {
            return Err(AppError::refused(format!("`{address}` is no address of a registry"))
                .with_hint("write it as `oci://HOST/NAME:TAG`"));
        };
        let registry = self.registry_without_pinned().await?;
        let plugin = registry.read(component).await?;
        let border = registry.border(&plugin)?;
        let Brought { bytes, .. } = PluginSource::File(component.to_owned()).fetch(false).await?;
        let artifact = Artifact {
            bytes,
            name: plugin.reference.name.clone(),
            version: plugin.reference.version.clone(),
            summary: plugin.description.summary.clone(),
            imports: border.imports,
            exports: border.exports,
            signature: signature_beside(component)?,
        };
        Ok(address.push(&artifact).await?)
    }

    /// Unpins a plugin and drops its component.
    pub fn remove_plugin(&self, name: &str) -> Result<Supplied, AppError> {
        let mut lock = self.lock()?;
        let plugin = lock.find(name)?.clone();
        lock.plugins.retain(|known| known.name != plugin.name);
        lock.write(&self.settings.lock)?;
        self.discard(&plugin, &lock)?;
        Ok(supplied(plugin, SupplyChange::Removed, None))
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

    fn trusted_keys(&self) -> Result<TrustedKeys, AppError> {
        let signatures = self.config()?.signatures;
        Ok(TrustedKeys::new(signatures.required, &signatures.keys)?)
    }

    /// Holds the key that a plugin is signed with against the one that it must be signed with.
    fn check_signer(&self, plugin: &LockedPlugin, signed_by: Option<&str>) -> Result<(), AppError> {
        let said = self.config()?.plugins.remove(&plugin.name);
        match said.and_then(|said| said.signed_by) {
            Some(wanted) if signed_by != Some(wanted.as_str()) => Err(SupplyError::WrongSigner {
                name: plugin.name.clone(),
                wanted,
                actual: signed_by.map_or_else(|| "no key that is known".to_owned(), |actual| format!("`{actual}`")),
            }
            .into()),
            _ => Ok(()),
        }
    }

    /// Keeps a component that is signed as it must be and whose names nobody else answers to. Nothing stays of one that
    /// is refused.
    async fn bring(&self, source: &PluginSource, lock: &Lock) -> Result<Kept, AppError> {
        let trusted = self.trusted_keys()?;
        let Brought { bytes, signature } = source.fetch(trusted.are_used()).await?;
        let signed_by = trusted.check(&source.to_string(), &bytes, signature.as_deref())?;
        let store = self.plugin_store();
        let path = store.keep(&bytes)?;
        let mut plugin = LockedPlugin {
            name: String::new(),
            version: String::new(),
            sha256: digest::sha256(&bytes),
            source: source.to_string(),
            // One that nobody looked at proves nothing.
            signature: signature.filter(|_| signed_by.is_some()),
        };
        let described = self.looked_at(&path, lock).await.and_then(|(name, version)| {
            (plugin.name, plugin.version) = (name, version);
            self.check_signer(&plugin, signed_by)
        });
        if let Err(error) = described {
            self.discard(&plugin, lock)?;
            return Err(AppError {
                message: format!("the plugin from `{source}` is not taken: {}", error.message),
                ..error
            });
        }
        Ok(Kept {
            plugin,
            signed_by: signed_by.map(str::to_owned),
        })
    }

    /// The name and version of a component, if it can be used beside the other plugins.
    async fn looked_at(&self, path: &Path, lock: &Lock) -> Result<(String, String), AppError> {
        let registry = self.registry_without_pinned().await?;
        let plugin = registry.read(path).await?;
        registry.check_name(&plugin)?;
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

    fn pin(&self, mut lock: Lock, kept: Kept, change: SupplyChange) -> Result<Supplied, AppError> {
        lock.pin(kept.plugin.clone());
        lock.write(&self.settings.lock)?;
        Ok(supplied(kept.plugin, change, kept.signed_by))
    }
}

fn supplied(plugin: LockedPlugin, change: SupplyChange, signed_by: Option<String>) -> Supplied {
    Supplied {
        plugin,
        change,
        signed_by,
    }
}
