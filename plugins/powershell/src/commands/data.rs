//! JSON, CSV and lines of `name=value`.

use super::Specification;
use crate::fault::Stop;
use crate::json;
use crate::machine::Machine;
use crate::members;
use crate::pipeline::Call;
use crate::value::{CUSTOM, Kind, Value};

pub const COMMANDS: &[Specification] = &[
    Specification::new("ConvertTo-Json", to_json)
        .takes(&["inputobject"])
        .valued(&["depth"])
        .switches(&["compress", "asarray"]),
    Specification::new("ConvertFrom-Json", from_json)
        .takes(&["inputobject"])
        .valued(&["depth"])
        .switches(&["ashashtable", "noenumerate"]),
    Specification::new("ConvertTo-Csv", to_csv)
        .takes(&["inputobject"])
        .valued(&["delimiter", "usequotes"])
        .switches(&["notypeinformation", "noheader"]),
    Specification::new("ConvertFrom-Csv", from_csv)
        .takes(&["inputobject", "delimiter"])
        .valued(&["header"]),
    Specification::new("Export-Csv", export)
        .aliases(&["epcsv"])
        .takes(&["path", "delimiter"])
        .valued(&["encoding", "usequotes", "inputobject"])
        .switches(&["notypeinformation", "append", "force"]),
    Specification::new("Import-Csv", import)
        .aliases(&["ipcsv"])
        .takes(&["path", "delimiter"])
        .valued(&["header", "encoding"]),
    Specification::new("ConvertFrom-StringData", string_data)
        .takes(&["stringdata"])
        .valued(&["delimiter"]),
];

fn to_json(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let value = match call.get("inputobject").cloned() {
        Some(value) => value,
        None if call.seen.len() == 1 && call.is("asarray") => Value::list(std::mem::take(&mut call.seen)),
        None => Value::collected(std::mem::take(&mut call.seen)),
    };
    let depth = call.size("depth")?.unwrap_or(2);
    let text = json::write(&value, depth, call.is("compress")).map_err(|wrong| wrong.at(call.at))?;
    Ok(vec![Value::text(text)])
}

fn from_json(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let lines: Vec<String> = call.input("inputobject").iter().map(Value::show).collect();
    let value = json::read(&lines.join("\n"), call.is("ashashtable")).map_err(|wrong| wrong.at(call.at))?;
    Ok(if call.is("noenumerate") {
        vec![value]
    } else {
        value.items()
    })
}

fn delimiter(call: &Call) -> Result<char, Stop> {
    let text = call.text("delimiter").unwrap_or_else(|| ",".to_owned());
    text.chars()
        .next()
        .ok_or_else(|| Stop::error("The delimiter is empty.", call.at))
}

/// Rows of text under their names.
fn rows(values: &[Value], call: &Call) -> Result<Vec<String>, Stop> {
    let by = delimiter(call)?;
    let quotes = call
        .text("usequotes")
        .unwrap_or_else(|| "Always".to_owned())
        .to_lowercase();
    let quoted = |text: &str| {
        let needed = text.contains([by, '"', '\n']);
        match quotes.as_str() {
            "never" => text.to_owned(),
            "asneeded" if !needed => text.to_owned(),
            _ => format!("\"{}\"", text.replace('"', "\"\"")),
        }
    };
    let Some(first) = values.first() else {
        return Ok(Vec::new());
    };
    let names: Vec<String> = match first {
        Value::Table(table) => table.borrow().names(),
        _ => return Err(Stop::unsupported("CSV of values that are no objects", call.at)),
    };
    let line = |cells: Vec<String>| cells.join(&by.to_string());
    let mut lines = vec![line(names.iter().map(|name| quoted(name)).collect())];
    for value in values {
        let mut cells = Vec::new();
        for name in &names {
            let found = members::property(value, name).map_err(|wrong| wrong.at(call.at))?;
            cells.push(match found {
                Value::Null => String::new(),
                Value::List(_) => quoted("System.Object[]"),
                found => quoted(&found.show()),
            });
        }
        lines.push(line(cells));
    }
    Ok(lines)
}

fn to_csv(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let lines = rows(&values, call)?;
    let skipped = usize::from(call.is("noheader"));
    Ok(lines.into_iter().skip(skipped).map(Value::text).collect())
}

/// Takes CSV text apart, quotes included.
fn records(text: &str, by: char) -> Vec<Vec<String>> {
    let (mut records, mut record, mut cell) = (Vec::new(), Vec::new(), String::new());
    let (mut quoted, mut letters) = (false, text.chars().peekable());
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => {
                letters.next();
                cell.push('"');
            }
            '"' => quoted = !quoted,
            letter if letter == by && !quoted => record.push(std::mem::take(&mut cell)),
            '\r' if !quoted => {}
            '\n' if !quoted => {
                record.push(std::mem::take(&mut cell));
                records.push(std::mem::take(&mut record));
            }
            letter => cell.push(letter),
        }
    }
    if !cell.is_empty() || !record.is_empty() {
        record.push(cell);
        records.push(record);
    }
    records.retain(|record| record.iter().any(|cell| !cell.is_empty()));
    records
}

fn objects(text: &str, call: &Call) -> Result<Vec<Value>, Stop> {
    let mut records = records(text, delimiter(call)?);
    let mut names = call.texts("header");
    if names.is_empty() && !records.is_empty() {
        names = records.remove(0);
    }
    let object = |record: Vec<String>| {
        let mut cells = record.into_iter();
        let entries = names
            .iter()
            .map(|name| (Value::text(name), cells.next().map_or(Value::Null, Value::text)));
        Value::table(CUSTOM, entries.collect())
    };
    Ok(records.into_iter().map(object).collect())
}

fn from_csv(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let lines: Vec<String> = call.input("inputobject").iter().map(Value::show).collect();
    objects(&lines.join("\n"), call)
}

fn export(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let values = call.input("inputobject");
    let mut lines = rows(&values, call)?;
    let path = machine.files.resolve(&call.required("path")?);
    let before = match call.is("append") {
        true => machine.files.read(&path).unwrap_or_default(),
        false => String::new(),
    };
    if !before.is_empty() && !lines.is_empty() {
        lines.remove(0);
    }
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    machine.put(call, &path, &format!("{before}{text}"))?;
    Ok(Vec::new())
}

fn import(machine: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let path = machine.files.resolve(&call.required("path")?);
    match machine.files.read(&path) {
        Ok(text) => objects(&text, call),
        Err(_) => {
            let message = format!("Could not find file '{}'.", machine.files.shown(&path));
            machine.complain(call, &["System.IO.FileNotFoundException"], message)?;
            Ok(Vec::new())
        }
    }
}

fn string_data(_: &mut Machine<'_>, call: &mut Call) -> Result<Vec<Value>, Stop> {
    let by = call.text("delimiter").unwrap_or_else(|| "=".to_owned());
    let mut entries = Vec::new();
    for text in call.input("stringdata") {
        for line in text
            .show()
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
        {
            let Some((name, value)) = line.split_once(&by) else {
                return Err(Stop::error(
                    format!("Data line '{line}' is not in 'name=value' format."),
                    call.at,
                ));
            };
            entries.push((Value::text(name.trim()), Value::text(value.trim())));
        }
    }
    Ok(vec![Value::table(Kind::Hash, entries)])
}
