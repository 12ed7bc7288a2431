//! What a program of the host stands on: the way to its file, which nobody else may change, and the folder it works in,
//! which may not lead it out.

use std::fs::{self, File};
use std::io::{self, Read, Seek};
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Component, Path, PathBuf};

use rustix::fs::OFlags;
use sha2::{Digest, Sha256};

use super::folder::{Folder, Kind};
use crate::model::{Tool, digest::hexadecimal};

/// How many links a way may lead through, as for the kernel.
const LINKS: usize = 40;

/// A program that may be run.
pub(super) struct Program {
    path: PathBuf,
    /// What was held against the pinned digest, which is what is run.
    _opened: Option<File>,
}

impl Program {
    /// Refuses a program that somebody else could have put there, or that is not the pinned one.
    pub(super) fn find(tool: &Tool) -> Result<Self, String> {
        let shown = tool.path.display();
        let failed = |error: io::Error| format!("`{shown}`: {error}");
        let path = trusted(&tool.path)?;
        if !fs::metadata(&path).map_err(failed)?.is_file() {
            return Err(format!("`{shown}` is no file"));
        }
        let Some(wanted) = &tool.digest else {
            return Ok(Self { path, _opened: None });
        };
        let nofollow = i32::try_from(OFlags::NOFOLLOW.bits()).unwrap_or(0);
        let mut file = File::options()
            .read(true)
            .custom_flags(nofollow)
            .open(&path)
            .map_err(failed)?;
        let mut digest = Sha256::new();
        let mut buffer = vec![0; 64 * 1024];
        loop {
            match file.read(&mut buffer).map_err(failed)? {
                0 => break,
                count => digest.update(&buffer[..count]),
            }
        }
        let found = hexadecimal(&digest.finalize());
        if found != *wanted {
            return Err(format!("`{shown}` has the sha256 {found}, and {wanted} is pinned"));
        }
        let mut start = [0; 2];
        let is_script = file
            .rewind()
            .and_then(|()| file.read_exact(&mut start))
            .is_ok_and(|()| start == *b"#!");
        // Whoever interprets a script opens it by its path.
        let path = match is_script {
            true => path,
            false => PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd())),
        };
        Ok(Self {
            path,
            _opened: Some(file),
        })
    }

    /// What to run, for as long as this lives.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

/// Where a path leads, if each step of the way, also through links, can be changed by this user and root alone. Where
/// everybody may add names, as in `/tmp`, nobody may exchange those of others.
fn trusted(path: &Path) -> Result<PathBuf, String> {
    let me = rustix::process::geteuid().as_raw();
    let shown = path.display();
    let check = |place: &Path| -> Result<fs::Metadata, String> {
        let metadata = fs::symlink_metadata(place).map_err(|error| format!("`{shown}`: {error}"))?;
        let is_owned = metadata.uid() == 0 || metadata.uid() == me;
        let is_sticky = metadata.is_dir() && metadata.mode() & 0o1000 != 0;
        let is_open = !metadata.is_symlink() && metadata.mode() & 0o022 != 0 && !is_sticky;
        match is_owned && !is_open {
            true => Ok(metadata),
            false => Err(format!(
                "`{}` can be changed by others; it must be yours or root's, and writable by nobody else",
                place.display()
            )),
        }
    };
    let mut place = PathBuf::from("/");
    check(&place)?;
    let mut waiting: Vec<PathBuf> = parts(path);
    let mut links = 0;
    while let Some(part) = waiting.pop() {
        match part.components().next() {
            Some(Component::RootDir) => place = PathBuf::from("/"),
            Some(Component::ParentDir) => {
                place.pop();
            }
            Some(Component::Normal(name)) => {
                let next = place.join(name);
                if check(&next)?.is_symlink() {
                    links += 1;
                    if links > LINKS {
                        return Err(format!("`{shown}` leads through more than {LINKS} links"));
                    }
                    let target = fs::read_link(&next).map_err(|error| format!("`{shown}`: {error}"))?;
                    waiting.extend(parts(&target));
                } else {
                    place = next;
                }
            }
            _ => {}
        }
    }
    Ok(place)
}

/// The parts of a path, the last one first.
fn parts(path: &Path) -> Vec<PathBuf> {
    path.components()
        .rev()
        .map(|part| PathBuf::from(part.as_os_str()))
        .collect()
}

/// Refuses a folder with a link that leads out of it.
pub(super) fn check_links(path: &Path) -> Result<(), String> {
    let failed = |error: io::Error| format!("reading its folder: {error}");
    let folder = Folder::open(path).map_err(failed)?;
    folder.walk(failed, |inner, entry| {
        if entry.kind != Kind::Link || stays(&folder, inner).map_err(failed)? {
            return Ok(());
        }
        Err(format!(
            "`/work/{}` is a link that leads out of `/work`; remove it",
            inner.display().to_string().escape_debug()
        ))
    })
}

