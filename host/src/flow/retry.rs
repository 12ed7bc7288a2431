//! Trying again: when, how often, for how long.

use std::time::Duration;

use super::duration;
use super::fields::Fields;
use super::yaml::{Node, NodeKind};
use crate::model::{Diagnostic, Span};

/// What happens when a task fails that may be tried again.
#[derive(Debug, Clone, PartialEq)]
pub struct Retry {
    pub pause: Pause,
    /// How often the task runs at most, the first time included.
    pub max_attempts: Option<u32>,
    /// How long after its first start the last attempt may begin.
    pub max_duration: Option<Duration>,
    /// Whether a success that took more than one attempt is a warning.
    pub warning_on_retry: bool,
    /// What is tried again, where the flow says it.
    pub behavior: Behavior,
}

/// How long to wait between two attempts.
#[derive(Debug, Clone, PartialEq)]
pub enum Pause {
    Constant(Duration),
    Exponential {
        interval: Duration,
        max_interval: Duration,
        factor: f64,
    },
    Random {
        min_interval: Duration,
        max_interval: Duration,
    },
}

/// What the retry of a flow tries again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behavior {
    /// The task that failed.
    RetryFailedTask,
    /// All of the flow, as an execution of its own.
    CreateNewExecution,
}

impl Retry {
    /// How long to wait after so many attempts, from 1; nothing where the task is not tried again. `elapsed` is the time
    /// since the first attempt began, `chance` a number from 0 to 1.
    pub fn pause_after(&self, attempts: u32, elapsed: Duration, chance: f64) -> Option<Duration> {
        if self.max_attempts.is_some_and(|most| attempts >= most) {
            return None;
        }
        let pause = match &self.pause {
            Pause::Constant(interval) => *interval,
            Pause::Exponential {
                interval,
                max_interval,
                factor,
            } => {
                let grown = interval.as_secs_f64() * factor.powf(f64::from(attempts - 1));
                Duration::try_from_secs_f64(grown).map_or(*max_interval, |grown| grown.min(*max_interval))
            }
            Pause::Random {
                min_interval,
                max_interval,
            } => {
                *min_interval
                    + max_interval
                        .saturating_sub(*min_interval)
                        .mul_f64(chance.clamp(0.0, 1.0))
            }
        };
        let is_in_time = self
            .max_duration
            .is_none_or(|most| elapsed.saturating_add(pause) <= most);
        is_in_time.then_some(pause)
    }
}

const KEYS: [&str; 10] = [
    "type",
    "interval",
    "maxInterval",
    "delayFactor",
    "minInterval",
    "maxAttempts",
    "maxAttempt",
    "maxDuration",
    "warningOnRetry",
    "behavior",
];

/// Reads a `retry` block.
pub(super) fn read(node: &Node, is_flow: bool, findings: &mut Vec<Diagnostic>) -> Option<Retry> {
    let mut fields = Fields::of(node, "`retry`", findings)?;
    let start = fields.span;
    let kind = fields.required("type", "`retry`", findings);
    let kind = kind.map(|(text, span)| (text.to_lowercase(), span));
    let pause = match kind.as_ref().map(|(kind, span)| (kind.as_str(), *span)) {
        Some(("constant", _)) => needed(&mut fields, "interval", findings).map(Pause::Constant),
        Some(("exponential", _)) => {
            let interval = needed(&mut fields, "interval", findings);
            let max_interval = needed(&mut fields, "maxInterval", findings);
            let factor = number(&mut fields, "delayFactor", findings).unwrap_or(2.0);
            interval
                .zip(max_interval)
                .map(|(interval, max_interval)| Pause::Exponential {
                    interval,
                    max_interval,
                    factor,
                })
        }
        Some(("random", _)) => {
            let min_interval = needed(&mut fields, "minInterval", findings);
            let max_interval = needed(&mut fields, "maxInterval", findings);
            min_interval
                .zip(max_interval)
                .map(|(min_interval, max_interval)| Pause::Random {
                    min_interval,
                    max_interval,
                })
        }
        Some((other, span)) => {
            let message = format!("`{other}` is no value of `type`");
            let finding = Diagnostic::error("unknown-value", message, span);
            findings.push(finding.with_hint("one of constant, exponential, random"));
            None
        }
        None => None,
    };
    let max_attempts = whole(&mut fields, "maxAttempts", findings);
    let max_attempts = max_attempts.or(whole(&mut fields, "maxAttempt", findings));
    let max_duration = duration::fixed(&mut fields, "maxDuration", findings);
    let warning_on_retry = fields.flag("warningOnRetry", false, findings);
    let behavior = behavior(&mut fields, is_flow, findings);
    fields.finish("key of `retry`", &KEYS, findings);
    if max_attempts.is_none() && max_duration.is_none() && pause.is_some() {
        let message = "`retry` has neither `maxAttempts` nor `maxDuration`: the task would be tried without end";
        let finding = Diagnostic::error("endless-retry", message, start);
        findings.push(finding.with_hint("add `maxAttempts: 3`"));
    }
    Some(Retry {
        pause: pause?,
        max_attempts,
        max_duration,
        warning_on_retry,
        behavior,
    })
}

