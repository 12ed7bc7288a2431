//! What operators do with values.

use std::cmp::Ordering;

use crate::fault::{RUNTIME, Wrong};
use crate::number::format_number;
use crate::value::{Kind, Table, Value};
use crate::{moment, patterns, types};

/// The longest text or array that an operator makes.
const LARGEST: usize = 8 << 20;

/// Applies an operator that takes both sides evaluated.
pub fn apply(operator: &str, left: &Value, right: &Value) -> Result<Value, Wrong> {
    match operator {
        "+" => add(left, right),
        "-" | "/" | "%" => arithmetic(operator, left, right),
        "*" => multiply(left, right),
        ".." => range(left, right),
        "f" => format(left, right),
        "join" => Ok(Value::text(join(left, &right.show()))),
        "split" | "csplit" => split(left, right, operator == "csplit"),
        "replace" | "creplace" => replace(left, right, operator == "creplace"),
        "contains" | "ccontains" => among(left, right, operator == "ccontains").map(Value::Bool),
        "notcontains" | "cnotcontains" => Ok(Value::Bool(!among(left, right, operator == "cnotcontains")?)),
        "in" | "cin" => among(right, left, operator == "cin").map(Value::Bool),
        "notin" | "cnotin" => Ok(Value::Bool(!among(right, left, operator == "cnotin")?)),
        "xor" => Ok(Value::Bool(left.truth() != right.truth())),
        "band" => Ok(Value::Integer(left.integer()? & right.integer()?)),
        "bor" => Ok(Value::Integer(left.integer()? | right.integer()?)),
        "bxor" => Ok(Value::Integer(left.integer()? ^ right.integer()?)),
        "shl" => Ok(Value::Integer(i64::from(
            (left.integer()? as i32).wrapping_shl(right.integer()? as u32),
        ))),
        "shr" => Ok(Value::Integer(i64::from(
            (left.integer()? as i32).wrapping_shr(right.integer()? as u32),
        ))),
        "is" | "isnot" => {
            let name = match right {
                Value::Type(name) => name.to_string(),
                other => other.show(),
            };
            Ok(Value::Bool(types::is(left, &name)? == (operator == "is")))
        }
        "as" => match types::cast(&type_of(right), left.clone()) {
            Err(Wrong::Error(..)) => Ok(Value::Null),
            other => other,
        },
        _ => match left {
            Value::List(list) => {
                let mut kept = Vec::new();
                for item in list.items.borrow().iter() {
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

fn type_of(value: &Value) -> String {
    match value {
        Value::Type(name) => name.to_string(),
        other => other.show(),
    }
}

fn add(left: &Value, right: &Value) -> Result<Value, Wrong> {
    match (left, right) {
        (Value::List(list), right) => {
            let mut sum = list.items.borrow().clone();
            sum.extend(right.items());
            if sum.len() > LARGEST {
                return Err(Wrong::unsupported("an array this long"));
            }
            Ok(Value::list(sum))
        }
        (Value::Text(text), right) => {
            let right = right.show();
            match text.len() + right.len() > LARGEST {
                true => Err(Wrong::unsupported("a string above 8 MiB")),
                false => Ok(Value::text(format!("{text}{right}"))),
            }
        }
        (Value::Char(letter), right @ (Value::Text(_) | Value::Char(_))) => {
            Ok(Value::text(format!("{letter}{}", right.show())))
        }
        (Value::Null, right) => Ok(right.clone()),
        (Value::Table(left), Value::Table(right)) if !left.borrow().is_object() => {
            add_tables(&left.borrow(), &right.borrow())
        }
        (Value::Date(left), Value::Span(right)) => Ok(Value::Date(left + right)),
        (Value::Span(left), Value::Span(right)) => Ok(Value::Span(left + right)),
        (Value::Table(table), _) if table.borrow().is_object() => Err(no_method(left, "op_Addition")),
        (Value::Table(_), _) => Err(Wrong::error("A hash table can only be added to another hash table.")),
        _ => arithmetic("+", left, right),
    }
}

fn no_method(value: &Value, name: &str) -> Wrong {
    Wrong::error(format!(
        "Method invocation failed because [{}] does not contain a method named '{name}'.",
        types::full_name(value)
    ))
}

fn add_tables(left: &Table, right: &Table) -> Result<Value, Wrong> {
    let mut sum = Table {
        kind: left.kind.clone(),
        entries: left.entries.clone(),
    };
    for (key, value) in &right.entries {
        if sum.get(key).is_some() {
            return Err(Wrong::error(format!(
                "Item has already been added. Key in dictionary: '{0}'  Key being added: '{0}'",
                key.show()
            )));
        }
        sum.entries.push((key.clone(), value.clone()));
    }
    Ok(Value::table(sum.kind, sum.entries))
}

fn multiply(left: &Value, right: &Value) -> Result<Value, Wrong> {
    match left {
        Value::Text(text) => {
            let count = right.size()?;
            match text.len().saturating_mul(count) {
                0..=LARGEST => Ok(Value::text(text.repeat(count))),
                _ => Err(Wrong::unsupported("a string above 8 MiB")),
            }
        }
        Value::List(list) => {
            let (items, count) = (list.items.borrow(), right.size()?);
            match items.len().saturating_mul(count) {
                0..=LARGEST => Ok(Value::list(
                    std::iter::repeat_n(items.clone(), count).flatten().collect(),
                )),
                _ => Err(Wrong::unsupported("an array this long")),
            }
        }
        Value::Null => Ok(Value::Null),
        _ => arithmetic("*", left, right),
    }
}

fn arithmetic(operator: &str, left: &Value, right: &Value) -> Result<Value, Wrong> {
    match (operator, left, right) {
        ("-", Value::Date(left), Value::Date(right)) => return Ok(Value::Span(left - right)),
        ("-", Value::Date(left), Value::Span(right)) => return Ok(Value::Date(left - right)),
        ("-", Value::Span(left), Value::Span(right)) => return Ok(Value::Span(left - right)),
        (_, Value::List(_) | Value::Table(_) | Value::Block(_), _) => {
            let name = match operator {
                "-" => "op_Subtraction",
                "/" => "op_Division",
                "%" => "op_Modulus",
                _ => "op_Multiply",
            };
            return Err(no_method(left, name));
        }
        _ => {}
    }
    let (left, right) = (left.number()?, right.number()?);
    if let (Value::Integer(left), Value::Integer(right)) = (&left, &right) {
        let result = match operator {
            "+" => left.checked_add(*right),
            "-" => left.checked_sub(*right),
            "*" => left.checked_mul(*right),
            _ if *right == 0 => {
                return Err(Wrong::typed(
                    &[RUNTIME, "System.DivideByZeroException"],
                    "Attempted to divide by zero.",
                ));
            }
            "%" => left.checked_rem(*right),
            _ if left % right != 0 => return Ok(Value::Double(*left as f64 / *right as f64)),
            _ => left.checked_div(*right),
        };
        if let Some(result) = result {
            return Ok(Value::Integer(result));
        }
    }
    let (left, right) = (left.double()?, right.double()?);
    Ok(Value::Double(match operator {
        "+" => left + right,
        "-" => left - right,
        "*" => left * right,
        "%" => left % right,
        _ => left / right,
    }))
}

fn range(left: &Value, right: &Value) -> Result<Value, Wrong> {
    let letter = |value: &Value| match value {
        Value::Char(letter) => Some(*letter),
        Value::Text(text) if text.chars().count() == 1 && text.parse::<i64>().is_err() => text.chars().next(),
        _ => None,
    };
    if let (Some(from), Some(to)) = (letter(left), letter(right)) {
        let letters: Vec<Value> = match from <= to {
            true => (from..=to).map(Value::Char).collect(),
            false => (to..=from).rev().map(Value::Char).collect(),
        };
        return Ok(Value::list(letters));
    }
    let (from, to) = (left.integer()?, right.integer()?);
    if from.abs_diff(to) > 1_000_000 {
        return Err(Wrong::unsupported("a range of more than a million numbers"));
    }
    let items = match from <= to {
        true => (from..=to).map(Value::Integer).collect(),
        false => (to..=from).rev().map(Value::Integer).collect(),
    };
    Ok(Value::list(items))
}

pub fn join(left: &Value, separator: &str) -> String {
    let shown: Vec<String> = left.items().iter().map(Value::show).collect();
    shown.join(separator)
}

/// `-split` with one argument, or with a limit as well.
pub fn split(left: &Value, right: &Value, case_sensitive: bool) -> Result<Value, Wrong> {
    let arguments = right.items();
    let Some(pattern) = arguments.first() else {
        return Err(Wrong::unsupported("`-split` without a pattern"));
    };
    if arguments.len() > 2 || matches!(pattern, Value::Block(_)) {
        return Err(Wrong::unsupported("these options of `-split`"));
    }
    let limit = arguments.get(1).map_or(Ok(0), Value::integer)?;
    let limit = usize::try_from(limit).map_err(|_| Wrong::unsupported("a negative limit of `-split`"))?;
    let regex = patterns::regex(&pattern.show(), case_sensitive)?;
    let mut all = Vec::new();
    for item in left.items() {
        all.extend(
            patterns::split(&regex, &item.show(), limit)?
                .into_iter()
                .map(Value::text),
        );
    }
    Ok(Value::list(all))
}

/// `-split` before a value: at white space.
pub fn split_words(value: &Value) -> Value {
    let words = |item: &Value| -> Vec<Value> { item.show().split_whitespace().map(Value::text).collect() };
    Value::list(value.items().iter().flat_map(words).collect())
}

fn replace(left: &Value, right: &Value, case_sensitive: bool) -> Result<Value, Wrong> {
    let arguments = right.items();
    if arguments.len() > 2 || matches!(arguments.get(1), Some(Value::Block(_))) {
        return Err(Wrong::unsupported("these arguments of `-replace`"));
    }
    let with = arguments.get(1).map(Value::show).unwrap_or_default();
    let regex = patterns::regex(&arguments.first().map(Value::show).unwrap_or_default(), case_sensitive)?;
    let replaced = |value: &Value| -> Result<Value, Wrong> {
        let text = value.show();
        let (mut result, mut start) = (String::new(), 0);
        for found in patterns::all(&regex, &text)? {
            let Some(whole) = found.get(0) else { continue };
            result.push_str(&text[start..whole.start()]);
            result.push_str(&patterns::expand(&with, &found));
            start = whole.end();
        }
        result.push_str(&text[start..]);
        match result.len() > LARGEST {
            true => Err(Wrong::unsupported("a string above 8 MiB")),
            false => Ok(Value::text(result)),
        }
    };
    match left {
        Value::List(list) => Ok(Value::list(
            list.items.borrow().iter().map(replaced).collect::<Result<_, _>>()?,
        )),
        left => replaced(left),
    }
}

fn among(list: &Value, wanted: &Value, case_sensitive: bool) -> Result<bool, Wrong> {
    for item in list.items() {
        if same(&item, wanted, case_sensitive)? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn compare(operator: &str, left: &Value, right: &Value) -> Result<bool, Wrong> {
    let (plain, cased) = match operator.strip_prefix('c') {
        Some(plain) => (plain, true),
        None => (operator, false),
    };
    let matches = |left: &Value, right: &Value| -> Result<bool, Wrong> {
        let regex = patterns::regex(&right.show(), cased)?;
        Ok(patterns::captures(&regex, &left.show())?.is_some())
    };
    Ok(match plain {
        "eq" => same(left, right, cased)?,
        "ne" => !same(left, right, cased)?,
        "gt" => order(left, right, cased)? == Ordering::Greater,
        "ge" => order(left, right, cased)? != Ordering::Less,
        "lt" => order(left, right, cased)? == Ordering::Less,
        "le" => order(left, right, cased)? != Ordering::Greater,
        "like" => patterns::like(&left.show(), &right.show(), cased)?,
        "notlike" => !patterns::like(&left.show(), &right.show(), cased)?,
        "match" => matches(left, right)?,
        "notmatch" => !matches(left, right)?,
        _ => return Err(Wrong::unsupported(format!("the operator `-{operator}`"))),
    })
}

pub fn equal(left: &Value, right: &Value) -> Result<bool, Wrong> {
    same(left, right, false)
}

/// `-eq`: the right side becomes what the left one is.
pub fn same(left: &Value, right: &Value, case_sensitive: bool) -> Result<bool, Wrong> {
    Ok(match (left, right) {
        (Value::Null, Value::Null) => true,
        (Value::Null, _) | (_, Value::Null) => false,
        (Value::Text(left), right) => {
            let right = right.show();
            **left == *right || !case_sensitive && left.to_lowercase() == right.to_lowercase()
        }
        (Value::Char(letter), right) => {
            let (left, right) = (letter.to_string(), right.show());
            left == right || !case_sensitive && left.to_lowercase() == right.to_lowercase()
        }
        (Value::Bool(left), right) => *left == right.truth(),
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Integer(_) | Value::Double(_), right) => match right.number() {
            Ok(right) => left.double()? == right.double()?,
            Err(_) => false,
        },
        (Value::Date(left), right) => match types::cast("datetime", right.clone()) {
            Ok(Value::Date(right)) => *left == right,
            _ => false,
        },
        (Value::Span(left), Value::Span(right)) => left == right,
        (Value::Type(left), right) => types::plain_name(left) == types::plain_name(&type_of(right)),
        (Value::List(left), Value::List(right)) => std::rc::Rc::ptr_eq(left, right),
        (Value::Table(left), Value::Table(right)) => std::rc::Rc::ptr_eq(left, right),
        (Value::Error(_) | Value::Exception(_), right) => left.show() == right.show(),
        _ => false,
    })
}

/// The order of two values. Texts are compared as .NET's invariant culture does it for letters, digits and common signs.
pub fn order(left: &Value, right: &Value, case_sensitive: bool) -> Result<Ordering, Wrong> {
    match (left, right) {
        (Value::Null, Value::Null) => Ok(Ordering::Equal),
        (Value::Text(_) | Value::Char(_), right) => Ok(order_text(&left.show(), &right.show(), case_sensitive)),
        (Value::Date(left), right) => match types::cast("datetime", right.clone())? {
            Value::Date(right) => Ok(left.cmp(&right)),
            _ => Ok(Ordering::Equal),
        },
        (Value::Span(left), Value::Span(right)) => Ok(left.cmp(right)),
        (Value::Integer(left), Value::Integer(right)) => Ok(left.cmp(right)),
        (Value::List(_) | Value::Table(_) | Value::Block(_), _) => Err(Wrong::error(format!(
            "Cannot compare \"{}\" because it is not IComparable.",
            left.show()
        ))),
        _ => left
            .double()?
            .partial_cmp(&right.double()?)
            .ok_or_else(|| Wrong::unsupported("the order of what is no number")),
    }
}

/// Signs come before digits, digits before letters; small letters before capital ones where that is all that differs.
pub fn order_text(left: &str, right: &str, case_sensitive: bool) -> Ordering {
    let weight = |letter: char| {
        let class = match letter {
            letter if letter.is_alphabetic() => 3,
            letter if letter.is_numeric() => 2,
            letter if letter.is_whitespace() => 0,
            _ => 1,
        };
        (class, letter.to_lowercase().to_string())
    };
    let folded = left.chars().map(weight).cmp(right.chars().map(weight));
    match case_sensitive && folded == Ordering::Equal {
        true => right.cmp(left),
        false => folded,
    }
}

/// `-f`, and what methods and `[string]::Format` do with a template.
pub fn format(left: &Value, right: &Value) -> Result<Value, Wrong> {
    let (template, values) = (left.show(), right.items());
    let wrong = |reason: &str| {
        Wrong::typed(
            &[
                "System.Management.Automation.PSInvalidOperationException",
                "System.FormatException",
                RUNTIME,
            ],
            format!("Error formatting a string: {reason}"),
        )
    };
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
            return Err(wrong("Input string was not in a correct format."));
        };
        let (head, pattern) = inside.split_once(':').unwrap_or((inside, ""));
        let (index, width) = head.split_once(',').unwrap_or((head, "0"));
        let (Ok(index), Ok(width)) = (index.trim().parse::<usize>(), width.trim().parse::<i16>()) else {
            return Err(wrong("Input string was not in a correct format."));
        };
        let Some(value) = values.get(index) else {
            return Err(wrong(
                "Index (zero based) must be greater than or equal to zero and less than the size of the argument list.",
            ));
        };
        let (shown, size) = (format_value(value, pattern)?, usize::from(width.unsigned_abs()));
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

/// A value in one of .NET's formats.
pub fn format_value(value: &Value, pattern: &str) -> Result<String, Wrong> {
    if pattern.is_empty() {
        return Ok(match value {
            Value::List(_) => "System.Object[]".to_owned(),
            other => other.show(),
        });
    }
    match value {
        Value::Integer(whole) => format_number(*whole as f64, Some(*whole), pattern),
        Value::Double(number) => format_number(*number, None, pattern),
        Value::Date(ticks) => moment::format(*ticks, pattern),
        Value::Span(_) => Err(Wrong::unsupported("a format of a length of time")),
        other => Ok(other.show()),
    }
}

/// The entries of a table as objects with `Name` (and `Key`) and `Value`.
pub fn entries(table: &Table) -> Vec<Value> {
    let entry = |(key, value): &(Value, Value)| {
        let fields = vec![("Name", key.clone()), ("Key", key.clone()), ("Value", value.clone())];
        Value::object(Kind::Object("System.Collections.DictionaryEntry"), fields)
    };
    table.entries.iter().map(entry).collect()
}

/// Whether a parameter of `Where-Object` is the name of an operator.
pub fn is_comparison(name: &str) -> bool {
    let plain = name
        .strip_prefix('c')
        .filter(|rest| rest.len() > 1 && *rest != "ontains")
        .unwrap_or(name);
    matches!(
        plain,
        "eq" | "ne"
            | "gt"
            | "ge"
            | "lt"
            | "le"
            | "like"
            | "notlike"
            | "match"
            | "notmatch"
            | "contains"
            | "notcontains"
            | "in"
            | "notin"
    )
}
