//! Values to YAML, laid out as Kestra does: no document marker, as few quotes as possible, lists moved in by one.

use std::fmt::{self, Write};

use crate::expr::evaluate::Limited;
use crate::expr::value::{Entries, Value};

/// Writes a value as one YAML document with a line end; fails when the text grows too long.
pub(in crate::expr) fn write(value: &Value) -> Result<String, fmt::Error> {
    let mut text = String::new();
    let mut writer = Writer {
        out: Limited(&mut text),
    };
    match value {
        Value::Map(map) if !map.entries().is_empty() => writer.map(map.entries(), 0, true)?,
        Value::List(list) if !list.items().is_empty() => writer.list(list.items(), 0, true)?,
        other => writer.scalar(other, 2)?,
    }
    Ok(text)
}

/// Words that some readers of YAML take for something else than text.
const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "<<", "="];
/// The longest key that may stand before a `:` without a `?`.
const LONGEST_KEY: usize = 1000;

struct Writer<'o> {
    out: Limited<'o>,
}

impl Writer<'_> {
    fn pad(&mut self, indent: usize) -> fmt::Result {
        write!(self.out, "{:indent$}", "")
    }

    /// Writes the entries, each on a line of its own; the first may stand on a line that is begun.
    fn map(&mut self, entries: &Entries, indent: usize, new_line: bool) -> fmt::Result {
        for (position, (key, value)) in entries.iter().enumerate() {
            if position > 0 || new_line {
                self.pad(indent)?;
            }
            let key = plain(key).map_or_else(|| quoted(key), str::to_owned);
            if key.len() > LONGEST_KEY {
                writeln!(self.out, "? {key}")?;
                self.pad(indent)?;
            } else {
                self.out.write_str(&key)?;
            }
            self.out.write_char(':')?;
            self.under(value, indent)?;
        }
        Ok(())
    }

    /// Writes what stands after a key and its `:`.
    fn under(&mut self, value: &Value, indent: usize) -> fmt::Result {
        match value {
            Value::Map(map) if !map.entries().is_empty() => {
                self.out.write_char('\n')?;
                self.map(map.entries(), indent + 2, true)
            }
            Value::List(list) if !list.items().is_empty() => {
                self.out.write_char('\n')?;
                self.list(list.items(), indent, true)
            }
            other => {
                self.out.write_char(' ')?;
                self.scalar(other, indent + 2)
            }
        }
    }

    fn list(&mut self, items: &[Value], indent: usize, new_line: bool) -> fmt::Result {
        for (position, item) in items.iter().enumerate() {
            if position > 0 || new_line {
                self.pad(indent + 1)?;
            }
            self.out.write_str("- ")?;
            match item {
                Value::Map(map) if !map.entries().is_empty() => self.map(map.entries(), indent + 3, false)?,
                Value::List(list) if !list.items().is_empty() => self.list(list.items(), indent + 2, false)?,
                other => self.scalar(other, indent + 3)?,
            }
        }
        Ok(())
    }

    /// Writes a value that is no collection with anything in it, and a line end. Lines of text are moved in.
    fn scalar(&mut self, value: &Value, indent: usize) -> fmt::Result {
        match value {
            Value::Float(float) if float.is_nan() => self.out.write_str(".nan\n"),
            Value::Float(float) if float.is_infinite() => {
                let sign = if *float < 0.0 { "-" } else { "" };
                writeln!(self.out, "{sign}.inf")
            }
            Value::String(text) => self.text(text, indent),
            Value::Instant(_) | Value::Zoned(_) => self.text(&value.to_string(), indent),
            other => {
                other.write_json(&mut self.out)?;
                self.out.write_char('\n')
            }
        }
    }

    fn text(&mut self, text: &str, indent: usize) -> fmt::Result {
        if let Some(plain) = plain(text) {
            return writeln!(self.out, "{plain}");
        }
        let Some(ending) = block_ending(text) else {
            return writeln!(self.out, "{}", quoted(text));
        };
        writeln!(self.out, "|{ending}")?;
        for line in text.strip_suffix('\n').unwrap_or(text).split('\n') {
            if !line.is_empty() {
                self.pad(indent)?;
            }
            writeln!(self.out, "{line}")?;
        }
        Ok(())
    }
}

