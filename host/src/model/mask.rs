//! Keeps secrets out of what is written and shown: each one, as it is and as it is often encoded, becomes stars.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

use aho_corasick::AhoCorasick;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use super::{Json, JsonMap};

/// What stands in the place of a secret.
pub const MASK: &str = "******";

/// The shortest text that is masked: to mask shorter ones would tear every text apart.
pub const SHORTEST: usize = 4;
/// How tools break base64 into lines.
const WRAPS: [usize; 2] = [76, 64];

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// Knows the secrets that were revealed in this process and masks them. Clones share what they know.
#[derive(Clone, Default)]
pub struct Masker(Arc<Shared>);

#[derive(Default)]
struct Shared {
    /// Whether there is anything to mask, so that the common case costs next to nothing.
    is_needed: AtomicBool,
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    secrets: BTreeSet<String>,
    forms: Vec<String>,
    search: Option<AhoCorasick>,
    longest: usize,
}

impl Masker {
    /// Masks a secret from now on, in all its forms. One shorter than [`SHORTEST`] characters is not.
    pub fn learn(&self, secret: &str) {
        if secret.chars().count() < SHORTEST {
            return;
        }
        let mut known = self.0.known.write().unwrap_or_else(PoisonError::into_inner);
        if !known.secrets.insert(secret.to_owned()) {
            return;
        }
        let forms: BTreeSet<String> = known.secrets.iter().flat_map(|secret| forms_of(secret)).collect();
        known.forms = forms.into_iter().collect();
        known.longest = known.forms.iter().map(String::len).max().unwrap_or(0);
        known.search = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .build(&known.forms)
            .ok();
        self.0.is_needed.store(true, Ordering::Release);
    }

    /// Whether there is anything to mask.
    pub fn is_needed(&self) -> bool {
        self.0.is_needed.load(Ordering::Acquire)
    }

    /// The length of the longest form of a secret, in bytes.
    pub fn longest(&self) -> usize {
        match self.is_needed() {
            true => self.known().longest,
            false => 0,
        }
    }

    /// The text with every secret in it masked.
    pub fn mask<'a>(&self, text: &'a str) -> Cow<'a, str> {
        if !self.is_needed() {
            return Cow::Borrowed(text);
        }
        let found = self.known().found(text);
        match found.is_empty() {
            true => Cow::Borrowed(text),
            false => Cow::Owned(starred(text, 0, text.len(), &found)),
        }
    }

    /// Texts that follow one another with every secret masked, also one that is split over them, and the first so many
    /// bytes, which belong to one that began before.
    pub fn mask_parts(&self, parts: &[&str], covered: usize) -> Vec<String> {
        let joined = parts.concat();
        let found = self.found_in(&joined, covered);
        let mut start = 0;
        parts
            .iter()
            .map(|part| {
                let begin = start;
                start += part.len();
                starred(&joined, begin, start, &found)
            })
            .collect()
    }

    /// How many bytes behind a place in a text belong to a secret that begins before it.
    pub fn reach(&self, text: &str, covered: usize, place: usize) -> usize {
        let found = self.found_in(text, covered);
        let across = found.iter().find(|(start, end)| *start < place && *end > place);
        across.map_or(0, |(_, end)| end - place)
    }

    fn found_in(&self, text: &str, covered: usize) -> Vec<(usize, usize)> {
        let mut found = match self.is_needed() {
            true => self.known().found(text),
            false => Vec::new(),
        };
        if covered > 0 {
            found.insert(0, (0, covered));
            found = apart(found);
        }
        found
    }

    /// How many bytes at the end of a text may be the start of a secret that goes on in the next one.
    pub fn open_end(&self, text: &str) -> usize {
        if !self.is_needed() {
            return 0;
        }
        let known = self.known();
        let text = text.as_bytes();
        let open = |form: &String| {
            let form = form.as_bytes();
            let longest = (form.len() - 1).min(text.len());
            (1..=longest)
                .rev()
                .find(|length| text[text.len() - length..].eq_ignore_ascii_case(&form[..*length]))
        };
        known.forms.iter().filter_map(open).max().unwrap_or(0)
    }

    /// Masks every text in a value, also keys.
    pub fn mask_json(&self, value: &mut Json) {
        if !self.is_needed() {
            return;
        }
        match value {
            Json::String(text) => self.mask_text(text),
            Json::Array(items) => items.iter_mut().for_each(|item| self.mask_json(item)),
            Json::Object(map) => self.mask_map(map),
            // A number may be a secret too, such as a code of six digits.
            Json::Number(number) => {
                let text = number.to_string();
                if let Cow::Owned(masked) = self.mask(&text) {
                    *value = Json::String(masked);
                }
            }
            Json::Null | Json::Bool(_) => {}
        }
    }

    /// Masks every text in an object, also keys.
    pub fn mask_map(&self, map: &mut JsonMap) {
        if !self.is_needed() {
            return;
        }
        if map.keys().any(|key| matches!(self.mask(key), Cow::Owned(_))) {
            let entries = std::mem::take(map).into_iter();
            *map = entries
                .map(|(key, value)| (self.mask(&key).into_owned(), value))
                .collect();
        }
        map.values_mut().for_each(|value| self.mask_json(value));
    }

    /// Masks a text in its place.
    pub fn mask_text(&self, text: &mut String) {
        if let Cow::Owned(masked) = self.mask(text) {
            *text = masked;
        }
    }

    fn known(&self) -> RwLockReadGuard<'_, Known> {
        self.0.known.read().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Where secrets are, in order and apart from one another.
    fn found(&self, text: &str) -> Vec<(usize, usize)> {
        let Some(search) = &self.search else { return Vec::new() };
        let mut all: Vec<(usize, usize)> = search
            .find_overlapping_iter(text)
            .map(|found| (found.start(), found.end()))
            .collect();
        all.sort_unstable();
        apart(all)
    }
}

