//! What a flow says of its executions as a whole: how many at once, what must hold, how long, and what they give.

use std::time::Duration;

use super::duration;
use super::fields::{Fields, wrong_kind};
use super::property::Property;
use super::retry;
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, JsonMap};

/// How many executions of a flow may run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Concurrency {
    pub limit: u32,
    pub behavior: ConcurrencyBehavior,
}

/// What becomes of an execution for which there is no room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConcurrencyBehavior {
    /// It waits.
    Queue,
    /// It ends as `CANCELLED`.
    Cancel,
    /// It ends as `FAILED`.
    Fail,
}

/// What must hold before a flow runs.
#[derive(Debug, Clone)]
pub struct Check {
    pub condition: Property,
    pub message: Option<Property>,
    pub behavior: CheckBehavior,
}

/// What becomes of an execution for which a check does not hold, the mildest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckBehavior {
    /// It runs nonetheless.
    CreateExecution,
    /// It ends as `FAILED` before any task runs.
    FailExecution,
    /// There is none.
    BlockExecution,
}

/// What an execution must keep to.
#[derive(Debug, Clone)]
pub struct Sla {
    pub id: String,
    pub rule: SlaRule,
    pub behavior: SlaBehavior,
    /// Labels the execution gets when it does not.
    pub labels: JsonMap,
}

/// The rule of a service level agreement.
#[derive(Debug, Clone)]
pub enum SlaRule {
    MaxDuration(Duration),
    /// An expression that must be true after each task.
    Assertion(Property),
}

/// What becomes of an execution that breaks a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SlaBehavior {
    Fail,
    Cancel,
    /// It goes on; its log and its labels tell.
    None,
}

/// A value that an execution gives.
#[derive(Debug, Clone)]
pub struct FlowOutput {
    pub id: String,
    pub output_type: OutputType,
    pub value: Property,
    /// Whether the execution fails where the value cannot be rendered.
    pub required: bool,
}

/// What the value of an output is turned into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OutputType {
    Text,
    Integer,
    Float,
    Boolean,
    /// Lists, maps and whatever else JSON knows.
    Json,
}

/// One of the words a key takes; a finding names them all where the text is none.
fn word<T: Copy>(
    fields: &mut Fields<'_>,
    name: &str,
    words: &[(&str, T)],
    findings: &mut Vec<Diagnostic>,
) -> Option<T> {
    let (text, span) = fields.text(name, findings)?;
    let found = words.iter().find(|(word, _)| *word == text);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let finding = Diagnostic::error("unknown-value", format!("`{text}` is no value of `{name}`"), span);
        findings.push(finding.with_hint(format!("one of {}", known.join(", "))));
    }
    found.map(|(_, value)| *value)
}

