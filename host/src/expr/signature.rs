//! What filters and functions take: the shape the checker holds calls against, and the arguments as they arrive.

use super::error::Problem;
use super::value::{Entries, Value};

/// One parameter of a filter or a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parameter {
    pub name: &'static str,
    pub required: bool,
}

pub(super) const fn required(name: &'static str) -> Parameter {
    Parameter { name, required: true }
}

pub(super) const fn optional(name: &'static str) -> Parameter {
    Parameter { name, required: false }
}

/// The arguments of one call, by the position of their parameter. Null counts as not given.
#[derive(Debug, Clone)]
pub(super) struct Given {
    /// What is called, such as ``filter `join` ``.
    pub callee: (&'static str, &'static str),
    pub parameters: &'static [Parameter],
    pub values: Vec<Option<Value>>,
    pub rest: Vec<Value>,
}

impl Given {
    /// The argument for the parameter at this position.
    pub(super) fn get(&self, position: usize) -> Option<&Value> {
        self.values.get(position)?.as_ref().filter(|value| !value.is_null())
    }

    /// The argument, without which the call makes no sense.
    pub(super) fn need(&self, position: usize) -> Result<&Value, Problem> {
        self.get(position).ok_or_else(|| {
            let (kind, name) = self.callee;
            let parameter = self.parameters[position].name;
            Problem::wrong_argument(format!(
                "the {kind} `{name}` needs the argument `{parameter}`, which is null"
            ))
        })
    }

    /// The argument as text.
    pub(super) fn text(&self, position: usize) -> Result<Option<&str>, Problem> {
        self.convert(position, "a string", Value::as_str)
    }

    /// The argument as text, which must be given.
    pub(super) fn need_text(&self, position: usize) -> Result<&str, Problem> {
        self.need(position)?;
        Ok(self.text(position)?.unwrap_or_default())
    }

    /// The argument as a whole number.
    pub(super) fn integer(&self, position: usize) -> Result<Option<i64>, Problem> {
        self.convert(position, "a whole number", |value| match value {
            Value::Integer(integer) => Some(*integer),
            Value::Float(float) if float.fract() == 0.0 && float.abs() < 9e15 => Some(*float as i64),
            _ => None,
        })
    }

    /// The argument as a whole number, which must be given.
    pub(super) fn need_integer(&self, position: usize) -> Result<i64, Problem> {
        self.need(position)?;
        Ok(self.integer(position)?.unwrap_or_default())
    }

    /// The argument as a count, which cannot be negative.
    pub(super) fn need_count(&self, position: usize) -> Result<usize, Problem> {
        let count = self.need_integer(position)?;
        usize::try_from(count).map_err(|_| self.wrong(position, format!("cannot be negative, and is {count}")))
    }

    /// Whether the argument is true; false when not given.
    pub(super) fn flag(&self, position: usize) -> Result<bool, Problem> {
        let flag = self.convert(position, "true or false", |value| match value {
            Value::Boolean(boolean) => Some(*boolean),
            _ => None,
        })?;
        Ok(flag.unwrap_or(false))
    }

    /// The argument as a map, which must be given.
    pub(super) fn need_map(&self, position: usize) -> Result<&Entries, Problem> {
        self.need(position)?;
        let map = self.convert(position, "a map", Value::as_map)?;
        Ok(map.expect("the argument was just found to be given"))
    }

    /// Says what is wrong with the argument at this position.
    pub(super) fn wrong(&self, position: usize, what: impl std::fmt::Display) -> Problem {
        let (kind, name) = self.callee;
        let parameter = self.parameters[position].name;
        Problem::wrong_argument(format!("the argument `{parameter}` of the {kind} `{name}` {what}"))
    }

    /// Says that the filter cannot work on a value of this kind.
    pub(super) fn wrong_input(&self, expected: &str, input: &Value) -> Problem {
        let (kind, name) = self.callee;
        Problem::wrong_type(format!(
            "the {kind} `{name}` works on {expected}, not on a {}",
            input.kind()
        ))
    }

    fn convert<'v, T>(
        &'v self,
        position: usize,
        expected: &str,
        convert: impl Fn(&'v Value) -> Option<T>,
    ) -> Result<Option<T>, Problem> {
        let Some(value) = self.get(position) else {
            return Ok(None);
        };
        let converted = convert(value);
        converted
            .map(Some)
            .ok_or_else(|| self.wrong(position, format!("must be {expected}, not a {}", value.kind())))
    }
}
