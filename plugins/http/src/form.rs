//! Fields of a form or a query as bytes.

use std::collections::BTreeMap;

use begat_task::Failure;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// A value as text; what is no text as JSON.
pub fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fields as a query or a form; a list gives a field several times, null none.
pub fn encoded(fields: &BTreeMap<String, Value>) -> String {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let pairs: Vec<String> = flat(fields)
        .map(|(name, value)| format!("{}={}", encode(name), encode(&text(value))))
        .collect();
    pairs.join("&")
}

/// Fields as parts (RFC 7578), and the content type with their boundary. A map with `name` and `content` is a file.
pub fn multipart(fields: &BTreeMap<String, Value>) -> Result<(Vec<u8>, String), Failure> {
    let parts: Vec<(String, String)> = flat(fields)
        .map(|(name, value)| part(name, value))
        .collect::<Result<_, _>>()?;
    // A boundary that is nowhere in the parts.
    let is_free = |boundary: &String| parts.iter().all(|(_, content)| !content.contains(boundary.as_str()));
    let boundary = (0..).map(|number| format!("begat-part-{number}")).find(is_free);
    let boundary = boundary.unwrap_or_default();
    let mut body = String::new();
    for (head, content) in parts {
        body += &format!("--{boundary}\r\n{head}\r\n\r\n{content}\r\n");
    }
    body += &format!("--{boundary}--\r\n");
    Ok((body.into_bytes(), format!("multipart/form-data; boundary={boundary}")))
}

fn part(name: &str, value: &Value) -> Result<(String, String), Failure> {
    // As browsers write names: what would end the header is escaped.
    let quoted = |text: &str| text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A");
    let disposition = format!("Content-Disposition: form-data; name=\"{}\"", quoted(name));
    let Value::Object(file) = value else {
        return Ok((disposition, text(value)));
    };
    match (file.get("name"), file.get("content"), file.len()) {
        (Some(Value::String(file_name)), Some(content), 2) => Ok((
            format!(
                "{disposition}; filename=\"{}\"\r\nContent-Type: application/octet-stream",
                quoted(file_name)
            ),
            text(content),
        )),
        _ => Err(Failure::invalid_properties(format!(
            "`formData.{name}` is a map; a file has `name` and `content`"
        ))),
    }
}

fn flat(fields: &BTreeMap<String, Value>) -> impl Iterator<Item = (&String, &Value)> {
    fields.iter().flat_map(|(name, value)| {
        let values: Vec<&Value> = match value {
            Value::Array(values) => values.iter().collect(),
            Value::Null => Vec::new(),
            other => vec![other],
        };
        values.into_iter().map(move |value| (name, value))
    })
}
