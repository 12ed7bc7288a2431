//! Which variables a template reads, for checks before anything runs.

use std::sync::Arc;

use super::syntax::{Binary, Expression, FilterCall, Kind, Macro, Node};
use super::value::Value;
use super::vocabulary::WordKind;
use crate::model::Span;

/// A variable that a template reads, with the attributes it takes from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The name of the variable and of each attribute, such as `inputs`, `target_vm`. It ends where a subscript is
    /// not a text written out.
    pub path: Vec<String>,
    /// Where it is written, in bytes of the template's source.
    pub span: Span,
    /// Whether the template copes with its absence: by `??`, `???`, `is defined` or `default`, or because it is read
    /// only after it was asked for.
    pub guarded: bool,
}

/// A function or filter that a template calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Call {
    pub kind: WordKind,
    pub name: &'static str,
    /// Where it is written, in bytes of the template's source.
    pub span: Span,
}

/// Lists what the nodes and the macros read, and what they call.
pub(super) fn references(nodes: &[Node], macros: &[Macro]) -> (Vec<Reference>, Vec<Call>) {
    let mut reader = Reader {
        found: Vec::new(),
        calls: Vec::new(),
        locals: Vec::new(),
        guarded: false,
        asked_for: Vec::new(),
    };
    reader.nodes(nodes);
    for definition in macros {
        reader.locals = definition.parameters.iter().map(|(name, _)| name.clone()).collect();
        definition
            .parameters
            .iter()
            .filter_map(|(_, default)| default.as_ref())
            .for_each(|d| reader.expression(d));
        reader.nodes(&definition.body);
    }
    reader.found.sort_by_key(|reference| reference.span);
    reader.calls.sort_by_key(|call| call.span);
    (reader.found, reader.calls)
}

struct Reader {
    found: Vec<Reference>,
    calls: Vec<Call>,
    /// Names the template gives to values of its own.
    locals: Vec<Arc<str>>,
    guarded: bool,
    /// Paths that a condition around has asked for.
    asked_for: Vec<Vec<String>>,
}

impl Reader {
    fn nodes(&mut self, nodes: &[Node]) {
        nodes.iter().for_each(|node| self.node(node));
    }

    fn node(&mut self, node: &Node) {
        match node {
            Node::Text(_) | Node::Macro => {}
            Node::Print(expression) => self.expression(expression),
            Node::If { branches, otherwise } => {
                let outer = self.asked_for.len();
                for (condition, body) in branches {
                    self.condition(condition);
                    self.nodes(body);
                }
                self.nodes(otherwise);
                self.asked_for.truncate(outer);
            }
            Node::For(each) => {
                self.expression(&each.iterable);
                let outer = self.locals.len();
                self.locals.extend([each.variable.clone(), Arc::from("loop")]);
                self.nodes(&each.body);
                self.locals.truncate(outer);
                self.nodes(&each.otherwise);
            }
            Node::Set { name, value } => {
                self.expression(value);
                self.locals.push(name.clone());
            }
            Node::Filter { filters, body, .. } => {
                for call in filters {
                    self.filter(call);
                }
                self.nodes(body);
            }
            Node::Block(block) => self.nodes(&block.body),
        }
    }

    /// Reads a condition. What is read after it, up to where the caller forgets it, may rely on what it asks for, or
    /// on its absence.
    fn condition(&mut self, condition: &Expression) {
        let before = self.found.len();
        self.expression(condition);
        let asked_for = self.found[before..].iter().filter(|reference| reference.guarded);
        self.asked_for.extend(asked_for.map(|reference| reference.path.clone()));
    }

    fn is_asked_for(&self, path: &[String]) -> bool {
        self.asked_for.iter().any(|asked_for| path.starts_with(asked_for))
    }

    fn guarded(&mut self, expression: &Expression) {
        let before = std::mem::replace(&mut self.guarded, true);
        self.expression(expression);
        self.guarded = before;
    }

    fn expression(&mut self, expression: &Expression) {
        match &expression.kind {
            Kind::Literal(_) => {}
            Kind::Variable(_) | Kind::Attribute(..) | Kind::Subscript(..) => self.reference(expression),
            Kind::List(items) | Kind::Concatenation(items) => items.iter().for_each(|item| self.expression(item)),
            Kind::Map(entries) => entries.iter().for_each(|(key, value)| {
                self.expression(key);
                self.expression(value);
            }),
            Kind::Not(inner) | Kind::Negative(inner) | Kind::Positive(inner) | Kind::Block(inner) => {
                self.expression(inner);
            }
            Kind::Binary(Binary::Coalesce | Binary::CoalesceMissing, sides) => {
                self.guarded(&sides.0);
                self.expression(&sides.1);
            }
            Kind::Binary(Binary::And | Binary::Or, sides) => {
                let outer = self.asked_for.len();
                self.condition(&sides.0);
                self.expression(&sides.1);
                self.asked_for.truncate(outer);
            }
            Kind::Binary(_, sides) => {
                self.expression(&sides.0);
                self.expression(&sides.1);
            }
            Kind::Test { subject, predicate, .. } if predicate.accepts_missing => self.guarded(subject),
            Kind::Test { subject, .. } => self.expression(subject),
            Kind::Conditional(parts) => {
                let outer = self.asked_for.len();
                self.condition(&parts.0);
                self.expression(&parts.1);
                self.expression(&parts.2);
                self.asked_for.truncate(outer);
            }
            Kind::Filtered(input, call) => {
                if call.filter.accepts_missing {
                    self.guarded(input)
                } else {
                    self.expression(input)
                }
                self.filter(call);
            }
            Kind::Call(function, arguments) => {
                self.calls.push(Call {
                    kind: WordKind::Function,
                    name: function.name,
                    span: expression.span,
                });
                arguments.expressions().for_each(|argument| self.expression(argument));
            }
            Kind::Macro(_, arguments) => arguments.iter().for_each(|(_, argument)| self.expression(argument)),
        }
    }