/// Ranges in order, with those that touch made one.
fn apart(all: Vec<(usize, usize)>) -> Vec<(usize, usize)> {
    let mut apart: Vec<(usize, usize)> = Vec::new();
    for (start, end) in all {
        match apart.last_mut() {
            Some(last) if start <= last.1 => last.1 = last.1.max(end),
            _ => apart.push((start, end)),
        }
    }
    apart
}

/// The part of a text from `begin` to `end` with what was found masked.
fn starred(text: &str, begin: usize, end: usize, found: &[(usize, usize)]) -> String {
    let mut result = String::with_capacity(end - begin);
    let mut next = begin;
    for (start, stop) in found {
        let (start, stop) = ((*start).clamp(begin, end), (*stop).clamp(begin, end));
        if start < stop {
            result.push_str(&text[next..start]);
            result.push_str(MASK);
            next = stop;
        }
    }
    result.push_str(&text[next..end]);
    result
}

/// A secret as it is, and as it is often encoded.
fn forms_of(secret: &str) -> Vec<String> {
    let mut forms = vec![secret.to_owned()];
    let lines = secret.lines().map(str::trim);
    forms.extend(lines.filter(|line| line.len() >= SHORTEST).map(str::to_owned));
    let mut encoded = vec![
        utf8_percent_encode(secret, UNRESERVED).to_string(),
        utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string(),
        utf8_percent_encode(secret, UNRESERVED).to_string().replace("%20", "+"),
        super::digest::hexadecimal(secret.as_bytes()),
        secret.bytes().map(|byte| format!("%{byte:02x}")).collect(),
    ];
    let quoted = Json::from(secret).to_string();
    encoded.push(quoted[1..quoted.len() - 1].to_owned());
    for engine in [STANDARD, URL_SAFE] {
        for before in 0..3 {
            encoded.push(base64_core(&engine, secret.as_bytes(), before));
        }
        let whole = engine.encode(secret);
        for wrap in WRAPS.into_iter().filter(|wrap| whole.len() > *wrap) {
            let lines = whole.as_bytes().chunks(wrap);
            encoded.extend(lines.map(|line| String::from_utf8_lossy(line).into_owned()));
        }
    }
    forms.extend(encoded.into_iter().filter(|form| form.len() >= SHORTEST));
    forms
}

