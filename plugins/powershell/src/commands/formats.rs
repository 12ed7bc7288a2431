//! How objects are written down.

use super::Specification;
use crate::display;
use crate::fault::Stop;
use crate::machine::Machine;
use crate::members;
use crate::pipeline::Call;
use crate::value::Value;

pub const COMMANDS: &[Specification] = &[
    Specification::new("Format-Table", table)
        .aliases(&["ft"])
        .takes(&["property"])
        .valued(&["inputobject"])
        .switches(&["autosize", "hidetableheaders", "wrap"]),
    Specification::new("Format-List", list)
        .aliases(&["fl"])
        .takes(&["property"])
        .valued(&["inputobject"]),
    Specification::new("Out-String", out_string)
        .valued(&["inputobject", "width"])
        .switches(&["stream", "nonewline"]),
    Specification::new("Out-Host", out_host)
        .aliases(&["oh"])
        .valued(&["inputobject"]),
    Specification::new("Out-Default", out_host).valued(&["inputobject"]),
];

/// The rows to write: all properties of each object, or those that are asked for.
fn rows(call: &mut Call) -> Result<Vec<Vec<(String, Value)>>, Stop> {
    let values = call.input("inputobject");
    let wanted = call.get("property").map(Value::items).unwrap_or_default();
    if wanted.iter().any(|one| !matches!(one, Value::Text(_))) {
        return Err(Stop::unsupported(
            "a calculated property here (use Select-Object)",
            call.at,
        ));
    }
    let mut rows = Vec::new();
    for value in &values {
        if wanted.is_empty() || wanted.iter().any(|one| one.show() == "*") {
            rows.push(display::fields(value));
            continue;
        }
        let mut row = Vec::new();
        for name in wanted.iter().map(Value::show) {
            let found = members::property(value, &name).map_err(|wrong| wrong.at(call.at))?;
            let known = match value {
                Value::Table(table) => table
                    .borrow()
                    .names()
                    .into_iter()
                    .find(|known| known.eq_ignore_ascii_case(&name)),
                _ => None,
            };
            row.push((known.unwrap_or(name), found));
        }
        rows.push(row);
    }
    Ok(rows)
}

/// Text that stands as it is, without a line end of its own.
fn written(text: String) -> Vec<Value> {
    text.strip_suffix('\n')
        .unwrap_or(&text)
        .split('\n')
        .map(Value::text)
        .collect()
}

fn table(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let rows = rows(call)?;
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let mut lines = written(display::table(&rows));
    if call.is("hidetableheaders") {
        lines.drain(1..3);
    }
    Ok(lines)
}

fn list(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let rows = rows(call)?;
    Ok(if rows.is_empty() {
        Vec::new()
    } else {
        written(display::list(&rows))
    })
}

fn out_string(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let text = display::show(&values).map_err(|wrong| wrong.at(call.at))?;
    Ok(match (call.is("stream"), call.is("nonewline")) {
        (true, _) => written(text),
        (false, true) => vec![Value::text(text.replace('\n', ""))],
        (false, false) => vec![Value::text(text)],
    })
}

fn out_host(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    machine.release(call.at)?;
    machine.print_all(&values, call.at)?;
    Ok(Vec::new())
}
