//! What is in files.

use super::Specification;
use crate::fault::Stop;
use crate::files::Entry;
use crate::machine::Machine;
use crate::pipeline::Call;
use crate::value::{Kind, Value};
use crate::{display, patterns};

pub const NOT_FOUND: &[&str] = &["System.Management.Automation.ItemNotFoundException"];

pub const COMMANDS: &[Specification] = &[
    Specification::new("Get-Content", get)
        .aliases(&["gc", "cat", "type"])
        .takes(&["path"])
        .valued(&["literalpath", "totalcount", "head", "first", "tail", "last", "encoding"])
        .switches(&["raw"]),
    Specification::new("Set-Content", set)
        .aliases(&["sc"])
        .takes(&["path", "value"])
        .valued(&["literalpath", "encoding"])
        .switches(&["nonewline", "force", "passthru"]),
    Specification::new("Add-Content", add)
        .aliases(&["ac"])
        .takes(&["path", "value"])
        .valued(&["literalpath", "encoding"])
        .switches(&["nonewline", "force"]),
    Specification::new("Clear-Content", clear)
        .aliases(&["clc"])
        .takes(&["path"])
        .switches(&["force"]),
    Specification::new("Out-File", out_file)
        .takes(&["filepath"])
        .valued(&["encoding", "inputobject", "width"])
        .switches(&["append", "nonewline", "force", "noclobber"]),
    Specification::new("Select-String", select_string)
        .aliases(&["sls"])
        .takes(&["pattern", "path"])
        .valued(&["inputobject"])
        .switches(&["casesensitive", "simplematch", "quiet", "notmatch", "allmatches"]),
];

impl Machine<'_> {
    /// The full paths that names mean; wildcards stand for what they match.
    pub fn paths(&self, names: &[String], at: crate::syntax::At) -> Result<Vec<(String, String)>, Stop> {
        let mut found = Vec::new();
        for name in names {
            let full = self.files.resolve(name);
            if !patterns::is_wildcard(name) {
                found.push((name.clone(), full));
                continue;
            }
            let (folder, pattern) = full.rsplit_once('/').unwrap_or(("", &full));
            if patterns::is_wildcard(folder) {
                return Err(Stop::unsupported("a wildcard in a folder's name", at));
            }
            let folder = if folder.is_empty() { "/" } else { folder };
            for entry in self.files.list(folder) {
                if patterns::like(&entry, pattern, false).map_err(|wrong| wrong.at(at))? {
                    let path = format!("{}/{entry}", folder.trim_end_matches('/'));
                    found.push((path.clone(), path));
                }
            }
        }
        Ok(found)
    }

    /// Writes a file, and says so where it cannot be.
    pub fn put(&mut self, call: &Call, path: &str, text: &str) -> Result<(), Stop> {
        let (folder, _) = path.rsplit_once('/').unwrap_or(("", path));
        let folder = if folder.is_empty() { "/" } else { folder };
        if self.files.find(folder) != Some(Entry::Folder) {
            let message = format!("Could not find a part of the path '{}'.", self.files.shown(path));
            return self.complain(call, &["System.IO.DirectoryNotFoundException"], message);
        }
        if self.files.find(path) == Some(Entry::Folder) {
            let message = format!("Access to the path '{}' is denied.", self.files.shown(path));
            return self.complain(call, &["System.UnauthorizedAccessException"], message);
        }
        match self.files.write(path, text) {
            Ok(()) => Ok(()),
            Err(reason) => self.complain(call, &["System.IO.IOException"], reason),
        }
    }

    pub fn missing(&mut self, call: &Call, path: &str) -> Result<(), Stop> {
        let path = self.files.shown(path);
        self.complain(
            call,
            NOT_FOUND,
            format!("Cannot find path '{path}' because it does not exist."),
        )
    }
}

fn targets(call: &Call) -> Vec<String> {
    let named = call.texts("path").into_iter().chain(call.texts("literalpath"));
    let mut names: Vec<String> = named.collect();
    if names.is_empty() {
        names = call.seen.iter().map(Value::show).collect();
    }
    names
}

fn lines(text: &str) -> Vec<String> {
    text.lines().map(str::to_owned).collect()
}

fn get(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let mut values = Vec::new();
    for (_, path) in machine.paths(&targets(call), call.at)? {
        if !matches!(machine.files.find(&path), Some(Entry::File(_))) {
            machine.missing(call, &path)?;
            continue;
        }
        let text = machine
            .files
            .read(&path)
            .map_err(|reason| Stop::error(reason, call.at))?;
        if call.is("raw") {
            values.push(Value::text(text));
            continue;
        }
        let mut all = lines(&text);
        for name in ["totalcount", "head", "first"] {
            if let Some(count) = call.size(name)? {
                all.truncate(count);
            }
        }
        for name in ["tail", "last"] {
            if let Some(count) = call.size(name)? {
                all.drain(..all.len().saturating_sub(count));
            }
        }
        values.extend(all.into_iter().map(Value::text));
    }
    Ok(values)
}