/// The characters of base64 that depend on the secret alone, where so many bytes stand before it.
fn base64_core(engine: &impl Engine, secret: &[u8], before: usize) -> String {
    let mut bytes = vec![0; before];
    bytes.extend_from_slice(secret);
    let text = engine.encode(&bytes);
    let start = (before * 8).div_ceil(6);
    let end = bytes.len() * 8 / 6;
    text[start..end].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &str = "s3cr3t/of +Ada?";

    fn masker() -> Masker {
        let masker = Masker::default();
        masker.learn(SECRET);
        masker
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(masker().mask(text), expected);
    }

    #[test]
    fn a_secret_is_masked_wherever_it_stands() {
        check("a s3cr3t/of +Ada? b", "a ****** b");
        check("S3CR3T/OF +ADA?", "******");
        check("s3cr3t/of +Ada?s3cr3t/of +Ada?", "******");
        check("s3cr3t/of", "s3cr3t/of");
    }

    #[test]
    fn a_secret_is_masked_in_its_encoded_forms() {
        check("https://x/?q=s3cr3t%2Fof%20%2BAda%3F", "https://x/?q=******");
        check("q=s3cr3t%2fof+%2bAda%3f&r=1", "q=******&r=1");
        check("7333637233742f6f66202b4164613f", "******");
        for before in ["", "x", "xy", "Bearer "] {
            for after in ["", "z", "zz"] {
                for engine in [STANDARD, URL_SAFE] {
                    let text = engine.encode(format!("{before}{SECRET}{after}"));
                    let masked = masker().mask(&text).into_owned();
                    assert!(masked.contains(MASK), "{before}|{after}: {masked}");
                    // What is left of it gives at most what stands around the secret.
                    assert!(
                        masked.len() <= MASK.len() + (before.len() + after.len()) * 2 + 6,
                        "{masked}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_secret_of_four_characters_is_masked_in_its_encoded_forms() {
        let masker = Masker::default();
        masker.learn("s3cr");
        for (text, expected) in [
            ("czNjcg==", "******g=="),
            ("eHMzY3J4", "eH******J4"),
            ("73336372", "******"),
            ("%73%33%63%72", "******"),
        ] {
            assert_eq!(masker.mask(text), expected);
        }
    }

    #[test]
    fn each_line_of_a_secret_is_masked_and_its_quoted_form() {
        let masker = Masker::default();
        masker.learn("-----BEGIN KEY-----\nabcdefgh\nij\n-----END KEY-----\n");
        assert_eq!(masker.mask("abcdefgh"), MASK);
        assert_eq!(
            masker.mask(r#"{"k":"-----BEGIN KEY-----\nabcdefgh\nij\n-----END KEY-----\n"}"#),
            r#"{"k":"******"}"#
        );
    }

    #[test]
    fn long_base64_is_masked_line_by_line() {
        let masker = Masker::default();
        let secret = "0123456789abcdefghijklmnopqrstuvwxyz".repeat(4);
        masker.learn(&secret);
        for line in STANDARD.encode(&secret).as_bytes().chunks(76) {
            assert_eq!(masker.mask(std::str::from_utf8(line).unwrap()), MASK);
        }
    }

    #[test]
    fn a_secret_split_over_texts_is_masked_in_each() {
        let masker = masker();
        assert_eq!(
            masker.mask_parts(&["a s3cr3t/", "of +Ada? b"], 0),
            ["a ******", "****** b"]
        );
        assert_eq!(masker.mask_parts(&["s3cr", "3t/of", " +Ada?"], 0), [MASK, MASK, MASK]);
        assert_eq!(masker.open_end("a s3cr3t/"), 7);
        assert_eq!(masker.mask_parts(&["da? b"], 3), ["****** b"]);
        assert_eq!(masker.reach("a s3cr3t/of +Ada? b", 0, 14), 3);
        assert_eq!(masker.reach("a s3cr3t/of +Ada? b", 0, 2), 0);
        assert_eq!(masker.open_end("a s"), 1);
        assert_eq!(masker.open_end("nothing"), 0);
    }

    #[test]
    fn values_are_masked_with_their_keys_and_numbers() {
        let masker = masker();
        masker.learn("123456");
        let mut value = serde_json::json!({"s3cr3t/of +Ada?": [1, {"a": "x s3cr3t/of +Ada?"}], "code": 123456});
        masker.mask_json(&mut value);
        assert_eq!(
            value,
            serde_json::json!({"******": [1, {"a": "x ******"}], "code": "******"})
        );
    }

    #[test]
    fn what_is_too_short_is_left_alone() {
        let masker = Masker::default();
        masker.learn("abc");
        assert_eq!(masker.mask("abc"), "abc");
        assert!(!masker.is_needed());
    }
}
