//! Types by name: what a value's type is called, whether it is of one, and casts.

use crate::fault::{RUNTIME, Wrong};
use crate::moment;
use crate::value::{CUSTOM, Kind, Value, parse_number};

/// A type's name in small letters, without `System.`.
pub fn plain_name(name: &str) -> String {
    let lower = name.trim().to_lowercase();
    let lower = lower.strip_prefix("system.management.automation.").unwrap_or(&lower);
    let lower = lower.strip_prefix("system.").unwrap_or(lower);
    let base = match lower.strip_suffix("[]") {
        Some(element) => return format!("{}[]", plain_name(element)),
        None => lower,
    };
    match base {
        "int32" => "int",
        "int64" => "long",
        "boolean" => "bool",
        "single" => "float",
        "psobject" => "pscustomobject",
        "collections.hashtable" => "hashtable",
        "collections.specialized.ordereddictionary" => "ordered",
        "collections.arraylist" => "arraylist",
        "switchparameter" => "switch",
        "text.regularexpressions.regex" => "regex",
        list if list.starts_with("collections.generic.list[") => "list",
        other => other,
    }
    .to_owned()
}

/// The full name of a value's type.
pub fn full_name(value: &Value) -> String {
    match value {
        Value::Null => "null".to_owned(),
        Value::Bool(_) => "System.Boolean".to_owned(),
        Value::Integer(value) if i32::try_from(*value).is_ok() => "System.Int32".to_owned(),
        Value::Integer(_) => "System.Int64".to_owned(),
        Value::Double(_) => "System.Double".to_owned(),
        Value::Char(_) => "System.Char".to_owned(),
        Value::Text(_) => "System.String".to_owned(),
        Value::List(list) if list.generic => "System.Collections.Generic.List".to_owned(),
        Value::List(list) if list.grows => "System.Collections.ArrayList".to_owned(),
        Value::List(_) => "System.Object[]".to_owned(),
        Value::Table(table) => match &table.borrow().kind {
            Kind::Hash => "System.Collections.Hashtable".to_owned(),
            Kind::Ordered => "System.Collections.Specialized.OrderedDictionary".to_owned(),
            Kind::Object(name) => (*name).to_owned(),
        },
        Value::Block(_) => "System.Management.Automation.ScriptBlock".to_owned(),
        Value::Date(_) => "System.DateTime".to_owned(),
        Value::Span(_) => "System.TimeSpan".to_owned(),
        Value::Type(_) => "System.RuntimeType".to_owned(),
        Value::Error(_) => "System.Management.Automation.ErrorRecord".to_owned(),
        Value::Exception(error) => error.types[0].clone(),
    }
}

/// A type's name as .NET writes it.
pub fn shown_name(name: &str) -> String {
    match name {
        "int" => "System.Int32",
        "long" => "System.Int64",
        "string" => "System.String",
        "bool" => "System.Boolean",
        "double" => "System.Double",
        "char" => "System.Char",
        "datetime" => "System.DateTime",
        "timespan" => "System.TimeSpan",
        "hashtable" => "System.Collections.Hashtable",
        "pscustomobject" => "System.Management.Automation.PSCustomObject",
        "scriptblock" => "System.Management.Automation.ScriptBlock",
        "object[]" | "array" => "System.Object[]",
        "object" => "System.Object",
        "math" => "System.Math",
        other => return other.to_owned(),
    }
    .to_owned()
}

