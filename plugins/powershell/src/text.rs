//! Methods of strings.

use crate::fault::Wrong;
use crate::operators;
use crate::value::Value;

/// None where strings have no such method here.
#[expect(clippy::too_many_lines, reason = "a table of methods")]
pub fn method(text: &str, name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let shown: Vec<String> = arguments.iter().map(Value::show).collect();
    let strings: Vec<&str> = shown.iter().map(String::as_str).collect();
    let value = match (name, strings.as_slice()) {
        ("toupper" | "toupperinvariant", []) => Value::text(text.to_uppercase()),
        ("tolower" | "tolowerinvariant", []) => Value::text(text.to_lowercase()),
        ("trim" | "trimstart" | "trimend", letters) if letters.len() <= 1 => {
            trimmed(text, name, letters.first().copied())
        }
        ("contains", [part]) => Value::Bool(text.contains(part)),
        ("startswith", [part]) => Value::Bool(text.starts_with(part)),
        ("endswith", [part]) => Value::Bool(text.ends_with(part)),
        ("startswith" | "endswith" | "contains" | "equals" | "indexof", [part, comparison]) => {
            if !comparison.to_lowercase().ends_with("ignorecase") && *comparison != "true" {
                return Ok(None);
            }
            let (text, part) = (text.to_lowercase(), part.to_lowercase());
            match name {
                "startswith" => Value::Bool(text.starts_with(&part)),
                "endswith" => Value::Bool(text.ends_with(&part)),
                "contains" => Value::Bool(text.contains(&part)),
                "equals" => Value::Bool(text == part),
                _ => position(&text, text.find(&part)),
            }
        }
        ("indexof", [part]) => position(text, text.find(part)),
        ("lastindexof", [part]) => position(text, text.rfind(part)),
        ("replace", [from, to]) if !from.is_empty() => {
            let replaced = text.replace(from, to);
            if replaced.len() > 8 << 20 {
                return Err(Wrong::unsupported("a string above 8 MiB"));
            }
            Value::text(replaced)
        }
        ("split", []) => Value::list(text.split(char::is_whitespace).map(Value::text).collect()),
        ("split", _) => return split(text, arguments),
        ("padleft" | "padright", _) => return padded(text, name, arguments),
        ("tochararray", []) => Value::list(text.chars().map(Value::Char).collect()),
        ("insert", [_, added]) => {
            let place = within(text, &arguments[0], "Insert", 2)?;
            let letters: Vec<char> = text.chars().collect();
            let (head, tail) = letters.split_at(place);
            Value::text(
                head.iter()
                    .chain(&added.chars().collect::<Vec<_>>())
                    .chain(tail)
                    .collect::<String>(),
            )
        }
        ("substring", [_]) => {
            let start = within(text, &arguments[0], "Substring", 1)?;
            Value::text(text.chars().skip(start).collect::<String>())
        }
        ("substring", [_, _]) => {
            let (start, length) = (within(text, &arguments[0], "Substring", 2)?, arguments[1].size()?);
            if start + length > text.chars().count() {
                return Err(outside(
                    "Substring",
                    2,
                    "Index and length must refer to a location within the string.",
                ));
            }
            Value::text(text.chars().skip(start).take(length).collect::<String>())
        }
        ("remove", [_]) => {
            let start = within(text, &arguments[0], "Remove", 1)?;
            Value::text(text.chars().take(start).collect::<String>())
        }
        ("remove", [_, _]) => {
            let (start, length) = (within(text, &arguments[0], "Remove", 2)?, arguments[1].size()?);
            if start + length > text.chars().count() {
                return Err(outside(
                    "Remove",
                    2,
                    "Index and count must refer to a location within the string.",
                ));
            }
            let kept = text.chars().take(start).chain(text.chars().skip(start + length));
            Value::text(kept.collect::<String>())
        }
        ("chars", [_]) => crate::members::index(&Value::text(text), &arguments[0])?,
        ("getenumerator", []) => Value::list(text.chars().map(Value::Char).collect()),
        ("format", _) => return Ok(None),
        ("normalize" | "clone", []) => Value::text(text),
        _ => return Ok(None),
    };
    Ok(Some(value))
}

fn position(text: &str, found: Option<usize>) -> Value {
    found.map_or(Value::Integer(-1), |place| Value::count(text[..place].chars().count()))
}

fn trimmed(text: &str, name: &str, letters: Option<&str>) -> Value {
    let unwanted = |letter: char| match letters {
        Some(letters) => letters.contains(letter),
        None => letter.is_whitespace(),
    };
    Value::text(match name {
        "trimstart" => text.trim_start_matches(unwanted),
        "trimend" => text.trim_end_matches(unwanted),
        _ => text.trim_matches(unwanted),
    })
}

/// `Split` with separators and perhaps options; in PowerShell 7 one string separates as a whole.
fn split(text: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let separators: Vec<String> = arguments[0].items().iter().map(Value::show).collect();
    let remove = match &arguments[1..] {
        [] => false,
        [Value::Text(option)] if option.eq_ignore_ascii_case("RemoveEmptyEntries") => true,
        [Value::Text(option)] if option.eq_ignore_ascii_case("None") => false,
        [Value::Integer(limit)] if *limit > 0 && separators.len() == 1 && !separators[0].is_empty() => {
            let pieces = text
                .splitn(arguments[1].size()?, separators[0].as_str())
                .map(Value::text);
            return Ok(Some(Value::list(pieces.collect())));
        }
        _ => return Ok(None),
    };
    if separators.iter().any(String::is_empty) {
        return Ok(None);
    }
    let (mut pieces, mut rest) = (Vec::new(), text);
    let next = |rest: &str| -> Option<(usize, usize)> {
        separators
            .iter()
            .filter_map(|by| rest.find(by.as_str()).map(|place| (place, by.len())))
            .min()
    };
    while let Some((place, length)) = next(rest) {
        pieces.push(&rest[..place]);
        rest = &rest[place + length..];
    }
    pieces.push(rest);
    pieces.retain(|piece| !remove || !piece.is_empty());
    Ok(Some(Value::list(pieces.into_iter().map(Value::text).collect())))
}

fn padded(text: &str, name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let (width, fill) = match arguments {
        [width] => (width.size()?, " ".to_owned()),
        [width, fill] => (width.size()?, fill.show()),
        _ => return Ok(None),
    };
    if width > 1 << 20 || fill.chars().count() != 1 {
        return Err(Wrong::unsupported("padding like this"));
    }
    let missing = fill.repeat(width.saturating_sub(text.chars().count()));
    Ok(Some(Value::text(match name {
        "padleft" => format!("{missing}{text}"),
        _ => format!("{text}{missing}"),
    })))
}

fn within(text: &str, place: &Value, method: &str, count: usize) -> Result<usize, Wrong> {
    let place = place.integer()?;
    usize::try_from(place)
        .ok()
        .filter(|place| *place <= text.chars().count())
        .ok_or_else(|| outside(method, count, "startIndex cannot be larger than length of string."))
}

fn outside(method: &str, count: usize, reason: &str) -> Wrong {
    Wrong::typed(
        &[
            "System.Management.Automation.MethodInvocationException",
            "System.ArgumentOutOfRangeException",
        ],
        format!("Exception calling \"{method}\" with \"{count}\" argument(s): \"{reason}\""),
    )
}

/// `[string]::Format(…)`
pub fn format(arguments: &[Value]) -> Result<Value, Wrong> {
    let Some((template, values)) = arguments.split_first() else {
        return Err(Wrong::unsupported("`Format` without a template"));
    };
    operators::format(template, &Value::list(values.to_vec()))
}
