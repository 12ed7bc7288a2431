//! Members of types: `[math]::Round(…)`, `[string]::Join(…)`, `[datetime]::new(…)` and the like.

use std::rc::Rc;

use crate::fault::{ErrorRecord, Wrong};
use crate::syntax::At;
use crate::value::{Kind, Value};
use crate::{members, moment, operators, patterns, text, types};

/// A static property, or with arguments a static method or constructor.
pub fn member(name: &str, member: &str, arguments: Option<&[Value]>) -> Result<Value, Wrong> {
    let unsupported = || {
        let brackets = if arguments.is_some() { "(…)" } else { "" };
        Wrong::unsupported(format!("`[{name}]::{member}{brackets}` with these values"))
    };
    let found = match arguments {
        None => property(name, member),
        Some(arguments) if member == "new" => construct(name, arguments)?,
        Some(arguments) => match name {
            "math" => math(member, arguments)?,
            "string" => string(member, arguments)?,
            "datetime" => date(member, arguments)?,
            "timespan" => span(member, arguments)?,
            "regex" => regex(member, arguments)?,
            "io.path" => path(member, arguments)?,
            "int" | "long" | "double" | "bool" if member == "parse" => {
                let [value] = arguments else { return Err(unsupported()) };
                Some(types::cast(name, value.clone())?)
            }
            "char" => character(member, arguments)?,
            "guid" if member == "newguid" => None,
            "array" if matches!(member, "reverse" | "sort") => {
                let [Value::List(list)] = arguments else {
                    return Err(unsupported());
                };
                match member {
                    "reverse" => list.items.borrow_mut().reverse(),
                    _ => list.items.borrow_mut().sort_by(|left, right| {
                        operators::order(left, right, false).unwrap_or(std::cmp::Ordering::Equal)
                    }),
                }
                Some(Value::Null)
            }
            "array" if member == "indexof" => {
                let [list @ Value::List(_), wanted] = arguments else {
                    return Err(unsupported());
                };
                let items = list.items();
                let mut place = Value::Integer(-1);
                for (number, item) in items.iter().enumerate() {
                    if operators::same(item, wanted, true)? {
                        place = Value::count(number);
                        break;
                    }
                }
                Some(place)
            }
            "convert" => convert(member, arguments)?,
            _ => None,
        },
    };
    found.ok_or_else(unsupported)
}

fn property(name: &str, member: &str) -> Option<Value> {
    Some(match (name, member) {
        ("int", "maxvalue") => Value::Integer(i64::from(i32::MAX)),
        ("int", "minvalue") => Value::Integer(i64::from(i32::MIN)),
        ("long", "maxvalue") => Value::Integer(i64::MAX),
        ("long", "minvalue") => Value::Integer(i64::MIN),
        ("byte", "maxvalue") => Value::Integer(255),
        ("double", "maxvalue") => Value::Double(f64::MAX),
        ("double", "nan") => Value::Double(f64::NAN),
        ("math", "pi") => Value::Double(std::f64::consts::PI),
        ("math", "e") => Value::Double(std::f64::consts::E),
        ("string", "empty") => Value::text(""),
        ("datetime", "now" | "utcnow") => Value::Date(moment::now()),
        ("datetime", "today") => Value::Date(moment::now() / moment::DAY * moment::DAY),
        ("datetime", "minvalue") => Value::Date(0),
        ("timespan", "zero") => Value::Span(0),
        ("environment", "newline") => Value::text("\n"),
        ("io.path", "directoryseparatorchar") => Value::Char('/'),
        ("stringsplitoptions", "removeemptyentries") => Value::text("RemoveEmptyEntries"),
        ("stringsplitoptions", "none") => Value::text("None"),
        ("stringcomparison", "ordinalignorecase") => Value::text("OrdinalIgnoreCase"),
        ("stringcomparison", "invariantcultureignorecase") => Value::text("InvariantCultureIgnoreCase"),
        ("stringcomparison", "currentcultureignorecase") => Value::text("CurrentCultureIgnoreCase"),
        _ => return None,
    })
}