/// The text itself, where a reader takes it for just that.
fn plain(text: &str) -> Option<&str> {
    let shown = !text.is_empty() && !text.chars().any(is_hidden) && text.trim() == text;
    let word = WORDS.iter().any(|word| word.eq_ignore_ascii_case(text));
    let reads_back = || matches!(super::read(text), Ok(Value::String(read)) if *read == *text);
    (shown && !word && reads_back()).then_some(text)
}

/// What says how a block of lines ends; nothing for texts that no block can hold.
fn block_ending(text: &str) -> Option<&'static str> {
    let hidden = text.chars().any(|c| c != '\n' && is_hidden(c));
    if hidden || !text.contains('\n') || text.starts_with([' ', '\n']) {
        return None;
    }
    let blank_line = text.split('\n').any(|line| !line.is_empty() && line.trim().is_empty());
    match text {
        _ if blank_line => None,
        _ if text.ends_with("\n\n") => Some("+"),
        _ if text.ends_with('\n') => Some(""),
        _ => Some("-"),
    }
}

fn is_hidden(c: char) -> bool {
    c.is_control() || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if is_hidden(c) => quoted.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{Value, write};
    use crate::model::Json;

    fn check(json: Json, expected: &str) {
        assert_eq!(write(&Value::from(json)).unwrap(), expected);
    }

    #[test]
    fn collections_are_laid_out_in_blocks() {
        check(json!(["string", 1, 1.123]), " - string\n - 1\n - 1.123\n");
        check(
            json!({"a": 1, "b": {"c": true, "d": null}}),
            "a: 1\nb:\n  c: true\n  d: null\n",
        );
        check(json!({"a": ["x", ["w", "z"]]}), "a:\n - x\n - - w\n   - z\n");
        check(json!([{"a": 1, "b": [2]}, {}]), " - a: 1\n   b:\n    - 2\n - {}\n");
        check(json!({"a": [], "b": {}}), "a: []\nb: {}\n");
        check(json!({"": 1, "a: b": 2, "1": 3}), "\"\": 1\n\"a: b\": 2\n\"1\": 3\n");
    }

    #[test]
    fn scalars_are_quoted_only_where_they_must_be() {
        check(json!("string"), "string\n");
        check(json!("two words, and: more"), "\"two words, and: more\"\n");
        check(json!("it's 5 o'clock #1"), "\"it's 5 o'clock #1\"\n");
        check(json!("a/b#c:d"), "a/b#c:d\n");
        check(json!("2013-09-08T16:19:00+02:00"), "2013-09-08T16:19:00+02:00\n");
        check(
            json!(["1", "true", "", "Yes", " x", "- y", "null"]),
            " - \"1\"\n - \"true\"\n - \"\"\n - \"Yes\"\n - \" x\"\n - \"- y\"\n - \"null\"\n",
        );
        check(json!(true), "true\n");
        check(json!(1), "1\n");
        assert_eq!(write(&Value::from(f64::NAN)).unwrap(), ".nan\n");
        assert_eq!(write(&Value::from(f64::NEG_INFINITY)).unwrap(), "-.inf\n");
    }

    #[test]
    fn lines_become_a_block() {
        check(json!("a\nb"), "|-\n  a\n  b\n");
        check(json!({"k": "a\n\nb\n"}), "k: |\n  a\n\n  b\n");
        check(json!(["a\nb\n\n"]), " - |+\n   a\n   b\n\n");
        check(json!(" a\nb"), "\" a\\nb\"\n");
        check(json!("a\r\nb"), "\"a\\r\\nb\"\n");
    }
}
