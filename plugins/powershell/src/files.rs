//! The files a script sees: those of the task's folder in `/work`, and beside them a file system in memory.
//!
//! Paths may be written in either way: `\` is `/`, and a drive such as `C:` is a folder of the root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// What the folder of the task is called.
pub const WORK: &str = "/work";
/// The most that files in memory may hold together, in bytes.
const LIMIT: usize = 64 << 20;

/// A file or a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Entry {
    Folder,
    /// With its size in bytes.
    File(u64),
}

/// The file system of one script.
pub struct Files {
    /// The folder of the host, where the task has one.
    work: Option<PathBuf>,
    /// What is not in it; `None` stands for a folder.
    memory: BTreeMap<String, Option<Vec<u8>>>,
    location: String,
    pub stack: Vec<String>,
}

impl Files {
    pub fn new(work: Option<&Path>) -> Self {
        let folders = ["/", WORK, "/tmp", "/C:"];
        Files {
            work: work.map(Path::to_owned),
            memory: folders.map(|folder| (folder.to_owned(), None)).into(),
            location: WORK.to_owned(),
            stack: Vec::new(),
        }
    }

    pub fn location(&self) -> &str {
        &self.location
    }

    pub fn go(&mut self, path: String) {
        self.location = path;
    }

    /// The full path of what a script names.
    pub fn resolve(&self, path: &str) -> String {
        let path = path.replace('\\', "/");
        let path = path
            .strip_prefix("Microsoft.PowerShell.Core/FileSystem::")
            .unwrap_or(&path)
            .to_owned();
        let absolute = if path.starts_with('/') {
            path
        } else if path.chars().nth(1) == Some(':') {
            format!("/{}{}", path[..1].to_uppercase(), &path[1..])
        } else {
            format!("{}/{path}", self.location)
        };
        let mut parts: Vec<&str> = Vec::new();
        for part in absolute.split('/') {
            match part {
                "" | "." => {}
                ".." => drop(parts.pop()),
                part => parts.push(part),
            }
        }
        format!("/{}", parts.join("/"))
    }

    fn real(&self, path: &str) -> Option<PathBuf> {
        let work = self.work.as_ref()?;
        let inside = path.strip_prefix(WORK)?;
        match inside.strip_prefix('/') {
            Some(inside) => Some(work.join(inside)),
            None if inside.is_empty() => Some(work.clone()),
            None => None,
        }
    }

    pub fn find(&self, path: &str) -> Option<Entry> {
        if let Some(real) = self.real(path) {
            let metadata = fs::metadata(real).ok()?;
            return Some(if metadata.is_dir() {
                Entry::Folder
            } else {
                Entry::File(metadata.len())
            });
        }
        self.memory.get(path).map(|content| match content {
            Some(bytes) => Entry::File(bytes.len() as u64),
            None => Entry::Folder,
        })
    }

    pub fn read(&self, path: &str) -> Result<String, String> {
        let bytes = match self.real(path) {
            Some(real) => fs::read(real).map_err(|error| error.to_string())?,
            None => self.memory.get(path).cloned().flatten().ok_or("no such file")?,
        };
        let text = String::from_utf8_lossy(&bytes);
        Ok(text.strip_prefix('\u{feff}').unwrap_or(&text).to_owned())
    }

    pub fn write(&mut self, path: &str, content: &str) -> Result<(), String> {
        if let Some(real) = self.real(path) {
            return fs::write(real, content).map_err(|error| error.to_string());
        }
        let held: usize = self.memory.values().flatten().map(Vec::len).sum();
        if held + content.len() > LIMIT {
            return Err(format!("files outside {WORK} may hold {} MiB together", LIMIT >> 20));
        }
        self.memory.insert(path.to_owned(), Some(content.as_bytes().to_vec()));
        Ok(())
    }

    /// Makes a folder and those above it.
    pub fn make_folder(&mut self, path: &str) -> Result<(), String> {
        if let Some(real) = self.real(path) {
            return fs::create_dir_all(real).map_err(|error| error.to_string());
        }
        let mut made = String::new();
        for part in path.split('/').filter(|part| !part.is_empty()) {
            made = format!("{made}/{part}");
            self.memory.entry(made.clone()).or_insert(None);
        }
        Ok(())
    }

    pub fn remove(&mut self, path: &str) -> Result<(), String> {
        if let Some(real) = self.real(path) {
            return match real.is_dir() {
                true => fs::remove_dir_all(real),
                false => fs::remove_file(real),
            }
            .map_err(|error| error.to_string());
        }
        let below = format!("{path}/");
        self.memory
            .retain(|known, _| known != path && !known.starts_with(&below));
        Ok(())
    }

    /// The names in a folder, in order, whatever their case.
    pub fn list(&self, path: &str) -> Vec<String> {
        let mut names: Vec<String> = match self.real(path) {
            Some(real) => fs::read_dir(real)
                .into_iter()
                .flatten()
                .flatten()
                .map(|entry| entry.file_name().to_string_lossy().into_owned())
                .collect(),
            None => {
                let below = format!("{}/", path.trim_end_matches('/'));
                self.memory
                    .keys()
                    .filter_map(|known| known.strip_prefix(&below))
                    .filter(|name| !name.is_empty() && !name.contains('/'))
                    .map(str::to_owned)
                    .collect()
            }
        };
        names.sort_by_key(|name| name.to_lowercase());
        names
    }

    /// Copies a file, or a folder with all in it.
    pub fn copy(&mut self, from: &str, to: &str) -> Result<(), String> {
        match self.find(from) {
            Some(Entry::File(_)) => {
                let content = self.read(from)?;
                self.write(to, &content)
            }
            Some(Entry::Folder) => {
                self.make_folder(to)?;
                for name in self.list(from) {
                    self.copy(&format!("{from}/{name}"), &format!("{to}/{name}"))?;
                }
                Ok(())
            }
            None => Err("no such file".to_owned()),
        }
    }

    /// A full path as the script shows it.
    pub fn shown(&self, path: &str) -> String {
        match path.as_bytes() {
            [b'/', drive, b':', rest @ ..] => {
                let rest = String::from_utf8_lossy(rest).replace('/', "\\");
                let rest = if rest.is_empty() { "\\".to_owned() } else { rest };
                format!("{}:{rest}", char::from(*drive))
            }
            _ => path.to_owned(),
        }
    }
}

/// Joins two parts of a path, with `\` where the first is written that way.
pub fn join(parent: &str, child: &str) -> String {
    let windows = parent.contains('\\') || parent.chars().nth(1) == Some(':');
    let by = if windows { '\\' } else { '/' };
    let child = child.trim_start_matches(['/', '\\']);
    let child = if windows {
        child.replace('/', "\\")
    } else {
        child.replace('\\', "/")
    };
    format!("{}{by}{child}", parent.trim_end_matches(['/', '\\']))
}

pub fn leaf(path: &str) -> &str {
    path.trim_end_matches(['/', '\\'])
        .rsplit(['/', '\\'])
        .next()
        .unwrap_or(path)
}

pub fn parent(path: &str) -> String {
    let path = path.trim_end_matches(['/', '\\']);
    match path.rfind(['/', '\\']) {
        Some(0) => path[..1].to_owned(),
        Some(2) if path.chars().nth(1) == Some(':') => path[..3].to_owned(),
        Some(place) => path[..place].to_owned(),
        None => String::new(),
    }
}

pub fn stem(leaf: &str) -> &str {
    leaf.rfind('.').map_or(leaf, |place| &leaf[..place])
}

pub fn extension(leaf: &str) -> &str {
    leaf.rfind('.').map_or("", |place| &leaf[place..])
}
