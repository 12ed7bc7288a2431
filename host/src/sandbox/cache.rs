//! Compiled plugins on disk, so that a plugin is compiled once per machine and version.
//!
//! A compiled file is machine code that the process trusts, so the folder belongs to its owner alone and nothing in it
//! ever comes from elsewhere. The name holds the component's digest and the engine's settings and version. Beside each
//! file stands its seal: its sha256, and the file's marks (size, times, inode) when that was taken. As long as the marks
//! are the same the file is used at once; when they differ it is digested again, and compiled anew when it is another.

use std::fs;
use std::hash::{Hash, Hasher};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::error::SandboxError;
use crate::model::digest::sha256;

/// How much compiled code is kept; what was not used for longest goes first.
const MOST: u64 = 1024 * 1024 * 1024;

/// The folder of compiled plugins.
pub(super) struct Cache {
    folder: PathBuf,
    engine_key: u64,
}

/// A compiled file.
pub(super) struct Compiled {
    pub path: PathBuf,
    /// sha256 of the component.
    pub digest: String,
    pub size: u64,
    pub used: SystemTime,
    /// Whether this version of begat can use it.
    pub is_current: bool,
    /// Whether it is what was written.
    pub is_intact: bool,
}

impl Cache {
    /// Uses a folder, made private to its owner when it does not exist yet.
    pub(super) fn open(folder: &Path, engine: &Engine) -> Result<Self, SandboxError> {
        let failed = |source| SandboxError::Cache {
            path: folder.to_owned(),
            source,
        };
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)
            .map_err(failed)?;
        check_private(folder).map_err(failed)?;
        #[expect(
            deprecated,
            reason = "the only hasher in std whose result does not change between processes"
        )]
        let mut hasher = std::hash::SipHasher::new();
        engine.precompile_compatibility_hash().hash(&mut hasher);
        Ok(Self {
            folder: folder.to_owned(),
            engine_key: hasher.finish(),
        })
    }

    /// The compiled form of a component, if it is here and usable.
    pub(super) fn load(&self, engine: &Engine, digest: &str) -> Option<Component> {
        let path = self.path(digest, "cwasm");
        check_private(&path).ok()?;
        self.check_seal(digest, &path).ok()?;
        #[expect(
            unsafe_code,
            reason = "the file was written by this user's begat into a folder no one else can write"
        )]
        // SAFETY: the folder and the file belong to this user and are writable by no other, and the file is what was
        // written; the engine checks version and settings. Whoever can write there can already act as this user.
        unsafe { Component::deserialize_file(engine, &path) }.ok()
    }

    /// Keeps the compiled form of a component. A reader sees the whole file or none.
    pub(super) fn store(&self, digest: &str, component: &Component) -> Result<(), SandboxError> {
        let bytes = component.serialize().map_err(|source| SandboxError::Compile {
            origin: digest.to_owned(),
            source,
        })?;
        self.make_room(bytes.len() as u64);
        let path = self.path(digest, "cwasm");
        self.write(&path, &bytes)?;
        let seal = seal(&sha256(&bytes), &path).map_err(|source| SandboxError::Cache {
            path: self.folder.clone(),
            source,
        })?;
        self.write(&self.path(digest, "seal"), seal.as_bytes())
    }

    /// A kept text about a component, such as its description.
    pub(super) fn note(&self, digest: &str) -> Option<String> {
        fs::read_to_string(self.path(digest, "json")).ok()
    }

    /// Keeps a text about a component.
    pub(super) fn store_note(&self, digest: &str, text: &str) -> Result<(), SandboxError> {
        self.write(&self.path(digest, "json"), text.as_bytes())
    }

    /// All compiled files, the last used first. Each is digested.
    pub(super) fn list(&self) -> Result<Vec<Compiled>, SandboxError> {
        let mut found = self.files().map_err(|source| SandboxError::Cache {
            path: self.folder.clone(),
            source,
        })?;
        for compiled in &mut found {
            let sealed = fs::read_to_string(compiled.path.with_extension("seal"));
            let digest = fs::read(&compiled.path).map(|bytes| sha256(&bytes));
            compiled.is_intact = matches!((sealed, digest), (Ok(seal), Ok(digest)) if seal.starts_with(&digest));
        }
        Ok(found)
    }

    /// Removes everything; gives how many files there were and their bytes.
    pub(super) fn clear(&self) -> Result<(usize, u64), SandboxError> {
        let failed = |source| SandboxError::Cache {
            path: self.folder.clone(),
            source,
        };
        let (mut count, mut bytes) = (0, 0);
        for entry in fs::read_dir(&self.folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_ours = path
                .extension()
                .is_some_and(|kind| ["cwasm", "seal", "json", "draft"].iter().any(|ours| kind == *ours));
            if is_ours {
                count += usize::from(path.extension().is_some_and(|kind| kind == "cwasm"));
                bytes += fs::metadata(&path).map_or(0, |metadata| metadata.len());
                match fs::remove_file(&path) {
                    // Another process may clear it too.
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
                    _ => {}
                }
            }
        }
        Ok((count, bytes))
    }

    fn files(&self) -> io::Result<Vec<Compiled>> {
        let ending = format!("-{:016x}", self.engine_key);
        let mut found = Vec::new();
        for entry in fs::read_dir(&self.folder)? {
            let path = entry?.path();
            let Some(name) = path.file_stem().and_then(|name| name.to_str()) else {
                continue;
            };
            if path.extension().is_none_or(|kind| kind != "cwasm") {
                continue;
            }
            // Another process may remove it now.
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let times = [metadata.accessed(), metadata.modified()];
            found.push(Compiled {
                digest: name.split('-').next().unwrap_or_default().to_owned(),
                is_current: name.ends_with(&ending),
                is_intact: true,
                size: metadata.len(),
                used: times.into_iter().flatten().max().unwrap_or(SystemTime::UNIX_EPOCH),
                path,
            });
        }
        found.sort_by_key(|compiled| std::cmp::Reverse(compiled.used));
        Ok(found)
    }

    /// Removes what was not used for longest, until there is room for so many bytes more.
    fn make_room(&self, bytes: u64) {
        // Where the folder cannot be read, writing will say so.
        let Ok(files) = self.files() else { return };
        let mut sum = bytes;
        for compiled in files {
            sum += compiled.size;
            if sum > MOST {
                for ending in ["seal", "json", "cwasm"] {
                    // It may be gone already.
                    drop(fs::remove_file(compiled.path.with_extension(ending)));
                }
            }
        }
    }

    /// Whether a file is what was written.
    fn check_seal(&self, digest: &str, path: &Path) -> io::Result<()> {
        let seal_path = self.path(digest, "seal");
        check_private(&seal_path)?;
        let kept = fs::read_to_string(&seal_path)?;
        let sealed = kept.split(' ').next().unwrap_or_default();
        if kept == seal(sealed, path)? {
            return Ok(());
        }
        let found = sha256(&fs::read(path)?);
        if found != sealed {
            return Err(io::Error::other("the compiled file is not the one that was written"));
        }
        // The same bytes with other marks, as after a copy of the folder. Without a new seal it is digested again.
        drop(self.write(&seal_path, seal(&found, path)?.as_bytes()));
        Ok(())
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> Result<(), SandboxError> {
        let failed = |source| SandboxError::Cache {
            path: self.folder.clone(),
            source,
        };
        let draft = path.with_extension(format!("{}.draft", std::process::id()));
        let written = fs::write(&draft, bytes)
            .and_then(|()| fs::set_permissions(&draft, fs::Permissions::from_mode(0o600)))
            .and_then(|()| fs::rename(&draft, path));
        if written.is_err() {
            // What it holds of a full disk is given back; there may be no draft at all.
            drop(fs::remove_file(&draft));
        }
        written.map_err(failed)
    }

    fn path(&self, digest: &str, extension: &str) -> PathBuf {
        self.folder
            .join(format!("{digest}-{:016x}.{extension}", self.engine_key))
    }
}

