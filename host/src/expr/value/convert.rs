//! Values from and to JSON and Rust's own types.

use std::sync::Arc;

use super::Value;
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
