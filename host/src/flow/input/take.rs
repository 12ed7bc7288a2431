//! From what was given to the typed value, or to the reason why not.
//!
//! A text means what the type makes of it: `5` is a number for `INT` and a string for `STRING`. Options are not looked at
//! here, for an expression may have to be rendered first; neither are files, for that takes the machine.

use serde_json::Number;

use super::given::GivenInput;
use super::kind::{InputKind, InputType};
use super::moment;
use super::options::InputOption;
use crate::flow::yaml;
use crate::model::{Json, closest};

/// Why a value does not fit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The value, shortened and with nothing in it that a terminal obeys; of a secret it shows nothing.
    pub given: String,
    /// What is taken instead.
    pub accepted: String,
    /// What exactly is wrong, where there is more to say.
    pub reason: Option<String>,
    pub hint: Option<String>,
}

/// What is wrong with a value, before it is known which value that is.
#[derive(Default)]
struct Fault {
    reason: Option<String>,
    hint: Option<String>,
}

impl Fault {
    fn because(reason: impl Into<String>) -> Self {
        Self {
            reason: Some(reason.into()),
            hint: None,
        }
    }

    fn with_hint(self, hint: Option<String>) -> Self {
        Self { hint, ..self }
    }
}

impl InputKind {
    /// The typed value of what was given. Of a file it is the path as it was given.
    pub fn take(&self, given: &GivenInput) -> Result<Json, Refusal> {
        let taken = match given {
            GivenInput::Value(value) => self.typed(value),
            GivenInput::Text(text) => self.read(text),
        };
        taken.map_err(|fault| Refusal {
            given: match (self.is_secret(), given) {
                (true, _) => "******".to_owned(),
                (false, GivenInput::Text(text)) => shown(text),
                (false, GivenInput::Value(value)) => shown_value(value),
            },
            accepted: self.in_words(),
            reason: fault.reason.filter(|_| !self.is_secret()),
            hint: fault.hint.filter(|_| !self.is_secret()),
        })
    }

    /// The first of the chosen values that is none of the options: of one value, or of a list of them.
    pub fn foreign(&self, chosen: &Json, options: &[InputOption]) -> Option<String> {
        let text = |value: &Json| match value {
            Json::String(text) => text.clone(),
            other => other.to_string(),
        };
        match (self, chosen) {
            // Options are compared as the values they stand for: of numbers, `1` is `1.0`.
            (InputKind::Multiselect { item, .. }, Json::Array(chosen)) => {
                let item = item.plain();
                let options: Vec<Json> = options
                    .iter()
                    .filter_map(|option| item.read(&option.value).ok())
                    .collect();
                chosen.iter().find(|value| !options.contains(value)).map(text)
            }
            (_, chosen) => Some(text(chosen)).filter(|value| !options.iter().any(|option| option.value == *value)),
        }
    }

    fn typed(&self, value: &Json) -> Result<Json, Fault> {
        match (self, value) {
            (InputKind::Multiselect { item, .. } | InputKind::Array { item }, Json::Array(items)) => list(*item, items),
            // Data is what JSON and YAML stand for; only a text needs to be read.
            (InputKind::Json | InputKind::Yaml, value) => Ok(value.clone()),
            (_, Json::String(text)) => self.read(text),
            (_, Json::Number(number)) => self.read(&number.to_string()),
            (_, Json::Bool(boolean)) => self.read(&boolean.to_string()),
            (_, Json::Array(_) | Json::Object(_) | Json::Null) => Err(Fault::default()),
        }
    }

    fn read(&self, text: &str) -> Result<Json, Fault> {
        let string = |fits: bool| fits.then(|| Json::from(text)).ok_or_else(Fault::default);
        match self {
            InputKind::String { validator } | InputKind::Secret { validator } => {
                string(validator.as_ref().is_none_or(|validator| validator.matches(text)))
            }
            InputKind::Select(_) => string(true),
            InputKind::Integer(range) => {
                let number = text.parse::<i64>().ok().filter(|number| range.holds(number));
                number.map(Json::from).ok_or_else(Fault::default)
            }
            InputKind::Float(range) => {
                let number = text.parse::<f64>().ok().filter(|number| range.holds(number));
                // JSON holds neither infinity nor not-a-number.
                let number = number.and_then(Number::from_f64);
                number.map(Json::Number).ok_or_else(Fault::default)
            }
            InputKind::Boolean => boolean(text),
            InputKind::Multiselect { item, .. } | InputKind::Array { item } => read_list(*item, text),
            InputKind::Json => {
                serde_json::from_str(text).map_err(|error| Fault::because(format!("this is not JSON: {error}")))
            }
            InputKind::Yaml => yaml_value(text).map_err(Fault::because),
            InputKind::File { extensions } => {
                let name = text.to_lowercase();
                let fits = extensions.is_empty() || extensions.iter().any(|extension| name.ends_with(extension));
                string(fits && !text.is_empty())
            }
            InputKind::Uri => string(is_uri(text)),
            InputKind::Email => string(is_email(text)),
            InputKind::Date(range) => moment(moment::date(text).filter(|date| range.holds(date))),
            InputKind::Time(range) => moment(moment::time(text).filter(|time| range.holds(time))),
            InputKind::Duration(range) => moment(moment::duration(text).filter(|length| range.holds(length))),
            InputKind::Datetime(range) => {
                moment(moment::instant(text).filter(|instant| range.holds(instant))).map_err(|fault| {
                    let hint = moment::lacks_zone(text).then(|| format!("say which zone: `{text}Z` is in UTC"));
                    fault.with_hint(hint)
                })
            }
        }
    }
}

