//! What is wrong with a template, and where: found while parsing, or while rendering.

use crate::model::{Diagnostic, Span};

/// A fault in a template, or in what it was rendered with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExprError {
    /// Where in the template's source, in bytes.
    pub span: Span,
    /// A stable name of the kind of fault, such as `unknown-filter`.
    pub code: &'static str,
    pub message: String,
    /// What to say under the caret, where that differs from the message.
    pub caption: Option<String>,
    /// Something to do about it.
    pub hint: Option<String>,
}

impl ExprError {
    pub(super) fn new(span: Span, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            span,
            code,
            message: message.into(),
            caption: None,
            hint: None,
        }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(super) fn with_caption(self, caption: impl Into<String>) -> Self {
        Self {
            caption: Some(caption.into()),
            ..self
        }
    }

    /// The finding that says this of a larger text, in which the template starts at byte `offset`.
    pub fn diagnostic(&self, offset: usize) -> Diagnostic {
        let diagnostic = Diagnostic::error(self.code, self.message.clone(), self.span.shifted(offset));
        Diagnostic {
            caption: self.caption.clone(),
            hint: self.hint.clone(),
            ..diagnostic
        }
    }

    /// Whether something was missing, rather than wrong: what `??`, `???`, `is defined` and `default` answer for.
    pub fn is_absence(&self) -> bool {
        matches!(self.code, UNDEFINED_VARIABLE | UNDEFINED_ATTRIBUTE | NULL_ATTRIBUTE)
    }
}

pub(super) const SYNTAX: &str = "expression-syntax";
pub(super) const UNDEFINED_VARIABLE: &str = "undefined-variable";
pub(super) const UNDEFINED_ATTRIBUTE: &str = "undefined-attribute";
pub(super) const NULL_ATTRIBUTE: &str = "attribute-of-null";
pub(super) const WRONG_TYPE: &str = "expression-type";
pub(super) const WRONG_ARGUMENT: &str = "expression-argument";
pub(super) const LIMIT: &str = "expression-limit";

/// A fault that a filter, a function or a test reports; the evaluator knows the place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Problem {
    pub code: &'static str,
    pub message: String,
    pub hint: Option<String>,
}

impl Problem {
    /// A value of a kind that the operation cannot use.
    pub(super) fn wrong_type(message: impl Into<String>) -> Self {
        Self {
            code: WRONG_TYPE,
            message: message.into(),
            hint: None,
        }
    }

    /// An argument that the operation cannot use.
    pub(super) fn wrong_argument(message: impl Into<String>) -> Self {
        Self {
            code: WRONG_ARGUMENT,
            message: message.into(),
            hint: None,
        }
    }

    /// A limit of the expression language was reached.
    pub(super) fn limit(message: impl Into<String>) -> Self {
        Self {
            code: LIMIT,
            message: message.into(),
            hint: None,
        }
    }

    pub(super) fn with_hint(self, hint: impl Into<String>) -> Self {
        Self {
            hint: Some(hint.into()),
            ..self
        }
    }

    pub(super) fn at(self, span: Span) -> ExprError {
        ExprError {
            span,
            code: self.code,
            message: self.message,
            caption: None,
            hint: self.hint,
        }
    }
}