/// Whether a link within a folder leads to a place within it. One that leads nowhere is held to where it would.
fn stays(folder: &Folder, link: &Path) -> io::Result<bool> {
    let mut place = PathBuf::new();
    let mut waiting = parts(link);
    let mut links = 0;
    while let Some(part) = waiting.pop() {
        match part.components().next() {
            Some(Component::RootDir) => return Ok(false),
            Some(Component::ParentDir) if !place.pop() => return Ok(false),
            Some(Component::Normal(name)) => {
                let next = place.join(name);
                // What cannot be looked at is not there, or is no folder.
                let kind = folder.look(&next).ok().flatten().map(|entry| entry.kind);
                if kind == Some(Kind::Link) {
                    links += 1;
                    if links > LINKS {
                        // Nobody can follow it.
                        return Ok(true);
                    }
                    waiting.extend(parts(&folder.link(&next)?));
                } else {
                    place = next;
                }
            }
            _ => {}
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::os::unix::process::CommandExt;

    use super::super::temporary::Temporary;
    use super::*;

    fn mode(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn a_link_out_of_the_folder_is_found_however_it_leads_there() {
        let check = |links: &[(&str, &str)], expected: Option<&str>| {
            let temporary = Temporary::new("test").unwrap();
            let root = temporary.path();
            fs::create_dir_all(root.join("a/b")).unwrap();
            fs::write(root.join("a/file"), "x").unwrap();
            for (name, target) in links {
                symlink(target, root.join(name)).unwrap();
            }
            let found = check_links(root);
            match expected {
                None => assert_eq!(found, Ok(()), "{links:?}"),
                Some(name) => {
                    let message = format!("`/work/{name}` is a link that leads out of `/work`; remove it");
                    assert_eq!(found, Err(message), "{links:?}");
                }
            }
        };
        check(&[("in", "a/file"), ("a/b/up", "../file"), ("a/b/top", "../../a")], None);
        check(&[("absolute", "/etc/passwd")], Some("absolute"));
        check(&[("up", "..")], Some("up"));
        check(&[("a/b/up", "../../../etc/passwd")], Some("a/b/up"));
        check(&[("new", "/tmp/is/not/there/yet")], Some("new"));
        check(&[("not-yet", "a/later")], None);
        check(&[("round", "round")], None);
        // Taken word by word it stays inside.
        check(&[("a/here", "."), ("a/far", "here/here/../../x")], Some("a/far"));
    }

    #[test]
    fn a_program_on_whose_way_others_may_write_is_refused() {
        let temporary = Temporary::new("test").unwrap();
        let root = temporary.path();
        let open = root.join("open");
        fs::create_dir(&open).unwrap();
        symlink("/usr/bin/env", root.join("link")).unwrap();
        symlink("/usr/bin/env", open.join("link")).unwrap();
        symlink("open/link", root.join("far")).unwrap();
        let find =
            |name: &str| trusted(&root.join(name)).map_err(|error| error.split(' ').next().unwrap_or("").to_owned());
        assert_eq!(
            find("open/link"),
            trusted(Path::new("/usr/bin/env")).map_err(|_| String::new())
        );
        for bits in [0o777, 0o775] {
            mode(&open, bits);
            assert_eq!(find("open/link"), Err(format!("`{}`", open.display())));
            assert_eq!(find("far"), Err(format!("`{}`", open.display())));
        }
        mode(&open, 0o1777);
        assert!(find("open/link").is_ok() && find("link").is_ok());
        symlink("loop", root.join("loop")).unwrap();
        assert!(trusted(&root.join("loop")).unwrap_err().contains("more than 40 links"));
    }

    #[test]
    fn what_was_pinned_is_what_is_run_although_its_name_is_exchanged() {
        let temporary = Temporary::new("test").unwrap();
        let path = temporary.path().join("tool");
        fs::copy("/bin/echo", &path).unwrap();
        let tool = Tool {
            name: "tool".to_owned(),
            digest: Some(hexadecimal(&Sha256::digest(fs::read(&path).unwrap()))),
            path: path.clone(),
            arguments: Vec::new(),
            environment: Default::default(),
            variables: Vec::new(),
            time: std::time::Duration::from_secs(1),
            output: 1000,
        };
        let program = Program::find(&tool).unwrap();
        fs::remove_file(&path).unwrap();
        fs::copy("/bin/false", &path).unwrap();
        let output = std::process::Command::new(program.path())
            .arg0("echo")
            .arg("pinned")
            .output()
            .unwrap();
        assert_eq!(output.stdout, b"pinned\n");
    }
}