fn moment(value: Option<impl ToString>) -> Result<Json, Fault> {
    value
        .map(|value| Json::from(value.to_string()))
        .ok_or_else(Fault::default)
}

/// Kestra takes every other word for false; that hides slips, so only the two words count, in any case.
fn boolean(text: &str) -> Result<Json, Fault> {
    let word = text.to_ascii_lowercase();
    let meant = match word.as_str() {
        "true" => return Ok(Json::Bool(true)),
        "false" => return Ok(Json::Bool(false)),
        "yes" | "on" | "1" | "y" => Some("true"),
        "no" | "off" | "0" | "n" => Some("false"),
        other => closest(other, ["true", "false"]),
    };
    Err(Fault::default().with_hint(meant.map(|meant| format!("did you mean `{meant}`?"))))
}

fn list(item: InputType, items: &[Json]) -> Result<Json, Fault> {
    let kind = item.plain();
    let typed = items.iter().enumerate().map(|(place, value)| {
        kind.typed(value).map_err(|fault| {
            let detail = fault.reason.map_or_else(String::new, |reason| format!(": {reason}"));
            let message = format!(
                "item {} is not {}: `{}`{detail}",
                place + 1,
                kind.in_words(),
                shown_value(value)
            );
            Fault::because(message).with_hint(fault.hint)
        })
    });
    typed.collect::<Result<Json, Fault>>()
}

/// A list as text is JSON, or YAML in brackets.
fn read_list(item: InputType, text: &str) -> Result<Json, Fault> {
    let value = match serde_json::from_str::<Json>(text) {
        Ok(value) => Some(value),
        Err(_) if text.trim_start().starts_with(['[', '-']) => yaml_value(text).ok(),
        Err(_) => None,
    };
    match value {
        Some(Json::Array(items)) => list(item, &items),
        Some(_) | None => {
            let parts: Vec<&str> = text.split(',').map(str::trim).collect();
            let written = Json::from(parts).to_string();
            let short = written.chars().count() <= SHOWN_LENGTH && !text.contains(['[', ']', '{', '}']);
            Err(Fault::default().with_hint(short.then(|| format!("write it as a JSON list: '{written}'"))))
        }
    }
}

/// The value of a YAML text, or what is wrong with it.
fn yaml_value(text: &str) -> Result<Json, String> {
    let mut findings = Vec::new();
    let node = yaml::parse(text, &mut findings);
    match (node, findings.first()) {
        (Some(node), None) => Ok(node.to_json()),
        (_, Some(finding)) if finding.code == "empty-flow" => Err("there is nothing in it".to_owned()),
        (_, Some(finding)) => Err(finding.message.replacen("the file", "this", 1)),
        (None, None) => Err("there is nothing in it".to_owned()),
    }
}

/// Whether a text is a URI with a scheme and something after `://` (RFC 3986, without its finer rules).
fn is_uri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else {
        return false;
    };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c));
    let forbidden = |c: char| c.is_whitespace() || c.is_control() || "<>\"{}|\\^`".contains(c);
    is_scheme && !rest.is_empty() && !rest.contains(forbidden)
}

/// Whether a text could be an e-mail address; only sending would tell.
fn is_email(text: &str) -> bool {
    let Some((name, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let is_name = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_alphanumeric() || "_!#$%&'’*+/=?`{|}~^.-".contains(c));
    let is_domain = domain
        .split('.')
        .all(|part| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    is_name && is_domain
}

const SHOWN_LENGTH: usize = 60;

/// A text with nothing in it that a terminal obeys.
pub fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for character in text.chars() {
        match character.is_control() {
            true => printable.extend(character.escape_default()),
            false => printable.push(character),
        }
    }
    printable
}

/// A text as messages show it: printable and not too long.
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_LENGTH) {
        Some((end, _)) => printable(&text[..end]) + "…",
        None => printable(text),
    }
}

/// A value as messages show it.
pub(super) fn shown_value(value: &Json) -> String {
    match value {
        Json::String(text) => shown(text),
        other => shown(&other.to_string()),
    }
}
