//! Properties, indexes and methods of values.

use std::rc::Rc;

use crate::fault::{Stop, Wrong};
use crate::machine::Machine;
use crate::syntax::At;
use crate::value::{CUSTOM, Kind, Value, same_text};
use crate::{moment, operators, patterns, text, types};

/// `target[index]`
pub fn index(target: &Value, index: &Value) -> Result<Value, Wrong> {
    if let Value::Table(table) = target {
        let table = table.borrow();
        let numbered = table.kind == Kind::Ordered && matches!(index, Value::Integer(_));
        if !table.is_object() && !numbered {
            if let Value::List(keys) = index {
                let found = keys
                    .items
                    .borrow()
                    .iter()
                    .map(|key| table.get(key).cloned().unwrap_or(Value::Null))
                    .collect();
                return Ok(Value::list(found));
            }
            return Ok(table.get(index).cloned().unwrap_or(Value::Null));
        }
        if numbered {
            let values: Vec<Value> = table.entries.iter().map(|(_, value)| value.clone()).collect();
            return Ok(place(&values, index.integer()?).unwrap_or(Value::Null));
        }
    }
    if let Value::List(wanted) = index {
        let mut found = Vec::new();
        for one in wanted.items.borrow().iter() {
            match self::index(target, one)? {
                Value::Null => {}
                value => found.push(value),
            }
        }
        return Ok(Value::list(found));
    }
    match target {
        Value::List(list) => Ok(place(&list.items.borrow(), index.integer()?).unwrap_or(Value::Null)),
        Value::Text(text) => {
            let letters: Vec<Value> = text.chars().map(Value::Char).collect();
            Ok(place(&letters, index.integer()?).unwrap_or(Value::Null))
        }
        Value::Null => Err(Wrong::error("Cannot index into a null array.")),
        other => Err(Wrong::error(format!(
            "Unable to index into an object of type \"{}\".",
            types::full_name(other)
        ))),
    }
}

fn place(items: &[Value], place: i64) -> Option<Value> {
    let place = if place < 0 { place + items.len() as i64 } else { place };
    usize::try_from(place).ok().and_then(|place| items.get(place).cloned())
}

/// `target.name`
#[expect(clippy::too_many_lines, reason = "a table of properties")]
pub fn property(target: &Value, name: &str) -> Result<Value, Wrong> {
    let lower = name.to_lowercase();
    match (target, lower.as_str()) {
        (Value::List(list), "count" | "length") => Ok(Value::count(list.items.borrow().len())),
        (Value::List(list), "capacity") if list.grows => Err(Wrong::unsupported("`Capacity`")),
        (Value::List(list), _) => {
            // The property of each element, where the array has none of that name.
            let mut found = Vec::new();
            for item in list.items.borrow().iter() {
                if !matches!(item, Value::Null) {
                    match property(item, name)? {
                        Value::Null => {}
                        value => found.extend(value.items()),
                    }
                }
            }
            Ok(Value::collected(found))
        }
        (Value::Text(text), "length") => Ok(Value::count(text.encode_utf16().count())),
        (Value::Null, "count" | "length") => Ok(Value::Integer(0)),
        (Value::Table(table), _) => {
            let table = table.borrow();
            if let Some(value) = table.entries.iter().find(|(key, _)| same_text(&key.show(), name)) {
                return Ok(value.1.clone());
            }
            Ok(match (table.is_object(), lower.as_str()) {
                (false, "count") => Value::count(table.entries.len()),
                (false, "keys") => Value::list(table.entries.iter().map(|(key, _)| key.clone()).collect()),
                (false, "values") => Value::list(table.entries.iter().map(|(_, value)| value.clone()).collect()),
                (true, "psobject") => {
                    let fields = vec![("Properties", Value::list(operators::entries(&table)))];
                    Value::object(Kind::Object("System.Management.Automation.PSObject"), fields)
                }
                (true, "count" | "length") => Value::Integer(1),
                // A real one may well have it.
                (true, _) if table.kind != CUSTOM => {
                    let name = format!("`{name}` of [{}]", types::full_name(target));
                    return Err(Wrong::unsupported(name));
                }
                _ => Value::Null,
            })
        }
        (Value::Date(ticks), _) => date_property(*ticks, &lower),
        (Value::Span(ticks), _) => span_property(*ticks, &lower),
        (Value::Error(error), "exception") => Ok(Value::Exception(Rc::clone(error))),
        (Value::Error(error), "targetobject") => Ok(error.target.clone()),
        (Value::Error(error), "fullyqualifiederrorid") => Ok(Value::text(&error.id)),
        (Value::Error(error), "invocationinfo") => {
            let line = Value::count(error.at.line);
            let fields = vec![
                ("ScriptLineNumber", line),
                ("OffsetInLine", Value::count(error.at.column)),
            ];
            Ok(Value::object(
                Kind::Object("System.Management.Automation.InvocationInfo"),
                fields,
            ))
        }
        (Value::Exception(error), "message") => Ok(Value::text(&error.message)),
        (Value::Exception(_), "innerexception") => Ok(Value::Null),
        (Value::Error(_) | Value::Exception(_), _) => Err(Wrong::unsupported(format!("`{name}` of an error"))),
        (Value::Type(name), "name") => {
            let full = types::shown_name(name);
            Ok(Value::text(full.rsplit('.').next().unwrap_or_default()))
        }
        (Value::Type(name), "fullname") => Ok(Value::text(types::shown_name(name))),
        (Value::Type(_), _) => Err(Wrong::unsupported(format!("`{name}` of a type"))),
        (Value::Block(_), _) => Err(Wrong::unsupported(format!("`{name}` of a script block"))),
        (Value::Null, _) => Ok(Value::Null),
        (_, "count" | "length") => Ok(Value::Integer(1)),
        _ => Ok(Value::Null),
    }
}

