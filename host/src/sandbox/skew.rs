//! Why a component does not fit the contract: which function is missing, which side is newer, and what to do.
//!
//! The engine says only that an implementation was not found, which has cost people hours.

use wasmtime::Engine;
use wasmtime::component::Component;
use wasmtime::component::types::ComponentItem;

/// The contract of this version, as text.
const CONTRACT: &str = include_str!("../../../wit/task-0.1/task.wit");
const PACKAGE: &str = "begat:task/";
/// The version of the contract.
const VERSION: [u64; 3] = [0, 1, 0];
/// The tracks of WASI that are linked.
const WASI: [u64; 2] = [0, 2];

/// What is in the way of a component, in words: the fault, and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Skew {
    pub fault: String,
    pub remedy: String,
}

/// Compares a component with the contract; nothing where they agree by name.
pub(super) fn find(component: &Component, engine: &Engine) -> Option<Skew> {
    let component = component.component_type();
    for (name, item) in component.imports(engine) {
        let functions = functions_of(&item.ty, engine);
        if let Some(skew) = import(name, &functions) {
            return Some(skew);
        }
    }
    let exports: Vec<(String, Vec<String>)> = component
        .exports(engine)
        .map(|(name, item)| (name.to_owned(), functions_of(&item.ty, engine)))
        .collect();
    export(&exports)
}

fn functions_of(item: &ComponentItem, engine: &Engine) -> Vec<String> {
    let ComponentItem::ComponentInstance(instance) = item else {
        return Vec::new();
    };
    let functions = instance
        .exports(engine)
        .filter(|(_, item)| matches!(item.ty, ComponentItem::ComponentFunc(_)));
    functions.map(|(name, _)| name.to_owned()).collect()
}

fn import(name: &str, functions: &[String]) -> Option<Skew> {
    if let Some(rest) = name.strip_prefix(PACKAGE) {
        return own_import(name, rest, functions);
    }
    if !name.starts_with("wasi:") {
        return Some(Skew {
            fault: format!("it imports `{name}`, which begat does not have"),
            remedy: "build it for `wasm32-wasip2` with no imports but WASI 0.2 and those of `begat:task`".to_owned(),
        });
    }
    let (_, version) = name.split_once('@')?;
    let version = numbers(version);
    match version.get(..2) == Some(&WASI[..]) {
        true => None,
        false => Some(Skew {
            fault: format!("it imports `{name}`, and begat has WASI 0.2"),
            remedy: "build it for `wasm32-wasip2`".to_owned(),
        }),
    }
}

fn own_import(name: &str, rest: &str, functions: &[String]) -> Option<Skew> {
    let (interface, version) = rest.split_once('@').unwrap_or((rest, ""));
    if let Some(skew) = other_track(name, version, "imports") {
        return Some(skew);
    }
    let known = contract(interface);
    let Some(known) = known else {
        return Some(Skew {
            fault: format!("it imports `{name}`, an interface that this begat does not have: the plugin is newer"),
            remedy: "upgrade begat, or build the plugin against `wit/task-0.1` of this version".to_owned(),
        });
    };
    let missing = functions
        .iter()
        .find(|function| !known.contains(&plain(function).to_owned()));
    missing.map(|function| Skew {
        fault: format!(
            "it imports the function `{function}` of `{name}`, which this begat does not have: the plugin is newer"
        ),
        remedy: "upgrade begat, or build the plugin against `wit/task-0.1` of this version".to_owned(),
    })
}

fn export(exports: &[(String, Vec<String>)]) -> Option<Skew> {
    let found = exports.iter().find_map(|(name, functions)| {
        let rest = name.strip_prefix("begat:task/task")?;
        Some((name, rest.strip_prefix('@').unwrap_or(rest), functions))
    });
    let Some((name, version, functions)) = found else {
        return Some(Skew {
            fault: "it exports no `begat:task/task`, so it is no task plugin".to_owned(),
            remedy: "export a plugin with `begat_task::export!`, or implement `wit/task-0.1`".to_owned(),
        });
    };
    if let Some(skew) = other_track(name, version, "exports") {
        return Some(skew);
    }
    let wanted = contract("task").unwrap_or_default();
    let missing = wanted.into_iter().find(|function| !functions.contains(function));
    missing.map(|function| Skew {
        fault: format!("its `{name}` has no function `{function}`: the plugin is older, or not complete"),
        remedy: "build it against `wit/task-0.1` of this version of begat".to_owned(),
    })
}

