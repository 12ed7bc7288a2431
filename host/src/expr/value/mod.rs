//! The values an expression works with. Cloning one is cheap whatever its size.
//!
//! Lists and maps remember how deep and how heavy they are, so that a template that doubles a value in a loop can be
//! stopped before the value fills the memory, and before anything that walks it fills the stack.

mod convert;
mod order;
mod text;

use std::sync::Arc;

use indexmap::IndexMap;
use jiff::ZonedDateTime;

use crate::model::Timestamp;

/// A value: what JSON knows, and moments in time.
#[derive(Debug, Clone)]
pub enum Value {
    Null,
    Boolean(bool),
    Integer(i64),
    Float(f64),
    String(Arc<str>),
    List(List),
    Map(Map),
    /// A moment, shown in UTC.
    Instant(Timestamp),
    /// A moment together with the clock on the wall.
    Zoned(Arc<ZonedDateTime>),
}

/// An ordered sequence of values.
#[derive(Debug, Clone)]
pub struct List(Arc<(Measure, Vec<Value>)>);

/// Values by name, in the order they were put in.
#[derive(Debug, Clone)]
pub struct Map(Arc<(Measure, Entries)>);

/// The entries of a [`Map`].
pub type Entries = IndexMap<Arc<str>, Value>;

/// How large a value is, counted once when it is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Measure {
    /// Levels of lists and maps.
    pub depth: usize,
    /// About how many bytes it would take written out, a shared part counted each time it occurs.
    pub weight: usize,
    /// Whether it holds moments, which JSON has no kind for.
    pub dated: bool,
}

impl Measure {
    const SCALAR_WEIGHT: usize = 16;

    fn of_parts<'a>(parts: impl Iterator<Item = (usize, &'a Value)>) -> Self {
        let mut whole = Self {
            depth: 0,
            weight: Self::SCALAR_WEIGHT,
            dated: false,
        };
        for (key_weight, value) in parts {
            let part = value.measure();
            whole.depth = whole.depth.max(part.depth);
            whole.weight = whole.weight.saturating_add(part.weight).saturating_add(key_weight);
            whole.dated |= part.dated;
        }
        whole.depth += 1;
        whole
    }
}

impl List {
    /// The values, first to last.
    pub fn items(&self) -> &[Value] {
        &self.0.1
    }

    /// The values, taken out; copied only when others hold the list too.
    pub(super) fn into_items(self) -> Vec<Value> {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.1.clone(), |owned| owned.1)
    }
}

impl Map {
    /// The entries, in their order.
    pub fn entries(&self) -> &Entries {
        &self.0.1
    }

    /// The value of that name.
    pub fn get(&self, key: &str) -> Option<&Value> {
        self.0.1.get(key)
    }

    /// The entries, taken out; copied only when others hold the map too.
    pub(super) fn into_entries(self) -> Entries {
        Arc::try_unwrap(self.0).map_or_else(|shared| shared.1.clone(), |owned| owned.1)
    }
}

impl FromIterator<Value> for Value {
    fn from_iter<T: IntoIterator<Item = Value>>(items: T) -> Self {
        Value::list(items.into_iter().collect())
    }
}

impl<K: Into<Arc<str>>> FromIterator<(K, Value)> for Value {
    fn from_iter<T: IntoIterator<Item = (K, Value)>>(entries: T) -> Self {
        Value::map(entries.into_iter().map(|(key, value)| (key.into(), value)).collect())
    }
}

impl Value {
    /// A list of these values.
    pub fn list(items: Vec<Value>) -> Self {
        let measure = Measure::of_parts(items.iter().map(|item| (0, item)));
        Value::List(List(Arc::new((measure, items))))
    }

    /// A map of these entries.
    pub fn map(entries: Entries) -> Self {
        let weighed = entries
            .iter()
            .map(|(key, value)| (Measure::SCALAR_WEIGHT + key.len(), value));
        let measure = Measure::of_parts(weighed);
        Value::Map(Map(Arc::new((measure, entries))))
    }

    /// The kind of value in the user's words, such as `string`.
    pub fn kind(&self) -> &'static str {
        match self {
            Value::Null => "null",
            Value::Boolean(_) => "boolean",
            Value::Integer(_) | Value::Float(_) => "number",
            Value::String(_) => "string",
            Value::List(_) => "list",
            Value::Map(_) => "map",
            Value::Instant(_) | Value::Zoned(_) => "date",
        }
    }

    /// Whether this is null.
    pub fn is_null(&self) -> bool {
        matches!(self, Value::Null)
    }

    /// The text, when this is a string.
    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::String(text) => Some(text),
            _ => None,
        }
    }

    /// The values, when this is a list.
    pub fn as_list(&self) -> Option<&[Value]> {
        match self {
            Value::List(list) => Some(list.items()),
            _ => None,
        }
    }

    /// The entries, when this is a map.
    pub fn as_map(&self) -> Option<&Entries> {
        match self {
            Value::Map(map) => Some(map.entries()),
            _ => None,
        }
    }

    pub(super) fn measure(&self) -> Measure {
        match self {
            Value::List(list) => list.0.0,
            Value::Map(map) => map.0.0,
            Value::String(text) => Measure {
                depth: 0,
                weight: Measure::SCALAR_WEIGHT.saturating_add(text.len()),
                dated: false,
            },
            Value::Instant(_) | Value::Zoned(_) => Measure {
                depth: 0,
                weight: 2 * Measure::SCALAR_WEIGHT,
                dated: true,
            },
            Value::Null | Value::Boolean(_) | Value::Integer(_) | Value::Float(_) => Measure {
                depth: 0,
                weight: Measure::SCALAR_WEIGHT,
                dated: false,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Value;

    #[test]
    fn a_list_knows_its_depth_and_counts_shared_parts_each_time() {
        let leaf = Value::from("x".repeat(84));
        let pair = Value::list(vec![leaf.clone(), leaf]);
        let nested = Value::list(vec![pair.clone(), pair]);
        assert_eq!(
            (nested.measure().depth, nested.measure().weight),
            (2, 16 + 2 * (16 + 2 * 100))
        );
        assert!(!nested.measure().dated);
        assert!(
            Value::list(vec![Value::Instant(crate::model::Timestamp::UNIX_EPOCH)])
                .measure()
                .dated
        );
    }
}