fn date_property(ticks: i64, name: &str) -> Result<Value, Wrong> {
    let parts = moment::parts(ticks);
    Ok(match name {
        "year" => Value::Integer(parts.year),
        "month" => Value::Integer(parts.month),
        "day" => Value::Integer(parts.day),
        "hour" => Value::Integer(parts.hour),
        "minute" => Value::Integer(parts.minute),
        "second" => Value::Integer(parts.second),
        "millisecond" => Value::Integer(parts.fraction / 10_000),
        "dayofweek" => Value::text(moment::weekday_name(ticks)),
        "dayofyear" => Value::Integer(moment::day_of_year(ticks)),
        "date" => Value::Date(ticks - ticks.rem_euclid(moment::DAY)),
        "timeofday" => Value::Span(ticks.rem_euclid(moment::DAY)),
        "ticks" => Value::Integer(ticks),
        "count" | "length" => Value::Integer(1),
        "kind" => return Err(Wrong::unsupported("`Kind` of a date")),
        _ => Value::Null,
    })
}

fn span_property(ticks: i64, name: &str) -> Result<Value, Wrong> {
    let second = moment::SECOND;
    let total = |unit: i64| Value::Double(ticks as f64 / unit as f64);
    Ok(match name {
        "days" => Value::Integer(ticks / moment::DAY),
        "hours" => Value::Integer(ticks / (3600 * second) % 24),
        "minutes" => Value::Integer(ticks / (60 * second) % 60),
        "seconds" => Value::Integer(ticks / second % 60),
        "milliseconds" => Value::Integer(ticks / (second / 1000) % 1000),
        "totaldays" => total(moment::DAY),
        "totalhours" => total(3600 * second),
        "totalminutes" => total(60 * second),
        "totalseconds" => total(second),
        "totalmilliseconds" => total(second / 1000),
        "ticks" => Value::Integer(ticks),
        _ => Value::Null,
    })
}

