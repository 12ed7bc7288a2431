//! How values look on the console: lines, tables and lists.

use crate::fault::Wrong;
use crate::value::{CUSTOM, Kind, Value};

/// How many columns a line of a hash table's name takes.
const NAME_WIDTH: usize = 30;
/// Up to how many properties an object is a row of a table.
const COLUMNS: usize = 4;

/// A row or a list still to be written, its fields by name.
type Fields = Vec<(String, Value)>;

/// The text of values that nothing took.
pub fn show(values: &[Value]) -> Result<String, Wrong> {
    let mut flat = Vec::new();
    for value in values {
        flat.extend(value.items());
    }
    let (mut text, mut place) = (String::new(), 0);
    while place < flat.len() {
        let value = &flat[place];
        let alike = shape(value);
        let run = match &alike {
            Shape::Line => 1,
            other => flat[place..].iter().take_while(|next| shape(next) == *other).count(),
        };
        match alike {
            Shape::Line => {
                if !matches!(value, Value::Null) {
                    text.push_str(&line(value)?);
                    text.push('\n');
                }
            }
            Shape::Hash => {
                let rows: Vec<Fields> = flat[place..place + run].iter().flat_map(entries).collect();
                text.push_str(&hash(&rows));
            }
            Shape::Object(names) => {
                let rows: Vec<Fields> = flat[place..place + run].iter().map(fields).collect();
                text.push_str(&match names.len() {
                    0 => "\n".to_owned(),
                    1..=COLUMNS => table(&rows),
                    _ => list(&rows),
                });
            }
        }
        place += run;
    }
    Ok(text)
}

#[derive(PartialEq)]
enum Shape {
    Line,
    Hash,
    Object(Vec<String>),
}

fn shape(value: &Value) -> Shape {
    match value {
        Value::Table(table) => match &table.borrow().kind {
            Kind::Object("System.Management.Automation.PathInfo") => Shape::Object(vec!["Path".to_owned()]),
            Kind::Object(_) => Shape::Object(fields(value).into_iter().map(|(name, _)| name).collect()),
            _ => Shape::Hash,
        },
        _ => Shape::Line,
    }
}

fn line(value: &Value) -> Result<String, Wrong> {
    match value {
        Value::Date(_) => Err(Wrong::unsupported(
            "the culture's form of a date (use -Format, ToString with a format, or a string)",
        )),
        Value::Error(_) | Value::Exception(_) | Value::Type(_) => {
            Err(Wrong::unsupported("the default format of this value"))
        }
        Value::Span(_) => Err(Wrong::unsupported("the default format of a length of time")),
        other => Ok(other.show()),
    }
}

fn entries(value: &Value) -> Vec<Fields> {
    let Value::Table(table) = value else { return Vec::new() };
    table
        .borrow()
        .entries
        .iter()
        .map(|(key, value)| {
            vec![
                ("Name".to_owned(), Value::text(key.show())),
                ("Value".to_owned(), value.clone()),
            ]
        })
        .collect()
}

/// The properties of an object that its view shows.
pub fn fields(value: &Value) -> Fields {
    let Value::Table(table) = value else {
        return vec![("Value".to_owned(), value.clone())];
    };
    let table = table.borrow();
    if !table.is_object() {
        return table
            .entries
            .iter()
            .map(|(key, value)| (key.show(), value.clone()))
            .collect();
    }
    let view: &[&str] = match &table.kind {
        Kind::Object("System.IO.FileInfo" | "System.IO.DirectoryInfo") => &["Mode", "Length", "Name"],
        Kind::Object("Microsoft.PowerShell.Commands.GroupInfo") => &["Count", "Name", "Group"],
        Kind::Object("System.Collections.DictionaryEntry") => &["Name", "Value"],
        Kind::Object("System.ServiceProcess.ServiceController") => &["Status", "Name", "DisplayName"],
        _ => &[],
    };
    let shown = |name: &str| view.is_empty() || view.contains(&name);
    let mut all: Fields = table
        .entries
        .iter()
        .map(|(key, value)| (key.show(), value.clone()))
        .filter(|(name, _)| shown(name))
        .collect();
    all.sort_by_key(|(name, _)| view.iter().position(|known| known == name));
    all
}

fn cell(value: &Value) -> String {
    match value {
        Value::List(list) => {
            let shown: Vec<String> = list.items.borrow().iter().map(inside).collect();
            format!("{{{}}}", shown.join(", "))
        }
        Value::Table(table) if !table.borrow().is_object() => {
            let shown: Vec<String> = table.borrow().entries.iter().map(|(key, _)| key.show()).collect();
            format!("{{{}}}", shown.join(", "))
        }
        other => other.show(),
    }
}

fn inside(value: &Value) -> String {
    match value {
        Value::Table(table) if table.borrow().kind == CUSTOM => value.show(),
        Value::List(_) => "System.Object[]".to_owned(),
        other => other.show(),
    }
}

fn hash(rows: &[Fields]) -> String {
    let mut text = format!("\n{:<NAME_WIDTH$} Value\n{:<NAME_WIDTH$} -----\n", "Name", "----");
    for row in rows {
        let [(_, name), (_, value)] = row.as_slice() else {
            continue;
        };
        text.push_str(format!("{:<NAME_WIDTH$} {}", name.show(), cell(value)).trim_end());
        text.push('\n');
    }
    text.push('\n');
    text
}

/// Writes rows under their names, as wide as they need.
pub fn table(rows: &[Fields]) -> String {
    let Some(first) = rows.first() else {
        return String::new();
    };
    let names: Vec<&str> = first.iter().map(|(name, _)| name.as_str()).collect();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            names
                .iter()
                .map(|name| {
                    row.iter()
                        .find(|(known, _)| known == name)
                        .map_or(String::new(), |(_, value)| cell(value))
                })
                .collect()
        })
        .collect();
    let right = |column: usize| matches!(first[column].1, Value::Integer(_) | Value::Double(_));
    let width = |column: usize| {
        let widest = cells.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        widest.max(names[column].chars().count())
    };
    let row = |texts: Vec<String>| {
        let padded: Vec<String> = texts
            .iter()
            .enumerate()
            .map(|(column, text)| {
                let width = width(column);
                if right(column) {
                    format!("{text:>width$}")
                } else {
                    format!("{text:<width$}")
                }
            })
            .collect();
        format!("{}\n", padded.join(" ").trim_end())
    };
    let mut text = String::from("\n");
    text.push_str(&row(names.iter().map(|name| (*name).to_owned()).collect()));
    text.push_str(&row(names
        .iter()
        .map(|name| "-".repeat(name.chars().count()))
        .collect()));
    for texts in &cells {
        text.push_str(&row(texts.clone()));
    }
    text.push('\n');
    text
}

/// Writes the properties of each object one below the other.
pub fn list(rows: &[Fields]) -> String {
    let mut text = String::new();
    for row in rows {
        text.push('\n');
        let width = row.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
        for (name, value) in row {
            text.push_str(format!("{name:<width$} : {}", cell(value)).trim_end());
            text.push('\n');
        }
    }
    text.push('\n');
    text
}
