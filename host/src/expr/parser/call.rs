//! Calls of filters, functions and macros, held against what they take.

use std::sync::Arc;

use super::{Noted, Parse, Parser};
use crate::expr::error::{ExprError, SYNTAX, WRONG_ARGUMENT};
use crate::expr::lexer::TokenKind;
use crate::expr::signature::Parameter;
use crate::expr::syntax::{Arguments, Expression, FilterCall, Kind};
use crate::expr::value::Value;
use crate::expr::{filters, functions};
use crate::model::{Span, closest};

/// One argument as it is written.
struct Argument {
    name: Option<(Arc<str>, Span)>,
    value: Expression,
}

/// What is called, for messages.
#[derive(Clone, Copy)]
struct Callee<'a> {
    kind: &'static str,
    name: &'a str,
    span: Span,
    parameters: &'static [Parameter],
    /// Whether any number of arguments may follow.
    open: bool,
}

impl Parser<'_> {
    pub(super) fn unknown<'n>(
        &mut self,
        kind: &str,
        code: &'static str,
        name: &str,
        span: Span,
        known: impl Iterator<Item = &'n str>,
    ) -> Noted {
        let error = ExprError::new(span, code, format!("unknown {kind} `{name}`"));
        let error = match closest(name, known) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        };
        self.fault(error)
    }

    pub(super) fn filtered(&mut self, input: Expression) -> Parse<Expression> {
        let call = match self.filter_call() {
            Ok(call) => call,
            Err(noted) => {
                self.salvaged.push(input);
                return Err(noted);
            }
        };
        let parts = call
            .arguments
            .expressions()
            .map(|argument| argument.height)
            .max()
            .unwrap_or(0);
        let span = Span {
            start: input.span.start,
            end: call.span.end,
        };
        let height = input.height.max(parts);
        self.expression_of(Kind::Filtered(Box::new(input), call), span, height)
    }

    pub(super) fn filter_call(&mut self) -> Parse<FilterCall> {
        let (name, span) = self.name("the name of a filter")?;
        let (written, end) = if self.at('(') {
            self.arguments()?
        } else {
            (Vec::new(), span.end)
        };
        let Some(filter) = filters::find(&name) else {
            if let Some(function) = functions::find(&name) {
                let error = ExprError::new(span, "unknown-filter", format!("unknown filter `{name}`"));
                return Err(self.fault(error.with_hint(format!("`{name}` is a function: `{}(…)`", function.name))));
            }
            let names = filters::all().map(|filter| filter.name);
            return Err(self.unknown("filter", "unknown-filter", &name, span, names));
        };
        let callee = Callee {
            kind: "filter",
            name: filter.name,
            span,
            parameters: filter.parameters,
            open: filter.open,
        };
        let arguments = self.bind(callee, written)?;
        self.check_literals(filter.check, &arguments, span);
        Ok(FilterCall {
            filter,
            arguments,
            span: Span { start: span.start, end },
        })
    }

    pub(super) fn call(&mut self) -> Parse<Expression> {
        let (name, span) = self.name("the name of a function")?;
        let (written, end) = self.arguments()?;
        let height = written.iter().map(|argument| argument.value.height).max().unwrap_or(0);
        let whole = Span { start: span.start, end };
        if self.macro_names.contains(&*name) {
            let arguments = written
                .into_iter()
                .map(|a| (a.name.map(|(name, _)| name), a.value))
                .collect();
            return self.expression_of(Kind::Macro(name, arguments), whole, height);
        }
        if &*name == "block" {
            return self.block_call(written, whole, height);
        }
        let Some(function) = functions::find(&name) else {
            return Err(self.unknown_function(&name, span));
        };
        let callee = Callee {
            kind: "function",
            name: function.name,
            span,
            parameters: function.parameters,
            open: function.open,
        };
        let arguments = self.bind(callee, written)?;
        self.check_literals(function.check, &arguments, span);
        self.expression_of(Kind::Call(function, arguments), whole, height)
    }

    fn block_call(&mut self, written: Vec<Argument>, span: Span, height: usize) -> Parse<Expression> {
        let mut written = written;
        match written.pop() {
            Some(Argument { name, value })
                if written.is_empty() && name.as_ref().is_none_or(|(name, _)| &**name == "name") =>
            {
                self.expression_of(Kind::Block(Box::new(value)), span, height)
            }
            _ => Err(self.fault(ExprError::new(
                span,
                WRONG_ARGUMENT,
                "the function `block` takes the name of a block",
            ))),
        }
    }

    fn unknown_function(&mut self, name: &str, span: Span) -> Noted {
        if let Some(filter) = filters::find(name) {
            let error = ExprError::new(span, "unknown-function", format!("unknown function `{name}`"));
            return self.fault(error.with_hint(format!("`{name}` is a filter: `… | {}`", filter.name)));
        }
        let macros: Vec<String> = self.macro_names.iter().cloned().collect();
        let known = functions::all()
            .map(|function| function.name)
            .chain(macros.iter().map(String::as_str));
        self.unknown("function", "unknown-function", name, span, known)
    }

    fn arguments(&mut self) -> Parse<(Vec<Argument>, usize)> {
        self.expect('(')?;
        let mut written: Vec<Argument> = Vec::new();
        while !self.at(')') {
            if !written.is_empty() {
                self.expect_between(',', ')')?;
            }
            let name = if *self.peek() == TokenKind::Punctuation('=') {
                Some(self.argument_name()?)
            } else {
                None
            };
            let value = self.expression()?;
            if name.is_none() && written.last().is_some_and(|argument| argument.name.is_some()) {
                let message = "an argument without a name cannot follow one with a name";
                return Err(self.fault(ExprError::new(value.span, SYNTAX, message)));
            }
            written.push(Argument { name, value });
        }
        let end = self.advance().end;
        Ok((written, end))
    }

    fn argument_name(&mut self) -> Parse<(Arc<str>, Span)> {
        let name = self.new_name()?;
        self.expect('=')?;
        Ok(name)
    }

    /// Puts each argument at the position of its parameter, noting every one that has none, and every one missing.
    fn bind(&mut self, callee: Callee<'_>, written: Vec<Argument>) -> Parse<Arguments> {
        let errors = self.errors.len();
        let mut arguments = Arguments {
            given: Vec::new(),
            rest: Vec::new(),
        };
        arguments.given.resize_with(callee.parameters.len(), || None);
        for (position, argument) in written.into_iter().enumerate() {
            let slot = match &argument.name {
                Some((name, span)) => match self.parameter(callee, name, *span) {
                    Ok(slot) => slot,
                    Err(Noted) => continue,
                },
                None => position,
            };
            match arguments.given.get_mut(slot) {
                Some(Some(_)) => {
                    let message = format!("the argument `{}` is given twice", callee.parameters[slot].name);
                    self.fault(ExprError::new(argument.value.span, WRONG_ARGUMENT, message));
                }
                Some(empty) => *empty = Some(argument.value),
                None if callee.open => arguments.rest.push(argument.value),
                None => {
                    let (kind, name, count) = (callee.kind, callee.name, callee.parameters.len());
                    let takes = match count {
                        0 => "no arguments".to_owned(),
                        1 => "only one argument".to_owned(),
                        _ => format!("only {count} arguments"),
                    };
                    let message = format!("the {kind} `{name}` takes {takes}");
                    self.fault(ExprError::new(argument.value.span, WRONG_ARGUMENT, message));
                }
            }
        }
        // An argument with a slip in its name would otherwise be missing as well.
        if self.errors.len() == errors {
            self.missing(callee, &arguments);
        }
        if self.errors.len() > errors {
            Err(Noted)
        } else {
            Ok(arguments)
        }
    }

    fn parameter(&mut self, callee: Callee<'_>, name: &str, span: Span) -> Parse<usize> {
        let slot = callee.parameters.iter().position(|parameter| parameter.name == name);
        slot.ok_or_else(|| {
            let (kind, callee_name) = (callee.kind, callee.name);
            let message = format!("the {kind} `{callee_name}` has no argument `{name}`");
            let error = ExprError::new(span, "unknown-argument", message);
            let names: Vec<_> = callee
                .parameters
                .iter()
                .map(|parameter| format!("`{}`", parameter.name))
                .collect();
            let near = closest(name, callee.parameters.iter().map(|parameter| parameter.name));
            self.fault(match near {
                Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                None if names.is_empty() => error,
                None => error.with_hint(format!("it takes {}", names.join(", "))),
            })
        })
    }

    fn missing(&mut self, callee: Callee<'_>, arguments: &Arguments) {
        for (parameter, given) in callee.parameters.iter().zip(&arguments.given) {
            if parameter.required && given.is_none() {
                let (kind, name) = (callee.kind, callee.name);
                let message = format!("the {kind} `{name}` needs the argument `{}`", parameter.name);
                self.fault(ExprError::new(callee.span, "missing-argument", message));
            }
        }
    }

    fn check_literals(&mut self, check: Option<crate::expr::filters::Check>, arguments: &Arguments, span: Span) {
        let Some(check) = check else { return };
        let written_out = |argument: &Option<Expression>| argument.as_ref()?.written_out();
        let known: Vec<Option<Value>> = arguments.given.iter().map(written_out).collect();
        if let Err((position, problem)) = check(&|position| known.get(position)?.as_ref()) {
            let argument = arguments.given.get(position).and_then(Option::as_ref);
            self.fault(problem.at(argument.map_or(span, |argument| argument.span)));
        }
    }
}
