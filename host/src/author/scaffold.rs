//! A new plugin: a folder that builds as it is, with a golden test, a flow and a test of that flow.

use std::fs;
use std::path::{Path, PathBuf};

use super::carried::{SDK_LOCK, SDK_MANIFEST, SOURCES, WORKSPACE_MANIFEST};
use super::error::AuthorError;
use super::language::Language;
use super::manifest::standalone;

/// A plugin to make.
#[derive(Debug, Clone)]
pub struct NewPlugin {
    /// Its name, which is also the name of its task type and of its folder.
    pub name: String,
    pub language: Language,
    /// The folder to make its folder in.
    pub into: PathBuf,
}

/// What a template calls the plugin: in file names, in Rust, and in words.
const NAME: &str = "__NAME__";

const COMMON: [(&str, &str); 7] = [
    ("flow.yaml", include_str!("templates/flow.yaml")),
    ("flow.test.yaml", include_str!("templates/flow.test.yaml")),
    (
        "tests/greets.case.yaml",
        include_str!("templates/tests/greets.case.yaml"),
    ),
    (
        "tests/refuses_no_name.case.yaml",
        include_str!("templates/tests/refuses_no_name.case.yaml"),
    ),
    (
        "tests/greets.expected.json",
        include_str!("templates/tests/greets.expected.json"),
    ),
    (
        "tests/refuses_no_name.expected.json",
        include_str!("templates/tests/refuses_no_name.expected.json"),
    ),
    (".gitignore", include_str!("templates/gitignore")),
];

const RUST: [(&str, &str); 3] = [
    ("Cargo.toml", include_str!("templates/rust/Cargo.toml.template")),
    ("README.md", include_str!("templates/rust/README.md")),
    ("src/lib.rs", include_str!("templates/rust/src/lib.rs")),
];

const PYTHON: [(&str, &str); 3] = [
    ("README.md", include_str!("templates/python/README.md")),
    ("plugin.py", include_str!("templates/python/plugin.py")),
    ("requirements.txt", include_str!("templates/python/requirements.txt")),
];

const JAVASCRIPT: [(&str, &str); 4] = [
    ("README.md", include_str!("templates/javascript/README.md")),
    ("plugin.js", include_str!("templates/javascript/plugin.js")),
    ("build.mjs", include_str!("templates/javascript/build.mjs")),
    (
        "package.json",
        include_str!("templates/javascript/package.json.template"),
    ),
];

const C: [(&str, &str); 6] = [
    ("README.md", include_str!("templates/c/README.md")),
    ("plugin.c", include_str!("templates/c/plugin.c")),
    ("requirements.txt", include_str!("templates/c/requirements.txt")),
    ("vendor/c/begat.h", include_str!("templates/c/vendor/begat.h")),
    ("vendor/c/plugin.h", include_str!("templates/c/vendor/plugin.h")),
    ("vendor/c/plugin.c", include_str!("templates/c/vendor/plugin.c")),
];

/// Makes the folder of a new plugin and gives the files in it. Nothing that exists is touched.
pub fn create(plugin: &NewPlugin) -> Result<Vec<PathBuf>, AuthorError> {
    let name = &plugin.name;
    let is_name = name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.len() <= 64
        && !name.ends_with('-')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-');
    if !is_name {
        return Err(AuthorError::BadName { name: name.clone() });
    }
    let folder = plugin.into.join(name);
    if folder.exists() {
        return Err(AuthorError::Exists { path: folder });
    }
    let mut written = Vec::new();
    let templates = match plugin.language {
        Language::Rust => &RUST[..],
        Language::Python => &PYTHON[..],
        Language::JavaScript => &JAVASCRIPT[..],
        Language::C => &C[..],
    };
    for (path, text) in COMMON.iter().chain(templates) {
        let text = text.replace(NAME, name);
        written.push(write(&folder, path, &text)?);
    }
    written.extend(vendored(&folder, plugin.language)?);
    Ok(written)
}

/// The contract for every language, and the SDK for Rust.
fn vendored(folder: &Path, language: Language) -> Result<Vec<PathBuf>, AuthorError> {
    let mut written = Vec::new();
    for (path, text) in SOURCES {
        if let Some(rest) = path.strip_prefix("wit/") {
            written.push(write(folder, &format!("vendor/wit/{rest}"), text)?);
        } else if let Some(rest) = path.strip_prefix("plugins/sdk/")
            && language == Language::Rust
        {
            written.push(write(folder, &format!("vendor/rust/begat-task/{rest}"), text)?);
        }
    }
    if language == Language::Rust {
        let manifest = standalone(SDK_MANIFEST, WORKSPACE_MANIFEST);
        written.push(write(folder, "vendor/rust/begat-task/Cargo.toml", &manifest)?);
        written.push(write(folder, "Cargo.lock", SDK_LOCK)?);
    }
    Ok(written)
}

fn write(folder: &Path, path: &str, text: &str) -> Result<PathBuf, AuthorError> {
    let path = folder.join(path);
    let failed = |source| AuthorError::Write {
        path: path.clone(),
        source,
    };
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).map_err(failed)?;
    }
    fs::write(&path, text).map_err(failed)?;
    Ok(path)
}
