//! The keys that only some types have, and the rules they give.

use std::fmt::Display;

use super::given::GivenInput;
use super::kind::{InputKind, InputType, Validator};
use super::moment;
use super::options::{InputOption, Options, Selection};
use super::range::Range;
use super::read::KEYS;
use crate::flow::fields::{Fields, plain_text, unknown_key, wrong_kind};
use crate::flow::place::Text;
use crate::flow::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Span, closest};

use InputType::{
    Array, Date, Datetime, Duration, Enum, File, Float, Int, Multiselect, Secret, Select, String as Str, Time,
};

/// Each key that only some types have, and which.
const TYPED_KEYS: [(&str, &[InputType]); 12] = [
    ("validator", &[Str, Secret]),
    ("min", &[Int, Float, Duration]),
    ("max", &[Int, Float, Duration]),
    ("after", &[Date, Time, Datetime]),
    ("before", &[Date, Time, Datetime]),
    ("itemType", &[Array, Multiselect]),
    ("values", &[Select, Multiselect, Enum]),
    ("expression", &[Select, Multiselect]),
    ("allowCustomValue", &[Select, Multiselect]),
    ("autoSelectFirst", &[Select, Multiselect]),
    ("isRadio", &[Select]),
    ("allowedFileExtensions", &[File]),
];
/// Keys of earlier versions of the dialect, and what they are called now.
const RENAMED_KEYS: [(&str, &str); 3] = [
    ("name", "id"),
    ("options", "values"),
    ("extension", "allowedFileExtensions"),
];

/// The names of the keys that an input of this type may have.
pub(in crate::flow) fn keys_of(input_type: InputType) -> impl Iterator<Item = &'static str> {
    let own = TYPED_KEYS.iter().filter(move |(_, types)| types.contains(&input_type));
    KEYS.into_iter().chain(own.map(|(name, _)| *name))
}

/// The keys an input of one type may have.
pub(super) struct Keys {
    /// None where the type is not known, and with it what belongs to it.
    input_type: Option<InputType>,
}

impl Keys {
    pub(super) fn of(input_type: Option<InputType>) -> Self {
        Self { input_type }
    }

    /// A finding for each key that was not read.
    pub(super) fn finish(&self, mut fields: Fields<'_>, findings: &mut Vec<Diagnostic>) {
        fields.refuse(&["jsonSchema"], findings);
        for (name, types) in TYPED_KEYS {
            let Some((key, _)) = fields.take(name) else { continue };
            if let Some(input_type) = self.input_type.filter(|known| !types.contains(known)) {
                let message = format!("an input of type `{}` has no `{name}`", input_type.name());
                let names: Vec<&str> = types.iter().map(|known| known.name()).collect();
                let finding = Diagnostic::error("unknown-key", message, key.span);
                findings.push(finding.with_hint(format!("`{name}` belongs to {}", names.join(", "))));
            }
        }
        for (old, new) in RENAMED_KEYS {
            if let Some((key, _)) = fields.take(old) {
                let finding = Diagnostic::error("unknown-key", format!("unknown key of an input `{old}`"), key.span);
                findings.push(finding.with_hint(format!("it is called `{new}`")));
            }
        }
        let known: Vec<&str> = match self.input_type {
            Some(input_type) => keys_of(input_type).collect(),
            None => KEYS
                .into_iter()
                .chain(TYPED_KEYS.iter().map(|(name, _)| *name))
                .collect(),
        };
        for (key, _) in fields.rest() {
            findings.push(unknown_key("key of an input", key, known.iter().copied()));
        }
    }
}

