//! Values and how they turn into text, numbers, truth and JSON.

use std::cell::RefCell;
use std::rc::Rc;

use crate::syntax::Body;

/// Whole numbers stay below this, where .NET and Rust print them alike.
pub const LARGEST: i64 = 1_000_000_000_000_000;

/// The entries of a hash table or an object, in the order they were added.
#[derive(Debug)]
pub struct Table {
    pub object: bool,
    pub entries: Vec<(Value, Value)>,
}

/// A value of the language.
#[derive(Clone, Debug)]
pub enum Value {
    Null,
    Bool(bool),
    Integer(i64),
    Double(f64),
    Text(Rc<str>),
    List(Rc<RefCell<Vec<Value>>>),
    Table(Rc<RefCell<Table>>),
    Block(Rc<Body>),
    /// What `catch` sees as `$_`; `true` for its `Exception`.
    Error(Rc<str>, bool),
}

impl Value {
    pub fn text(text: impl AsRef<str>) -> Self {
        Value::Text(Rc::from(text.as_ref()))
    }

    pub fn list(items: Vec<Value>) -> Self {
        Value::List(Rc::new(RefCell::new(items)))
    }

    pub fn table(object: bool, entries: Vec<(Value, Value)>) -> Self {
        Value::Table(Rc::new(RefCell::new(Table { object, entries })))
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
            Value::List(items) => items.borrow().clone(),
            other => vec![other.clone()],
        }
    }

    pub fn truth(&self) -> bool {
        match self {
            Value::Null => false,
            Value::Bool(value) => *value,
            Value::Integer(value) => *value != 0,
            Value::Double(value) => *value != 0.0,
            Value::Text(text) => !text.is_empty(),
            Value::List(items) => match items.borrow().as_slice() {
                [] => false,
                [one] => one.truth(),
                _ => true,
            },
            Value::Table(_) | Value::Block(_) | Value::Error(..) => true,
        }
    }

    /// The text this value has inside a string.
    pub fn show(&self) -> Result<String, String> {
        Ok(match self {
            Value::Null => String::new(),
            Value::Bool(true) => "True".to_owned(),
            Value::Bool(false) => "False".to_owned(),
            Value::Integer(value) => value.to_string(),
            Value::Double(value) => show_double(*value)?,
            Value::Text(text) => text.to_string(),
            Value::List(items) => {
                let shown: Result<Vec<String>, String> = items.borrow().iter().map(Value::show_inside).collect();
                shown?.join(" ")
            }
            Value::Table(table) if !table.borrow().object => "System.Collections.Hashtable".to_owned(),
            Value::Table(_) => return Err("an object as text; name a property or use ConvertTo-Json".to_owned()),
            Value::Block(_) => return Err("a script block as text".to_owned()),
            Value::Error(message, false) => message.to_string(),
            Value::Error(_, true) => return Err("an exception as text; use its Message".to_owned()),
        })
    }

    fn show_inside(&self) -> Result<String, String> {
        match self {
            Value::List(_) => Ok("System.Object[]".to_owned()),
            other => other.show(),
        }
    }

    /// The value as a number.
    pub fn number(&self) -> Result<Value, String> {
        match self {
            Value::Null => Ok(Value::Integer(0)),
            Value::Bool(value) => Ok(Value::Integer(i64::from(*value))),
            Value::Integer(_) | Value::Double(_) => Ok(self.clone()),
            Value::Text(text) => {
                let trimmed = text.trim();
                let plain = trimmed
                    .chars()
                    .all(|character| character.is_ascii_digit() || "+-.".contains(character));
                match (trimmed.parse::<i64>(), trimmed.parse::<f64>()) {
                    (Ok(value), _) if value.abs() < LARGEST => Ok(Value::Integer(value)),
                    (Err(_), Ok(value)) if plain => Ok(Value::Double(value)),
                    _ if trimmed.is_empty() => Ok(Value::Integer(0)),
                    _ => Err(format!("Cannot convert value \"{text}\" to a number.")),
                }
            }
            _ => Err("Cannot convert this value to a number.".to_owned()),
        }
    }

    pub fn double(&self) -> Result<f64, String> {
        match self.number()? {
            Value::Integer(value) => Ok(value as f64),
            Value::Double(value) => Ok(value),
            _ => Err("Cannot convert this value to a number.".to_owned()),
        }
    }

    /// The value as a whole number, halves going to the even neighbour as .NET rounds them.
    pub fn integer(&self) -> Result<i64, String> {
        match self.number()? {
            Value::Integer(value) => Ok(value),
            Value::Double(value) if value.abs() < LARGEST as f64 => Ok(value.round_ties_even() as i64),
            _ => Err("Cannot convert this value to a whole number.".to_owned()),
        }
    }
}

/// A double as .NET prints it, where it needs no exponent.
fn show_double(value: f64) -> Result<String, String> {
    let size = value.abs();
    match size == 0.0 || (1e-4..1e15).contains(&size) {
        true => Ok(value.to_string()),
        false => Err("a number that needs an exponent".to_owned()),
    }
}

/// A value as `ConvertTo-Json -Compress` writes it.
pub fn to_json(value: &Value, depth: usize) -> Result<serde_json::Value, String> {
    use serde_json::Value as Json;
    if depth > 2 && matches!(value, Value::List(_) | Value::Table(_)) {
        return Err("ConvertTo-Json deeper than its default depth of 2".to_owned());
    }
    Ok(match value {
        Value::Null => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Integer(value) => Json::from(*value),
        Value::Double(value) => {
            show_double(*value)?;
            Json::from(*value)
        }
        Value::Text(text)
            if text
                .chars()
                .any(|character| character == '\u{7f}' || character > '\u{fff}') =>
        {
            return Err("ConvertTo-Json of this character".to_owned());
        }
        Value::Text(text) => Json::from(text.to_string()),
        Value::List(items) => Json::Array(
            items
                .borrow()
                .iter()
                .map(|item| to_json(item, depth + 1))
                .collect::<Result<_, _>>()?,
        ),
        Value::Table(table) => {
            let mut object = serde_json::Map::new();
            for (key, value) in &table.borrow().entries {
                object.insert(key.show()?, to_json(value, depth + 1)?);
            }
            Json::Object(object)
        }
        Value::Block(_) | Value::Error(..) => return Err("ConvertTo-Json of this value".to_owned()),
    })
}
