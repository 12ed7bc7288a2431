//! The folder that the tasks of a `WorkingDirectory` share: made when it begins, gone when it ends.

use std::io;
use std::path::{Component, Path};
use std::sync::Arc;

use super::surroundings::OwnSurroundings;
use crate::model::{Json, JsonMap, RunEventKind, TaskRunId, WrittenFile};
use crate::sandbox::{Folder, Kind, Temporary};

/// The largest file that is kept, in bytes, and how many files are.
const FILE_SIZE: u64 = 16 * 1024 * 1024;
const FILES: usize = 1_000;

/// A folder of the host that only these tasks see.
#[derive(Debug)]
pub(super) struct Workplace {
    place: Temporary,
    /// Tasks may be at work in it whenever it is looked into.
    folder: Folder,
}

impl Workplace {
    /// Makes the folder and puts files into it: names, and texts or addresses of the execution's own files. The error is
    /// for the operator.
    pub(super) fn open(files: Option<&Json>, surroundings: &OwnSurroundings) -> Result<Arc<Self>, String> {
        let failed = |error: io::Error| format!("making a folder for the task: {error}");
        let place = Temporary::new("work").map_err(failed)?;
        let folder = Folder::open(place.path()).map_err(failed)?;
        let workplace = Self { place, folder };
        for (name, given) in files.and_then(Json::as_object).into_iter().flatten() {
            workplace.put(name, given, surroundings)?;
        }
        Ok(Arc::new(workplace))
    }

    pub(super) fn path(&self) -> &Path {
        self.place.path()
    }

    fn put(&self, name: &str, given: &Json, surroundings: &OwnSurroundings) -> Result<(), String> {
        let path = within(name)?;
        let text = given.as_str().map_or_else(|| given.to_string(), str::to_owned);
        let content = match text.starts_with(super::surroundings::FILES) {
            false => text.into_bytes(),
            true => {
                let found = surroundings.read(&text).map_err(|refusal| refusal.to_string())?;
                found.ok_or_else(|| format!("there is no file `{text}`"))?
            }
        };
        let failed = |error: io::Error| format!("writing the input file `{name}`: {error}");
        self.folder
            .make(path.parent().unwrap_or(Path::new("")))
            .and_then(|()| self.folder.write(path, &content))
            .map_err(failed)
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
        let failed = |error: io::Error| format!("reading the working directory: {error}");
        let mut names = Vec::new();
        self.folder.walk(failed, |path, entry| {
            let name = path.to_string_lossy();
            // Links may lead anywhere.
            if entry.kind == Kind::File && patterns.iter().any(|pattern| pattern.matches(&name)) {
                names.push(name.into_owned());
            }
            Ok(())
        })?;
        names.sort();
        if names.len() > FILES {
            return Err(format!("{} output files, at most {FILES} are kept", names.len()));
        }
        let (mut kept, mut addresses) = (Vec::new(), JsonMap::new());
        for name in names {
            let failed = |error: io::Error| format!("reading the output file `{name}`: {error}");
            let content = self.folder.read(Path::new(&name), FILE_SIZE).map_err(failed)?;
            let content = content
                .map_err(|size| format!("the output file `{name}` has {size} bytes, at most {FILE_SIZE} are kept"))?;
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

/// The path of a name, which must not lead out of the folder.
fn within(name: &str) -> Result<&Path, String> {
    let path = Path::new(name);
    let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    match is_inside && !name.is_empty() {
        true => Ok(path),
        false => Err(format!("`{name}` is no name of a file within the working directory")),
    }
}
