//! Granted files and folders of the host. A guest works on copies: it cannot reach what lies beside them, and what it
//! writes is taken over only when its task succeeded.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::limits::Limits;
use super::policy::Permit;
use super::work::WorkError;
use crate::model::GrantKind;

/// Copies of what is granted, gone when this is dropped.
pub(super) struct Mounts {
    root: PathBuf,
    /// What the guest calls a folder, and its copy.
    folders: BTreeMap<PathBuf, Copy>,
    /// What may be written back: the path, and its copy.
    writable: Vec<(PathBuf, PathBuf)>,
}

struct Copy {
    path: PathBuf,
    is_writable: bool,
}

impl Drop for Mounts {
    fn drop(&mut self) {
        // What stays is in the folder for temporary files, which the system empties.
        drop(fs::remove_dir_all(&self.root));
    }
}

/// What may still be copied.
struct Budget {
    bytes: u64,
    files: u64,
    limits: (u64, u64),
}

impl Budget {
    fn spend(&mut self, bytes: u64) -> Result<(), WorkError> {
        self.files = self.files.checked_sub(1).ok_or(WorkError::Files(self.limits.1))?;
        self.bytes = self.bytes.checked_sub(bytes).ok_or(WorkError::Bytes(self.limits.0))?;
        Ok(())
    }
}

impl Mounts {
    /// Copies all that is granted; nothing where nothing is.
    pub(super) fn open(permit: &Permit, limits: &Limits) -> Result<Option<Self>, WorkError> {
        let of = |kind| permit.grants.paths(kind).map(move |path| (path, kind));
        let granted: Vec<(&Path, GrantKind)> = of(GrantKind::Read).chain(of(GrantKind::Write)).collect();
        if granted.is_empty() {
            return Ok(None);
        }
        let root = std::env::temp_dir().join(format!("begat-grant-{}", uuid::Uuid::now_v7()));
        fs::create_dir(&root).map_err(|source| unusable(&root, source))?;
        let mut mounts = Self {
            root,
            folders: BTreeMap::new(),
            writable: Vec::new(),
        };
        let mut budget = Budget {
            bytes: limits.work_bytes,
            files: limits.work_files,
            limits: (limits.work_bytes, limits.work_files),
        };
        for (path, kind) in granted {
            mounts.add(path, kind == GrantKind::Write, &mut budget)?;
            permit.used(kind, path.display().to_string());
        }
        Ok(Some(mounts))
    }

    /// Where the copies are.
    pub(super) fn path(&self) -> &Path {
        &self.root
    }

    fn add(&mut self, path: &Path, is_writable: bool, budget: &mut Budget) -> Result<(), WorkError> {
        let absolute = std::path::absolute(path).map_err(|source| unusable(path, source))?;
        let is_folder = fs::metadata(&absolute).is_ok_and(|metadata| metadata.is_dir());
        let folder = match (is_folder, absolute.parent()) {
            (false, Some(parent)) => parent.to_owned(),
            _ => absolute.clone(),
        };
        let number = self.folders.len();
        let copy = self.folders.entry(folder).or_insert_with(|| Copy {
            path: self.root.join(number.to_string()),
            is_writable: false,
        });
        copy.is_writable |= is_writable;
        fs::create_dir_all(&copy.path).map_err(|source| unusable(&copy.path, source))?;
        let target = match absolute.file_name().filter(|_| !is_folder) {
            Some(name) => copy.path.join(name),
            None => copy.path.clone(),
        };
        if is_writable {
            self.writable.push((absolute.clone(), target.clone()));
        }
        match fs::metadata(&absolute) {
            Ok(metadata) if metadata.is_dir() => copy_folder(&absolute, &target, budget),
            Ok(metadata) if metadata.is_file() => copy_file(&absolute, &target, metadata.len(), budget),
            Ok(_) => Err(unusable(
                &absolute,
                io::Error::other("it is neither a file nor a folder"),
            )),
            // What is to be written need not be there.
            Err(error) if is_writable && error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(unusable(&absolute, error)),
        }
    }

    /// Gives the copies to a guest under the paths that were granted.
    pub(super) fn preopen(&self, wasi: &mut WasiCtxBuilder) -> Result<(), WorkError> {
        for (name, copy) in &self.folders {
            let permissions = if copy.is_writable {
                FsPerms::ReadWrite
            } else {
                FsPerms::ReadOnly
            };
            let opened = wasi.preopened_dir(&copy.path, name.to_string_lossy(), permissions);
            opened.map_err(|error| unusable(name, io::Error::other(error.to_string())))?;
        }
        Ok(())
    }

    /// Takes over what was written: new and changed files, each as a whole. Nothing is deleted, and links are left
    /// aside.
    pub(super) fn write_back(&self) -> Result<(), WorkError> {
        for (path, copy) in &self.writable {
            take_over(copy, path).map_err(|source| unusable(path, source))?;
        }
        Ok(())
    }
}

fn unusable(path: &Path, source: io::Error) -> WorkError {
    WorkError::Unusable {
        path: path.to_owned(),
        source,
    }
}

fn copy_file(from: &Path, to: &Path, size: u64, budget: &mut Budget) -> Result<(), WorkError> {
    budget.spend(size)?;
    fs::copy(from, to).map(|_| ()).map_err(|source| unusable(from, source))
}

/// Links in a folder are left aside: they may lead out of it.
fn copy_folder(from: &Path, to: &Path, budget: &mut Budget) -> Result<(), WorkError> {
    fs::create_dir_all(to).map_err(|source| unusable(to, source))?;
    for entry in fs::read_dir(from).map_err(|source| unusable(from, source))? {
        let entry = entry.map_err(|source| unusable(from, source))?;
        let metadata = entry.metadata().map_err(|source| unusable(from, source))?;
        let target = to.join(entry.file_name());
        if metadata.is_dir() {
            budget.spend(0)?;
            copy_folder(&entry.path(), &target, budget)?;
        } else if metadata.is_file() {
            copy_file(&entry.path(), &target, metadata.len(), budget)?;
        }
    }
    Ok(())
}

fn take_over(copy: &Path, target: &Path) -> io::Result<()> {
    let metadata = match fs::symlink_metadata(copy) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    let there = fs::symlink_metadata(target).ok();
    if metadata.is_dir() {
        match there {
            None => fs::create_dir(target)?,
            Some(there) if there.is_dir() => {}
            Some(_) => return Err(io::Error::other(format!("`{}` is no folder", target.display()))),
        }
        for entry in fs::read_dir(copy)? {
            let entry = entry?;
            take_over(&entry.path(), &target.join(entry.file_name()))?;
        }
        return Ok(());
    }
    if !metadata.is_file() {
        return Ok(());
    }
    match there {
        Some(there) if !there.is_file() => {
            return Err(io::Error::other(format!("`{}` is no file", target.display())));
        }
        Some(there) if there.len() == metadata.len() && fs::read(target)? == fs::read(copy)? => return Ok(()),
        _ => {}
    }
    // Whoever reads sees the whole old file or the whole new one.
    let draft = target.with_extension(format!("begat-{}", uuid::Uuid::now_v7()));
    let written = fs::copy(copy, &draft).and_then(|_| fs::rename(&draft, target));
    if written.is_err() {
        // It may not have come to be.
        drop(fs::remove_file(&draft));
    }
    written
}
