//! What is said of an input that has no value, or has one that does not fit.

use crate::flow::{Input, InputKind, InputOption, Preset, Refusal, RenderError, printable, shown};
use crate::model::{Diagnostic, Span};

/// Where a value comes from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Origin<'a> {
    /// Whoever runs the flow gave it.
    User,
    /// The flow says it.
    Default(&'a Preset),
    /// It is the first option.
    First,
}

impl Origin<'_> {
    /// Where a fault in the value is shown.
    fn span(self, input: &Input) -> Span {
        match self {
            Origin::Default(preset) => preset.span,
            Origin::User | Origin::First => input.span,
        }
    }
}

/// A value that does not fit the type. Of a secret nothing is shown.
pub(super) fn refused(input: &Input, refusal: Refusal, origin: Origin<'_>, is_secret: bool) -> Diagnostic {
    let (id, accepted) = (&input.id, refusal.accepted);
    let what = match (origin, is_secret) {
        (Origin::Default(_), true) => "its default is something else".to_owned(),
        (Origin::Default(_), false) => format!("its default is `{}`", refusal.given),
        (_, true) => "something else was given".to_owned(),
        (_, false) => format!("`{}` was given", refusal.given),
    };
    let message = format!("the input `{id}` takes {accepted}; {what}");
    let finding = Diagnostic::error("invalid-input", message, origin.span(input));
    match is_secret {
        true => finding,
        false => Diagnostic {
            caption: refusal.reason,
            hint: refusal.hint,
            ..finding
        },
    }
}

/// A value that is none of the options.
pub(super) fn no_option(
    input: &Input,
    value: &str,
    options: &[InputOption],
    origin: Origin<'_>,
    is_secret: bool,
) -> Diagnostic {
    let hint = InputOption::hint(value, options);
    let value = if is_secret { "******".to_owned() } else { shown(value) };
    let message = format!("`{value}` is no option of the input `{}`", input.id);
    let finding = Diagnostic::error("invalid-input", message, origin.span(input));
    if is_secret { finding } else { finding.with_hint(hint) }
}

/// A file that cannot be had.
pub(super) fn no_file(input: &Input, reason: &str, origin: Origin<'_>) -> Diagnostic {
    let message = format!("the input `{}` has no value: {}", input.id, printable(reason));
    Diagnostic::error("invalid-input", message, origin.span(input))
}

/// A required input that nobody gave a value.
pub(super) fn missing(input: &Input) -> Diagnostic {
    let message = format!("the input `{}` has no value", input.id);
    let finding = Diagnostic::error("missing-input", message, input.span);
    let hint = match &input.kind {
        InputKind::String { validator: None } | InputKind::Secret { validator: None } | InputKind::Select(_) => {
            format!("give it with `--input {}=…`", input.id)
        }
        kind => format!("give it with `--input {}=…`: {}", input.id, kind.in_words()),
    };
    finding.with_hint(hint)
}

/// A finding about one of the input's expressions.
pub(super) fn wrong_result(input: &Input, key: &str, problem: &str, span: Span) -> Diagnostic {
    let message = format!("the input `{}` has no value: its `{key}` {problem}", input.id);
    Diagnostic::error("input-expression", message, span)
}

/// An expression of an input that cannot be rendered, shown at its place, with the reason under the caret.
pub(super) fn unresolved(input: &Input, key: &str, error: &RenderError) -> Diagnostic {
    let found = error.diagnostic();
    let message = format!(
        "the input `{}` has no value: its `{key}` cannot be rendered: {}",
        input.id, error.error.message
    );
    let caption = found.caption.clone().unwrap_or_else(|| found.message.clone());
    // A given value needs no default, and where it may be anything no options either.
    let is_custom = input
        .kind
        .selection()
        .is_some_and(|selection| selection.allow_custom_value);
    let is_avoidable = key == "defaults" || (key == "expression" && is_custom);
    let hint = match (error.error.code, is_avoidable) {
        (_, true) => format!("give a value with `--input {}=…`", input.id),
        ("attribute-of-null", _) => "nothing in the catalog matches yet; run the flow that creates it first".to_owned(),
        _ => found
            .hint
            .clone()
            .unwrap_or_else(|| "`begat validate` shows what can be known before".to_owned()),
    };
    Diagnostic {
        message,
        caption: Some(caption),
        hint: Some(hint),
        code: "input-expression",
        ..found
    }
}
