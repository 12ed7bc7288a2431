//! Renders a parsed template: walks its tree with the scope, the names the template has given, and a budget.

mod budget;
mod expression;
mod operators;
mod tags;

use std::fmt::Write;
use std::sync::Arc;

use super::error::{ExprError, LIMIT, Problem, UNDEFINED_VARIABLE};
use super::limits;
use super::scope::Scope;
use super::syntax::{Arguments, Expression, FilterCall};
use super::template::Template;
use super::value::Value;
use crate::model::{Span, closest};

pub(super) use budget::{Budget, Limited, stack_position};
pub(super) use operators::range;
pub(super) use tags::entry;

/// What filters and functions may use besides their arguments.
pub(super) struct Host<'e> {
    pub scope: &'e Scope<'e>,
    pub budget: &'e Budget,
    /// The names the template has given so far.
    pub locals: &'e [(Arc<str>, Value)],
}

/// One rendering of one template.
pub(super) struct Evaluator<'e> {
    template: &'e Template,
    scope: &'e Scope<'e>,
    budget: &'e Budget,
    /// Names the template gave, the innermost last.
    locals: Vec<(Arc<str>, Value)>,
    /// Where the names of the current macro start; what lies before is out of its sight.
    frame: usize,
    /// Whether a macro is being rendered: it sees its parameters only.
    in_macro: bool,
    /// Variables of the scope that a `set` changed.
    changed: Vec<(Arc<str>, Value)>,
}

impl<'e> Evaluator<'e> {
    pub(super) fn new(template: &'e Template, scope: &'e Scope<'e>, budget: &'e Budget) -> Self {
        Self {
            template,
            scope,
            budget,
            locals: Vec::new(),
            frame: 0,
            in_macro: false,
            changed: Vec::new(),
        }
    }

    /// Sees the names that another rendering has given.
    pub(super) fn with_locals(self, locals: &[(Arc<str>, Value)]) -> Self {
        Self {
            locals: locals.to_vec(),
            ..self
        }
    }

    pub(super) fn render(mut self) -> Result<String, ExprError> {
        let mut out = String::with_capacity(self.template.source().len());
        let template = self.template;
        self.nodes(template.nodes(), &mut out)?;
        Ok(out)
    }

    pub(super) fn evaluate(mut self, expression: &Expression) -> Result<Value, ExprError> {
        self.value(expression)
    }

    fn host(&self) -> Host<'_> {
        Host {
            scope: self.scope,
            budget: self.budget,
            locals: &self.locals[self.frame..],
        }
    }

    /// Goes one level deeper for as long as `work` takes.
    fn deeper<T>(&mut self, span: Span, work: impl FnOnce(&mut Self) -> Result<T, ExprError>) -> Result<T, ExprError> {
        self.budget.enter().map_err(|problem| problem.at(span))?;
        let result = work(self);
        self.budget.leave();
        result
    }

    fn write(&self, value: &Value, span: Span, out: &mut String) -> Result<(), ExprError> {
        let written = match value {
            Value::String(text) => Limited(out).write_str(text),
            other => write!(Limited(out), "{other}"),
        };
        written.map_err(|_| output_limit(span))
    }

    fn variable(&self, name: &str, span: Span) -> Result<Value, ExprError> {
        let local = self.locals[self.frame..]
            .iter()
            .rev()
            .find(|(known, _)| **known == *name);
        let value = match local {
            Some((_, value)) => Some(value),
            None if self.in_macro => None,
            None => self
                .changed
                .iter()
                .find(|(known, _)| **known == *name)
                .map(|(_, value)| value),
        };
        let value = value.or_else(|| if self.in_macro { None } else { self.scope.variable(name) });
        value.cloned().ok_or_else(|| self.undefined(name, span))
    }

    fn undefined(&self, name: &str, span: Span) -> ExprError {
        let error = ExprError::new(span, UNDEFINED_VARIABLE, format!("`{name}` is not defined"));
        if self.in_macro && self.scope.variable(name).is_some() {
            return error.with_hint("a macro sees only its parameters; pass the value to it");
        }
        let locals = self.locals[self.frame..].iter().map(|(known, _)| &**known);
        let outer = self.scope.names().filter(|_| !self.in_macro);
        let mut known: Vec<&str> = locals.chain(outer).collect();
        known.sort_unstable();
        known.dedup();
        match closest(name, known.iter().copied()) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None if known.is_empty() => error.with_hint("no variables are defined here"),
            None => error.with_hint(format!("defined here: {}", listed(known.into_iter()))),
        }
    }

    fn filtered(&mut self, input: Value, call: &FilterCall) -> Result<Value, ExprError> {
        let given = self.given(("filter", call.filter.name), call.filter.parameters, &call.arguments)?;
        let weight = given
            .values
            .iter()
            .flatten()
            .map(|value| value.measure().weight)
            .fold(input.measure().weight, usize::saturating_add);
        let result = self
            .budget
            .spend_on(weight)
            .and_then(|()| (call.filter.apply)(input, &given, &self.host()));
        self.admit(result, call.span)
    }

    fn given(
        &mut self,
        callee: (&'static str, &'static str),
        parameters: &'static [super::signature::Parameter],
        arguments: &Arguments,
    ) -> Result<super::signature::Given, ExprError> {
        let value = |this: &mut Self, argument: &Option<Expression>| {
            argument.as_ref().map(|expression| this.value(expression)).transpose()
        };
        let values = arguments
            .given
            .iter()
            .map(|argument| value(self, argument))
            .collect::<Result<_, _>>()?;
        let rest = arguments
            .rest
            .iter()
            .map(|argument| self.value(argument))
            .collect::<Result<_, _>>()?;
        Ok(super::signature::Given {
            callee,
            parameters,
            values,
            rest,
        })
    }

    /// Lets a new value in unless it has grown too large.
    fn admit(&self, value: Result<Value, Problem>, span: Span) -> Result<Value, ExprError> {
        value
            .and_then(|value| self.budget.admit(value))
            .map_err(|problem| problem.at(span))
    }
}

fn output_limit(span: Span) -> ExprError {
    ExprError::new(span, LIMIT, format!("the text grows beyond {} bytes", limits::OUTPUT))
}

/// Some names, as many as fit in a line.
fn listed<'n>(names: impl Iterator<Item = &'n str>) -> String {
    const SHOWN: usize = 12;
    let names: Vec<String> = names.take(SHOWN + 1).map(|name| format!("`{name}`")).collect();
    let more = if names.len() > SHOWN { ", …" } else { "" };
    names[..names.len().min(SHOWN)].join(", ") + more
}
