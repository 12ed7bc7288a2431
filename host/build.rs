//! Builds the embedded plugins for `wasm32-wasip2` and writes the table through which the sandbox finds them.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs};

use flate2::Compression;
use flate2::write::ZlibEncoder;
use sha2::{Digest, Sha256};

const TARGET: &str = "wasm32-wasip2";
const PLUGINS: [&str; 5] = ["log", "shell", "powershell", "gcp-snapshot", "http"];

fn main() {
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    // Asked for when it runs, not when it was compiled: a target folder may serve several checkouts.
    let package = env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets CARGO_MANIFEST_DIR");
    let root = Path::new(&package).join("..");
    watch(&root);
    let target_folder = out.join("plugins");
    build(&root, &target_folder);
    let entries: String = PLUGINS.iter().map(|name| entry(&root, &target_folder, name)).collect();
    let table = format!("pub(super) const EMBEDDED: &[Embedded] = &[{entries}];\n");
    fs::write(out.join("embedded.rs"), table).expect("OUT_DIR is writable");
    fs::write(out.join("carried.rs"), carried(&root, &out)).expect("OUT_DIR is writable");
}

/// What a new plugin is given: the SDK's and the contract's sources, and the versions that the SDK was tested with.
fn carried(root: &Path, out: &Path) -> String {
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the workspace has a lock file");
    let wasmtime = lock
        .split("[[package]]")
        .find(|part| part.contains("\nname = \"wasmtime\"\n"));
    let version = wasmtime.and_then(|part| part.split("version = \"").nth(1)?.split('"').next());
    println!(
        "cargo:rustc-env=BEGAT_WASMTIME={}",
        version.expect("wasmtime is locked")
    );
    fs::write(out.join("sdk.lock"), pinned(&lock, "begat-task")).expect("OUT_DIR is writable");
    let mut files = Vec::new();
    gather(&root.join("plugins/sdk/src"), &mut files);
    gather(&root.join("wit"), &mut files);
    let entry = |path: &PathBuf| {
        let name = path.strip_prefix(root).expect("it was found below the root").display();
        format!("({:?}, include_str!({path:?})),", name.to_string())
    };
    let entries: String = files.iter().map(entry).collect();
    format!(
        "pub(super) const SOURCES: &[(&str, &str)] = &[{entries}];\n\
         pub(super) const SDK_LOCK: &str = include_str!({:?});\n\
         pub(super) const SDK_MANIFEST: &str = include_str!({:?});\n\
         pub(super) const WORKSPACE_MANIFEST: &str = include_str!({:?});\n",
        out.join("sdk.lock"),
        root.join("plugins/sdk/Cargo.toml"),
        root.join("Cargo.toml"),
    )
}

fn gather(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder is part of the repository");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    paths.sort();
    for path in paths {
        match path.is_dir() {
            true => gather(&path, files),
            false => files.push(path),
        }
    }
}

/// The part of a lock file that a package needs.
fn pinned(lock: &str, package: &str) -> String {
    let mut parts = lock.split("[[package]]");
    let head = parts.next().unwrap_or_default();
    let packages: Vec<&str> = parts.collect();
    let field = |part: &str, name: &str| {
        let start = format!("{name} = \"");
        let line = part
            .lines()
            .find_map(|line| line.strip_prefix(&start).map(str::to_owned));
        line.map(|line| line.trim_end_matches('"').to_owned())
            .unwrap_or_default()
    };
    let mut wanted = vec![package.to_owned()];
    let mut kept = vec![false; packages.len()];
    while let Some(want) = wanted.pop() {
        // A dependency is a name, or a name and a version where there are several.
        let (name, version) = want.split_once(' ').unwrap_or((&want, ""));
        for (place, part) in packages.iter().enumerate() {
            let is_it = field(part, "name") == name && (version.is_empty() || field(part, "version") == version);
            if !is_it || std::mem::replace(&mut kept[place], true) {
                continue;
            }
            let list = part
                .split_once("dependencies = [")
                .and_then(|(_, rest)| rest.split_once(']'));
            let names = list.map_or("", |(names, _)| names).lines();
            wanted.extend(
                names
                    .map(|line| line.trim().trim_matches(['"', ',']).to_owned())
                    .filter(|name| !name.is_empty()),
            );
        }
    }
    let kept = packages.iter().zip(kept).filter(|(_, kept)| *kept);
    let text: String = kept.map(|(part, _)| format!("[[package]]{part}")).collect();
    format!("{head}{}\n", text.trim_end())
}

fn watch(root: &Path) {
    for path in ["Cargo.toml", "Cargo.lock", "wit", "plugins/sdk"] {
        println!("cargo:rerun-if-changed={}", root.join(path).display());
    }
    for name in PLUGINS {
        let plugin = root.join("plugins").join(name);
        for part in ["Cargo.toml", "describe.json", "src"] {
            println!("cargo:rerun-if-changed={}", plugin.join(part).display());
        }
    }
}

fn build(root: &Path, target_folder: &Path) {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command
        .current_dir(root)
        .args(["build", "--release", "--locked", "--target", TARGET, "--target-dir"]);
    command.arg(target_folder);
    for name in PLUGINS {
        command.args(["-p", &format!("begat-plugin-{name}")]);
    }
    // What the outer cargo sets for the host would reach into the plugins, and a shared target folder would deadlock.
    for name in [
        "RUSTC_WORKSPACE_WRAPPER",
        "RUSTC_WRAPPER",
        "CARGO_ENCODED_RUSTFLAGS",
        "RUSTFLAGS",
        "CARGO_TARGET_DIR",
    ] {
        command.env_remove(name);
    }
    // A fifth larger than with `s`, and a quarter faster; a panic ends a guest anyway.
    command
        .env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "2")
        .env("CARGO_PROFILE_RELEASE_PANIC", "abort");
    command
        .env("CARGO_PROFILE_RELEASE_LTO", "true")
        .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "1");
    let output = command.output().expect("cargo can be started");
    if !output.status.success() {
        let text = String::from_utf8_lossy(&output.stderr);
        let missing = text.contains("can't find crate for `core`") || text.contains("can't find crate for `std`");
        let hint = if missing {
            format!("\nthe target {TARGET} is missing: run `make wasm-target`")
        } else {
            String::new()
        };
        panic!("building the plugins failed:\n{text}{hint}");
    }
}

fn entry(root: &Path, target_folder: &Path, name: &str) -> String {
    let file = format!("begat_plugin_{}.wasm", name.replace('-', "_"));
    let component = target_folder.join(TARGET).join("release").join(file);
    let bytes = fs::read(&component).expect("the plugin was just built");
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    let packed = component.with_extension("wasm.zlib");
    fs::write(&packed, pack(&bytes)).expect("OUT_DIR is writable");
    let size = bytes.len();
    let description = root.join("plugins").join(name).join("describe.json");
    format!(
        "Embedded {{ name: {name:?}, packed: include_bytes!({packed:?}), size: {size}, digest: {digest:?}, \
         description: include_str!({description:?}) }},"
    )
}

/// A component is read once, when it is compiled, and is a third as large like this.
fn pack(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(bytes).expect("memory can be written");
    encoder.finish().expect("memory can be written")
}