fn behavior(fields: &mut Fields<'_>, is_flow: bool, findings: &mut Vec<Diagnostic>) -> Behavior {
    let Some((text, span)) = fields.text("behavior", findings) else {
        return match is_flow {
            true => Behavior::CreateNewExecution,
            false => Behavior::RetryFailedTask,
        };
    };
    match text.as_str() {
        "RETRY_FAILED_TASK" => Behavior::RetryFailedTask,
        "CREATE_NEW_EXECUTION" if is_flow => Behavior::CreateNewExecution,
        "CREATE_NEW_EXECUTION" => {
            let message = "only the `retry` of a flow can create new executions";
            findings.push(Diagnostic::error("unknown-value", message, span));
            Behavior::RetryFailedTask
        }
        _ => {
            let message = format!("`{text}` is no value of `behavior`");
            let finding = Diagnostic::error("unknown-value", message, span);
            findings.push(finding.with_hint("one of RETRY_FAILED_TASK, CREATE_NEW_EXECUTION"));
            Behavior::RetryFailedTask
        }
    }
}

fn needed(fields: &mut Fields<'_>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<Duration> {
    if !fields.has(name) {
        let message = format!("`retry` has no `{name}`");
        findings.push(Diagnostic::error("missing-key", message, fields.span));
    }
    duration::fixed(fields, name, findings)
}

/// A whole number from 1.
pub(super) fn whole(fields: &mut Fields<'_>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<u32> {
    let (_, node) = fields.given(name)?;
    let number = match &node.kind {
        NodeKind::Scalar(value) => value.as_u64().and_then(|number| u32::try_from(number).ok()),
        NodeKind::Text(text, _) => text.parse().ok(),
        NodeKind::List(_) | NodeKind::Map(_) => None,
    };
    let number = number.filter(|number| *number > 0);
    if number.is_none() {
        findings.push(wrong_number(name, "a whole number from 1", node.span));
    }
    number
}

fn number(fields: &mut Fields<'_>, name: &str, findings: &mut Vec<Diagnostic>) -> Option<f64> {
    let (_, node) = fields.given(name)?;
    let number = match &node.kind {
        NodeKind::Scalar(value) => value.as_f64().filter(|number| *number > 0.0),
        _ => None,
    };
    if number.is_none() {
        findings.push(wrong_number(name, "a number above 0", node.span));
    }
    number
}

fn wrong_number(name: &str, wanted: &str, span: Span) -> Diagnostic {
    Diagnostic::error("wrong-type", format!("`{name}` must be {wanted}"), span)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    fn retry(pause: Pause) -> Retry {
        Retry {
            pause,
            max_attempts: Some(4),
            max_duration: None,
            warning_on_retry: false,
            behavior: Behavior::RetryFailedTask,
        }
    }

    /// The pauses in seconds after one attempt, two and so on, with half a chance.
    fn check(retry: &Retry, expected: &[f64]) {
        let mut elapsed = Duration::ZERO;
        let mut pauses = Vec::new();
        while let Some(pause) = retry.pause_after(pauses.len() as u32 + 1, elapsed, 0.5) {
            elapsed += pause;
            pauses.push(pause.as_secs_f64());
        }
        assert_eq!(pauses, expected, "{retry:?}");
    }

    #[test]
    fn pauses_follow_their_kind_until_a_limit() {
        check(&retry(Pause::Constant(SECOND)), &[1.0, 1.0, 1.0]);
        let exponential = |max_interval| Pause::Exponential {
            interval: SECOND,
            max_interval,
            factor: 3.0,
        };
        check(&retry(exponential(SECOND * 100)), &[1.0, 3.0, 9.0]);
        check(&retry(exponential(SECOND * 2)), &[1.0, 2.0, 2.0]);
        let random = Pause::Random {
            min_interval: SECOND,
            max_interval: SECOND * 3,
        };
        check(&retry(random), &[2.0, 2.0, 2.0]);
        let timed = Retry {
            max_duration: Some(SECOND * 2),
            ..retry(Pause::Constant(SECOND))
        };
        check(&timed, &[1.0, 1.0]);
    }
}