/// What is to be written, one line for each value.
fn content(call: &mut Call) -> String {
    let values = match call.get("value") {
        Some(value) => value.items(),
        None => std::mem::take(&mut call.seen),
    };
    let end = if call.is("nonewline") { "" } else { "\n" };
    values.iter().map(|value| format!("{}{end}", value.show())).collect()
}

fn named(call: &Call) -> Result<Vec<String>, Stop> {
    let names: Vec<String> = call
        .texts("path")
        .into_iter()
        .chain(call.texts("literalpath"))
        .collect();
    match names.is_empty() {
        true => Err(Stop::unsupported(format!("`{}` without a path", call.name), call.at)),
        false => Ok(names),
    }
}

fn set(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let text = content(call);
    for (_, path) in machine.paths(&named(call)?, call.at)? {
        machine.put(call, &path, &text)?;
    }
    Ok(Vec::new())
}

fn add(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let text = content(call);
    for (_, path) in machine.paths(&named(call)?, call.at)? {
        let before = machine.files.read(&path).unwrap_or_default();
        machine.put(call, &path, &format!("{before}{text}"))?;
    }
    Ok(Vec::new())
}

fn clear(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    for (_, path) in machine.paths(&named(call)?, call.at)? {
        match machine.files.find(&path) {
            Some(_) => machine.put(call, &path, "")?,
            None => machine.missing(call, &path)?,
        }
    }
    Ok(Vec::new())
}

fn out_file(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let mut text = display::show(&values).map_err(|wrong| wrong.at(call.at))?;
    if call.is("nonewline") {
        text = text.replace('\n', "");
    }
    let path = machine.files.resolve(&call.required("filepath")?);
    let known = machine.files.find(&path).is_some();
    if known && call.is("noclobber") {
        let message = format!("The file '{}' already exists.", machine.files.shown(&path));
        machine.complain(call, &["System.IO.IOException"], message)?;
        return Ok(Vec::new());
    }
    if call.is("append") {
        text = format!("{}{text}", machine.files.read(&path).unwrap_or_default());
    }
    machine.put(call, &path, &text)?;
    Ok(Vec::new())
}

#[expect(clippy::too_many_lines, reason = "one pass over the lines")]
fn select_string(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let at = call.at;
    let mut texts: Vec<(String, usize, String)> = Vec::new();
    if call.get("path").is_some() {
        for (_, path) in machine.paths(&call.texts("path"), at)? {
            match machine.files.read(&path) {
                Ok(text) => {
                    let numbered = lines(&text).into_iter().enumerate();
                    texts.extend(numbered.map(|(number, line)| (machine.files.shown(&path), number + 1, line)));
                }
                Err(_) => machine.missing(call, &path)?,
            }
        }
    } else {
        let values = call.input("inputobject");
        texts.extend(
            values
                .iter()
                .enumerate()
                .map(|(number, value)| ("InputStream".to_owned(), number + 1, value.show())),
        );
    }
    let mut regexes = Vec::new();
    for pattern in call.texts("pattern") {
        let pattern = if call.is("simplematch") {
            fancy_regex::escape(&pattern).into_owned()
        } else {
            pattern
        };
        regexes.push(patterns::regex(&pattern, call.is("casesensitive")).map_err(|wrong| wrong.at(at))?);
    }
    let mut values = Vec::new();
    for (path, number, line) in texts {
        let mut matches = Vec::new();
        for regex in &regexes {
            let found = patterns::all(regex, &line).map_err(|wrong| wrong.at(at))?;
            matches.extend(found.iter().map(crate::members::found));
        }
        if matches.is_empty() != call.is("notmatch") {
            continue;
        }
        if call.is("quiet") {
            return Ok(vec![Value::Bool(true)]);
        }
        if !call.is("allmatches") {
            matches.truncate(1);
        }
        let fields = vec![
            ("LineNumber", Value::count(number)),
            ("Line", Value::text(line)),
            ("Filename", Value::text(crate::files::leaf(&path))),
            ("Path", Value::text(&path)),
            ("Matches", Value::list(matches)),
        ];
        values.push(Value::object(
            Kind::Object("Microsoft.PowerShell.Commands.MatchInfo"),
            fields,
        ));
    }
    if call.is("quiet") {
        values = vec![Value::Bool(false)];
    }
    Ok(values)
}
