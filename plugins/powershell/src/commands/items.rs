//! Files and folders.

use super::Specification;
use crate::fault::Stop;
use crate::files::{Entry, extension, leaf, parent, stem};
use crate::machine::Machine;
use crate::patterns;
use crate::pipeline::Call;
use crate::value::{Kind, Value};

pub const COMMANDS: &[Specification] = &[
    Specification::new("Get-ChildItem", children)
        .aliases(&["gci", "dir", "ls"])
        .takes(&["path", "filter"])
        .valued(&["literalpath", "include", "exclude", "depth"])
        .switches(&["recurse", "file", "directory", "name", "force"]),
    Specification::new("Get-Item", get)
        .aliases(&["gi"])
        .takes(&["path"])
        .valued(&["literalpath"])
        .switches(&["force"]),
    Specification::new("New-Item", new)
        .aliases(&["ni"])
        .takes(&["path"])
        .valued(&["name", "itemtype", "value"])
        .switches(&["force"]),
    Specification::new("Remove-Item", remove)
        .aliases(&["rm", "del", "ri", "rmdir", "erase", "rd"])
        .takes(&["path"])
        .valued(&["literalpath"])
        .switches(&["recurse", "force"]),
    Specification::new("Copy-Item", copy)
        .aliases(&["cp", "copy", "cpi"])
        .takes(&["path", "destination"])
        .switches(&["recurse", "force", "passthru"]),
    Specification::new("Move-Item", rename_or_move)
        .aliases(&["mv", "move", "mi"])
        .takes(&["path", "destination"])
        .switches(&["force"]),
    Specification::new("Rename-Item", rename)
        .aliases(&["ren", "rni"])
        .takes(&["path", "newname"])
        .switches(&["force"]),
];

impl Machine<'_> {
    /// A file or folder as an object.
    fn item(&self, path: &str) -> Value {
        let shown = self.files.shown(path);
        let name = leaf(&shown).to_owned();
        let folder = Value::text(parent(&shown));
        match self.files.find(path) {
            Some(Entry::File(size)) => Value::object(
                Kind::Object("System.IO.FileInfo"),
                vec![
                    ("Name", Value::text(&name)),
                    ("Length", Value::Integer(i64::try_from(size).unwrap_or(i64::MAX))),
                    ("DirectoryName", folder),
                    ("FullName", Value::text(&shown)),
                    ("Extension", Value::text(extension(&name))),
                    ("BaseName", Value::text(stem(&name))),
                    ("PSIsContainer", Value::Bool(false)),
                    ("Exists", Value::Bool(true)),
                    ("Mode", Value::text("-a---")),
                ],
            ),
            _ => Value::object(
                Kind::Object("System.IO.DirectoryInfo"),
                vec![
                    ("Name", Value::text(&name)),
                    ("Parent", Value::text(leaf(&parent(&shown)))),
                    ("FullName", Value::text(&shown)),
                    ("Extension", Value::text("")),
                    ("BaseName", Value::text(&name)),
                    ("PSIsContainer", Value::Bool(true)),
                    ("Exists", Value::Bool(true)),
                    ("Mode", Value::text("d----")),
                ],
            ),
        }
    }

    fn below(&self, folder: &str, depth: usize, all: &mut Vec<String>) {
        let paths: Vec<String> = self
            .files
            .list(folder)
            .iter()
            .map(|name| format!("{}/{name}", folder.trim_end_matches('/')))
            .collect();
        // Folders come before files, and what is in a folder after what is beside it.
        let is_folder = |path: &String| self.files.find(path) == Some(Entry::Folder);
        let (folders, files): (Vec<String>, Vec<String>) = paths.into_iter().partition(is_folder);
        all.extend(folders.iter().cloned());
        all.extend(files);
        if depth > 0 {
            folders.iter().for_each(|folder| self.below(folder, depth - 1, all));
        }
    }
}

fn targets(call: &mut Call) -> Vec<String> {
    let named: Vec<String> = call
        .texts("path")
        .into_iter()
        .chain(call.texts("literalpath"))
        .collect();
    if !named.is_empty() {
        return named;
    }
    std::mem::take(&mut call.seen).iter().map(Value::show).collect()
}

fn children(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let mut names = targets(call);
    if names.is_empty() {
        names.push(".".to_owned());
    }
    let depth = match (call.size("depth")?, call.is("recurse")) {
        (Some(depth), _) => depth,
        (None, true) => 64,
        (None, false) => 0,
    };
    let (mut found, wild) = (Vec::new(), names.iter().any(|name| patterns::is_wildcard(name)));
    for (_, path) in machine.paths(&names, at)? {
        match machine.files.find(&path) {
            Some(Entry::Folder) if !wild => machine.below(&path, depth, &mut found),
            Some(_) => found.push(path),
            None => machine.missing(call, &path)?,
        }
    }
    let matches = |path: &str, wanted: &[String]| -> Result<bool, Stop> {
        for pattern in wanted {
            if patterns::like(leaf(path), pattern, false).map_err(|wrong| wrong.at(at))? {
                return Ok(true);
            }
        }
        Ok(false)
    };
    let (filter, include, exclude) = (call.texts("filter"), call.texts("include"), call.texts("exclude"));
    let mut values = Vec::new();
    for path in found {
        let is_folder = machine.files.find(&path) == Some(Entry::Folder);
        if call.is("file") && is_folder || call.is("directory") && !is_folder {
            continue;
        }
        if !filter.is_empty() && !matches(&path, &filter)? || !include.is_empty() && !matches(&path, &include)? {
            continue;
        }
        if matches(&path, &exclude)? {
            continue;
        }
        values.push(match call.is("name") {
            true => Value::text(leaf(&path)),
            false => machine.item(&path),
        });
    }
    Ok(values)
}

