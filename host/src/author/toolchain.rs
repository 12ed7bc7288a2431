//! From the sources of a plugin to its component, with the compiler of its language.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;

use super::error::AuthorError;
use super::language::Language;
use super::wrapping::{WORLD, component};

/// The target that Rust builds components for.
const RUST_TARGET: &str = "wasm32-wasip2";

/// Where the contract is in the folder of a plugin.
const CONTRACT: &str = "vendor/wit/task-0.1";

/// A component that was built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    pub component: PathBuf,
    /// In bytes.
    pub size: u64,
}

/// Builds the plugin of a folder into `dist/NAME.wasm` within it. The component is as old as the beginning of its build,
/// so that a source which changed meanwhile is newer.
pub fn build(folder: &Path) -> Result<Built, AuthorError> {
    let language = Language::of(folder).ok_or_else(|| AuthorError::NoPlugin {
        path: folder.to_owned(),
    })?;
    let dist = folder.join("dist");
    // A whole component or none, also when two build at once.
    let draft = dist.join(format!("{}.draft", std::process::id()));
    let failed = |source| AuthorError::Write {
        path: draft.clone(),
        source,
    };
    fs::create_dir_all(&dist).map_err(failed)?;
    // By the clock of the files, which is not that of the processes.
    let began = fs::write(&draft, "").and_then(|()| fs::metadata(&draft)?.modified());
    let began = began.map_err(failed)?;
    let made = match language {
        Language::Rust => cargo(folder),
        Language::Python => python(folder),
        Language::JavaScript => javascript(folder),
        Language::C => c(folder),
    };
    let made = made.inspect_err(|_| drop(fs::remove_file(&draft)))?;
    let name = made.file_name().unwrap_or_default();
    let component = dist.join(name.to_string_lossy().replace('_', "-"));
    let size = fs::copy(&made, &draft).map_err(failed)?;
    let dated = fs::File::options().append(true).open(&draft);
    dated.and_then(|file| file.set_modified(began)).map_err(failed)?;
    fs::rename(&draft, &component).map_err(failed)?;
    if made.parent().is_some_and(|parent| parent.ends_with(MADE)) {
        fs::remove_file(&made).map_err(failed)?;
    }
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

const PYTHON: &str = "install Python 3.10 or newer with its module `venv`";

/// A program that `requirements.txt` brings, in a virtual environment that is made where there is none.
fn from_pypi(folder: &Path, program: &str) -> Result<PathBuf, AuthorError> {
    let found = absolute(&folder.join("venv/bin").join(program))?;
    if found.exists() {
        return Ok(found);
    }
    let mut make = Command::new("python3");
    run("python3", make.args(["-m", "venv", "venv"]), folder, PYTHON)?;
    let mut install = Command::new(absolute(&folder.join("venv/bin/python"))?);
    install.args([
        "-m",
        "pip",
        "install",
        "--quiet",
        "--disable-pip-version-check",
        "-r",
        "requirements.txt",
    ]);
    run("pip install", &mut install, folder, PYTHON)?;
    Ok(found)
}

/// Builds a Python plugin with componentize-py.
fn python(folder: &Path) -> Result<PathBuf, AuthorError> {
    let mut command = Command::new(from_pypi(folder, "componentize-py")?);
    let made = target_of(folder)?;
    command.args(["-d", CONTRACT, "-w", WORLD, "componentize", "plugin", "-o"]);
    run("componentize-py", command.arg(&made), folder, PYTHON)?;
    Ok(made)
}

/// Builds a C plugin with the compiler there is, and makes a component of the module.
fn c(folder: &Path) -> Result<PathBuf, AuthorError> {
    let (program, mut command) = c_compiler(folder)?;
    let made = target_of(folder)?;
    let module = made.with_extension("core");
    command
        .args([
            "-mexec-model=reactor",
            "-Os",
            "-std=c17",
            "-Wall",
            "-Wextra",
            "-Ivendor/c",
            "-o",
        ])
        .arg(&module)
        .args(sources_in_c(folder)?)
        .arg("vendor/c/plugin.c");
    run(program, &mut command, folder, PYTHON)?;
    let read = |source| AuthorError::Read {
        path: module.clone(),
        source,
    };
    let bytes = fs::read(&module).map_err(read)?;
    fs::remove_file(&module).map_err(read)?;
    let component = component(bytes, &folder.join(CONTRACT)).map_err(|reason| AuthorError::Wrapping { reason })?;
    fs::write(&made, component).map_err(|source| AuthorError::Write {
        path: made.clone(),
        source,
    })?;
    Ok(made)
}

/// The clang of the WASI SDK where the environment names one, else zig: the user's own, or the one of PyPI.
fn c_compiler(folder: &Path) -> Result<(&'static str, Command), AuthorError> {
    if let Some(sdk) = std::env::var_os("WASI_SDK_PATH") {
        let mut command = Command::new(Path::new(&sdk).join("bin/clang"));
        command.arg("--target=wasm32-wasip1");
        return Ok(("clang", command));
    }
    let is_here = Command::new("zig").arg("version").stdin(Stdio::null()).output().is_ok();
    let mut command = match is_here {
        true => Command::new("zig"),
        false => Command::new(from_pypi(folder, "python-zig")?),
    };
    command.args(["cc", "-target", "wasm32-wasi"]);
    Ok(("zig cc", command))
}

/// The sources of a C plugin beside its main one, by name.
fn sources_in_c(folder: &Path) -> Result<Vec<PathBuf>, AuthorError> {
    let entries = fs::read_dir(folder).map_err(|source| AuthorError::Read {
        path: folder.to_owned(),
        source,
    })?;
    let names = entries.flatten().map(|entry| PathBuf::from(entry.file_name()));
    let mut sources: Vec<PathBuf> = names
        .filter(|name| name.extension().is_some_and(|end| end == "c"))
        .collect();
    sources.sort();
    Ok(sources)
}

/// Builds a JavaScript plugin with componentize-js, which is installed where it is not.
fn javascript(folder: &Path) -> Result<PathBuf, AuthorError> {
    let hint = "install Node.js 20 or newer with npm";
    if !folder.join("node_modules/@bytecodealliance/componentize-js").is_dir() {
        let mut install = Command::new("npm");
        install.args(["install", "--no-audit", "--no-fund", "--loglevel", "error"]);
        run("npm install", &mut install, folder, hint)?;
    }
    let made = target_of(folder)?;
    run(
        "node build.mjs",
        Command::new("node").arg("build.mjs").arg(&made),
        folder,
        hint,
    )?;
    Ok(made)
}

/// Where other compilers than cargo write, within the folder of the plugin.
const MADE: &str = "target/component";

/// The file that a compiler writes: named for the folder of the plugin, in a folder that is there.
fn target_of(folder: &Path) -> Result<PathBuf, AuthorError> {
    let folder = absolute(folder)?;
    let made = folder.join(MADE);
    fs::create_dir_all(&made).map_err(|source| AuthorError::Write {
        path: made.clone(),
        source,
    })?;
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(made.join(format!("{name}.wasm")))
}

fn absolute(path: &Path) -> Result<PathBuf, AuthorError> {
    std::path::absolute(path).map_err(|source| AuthorError::Read {
        path: path.to_owned(),
        source,
    })
}

/// Runs a step of a build in the folder of the plugin, and keeps what it says for when it fails.
fn run(program: &str, command: &mut Command, folder: &Path, hint: &'static str) -> Result<(), AuthorError> {
    let output = command.current_dir(folder).stdin(Stdio::null()).output();
    let output = output.map_err(|source| AuthorError::NoToolchain {
        program: program.to_owned(),
        hint,
        source,
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stderr, output.stdout].concat();
    Err(AuthorError::Build {
        program: program.to_owned(),
        said: String::from_utf8_lossy(&said).trim_end().to_owned(),
        hint: None,
    })
}

/// The last component among what cargo says it made: that of the package itself, which is built last.
fn made_by_cargo(messages: &str) -> Option<PathBuf> {
    messages.lines().rev().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let names = message.get("filenames")?.as_array()?.iter();
        let mut names = names.rev().filter_map(Value::as_str);
        names.find(|name| name.ends_with(".wasm")).map(PathBuf::from)
    })
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
