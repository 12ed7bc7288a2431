//! One thing that must hold after a run: a value, and what it is compared with.

use std::cmp::Ordering;

use regex::Regex;

use crate::expr::Scope;
use crate::flow::property::Property;
use crate::flow::settings::is_truthy;
use crate::flow::shape::{Key, Shape, key, required};
use crate::flow::yaml::Node;
use crate::model::{Diagnostic, Json, Span};

use super::read;

/// A value and what must hold of it. Without any comparison the value itself must be true.
#[derive(Debug, Clone)]
pub struct Assertion {
    value: Property,
    comparisons: Vec<Compared>,
    /// What to say when it does not hold.
    message: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// A comparison with what the value is compared with.
#[derive(Debug, Clone)]
struct Compared {
    comparison: Comparison,
    /// What is said when it does not hold.
    words: &'static str,
    operand: Property,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    EqualTo,
    NotEqualTo,
    GreaterThan,
    GreaterThanOrEqualTo,
    LessThan,
    LessThanOrEqualTo,
    In,
    NotIn,
    Contains,
    StartsWith,
    EndsWith,
    Matches,
    IsNull,
    IsNotNull,
}

use Comparison::{
    Contains, EndsWith, EqualTo, GreaterThan, GreaterThanOrEqualTo, In, IsNotNull, IsNull, LessThan, LessThanOrEqualTo,
    Matches, NotEqualTo, NotIn, StartsWith,
};

/// Each comparison with its key, and with what is said when it does not hold.
const COMPARISONS: [(Comparison, &str, &str); 14] = [
    (EqualTo, "equalTo", "not"),
    (NotEqualTo, "notEqualTo", "and should not be"),
    (GreaterThan, "greaterThan", "not greater than"),
    (GreaterThanOrEqualTo, "greaterThanOrEqualTo", "smaller than"),
    (LessThan, "lessThan", "not smaller than"),
    (LessThanOrEqualTo, "lessThanOrEqualTo", "greater than"),
    (In, "in", "which is not in"),
    (NotIn, "notIn", "which is in"),
    (Contains, "contains", "which does not contain"),
    (StartsWith, "startsWith", "which does not start with"),
    (EndsWith, "endsWith", "which does not end with"),
    (Matches, "matches", "which does not match"),
    (IsNull, "isNull", "and `isNull` is"),
    (IsNotNull, "isNotNull", "and `isNotNull` is"),
];

pub(super) const KEYS: [Key; 17] = [
    required("value", Shape::Any, "What is looked at, usually an expression."),
    key("description", Shape::Text, "What the assertion is for."),
    key("errorMessage", Shape::Text, "What to say when it does not hold."),
    key("equalTo", Shape::Any, "The value is this one."),
    key("notEqualTo", Shape::Any, "The value is another one."),
    key("greaterThan", Shape::Any, "The number or text is greater."),
    key(
        "greaterThanOrEqualTo",
        Shape::Any,
        "The number or text is greater or the same.",
    ),
    key("lessThan", Shape::Any, "The number or text is smaller."),
    key(
        "lessThanOrEqualTo",
        Shape::Any,
        "The number or text is smaller or the same.",
    ),
    key("in", Shape::Any, "The value is in this list."),
    key("notIn", Shape::Any, "The value is not in this list."),
    key(
        "contains",
        Shape::Any,
        "The list has this item, the map this key, or the text this part.",
    ),
    key("startsWith", Shape::Any, "The text starts so."),
    key("endsWith", Shape::Any, "The text ends so."),
    key(
        "matches",
        Shape::Any,
        "A regular expression finds something in the text.",
    ),
    key("isNull", Shape::Boolean, "Whether the value is null."),
    key("isNotNull", Shape::Boolean, "Whether the value is not null."),
];

impl Assertion {
    pub(super) fn read(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Self {
        let value = node.entry("value").map_or(Property::Literal(Json::Null), |node| {
            Property::read(source, node, findings)
        });
        let comparisons = COMPARISONS.into_iter().filter_map(|(comparison, key, words)| {
            let operand = Property::read(source, node.entry(key)?, findings);
            Some(Compared {
                comparison,
                words,
                operand,
            })
        });
        Self {
            comparisons: comparisons.collect(),
            value,
            message: read::text(node, "errorMessage").or_else(|| read::text(node, "description")),
            span: node.span,
        }
    }

    /// Looks whether it holds; the error says what does not.
    pub fn check(&self, scope: &Scope<'_>) -> Result<(), String> {
        let shown = self
            .value
            .source()
            .as_str()
            .map_or_else(|| self.value.source().to_string(), str::to_owned);
        let told = |reason: String| match &self.message {
            Some(message) => format!("{message}: {reason}"),
            None => reason,
        };
        let evaluate = |property: &Property| {
            property
                .evaluate(scope)
                .map_err(|error| told(format!("`{shown}` cannot be evaluated: {}", error.error.message)))
        };
        let value = evaluate(&self.value)?;
        if self.comparisons.is_empty() {
            return match is_truthy(&value) {
                true => Ok(()),
                false => Err(told(format!("`{shown}` is {value}, which is not true"))),
            };
        }
        for compared in &self.comparisons {
            let operand = evaluate(&compared.operand)?;
            match compared.comparison.holds(&value, &operand) {
                Ok(true) => {}
                Ok(false) => return Err(told(format!("`{shown}` is {value}, {} {operand}", compared.words))),
                Err(reason) => return Err(told(format!("`{shown}` is {value}: {reason}"))),
            }
        }
        Ok(())
    }
}

impl Comparison {
    fn holds(self, value: &Json, operand: &Json) -> Result<bool, String> {
        let text = |json: &Json| json.as_str().map_or_else(|| json.to_string(), str::to_owned);
        Ok(match self {
            EqualTo => same(value, operand),
            NotEqualTo => !same(value, operand),
            GreaterThan => order(value, operand)? == Ordering::Greater,
            GreaterThanOrEqualTo => order(value, operand)? != Ordering::Less,
            LessThan => order(value, operand)? == Ordering::Less,
            LessThanOrEqualTo => order(value, operand)? != Ordering::Greater,
            In => list(operand)?.iter().any(|item| same(value, item)),
            NotIn => !list(operand)?.iter().any(|item| same(value, item)),
            Contains => match value {
                Json::Array(items) => items.iter().any(|item| same(item, operand)),
                Json::Object(map) => map.contains_key(&text(operand)),
                other => text(other).contains(&text(operand)),
            },
            StartsWith => text(value).starts_with(&text(operand)),
            EndsWith => text(value).ends_with(&text(operand)),
            Matches => Regex::new(&text(operand))
                .map_err(|error| format!("`matches` is no regular expression: {error}"))?
                .is_match(&text(value)),
            IsNull => value.is_null() == is_truthy(operand),
            IsNotNull => value.is_null() != is_truthy(operand),
        })
    }
}

fn list(operand: &Json) -> Result<&[Json], String> {
    operand
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| format!("it can only be looked for in a list, not in {operand}"))
}

/// Whether two values are the same: numbers by their value, and a text is the same as the scalar it is written like.
fn same(one: &Json, other: &Json) -> bool {
    match (one, other) {
        (Json::Number(a), Json::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Json::String(text), scalar @ (Json::Number(_) | Json::Bool(_)))
        | (scalar @ (Json::Number(_) | Json::Bool(_)), Json::String(text)) => {
            let written = scalar.to_string();
            *text == written
        }
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b)),
        (Json::Object(a), Json::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(key, a)| b.get(key).is_some_and(|b| same(a, b)))
        }
        _ => one == other,
    }
}

fn order(one: &Json, other: &Json) -> Result<Ordering, String> {
    let number = |json: &Json| match json {
        Json::Number(number) => number.as_f64(),
        Json::String(text) => text.trim().parse().ok(),
        _ => None,
    };
    if let (Some(one), Some(other)) = (number(one), number(other))
        && let Some(order) = one.partial_cmp(&other)
    {
        return Ok(order);
    }
    match (one, other) {
        (Json::String(one), Json::String(other)) => Ok(one.cmp(other)),
        _ => Err(format!("it cannot be compared with {other}")),
    }
}
