//! Text and tags to output.

use std::fmt::Write;
use std::sync::Arc;

use super::{Evaluator, Limited, output_limit};
use crate::expr::error::{ExprError, Problem, WRONG_ARGUMENT};
use crate::expr::syntax::{Expression, ForLoop, Node};
use crate::expr::value::Value;
use crate::model::Span;

/// What going once through a loop costs.
const LOOP_STEPS: u64 = 4;

impl Evaluator<'_> {
    pub(super) fn nodes(&mut self, nodes: &[Node], out: &mut String) -> Result<(), ExprError> {
        nodes.iter().try_for_each(|node| self.node(node, out))
    }

    fn node(&mut self, node: &Node, out: &mut String) -> Result<(), ExprError> {
        match node {
            Node::Text(span) => {
                let template = self.template;
                let text = &template.source()[span.start..span.end];
                Limited(out).write_str(text).map_err(|_| output_limit(*span))
            }
            Node::Print(expression) => {
                let value = self.value(expression)?;
                self.write(&value, expression.span, out)
            }
            Node::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.truth(condition)? {
                        return self.deeper(condition.span, |this| this.nodes(body, out));
                    }
                }
                self.nodes(otherwise, out)
            }
            Node::For(each) => self.repeat(each, out),
            Node::Set { name, value } => {
                let value = self.value(value)?;
                self.assign(name, value);
                Ok(())
            }
            Node::Filter { filters, body, span } => {
                let mut text = String::new();
                self.deeper(*span, |this| this.nodes(body, &mut text))?;
                let mut value = Value::from(text);
                for call in filters {
                    value = self.filtered(value, call)?;
                }
                self.write(&value, *span, out)
            }
            Node::Block(block) => self.nodes(&block.body, out),
            Node::Macro => Ok(()),
        }
    }

    /// Changes the nearest name of that kind, or makes a new one: a `set` in a loop can change what lies outside.
    fn assign(&mut self, name: &Arc<str>, value: Value) {
        let locals = self.locals[self.frame..].iter_mut();
        if let Some((_, known)) = locals.rev().find(|(known, _)| known == name) {
            *known = value;
        } else if !self.in_macro && self.scope.variable(name).is_some() {
            self.changed.retain(|(known, _)| known != name);
            self.changed.push((name.clone(), value));
        } else {
            self.locals.push((name.clone(), value));
        }
    }

    fn repeat(&mut self, each: &ForLoop, out: &mut String) -> Result<(), ExprError> {
        let span = each.iterable.span;
        let items: Vec<Value> = match self.value(&each.iterable)? {
            Value::Null => return Ok(()),
            Value::List(list) => list.into_items(),
            Value::Map(map) => map.entries().iter().map(|(key, value)| entry(key, value)).collect(),
            other => {
                let message = format!("`for` goes through lists and maps, not through a {}", other.kind());
                return Err(Problem::wrong_type(message).at(span));
            }
        };
        if items.is_empty() {
            return self.nodes(&each.otherwise, out);
        }
        self.deeper(span, |this| {
            let outer = this.locals.len();
            let length = items.len();
            let names = LoopNames::default();
            for (index, item) in items.into_iter().enumerate() {
                this.budget.spend(LOOP_STEPS).map_err(|problem| problem.at(span))?;
                this.locals.truncate(outer);
                this.locals.push((names.itself.clone(), names.state(index, length)));
                this.locals.push((each.variable.clone(), item));
                this.nodes(&each.body, out)?;
            }
            this.locals.truncate(outer);
            Ok(())
        })
    }

    pub(super) fn block_call(&mut self, name: &Expression, span: Span) -> Result<Value, ExprError> {
        let name = self.value(name)?.to_string();
        let template = self.template;
        let Some(block) = template.blocks().iter().find(|block| *block.name == *name) else {
            return Err(ExprError::new(
                span,
                WRONG_ARGUMENT,
                format!("there is no block `{name}`"),
            ));
        };
        let mut out = String::new();
        self.nodes(&block.body, &mut out)?;
        Ok(Value::from(out))
    }

    pub(super) fn macro_call(
        &mut self,
        name: &str,
        arguments: &[(Option<Arc<str>>, Expression)],
        span: Span,
    ) -> Result<Value, ExprError> {
        let template = self.template;
        let Some(definition) = template.macros().iter().find(|definition| *definition.name == *name) else {
            return Err(ExprError::new(
                span,
                "unknown-function",
                format!("unknown macro `{name}`"),
            ));
        };
        let mut values: Vec<(Arc<str>, Option<Value>)> = definition
            .parameters
            .iter()
            .map(|(name, _)| (name.clone(), None))
            .collect();
        for (position, (given_name, expression)) in arguments.iter().enumerate() {
            let slot = match given_name {
                Some(given) => values.iter_mut().find(|(known, _)| known == given),
                None => values.get_mut(position),
            };
            let Some(slot) = slot else {
                let message = match given_name {
                    Some(given) => format!("the macro `{name}` has no parameter `{given}`"),
                    None => format!("the macro `{name}` takes {} arguments", definition.parameters.len()),
                };
                return Err(ExprError::new(expression.span, WRONG_ARGUMENT, message));
            };
            slot.1 = Some(self.value(expression)?);
        }
        let (outer_frame, outer_macro, start) = (self.frame, self.in_macro, self.locals.len());
        (self.frame, self.in_macro) = (start, true);
        let mut out = String::new();
        let mut rendered = Ok(());
        for ((parameter, value), (_, default)) in values.into_iter().zip(&definition.parameters) {
            let value = match (value, default) {
                (Some(value), _) => Ok(value),
                (None, Some(default)) => self.value(default),
                (None, None) => Ok(Value::Null),
            };
            rendered = rendered.and_then(|()| value.map(|value| self.locals.push((parameter, value))));
        }
        let rendered = rendered.and_then(|()| self.nodes(&definition.body, &mut out));
        self.locals.truncate(start);
        (self.frame, self.in_macro) = (outer_frame, outer_macro);
        rendered.map(|()| Value::from(out))
    }
}

