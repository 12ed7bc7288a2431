//! YAML to values, within bounds: an alias can stand for far more than it takes to write.

use std::cell::Cell;
use std::fmt;
use std::sync::Arc;

use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::expr::limits;
use crate::expr::value::{Entries, Value};

const TOO_LARGE: &str = "it is too large";

/// Reads one YAML document; answers what is wrong with it otherwise. Keys become text.
pub(in crate::expr) fn read(text: &str) -> Result<Value, String> {
    let left = Cell::new(limits::WEIGHT);
    let read = Bounded { left: &left }.deserialize(serde_yaml::Deserializer::from_str(text));
    read.map_err(|error| {
        // The place that serde_yaml adds means little for a limit.
        if left.get() == 0 {
            TOO_LARGE.to_owned()
        } else {
            error.to_string()
        }
    })
}

/// Reads a value as long as there is weight left.
#[derive(Clone, Copy)]
struct Bounded<'l> {
    left: &'l Cell<usize>,
}

impl Bounded<'_> {
    fn admit<E: Error>(self, value: Value) -> Result<Value, E> {
        let weight = match &value {
            Value::String(text) => 16 + text.len(),
            _ => 16,
        };
        match self.left.get().checked_sub(weight).filter(|left| *left > 0) {
            Some(left) => {
                self.left.set(left);
                Ok(value)
            }
            None => {
                self.left.set(0);
                Err(E::custom(TOO_LARGE))
            }
        }
    }
}

impl<'de> DeserializeSeed<'de> for Bounded<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Bounded<'_> {
    type Value = Value;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value without a tag")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        self.admit(Value::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Value, E> {
        self.admit(Value::Null)
    }

    fn visit_bool<E: Error>(self, boolean: bool) -> Result<Value, E> {
        self.admit(Value::Boolean(boolean))
    }

    fn visit_i64<E: Error>(self, integer: i64) -> Result<Value, E> {
        self.admit(Value::Integer(integer))
    }

    fn visit_u64<E: Error>(self, integer: u64) -> Result<Value, E> {
        self.admit(i64::try_from(integer).map_or(Value::Float(integer as f64), Value::Integer))
    }

    fn visit_f64<E: Error>(self, float: f64) -> Result<Value, E> {
        self.admit(Value::Float(float))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Value, E> {
        self.admit(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(self)? {
            list.push(item);
        }
        self.admit(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Entries::new();
        while let Some(key) = entries.next_key_seed(self)? {
            let key: Arc<str> = match key {
                Value::String(text) => text,
                Value::Null => "null".into(),
                other => other.to_string().into(),
            };
            map.insert(key, entries.next_value_seed(self)?);
        }
        self.admit(Value::map(map))
    }
}
