//! From the sources of a plugin to its component, with the compiler of its language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::error::AuthorError;
use super::language::Language;

/// The target that Rust builds components for.
const RUST_TARGET: &str = "wasm32-wasip2";

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub component: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// Builds the plugin of a folder into `dist/NAME.wasm` within it.
pub fn build(folder: &Path) -> Result<Built, AuthorError> {
    let made = match Language::of(folder) {
        Some(Language::Rust) => cargo(folder)?,
        None => {
            return Err(AuthorError::NoPlugin {
                path: folder.to_owned(),
            });
        }
    };
    let name = made.file_name().unwrap_or_default();
    let name = name.to_string_lossy().replace('_', "-");
    let component = folder.join("dist").join(name);
    let failed = |source| AuthorError::Write {
        path: component.clone(),
        source,
    };
    fs::create_dir_all(folder.join("dist")).map_err(failed)?;
    // A whole component or none, also when two build at once.
    let draft = component.with_extension(format!("{}.draft", std::process::id()));
    let size = fs::copy(&made, &draft).map_err(failed)?;
    fs::rename(&draft, &component).map_err(failed)?;
    Ok(Built { component, size })
}

/// The component that a path names: the file itself, or the only one that was built in a folder.
pub fn component_of(path: &Path) -> Result<PathBuf, AuthorError> {
    if path.is_file() {
        return Ok(path.to_owned());
    }
    let is_component = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "wasm");
    let entries = fs::read_dir(path.join("dist")).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(is_component).collect();
    found.sort();
    match found.as_slice() {
        [] => Err(AuthorError::NoPlugin { path: path.to_owned() }),
        [one] => Ok(one.clone()),
        many => {
            let names: Vec<String> = many.iter().map(|path| path.display().to_string()).collect();
            Err(AuthorError::ManyComponents {
                path: path.to_owned(),
                names: names.join(", "),
            })
        }
    }
}

/// Builds a Rust plugin and gives the file that cargo made, wherever its target folder is.
fn cargo(folder: &Path) -> Result<PathBuf, AuthorError> {
    let mut command = Command::new("cargo");
    command
        .current_dir(folder)
        .args(["build", "--release", "--lib", "--target", RUST_TARGET])
        .args(["--message-format", "json-render-diagnostics"])
        // What is set for native code means nothing to a component.
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .stdin(Stdio::null());
    let output = command.output().map_err(|source| AuthorError::NoToolchain {
        program: "cargo".to_owned(),
        hint: "install Rust: https://rustup.rs",
        source,
    })?;
    let said = String::from_utf8_lossy(&output.stderr).trim_end().to_owned();
    if !output.status.success() {
        let lacks_target = said.contains("can't find crate for `core`") || said.contains("can't find crate for `std`");
        return Err(AuthorError::Build {
            program: "cargo build".to_owned(),
            said,
            hint: lacks_target.then_some("run `rustup target add wasm32-wasip2`"),
        });
    }
    let text = String::from_utf8_lossy(&output.stdout);
    made_by_cargo(&text).ok_or_else(|| AuthorError::Build {
        program: "cargo build".to_owned(),
        said: "nothing that is a component".to_owned(),
        hint: Some("a plugin's `Cargo.toml` has `[lib]` with `crate-type = [\"cdylib\", \"rlib\"]`"),
    })
}

/// The last component among what cargo says it made: that of the package itself, which is built last.
fn made_by_cargo(messages: &str) -> Option<PathBuf> {
    let files = messages.lines().filter_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let names = message.get("filenames")?.as_array()?.iter();
        let names = names.filter_map(Value::as_str).filter(|name| name.ends_with(".wasm"));
        names.last().map(PathBuf::from)
    });
    files.last()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_component_is_found_among_what_cargo_says() {
        let messages = r#"{"reason":"compiler-artifact","filenames":["/t/libserde.rlib"]}
not json
{"reason":"compiler-artifact","filenames":["/t/libgreet.rlib","/t/greet.wasm"]}
{"reason":"build-finished","success":true}"#;
        assert_eq!(made_by_cargo(messages), Some(PathBuf::from("/t/greet.wasm")));
        assert_eq!(made_by_cargo("{}"), None);
    }
}
