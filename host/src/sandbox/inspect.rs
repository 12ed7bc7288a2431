//! What a component wants of its host and which contract it keeps, without running it.

use super::error::SandboxError;
use super::registry::{Plugin, Registry};

/// The border of a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Border {
    /// The contract it exports, such as `begat:task@0.1.0`.
    pub track: Option<String>,
    /// The interfaces it imports, in the order of their names.
    pub imports: Vec<String>,
    /// The interfaces it exports.
    pub exports: Vec<String>,
}

impl Registry {
    /// Looks at a component's border.
    pub fn border(&self, plugin: &Plugin) -> Result<Border, SandboxError> {
        let ready = self.ready(plugin)?;
        let component_type = ready.instance_pre().component().component_type();
        let engine = ready.instance_pre().engine();
        let mut imports: Vec<String> = component_type
            .imports(engine)
            .map(|(name, _)| name.to_owned())
            .collect();
        imports.sort();
        let exports = component_type.exports(engine).map(|(name, _)| name.to_owned());
        let exports: Vec<String> = exports.collect();
        Ok(Border {
            track: exports.iter().find_map(|name| track(name)),
            imports,
            exports,
        })
    }
}

/// The package and its version in the name of the exported interface: `begat:task/task@0.1.0`.
fn track(export: &str) -> Option<String> {
    let version = export.strip_prefix("begat:task/task@")?;
    Some(format!("begat:task@{version}"))
}
