//! `begat.lock`: every plugin that is not part of the binary, pinned by the sha256 of its component.

use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::error::SupplyError;
use super::store::write_whole;
use crate::model::{closest, digest};

const VERSION: u32 = 1;

/// The plugins of a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    version: u32,
    /// By name.
    pub plugins: Vec<LockedPlugin>,
}

/// One plugin.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockedPlugin {
    pub name: String,
    pub version: String,
    /// Of the component, in lower-case hexadecimal.
    pub sha256: String,
    /// Where it came from.
    pub source: String,
    /// The signature that came with it, as minisign writes it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

impl LockedPlugin {
    /// Holds bytes against what is pinned.
    pub fn check(&self, bytes: &[u8]) -> Result<(), SupplyError> {
        let actual = digest::sha256(bytes);
        match actual == self.sha256 {
            true => Ok(()),
            false => Err(SupplyError::Changed {
                name: self.name.clone(),
                expected: self.sha256.clone(),
                actual,
            }),
        }
    }
}

impl Default for Lock {
    fn default() -> Self {
        Self {
            version: VERSION,
            plugins: Vec::new(),
        }
    }
}

impl Lock {
    /// Reads a lock file; one that does not exist locks nothing.
    pub fn read(path: &Path) -> Result<Self, SupplyError> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(source) => {
                return Err(SupplyError::ReadLock {
                    path: path.to_owned(),
                    source,
                });
            }
        };
        let lock: Self = serde_json::from_str(&text).map_err(|source| SupplyError::BadLock {
            path: path.to_owned(),
            source,
        })?;
        lock.check().map_err(|reason| SupplyError::BadEntry {
            path: path.to_owned(),
            reason,
        })?;
        Ok(lock)
    }

    fn check(&self) -> Result<(), String> {
        if self.version != VERSION {
            return Err(format!("version {} of it is not known", self.version));
        }
        for (place, plugin) in self.plugins.iter().enumerate() {
            let name = &plugin.name;
            let is_digest = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
            if plugin.sha256.len() != 64 || !plugin.sha256.chars().all(is_digest) {
                return Err(format!("the `sha256` of `{name}` is none"));
            }
            if self.plugins[..place].iter().any(|other| other.name == *name) {
                return Err(format!("the plugin `{name}` stands in it twice"));
            }
        }
        Ok(())
    }

    /// Writes the lock file; a reader sees the whole file or the one before.
    pub fn write(&self, path: &Path) -> Result<(), SupplyError> {
        let text = serde_json::to_string_pretty(self).map_err(|source| SupplyError::BadLock {
            path: path.to_owned(),
            source,
        })?;
        write_whole(path, (text + "\n").as_bytes())
    }

    /// The plugin of that name.
    pub fn find(&self, name: &str) -> Result<&LockedPlugin, SupplyError> {
        let names = || self.plugins.iter().map(|plugin| plugin.name.as_str());
        let found = self.plugins.iter().find(|plugin| plugin.name == name);
        found.ok_or_else(|| SupplyError::Unknown {
            name: name.to_owned(),
            near: closest(name, names()).map(str::to_owned),
        })
    }

    /// Pins a plugin, instead of what was pinned under its name.
    pub fn pin(&mut self, plugin: LockedPlugin) {
        self.plugins.retain(|known| known.name != plugin.name);
        self.plugins.push(plugin);
        self.plugins.sort_by(|one, other| one.name.cmp(&other.name));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let lock: Result<Lock, _> = serde_json::from_str(text);
        let told = match lock {
            Err(error) => error.to_string(),
            Ok(lock) => lock.check().err().unwrap_or_default(),
        };
        assert!(
            told.starts_with(expected) && told.is_empty() == expected.is_empty(),
            "{told}"
        );
    }

    #[test]
    fn a_lock_that_was_tampered_with_is_noticed() {
        let entry = |name: &str, digest: &str| {
            format!(r#"{{"name": "{name}", "version": "1", "sha256": "{digest}", "source": "x.wasm"}}"#)
        };
        let (one, two) = ("a".repeat(64), "0".repeat(64));
        let lock = |entries: &[String]| format!(r#"{{"version": 1, "plugins": [{}]}}"#, entries.join(","));
        check(&lock(&[entry("a", &one), entry("b", &two)]), "");
        check(
            &lock(&[entry("a", &one), entry("a", &two)]),
            "the plugin `a` stands in it twice",
        );
        check(&lock(&[entry("a", "abc")]), "the `sha256` of `a` is none");
        check(&lock(&[entry("a", &"A".repeat(64))]), "the `sha256` of `a` is none");
        check(r#"{"version": 2, "plugins": []}"#, "version 2 of it is not known");
        check(r#"{"version": 1, "plugins": [], "more": 1}"#, "unknown field `more`");
    }
}
