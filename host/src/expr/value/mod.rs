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

    /// Changes the value under a key, which is null where the key is new. The entries are copied only when others hold
    /// the map too.
    fn change(&mut self, key: &str, change: impl FnOnce(&mut Value)) {
        if Arc::get_mut(&mut self.0).is_none() {
            self.0 = Arc::new((self.0.0, self.0.1.clone()));
        }
        let (whole, entries) = Arc::get_mut(&mut self.0).expect("nobody else holds a map that was just made");
        let before = match entries.get(key) {
            Some(value) => value.measure().weight,
            None => {
                entries.insert(Arc::from(key), Value::Null);
                whole.weight = whole.weight.saturating_add(Measure::SCALAR_WEIGHT + key.len());
                0
            }
        };
        let value = entries.get_mut(key).expect("the key was just found or put in");
        change(value);
        let after = value.measure();
        whole.weight = whole.weight.saturating_add(after.weight).saturating_sub(before);
        // A map that says it is deeper than it is now does no harm.
        whole.depth = whole.depth.max(after.depth + 1);
        whole.dated |= after.dated;
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

    /// Puts a value where a path of keys leads; what is on the way and no map becomes one.
    pub fn insert_at(&mut self, path: &[&str], value: Value) {
        let [key, rest @ ..] = path else {
            *self = value;
            return;
        };
        if !matches!(self, Value::Map(_)) {
            *self = Value::map(Entries::new());
        }
        if let Value::Map(map) = self {
            map.change(key, |child| child.insert_at(rest, value));
        }
    }

    /// Removes a key from a map.
    pub fn remove(&mut self, key: &str) {
        if let Value::Map(map) = self {
            let kept = map.entries().iter().filter(|(known, _)| &***known != key);
            *self = kept.map(|(known, value)| (known.clone(), value.clone())).collect();
        }
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
    fn a_value_put_in_weighs_as_much_as_one_that_was_there_from_the_start() {
        let mut value = Value::Null;
        value.insert_at(&["make", "a"], Value::from("first"));
        value.insert_at(&["make", "b"], Value::from(2_i64));
        value.insert_at(&["make", "a"], Value::from("x"));
        let whole = Value::from(serde_json::json!({"make": {"a": "x", "b": 2}}));
        assert_eq!(value.to_string(), whole.to_string());
        assert_eq!(value.measure(), whole.measure());
        let held = value.clone();
        value.insert_at(&["make", "c"], Value::from(3_i64));
        assert_eq!(held.to_string(), whole.to_string());
        value.remove("make");
        assert_eq!(value.to_string(), "{}");
    }

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
