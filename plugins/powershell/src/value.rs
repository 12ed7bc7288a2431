//! Values and how they turn into text, numbers and truth.

use std::cell::RefCell;
use std::rc::Rc;

use crate::fault::{ErrorRecord, Wrong};
use crate::moment;
use crate::number::show_double;
use crate::syntax::Body;

/// An array, or a list that grows in place.
#[derive(Debug)]
pub struct List {
    pub grows: bool,
    /// Whether it is a generic list, whose `Add` gives nothing.
    pub generic: bool,
    pub items: RefCell<Vec<Value>>,
}

/// What a table is: a hash table, one that promises its order, or an object of a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    Hash,
    Ordered,
    Object(&'static str),
}

/// The type of objects that scripts make.
pub const CUSTOM: Kind = Kind::Object("System.Management.Automation.PSCustomObject");

/// The entries of a hash table or an object, in the order they were added.
#[derive(Debug)]
pub struct Table {
    pub kind: Kind,
    pub entries: Vec<(Value, Value)>,
}

impl Table {
    pub fn is_object(&self) -> bool {
        matches!(self.kind, Kind::Object(_))
    }

    /// The value of a key, whatever its case.
    pub fn get(&self, key: &Value) -> Option<&Value> {
        self.place(key).map(|place| &self.entries[place].1)
    }

    pub fn field(&self, name: &str) -> Option<&Value> {
        self.entries
            .iter()
            .find(|(key, _)| matches!(key, Value::Text(key) if same_text(key, name)))
            .map(|(_, value)| value)
    }

    pub fn place(&self, key: &Value) -> Option<usize> {
        self.entries.iter().position(|(known, _)| same_key(known, key))
    }

    pub fn set(&mut self, key: Value, value: Value) {
        match self.place(&key) {
            Some(place) => self.entries[place].1 = value,
            None => self.entries.push((key, value)),
        }
    }

    /// The names of the entries, as text.
    pub fn names(&self) -> Vec<String> {
        self.entries.iter().map(|(key, _)| key.show()).collect()
    }
}

fn same_key(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Text(left), Value::Text(right)) => same_text(left, right),
        (Value::Integer(left), Value::Integer(right)) => left == right,
        (Value::Double(left), Value::Double(right)) => left == right,
        (Value::Bool(left), Value::Bool(right)) => left == right,
        (Value::Char(left), Value::Char(right)) => left == right,
        (Value::Date(left), Value::Date(right)) => left == right,
        _ => false,
    }
}

/// Whether two texts are the same but for case.
pub fn same_text(left: &str, right: &str) -> bool {
    left == right || left.to_lowercase() == right.to_lowercase()
}

/// A value of the language.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Double(f64),
    Char(char),
    Text(Rc<str>),
    List(Rc<List>),
    Table(Rc<RefCell<Table>>),
    Block(Rc<Body>),
    /// An instant of .NET: units of 100 ns since the year 1.
    Date(i64),
    /// A length of time in units of 100 ns.
    Span(i64),
    /// A type, by its name in small letters.
    Type(Rc<str>),
    /// What `catch` sees as `$_`.
    Error(Rc<ErrorRecord>),
    Exception(Rc<ErrorRecord>),
}

impl Value {
    pub fn text(text: impl AsRef<str>) -> Self {
        Value::Text(Rc::from(text.as_ref()))
    }

    pub fn list(items: Vec<Value>) -> Self {
        Value::List(Rc::new(List {
            grows: false,
            generic: false,
            items: RefCell::new(items),
        }))
    }

    pub fn growing(items: Vec<Value>) -> Self {
        Value::List(Rc::new(List {
            grows: true,
            generic: false,
            items: RefCell::new(items),
        }))
    }

    pub fn generic(items: Vec<Value>) -> Self {
        Value::List(Rc::new(List {
            grows: true,
            generic: true,
            items: RefCell::new(items),
        }))
    }

    pub fn table(kind: Kind, entries: Vec<(Value, Value)>) -> Self {
        Value::Table(Rc::new(RefCell::new(Table { kind, entries })))
    }

    /// An object with properties of these names.
    pub fn object(kind: Kind, fields: Vec<(&str, Value)>) -> Self {
        let entries = fields
            .into_iter()
            .map(|(name, value)| (Value::text(name), value))
            .collect();
        Value::table(kind, entries)
    }

    pub fn count(count: usize) -> Self {
        Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }

    /// What a pipeline that gave these values is worth.
    pub fn collected(mut items: Vec<Value>) -> Self {
        match items.len() {
            0 => Value::Null,
            1 => items.remove(0),
            _ => Value::list(items),
        }
    }

    /// The values a pipeline takes from this one.
    pub fn items(&self) -> Vec<Value> {
        match self {
            Value::List(list) => list.items.borrow().clone(),
            other => vec![other.clone()],
        }
    }