pub(super) fn concurrency(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Option<Concurrency> {
    let (_, node) = fields.given("concurrency")?;
    let mut fields = Fields::of(node, "`concurrency`", findings)?;
    if !fields.has("limit") {
        findings.push(Diagnostic::error(
            "missing-key",
            "`concurrency` has no `limit`",
            fields.span,
        ));
    }
    let limit = retry::whole(&mut fields, "limit", findings);
    let words = [
        ("QUEUE", ConcurrencyBehavior::Queue),
        ("CANCEL", ConcurrencyBehavior::Cancel),
        ("FAIL", ConcurrencyBehavior::Fail),
    ];
    let behavior = word(&mut fields, "behavior", &words, findings).unwrap_or(ConcurrencyBehavior::Queue);
    fields.finish("key of `concurrency`", &["limit", "behavior"], findings);
    limit.map(|limit| Concurrency { limit, behavior })
}

pub(super) fn checks(source: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Check> {
    let items = fields.list("checks", findings).unwrap_or_default();
    items.iter().filter_map(|item| check(source, item, findings)).collect()
}

fn check(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Check> {
    let mut fields = Fields::of(node, "a check", findings)?;
    let condition = expression(source, &mut fields, "condition", "the check", findings);
    let message = fields
        .given("message")
        .map(|(_, node)| Property::read(source, node, findings));
    let styles = [("SUCCESS", ()), ("INFO", ()), ("WARNING", ()), ("ERROR", ())];
    // How a form shows the message says nothing to a command line.
    let _: Option<()> = word(&mut fields, "style", &styles, findings);
    let words = [
        ("BLOCK_EXECUTION", CheckBehavior::BlockExecution),
        ("FAIL_EXECUTION", CheckBehavior::FailExecution),
        ("CREATE_EXECUTION", CheckBehavior::CreateExecution),
    ];
    let behavior = word(&mut fields, "behavior", &words, findings).unwrap_or(CheckBehavior::BlockExecution);
    fields.finish(
        "key of a check",
        &["condition", "message", "style", "behavior"],
        findings,
    );
    Some(Check {
        condition: condition?,
        message,
        behavior,
    })
}

pub(super) fn slas(source: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Vec<Sla> {
    let items = fields.list("sla", findings).unwrap_or_default();
    items.iter().filter_map(|item| sla(source, item, findings)).collect()
}

fn sla(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Sla> {
    let mut fields = Fields::of(node, "an entry of `sla`", findings)?;
    let id = fields.required("id", "the entry of `sla`", findings);
    let kinds = [("MAX_DURATION", true), ("EXECUTION_ASSERTION", false)];
    if !fields.has("type") {
        findings.push(Diagnostic::error(
            "missing-key",
            "the entry of `sla` has no `type`",
            fields.span,
        ));
    }
    let rule = match word(&mut fields, "type", &kinds, findings) {
        Some(true) => {
            if !fields.has("duration") {
                let message = "the entry of `sla` has no `duration`";
                findings.push(Diagnostic::error("missing-key", message, fields.span));
            }
            duration::fixed(&mut fields, "duration", findings).map(SlaRule::MaxDuration)
        }
        Some(false) => {
            expression(source, &mut fields, "assert", "the entry of `sla`", findings).map(SlaRule::Assertion)
        }
        None => None,
    };
    let words = [
        ("FAIL", SlaBehavior::Fail),
        ("CANCEL", SlaBehavior::Cancel),
        ("NONE", SlaBehavior::None),
    ];
    let behavior = word(&mut fields, "behavior", &words, findings).unwrap_or(SlaBehavior::Fail);
    let labels = fields
        .given("labels")
        .map(|(_, node)| super::labels::read_plain(source, node, findings));
    let keys = ["id", "type", "duration", "assert", "behavior", "labels"];
    fields.finish("key of an `sla` entry", &keys, findings);
    Some(Sla {
        id: id?.0,
        rule: rule?,
        behavior,
        labels: labels.unwrap_or_default(),
    })
}

fn expression(
    source: &str,
    fields: &mut Fields<'_>,
    name: &str,
    what: &str,
    findings: &mut Vec<Diagnostic>,
) -> Option<Property> {
    let Some((_, node)) = fields.given(name) else {
        let message = format!("{what} has no `{name}`");
        findings.push(Diagnostic::error("missing-key", message, fields.span));
        return None;
    };
    match &node.kind {
        NodeKind::Text(..) | NodeKind::Scalar(_) => Some(Property::read(source, node, findings)),
        NodeKind::List(_) | NodeKind::Map(_) => {
            findings.push(wrong_kind(&format!("`{name}`"), "an expression", node));
            None
        }
    }
}

pub(super) fn outputs(source: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Vec<FlowOutput> {
    let items = fields.list("outputs", findings).unwrap_or_default();
    let mut outputs: Vec<FlowOutput> = Vec::new();
    for item in items {
        let Some(mut fields) = Fields::of(item, "an output", findings) else {
            continue;
        };
        let id = fields.required("id", "the output", findings);
        let output_type = output_type(&mut fields, findings);
        let value = fields
            .given("value")
            .map(|(_, node)| Property::read(source, node, findings));
        if value.is_none() {
            findings.push(Diagnostic::error(
                "missing-key",
                "the output has no `value`",
                fields.span,
            ));
        }
        let required = fields.flag("required", true, findings);
        for name in ["displayName", "description", "dependsOn"] {
            fields.take(name);
        }
        let keys = ["id", "type", "value", "required", "displayName", "description"];
        fields.finish("key of an output", &keys, findings);
        let (Some((id, span)), Some(value)) = (id, value) else {
            continue;
        };
        if outputs.iter().any(|output| output.id == id) {
            let message = format!("the output `{id}` is declared twice");
            findings.push(Diagnostic::error("duplicate-id", message, span));
            continue;
        }
        outputs.push(FlowOutput {
            id,
            output_type,
            value,
            required,
        });
    }
    outputs
}

fn output_type(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> OutputType {
    let words = [
        ("STRING", OutputType::Text),
        ("INT", OutputType::Integer),
        ("FLOAT", OutputType::Float),
        ("BOOL", OutputType::Boolean),
        ("BOOLEAN", OutputType::Boolean),
        ("JSON", OutputType::Json),
        ("YAML", OutputType::Json),
        ("ARRAY", OutputType::Json),
        ("MULTISELECT", OutputType::Json),
        ("SELECT", OutputType::Text),
        ("ENUM", OutputType::Text),
        ("FILE", OutputType::Text),
        ("URI", OutputType::Text),
        ("SECRET", OutputType::Text),
        ("EMAIL", OutputType::Text),
        ("DATETIME", OutputType::Text),
        ("DATE", OutputType::Text),
        ("TIME", OutputType::Text),
        ("DURATION", OutputType::Text),
    ];
    word(fields, "type", &words, findings).unwrap_or(OutputType::Text)
}
