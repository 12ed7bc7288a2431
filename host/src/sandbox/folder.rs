//! A folder of the host that a guest may be changing at this very moment.
//!
//! Each step goes from an open folder to what is in it and follows no link, so that no name can come to mean something
//! outside between two looks at it. What is read is what was opened and measured.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

/// How deep folders may lie in one another: what goes through them takes the longer the deeper they are.
pub(super) const DEPTH: usize = 64;

const FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// A folder that is held open: it stays the same one whatever becomes of its name.
#[derive(Debug)]
pub struct Folder(OwnedFd);

/// What something in a folder is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    File,
    Folder,
    Link,
    /// A pipe, a socket or a device.
    Other,
}

/// Something in a folder, as it was when it was looked at.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    pub kind: Kind,
    /// In bytes.
    pub size: u64,
}

impl Entry {
    fn of(stat: &Stat) -> Self {
        Self {
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => Kind::File,
                FileType::Directory => Kind::Folder,
                FileType::Symlink => Kind::Link,
                _ => Kind::Other,
            },
            size: u64::try_from(stat.st_size).unwrap_or(0),
        }
    }
}

impl Folder {
    /// Opens a folder, whose own path is trusted but for its last part, which may be no link.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn open(path: &Path) -> io::Result<Self> {
        let opened = rustix::fs::open(path, FOLDER, Mode::empty())?;
        Ok(Self(opened))
    }

    /// The folder of a path within this one; itself where the path is empty.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn within(&self, path: &Path) -> io::Result<Self> {
        let mut folder = Self(self.0.try_clone()?);
        for name in path {
            folder = Self(rustix::fs::openat(&folder.0, name, FOLDER, Mode::empty())?);
        }
        Ok(folder)
    }

    /// The folder in which the last name of a path is, and that name.
    fn parent<'a>(&self, path: &'a Path) -> io::Result<(Self, &'a OsStr)> {
        let is_inside = path.components().all(|part| matches!(part, Component::Normal(_)));
        match (is_inside, path.file_name()) {
            (true, Some(name)) => Ok((self.within(path.parent().unwrap_or(Path::new("")))?, name)),
            _ => Err(io::Error::other(format!(
                "`{}` leads out of the folder",
                path.display()
            ))),
        }
    }

    /// What is at a path within; nothing where there is nothing.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn look(&self, path: &Path) -> io::Result<Option<Entry>> {
        let (folder, name) = self.parent(path)?;
        match rustix::fs::statat(&folder.0, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry::of(&stat))),
            Err(Errno::NOENT) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Opens a file within to read it, with its size in bytes.
    ///
    /// # Errors
    /// What is no regular file is not opened; else those of the file system.
    pub fn file(&self, path: &Path) -> io::Result<(File, u64)> {
        let (folder, name) = self.parent(path)?;
        // To open a pipe must not wait for a writer.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&folder.0, name, flags, Mode::empty()).map_err(|error| match error {
            Errno::LOOP => io::Error::other("it is a link"),
            error => error.into(),
        })?;
        let entry = Entry::of(&rustix::fs::fstat(&opened)?);
        match entry.kind {
            Kind::File => Ok((File::from(opened), entry.size)),
            _ => Err(io::Error::other("it is no file")),
        }
    }

    /// Reads a file within of at most so many bytes. The inner error is its size where it has more.
    ///
    /// # Errors
    /// What is no regular file is not read; else those of the file system.
    pub fn read(&self, path: &Path, most: u64) -> io::Result<Result<Vec<u8>, u64>> {
        let (file, size) = self.file(path)?;
        if size > most {
            return Ok(Err(size));
        }
        let mut content = Vec::new();
        // It may grow while it is read.
        file.take(most.saturating_add(1)).read_to_end(&mut content)?;
        let size = content.len() as u64;
        Ok(if size > most { Err(size) } else { Ok(content) })
    }

    /// Makes a folder within, unless it is there.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn make(&self, path: &Path) -> io::Result<()> {
        let mut folder = Self(self.0.try_clone()?);
        for name in path {
            match rustix::fs::mkdirat(&folder.0, name, Mode::RWXU | Mode::RWXG | Mode::RWXO) {
                Ok(()) | Err(Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            folder = Self(rustix::fs::openat(&folder.0, name, FOLDER, Mode::empty())?);
        }
        Ok(())
    }

    /// Makes a file within that is not there yet, with the mode of another one.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn create(&self, path: &Path, mode: u32) -> io::Result<File> {
        let (folder, name) = self.parent(path)?;
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let opened = rustix::fs::openat(&folder.0, name, flags, Mode::from_raw_mode(mode))?;
        Ok(File::from(opened))
    }

    /// Writes a file within that is not there yet.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&self, path: &Path, content: &[u8]) -> io::Result<()> {
        self.create(path, 0o666)?.write_all(content)
    }

    /// Removes a file within.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn remove(&self, path: &Path) -> io::Result<()> {
        let (folder, name) = self.parent(path)?;
        Ok(rustix::fs::unlinkat(&folder.0, name, AtFlags::empty())?)
    }

    /// Gives a file within another name, in the place of what has that name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let ((old_folder, old), (new_folder, new)) = (self.parent(from)?, self.parent(to)?);
        Ok(rustix::fs::renameat(&old_folder.0, old, &new_folder.0, new)?)
    }

    /// Where a link within leads.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn link(&self, path: &Path) -> io::Result<PathBuf> {
        let (folder, name) = self.parent(path)?;
        let target = rustix::fs::readlinkat(&folder.0, name, Vec::new())?;
        Ok(PathBuf::from(OsStr::from_bytes(target.to_bytes())))
    }

    /// Shows all that is within, folders before what is in them. What vanishes meanwhile is left out.
    ///
    /// # Errors
    /// What `visit` gives, and what `failed` makes of an error of the file system.
    pub fn walk<E>(
        &self,
        failed: impl Fn(io::Error) -> E,
        mut visit: impl FnMut(&Path, Entry) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut waiting = vec![PathBuf::new()];
        while let Some(path) = waiting.pop() {
            let folder = match self.within(&path) {
                Ok(folder) => folder,
                // It was removed, or something else has its name now.
                Err(error) if is_gone(&error) && path != Path::new("") => continue,
                Err(error) => return Err(failed(error)),
            };
            for entry in Dir::read_from(&folder.0).map_err(|error| failed(error.into()))? {
                let entry = entry.map_err(|error| failed(error.into()))?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let stat = match rustix::fs::statat(&folder.0, name, AtFlags::SYMLINK_NOFOLLOW) {
                    Ok(stat) => stat,
                    Err(Errno::NOENT) => continue,
                    Err(error) => return Err(failed(error.into())),
                };
                let (inner, found) = (path.join(OsStr::from_bytes(name.to_bytes())), Entry::of(&stat));
                visit(&inner, found)?;
                if found.kind == Kind::Folder {
                    if inner.iter().count() > DEPTH {
                        let message = format!("folders in it lie more than {DEPTH} deep");
                        return Err(failed(io::Error::other(message)));
                    }
                    waiting.push(inner);
                }
            }
        }
        Ok(())
    }
}

