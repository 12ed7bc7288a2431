//! JSON, read and written as `ConvertFrom-Json` and `ConvertTo-Json` do it.

use serde_json::Value as Json;

use crate::fault::Wrong;
use crate::moment;
use crate::number::show_double;
use crate::value::{CUSTOM, Kind, Value};

/// Reads JSON text into objects, or into hash tables.
pub fn read(text: &str, hashes: bool) -> Result<Value, Wrong> {
    let json: Json = serde_json::from_str(text).map_err(|error| {
        Wrong::typed(
            &["System.ArgumentException", crate::fault::RUNTIME],
            format!("Conversion from JSON failed with error: {error}"),
        )
    })?;
    Ok(taken(&json, hashes))
}

fn taken(json: &Json, hashes: bool) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(value) => Value::Bool(*value),
        Json::Number(number) => match number.as_i64() {
            Some(whole) => Value::Integer(whole),
            None => Value::Double(number.as_f64().unwrap_or(f64::NAN)),
        },
        Json::String(text) => Value::text(text),
        Json::Array(items) => Value::list(items.iter().map(|item| taken(item, hashes)).collect()),
        Json::Object(fields) => {
            let entries = fields
                .iter()
                .map(|(key, value)| (Value::text(key), taken(value, hashes)));
            Value::table(if hashes { Kind::Ordered } else { CUSTOM }, entries.collect())
        }
    }
}

/// Writes a value as JSON; what lies deeper than `depth` becomes text, as in PowerShell.
pub fn write(value: &Value, depth: usize, compress: bool) -> Result<String, Wrong> {
    let mut text = String::new();
    put(value, depth, if compress { None } else { Some(0) }, &mut text)?;
    Ok(text)
}

fn put(value: &Value, depth: usize, indent: Option<usize>, text: &mut String) -> Result<(), Wrong> {
    if text.len() > 8 << 20 {
        return Err(Wrong::unsupported("JSON above 8 MiB"));
    }
    match value {
        Value::Null => text.push_str("null"),
        Value::Bool(value) => text.push_str(if *value { "true" } else { "false" }),
        Value::Integer(value) => text.push_str(&value.to_string()),
        Value::Double(value) if value.is_finite() => {
            let shown = show_double(*value);
            text.push_str(&shown);
            if !shown.contains(['.', 'E']) {
                text.push_str(".0");
            }
        }
        Value::Date(ticks) => {
            let shown = moment::format(*ticks, "yyyy-MM-ddTHH:mm:ss.FFFFFFF")?;
            quote(shown.trim_end_matches('.'), text);
        }
        Value::List(list) => {
            let items = list.items.borrow();
            let parts: Vec<(Option<String>, Value)> = items.iter().map(|item| (None, item.clone())).collect();
            if depth == usize::MAX {
                quote(&value.show(), text);
                return Ok(());
            }
            group(&parts, ['[', ']'], depth, indent, text)?;
        }
        Value::Table(table) => {
            if depth == usize::MAX {
                quote(&value.show(), text);
                return Ok(());
            }
            let parts: Vec<(Option<String>, Value)> = table
                .borrow()
                .entries
                .iter()
                .map(|(key, value)| (Some(key.show()), value.clone()))
                .collect();
            group(&parts, ['{', '}'], depth, indent, text)?;
        }
        Value::Block(_) | Value::Error(_) | Value::Exception(_) | Value::Type(_) | Value::Span(_) => {
            return Err(Wrong::unsupported("JSON of this value"));
        }
        other => quote(&other.show(), text),
    }
    Ok(())
}

fn group(
    parts: &[(Option<String>, Value)],
    brackets: [char; 2],
    depth: usize,
    indent: Option<usize>,
    text: &mut String,
) -> Result<(), Wrong> {
    text.push(brackets[0]);
    let inner = indent.map(|indent| indent + 1);
    for (place, (key, value)) in parts.iter().enumerate() {
        if place > 0 {
            text.push(',');
        }
        if let Some(inner) = inner {
            text.push('\n');
            text.push_str(&"  ".repeat(inner));
        }
        if let Some(key) = key {
            quote(key, text);
            text.push_str(if inner.is_some() { ": " } else { ":" });
        }
        put(value, depth.checked_sub(1).unwrap_or(usize::MAX), inner, text)?;
    }
    if let (Some(indent), false) = (indent, parts.is_empty()) {
        text.push('\n');
        text.push_str(&"  ".repeat(indent));
    }
    text.push(brackets[1]);
    Ok(())
}

fn quote(value: &str, text: &mut String) {
    text.push_str(&Json::from(value).to_string());
}
