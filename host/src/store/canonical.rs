//! Canonical JSON (RFC 8785) that loses nothing.
//!
//! The RFC writes every number as a double, so that integers beyond ±(2^53 − 1) would be rounded; cloud providers
//! hand out ids of 64 bits. As the RFC advises, such integers are written as text; the places where they stood are
//! kept, so that reading gives the same numbers back.

use serde::ser::Error as _;
use serde_json::{Error, Number};

use crate::model::{Json, JsonMap};

const LARGEST_SAFE: u64 = (1 << 53) - 1;

/// How deep data may nest, so that it can be read back: serde_json gives up at 128.
const DEPTH: usize = 120;

/// Writes a value as canonical text. Integers that do not fit a double are written in full; where the text must be
/// canonical to others too, they are to be set aside first.
///
/// The crate that does this writes numbers here and is the measure of the tests; it copies what it writes once per
/// level, which took most of the time of recording.
pub(super) fn text(value: &Json) -> Result<String, Error> {
    let mut text = String::new();
    write(value, 0, &mut text)?;
    Ok(text)
}

/// Writes an object as [`text`] does.
pub(super) fn map_text(map: &JsonMap) -> Result<String, Error> {
    let mut text = String::new();
    write_map(map, 0, &mut text)?;
    Ok(text)
}

fn write(value: &Json, depth: usize, text: &mut String) -> Result<(), Error> {
    match value {
        Json::Null => text.push_str("null"),
        Json::Bool(true) => text.push_str("true"),
        Json::Bool(false) => text.push_str("false"),
        Json::Number(number) if number.is_f64() => text.push_str(&serde_json_canonicalizer::to_string(number)?),
        Json::Number(integer) => text.push_str(&integer.to_string()),
        Json::String(string) => write_string(string, text)?,
        Json::Object(map) => write_map(map, depth, text)?,
        Json::Array(items) => {
            check_depth(depth)?;
            text.push('[');
            for (index, item) in items.iter().enumerate() {
                separate(index, text);
                write(item, depth + 1, text)?;
            }
            text.push(']');
        }
    }
    Ok(())
}

fn write_map(map: &JsonMap, depth: usize, text: &mut String) -> Result<(), Error> {
    check_depth(depth)?;
    let mut entries: Vec<(&String, &Json)> = map.iter().collect();
    entries.sort_unstable_by(|(left, _), (right, _)| left.encode_utf16().cmp(right.encode_utf16()));
    text.push('{');
    for (index, (key, value)) in entries.into_iter().enumerate() {
        separate(index, text);
        write_string(key, text)?;
        text.push(':');
        write(value, depth + 1, text)?;
    }
    text.push('}');
    Ok(())
}

fn separate(index: usize, text: &mut String) {
    if index > 0 {
        text.push(',');
    }
}

/// The escapes of serde_json are those of the RFC.
fn write_string(string: &str, text: &mut String) -> Result<(), Error> {
    let plain = |byte: u8| byte >= 0x20 && byte != b'"' && byte != b'\\';
    if string.bytes().all(plain) {
        text.push('"');
        text.push_str(string);
        text.push('"');
    } else {
        text.push_str(&serde_json::to_string(string)?);
    }
    Ok(())
}

fn check_depth(depth: usize) -> Result<(), Error> {
    match depth < DEPTH {
        true => Ok(()),
        false => Err(Error::custom(format!("more than {DEPTH} levels"))),
    }
}

