//! Values from and to JSON and Rust's own types.

use std::borrow::Cow;
use std::sync::Arc;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Entries, Value};
use crate::model::{Json, JsonMap, Timestamp};

impl From<Json> for Value {
    fn from(json: Json) -> Self {
        match json {
            Json::Null => Value::Null,
            Json::Bool(boolean) => Value::Boolean(boolean),
            // Whole numbers beyond 64 bits lose digits, as they do in most readers of JSON.
            Json::Number(number) => match number.as_i64() {
                Some(integer) => Value::Integer(integer),
                None => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
            },
            Json::String(text) => Value::from(text),
            Json::Array(items) => items.into_iter().map(Value::from).collect(),
            Json::Object(entries) => Value::from(entries),
        }
    }
}

impl Value {
    /// Reads JSON text, without a tree of JSON in between.
    pub fn from_json_text(text: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<Read>(text).map(|read| read.0)
    }
}

/// A value as it is read.
struct Read(Value);

impl<'de> Deserialize<'de> for Read {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader).map(Read)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, boolean: bool) -> Result<Value, E> {
        Ok(Value::Boolean(boolean))
    }

    fn visit_i64<E>(self, integer: i64) -> Result<Value, E> {
        Ok(Value::Integer(integer))
    }

    fn visit_u64<E>(self, integer: u64) -> Result<Value, E> {
        Ok(i64::try_from(integer).map_or(Value::Float(integer as f64), Value::Integer))
    }

    fn visit_f64<E>(self, float: f64) -> Result<Value, E> {
        Ok(Value::Float(float))
    }

    fn visit_str<E>(self, text: &str) -> Result<Value, E> {
        Ok(Value::from(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(Read(item)) = items.next_element()? {
            list.push(item);
        }
        Ok(Value::list(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut map = Entries::new();
        while let Some((key, Read(value))) = entries.next_entry::<Cow<'de, str>, Read>()? {
            map.insert(Arc::from(key.as_ref()), value);
        }
        Ok(Value::map(map))
    }
}

impl From<JsonMap> for Value {
    fn from(entries: JsonMap) -> Self {
        entries
            .into_iter()
            .map(|(key, value)| (key, Value::from(value)))
            .collect()
    }
}

impl From<&Json> for Value {
    fn from(json: &Json) -> Self {
        match json {
            Json::String(text) => Value::from(text.as_str()),
            Json::Array(items) => items.iter().map(Value::from).collect(),
            Json::Object(entries) => Value::from(entries),
            scalar => Value::from(scalar.clone()),
        }
    }
}

impl From<&JsonMap> for Value {
    fn from(entries: &JsonMap) -> Self {
        entries
            .iter()
            .map(|(key, value)| (key.as_str(), Value::from(value)))
            .collect()
    }
}

impl From<&Value> for Json {
    /// The value as JSON; moments become text, and numbers that JSON has no digits for become null.
    fn from(value: &Value) -> Self {
        match value {
            Value::Null => Json::Null,
            Value::Boolean(boolean) => Json::Bool(*boolean),
            Value::Integer(integer) => Json::from(*integer),
            Value::Float(float) => Json::from(*float),
            Value::String(text) => Json::String(text.as_ref().to_owned()),
            Value::List(list) => list.items().iter().map(Json::from).collect(),
            Value::Map(map) => Json::Object(
                map.entries()
                    .iter()
                    .map(|(key, value)| (key.as_ref().to_owned(), Json::from(value)))
                    .collect(),
            ),
            Value::Instant(_) | Value::Zoned(_) => Json::String(value.to_string()),
        }
    }
}

impl From<Value> for Json {
    fn from(value: Value) -> Self {
        Json::from(&value)
    }
}

impl From<bool> for Value {
    fn from(boolean: bool) -> Self {
        Value::Boolean(boolean)
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Value::Integer(integer)
    }
}

impl From<usize> for Value {
    fn from(count: usize) -> Self {
        Value::Integer(i64::try_from(count).unwrap_or(i64::MAX))
    }
}

impl From<f64> for Value {
    fn from(float: f64) -> Self {
        Value::Float(float)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::String(Arc::from(text))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Value::String(Arc::from(text))
    }
}

impl From<Timestamp> for Value {
    fn from(instant: Timestamp) -> Self {
        Value::Instant(instant)
    }
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Value::Null, Into::into)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Json, Value};

    #[test]
    fn json_survives_the_way_there_and_back() {
        let json = json!({"z": null, "a": [1, -2.5, true, "é\"\n", {}], "big": i64::MAX});
        assert_eq!(Json::from(Value::from(json.clone())), json);
        assert_eq!(Json::from(Value::from(&json)), json);
        assert_eq!(Json::from(Value::from(json!(u64::MAX))), json!(1.8446744073709552e19));
        assert_eq!(Json::from(Value::Float(f64::NAN)), Json::Null);
    }
}