/// `target[index] = value`
pub fn set_index(target: &Value, index: Value, value: Value) -> Result<(), Wrong> {
    match target {
        Value::List(list) => {
            let mut items = list.items.borrow_mut();
            let place = index.integer()?;
            let place = if place < 0 { place + items.len() as i64 } else { place };
            match usize::try_from(place).ok().and_then(|place| items.get_mut(place)) {
                Some(item) => *item = value,
                None => {
                    return Err(Wrong::typed(
                        &["System.IndexOutOfRangeException", crate::fault::RUNTIME],
                        "Index was outside the bounds of the array.",
                    ));
                }
            }
            Ok(())
        }
        Value::Table(table) if !table.borrow().is_object() => {
            let mut table = table.borrow_mut();
            if let (Kind::Ordered, Value::Integer(place)) = (&table.kind, &index) {
                let place = usize::try_from(*place)
                    .ok()
                    .filter(|place| *place < table.entries.len());
                let place =
                    place.ok_or_else(|| Wrong::error("Specified argument was out of the range of valid values."))?;
                table.entries[place].1 = value;
                return Ok(());
            }
            table.set(index, value);
            Ok(())
        }
        Value::Null => Err(Wrong::error("Cannot index into a null array.")),
        other => Err(Wrong::error(format!(
            "Unable to index into an object of type \"{}\".",
            types::full_name(other)
        ))),
    }
}

/// `target.name = value`
pub fn set_property(target: &Value, name: &str, value: Value) -> Result<(), Wrong> {
    let missing = || {
        Wrong::error(format!(
            "The property '{name}' cannot be found on this object. Verify that the property exists and can be set."
        ))
    };
    match target {
        Value::Table(table) => {
            let mut table = table.borrow_mut();
            match table.place(&Value::text(name)) {
                Some(place) => table.entries[place].1 = value,
                None if table.is_object() => return Err(missing()),
                None => table.entries.push((Value::text(name), value)),
            }
            Ok(())
        }
        _ => Err(missing()),
    }
}

impl Machine<'_> {
    /// `target.name(arguments)`
    pub fn method(&mut self, target: &Value, name: &str, arguments: Vec<Value>, at: At) -> Result<Value, Stop> {
        let lower = name.to_lowercase();
        match (target, lower.as_str(), arguments.as_slice()) {
            (Value::Block(body), "invoke" | "invokereturnasis", _) => {
                let mut values = Vec::new();
                self.call_block(body, arguments, at, &mut |_, value| {
                    values.push(value);
                    Ok(())
                })?;
                return Ok(Value::collected(values));
            }
            (Value::Block(body), "getnewclosure", []) => return Ok(Value::Block(Rc::clone(body))),
            (Value::List(list), "foreach" | "where", [Value::Block(body)]) => {
                let items = list.items.borrow().clone();
                let mut kept = Vec::new();
                let before = self.get("_", at)?;
                for item in items {
                    self.set("_", item.clone(), at)?;
                    let values = self.collect(&body.statements)?;
                    match lower.as_str() {
                        "foreach" => kept.extend(values),
                        _ if Value::collected(values).truth() => kept.push(item),
                        _ => {}
                    }
                }
                self.set("_", before, at)?;
                return Ok(Value::list(kept));
            }
            _ => {}
        }
        method(target, &lower, &arguments)
            .and_then(|found| {
                found.ok_or_else(|| match target {
                    Value::Null => Wrong::error("You cannot call a method on a null-valued expression."),
                    _ => Wrong::unsupported(format!(
                        "the method `{name}` of [{}] with these values",
                        types::full_name(target)
                    )),
                })
            })
            .map_err(|wrong| wrong.at(at))
    }
}

/// None where the value has no such method here.
fn method(target: &Value, name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    match (target, name, arguments) {
        (Value::Null, ..) => return Ok(None),
        (_, "gettype", []) => {
            let full = types::full_name(target);
            let plain = types::plain_name(&full);
            let known = types::shown_name(&plain) == full;
            return Ok(Some(Value::Type(if known { plain } else { full }.into())));
        }
        (_, "equals", [other]) => return Ok(Some(Value::Bool(operators::same(target, other, true)?))),
        (Value::Integer(_) | Value::Double(_) | Value::Date(_), "tostring", [pattern]) => {
            return Ok(Some(Value::text(operators::format_value(target, &pattern.show())?)));
        }
        (_, "tostring", []) => {
            return Ok(Some(Value::text(match target {
                Value::List(list) if list.grows => "System.Collections.ArrayList".to_owned(),
                Value::List(_) => "System.Object[]".to_owned(),
                other => other.show(),
            })));
        }
        (_, "compareto", [other]) => {
            let order = operators::order(target, other, true)?;
            return Ok(Some(Value::Integer(order as i64)));
        }
        _ => {}
    }
    match target {
        Value::Text(known) => text::method(known, name, arguments),
        Value::List(list) => list_method(list, name, arguments),
        Value::Table(table) => table_method(table, name, arguments),
        Value::Date(ticks) => date_method(*ticks, name, arguments),
        Value::Span(ticks) => match (name, arguments) {
            ("add", [Value::Span(other)]) => Ok(Some(Value::Span(ticks + other))),
            ("subtract", [Value::Span(other)]) => Ok(Some(Value::Span(ticks - other))),
            _ => Ok(None),
        },
        _ => Ok(None),
    }
}

