//! Expressions to values.

use std::fmt::Write;

use super::{Evaluator, Limited, listed, operators, output_limit};
use crate::expr::error::{ExprError, NULL_ATTRIBUTE, Problem, UNDEFINED_ATTRIBUTE};
use crate::expr::syntax::{Binary, Expression, Kind};
use crate::expr::value::{Entries, Value};
use crate::model::{Span, closest};

impl Evaluator<'_> {
    pub(super) fn value(&mut self, expression: &Expression) -> Result<Value, ExprError> {
        let span = expression.span;
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Variable(name) => self.variable(name, span),
            _ => self.deeper(span, |this| this.compound(expression)),
        }
    }

    fn compound(&mut self, expression: &Expression) -> Result<Value, ExprError> {
        let span = expression.span;
        match &expression.kind {
            Kind::Literal(value) => Ok(value.clone()),
            Kind::Variable(name) => self.variable(name, span),
            Kind::Attribute(subject, name) => {
                let value = self.value(subject)?;
                self.attribute(&value, name, subject, span)
            }
            Kind::Subscript(subject, index) => {
                let value = self.value(subject)?;
                let index = self.value(index)?;
                self.subscript(&value, &index, subject, span)
            }
            Kind::List(items) => {
                let items = items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?;
                self.admit(Ok(Value::list(items)), span)
            }
            Kind::Map(entries) => self.map(entries, span),
            Kind::Not(operand) => Ok(Value::from(!self.truth(operand)?)),
            Kind::Negative(operand) => self.sign(operand, -1, span),
            Kind::Positive(operand) => self.sign(operand, 1, span),
            Kind::Binary(binary, sides) => self.binary(*binary, &sides.0, &sides.1, span),
            Kind::Concatenation(parts) => self.concatenation(parts, span),
            Kind::Test {
                subject,
                predicate,
                negated,
            } => {
                let value = match predicate.accepts_missing {
                    true => self.present(true, subject)?,
                    false => Some(self.side(subject)?),
                };
                let holds = match (predicate.holds)(value.as_ref()) {
                    Err(_) if self.scope.is_lenient() => false,
                    holds => holds.map_err(|problem| problem.at(span))?,
                };
                Ok(Value::from(holds != *negated))
            }
            Kind::Conditional(parts) => {
                let chosen = if self.truth(&parts.0)? { &parts.1 } else { &parts.2 };
                self.value(chosen)
            }
            Kind::Filtered(input, call) => {
                let input = self.present(call.filter.accepts_missing, input)?.unwrap_or(Value::Null);
                self.filtered(input, call)
            }
            Kind::Call(function, arguments) => {
                let given = self.given(("function", function.name), function.parameters, arguments)?;
                let result = self
                    .budget
                    .spend(1)
                    .and_then(|()| (function.call)(&given, &self.host()));
                self.admit(result, span)
            }
            Kind::Macro(name, arguments) => self.macro_call(name, arguments, span),
            Kind::Block(name) => self.block_call(name, span),
        }
    }

    /// The value, or nothing where it is missing and that is acceptable.
    fn present(&mut self, accepts_missing: bool, expression: &Expression) -> Result<Option<Value>, ExprError> {
        match self.value(expression) {
            Err(error) if accepts_missing && error.is_absence() => Ok(None),
            other => other.map(Some),
        }
    }

    /// Whether a condition holds.
    pub(super) fn truth(&mut self, condition: &Expression) -> Result<bool, ExprError> {
        let value = self.side(condition)?;
        if value.is_null() && self.scope.is_lenient() {
            return Ok(false);
        }
        operators::truth(&value).map_err(|problem| problem.at(condition.span))
    }

    /// The value of what is compared or asked about; null for what is missing where the scope is lenient.
    fn side(&mut self, expression: &Expression) -> Result<Value, ExprError> {
        let value = self.present(self.scope.is_lenient(), expression)?;
        Ok(value.unwrap_or(Value::Null))
    }

    fn sign(&mut self, operand: &Expression, sign: i64, span: Span) -> Result<Value, ExprError> {
        let operand = self.value(operand)?;
        let product = operators::arithmetic(Binary::Multiply, &Value::Integer(sign), &operand);
        product.map_err(|problem| problem.at(span))
    }

    fn map(&mut self, entries: &[(Expression, Expression)], span: Span) -> Result<Value, ExprError> {
        let mut map = Entries::with_capacity(entries.len());
        for (key, value) in entries {
            let name = self.value(key)?;
            if matches!(name, Value::List(_) | Value::Map(_)) {
                let message = format!("a {} cannot be the key of a map", name.kind());
                return Err(Problem::wrong_type(message).at(key.span));
            }
            let name = if name.is_null() {
                "null".to_owned()
            } else {
                name.to_string()
            };
            map.insert(name.into(), self.value(value)?);
        }
        self.admit(Ok(Value::map(map)), span)
    }

    fn binary(
        &mut self,
        binary: Binary,
        left: &Expression,
        right: &Expression,
        span: Span,
    ) -> Result<Value, ExprError> {
        match binary {
            Binary::Or => Ok(Value::from(self.truth(left)? || self.truth(right)?)),
            Binary::And => Ok(Value::from(self.truth(left)? && self.truth(right)?)),
            Binary::Coalesce => match self.present(true, left)? {
                Some(value) if !value.is_null() => Ok(value),
                _ => self.value(right),
            },
            Binary::CoalesceMissing => match self.present(true, left)? {
                Some(value) => Ok(value),
                None => self.value(right),
            },
            _ if binary.is_question() => {
                let (left, right) = (self.side(left)?, self.side(right)?);
                self.budget
                    .spend_on(weight_of(&left, &right))
                    .map_err(|problem| problem.at(span))?;
                match operators::apply(binary, left, right) {
                    Err(_) if self.scope.is_lenient() => Ok(Value::from(false)),
                    result => self.admit(result, span),
                }
            }
            _ => {
                let (left, right) = (self.value(left)?, self.value(right)?);
                let result = self
                    .budget
                    .spend_on(weight_of(&left, &right))
                    .and_then(|()| operators::apply(binary, left, right));
                self.admit(result, span)
            }
        }
    }

    fn concatenation(&mut self, parts: &[Expression], span: Span) -> Result<Value, ExprError> {
        let mut text = String::new();
        for part in parts {
            let value = match &part.kind {
                Kind::Literal(Value::String(literal)) => {
                    Limited(&mut text).write_str(literal).map_err(|_| output_limit(span))?;
                    continue;
                }
                _ => self.value(part)?,
            };
            self.budget
                .spend_on(value.measure().weight)
                .map_err(|problem| problem.at(span))?;
            self.write(&value, span, &mut text)?;
        }
        Ok(Value::from(text))
    }

    fn attribute(&self, value: &Value, name: &str, subject: &Expression, span: Span) -> Result<Value, ExprError> {
        let at = Span {
            start: subject.span.end.min(span.end),
            end: span.end,
        };
        match value {
            Value::Null => Err(null_attribute(name, span)),
            Value::Map(map) => map.get(name).cloned().ok_or_else(|| {
                let error = ExprError::new(
                    span,
                    UNDEFINED_ATTRIBUTE,
                    format!("{} has no `{name}`", self.shown(subject)),
                );
                let known = || map.entries().keys().map(|key| &**key);
                match closest(name, known()) {
                    Some(near) => error.with_hint(format!("did you mean `{near}`?")),
                    None if map.entries().is_empty() => error.with_hint("it is empty"),
                    None => error.with_hint(format!("it has {}", listed(known()))),
                }
            }),
            Value::List(list) => match name.parse::<usize>() {
                Ok(position) => element(list.items(), position as i64, span),
                Err(_) => {
                    let message = format!("a list has no `{name}`");
                    Err(ExprError::new(span, UNDEFINED_ATTRIBUTE, message)
                        .with_hint("take one of its elements first, with `first` or `[0]`"))
                }
            },
            other => {
                let message = format!("a {} has no `{name}`", other.kind());
                Err(ExprError::new(at, UNDEFINED_ATTRIBUTE, message))
            }
        }
    }

    fn subscript(&self, value: &Value, index: &Value, subject: &Expression, span: Span) -> Result<Value, ExprError> {
        match (value, index) {
            (Value::List(list), Value::Integer(position)) => element(list.items(), *position, span),
            (_, Value::String(name)) => self.attribute(value, name, subject, span),
            (Value::Null, index) => Err(null_attribute(&index.to_string(), span)),
            (_, Value::List(_) | Value::Map(_) | Value::Null) => {
                Err(Problem::wrong_type(format!("a {} cannot be a subscript", index.kind())).at(span))
            }
            _ => self.attribute(value, &index.to_string(), subject, span),
        }
    }

    /// An expression as it is written, when that is short.
    fn shown(&self, expression: &Expression) -> String {
        let text = &self.template.source()[expression.span.start..expression.span.end];
        if text.len() <= 40 && !text.contains('\n') {
            format!("`{text}`")
        } else {
            "the map".to_owned()
        }
    }
}

