//! What operators do with values. Errors are messages; those that start with `unsupported:` cannot be caught.

use std::cmp::Ordering;

use crate::value::{LARGEST, Value};

const MARK: &str = "unsupported: ";

/// Applies an operator that takes both sides evaluated.
pub fn apply(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    match operator {
        "+" => add(left, right),
        "-" | "/" | "%" => arithmetic(operator, left, right),
        "*" => multiply(left, right),
        ".." => range(left, right),
        "f" => format(left, right),
        "join" => Ok(Value::text(join(left, &right.show()?)?)),
        "split" => split(left, &right.show()?),
        "contains" => among(left, right).map(Value::Bool),
        "notcontains" => Ok(Value::Bool(!among(left, right)?)),
        "in" => among(right, left).map(Value::Bool),
        "notin" => Ok(Value::Bool(!among(right, left)?)),
        "xor" => Ok(Value::Bool(left.truth() != right.truth())),
        "replace" => replace(left, right),
        _ => match left {
            Value::List(items) => {
                let mut kept = Vec::new();
                for item in items.borrow().iter() {
                    if compare(operator, item, right)? {
                        kept.push(item.clone());
                    }
                }
                Ok(Value::list(kept))
            }
            left => compare(operator, left, right).map(Value::Bool),
        },
    }
}

fn unsupported<T>(what: &str) -> Result<T, String> {
    Err(format!("{MARK}{what}"))
}

fn add(left: &Value, right: &Value) -> Result<Value, String> {
    match (left, right) {
        (Value::List(items), right) => {
            let mut sum = items.borrow().clone();
            sum.extend(right.items());
            Ok(Value::list(sum))
        }
        (Value::Text(text), right) => Ok(Value::text(format!("{text}{}", right.show()?))),
        (Value::Null, right) => Ok(right.clone()),
        (Value::Table(_), _) => unsupported("adding hash tables"),
        _ => arithmetic("+", left, right),
    }
}

fn multiply(left: &Value, right: &Value) -> Result<Value, String> {
    match left {
        Value::Text(text) => {
            let count = usize::try_from(right.integer()?).map_err(|_| "A string cannot be repeated this often.")?;
            match text.len().saturating_mul(count) {
                0..=8_388_608 => Ok(Value::text(text.repeat(count))),
                _ => unsupported("a string above 8 MiB"),
            }
        }
        Value::List(_) => unsupported("repeating an array"),
        _ => arithmetic("*", left, right),
    }
}

fn arithmetic(operator: &str, left: &Value, right: &Value) -> Result<Value, String> {
    let (left, right) = (left.number()?, right.number()?);
    if let (Value::Integer(left), Value::Integer(right)) = (&left, &right) {
        let result = match operator {
            "+" => left.checked_add(*right),
            "-" => left.checked_sub(*right),
            "*" => left.checked_mul(*right),
            _ if *right == 0 => return Err("Attempted to divide by zero.".to_owned()),
            "%" => left.checked_rem(*right),
            _ if left % right != 0 => return Ok(Value::Double(*left as f64 / *right as f64)),
            _ => left.checked_div(*right),
        };
        return match result.filter(|result| result.abs() < LARGEST) {
            Some(result) => Ok(Value::Integer(result)),
            None => unsupported("a number above 15 digits"),
        };
    }
    let (left, right) = (left.double()?, right.double()?);
    let result = match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "%" => left % right,
        _ => left / right,
    };
    match result.is_finite() {
        true => Ok(Value::Double(result)),
        false => unsupported("a number that is not finite"),
    }
}

fn range(left: &Value, right: &Value) -> Result<Value, String> {
    let (from, to) = (left.integer()?, right.integer()?);
    if from.abs_diff(to) > 1_000_000 {
        return unsupported("a range of more than a million numbers");
    }
    let items = match from <= to {
        true => (from..=to).map(Value::Integer).collect(),
        false => (to..=from).rev().map(Value::Integer).collect(),
    };
    Ok(Value::list(items))
}

pub fn join(left: &Value, separator: &str) -> Result<String, String> {
    let shown: Result<Vec<String>, String> = left.items().iter().map(Value::show).collect();
    Ok(shown?.join(separator))
}

/// The text that a regular expression without metacharacters stands for.
fn literal(pattern: &str) -> Result<String, String> {
    let mut text = String::new();
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '\\' => match characters.next().filter(|next| !next.is_alphanumeric()) {
                Some(next) => text.push(next),
                None => return unsupported(&format!("the regular expression `{pattern}`")),
            },
            '^' | '$' | '.' | '|' | '?' | '*' | '+' | '(' | ')' | '[' | '{' => {
                return unsupported(&format!("the regular expression `{pattern}`"));
            }
            other => text.push(other),
        }
    }
    match text.is_ascii() {
        true => Ok(text.to_ascii_lowercase()),
        false => unsupported("a pattern with other than ASCII characters"),
    }
}

/// The text in pieces between what the pattern matches, whatever its case.
fn pieces(text: &str, pattern: &str) -> Result<Vec<String>, String> {
    let found = literal(pattern)?;
    if found.is_empty() {
        return unsupported("an empty pattern");
    }
    let lower = text.to_ascii_lowercase();
    let (mut pieces, mut start) = (Vec::new(), 0);
    for (at, _) in lower.match_indices(&found) {
        pieces.push(text[start..at].to_owned());
        start = at + found.len();
    }
    pieces.push(text[start..].to_owned());
    Ok(pieces)
}