/// Reads the rules of a type. What cannot be read is left open, so that the input still has a kind.
pub(super) fn read(
    source: &str,
    fields: &mut Fields<'_>,
    input_type: InputType,
    findings: &mut Vec<Diagnostic>,
) -> Option<InputKind> {
    const BOUNDS: [&str; 2] = ["min", "max"];
    const MOMENTS: [&str; 2] = ["after", "before"];
    let what = input_type.plain().in_words();
    Some(match input_type {
        InputType::String => InputKind::String {
            validator: validator(fields, findings),
        },
        InputType::Secret => InputKind::Secret {
            validator: validator(fields, findings),
        },
        InputType::Int => InputKind::Integer(range(fields, BOUNDS, &what, |text| text.parse().ok(), findings)),
        InputType::Float => {
            let read = |text: &str| text.parse().ok().filter(|number: &f64| number.is_finite());
            InputKind::Float(range(fields, BOUNDS, &what, read, findings))
        }
        InputType::Duration => InputKind::Duration(range(fields, BOUNDS, &what, moment::duration, findings)),
        InputType::Date => InputKind::Date(range(fields, MOMENTS, &what, moment::date, findings)),
        InputType::Time => InputKind::Time(range(fields, MOMENTS, &what, moment::time, findings)),
        InputType::Datetime => InputKind::Datetime(range(fields, MOMENTS, &what, moment::instant, findings)),
        InputType::Select | InputType::Enum => InputKind::Select(selection(source, fields, input_type, findings)?),
        InputType::Multiselect => {
            let item = item_type(fields, findings).unwrap_or(InputType::String);
            check_options(fields, item, findings);
            InputKind::Multiselect {
                selection: selection(source, fields, input_type, findings)?,
                item,
            }
        }
        InputType::Array => {
            if !fields.has("itemType") {
                let finding = Diagnostic::error(
                    "missing-key",
                    "an input of type `ARRAY` needs an `itemType`",
                    fields.span,
                );
                findings.push(finding.with_hint("such as `itemType: STRING`"));
            }
            InputKind::Array {
                item: item_type(fields, findings)?,
            }
        }
        InputType::File => InputKind::File {
            extensions: extensions(fields, findings),
        },
        InputType::Bool
        | InputType::Boolean
        | InputType::Json
        | InputType::Yaml
        | InputType::Uri
        | InputType::Email => input_type.plain(),
    })
}