#[expect(clippy::too_many_lines, reason = "a table of methods")]
fn list_method(list: &Rc<crate::value::List>, name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let find = |wanted: &Value| -> Result<Option<usize>, Wrong> {
        for (place, item) in list.items.borrow().iter().enumerate() {
            if operators::same(item, wanted, true)? {
                return Ok(Some(place));
            }
        }
        Ok(None)
    };
    match (name, arguments) {
        ("contains", [wanted]) => return Ok(Some(Value::Bool(find(wanted)?.is_some()))),
        ("indexof", [wanted]) => {
            return Ok(Some(find(wanted)?.map_or(Value::Integer(-1), Value::count)));
        }
        ("clone" | "toarray", []) => return Ok(Some(Value::list(list.items.borrow().clone()))),
        ("getenumerator", []) => return Ok(Some(Value::list(list.items.borrow().clone()))),
        _ => {}
    }
    if !list.grows {
        if matches!(name, "add" | "remove" | "removeat" | "insert" | "clear" | "addrange") {
            return Err(Wrong::typed(
                &[
                    "System.Management.Automation.MethodInvocationException",
                    "System.NotSupportedException",
                ],
                format!(
                    "Exception calling \"{}\" with \"{}\" argument(s): \"Collection was of a fixed size.\"",
                    title(name),
                    arguments.len()
                ),
            ));
        }
        return Ok(None);
    }
    let position = |value: &Value, length: usize| -> Result<usize, Wrong> {
        let place = value.integer()?;
        usize::try_from(place)
            .ok()
            .filter(|place| *place <= length)
            .ok_or_else(|| {
                Wrong::error("Index was out of range. Must be non-negative and less than the size of the collection.")
            })
    };
    match (name, arguments) {
        ("add", [value]) => {
            let mut items = list.items.borrow_mut();
            items.push(value.clone());
            return Ok(Some(if list.generic {
                nothing()
            } else {
                Value::count(items.len() - 1)
            }));
        }
        ("addrange", [values]) => list.items.borrow_mut().extend(values.items()),
        ("clear", []) => list.items.borrow_mut().clear(),
        ("remove", [wanted]) => {
            let place = find(wanted)?;
            if let Some(place) = place {
                list.items.borrow_mut().remove(place);
            }
            if list.generic {
                return Ok(Some(Value::Bool(place.is_some())));
            }
        }
        ("removeat", [place]) => {
            let length = list.items.borrow().len();
            let place = position(place, length.saturating_sub(1))?;
            if place < length {
                list.items.borrow_mut().remove(place);
            }
        }
        ("insert", [place, value]) => {
            let place = position(place, list.items.borrow().len())?;
            list.items.borrow_mut().insert(place, value.clone());
        }
        ("reverse", []) => list.items.borrow_mut().reverse(),
        ("sort", []) => {
            let mut failed = Ok(());
            list.items.borrow_mut().sort_by(|left, right| {
                operators::order(left, right, false).unwrap_or_else(|wrong| {
                    failed = Err(wrong);
                    std::cmp::Ordering::Equal
                })
            });
            failed?;
        }
        _ => return Ok(None),
    }
    Ok(Some(nothing()))
}

/// What a method without a result gives: no value at all, rather than a null.
fn nothing() -> Value {
    Value::list(Vec::new())
}

fn title(name: &str) -> String {
    match name {
        "removeat" => "RemoveAt".to_owned(),
        "addrange" => "AddRange".to_owned(),
        name => name[..1].to_uppercase() + &name[1..],
    }
}