fn split(left: &Value, pattern: &str) -> Result<Value, String> {
    let mut all = Vec::new();
    for item in left.items() {
        all.extend(pieces(&item.show()?, pattern)?.into_iter().map(Value::text));
    }
    Ok(Value::list(all))
}

fn replace(left: &Value, right: &Value) -> Result<Value, String> {
    let arguments = right.items();
    let pattern = arguments.first().map_or(Ok(String::new()), Value::show)?;
    let with = arguments.get(1).map_or(Ok(String::new()), Value::show)?;
    if with.contains('$') {
        return unsupported("`$` in a replacement");
    }
    let replaced = |value: &Value| Ok::<_, String>(Value::text(pieces(&value.show()?, &pattern)?.join(&with)));
    match left {
        Value::List(items) => Ok(Value::list(
            items.borrow().iter().map(replaced).collect::<Result<_, _>>()?,
        )),
        left => replaced(left),
    }
}

fn among(list: &Value, wanted: &Value) -> Result<bool, String> {
    for item in list.items() {
        if equal(&item, wanted)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compare(operator: &str, left: &Value, right: &Value) -> Result<bool, String> {
    Ok(match operator {
        "eq" | "ieq" => equal(left, right)?,
        "ne" | "ine" => !equal(left, right)?,
        "ceq" | "cne" => match (left, right) {
            (Value::Text(left), Value::Text(right)) => (left == right) == (operator == "ceq"),
            _ => equal(left, right)? == (operator == "ceq"),
        },
        "gt" => order(left, right)? == Ordering::Greater,
        "ge" => order(left, right)? != Ordering::Less,
        "lt" => order(left, right)? == Ordering::Less,
        "le" => order(left, right)? != Ordering::Greater,
        "like" => like(&left.show()?, &right.show()?)?,
        "notlike" => !like(&left.show()?, &right.show()?)?,
        "match" => pieces(&left.show()?, &right.show()?)?.len() > 1,
        "notmatch" => pieces(&left.show()?, &right.show()?)?.len() == 1,
        _ => return unsupported(&format!("the operator `-{operator}`")),
    })
}

pub fn equal(left: &Value, right: &Value) -> Result<bool, String> {
    Ok(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Text(left), right) => match right {
            Value::List(_) | Value::Table(_) | Value::Block(_) => return unsupported("comparing these values"),
            right => left.to_lowercase() == right.show()?.to_lowercase(),
        },
        (Value::Bool(left), right) => *left == right.truth(),
        (Value::Integer(_) | Value::Double(_), right) => right
            .number()
            .and_then(|right| Ok(left.double()? == right.double()?))
            .unwrap_or(false),
        _ => return unsupported("comparing these values"),
    })
}

/// The order of two values. Texts are in order only where every culture agrees: letters and digits of ASCII.
pub fn order(left: &Value, right: &Value) -> Result<Ordering, String> {
    match left {
        Value::Text(left) => {
            let right = right.show()?;
            let plain = |text: &str| text.chars().all(|character| character.is_ascii_alphanumeric());
            if !plain(left) || !plain(&right) {
                return unsupported("the order of texts with other than ASCII letters and digits");
            }
            Ok(left.to_ascii_lowercase().cmp(&right.to_ascii_lowercase()))
        }
        left => left
            .double()?
            .partial_cmp(&right.double()?)
            .ok_or_else(|| "These values have no order.".to_owned()),
    }
}

fn like(text: &str, pattern: &str) -> Result<bool, String> {
    if pattern.contains(['[', ']', '`']) {
        return unsupported(&format!("the wildcard pattern `{pattern}`"));
    }
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let pattern: Vec<char> = pattern.to_lowercase().chars().collect();
    let (mut at, mut wanted, mut star) = (0, 0, None);
    while at < text.len() {
        match pattern.get(wanted) {
            Some('*') => {
                star = Some((wanted, at));
                wanted += 1;
            }
            Some(character) if *character == '?' || *character == text[at] => {
                at += 1;
                wanted += 1;
            }
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    at = from + 1;
                    wanted = place + 1;
                }
                None => return Ok(false),
            },
        }
    }
    Ok(pattern[wanted..].iter().all(|character| *character == '*'))
}

fn format(left: &Value, right: &Value) -> Result<Value, String> {
    let (template, values) = (left.show()?, right.items());
    let mut text = String::new();
    let mut rest = template.as_str();
    while let Some(at) = rest.find(['{', '}']) {
        text.push_str(&rest[..at]);
        let (brace, after) = rest[at..].split_at(1);
        if after.starts_with(brace) {
            text.push_str(brace);
            rest = &after[1..];
            continue;
        }
        let Some((inside, behind)) = after.split_once('}').filter(|_| brace == "{") else {
            return Err("Error formatting a string: Input string was not in a correct format.".to_owned());
        };
        let (index, width) = inside.split_once(',').unwrap_or((inside, "0"));
        let (Ok(index), Ok(width)) = (index.parse::<usize>(), width.trim().parse::<i16>()) else {
            return unsupported(&format!("the format `{{{inside}}}`"));
        };
        let Some(value) = values.get(index) else {
            return Err(
                "Error formatting a string: Index (zero based) must be greater than or equal to zero and less \
                        than the size of the argument list."
                    .to_owned(),
            );
        };
        if matches!(value, Value::List(_)) {
            return unsupported("an array in a format");
        }
        let (shown, size) = (value.show()?, usize::from(width.unsigned_abs()));
        text.push_str(&if width < 0 {
            format!("{shown:<size$}")
        } else {
            format!("{shown:>size$}")
        });
        rest = behind;
    }
    text.push_str(rest);
    Ok(Value::text(text))
}
