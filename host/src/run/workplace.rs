//! The folder that the tasks of a `WorkingDirectory` share: made when it begins, gone when it ends.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::surroundings::OwnSurroundings;
use crate::model::{Json, JsonMap, RunEventKind, TaskRunId, WrittenFile};

/// The largest file that is kept, in bytes, and how many files are.
const FILE_SIZE: u64 = 16 * 1024 * 1024;
const FILES: usize = 1_000;

/// A folder of the host that only these tasks see.
#[derive(Debug)]
pub(super) struct Workplace {
    folder: PathBuf,
}

impl Drop for Workplace {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files, which the system empties.
        drop(fs::remove_dir_all(&self.folder));
    }
}

impl Workplace {
    /// Makes the folder and puts files into it: names, and texts or addresses of the execution's own files. The error is
    /// for the operator.
    pub(super) fn open(
        id: &TaskRunId,
        files: Option<&Json>,
        surroundings: &OwnSurroundings,
    ) -> Result<Arc<Self>, String> {
        // Ids are the same in runs that repeat each other, maybe at once.
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let (process, next) = (std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let folder = std::env::temp_dir().join(format!("begat-work-{id}-{process}-{next}"));
        let failed = |error: io::Error| format!("making the folder `{}`: {error}", folder.display());
        fs::create_dir_all(&folder).map_err(failed)?;
        let workplace = Arc::new(Self { folder });
        for (name, given) in files.and_then(Json::as_object).into_iter().flatten() {
            workplace.put(name, given, surroundings)?;
        }
        Ok(workplace)
    }

    pub(super) fn path(&self) -> &Path {
        &self.folder
    }

    fn put(&self, name: &str, given: &Json, surroundings: &OwnSurroundings) -> Result<(), String> {
        let path = self.within(name)?;
        let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        let content = match text.starts_with(super::surroundings::FILES) {
            false => text.into_bytes(),
            true => {
                let found = surroundings.read(&text).map_err(|refusal| refusal.to_string())?;
                found.ok_or_else(|| format!("there is no file `{text}`"))?
            }
        };
        let failed = |error: io::Error| format!("writing the input file `{name}`: {error}");
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(failed)?;
        }
        fs::write(&path, content).map_err(failed)
    }

    /// The path of a name, which must not lead out of the folder.
    fn within(&self, name: &str) -> Result<PathBuf, String> {
        let path = Path::new(name);
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        match is_inside && !name.is_empty() {
            true => Ok(self.folder.join(path)),
            false => Err(format!("`{name}` is no name of a file within the working directory")),
        }
    }

    /// Keeps the files whose names fit one of the patterns: what to record, and their addresses by name.
    pub(super) fn gather(
        &self,
        patterns: &[String],
        id: &TaskRunId,
        surroundings: &OwnSurroundings,
    ) -> Result<(Vec<RunEventKind>, JsonMap), String> {
        let patterns: Vec<glob::Pattern> = patterns
            .iter()
            .map(|pattern| glob::Pattern::new(pattern).map_err(|error| format!("`{pattern}`: {error}")))
            .collect::<Result<_, _>>()?;
        let mut names = Vec::new();
        list(&self.folder, "", &mut names).map_err(|error| format!("reading the working directory: {error}"))?;
        names.retain(|name| patterns.iter().any(|pattern| pattern.matches(name)));
        names.sort();
        if names.len() > FILES {
            return Err(format!("{} output files, at most {FILES} are kept", names.len()));
        }
        let (mut kept, mut addresses) = (Vec::new(), JsonMap::new());
        for name in names {
            let path = self.folder.join(&name);
            let failed = |error: io::Error| format!("reading the output file `{name}`: {error}");
            let size = fs::symlink_metadata(&path).map_err(failed)?.len();
            if size > FILE_SIZE {
                return Err(format!(
                    "the output file `{name}` has {size} bytes, at most {FILE_SIZE} are kept"
                ));
            }
            let content = fs::read(&path).map_err(failed)?;
            let stored = format!("{id}/{name}");
            addresses.insert(name.clone(), surroundings.address(&stored).into());
            kept.push(RunEventKind::FileWritten(WrittenFile {
                name: stored,
                content: Arc::from(content),
            }));
        }
        Ok((kept, addresses))
    }
}

/// Names of the files in a folder, with those of folders in it. What is no file is left aside: links may lead anywhere.
fn list(folder: &Path, before: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        if kind.is_dir() {
            list(&entry.path(), &format!("{name}/"), names)?;
        } else if kind.is_file() {
            names.push(name);
        }
    }
    Ok(())
}