/// A map's entry as `for` goes through them.
pub(in crate::expr) fn entry(key: &Arc<str>, value: &Value) -> Value {
    [("key", Value::String(key.clone())), ("value", value.clone())]
        .into_iter()
        .collect()
}

/// The names of `loop` and of what it tells, made once for each loop.
struct LoopNames {
    itself: Arc<str>,
    parts: [Arc<str>; 5],
}

impl Default for LoopNames {
    fn default() -> Self {
        Self {
            itself: "loop".into(),
            parts: ["index", "length", "first", "last", "revindex"].map(Arc::from),
        }
    }
}

impl LoopNames {
    fn state(&self, index: usize, length: usize) -> Value {
        let values = [
            Value::from(index),
            Value::from(length),
            Value::from(index == 0),
            Value::from(index + 1 == length),
            Value::from(length - index - 1),
        ];
        self.parts.iter().cloned().zip(values).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::testing::{check, check_error};

    #[test]
    fn if_takes_the_first_branch_that_holds() {
        let source = "{% if n == 1 %}one{% elseif n == 2 %}two{% else %}many{% endif %}";
        for (n, expected) in [(1, "one"), (2, "two"), (3, "many")] {
            check(&format!("{{% set n = {n} %}}{source}"), expected);
        }
        check("{% if name %}a{% endif %}{% if '' %}b{% endif %}", "a");
        check_error(
            "{% if nothing %}{% endif %}",
            "expression-type",
            "null is neither true nor false",
        );
    }

    #[test]
    fn for_counts_and_has_an_else() {
        check(
            "{% for x in list %}{{ loop.index }}/{{ loop.revindex }}:{{ x }}{{ loop.last ? '' : ',' }}{% endfor %}",
            "0/2:1,1/1:two,2/0:",
        );
        check(
            "{% for x in list %}{{ loop.first }}{{ loop.length }} {% endfor %}",
            "true3 false3 false3 ",
        );
        check(
            "{% for e in {'a': 1, 'b': 2} %}{{ e.key }}={{ e.value }};{% endfor %}",
            "a=1;b=2;",
        );
        check(
            "{% for x in [] %}a{% else %}none{% endfor %}{% for x in nothing %}a{% else %}b{% endfor %}",
            "none",
        );
        check(
            "{% for x in [1, 2] %}{% for y in [x, 9] %}{{ x }}{{ y }}{{ loop.index }} {% endfor %}{{ loop.index }};{% endfor %}",
            "110 191 0;220 291 1;",
        );
        check_error(
            "{% for x in name %}{% endfor %}",
            "expression-type",
            "`for` goes through lists and maps, not through a string",
        );
        check_error(
            "{% for x in [1] %}{% endfor %}{{ x }}",
            "undefined-variable",
            "`x` is not defined",
        );
    }

    #[test]
    fn set_reaches_out_of_loops() {
        check(
            "{% set sum = 0 %}{% for x in numbers %}{% set sum = sum + x %}{% endfor %}{{ sum }}",
            "6",
        );
        check("{% for x in numbers %}{% set name = x %}{% endfor %}{{ name }}", "3");
        check_error(
            "{% for x in numbers %}{% set fresh = x %}{% endfor %}{{ fresh }}",
            "undefined-variable",
            "`fresh` is not defined",
        );
    }

    #[test]
    fn filter_tags_take_a_chain() {
        check(
            "{% filter upper | replace({'L': '1'}) %}hello {{ name }}{% endfilter %}",
            "HE11O WOR1D",
        );
    }

    #[test]
    fn macros_have_parameters_and_see_nothing_else() {
        check(
            "{% macro m(a, b='x') %}[{{ a }}{{ b }}]{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}",
            "[1x][12][43]",
        );
        check("{{ twice('a') }}{% macro twice(t) %}{{ t }}{{ t }}{% endmacro %}", "aa");
        check(
            "{% macro f(n) %}{% if n > 0 %}{{ n }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}",
            "321",
        );
        check("{% macro m(a) %}{{ a is null }}{% endmacro %}{{ m() }}", "true");
        check_error(
            "{% macro m() %}{{ name }}{% endmacro %}{{ m() }}",
            "undefined-variable",
            "`name` is not defined",
        );
        check_error(
            "{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}",
            "expression-argument",
            "the macro `m` takes 1 arguments",
        );
        check_error(
            "{% macro m(a) %}{% endmacro %}{{ m(z=2) }}",
            "expression-argument",
            "the macro `m` has no parameter `z`",
        );
        check_error(
            "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
            "expression-limit",
            "the evaluation is nested too deeply",
        );
    }

    #[test]
    fn blocks_can_be_written_again() {
        check(
            "{% block title %}<{{ name }}>{% endblock %} {{ block('title') }} {{ block('ti' ~ 'tle') | upper }}",
            "<World> <World> <WORLD>",
        );
        check(
            "{% block 'q' %}x{% endblock q %}{% block 'r' %}y{% endblock 'r' %}",
            "xy",
        );
        check_error("{{ block('nope') }}", "expression-argument", "there is no block `nope`");
    }

    #[test]
    fn white_space_goes_where_it_is_told() {
        check("a\n{%- if true -%}\n b \n{%- endif -%}\nc", "abc");
        check("x {{- name -}} y", "xWorldy");
        check("a\n{% if true %}\nb\n{% endif %}\nc", "a\n\nb\n\nc");
    }
}
