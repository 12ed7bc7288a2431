//! The files a plugin is made from, and whether they have changed.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

/// Folders that hold what is made, not what it is made from.
const MADE: [&str; 5] = ["target", "dist", "node_modules", "venv", "__pycache__"];
/// What golden cases, flows and their tests are written in: a component does not depend on them.
const NO_SOURCE: [&str; 4] = [".case.yaml", ".expected.json", ".test.yaml", "flow.yaml"];

/// When the newest file of a plugin was changed that is not made from others.
pub fn stamp(folder: &Path) -> Option<SystemTime> {
    newest(folder, &|_| true)
}

/// Whether a component is older than its sources, or not there.
pub fn is_stale(component: &Path, folder: &Path) -> bool {
    let is_source = |name: &str| !NO_SOURCE.iter().any(|end| name.ends_with(end));
    let built = fs::metadata(component).and_then(|metadata| metadata.modified());
    built.map_or(true, |built| {
        newest(folder, &is_source).is_some_and(|changed| changed > built)
    })
}

/// Files that vanish meanwhile do not count.
fn newest(folder: &Path, counts: &dyn Fn(&str) -> bool) -> Option<SystemTime> {
    let mut newest = None;
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let name = name.to_string_lossy();
            // A compiler may write its lock file again.
            if name.starts_with('.') || name == "Cargo.lock" || MADE.contains(&name.as_ref()) || !counts(&name) {
                continue;
            }
            match entry.metadata() {
                Ok(metadata) if metadata.is_dir() => folders.push(entry.path()),
                Ok(metadata) => newest = newest.max(metadata.modified().ok()),
                Err(_) => {}
            }
        }
    }
    newest
}
