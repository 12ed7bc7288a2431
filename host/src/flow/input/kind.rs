//! What values an input takes.

use jiff::civil::{Date, Time};
use jiff::{SignedDuration, Timestamp};
use regex::{Regex, RegexBuilder};

use super::options::{Options, Selection};
use super::range::Range;

/// The types of inputs, named as Kestra names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InputType {
    String,
    Int,
    Float,
    Bool,
    Boolean,
    Select,
    Multiselect,
    Enum,
    Array,
    Json,
    Yaml,
    File,
    Uri,
    Secret,
    Email,
    Date,
    Time,
    Datetime,
    Duration,
}

impl InputType {
    /// Every type.
    pub const ALL: [InputType; 19] = [
        InputType::String,
        InputType::Int,
        InputType::Float,
        InputType::Bool,
        InputType::Boolean,
        InputType::Select,
        InputType::Multiselect,
        InputType::Enum,
        InputType::Array,
        InputType::Json,
        InputType::Yaml,
        InputType::File,
        InputType::Uri,
        InputType::Secret,
        InputType::Email,
        InputType::Date,
        InputType::Time,
        InputType::Datetime,
        InputType::Duration,
    ];

    /// The type's name in a flow.
    pub fn name(self) -> &'static str {
        match self {
            InputType::String => "STRING",
            InputType::Int => "INT",
            InputType::Float => "FLOAT",
            InputType::Bool => "BOOL",
            InputType::Boolean => "BOOLEAN",
            InputType::Select => "SELECT",
            InputType::Multiselect => "MULTISELECT",
            InputType::Enum => "ENUM",
            InputType::Array => "ARRAY",
            InputType::Json => "JSON",
            InputType::Yaml => "YAML",
            InputType::File => "FILE",
            InputType::Uri => "URI",
            InputType::Secret => "SECRET",
            InputType::Email => "EMAIL",
            InputType::Date => "DATE",
            InputType::Time => "TIME",
            InputType::Datetime => "DATETIME",
            InputType::Duration => "DURATION",
        }
    }

    /// Finds the type of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.name() == name)
    }

    /// Whether a list can have items of this type.
    pub fn is_item(self) -> bool {
        !matches!(
            self,
            InputType::Select | InputType::Multiselect | InputType::Enum | InputType::Array
        )
    }

    /// The kind of this type without any rule of its own; what lists hold.
    pub(super) fn plain(self) -> InputKind {
        match self {
            InputType::Int => InputKind::Integer(Range::default()),
            InputType::Float => InputKind::Float(Range::default()),
            InputType::Bool | InputType::Boolean => InputKind::Boolean,
            InputType::Json => InputKind::Json,
            InputType::Yaml => InputKind::Yaml,
            InputType::File => InputKind::File { extensions: Vec::new() },
            InputType::Uri => InputKind::Uri,
            InputType::Secret => InputKind::Secret { validator: None },
            InputType::Email => InputKind::Email,
            InputType::Date => InputKind::Date(Range::default()),
            InputType::Time => InputKind::Time(Range::default()),
            InputType::Datetime => InputKind::Datetime(Range::default()),
            InputType::Duration => InputKind::Duration(Range::default()),
            InputType::String | InputType::Select | InputType::Multiselect | InputType::Enum | InputType::Array => {
                InputKind::String { validator: None }
            }
        }
    }

    /// Several values of this type, in words.
    fn plural(self) -> &'static str {
        match self {
            InputType::Int => "whole numbers",
            InputType::Float => "numbers",
            InputType::Bool | InputType::Boolean => "true or false",
            InputType::Json => "JSON values",
            InputType::Yaml => "YAML values",
            InputType::File => "paths of files",
            InputType::Uri => "URIs",
            InputType::Email => "e-mail addresses",
            InputType::Date => "dates such as 2026-01-31",
            InputType::Time => "times such as 10:15:30",
            InputType::Datetime => "dates and times such as 2026-01-31T10:15:30Z",
            InputType::Duration => "durations such as PT5M",
            InputType::Secret
            | InputType::String
            | InputType::Select
            | InputType::Multiselect
            | InputType::Enum
            | InputType::Array => "strings",
        }
    }
}

