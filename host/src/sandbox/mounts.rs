//! Granted files and folders of the host. A guest works on copies: it cannot reach what lies beside them, and what it
//! writes is taken over only when its task succeeded.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read, Seek};
use std::path::{Path, PathBuf};

use wasmtime_wasi::{FsPerms, WasiCtxBuilder};

use super::folder::{Folder, Kind};
use super::limits::Limits;
use super::policy::Permit;
use super::temporary::Temporary;
use super::work::WorkError;
use crate::model::GrantKind;

/// Copies of what is granted, gone when this is dropped.
pub(super) struct Mounts {
    root: Temporary,
    /// The same, open.
    copies: Folder,
    /// What the guest calls a folder, and its copy.
    folders: BTreeMap<PathBuf, Copy>,
    /// What may be written back: the path, and that of its copy among the copies.
    writable: Vec<(PathBuf, PathBuf)>,
}

struct Copy {
    /// Among the copies.
    path: PathBuf,
    is_writable: bool,
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
        let failed = |source| unusable(&std::env::temp_dir(), source);
        let root = Temporary::new("grant").map_err(failed)?;
        let copies = Folder::open(root.path()).map_err(failed)?;
        let mut mounts = Self {
            root,
            copies,
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
        self.root.path()
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
            path: PathBuf::from(number.to_string()),
            is_writable: false,
        });
        copy.is_writable |= is_writable;
        self.copies
            .make(&copy.path)
            .map_err(|source| unusable(&copy.path, source))?;
        let target = match absolute.file_name().filter(|_| !is_folder) {
            Some(name) => copy.path.join(name),
            None => copy.path.clone(),
        };
        if is_writable {
            self.writable.push((absolute.clone(), target.clone()));
        }
        let failed = |source| unusable(&absolute, source);
        match fs::metadata(&absolute) {
            Ok(metadata) if metadata.is_dir() => {
                copy_folder(&absolute, &self.copies.within(&target).map_err(failed)?, budget)
            }
            Ok(metadata) if metadata.is_file() => {
                let file = File::open(&absolute).map_err(failed)?;
                let size = file.metadata().map_err(failed)?.len();
                copy_file((file, size), &absolute, (&self.copies, &target), budget)
            }
            Ok(_) => Err(failed(io::Error::other("it is neither a file nor a folder"))),
            // What is to be written need not be there.
            Err(error) if is_writable && error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(failed(error)),
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
            let opened = wasi.preopened_dir(self.root.path().join(&copy.path), name.to_string_lossy(), permissions);
            opened.map_err(|error| unusable(name, io::Error::other(error.to_string())))?;
        }
        Ok(())
    }

    /// Takes over what was written: new and changed files, each as a whole. Nothing is deleted, and links are left
    /// aside.
    pub(super) fn write_back(&self) -> Result<(), WorkError> {
        for (path, copy) in &self.writable {
            take_over(&self.copies, copy, path).map_err(|source| unusable(path, source))?;
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

/// Copies a file that was opened, as large as it was then.
fn copy_file(
    (file, size): (File, u64),
    from: &Path,
    to: (&Folder, &Path),
    budget: &mut Budget,
) -> Result<(), WorkError> {
    budget.spend(size)?;
    let (folder, path) = to;
    let copied = || -> io::Result<()> {
        // Two grants may give the same file.
        if folder.look(path)?.is_some() {
            folder.remove(path)?;
        }
        let permissions = file.metadata()?.permissions();
        let mut copy = folder.create(path, 0o600)?;
        io::copy(&mut file.take(size), &mut copy)?;
        copy.set_permissions(permissions)
    };
    copied().map_err(|source| unusable(from, source))
}

/// Links in a folder are left aside: they may lead out of it.
fn copy_folder(from: &Path, to: &Folder, budget: &mut Budget) -> Result<(), WorkError> {
    let source = open_given(from).map_err(|source| unusable(from, source))?;
    source.walk(
        |source| unusable(from, source),
        |path, entry| {
            let shown = from.join(path);
            match entry.kind {
                Kind::Folder => {
                    budget.spend(0)?;
                    to.make(path).map_err(|source| unusable(&shown, source))
                }
                Kind::File => {
                    let opened = source.file(path).map_err(|source| unusable(&shown, source))?;
                    copy_file(opened, &shown, (to, path), budget)
                }
                Kind::Link | Kind::Other => Ok(()),
            }
        },
    )
}

/// Opens a folder that the operator named, which may be a link.
fn open_given(path: &Path) -> io::Result<Folder> {
    Folder::open(&fs::canonicalize(path)?)
}

/// Takes over a copy, of a file or of all that is in a folder, to where it came from.
fn take_over(copies: &Folder, copy: &Path, target: &Path) -> io::Result<()> {
    match copies.look(copy)?.map(|entry| entry.kind) {
        Some(Kind::Folder) => {
            match fs::symlink_metadata(target) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => fs::create_dir(target)?,
                Err(error) => return Err(error),
                Ok(there) if !there.is_dir() => {
                    return Err(io::Error::other(format!("`{}` is no folder", target.display())));
                }
                Ok(_) => {}
            }
            let (source, folder) = (copies.within(copy)?, Folder::open(target)?);
            source.walk(
                |error| error,
                |path, entry| match entry.kind {
                    Kind::Folder => match folder.look(path)? {
                        Some(there) if there.kind != Kind::Folder => Err(io::Error::other(format!(
                            "`{}` is no folder",
                            target.join(path).display()
                        ))),
                        _ => folder.make(path),
                    },
                    Kind::File => take_file((&source, path), (&folder, path), &target.join(path)),
                    Kind::Link | Kind::Other => Ok(()),
                },
            )
        }
        Some(Kind::File) => {
            let (Some(parent), Some(name)) = (target.parent(), target.file_name()) else {
                return Err(io::Error::other(format!("`{}` is no file", target.display())));
            };
            take_file((copies, copy), (&open_given(parent)?, Path::new(name)), target)
        }
        Some(Kind::Link | Kind::Other) | None => Ok(()),
    }
}

fn take_file(from: (&Folder, &Path), to: (&Folder, &Path), shown: &Path) -> io::Result<()> {
    let (mut source, size) = from.0.file(from.1)?;
    let (folder, target) = to;
    match folder.look(target)? {
        Some(there) if there.kind != Kind::File => {
            return Err(io::Error::other(format!("`{}` is no file", shown.display())));
        }
        Some(there) if there.size == size => {
            if is_same(folder.file(target)?.0, &source)? {
                return Ok(());
            }
            source.rewind()?;
        }
        _ => {}
    }
    // Whoever reads sees the whole old file or the whole new one.
    let draft = target.with_extension(format!("begat-{}", uuid::Uuid::now_v7()));
    let mut write = || -> io::Result<()> {
        let mut file = folder.create(&draft, 0o600)?;
        io::copy(&mut source, &mut file)?;
        file.set_permissions(source.metadata()?.permissions())?;
        folder.rename(&draft, target)
    };
    let written = write();
    if written.is_err() {
        // It may not have come to be.
        drop(folder.remove(&draft));
    }
    written
}

fn is_same(one: File, other: &File) -> io::Result<bool> {
    let (mut one, mut other) = (BufReader::new(one), BufReader::new(other));
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let count = left.len().min(right.len());
        if count == 0 || left[..count] != right[..count] {
            return Ok(left.is_empty() && right.is_empty());
        }
        one.consume(count);
        other.consume(count);
    }
}
