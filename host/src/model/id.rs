//! Identifiers as types, so that an asset cannot be passed where an execution is meant.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Why a text is not an identifier; the message says which rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    #[error("the {kind} is empty")]
    Empty { kind: &'static str },
    #[error("the {kind} `{text}` is {length} characters long, at most {limit} are allowed")]
    TooLong {
        kind: &'static str,
        text: String,
        length: usize,
        limit: usize,
    },
    #[error("the {kind} `{text}` must start with {rule}")]
    BadStart {
        kind: &'static str,
        text: String,
        rule: &'static str,
    },
    #[error("the {kind} `{text}` contains `{character}`; allowed are {rule}")]
    BadCharacter {
        kind: &'static str,
        text: String,
        character: char,
        rule: &'static str,
    },
}

struct Rule {
    kind: &'static str,
    limit: usize,
    start: fn(char) -> bool,
    start_rule: &'static str,
    rest: fn(char) -> bool,
    rest_rule: &'static str,
}

impl Rule {
    fn check(&self, text: &str) -> Result<(), IdError> {
        let kind = self.kind;
        let Some(first) = text.chars().next() else {
            return Err(IdError::Empty { kind });
        };
        let length = text.chars().count();
        if length > self.limit {
            let text = text.chars().take(40).chain("…".chars()).collect();
            return Err(IdError::TooLong {
                kind,
                text,
                length,
                limit: self.limit,
            });
        }
        if !(self.start)(first) {
            return Err(IdError::BadStart {
                kind,
                text: text.to_owned(),
                rule: self.start_rule,
            });
        }
        match text.chars().find(|c| !(self.rest)(*c)) {
            Some(character) => Err(IdError::BadCharacter {
                kind,
                text: text.to_owned(),
                character,
                rule: self.rest_rule,
            }),
            None => Ok(()),
        }
    }
}