/// Gives every number the form it has after it was written as canonical text and read back: `2.0` becomes `2`.
pub(super) fn settle(value: &mut Json) -> Result<(), Error> {
    match value {
        Json::Array(items) => items.iter_mut().try_for_each(settle),
        Json::Object(map) => map.values_mut().try_for_each(settle),
        Json::Number(number) if number.is_f64() => {
            *value = serde_json::from_str(&text(value)?)?;
            Ok(())
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => Ok(()),
    }
}

/// Turns the integers that no double holds into text and returns where they stand, as JSON pointers (RFC 6901).
pub(super) fn set_integers_aside(value: &mut Json) -> Vec<String> {
    let mut places = Vec::new();
    if holds_wide_integers(value) {
        replace_integers(value, &mut String::new(), &mut places);
    }
    places
}

fn holds_wide_integers(value: &Json) -> bool {
    match value {
        Json::Array(items) => items.iter().any(holds_wide_integers),
        Json::Object(map) => map.values().any(holds_wide_integers),
        Json::Number(number) => !fits_a_double(number),
        Json::Null | Json::Bool(_) | Json::String(_) => false,
    }
}

fn replace_integers(value: &mut Json, place: &mut String, places: &mut Vec<String>) {
    let length = place.len();
    match value {
        Json::Array(items) => {
            for (index, item) in items.iter_mut().enumerate() {
                place.push('/');
                place.push_str(&index.to_string());
                replace_integers(item, place, places);
                place.truncate(length);
            }
        }
        Json::Object(map) => {
            for (key, item) in map.iter_mut() {
                place.push('/');
                place.push_str(&key.replace('~', "~0").replace('/', "~1"));
                replace_integers(item, place, places);
                place.truncate(length);
            }
        }
        Json::Number(number) if !fits_a_double(number) => {
            places.push(place.clone());
            *value = Json::String(number.to_string());
        }
        Json::Null | Json::Bool(_) | Json::Number(_) | Json::String(_) => {}
    }
}

fn fits_a_double(number: &Number) -> bool {
    let size = number.as_u64().or_else(|| number.as_i64().map(i64::unsigned_abs));
    size.is_none_or(|size| size <= LARGEST_SAFE)
}

/// Turns the text at these places back into the integers they were.
pub(super) fn restore_integers(value: &mut Json, places: &[String]) -> Result<(), Error> {
    for place in places {
        if let Some(Json::String(digits)) = value.pointer(place) {
            let number: Number = serde_json::from_str(digits)?;
            if let Some(slot) = value.pointer_mut(place) {
                *slot = Json::Number(number);
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn round_trip(value: &Json) -> Json {
        let mut written = value.clone();
        let places = set_integers_aside(&mut written);
        let mut read = serde_json::from_str(&text(&written).unwrap()).unwrap();
        restore_integers(&mut read, &places).unwrap();
        read
    }

    #[test]
    fn keys_sort_by_utf16_and_numbers_take_their_shortest_form() {
        let value = json!({"\u{fb33}": 1, "\u{1f600}": 2, "b": 2.0, "a": 1e21, "z": -0.0, "\n": 0.1});
        assert_eq!(
            text(&value).unwrap(),
            "{\"\\n\":0.1,\"a\":1e+21,\"b\":2,\"z\":0,\"\u{1f600}\":2,\"\u{fb33}\":1}"
        );
    }

    #[test]
    fn integers_of_64_bits_come_back_exactly() {
        let value = json!({"a/b~c": [1, 9007199254740991_u64, 9007199254740992_u64, u64::MAX], "low": i64::MIN, "s": "9007199254740993"});
        assert_eq!(round_trip(&value), value);
        let mut written = value;
        let places = set_integers_aside(&mut written);
        assert_eq!(places, ["/a~1b~0c/2", "/a~1b~0c/3", "/low"]);
    }

    #[test]
    fn data_that_could_not_be_read_back_is_refused() {
        let nested = |levels: usize| (0..levels).fold(Json::Null, |inner, _| json!([inner]));
        assert!(serde_json::from_str::<Json>(&text(&nested(120)).unwrap()).is_ok());
        assert!(text(&nested(121)).is_err());
    }

    fn any_value() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            Just(Json::Null),
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            any::<String>().prop_map(Json::from),
        ];
        leaf.prop_recursive(4, 32, 5, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..5).prop_map(Json::from),
                prop::collection::vec((any::<String>(), inner), 0..5)
                    .prop_map(|m| Json::Object(m.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn the_text_is_that_of_the_reference(value in any_value()) {
            prop_assert_eq!(text(&value).unwrap(), serde_json_canonicalizer::to_string(&value).unwrap());
        }

        /// Fails without the `float_roundtrip` feature of serde_json.
        #[test]
        fn a_settled_number_is_written_and_read_unchanged(float in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL, integer in any::<i64>()) {
            let mut value = json!([float, integer, float.trunc()]);
            settle(&mut value).unwrap();
            prop_assert_eq!(round_trip(&value), value.clone());
            let again = value.clone();
            settle(&mut value).unwrap();
            prop_assert_eq!(value, again);
        }
    }
}