/// Whether a value is of a type.
pub fn is(value: &Value, name: &str) -> Result<bool, Wrong> {
    let name = plain_name(name);
    if let Value::Exception(error) = value {
        return Ok(catches(&name, &error.types));
    }
    Ok(match name.as_str() {
        "object" => !matches!(value, Value::Null),
        "int" => matches!(value, Value::Integer(whole) if i32::try_from(*whole).is_ok()),
        "long" => matches!(value, Value::Integer(whole) if i32::try_from(*whole).is_err()),
        "double" => matches!(value, Value::Double(_)),
        "string" => matches!(value, Value::Text(_)),
        "char" => matches!(value, Value::Char(_)),
        "bool" => matches!(value, Value::Bool(_)),
        "array" | "object[]" => matches!(value, Value::List(list) if !list.grows),
        "arraylist" => matches!(value, Value::List(list) if list.grows),
        "list" => matches!(value, Value::List(list) if list.generic),
        "hashtable" => matches!(value, Value::Table(table) if table.borrow().kind == Kind::Hash),
        "ordered" => matches!(value, Value::Table(table) if table.borrow().kind == Kind::Ordered),
        "collections.idictionary" => matches!(value, Value::Table(table) if !table.borrow().is_object()),
        "collections.ienumerable" => matches!(value, Value::List(_) | Value::Text(_)),
        "pscustomobject" => matches!(value, Value::Table(table) if table.borrow().is_object()),
        "scriptblock" => matches!(value, Value::Block(_)),
        "datetime" => matches!(value, Value::Date(_)),
        "timespan" => matches!(value, Value::Span(_)),
        "errorrecord" => matches!(value, Value::Error(_)),
        "exception" => false,
        "type" => matches!(value, Value::Type(_)),
        "valuetype" => matches!(
            value,
            Value::Integer(_) | Value::Double(_) | Value::Bool(_) | Value::Char(_) | Value::Date(_) | Value::Span(_)
        ),
        _ => return Err(Wrong::unsupported(format!("the type `[{name}]`"))),
    })
}

/// Whether a `catch` of a type takes an exception of these types.
pub fn catches(wanted: &str, types: &[String]) -> bool {
    let wanted = plain_name(wanted);
    matches!(wanted.as_str(), "exception" | "systemexception")
        || types.iter().any(|name| plain_name(name) == wanted)
        || (wanted == "argumentexception" && types.iter().any(|name| name.starts_with("System.Argument")))
        || (wanted == "io.ioexception" && types.iter().any(|name| name.starts_with("System.IO.")))
}

const WHOLE: &[(&str, &str, i64, i64)] = &[
    ("int", "System.Int32", i32::MIN as i64, i32::MAX as i64),
    ("long", "System.Int64", i64::MIN, i64::MAX),
    ("byte", "System.Byte", 0, 255),
    ("sbyte", "System.SByte", -128, 127),
    ("int16", "System.Int16", -32_768, 32_767),
    ("uint16", "System.UInt16", 0, 65_535),
    ("uint32", "System.UInt32", 0, u32::MAX as i64),
];

/// Turns a value into one of another type.
pub fn cast(name: &str, value: Value) -> Result<Value, Wrong> {
    let name = plain_name(name);
    if let Some((_, full, least, largest)) = WHOLE.iter().find(|(short, ..)| *short == name) {
        return whole(&value, full, *least, *largest);
    }
    if let Some(element) = name.strip_suffix("[]") {
        if element == "char" && matches!(value, Value::Text(_)) {
            return Ok(Value::list(value.show().chars().map(Value::Char).collect()));
        }
        if matches!(value, Value::Null) {
            return Ok(Value::Null);
        }
        let items: Result<Vec<Value>, Wrong> = value.items().into_iter().map(|item| cast(element, item)).collect();
        return Ok(Value::list(items?));
    }
    match name.as_str() {
        "double" | "float" => Ok(Value::Double(value.double()?)),
        "string" => Ok(Value::text(value.show())),
        "bool" | "switch" => match &value {
            Value::Text(_) if name == "switch" => Err(Wrong::error("Cannot convert a string to a switch parameter.")),
            value => Ok(Value::Bool(value.truth())),
        },
        "char" => character(&value),
        "array" => Ok(Value::list(value.items())),
        "arraylist" | "list" => {
            let items = match value {
                Value::Null => Vec::new(),
                value => value.items(),
            };
            Ok(if name == "list" {
                Value::generic(items)
            } else {
                Value::growing(items)
            })
        }
        "object" => Ok(value),
        "void" => Ok(Value::Null),
        "hashtable" | "ordered" | "pscustomobject" => table(&name, value),
        "scriptblock" => match value {
            Value::Block(_) => Ok(value),
            _ => Err(Wrong::unsupported("a script block from text")),
        },
        "datetime" => match value {
            Value::Date(_) => Ok(value),
            Value::Integer(ticks) => Ok(Value::Date(ticks)),
            other => Ok(Value::Date(moment::parse(&other.show())?)),
        },
        "timespan" => match value {
            Value::Span(_) => Ok(value),
            Value::Integer(ticks) => Ok(Value::Span(ticks)),
            other => Ok(Value::Span(moment::parse_span(&other.show())?)),
        },
        "regex" => Ok(Value::text(value.show())),
        "type" => Ok(Value::Type(plain_name(&value.show()).into())),
        _ => Err(Wrong::unsupported(format!("the type `[{name}]`"))),
    }
}