fn is_gone(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw_os_error);
    matches!(errno, Some(Errno::NOENT | Errno::NOTDIR | Errno::LOOP))
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::super::temporary::Temporary;
    use super::*;

    #[test]
    fn a_link_is_never_followed_wherever_it_stands() {
        let temporary = Temporary::new("test").unwrap();
        let root = temporary.path();
        fs::create_dir_all(root.join("in/real")).unwrap();
        fs::create_dir(root.join("out")).unwrap();
        fs::write(root.join("out/secret"), "secret").unwrap();
        symlink("../out", root.join("in/folder")).unwrap();
        symlink("../out/secret", root.join("in/file")).unwrap();
        let folder = Folder::open(&root.join("in")).unwrap();
        for name in [
            "file",
            "folder/secret",
            "../out/secret",
            "real/../../out/secret",
            "/etc/passwd",
            "",
        ] {
            assert!(folder.read(Path::new(name), 100).is_err(), "{name}");
            assert!(folder.create(Path::new(name), 0o666).is_err(), "{name}");
        }
        assert!(folder.make(Path::new("folder/made")).is_err());
        assert!(folder.rename(Path::new("file"), Path::new("folder/moved")).is_err());
        assert!(folder.remove(Path::new("folder/secret")).is_err());
        let mut seen = Vec::new();
        folder
            .walk(
                |error| error,
                |path, entry| {
                    seen.push((path.display().to_string(), entry.kind));
                    Ok(())
                },
            )
            .unwrap();
        seen.sort_by(|a, b| a.0.cmp(&b.0));
        let expected = [("file", Kind::Link), ("folder", Kind::Link), ("real", Kind::Folder)];
        assert_eq!(seen, expected.map(|(name, kind)| (name.to_owned(), kind)));
        assert!(Folder::open(&root.join("in/folder")).is_err());
    }

    #[test]
    fn a_name_that_changes_all_the_time_never_gives_what_is_outside() {
        let temporary = Temporary::new("test").unwrap();
        let root = temporary.path().to_owned();
        fs::create_dir(root.join("in")).unwrap();
        fs::write(root.join("outside"), "outside").unwrap();
        let folder = Folder::open(&root.join("in")).unwrap();
        let path = root.join("in/a");
        fs::write(&path, "inside").unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(std::sync::atomic::Ordering::Relaxed) {
                    drop(fs::remove_file(&path));
                    drop(symlink("../outside", &path));
                    drop(fs::remove_file(&path));
                    drop(fs::write(&path, "inside"));
                }
            });
            for _ in 0..20_000 {
                // It may be a link, half written or nothing.
                if let Ok(content) = folder.read(Path::new("a"), 100) {
                    assert_ne!(content.unwrap(), b"outside");
                }
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }

    #[test]
    fn what_is_no_file_is_not_read_and_what_is_too_large_is_told_by_its_size() {
        let temporary = Temporary::new("test").unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        folder.write(Path::new("large"), b"0123456789").unwrap();
        assert_eq!(folder.read(Path::new("large"), 9).unwrap(), Err(10));
        assert_eq!(folder.read(Path::new("large"), 10).unwrap(), Ok(b"0123456789".to_vec()));
        folder.make(Path::new("d")).unwrap();
        let pipe = temporary.path().join("pipe");
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, FileType::Fifo, Mode::RUSR, 0).unwrap();
        for name in ["d", "pipe"] {
            let error = folder.read(Path::new(name), 10).unwrap_err();
            assert_eq!(error.to_string(), "it is no file", "{name}");
        }
    }

    #[test]
    fn folders_that_lie_too_deep_are_refused() {
        let temporary = Temporary::new("test").unwrap();
        let folder = Folder::open(temporary.path()).unwrap();
        let deep: PathBuf = (0..DEPTH + 1).map(|_| "d").collect();
        folder.make(&deep).unwrap();
        let error = folder.walk(|error| error, |_, _| Ok(())).unwrap_err();
        assert_eq!(error.to_string(), "folders in it lie more than 64 deep");
    }
}
