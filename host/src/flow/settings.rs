//! What every task may have beside its properties: when it runs, how long, how often, and what its end counts as.

use super::duration::{self, Length};
use super::fields::{Fields, wrong_kind};
use super::place::Text;
use super::property::Property;
use super::retry::{self, Retry};
use super::yaml::NodeKind;
use crate::model::{Diagnostic, Json, LogLevel};

/// The settings of one task.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether the task is left out.
    pub disabled: bool,
    /// The task is skipped where this does not render to something true.
    pub run_if: Option<Property>,
    pub retry: Option<Retry>,
    pub timeout: Option<Length>,
    /// Whether a failure counts as a warning.
    pub allow_failure: bool,
    /// Whether a warning counts as a success.
    pub allow_warning: bool,
    /// Log lines that matter less are not kept.
    pub log_level: LogLevel,
}

impl Settings {
    /// Reads the settings of a task that are not properties of its own type.
    pub(super) fn read(
        source: &str,
        fields: &mut Fields<'_>,
        is_own: &dyn Fn(&str) -> bool,
        findings: &mut Vec<Diagnostic>,
    ) -> Self {
        let timeout = match is_own("timeout") {
            true => None,
            false => duration::length(source, fields, "timeout", findings),
        };
        let log_level = match is_own("logLevel") {
            true => LogLevel::Trace,
            false => log_level(fields, findings),
        };
        Self {
            disabled: fields.flag("disabled", false, findings),
            run_if: run_if(source, fields, findings),
            retry: fields
                .given("retry")
                .and_then(|(_, node)| retry::read(node, false, findings)),
            timeout,
            allow_failure: fields.flag("allowFailure", false, findings),
            allow_warning: fields.flag("allowWarning", false, findings),
            log_level,
        }
    }

    /// All templates in them.
    pub fn texts(&self) -> Vec<&Text> {
        let conditions = self.run_if.iter().flat_map(Property::texts);
        conditions.chain(self.timeout.as_ref().and_then(Length::text)).collect()
    }
}

fn run_if(source: &str, fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> Option<Property> {
    let (_, node) = fields.given("runIf")?;
    match &node.kind {
        NodeKind::List(_) | NodeKind::Map(_) => {
            findings.push(wrong_kind("`runIf`", "an expression", node));
            None
        }
        NodeKind::Text(..) | NodeKind::Scalar(_) => Some(Property::read(source, node, findings)),
    }
}

fn log_level(fields: &mut Fields<'_>, findings: &mut Vec<Diagnostic>) -> LogLevel {
    let Some((text, span)) = fields.text("logLevel", findings) else {
        return LogLevel::Trace;
    };
    LogLevel::from_name(&text).unwrap_or_else(|| {
        let message = format!("`{text}` is no value of `logLevel`");
        let finding = Diagnostic::error("unknown-value", message, span);
        findings.push(finding.with_hint("one of TRACE, DEBUG, INFO, WARN, ERROR"));
        LogLevel::Trace
    })
}

/// Whether a condition that rendered to this holds: false, 0, null and an empty text do not.
pub fn is_truthy(value: &Json) -> bool {
    match value {
        Json::Null => false,
        Json::Bool(boolean) => *boolean,
        Json::Number(number) => number.as_f64() != Some(0.0),
        Json::String(text) => !matches!(text.trim(), "" | "false" | "0" | "-0" | "null"),
        Json::Array(_) | Json::Object(_) => true,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::is_truthy;

    #[test]
    fn conditions_hold_unless_they_say_nothing() {
        for value in [json!(true), json!("true"), json!("x"), json!(1), json!([])] {
            assert!(is_truthy(&value), "{value}");
        }
        for value in [
            json!(false),
            json!("false"),
            json!(""),
            json!(" "),
            json!(0),
            json!("0"),
            json!("-0"),
            json!(-0.0),
            json!(null),
        ] {
            assert!(!is_truthy(&value), "{value}");
        }
    }
}