fn weight_of(left: &Value, right: &Value) -> usize {
    left.measure().weight.saturating_add(right.measure().weight)
}

fn null_attribute(name: &str, span: Span) -> ExprError {
    ExprError::new(span, NULL_ATTRIBUTE, format!("`{name}` is read from null"))
        .with_caption(format!("what stands before `{name}` has no value"))
        .with_hint("it found nothing; say what to use instead with `??`, or make sure that there is something")
}

fn element(items: &[Value], position: i64, span: Span) -> Result<Value, ExprError> {
    let found = usize::try_from(position).ok().and_then(|position| items.get(position));
    found.cloned().ok_or_else(|| {
        let message = format!("the list has no element {position}");
        let hint = match items.len() {
            0 => "it is empty".to_owned(),
            count => format!("its elements are numbered 0 to {}", count - 1),
        };
        ExprError::new(span, UNDEFINED_ATTRIBUTE, message).with_hint(hint)
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::expr::testing::{check, check_error, check_hint, check_typed};

    #[test]
    fn precedence_is_pebbles() {
        check("{{ 'a' ~ 'b' | upper }}", "AB");
        check("{{ 'x' | upper ~ 'y' }}", "Xy");
        check("{{ 1 + 2 | abs * 3 }}", "7");
        check("{{ 1 + 2 * 3 - 4 / 2 % 3 }}", "5");
        check("{{ nothing ?? 'b' ~ 'c' }}", "bc");
        check("{{ 'a' ~ nothing ?? 'b' ~ 'c' }}", "abc");
        check("{{ not true == false }}", "true");
        check("{{ not false and false or true }}", "true");
        check("{{ -2 | abs }} {{ -(2 | abs) }} {{ - 2 + 5 }} {{ +3 }}", "2 -2 3 3");
        check("{{ 1 < 2 == true }}", "true");
        check("{{ 1..3 | join('-') }}", "1-2-3");
        check(
            "{{ true ? 'a' : false ? 'b' : 'c' }} {{ 1 == 2 ? 'a' : 1 == 1 ? 'b' : 'c' }}",
            "a b",
        );
        check("{{ [1, 2] contains 1 and 2 in [1, 2] }}", "true");
        check("{{ 2 + 3 is odd }} {{ 1 + 1 == 2 and 3 > 2 }}", "true true");
        check("{{ 10 - 3 - 2 }} {{ 8 / 4 / 2 }}", "5 1");
    }

    #[test]
    fn attributes_and_subscripts_reach_in() {
        check(
            "{{ map.b }} {{ map['b'] }} {{ map['c-d'] }} {{ map.a[0] }} {{ list[1] }}",
            "1 1 x true two",
        );
        check(
            "{{ (map).b }} {{ (list | first) }} {{ ({'k': {'n': 5}}).k.n }} {{ ([7, 8])[1] }}",
            "1 1 5 8",
        );
        check("{% set key = 'b' %}{{ map[key] }} {{ map['c' ~ '-d'] }}", "1 x");
        check_error(
            "{{ [1, 2][0] }}",
            "expression-syntax",
            "expected an operator or `}}`, found `[`",
        );
        check_hint(
            "{{ list | first.id }}",
            "put what comes before it in parentheses, as in `(… | first).id`",
        );
    }

    #[test]
    fn what_is_missing_is_named_with_what_there_is() {
        check_error("{{ nam }}", "undefined-variable", "`nam` is not defined");
        check_hint("{{ nam }}", "did you mean `name`?");
        check_hint(
            "{{ xyz }}",
            "defined here: `execution`, `inputs`, `list`, `map`, `name`, `nothing`, `numbers`",
        );
        check_error(
            "{{ inputs.targetvm }}",
            "undefined-attribute",
            "`inputs` has no `targetvm`",
        );
        check_hint("{{ inputs.targetvm }}", "did you mean `target_vm`?");
        check_hint("{{ map.zzz }}", "it has `b`, `a`, `c-d`");
        check_error("{{ list[9] }}", "undefined-attribute", "the list has no element 9");
        check_error("{{ list.id }}", "undefined-attribute", "a list has no `id`");
        check_error("{{ name.id }}", "undefined-attribute", "a string has no `id`");
        check_error("{{ ([] | first).id }}", "attribute-of-null", "`id` is read from null");
        check_error("{{ nothing['id'] }}", "attribute-of-null", "`id` is read from null");
    }

    #[test]
    fn coalescing_answers_for_what_is_missing_or_null() {
        check(
            "{{ nope ?? 'd' }} {{ nothing ?? 'd' }} {{ name ?? 'd' }} {{ map.x.y.z ?? 'd' }}",
            "d d World d",
        );
        check(
            "{{ nope ??? 'd' }} {{ nothing ??? 'd' }}| {{ nothing.id ??? 'd' }}",
            "d | d",
        );
        check("{{ ([] | first).id ?? 'none' }} {{ nope ?? nothing ?? 'c' }}", "none c");
        check_error("{{ (1 / 0) ?? 'd' }}", "expression-type", "division by zero");
    }

    #[test]
    fn collections_are_written_out() {
        check_typed(
            "{{ {'a': 1, 'b': [1, {}], 3: null} }}",
            json!({"a": 1, "b": [1, {}], "3": null}),
        );
        check("{{ {'a': [1, 'x']} }}", r#"{"a":[1,"x"]}"#);
        check_error("{{ {[1]: 2} }}", "expression-type", "a list cannot be the key of a map");
        check(
            r##"{{ "#{name} has #{list | length} #{'things'}" }}"##,
            "World has 3 things",
        );
        check("{{ 'a' ~ 1 ~ nothing ~ [1] ~ true }}", "a1[1]true");
    }
}