fn table_method(
    table: &Rc<std::cell::RefCell<crate::value::Table>>,
    name: &str,
    arguments: &[Value],
) -> Result<Option<Value>, Wrong> {
    if table.borrow().is_object() {
        return Ok(None);
    }
    match (name, arguments) {
        ("containskey" | "contains", [key]) => return Ok(Some(Value::Bool(table.borrow().get(key).is_some()))),
        ("containsvalue", [wanted]) => {
            for (_, value) in &table.borrow().entries {
                if operators::same(value, wanted, true)? {
                    return Ok(Some(Value::Bool(true)));
                }
            }
            return Ok(Some(Value::Bool(false)));
        }
        ("getenumerator", []) => return Ok(Some(Value::list(operators::entries(&table.borrow())))),
        ("clone", []) => {
            let table = table.borrow();
            return Ok(Some(Value::table(table.kind.clone(), table.entries.clone())));
        }
        ("add", [key, value]) => {
            let mut table = table.borrow_mut();
            if table.get(key).is_some() {
                return Err(Wrong::typed(
                    &[
                        "System.Management.Automation.MethodInvocationException",
                        "System.ArgumentException",
                    ],
                    format!(
                        "Exception calling \"Add\" with \"2\" argument(s): \"Item has already been added. Key in dictionary: '{0}'  Key being added: '{0}'\"",
                        key.show()
                    ),
                ));
            }
            table.entries.push((key.clone(), value.clone()));
        }
        ("remove", [key]) => {
            let mut table = table.borrow_mut();
            if let Some(place) = table.place(key) {
                table.entries.remove(place);
            }
        }
        ("clear", []) => table.borrow_mut().entries.clear(),
        _ => return Ok(None),
    }
    Ok(Some(nothing()))
}

fn date_method(ticks: i64, name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let [argument] = arguments else {
        return Ok(match (name, arguments) {
            ("toshortdatestring", []) => Some(Value::text(moment::format(ticks, "d")?)),
            ("tolongdatestring", []) => Some(Value::text(moment::format(ticks, "D")?)),
            ("toshorttimestring", []) => Some(Value::text(moment::format(ticks, "t")?)),
            ("touniversaltime" | "tolocaltime", []) => Some(Value::Date(ticks)),
            _ => None,
        });
    };
    let later = |unit: i64| -> Result<Option<Value>, Wrong> {
        Ok(Some(Value::Date(
            ticks + (argument.double()? * unit as f64).round() as i64,
        )))
    };
    match name {
        "adddays" => later(moment::DAY),
        "addhours" => later(3600 * moment::SECOND),
        "addminutes" => later(60 * moment::SECOND),
        "addseconds" => later(moment::SECOND),
        "addmilliseconds" => later(moment::SECOND / 1000),
        "addmonths" => Ok(Some(Value::Date(moment::add_months(ticks, argument.integer()?)?))),
        "addyears" => Ok(Some(Value::Date(moment::add_months(ticks, argument.integer()? * 12)?))),
        "add" | "subtract" => {
            operators::apply(if name == "add" { "+" } else { "-" }, &Value::Date(ticks), argument).map(Some)
        }
        _ => Ok(None),
    }
}

/// A match of a regular expression as an object.
pub fn found(captures: &fancy_regex::Captures<'_, str>) -> Value {
    let whole = captures.get(0);
    let group = |place: usize| {
        let group = captures.get(place);
        let fields = vec![
            ("Success", Value::Bool(group.is_some())),
            ("Value", Value::text(group.map_or("", |group| group.as_str()))),
        ];
        Value::object(Kind::Object("System.Text.RegularExpressions.Group"), fields)
    };
    let fields = vec![
        ("Groups", Value::list((0..captures.len()).map(group).collect())),
        ("Success", Value::Bool(whole.is_some())),
        ("Index", Value::count(whole.map_or(0, |whole| whole.start()))),
        (
            "Length",
            Value::count(whole.map_or(0, |whole| whole.as_str().chars().count())),
        ),
        ("Value", Value::text(whole.map_or("", |whole| whole.as_str()))),
    ];
    Value::object(Kind::Object("System.Text.RegularExpressions.Match"), fields)
}

/// Compiles a pattern as `[regex]` takes it, which minds case.
pub fn exact(pattern: &Value) -> Result<fancy_regex::Regex, Wrong> {
    patterns::regex(&pattern.show(), true)
}
