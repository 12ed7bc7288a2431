//! The folder `/work` of a task, as the shell's file interface wants to see it.
//!
//! Links are shown but not made: the standard library cannot make one here. Permission bits are remembered for as long as
//! the script runs, since the host keeps none.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Error, Write};
use std::path::{Component, Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use bashkit::{DirEntry, FileType, FsBackend, Metadata, Result, async_trait};

/// A folder given by the host, whose root the shell calls `/`.
pub(crate) struct WorkFolder {
    root: PathBuf,
    modes: Mutex<BTreeMap<PathBuf, u32>>,
}

impl WorkFolder {
    pub(crate) fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            modes: Mutex::default(),
        }
    }

    /// The file that a path of the shell means. Nothing above the root can be named.
    fn file(&self, path: &Path) -> PathBuf {
        let mut file = self.root.clone();
        for part in path.components() {
            match part {
                Component::Normal(name) => file.push(name),
                Component::ParentDir if file != self.root => {
                    file.pop();
                }
                _ => {}
            }
        }
        file
    }

    fn modes(&self) -> std::sync::MutexGuard<'_, BTreeMap<PathBuf, u32>> {
        self.modes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn metadata(&self, file: &Path) -> std::io::Result<Metadata> {
        let known = fs::symlink_metadata(file)?;
        let file_type = if known.is_dir() {
            FileType::Directory
        } else if known.is_symlink() {
            FileType::Symlink
        } else {
            FileType::File
        };
        let usual = if known.is_dir() { 0o755 } else { 0o644 };
        let modified = known.modified().unwrap_or(SystemTime::UNIX_EPOCH);
        Ok(Metadata {
            file_type,
            size: if known.is_dir() { 0 } else { known.len() },
            mode: self.modes().get(file).copied().unwrap_or(usual),
            modified,
            created: modified,
        })
    }
}

#[async_trait]
impl FsBackend for WorkFolder {
    async fn read(&self, path: &Path) -> Result<Vec<u8>> {
        Ok(fs::read(self.file(path))?)
    }

    async fn write(&self, path: &Path, content: &[u8]) -> Result<()> {
        Ok(fs::write(self.file(path), content)?)
    }

    async fn append(&self, path: &Path, content: &[u8]) -> Result<()> {
        let mut file = fs::OpenOptions::new().append(true).create(true).open(self.file(path))?;
        Ok(file.write_all(content)?)
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> Result<()> {
        match recursive {
            true => Ok(fs::create_dir_all(self.file(path))?),
            false => Ok(fs::create_dir(self.file(path))?),
        }
    }

    async fn remove(&self, path: &Path, recursive: bool) -> Result<()> {
        let file = self.file(path);
        let is_folder = fs::symlink_metadata(&file)?.is_dir();
        match (is_folder, recursive) {
            (true, true) => fs::remove_dir_all(&file)?,
            (true, false) => fs::remove_dir(&file)?,
            (false, _) => fs::remove_file(&file)?,
        }
        self.modes().retain(|known, _| !known.starts_with(&file));
        Ok(())
    }

    async fn stat(&self, path: &Path) -> Result<Metadata> {
        Ok(self.metadata(&self.file(path))?)
    }

    async fn read_dir(&self, path: &Path) -> Result<Vec<DirEntry>> {
        let mut entries = Vec::new();
        for entry in fs::read_dir(self.file(path))? {
            let entry = entry?;
            entries.push(DirEntry {
                name: entry.file_name().to_string_lossy().into_owned(),
                metadata: self.metadata(&entry.path())?,
            });
        }
        entries.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(entries)
    }

    async fn exists(&self, path: &Path) -> Result<bool> {
        Ok(fs::symlink_metadata(self.file(path)).is_ok())
    }

    async fn rename(&self, from: &Path, to: &Path) -> Result<()> {
        let (from, to) = (self.file(from), self.file(to));
        fs::rename(&from, &to)?;
        let mut modes = self.modes();
        if let Some(mode) = modes.remove(&from) {
            modes.insert(to, mode);
        }
        Ok(())
    }

    async fn copy(&self, from: &Path, to: &Path) -> Result<()> {
        let content = fs::read(self.file(from))?;
        Ok(fs::write(self.file(to), content)?)
    }

    async fn symlink(&self, _: &Path, _: &Path) -> Result<()> {
        Err(Error::other("links cannot be made in /work").into())
    }

    async fn read_link(&self, path: &Path) -> Result<PathBuf> {
        Ok(fs::read_link(self.file(path))?)
    }

    async fn chmod(&self, path: &Path, mode: u32) -> Result<()> {
        let file = self.file(path);
        fs::symlink_metadata(&file)?;
        self.modes().insert(file, mode);
        Ok(())
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> Result<()> {
        let file = fs::OpenOptions::new().write(true).open(self.file(path))?;
        Ok(file.set_modified(time)?)
    }
}
