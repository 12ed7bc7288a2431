//! Filters that encode, decode and digest text.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sha2::Digest;

use super::{Filter, filter, on_text};
use crate::expr::error::Problem;
use crate::expr::evaluate::Host;
use crate::expr::signature::Given;
use crate::expr::value::Value;

pub(super) static FILTERS: &[Filter] = &[
    filter(
        "urlencode",
        &[],
        "safe in the query of a URL, as Java's URLEncoder does it",
        |v, g, _| on_text(&v, g, |text| Ok(url_encode(text).into())),
    ),
    filter("urldecode", &[], "the text that was made safe for a URL", url_decode),
    filter("base64encode", &[], "in base64", |v, g, _| {
        on_text(&v, g, |text| Ok(STANDARD.encode(text).into()))
    }),
    filter("base64decode", &[], "the text that is in base64", base64_decode),
    filter("md5", &[], "the MD5 digest in hexadecimal", |v, g, _| {
        on_text(&v, g, |text| Ok(hex(&md5::Md5::digest(text)).into()))
    }),
    filter("sha1", &[], "the SHA-1 digest in hexadecimal", |v, g, _| {
        on_text(&v, g, |text| Ok(hex(&sha1::Sha1::digest(text)).into()))
    }),
    filter("sha256", &[], "the SHA-256 digest in hexadecimal", |v, g, _| {
        on_text(&v, g, |text| Ok(hex(&sha2::Sha256::digest(text)).into()))
    }),
    filter("sha512", &[], "the SHA-512 digest in hexadecimal", |v, g, _| {
        on_text(&v, g, |text| Ok(hex(&sha2::Sha512::digest(text)).into()))
    }),
];

/// What `java.net.URLEncoder` leaves as it is, besides letters and digits; it makes a space a plus sign.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'.')
    .remove(b'-')
    .remove(b'*')
    .remove(b'_')
    .remove(b' ');

fn url_encode(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string().replace(' ', "+")
}

fn url_decode(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    on_text(&value, given, |text| {
        let spaced = text.replace('+', " ");
        let decoded = percent_decode_str(&spaced).decode_utf8();
        decoded
            .map(|text| Value::from(&*text))
            .map_err(|_| Problem::wrong_type("the text is not made of URL-encoded UTF-8"))
    })
}

fn base64_decode(value: Value, given: &Given, _: &Host<'_>) -> Result<Value, Problem> {
    on_text(&value, given, |text| {
        let bytes = STANDARD
            .decode(text)
            .map_err(|error| Problem::wrong_type(format!("the text is not in base64: {error}")))?;
        String::from_utf8(bytes)
            .map(Value::from)
            .map_err(|_| Problem::wrong_type("the base64 does not hold text"))
    })
}

fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|half| char::from(DIGITS[usize::from(half)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error};

    #[test]
    fn urls_are_encoded_as_java_does() {
        check(
            "{{ 'The string ü@foo-bar_*.~' | urlencode }}",
            "The+string+%C3%BC%40foo-bar_*.%7E",
        );
        check("{{ 'The+string+%C3%BC%40x' | urldecode }}", "The string ü@x");
        check_error(
            "{{ '%ff' | urldecode }}",
            "expression-type",
            "the text is not made of URL-encoded UTF-8",
        );
    }

    #[test]
    fn base64_goes_both_ways() {
        check(
            "{{ 'test é' | base64encode }} {{ 'dGVzdCDDqQ==' | base64decode }}",
            "dGVzdCDDqQ== test é",
        );
        check_error(
            "{{ '/w==' | base64decode }}",
            "expression-type",
            "the base64 does not hold text",
        );
        check_error(
            "{{ '*' | base64decode }}",
            "expression-type",
            "the text is not in base64: Invalid symbol 42, offset 0.",
        );
    }

    #[test]
    fn digests_are_in_hexadecimal() {
        check("{{ '' | md5 }}", "d41d8cd98f00b204e9800998ecf8427e");
        check("{{ 'abc' | sha1 }}", "a9993e364706816aba3e25717850c26c9cd0d89d");
        check(
            "{{ 'abc' | sha256 }}",
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        );
        check("{{ 'abc' | sha512 | slice(0, 16) }}", "ddaf35a193617aba");
    }
}
