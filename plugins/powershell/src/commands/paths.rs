//! Paths and places.

use super::Specification;
use crate::fault::Stop;
use crate::files::{Entry, extension, join, leaf, parent, stem};
use crate::machine::Machine;
use crate::pipeline::Call;
use crate::value::{Kind, Value};

pub const COMMANDS: &[Specification] = &[
    Specification::new("Test-Path", test)
        .takes(&["path"])
        .valued(&["literalpath", "pathtype"])
        .switches(&["isvalid"]),
    Specification::new("Join-Path", join_path).takes(&["path", "childpath", "additionalchildpath"]),
    Specification::new("Split-Path", split).takes(&["path"]).switches(&[
        "parent",
        "leaf",
        "leafbase",
        "extension",
        "qualifier",
        "noqualifier",
        "isabsolute",
    ]),
    Specification::new("Resolve-Path", resolve)
        .aliases(&["rvpa"])
        .takes(&["path"]),
    Specification::new("Convert-Path", convert)
        .aliases(&["cvpa"])
        .takes(&["path"]),
    Specification::new("Get-Location", location).aliases(&["gl", "pwd"]),
    Specification::new("Set-Location", go)
        .aliases(&["cd", "sl", "chdir"])
        .takes(&["path"])
        .switches(&["passthru"]),
    Specification::new("Push-Location", push)
        .aliases(&["pushd"])
        .takes(&["path"]),
    Specification::new("Pop-Location", pop).aliases(&["popd"]),
];

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

fn test(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let wanted = call.text("pathtype").unwrap_or_default().to_lowercase();
    let mut answers = Vec::new();
    for name in targets(call) {
        let is = |entry: Option<Entry>| match wanted.as_str() {
            "leaf" => matches!(entry, Some(Entry::File(_))),
            "container" => entry == Some(Entry::Folder),
            _ => entry.is_some(),
        };
        if let Some(variable) = name.to_lowercase().strip_prefix("env:") {
            answers.push(Value::Bool(machine.environment.contains_key(variable)));
            continue;
        }
        if name.to_lowercase().starts_with("variable:") || name.contains("::") {
            return Err(Stop::unsupported(format!("the path `{name}`"), call.at));
        }
        let found = machine.paths(&[name], call.at)?;
        answers.push(Value::Bool(found.iter().any(|(_, path)| is(machine.files.find(path)))));
    }
    Ok(answers)
}

fn join_path(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let child = call.required("childpath")?;
    let more = call.texts("additionalchildpath");
    let joined = targets(call).into_iter().map(|path| {
        let path = if child.is_empty() {
            format!("{path}/")
        } else {
            join(&path, &child)
        };
        Value::text(more.iter().fold(path, |path, next| join(&path, next)))
    });
    Ok(joined.collect())
}

fn split(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let paths = targets(call);
    let drive = |path: &str| path.chars().nth(1) == Some(':');
    let part = |path: &String| {
        let name = leaf(path);
        Ok(if call.is("leaf") {
            Value::text(name)
        } else if call.is("leafbase") {
            Value::text(stem(name))
        } else if call.is("extension") {
            Value::text(extension(name))
        } else if call.is("isabsolute") {
            Value::Bool(path.starts_with('/') || drive(path))
        } else if call.is("qualifier") && drive(path) {
            Value::text(&path[..2])
        } else if call.is("noqualifier") {
            Value::text(if drive(path) { &path[2..] } else { path })
        } else if call.is("qualifier") {
            let message = format!("Cannot parse path because path '{path}' does not have a qualifier specified.");
            return Err(Stop::error(message, call.at));
        } else {
            Value::text(parent(path))
        })
    };
    paths.iter().map(part).collect()
}

fn path_object(path: String) -> Value {
    Value::object(
        Kind::Object("System.Management.Automation.PathInfo"),
        vec![("Path", Value::text(path))],
    )
}

fn resolve(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let names = targets(call);
    let mut found = Vec::new();
    for (_, path) in machine.paths(&names, call.at)? {
        match machine.files.find(&path) {
            Some(_) => found.push(path_object(machine.files.shown(&path))),
            None => machine.missing(call, &path)?,
        }
    }
    Ok(found)
}

fn convert(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let found = resolve(machine, call)?;
    Ok(found.iter().map(|path| Value::text(path.show())).collect())
}

fn location(machine: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    Ok(vec![path_object(machine.files.shown(machine.files.location()))])
}

fn go(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let path = machine.files.resolve(&call.required("path")?);
    match machine.files.find(&path) {
        Some(Entry::Folder) => machine.files.go(path),
        _ => machine.missing(call, &path)?,
    }
    Ok(if call.is("passthru") {
        location(machine, call)?
    } else {
        Vec::new()
    })
}

fn push(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let here = machine.files.location().to_owned();
    machine.files.stack.push(here);
    match call.get("path") {
        Some(_) => go(machine, call),
        None => Ok(Vec::new()),
    }
}

fn pop(machine: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    if let Some(path) = machine.files.stack.pop() {
        machine.files.go(path);
    }
    Ok(Vec::new())
}