/// The digest of a file with the marks it has now.
fn seal(digest: &str, path: &Path) -> io::Result<String> {
    let metadata = fs::symlink_metadata(path)?;
    Ok(format!(
        "{digest} {} {} {}.{:09} {}.{:09}",
        metadata.len(),
        metadata.ino(),
        metadata.mtime(),
        metadata.mtime_nsec(),
        metadata.ctime(),
        metadata.ctime_nsec(),
    ))
}

/// Refuses what somebody else owns or may write.
fn check_private(path: &Path) -> io::Result<()> {
    let metadata = fs::symlink_metadata(path)?;
    let mine = fs::metadata("/proc/self").map_or(true, |me| me.uid() == metadata.uid());
    match mine && metadata.mode() & 0o022 == 0 && !metadata.is_symlink() {
        true => Ok(()),
        false => Err(io::Error::new(
            io::ErrorKind::PermissionDenied,
            format!("`{}` must belong to you and be writable by nobody else", path.display()),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An empty component.
    const EMPTY: &[u8] = b"\0asm\x0d\0\x01\0";

    fn with_cache(test: impl FnOnce(&Engine, &Cache)) {
        let folder = std::env::temp_dir().join(format!("begat-cache-{}", uuid::Uuid::now_v7()));
        let engine = Engine::default();
        let cache = Cache::open(&folder, &engine).unwrap();
        cache
            .store("d1", &Component::from_binary(&engine, EMPTY).unwrap())
            .unwrap();
        test(&engine, &cache);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn a_file_that_was_damaged_is_not_used() {
        with_cache(|engine, cache| {
            assert!(cache.load(engine, "d1").is_some());
            let path = cache.path("d1", "cwasm");
            let mut bytes = fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 0xff;
            fs::write(&path, &bytes).unwrap();
            assert!(cache.load(engine, "d1").is_none());
            assert!(!cache.list().unwrap()[0].is_intact);
        });
    }

    #[test]
    fn the_same_bytes_with_other_marks_are_used_and_sealed_again() {
        with_cache(|engine, cache| {
            let path = cache.path("d1", "cwasm");
            let bytes = fs::read(&path).unwrap();
            fs::remove_file(&path).unwrap();
            cache.write(&path, &bytes).unwrap();
            let before = fs::read_to_string(cache.path("d1", "seal")).unwrap();
            assert!(cache.load(engine, "d1").is_some());
            assert_ne!(fs::read_to_string(cache.path("d1", "seal")).unwrap(), before);
        });
    }

    #[test]
    fn a_file_that_others_may_write_or_without_a_seal_is_not_used() {
        with_cache(|engine, cache| {
            let path = cache.path("d1", "cwasm");
            fs::set_permissions(&path, fs::Permissions::from_mode(0o666)).unwrap();
            assert!(cache.load(engine, "d1").is_none());
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
            assert!(cache.load(engine, "d1").is_some());
            fs::remove_file(cache.path("d1", "seal")).unwrap();
            assert!(cache.load(engine, "d1").is_none());
        });
    }

    #[test]
    fn what_is_kept_is_listed_and_cleared() {
        with_cache(|engine, cache| {
            let listed = cache.list().unwrap();
            assert_eq!(listed.len(), 1);
            assert!(listed[0].is_intact && listed[0].is_current);
            assert_eq!(listed[0].digest, "d1");
            assert_eq!(cache.clear().unwrap().0, 1);
            assert!(cache.load(engine, "d1").is_none());
            assert!(cache.list().unwrap().is_empty());
        });
    }
}