fn get(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let names = targets(call);
    let mut values = Vec::new();
    for (_, path) in machine.paths(&names, call.at)? {
        match machine.files.find(&path) {
            Some(_) => values.push(machine.item(&path)),
            None => machine.missing(call, &path)?,
        }
    }
    Ok(values)
}

fn new(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let path = match (call.text("path"), call.text("name")) {
        (Some(path), Some(name)) => crate::files::join(&path, &name),
        (Some(path), None) | (None, Some(path)) => path,
        (None, None) => call.required("path")?,
    };
    let full = machine.files.resolve(&path);
    let known = machine.files.find(&full);
    let shown = machine.files.shown(&full);
    match call
        .text("itemtype")
        .unwrap_or_else(|| "file".to_owned())
        .to_lowercase()
        .as_str()
    {
        "directory" | "folder" => {
            if known.is_some() && !call.is("force") {
                let message = format!("An item with the specified name {shown} already exists.");
                machine.complain(call, &["System.IO.IOException"], message)?;
                return Ok(Vec::new());
            }
            machine
                .files
                .make_folder(&full)
                .map_err(|reason| Stop::error(reason, call.at))?;
        }
        "file" => {
            if known.is_some() && !call.is("force") {
                machine.complain(
                    call,
                    &["System.IO.IOException"],
                    format!("The file '{shown}' already exists."),
                )?;
                return Ok(Vec::new());
            }
            if call.is("force") {
                let folder = full.rsplit_once('/').map_or("", |(folder, _)| folder);
                machine
                    .files
                    .make_folder(folder)
                    .map_err(|reason| Stop::error(reason, call.at))?;
            }
            machine.put(call, &full, &call.text("value").unwrap_or_default())?;
            if machine.files.find(&full).is_none() {
                return Ok(Vec::new());
            }
        }
        other => return Err(Stop::unsupported(format!("items of the type `{other}`"), call.at)),
    }
    Ok(vec![machine.item(&full)])
}

fn remove(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let names = targets(call);
    for (_, path) in machine.paths(&names, call.at)? {
        match machine.files.find(&path) {
            None => machine.missing(call, &path)?,
            Some(Entry::Folder) if !call.is("recurse") && !machine.files.list(&path).is_empty() => {
                let what = "removing a folder that is not empty without `-Recurse` (PowerShell asks)";
                return Err(Stop::unsupported(what, call.at));
            }
            Some(_) => machine
                .files
                .remove(&path)
                .map_err(|reason| Stop::error(reason, call.at))?,
        }
    }
    Ok(Vec::new())
}

/// Where something goes: into a folder that is there, or to that name.
fn destination(machine: &Machine<'_>, call: &Call, path: &str) -> Result<String, Stop> {
    let wanted = machine.files.resolve(&call.required("destination")?);
    Ok(match machine.files.find(&wanted) {
        Some(Entry::Folder) => format!("{}/{}", wanted.trim_end_matches('/'), leaf(path)),
        _ => wanted,
    })
}

fn copy(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let (names, mut made) = (targets(call), Vec::new());
    for (_, path) in machine.paths(&names, call.at)? {
        let to = destination(machine, call, &path)?;
        match machine.files.find(&path) {
            None => {
                machine.missing(call, &path)?;
                continue;
            }
            Some(Entry::Folder) if !call.is("recurse") => {
                machine
                    .files
                    .make_folder(&to)
                    .map_err(|reason| Stop::error(reason, call.at))?;
            }
            Some(Entry::File(_)) => {
                let text = machine
                    .files
                    .read(&path)
                    .map_err(|reason| Stop::error(reason, call.at))?;
                machine.put(call, &to, &text)?;
            }
            Some(Entry::Folder) => machine
                .files
                .copy(&path, &to)
                .map_err(|reason| Stop::error(reason, call.at))?,
        }
        made.push(machine.item(&to));
    }
    Ok(if call.is("passthru") { made } else { Vec::new() })
}

fn move_to(machine: &mut Machine<'_>, call: &Call, path: &str, to: &str) -> Result<(), Stop> {
    if machine.files.find(to).is_some() && !(call.is("force") && call.name == "Move-Item") {
        let message = "Cannot create a file when that file already exists.".to_owned();
        return machine.complain(call, &["System.IO.IOException"], message);
    }
    let moved = machine.files.copy(path, to).and_then(|()| machine.files.remove(path));
    moved.map_err(|reason| Stop::error(reason, call.at))
}

fn rename_or_move(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let names = targets(call);
    for (_, path) in machine.paths(&names, call.at)? {
        if machine.files.find(&path).is_none() {
            machine.missing(call, &path)?;
            continue;
        }
        let to = destination(machine, call, &path)?;
        move_to(machine, call, &path, &to)?;
    }
    Ok(Vec::new())
}

fn rename(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let names = targets(call);
    let name = call.required("newname")?;
    for (_, path) in machine.paths(&names, call.at)? {
        if machine.files.find(&path).is_none() {
            machine.missing(call, &path)?;
            continue;
        }
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        move_to(machine, call, &path, &format!("{folder}/{}", leaf(&name)))?;
    }
    Ok(Vec::new())
}
