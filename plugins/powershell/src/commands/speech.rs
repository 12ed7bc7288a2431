//! `Write-*`: what a script says.

use begat_task::Level;

use super::Specification;
use crate::fault::Stop;
use crate::machine::Machine;
use crate::pipeline::Call;
use crate::value::Value;

pub const COMMANDS: &[Specification] = &[
    Specification::new("Write-Output", output)
        .aliases(&["echo", "write"])
        .valued(&["inputobject"])
        .switches(&["noenumerate"])
        .any_number()
        .streaming(),
    Specification::new("Write-Host", host)
        .valued(&["object", "foregroundcolor", "backgroundcolor", "separator"])
        .switches(&["nonewline"])
        .any_number()
        .streaming(),
    Specification::new("Write-Warning", warning)
        .valued(&["message"])
        .any_number()
        .streaming(),
    Specification::new("Write-Error", error)
        .valued(&["message", "category", "errorid", "exception"])
        .any_number()
        .streaming(),
    Specification::new("Write-Verbose", verbose)
        .valued(&["message"])
        .any_number()
        .streaming(),
    Specification::new("Write-Debug", debug)
        .valued(&["message"])
        .any_number()
        .streaming(),
    Specification::new("Write-Information", information)
        .valued(&["messagedata", "informationaction", "tags"])
        .any_number()
        .streaming(),
    Specification::new("Write-Progress", progress)
        .valued(&["activity", "status", "percentcomplete", "id"])
        .switches(&["completed"])
        .any_number()
        .streaming(),
];

fn output(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let mut values: Vec<Value> = call.get("inputobject").cloned().into_iter().collect();
    values.append(&mut call.positional);
    if call.is("noenumerate") {
        return Ok(values);
    }
    Ok(values.iter().flat_map(Value::items).collect())
}

/// All that is to be said, as one text.
fn message(call: &Call, names: &[&str]) -> String {
    let named = names.iter().filter_map(|name| call.get(name));
    let separator = call.text("separator").unwrap_or_else(|| " ".to_owned());
    let shown: Vec<String> = named
        .chain(&call.positional)
        .map(|value| crate::operators::join(value, &separator))
        .collect();
    shown.join(&separator)
}

fn host(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let text = message(call, &["object"]);
    machine.release(call.at)?;
    machine.write(&text, !call.is("nonewline"))?;
    Ok(Vec::new())
}

fn warning(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let text = message(call, &["message"]);
    let action = match call.text("warningaction") {
        Some(action) => action.to_lowercase(),
        None => machine.preference("warningpreference", call.at)?,
    };
    if action == "continue" {
        machine.log(Level::Warn, &format!("WARNING: {text}"));
    }
    Ok(Vec::new())
}

fn verbose(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    if call.is("verbose") || machine.preference("verbosepreference", call.at)? == "continue" {
        let text = message(call, &["message"]);
        machine.log(Level::Debug, &format!("VERBOSE: {text}"));
    }
    Ok(Vec::new())
}

fn debug(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    if call.is("debug") || machine.preference("debugpreference", call.at)? == "continue" {
        let text = message(call, &["message"]);
        machine.log(Level::Debug, &format!("DEBUG: {text}"));
    }
    Ok(Vec::new())
}

fn information(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let action = match call.text("informationaction") {
        Some(action) => action.to_lowercase(),
        None => machine.preference("informationpreference", call.at)?,
    };
    if action == "continue" {
        let text = message(call, &["messagedata"]);
        machine.release(call.at)?;
        machine.write(&text, true)?;
    }
    Ok(Vec::new())
}

fn progress(_: &mut Machine<'_>, _: &mut Call) -> Result<Vec<Value>, Stop> {
    Ok(Vec::new())
}

fn error(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    if let Some(Value::Exception(exception)) = call.get("exception").cloned() {
        call.positional.push(Value::text(&exception.message));
    }
    let text = message(call, &["message"]);
    machine.complain(call, &["Microsoft.PowerShell.Commands.WriteErrorException"], text)?;
    Ok(Vec::new())
}
