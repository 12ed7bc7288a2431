//! A look at a component before anyone uses it.

use std::path::Path;

use super::super::{App, AppError};
use crate::author;
use crate::flow::CoreType;
use crate::model::{PluginCheckView, PluginFinding, PluginView, Severity};
use crate::sandbox::{Plugin, Registry};

/// A component above this size is worth a word, in bytes.
const LARGE: u64 = 16 * 1024 * 1024;

impl App {
    /// Looks at a component file: its contract, what it wants of the host, its schemas, its size.
    pub async fn check_plugin(&self, file: &Path) -> Result<PluginCheckView, AppError> {
        let registry = self.registry().await?;
        let plugin = registry.read(file).await?;
        let border = registry.border(&plugin)?;
        let mut findings = author::lint(&plugin.description);
        findings.extend(names_taken(&registry, &plugin));
        findings.extend(changing(&registry, &plugin).await?);
        let view = plugin.view();
        if view.size > LARGE {
            let mib = view.size / 1024 / 1024;
            findings.push(PluginFinding::warning(format!(
                "the component is {mib} MiB large: compiling it takes long; strip it"
            )));
        }
        findings.sort_by_key(|finding| finding.severity);
        Ok(PluginCheckView {
            plugin: view,
            track: border.track,
            imports: border.imports,
            findings,
        })
    }

    /// What a component file says of itself.
    pub async fn described(&self, file: &Path) -> Result<PluginView, AppError> {
        Ok(self.registry().await?.read(file).await?.view())
    }
}

/// Names that begat or another plugin answers to.
fn names_taken(registry: &Registry, plugin: &Plugin) -> Vec<PluginFinding> {
    let name = registry.check_name(plugin).err();
    let name = name.map(|error| PluginFinding::error(error.to_string()));
    let names = plugin
        .description
        .task_types
        .iter()
        .flat_map(|task_type| task_type.names());
    let taken = names.filter_map(|name| {
        if CoreType::find(name).is_some() {
            return Some(PluginFinding::error(format!("the task type `{name}` is begat's own")));
        }
        let other = registry.find(name)?;
        (other.reference.digest != plugin.reference.digest).then(|| {
            let other = &other.reference.name;
            PluginFinding::error(format!(
                "the task type `{name}` is provided by the plugin `{other}` too"
            ))
        })
    });
    name.into_iter().chain(taken).collect()
}

/// The answer of `describe` is kept by the digest of the component, so it must always be the same.
async fn changing(registry: &Registry, plugin: &Plugin) -> Result<Option<PluginFinding>, AppError> {
    let again = registry.describe(plugin).await?;
    Ok((again != plugin.description).then(|| PluginFinding {
        severity: Severity::Error,
        message: "`describe` does not always answer the same".to_owned(),
    }))
}