/// A version of the contract that this one cannot stand in for.
fn other_track(name: &str, version: &str, verb: &str) -> Option<Skew> {
    let version = numbers(version);
    if version.get(..2) == Some(&VERSION[..2]) {
        return None;
    }
    let is_newer = version.as_slice() > &VERSION[..];
    let (side, remedy) = match is_newer {
        true => (
            "the plugin is newer",
            "upgrade begat, or build the plugin against `wit/task-0.1`",
        ),
        false => (
            "the plugin is older",
            "build the plugin against `wit/task-0.1` of this version of begat",
        ),
    };
    Some(Skew {
        fault: format!("it {verb} `{name}`, and this begat has `begat:task@0.1.0`: {side}"),
        remedy: remedy.to_owned(),
    })
}

fn numbers(version: &str) -> Vec<u64> {
    let parts = version.split(['.', '-', '+']).take(3);
    parts.map_while(|part| part.parse().ok()).collect()
}

/// The name of a function in the contract's text: `[method]secret.reveal` is `reveal` there.
fn plain(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(_, name)| name)
}

/// The functions of an interface of the contract; nothing where it has none of that name.
fn contract(interface: &str) -> Option<Vec<String>> {
    let start = CONTRACT.find(&format!("\ninterface {interface} {{"))?;
    let rest = &CONTRACT[start + 1..];
    let body = &rest[..rest.find("\n}").unwrap_or(rest.len())];
    let lines = body.lines().map(str::trim).filter(|line| !line.starts_with("//"));
    let functions = lines.filter_map(|line| line.split_once(": func(").map(|(name, _)| name.to_owned()));
    Some(functions.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(skew: Option<Skew>, fault: Option<&str>) {
        assert_eq!(skew.map(|skew| skew.fault).as_deref(), fault);
    }

    #[test]
    fn the_contract_is_read_from_its_text() {
        assert_eq!(contract("task").unwrap(), ["describe", "run", "declare"]);
        assert_eq!(contract("secrets").unwrap(), ["reveal", "get"]);
        assert_eq!(contract("tools").unwrap(), ["read", "granted", "run", "start"]);
        assert_eq!(contract("storage"), None);
    }

    #[test]
    fn imports_that_are_not_there_are_named_with_the_side_that_is_newer() {
        let of = |name: &str, functions: &[&str]| {
            let functions: Vec<String> = functions.iter().map(|name| (*name).to_owned()).collect();
            import(name, &functions)
        };
        check(of("begat:task/log@0.1.0", &["log"]), None);
        check(of("begat:task/secrets@0.1.3", &["get", "[method]secret.reveal"]), None);
        check(of("wasi:http/outgoing-handler@0.2.12", &["handle"]), None);
        check(
            of("begat:task/log@0.2.0", &["log"]),
            Some("it imports `begat:task/log@0.2.0`, and this begat has `begat:task@0.1.0`: the plugin is newer"),
        );
        check(
            of("begat:task/log@0.0.9", &["log"]),
            Some("it imports `begat:task/log@0.0.9`, and this begat has `begat:task@0.1.0`: the plugin is older"),
        );
        check(
            of("begat:task/storage@0.1.0", &[]),
            Some(
                "it imports `begat:task/storage@0.1.0`, an interface that this begat does not have: the plugin is newer",
            ),
        );
        check(
            of("begat:task/log@0.1.2", &["log", "event"]),
            Some(
                "it imports the function `event` of `begat:task/log@0.1.2`, which this begat does not have: the plugin is newer",
            ),
        );
        check(
            of("wasi:clocks/wall-clock@0.3.0", &[]),
            Some("it imports `wasi:clocks/wall-clock@0.3.0`, and begat has WASI 0.2"),
        );
        check(of("env", &[]), Some("it imports `env`, which begat does not have"));
    }

    #[test]
    fn exports_must_be_there_and_complete() {
        let of = |name: &str, functions: &[&str]| {
            let functions: Vec<String> = functions.iter().map(|name| (*name).to_owned()).collect();
            export(&[(name.to_owned(), functions)])
        };
        check(of("begat:task/task@0.1.0", &["describe", "run", "declare"]), None);
        check(
            of("begat:task/task@0.1.0", &["describe", "run"]),
            Some("its `begat:task/task@0.1.0` has no function `declare`: the plugin is older, or not complete"),
        );
        check(
            of("begat:task/task@1.0.0", &["describe", "run", "declare"]),
            Some("it exports `begat:task/task@1.0.0`, and this begat has `begat:task@0.1.0`: the plugin is newer"),
        );
        check(
            of("wasi:cli/run@0.2.0", &["run"]),
            Some("it exports no `begat:task/task`, so it is no task plugin"),
        );
    }
}
