//! No text may make the expression language panic, run without end, or use the stack or the memory up.
//!
//! Run with `make fuzz` in the root of the repository.

#![no_main]

use begat_fuzz::expr::{Refusal, Scope, Surroundings, Template, Value};
use libfuzzer_sys::fuzz_target;
use serde_json::json;

/// Surroundings that answer everything with what they were asked for.
struct Echo;

impl Surroundings for Echo {
    fn environment(&self, name: &str) -> Result<Option<String>, Refusal> {
        Ok(Some(name.to_owned()))
    }

    fn secret(&self, key: &str, _namespace: Option<&str>) -> Result<Option<String>, Refusal> {
        Ok(Some(key.to_owned()))
    }

    fn key_value(&self, key: &str, _namespace: Option<&str>) -> Result<Option<Value>, Refusal> {
        Ok(Some(Value::from(key)))
    }

    fn file_size(&self, path: &str) -> Result<Option<u64>, Refusal> {
        Ok(Some(path.len() as u64))
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, Refusal> {
        Ok(path.as_bytes().to_vec())
    }

    fn error_logs(&self) -> Result<Vec<Value>, Refusal> {
        Ok(Vec::new())
    }
}

fuzz_target!(|source: &str| {
    let Ok(template) = Template::parse(source) else {
        return;
    };
    for reference in template.references() {
        assert!(!reference.path.is_empty());
        assert!(source.is_char_boundary(reference.span.start) && source.is_char_boundary(reference.span.end));
    }
    let now = "2026-02-03T04:05:06.789Z".parse().expect("a moment in ISO 8601");
    let scope = Scope::new(now)
        .with_surroundings(&Echo)
        .with("text", "a text")
        .with("number", 7i64)
        .with("list", Value::from(json!([1, "two", null, 4.5, [true]])))
        .with(
            "map",
            Value::from(json!({"a": 1, "b": {"c": [1, 2]}, "state": "FAILED"})),
        )
        .with("tasks", Value::from(json!({"a": {"state": "FAILED"}})))
        .with("taskrun", Value::from(json!({"value": "a"})));
    for error in [template.render(&scope).err(), template.evaluate(&scope).err()]
        .into_iter()
        .flatten()
    {
        assert!(error.span.start <= error.span.end && error.span.end <= source.len());
    }
});