fn validator(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Option<Validator> {
    let (source, span) = fields.text("validator", findings)?;
    match Validator::parse(&source) {
        Ok(validator) => Some(validator),
        Err(error) => {
            let finding = Diagnostic::error("invalid-regex", format!("`{source}` is no regular expression"), span);
            findings.push(finding.with_caption(reason(&error)));
            None
        }
    }
}

/// The last line of what the reader of regular expressions says; the lines before draw the place.
fn reason(error: &regex::Error) -> String {
    if let regex::Error::CompiledTooBig(_) = error {
        return "it is too large".to_owned();
    }
    let text = error.to_string();
    let line = text.lines().last().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

fn range<T: PartialOrd + Display>(
    fields: &mut Fields<'_>,
    [least, most]: [&str; 2],
    what: &str,
    read: impl Fn(&str) -> Option<T>,
    findings: &mut Vec<Diagnostic>,
) -> Range<T> {
    let mut bound = |name: &str| -> Option<(T, Span)> {
        let (text, span) = fields.text(name, findings)?;
        let value = read(&text);
        if value.is_none() {
            let message = format!("`{name}` must be {what}, not `{text}`");
            findings.push(Diagnostic::error("invalid-bound", message, span));
        }
        value.map(|value| (value, span))
    };
    let (lower, upper) = (bound(least), bound(most));
    let places = (
        lower.as_ref().map(|(_, span)| *span),
        upper.as_ref().map(|(_, span)| *span),
    );
    let range = Range {
        least: lower.map(|(value, _)| value),
        most: upper.map(|(value, _)| value),
    };
    if let ((Some(first), Some(second)), true) = (places, range.is_empty()) {
        let message = format!("no value can lie{}", range.in_words());
        let finding = Diagnostic::error("empty-range", message, second).with_caption(format!("`{most}`"));
        findings.push(finding.with_label(first, format!("`{least}`")));
    }
    range
}

fn item_type(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Option<InputType> {
    let (name, span) = fields.text("itemType", findings)?;
    let found = InputType::from_name(&name).filter(|found| found.is_item());
    if found.is_none() {
        let names = || {
            InputType::ALL
                .into_iter()
                .filter(|known| known.is_item())
                .map(InputType::name)
        };
        let message = match InputType::from_name(&name) {
            Some(_) => format!("the items of a list cannot be of type `{name}`"),
            None => format!("unknown type of items `{name}`"),
        };
        let finding = Diagnostic::error("unknown-type", message, span);
        findings.push(match closest(&name, names()) {
            Some(near) => finding.with_hint(format!("did you mean `{near}`?")),
            None => finding.with_hint(format!("the types are {}", names().collect::<Vec<_>>().join(", "))),
        });
    }
    found
}

fn extensions(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Vec<String> {
    let mut extensions = Vec::new();
    for item in fields.list("allowedFileExtensions", findings).unwrap_or_default() {
        match plain_text(item).map(|text| text.trim_start_matches('.').to_lowercase()) {
            Some(name) if !name.is_empty() => extensions.push(format!(".{name}")),
            _ => findings.push(wrong_kind("a file extension", "a string such as `.csv`", item)),
        }
    }
    extensions
}

fn selection(
    source: &str,
    fields: &mut Fields<'_>,
    input_type: InputType,
    findings: &mut Vec<Diagnostic>,
) -> Option<Selection> {
    let is_enum = input_type == InputType::Enum;
    let mut flag = |name: &str| !is_enum && fields.flag(name, false, findings);
    let (auto_select_first, allow_custom_value) = (flag("autoSelectFirst"), flag("allowCustomValue"));
    if input_type == InputType::Select {
        // How a form draws the choice changes nothing here.
        fields.flag("isRadio", false, findings);
    }
    let (has_values, has_expression) = (fields.has("values"), !is_enum && fields.has("expression"));
    if has_values == has_expression {
        let message = match is_enum {
            true => "an input of type `ENUM` needs `values`".to_owned(),
            false => format!(
                "an input of type `{}` needs either `values` or `expression`",
                input_type.name()
            ),
        };
        findings.push(Diagnostic::error("missing-key", message, fields.span));
        fields.take("values");
        fields.take("expression");
        return None;
    }
    let options = match fields.given("expression").filter(|_| has_expression) {
        Some((_, node)) => Options::Expression(expression(source, node, findings)?),
        None => Options::Values(values(fields, findings)),
    };
    Some(Selection {
        options,
        auto_select_first,
        allow_custom_value,
    })
}

fn expression(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Text> {
    match &node.kind {
        NodeKind::Text(..) => {
            let text = Text::parse(source, node, findings)?;
            if text.template.literal().is_some() {
                findings.push(wrong_kind("`expression`", "an expression that gives a list", node));
                return None;
            }
            Some(text)
        }
        NodeKind::Scalar(_) | NodeKind::List(_) | NodeKind::Map(_) => {
            findings.push(wrong_kind("`expression`", "an expression", node));
            None
        }
    }
}

fn values(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Vec<InputOption> {
    let Some((key, node)) = fields.given("values") else {
        return Vec::new();
    };
    let NodeKind::List(items) = &node.kind else {
        findings.push(wrong_kind("`values`", "a list", node));
        return Vec::new();
    };
    if items.is_empty() {
        findings.push(Diagnostic::error("missing-value", "`values` is empty", key.span));
    }
    items.iter().filter_map(|item| option(item, findings)).collect()
}

/// Holds the values of a choice against the type they have in the list that is chosen.
fn check_options(fields: &Fields<'_>, item: InputType, findings: &mut Vec<Diagnostic>) {
    let Some(Node {
        kind: NodeKind::List(nodes),
        ..
    }) = fields.peek("values")
    else {
        return;
    };
    let kind = item.plain();
    for node in nodes {
        let node = node.entry("value").unwrap_or(node);
        let Some(text) = plain_text(node) else { continue };
        if let Err(refusal) = kind.take(&GivenInput::Text(text)) {
            let message = format!(
                "with `itemType: {}` a value is {}, not `{}`",
                item.name(),
                refusal.accepted,
                refusal.given
            );
            findings.push(Diagnostic::error("wrong-type", message, node.span));
        }
    }
}

/// A scalar, or a map of `value` and `label`.
fn option(node: &Node, findings: &mut Vec<Diagnostic>) -> Option<InputOption> {
    let NodeKind::Map(_) = &node.kind else {
        let text = plain_text(node);
        if text.is_none() {
            findings.push(wrong_kind("a value to select", "a string", node));
        }
        return text.map(InputOption::of);
    };
    let mut fields = Fields::of(node, "a value to select", findings)?;
    let value = fields.required("value", "the value to select", findings);
    let label = fields.text("label", findings);
    fields.finish("key of a value to select", &["value", "label"], findings);
    let (value, _) = value?;
    let label = label.map_or_else(|| value.clone(), |(label, _)| label);
    Some(InputOption { value, label })
}