/// What values an input takes.
#[derive(Debug, Clone)]
pub enum InputKind {
    String { validator: Option<Validator> },
    Integer(Range<i64>),
    Float(Range<f64>),
    Boolean,
    Select(Selection),
    Multiselect { selection: Selection, item: InputType },
    Array { item: InputType },
    Json,
    Yaml,
    File { extensions: Vec<String> },
    Uri,
    Secret { validator: Option<Validator> },
    Email,
    Date(Range<Date>),
    Time(Range<Time>),
    Datetime(Range<Timestamp>),
    Duration(Range<SignedDuration>),
}

impl InputKind {
    /// Whether values of this kind must be neither stored nor shown.
    pub fn is_secret(&self) -> bool {
        matches!(
            self,
            InputKind::Secret { .. }
                | InputKind::Array {
                    item: InputType::Secret
                }
                | InputKind::Multiselect {
                    item: InputType::Secret,
                    ..
                }
        )
    }

    /// What the value is chosen from, where it is chosen.
    pub fn selection(&self) -> Option<&Selection> {
        match self {
            InputKind::Select(selection) | InputKind::Multiselect { selection, .. } => Some(selection),
            _ => None,
        }
    }

    /// The values it takes, in words.
    pub fn in_words(&self) -> String {
        match self {
            InputKind::String { validator } | InputKind::Secret { validator } => match validator {
                Some(validator) => format!("a string that matches `{}`", validator.source()),
                None => "a string".to_owned(),
            },
            InputKind::Integer(range) => format!("a whole number{}", range.in_words()),
            InputKind::Float(range) => format!("a number{}", range.in_words()),
            InputKind::Boolean => "`true` or `false`".to_owned(),
            InputKind::Select(selection) => match &selection.options {
                Options::Values(_) => "one of its values".to_owned(),
                Options::Expression(_) => "one of the values of its `expression`".to_owned(),
            },
            InputKind::Multiselect { item, .. } | InputKind::Array { item } => format!("a list of {}", item.plural()),
            InputKind::Json => "JSON".to_owned(),
            InputKind::Yaml => "YAML".to_owned(),
            InputKind::File { extensions } if extensions.is_empty() => "the path of a file".to_owned(),
            InputKind::File { extensions } => format!("the path of a file that ends in {}", extensions.join(" or ")),
            InputKind::Uri => "an absolute URI such as https://example.org/data.csv".to_owned(),
            InputKind::Email => "an e-mail address such as ada@example.org".to_owned(),
            InputKind::Date(range) => dated("a date", "2026-01-31", &range.in_words()),
            InputKind::Time(range) => dated("a time", "10:15:30", &range.in_words()),
            InputKind::Datetime(range) => dated(
                "a date and time with its zone",
                "2026-01-31T10:15:30Z",
                &range.in_words(),
            ),
            InputKind::Duration(range) => dated("an ISO 8601 duration", "PT5M", &range.in_words()),
        }
    }
}

/// Where a range is given, it shows how values are written; otherwise an example does.
fn dated(what: &str, example: &str, range: &str) -> String {
    match range {
        "" => format!("{what} such as {example}"),
        range => format!("{what}{range}"),
    }
}

/// A regular expression that a whole text must match.
#[derive(Debug, Clone)]
pub struct Validator {
    regex: Regex,
    source: String,
}

impl Validator {
    /// The most memory a compiled expression may take, in bytes: flows are not trusted.
    const SIZE_LIMIT: usize = 1 << 20;

    pub(super) fn parse(source: &str) -> Result<Self, regex::Error> {
        // Compiled alone first: `a)(b` must not become sound through what is put around it.
        RegexBuilder::new(source).size_limit(Self::SIZE_LIMIT).build()?;
        let regex = RegexBuilder::new(&format!(r"\A(?:{source})\z"))
            .size_limit(Self::SIZE_LIMIT)
            .build()?;
        Ok(Self {
            regex,
            source: source.to_owned(),
        })
    }

    /// The expression as the flow wrote it.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether the whole text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.regex.is_match(text)
    }
}