    fn reference(&mut self, expression: &Expression) {
        if let Some(path) = self.path(expression)
            && !self.locals.iter().any(|local| **local == *path[0])
        {
            let guarded = self.guarded || self.is_asked_for(&path);
            self.found.push(Reference {
                path,
                span: expression.span,
                guarded,
            });
        }
    }

    fn filter(&mut self, call: &FilterCall) {
        self.calls.push(Call {
            kind: WordKind::Filter,
            name: call.filter.name,
            span: call.span,
        });
        call.arguments
            .expressions()
            .for_each(|argument| self.expression(argument));
    }

    /// The path of a variable and its attributes as far as it is written out. What is not is read on its own, and
    /// nothing is answered for attributes of something that is no variable.
    fn path(&mut self, expression: &Expression) -> Option<Vec<String>> {
        match &expression.kind {
            Kind::Variable(name) => Some(vec![name.as_ref().to_owned()]),
            Kind::Attribute(subject, name) => self.longer(subject, name),
            Kind::Subscript(subject, index) => match &index.kind {
                Kind::Literal(Value::String(name)) => self.longer(subject, name),
                _ => {
                    self.expression(index);
                    self.expression(subject);
                    None
                }
            },
            _ => {
                self.expression(expression);
                None
            }
        }
    }

    fn longer(&mut self, subject: &Expression, name: &str) -> Option<Vec<String>> {
        let mut path = self.path(subject)?;
        path.push(name.to_owned());
        Some(path)
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::Template;

    /// Shows each reference as `path@start..end`, with `?` where it is guarded.
    fn check(source: &str, expected: &str) {
        let shown: Vec<String> = Template::parse(source)
            .unwrap()
            .references()
            .iter()
            .map(|r| {
                assert!(
                    source[r.span.start..r.span.end].starts_with(&r.path[0]),
                    "{source}: {r:?}"
                );
                r.path.join("/") + if r.guarded { "?" } else { "" }
            })
            .collect();
        assert_eq!(shown.join(" "), expected, "{source}");
    }

    #[test]
    fn paths_reach_as_far_as_they_are_written_out() {
        check(
            "{{ inputs.target_vm }} {{ outputs['my-task'].vars.x }}",
            "inputs/target_vm outputs/my-task/vars/x",
        );
        check("{{ a[b.c].d }} {{ a.b[0].c }}", "a b/c a/b");
        check("{{ (a ~ b).c }} {{ (x | first).id }}", "a b x");
        check(
            "{{ f.g | join(sep) }} {{ [a, {k: v}] }} {{ max(a.b, -c) }}",
            "f/g sep a k v a/b c",
        );
        check("{{ \"#{inputs.x}\" }} {{ not (a is even) ? b : c }}", "inputs/x a b c");
    }

    #[test]
    fn guards_cover_what_they_answer_for() {
        check("{{ a.b ?? c }} {{ a ??? b.c }}", "a/b? c a? b/c");
        check(
            "{{ a.b is defined }} {{ a.b is not defined }} {{ a is null }}",
            "a/b? a/b? a",
        );
        check("{{ a.b | default(c) }} {{ (a | upper) | default(c) }}", "a/b? c a? c");
    }

    #[test]
    fn what_was_asked_for_may_be_read() {
        check(
            "{{ a is defined and a.b is defined ? a.b.c : d.e }} {{ a.b }}",
            "a? a/b? a/b/c? d/e a/b",
        );
        check("{{ a is not defined or a.b == 1 }} {{ a }}", "a? a/b? a");
        check("{{ a is defined and b }} {{ a or a.b }}", "a? b a a/b");
        check(
            "{% if a.b is defined %}{{ a.b.c }}{{ a.c }}{% elseif d %}{{ a.b }}{{ d }}{% else %}{{ a.b }}{% endif %}{{ a.b }}",
            "a/b? a/b/c? a/c d a/b? d a/b? a/b",
        );
    }

    #[test]
    fn names_of_the_template_itself_are_left_out() {
        check(
            "{% for x in xs %}{{ x.id }}{{ loop.index }}{{ y }}{% else %}{{ x }}{% endfor %}{{ loop }}",
            "xs y x loop",
        );
        check("{% set a = b %}{{ a }}{{ c }}", "b c");
        check(
            "{% macro m(a, b=d) %}{{ a }}{{ b }}{{ c }}{% endmacro %}{{ m(e) }}{{ a }}",
            "d c e a",
        );
        check("{% if a %}{{ b }}{% elseif c %}{% else %}{{ d }}{% endif %}", "a b c d");
        check(
            "{% filter replace({'x': y}) %}{{ z }}{% endfilter %}{% block q %}{{ w }}{% endblock %}",
            "y z w",
        );
    }
}