/// Makes an object of a type.
pub fn construct(name: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    if name.ends_with("exception") {
        let message = match arguments {
            [] => format!("Exception of type '{}' was thrown.", exception_name(name)),
            [message, ..] => message.show(),
        };
        return Ok(Some(Value::Exception(Rc::new(ErrorRecord {
            types: vec![exception_name(name)],
            id: message.clone(),
            message,
            target: Value::Null,
            at: At { line: 1, column: 1 },
        }))));
    }
    Ok(Some(match (name, arguments) {
        ("arraylist", []) => Value::growing(Vec::new()),
        ("arraylist", [Value::List(list)]) => Value::growing(list.items.borrow().clone()),
        ("list", []) => Value::generic(Vec::new()),
        ("list", [Value::List(list)]) => Value::generic(list.items.borrow().clone()),
        ("hashtable", []) => Value::table(Kind::Hash, Vec::new()),
        ("ordered", []) => Value::table(Kind::Ordered, Vec::new()),
        ("pscustomobject" | "object", []) => Value::table(crate::value::CUSTOM, Vec::new()),
        ("datetime", numbers) if (3..=7).contains(&numbers.len()) => {
            let numbers: Result<Vec<i64>, Wrong> = numbers.iter().map(Value::integer).collect();
            let mut numbers = numbers?;
            numbers.resize(7, 0);
            let day = moment::from_date(numbers[0], numbers[1], numbers[2])?;
            let seconds = (numbers[3] * 60 + numbers[4]) * 60 + numbers[5];
            Value::Date(day + seconds * moment::SECOND + numbers[6] * 10_000)
        }
        ("timespan", numbers) if (1..=4).contains(&numbers.len()) => {
            let numbers: Result<Vec<i64>, Wrong> = numbers.iter().map(Value::integer).collect();
            Value::Span(match numbers?.as_slice() {
                [ticks] => *ticks,
                [hours, minutes, seconds] => ((hours * 60 + minutes) * 60 + seconds) * moment::SECOND,
                [days, hours, minutes, seconds] => {
                    days * moment::DAY + ((hours * 60 + minutes) * 60 + seconds) * moment::SECOND
                }
                _ => return Ok(None),
            })
        }
        ("string", [letter, count]) => Value::text(letter.show().repeat(count.size()?.min(8 << 20))),
        _ => return Ok(None),
    }))
}

fn exception_name(name: &str) -> String {
    match name {
        "exception" => "System.Exception",
        "argumentexception" => "System.ArgumentException",
        "argumentnullexception" => "System.ArgumentNullException",
        "invalidoperationexception" => "System.InvalidOperationException",
        "io.filenotfoundexception" => "System.IO.FileNotFoundException",
        "io.ioexception" => "System.IO.IOException",
        "notimplementedexception" => "System.NotImplementedException",
        "notsupportedexception" => "System.NotSupportedException",
        "timeoutexception" => "System.TimeoutException",
        "unauthorizedaccessexception" => "System.UnauthorizedAccessException",
        "formatexception" => "System.FormatException",
        "dividebyzeroexception" => "System.DivideByZeroException",
        "runtimeexception" => crate::fault::RUNTIME,
        other => return format!("System.{other}"),
    }
    .to_owned()
}

fn math(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let whole = arguments.iter().all(|value| matches!(value, Value::Integer(_)));
    Ok(Some(match (member, arguments) {
        ("abs", [Value::Integer(value)]) => Value::Integer(value.abs()),
        ("abs", [value]) => Value::Double(value.double()?.abs()),
        ("max", [left, right]) if whole => Value::Integer(left.integer()?.max(right.integer()?)),
        ("min", [left, right]) if whole => Value::Integer(left.integer()?.min(right.integer()?)),
        ("max", [left, right]) => Value::Double(left.double()?.max(right.double()?)),
        ("min", [left, right]) => Value::Double(left.double()?.min(right.double()?)),
        ("round", [value]) => Value::Double(value.double()?.round_ties_even()),
        ("round", [value, places]) => Value::Double(rounded(value.double()?, places.integer()?)),
        ("floor", [value]) => Value::Double(value.double()?.floor()),
        ("ceiling", [value]) => Value::Double(value.double()?.ceil()),
        ("truncate", [value]) => Value::Double(value.double()?.trunc()),
        ("sqrt", [value]) => Value::Double(value.double()?.sqrt()),
        ("pow", [base, power]) => Value::Double(base.double()?.powf(power.double()?)),
        ("sign", [value]) => Value::Integer(match value.double()? {
            number if number > 0.0 => 1,
            number if number < 0.0 => -1,
            _ => 0,
        }),
        ("log10", [value]) => Value::Double(value.double()?.log10()),
        ("log", [value]) => Value::Double(value.double()?.ln()),
        ("exp", [value]) => Value::Double(value.double()?.exp()),
        _ => return Ok(None),
    }))
}

/// Halves go to the even neighbour, as .NET rounds by scaling.
fn rounded(value: f64, places: i64) -> f64 {
    let scale = 10_f64.powi(i32::try_from(places.clamp(0, 15)).unwrap_or(0));
    (value * scale).round_ties_even() / scale
}

fn string(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    Ok(Some(match (member, arguments) {
        ("isnullorempty", [value]) => Value::Bool(value.show().is_empty()),
        ("isnullorwhitespace", [value]) => Value::Bool(value.show().trim().is_empty()),
        ("join", [separator, values]) => Value::text(operators::join(values, &separator.show())),
        ("join", [separator, values @ ..]) => {
            Value::text(operators::join(&Value::list(values.to_vec()), &separator.show()))
        }
        ("concat", values) => Value::text(operators::join(&Value::list(values.to_vec()), "")),
        ("format", values) => text::format(values)?,
        ("compare", [left, right]) => Value::Integer(operators::order_text(&left.show(), &right.show(), true) as i64),
        _ => return Ok(None),
    }))
}