fn alphanumeric(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

fn lower_alphanumeric(c: char) -> bool {
    c.is_ascii_lowercase() || c.is_ascii_digit()
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $rule:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            const RULE: Rule = $rule;

            /// Takes a text that keeps the rule of this identifier, and says which rule it breaks otherwise.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                Self::try_from(text.to_owned())
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::RULE.check(&text)?;
                Ok(Self(text))
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

text_id!(
    /// Names an asset, in the whole catalog: `^[a-zA-Z0-9][a-zA-Z0-9._:-]*`, at most 150 characters.
    AssetId,
    Rule {
        kind: "asset id",
        limit: 150,
        start: alphanumeric,
        start_rule: "a letter or a digit",
        rest: |c| c.is_ascii_alphanumeric() || "._:-".contains(c),
        rest_rule: "letters, digits and `.` `_` `:` `-`",
    }
);
text_id!(
    /// Names a flow within its namespace: `^[a-zA-Z0-9][a-zA-Z0-9._-]*`, at most 100 characters.
    FlowId,
    Rule {
        kind: "flow id",
        limit: 100,
        start: alphanumeric,
        start_rule: "a letter or a digit",
        rest: |c| c.is_ascii_alphanumeric() || "._-".contains(c),
        rest_rule: "letters, digits and `.` `_` `-`",
    }
);
text_id!(
    /// Names a namespace: `^[a-z0-9][a-z0-9._-]*`, at most 150 characters.
    Namespace,
    Rule {
        kind: "namespace",
        limit: 150,
        start: lower_alphanumeric,
        start_rule: "a lower-case letter or a digit",
        rest: |c| lower_alphanumeric(c) || "._-".contains(c),
        rest_rule: "lower-case letters, digits and `.` `_` `-`",
    }
);
text_id!(
    /// Names a task within its flow: `^[a-zA-Z0-9][a-zA-Z0-9_-]*`, at most 256 characters.
    TaskId,
    Rule {
        kind: "task id",
        limit: 256,
        start: alphanumeric,
        start_rule: "a letter or a digit",
        rest: |c| c.is_ascii_alphanumeric() || "_-".contains(c),
        rest_rule: "letters, digits and `_` `-`",
    }
);
text_id!(
    /// Names a trigger within its flow: `^[a-zA-Z0-9][a-zA-Z0-9_-]*`, at most 256 characters.
    TriggerId,
    Rule {
        kind: "trigger id",
        limit: 256,
        start: alphanumeric,
        start_rule: "a letter or a digit",
        rest: |c| c.is_ascii_alphanumeric() || "_-".contains(c),
        rest_rule: "letters, digits and `_` `-`",
    }
);
text_id!(
    /// Names an input of a flow; dots nest: `^[a-zA-Z0-9][a-zA-Z0-9._-]*`, at most 256 characters.
    InputId,
    Rule {
        kind: "input id",
        limit: 256,
        start: alphanumeric,
        start_rule: "a letter or a digit",
        rest: |c| c.is_ascii_alphanumeric() || "._-".contains(c),
        rest_rule: "letters, digits and `.` `_` `-`",
    }
);

const CROCKFORD: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Writes 128 bits as 26 characters of lower-case Crockford base32, most significant first, so that text order is
/// number order.
fn crockford(bits: u128) -> String {
    (0..26)
        .rev()
        .map(|place| char::from(CROCKFORD[(bits >> (place * 5)) as usize & 31]))
        .collect()
}

fn is_crockford(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| CROCKFORD.contains(&b)) && text.as_bytes()[0] < b'8'
}

macro_rules! time_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Makes a new identifier from the clock and fresh random bits (UUIDv7, RFC 9562).
            pub fn generate() -> Self {
                Self::from_bits(super::clock::identifier())
            }

            /// Writes 128 given bits as an identifier.
            pub fn from_bits(bits: u128) -> Self {
                Self(crockford(bits))
            }

            /// The 128 bits that the identifier writes.
            pub fn bits(&self) -> u128 {
                let digit = |byte: u8| CROCKFORD.iter().position(|known| *known == byte).unwrap_or_default();
                self.0.bytes().fold(0, |bits, byte| (bits << 5) | digit(byte) as u128)
            }

            /// Takes 26 characters of lower-case Crockford base32.
            pub fn parse(text: &str) -> Result<Self, IdError> {
                match text.is_empty() {
                    true => Err(IdError::Empty { kind: $kind }),
                    false if is_crockford(text) => Ok(Self(text.to_owned())),
                    false => Err(IdError::BadStart {
                        kind: $kind,
                        text: text.to_owned(),
                        rule: "a digit below 8 and be 26 characters of lower-case base32",
                    }),
                }
            }

            /// The identifier as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::parse(&text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

time_id!(
    /// Names one execution of a flow: a UUIDv7 in lower-case Crockford base32, so that ids sort by time and survive
    /// `slugify` unchanged.
    ExecutionId,
    "execution id"
);
time_id!(
    /// Names one run of one task within an execution, in the same form as [`ExecutionId`].
    TaskRunId,
    "task run id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn asset_ids_keep_the_documented_rule() {
        for good in ["windows-web-01", "35.202.10.100-01k", "a", "arn:aws:s3", "A_b.c:d-e"] {
            assert_eq!(AssetId::parse(good).map(String::from), Ok(good.to_owned()));
        }
        let message = |text: &str| AssetId::parse(text).unwrap_err().to_string();
        assert_eq!(message(""), "the asset id is empty");
        assert_eq!(message("-a"), "the asset id `-a` must start with a letter or a digit");
        assert_eq!(
            message("a b"),
            "the asset id `a b` contains ` `; allowed are letters, digits and `.` `_` `:` `-`"
        );
        assert_eq!(AssetId::parse(&"a".repeat(150)).map(|id| id.as_str().len()), Ok(150));
        assert!(message(&"a".repeat(151)).contains("is 151 characters long, at most 150 are allowed"));
    }

    #[test]
    fn crockford_text_order_is_number_order() {
        assert_eq!(ExecutionId::from_bits(0).as_str(), "0".repeat(26));
        assert_eq!(
            ExecutionId::from_bits(u128::MAX).as_str(),
            format!("7{}", "z".repeat(25))
        );
        let mut bits = [0, 1, 31, 32, 1 << 40, 1 << 127, u128::MAX - 1];
        bits.sort_unstable();
        let texts: Vec<_> = bits.iter().map(|b| ExecutionId::from_bits(*b)).collect();
        assert!(texts.is_sorted());
    }

    #[test]
    fn generated_ids_sort_by_time_and_read_back() {
        let first = ExecutionId::generate();
        let second = ExecutionId::generate();
        assert!(first < second);
        assert_eq!(ExecutionId::parse(first.as_str()), Ok(first));
        assert!(ExecutionId::parse("8zzzzzzzzzzzzzzzzzzzzzzzzz").is_err());
        assert!(ExecutionId::parse("01jd8").is_err());
    }
}