    pub fn truth(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Integer(value) => *value != 0,
            Value::Double(value) => *value != 0.0,
            Value::Char(value) => *value != '\0',
            Value::Text(text) => !text.is_empty(),
            Value::List(list) => match list.items.borrow().as_slice() {
                [] => false,
                [one] => one.truth(),
                _ => true,
            },
            _ => true,
        }
    }

    /// The text this value has inside a string.
    pub fn show(&self) -> String {
        match self {
            Value::Null => String::new(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Double(value) => show_double(*value),
            Value::Char(value) => value.to_string(),
            Value::Text(text) => text.to_string(),
            Value::List(list) => {
                let shown: Vec<String> = list.items.borrow().iter().map(Value::show_inside).collect();
                shown.join(" ")
            }
            Value::Table(table) => show_table(&table.borrow()),
            Value::Block(body) => body.source.clone(),
            Value::Date(ticks) => moment::show(*ticks),
            Value::Span(ticks) => moment::show_span(*ticks),
            Value::Type(name) => crate::types::shown_name(name),
            Value::Error(error) => error.message.clone(),
            Value::Exception(error) => format!("{}: {}", error.types[0], error.message),
        }
    }

    /// The text this value has inside another one's.
    fn show_inside(&self) -> String {
        match self {
            Value::List(list) if list.grows => "System.Collections.ArrayList".to_owned(),
            Value::List(_) => "System.Object[]".to_owned(),
            Value::Table(table) if table.borrow().kind == CUSTOM => String::new(),
            other => other.show(),
        }
    }

    /// The value as a number.
    pub fn number(&self) -> Result<Value, Wrong> {
        match self {
            Value::Null => Ok(Value::Integer(0)),
            Value::Bool(value) => Ok(Value::Integer(i64::from(*value))),
            Value::Char(value) => Ok(Value::Integer(i64::from(u32::from(*value)))),
            Value::Integer(_) | Value::Double(_) => Ok(self.clone()),
            Value::Text(text) => parse_number(text).ok_or_else(|| {
                Wrong::error(format!(
                    "Cannot convert value \"{text}\" to type \"System.Int32\". Error: \"The input string '{text}' was not in a \
                     correct format.\""
                ))
            }),
            other => Err(Wrong::error(format!(
                "Cannot convert the \"{}\" value of type \"{}\" to type \"System.Int32\".",
                other.show(),
                crate::types::full_name(other)
            ))),
        }
    }

    pub fn double(&self) -> Result<f64, Wrong> {
        match self.number()? {
            Value::Integer(value) => Ok(value as f64),
            Value::Double(value) => Ok(value),
            _ => Err(Wrong::error("Cannot convert this value to a number.")),
        }
    }

    /// The value as a whole number, halves going to the even neighbour as .NET rounds them.
    pub fn integer(&self) -> Result<i64, Wrong> {
        match self.number()? {
            Value::Integer(value) => Ok(value),
            Value::Double(value) if value.abs() < 9e18 => Ok(value.round_ties_even() as i64),
            other => Err(Wrong::error(format!(
                "Cannot convert value \"{}\" to type \"System.Int64\". Error: \"Value was either too large or too small for an \
                 Int64.\"",
                other.show()
            ))),
        }
    }

    /// The value as a count of things; negative ones are none.
    pub fn size(&self) -> Result<usize, Wrong> {
        Ok(usize::try_from(self.integer()?).unwrap_or(0))
    }
}

/// Reads a number as PowerShell converts texts: signs, hexadecimal, a fraction, an exponent.
pub fn parse_number(text: &str) -> Option<Value> {
    let text = text.trim();
    if text.is_empty() {
        return Some(Value::Integer(0));
    }
    let (sign, digits) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if let Some(hexadecimal) = digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        return i64::from_str_radix(hexadecimal, 16)
            .ok()
            .map(|value| Value::Integer(sign * value));
    }
    let plain = digits.starts_with(|first: char| first.is_ascii_digit() || first == '.')
        && digits
            .chars()
            .all(|digit| digit.is_ascii_digit() || "+-.eE".contains(digit));
    match (text.parse::<i64>(), text.parse::<f64>()) {
        (Ok(value), _) => Some(Value::Integer(value)),
        (Err(_), Ok(value)) if plain => Some(Value::Double(value)),
        _ => None,
    }
}

fn show_table(table: &Table) -> String {
    match table.kind {
        Kind::Hash => "System.Collections.Hashtable".to_owned(),
        Kind::Ordered => "System.Collections.Specialized.OrderedDictionary".to_owned(),
        Kind::Object("System.IO.FileInfo" | "System.IO.DirectoryInfo") => {
            table.field("FullName").map(Value::show).unwrap_or_default()
        }
        Kind::Object("System.Management.Automation.PathInfo") => {
            table.field("Path").map(Value::show).unwrap_or_default()
        }
        Kind::Object("Microsoft.PowerShell.Commands.MatchInfo") => {
            table.field("Line").map(Value::show).unwrap_or_default()
        }
        Kind::Object("System.Text.RegularExpressions.Match" | "System.Text.RegularExpressions.Group") => {
            table.field("Value").map(Value::show).unwrap_or_default()
        }
        Kind::Object(name) if table.kind != CUSTOM => match table.field("Name") {
            Some(name) => name.show(),
            None => name.to_owned(),
        },
        Kind::Object(_) => {
            let fields: Vec<String> = table
                .entries
                .iter()
                .map(|(name, value)| format!("{}={}", name.show(), value.show_inside()))
                .collect();
            format!("@{{{}}}", fields.join("; "))
        }
    }
}