fn date(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    Ok(Some(match (member, arguments) {
        ("parse", [text]) => Value::Date(moment::parse(&text.show())?),
        ("isleapyear", [year]) => Value::Bool(moment::is_leap(year.integer()?)),
        ("daysinmonth", [year, month]) => Value::Integer(moment::days_in_month(year.integer()?, month.integer()?)),
        _ => return Ok(None),
    }))
}

fn span(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let [value] = arguments else { return Ok(None) };
    let of = |unit: i64| -> Result<Option<Value>, Wrong> {
        Ok(Some(Value::Span((value.double()? * unit as f64).round() as i64)))
    };
    match member {
        "fromdays" => of(moment::DAY),
        "fromhours" => of(3600 * moment::SECOND),
        "fromminutes" => of(60 * moment::SECOND),
        "fromseconds" => of(moment::SECOND),
        "frommilliseconds" => of(moment::SECOND / 1000),
        "parse" => Ok(Some(Value::Span(moment::parse_span(&value.show())?))),
        _ => Ok(None),
    }
}

fn regex(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    Ok(Some(match (member, arguments) {
        ("escape", [text]) => Value::text(fancy_regex::escape(&text.show())),
        ("ismatch", [text, pattern]) => {
            Value::Bool(patterns::captures(&members::exact(pattern)?, &text.show())?.is_some())
        }
        ("match", [text, pattern]) => {
            let text = text.show();
            match patterns::captures(&members::exact(pattern)?, &text)? {
                Some(captures) => members::found(&captures),
                None => {
                    let fields = vec![("Success", Value::Bool(false)), ("Value", Value::text(""))];
                    Value::object(Kind::Object("System.Text.RegularExpressions.Match"), fields)
                }
            }
        }
        ("matches", [text, pattern]) => {
            let text = text.show();
            let all = patterns::all(&members::exact(pattern)?, &text)?;
            Value::list(all.iter().map(members::found).collect())
        }
        ("replace", [text, pattern, with]) if !matches!(with, Value::Block(_)) => operators::apply(
            "creplace",
            &Value::text(text.show()),
            &Value::list(vec![pattern.clone(), with.clone()]),
        )?,
        ("split", [text, pattern]) => operators::split(text, pattern, true)?,
        _ => return Ok(None),
    }))
}

fn path(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    use crate::files::{extension, leaf, parent, stem};
    let shown: Vec<String> = arguments.iter().map(Value::show).collect();
    let strings: Vec<&str> = shown.iter().map(String::as_str).collect();
    Ok(Some(match (member, strings.as_slice()) {
        ("getfilename", [path]) => Value::text(leaf(path)),
        ("getfilenamewithoutextension", [path]) => Value::text(stem(leaf(path))),
        ("getextension", [path]) => Value::text(extension(leaf(path))),
        ("getdirectoryname", [path]) => Value::text(parent(path)),
        ("combine", [first, rest @ ..]) => Value::text(
            rest.iter()
                .fold((*first).to_owned(), |path, next| crate::files::join(&path, next)),
        ),
        _ => return Ok(None),
    }))
}

fn character(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    let [value] = arguments else { return Ok(None) };
    let Value::Char(letter) = types::cast("char", value.clone())? else {
        return Ok(None);
    };
    Ok(Some(match member {
        "isdigit" => Value::Bool(letter.is_numeric()),
        "isletter" => Value::Bool(letter.is_alphabetic()),
        "isletterordigit" => Value::Bool(letter.is_alphanumeric()),
        "iswhitespace" => Value::Bool(letter.is_whitespace()),
        "isupper" => Value::Bool(letter.is_uppercase()),
        "islower" => Value::Bool(letter.is_lowercase()),
        "toupper" => letter.to_uppercase().next().map_or(Value::Null, Value::Char),
        "tolower" => letter.to_lowercase().next().map_or(Value::Null, Value::Char),
        _ => return Ok(None),
    }))
}

fn convert(member: &str, arguments: &[Value]) -> Result<Option<Value>, Wrong> {
    Ok(Some(match (member, arguments) {
        ("toint32", [value]) => types::cast("int", value.clone())?,
        ("todouble", [value]) => types::cast("double", value.clone())?,
        ("tostring", [value]) => Value::text(value.show()),
        ("toboolean", [value]) => Value::Bool(value.truth()),
        ("toint32", [text, base]) => {
            let base = u32::try_from(base.integer()?)
                .ok()
                .filter(|base| matches!(base, 2 | 8 | 10 | 16));
            let base = base.ok_or_else(|| Wrong::error("Invalid Base."))?;
            let number = i64::from_str_radix(&text.show(), base);
            Value::Integer(number.map_err(|_| Wrong::error("Could not find any recognizable digits."))?)
        }
        ("tostring", [Value::Integer(number), Value::Integer(2)]) => Value::text(format!("{number:b}")),
        ("tostring", [Value::Integer(number), Value::Integer(16)]) => Value::text(format!("{number:x}")),
        ("tostring", [Value::Integer(number), Value::Integer(8)]) => Value::text(format!("{number:o}")),
        _ => return Ok(None),
    }))
}