fn whole(value: &Value, full: &str, least: i64, largest: i64) -> Result<Value, Wrong> {
    let shown = value.show();
    let wrong = |reason: String| {
        Wrong::typed(
            &[
                "System.Management.Automation.PSInvalidCastException",
                "System.InvalidCastException",
                RUNTIME,
            ],
            reason,
        )
    };
    let number = match value {
        Value::Text(text) => parse_number(text),
        Value::List(_) | Value::Table(_) | Value::Block(_) => {
            return Err(wrong(format!(
                "Cannot convert the \"{shown}\" value of type \"{}\" to type \"{full}\".",
                full_name(value)
            )));
        }
        other => other.number().ok(),
    };
    let Some(number) = number else {
        return Err(wrong(format!(
            "Cannot convert value \"{shown}\" to type \"{full}\". Error: \"The input string '{shown}' was not in a correct \
             format.\""
        )));
    };
    number.integer().ok().filter(|whole| (least..=largest).contains(whole)).map(Value::Integer).ok_or_else(|| {
        let short = full.trim_start_matches("System.");
        let article = if short.starts_with('I') { "an" } else { "a" };
        wrong(format!(
            "Cannot convert value \"{shown}\" to type \"{full}\". Error: \"Value was either too large or too small for {article} \
             {short}.\""
        ))
    })
}

fn character(value: &Value) -> Result<Value, Wrong> {
    let wrong = || {
        Wrong::error(format!(
            "Cannot convert value \"{}\" to type \"System.Char\". Error: \"String must be exactly one character long.\"",
            value.show()
        ))
    };
    match value {
        Value::Char(_) => Ok(value.clone()),
        Value::Integer(code) => u32::try_from(*code)
            .ok()
            .and_then(char::from_u32)
            .map(Value::Char)
            .ok_or_else(wrong),
        other => {
            let text = other.show();
            let mut letters = text.chars();
            match (letters.next(), letters.next()) {
                (Some(letter), None) => Ok(Value::Char(letter)),
                _ => Err(wrong()),
            }
        }
    }
}

fn table(name: &str, value: Value) -> Result<Value, Wrong> {
    let kind = match name {
        "hashtable" => Kind::Hash,
        "ordered" => Kind::Ordered,
        _ => CUSTOM,
    };
    match &value {
        Value::Table(known) => {
            let known = known.borrow();
            match (known.is_object(), &kind) {
                (true, Kind::Object(_)) => Ok(value.clone()),
                (true, _) => Err(Wrong::error(format!(
                    "Cannot convert the \"{}\" value of type \"{}\" to type \"System.Collections.Hashtable\".",
                    value.show(),
                    full_name(&value)
                ))),
                (false, Kind::Object(_)) => {
                    let named = |(key, value): &(Value, Value)| (Value::text(key.show()), value.clone());
                    Ok(Value::table(kind, known.entries.iter().map(named).collect()))
                }
                (false, _) => Ok(Value::table(kind, known.entries.clone())),
            }
        }
        Value::Null => Ok(Value::Null),
        _ if name == "pscustomobject" => Ok(value),
        _ => Err(Wrong::error(format!(
            "Cannot convert the \"{}\" value of type \"{}\" to type \"System.Collections.Hashtable\".",
            value.show(),
            full_name(&value)
        ))),
    }
}
