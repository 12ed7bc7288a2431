//! A template, parsed once and rendered as often as needed.

use std::sync::Arc;

use super::error::ExprError;
use super::evaluate::{Budget, Evaluator};
use super::parser::{self, Readable};
use super::references::{Call, Reference, references};
use super::scope::Scope;
use super::syntax::{Block, Expression, Macro, Node};
use super::value::Value;

/// A parsed template: text with expressions in it.
#[derive(Debug, Clone)]
pub struct Template {
    source: Arc<str>,
    nodes: Arc<[Node]>,
    macros: Arc<[Macro]>,
    blocks: Arc<[Arc<Block>]>,
    /// What can be told of a template with faults.
    readable: Option<Arc<Readable>>,
}

impl Template {
    /// Parses a template. Answers every static fault when there are any: syntax, unknown filters, functions, tests
    /// and tags, arguments they do not take or miss, and literal jq filters, regular expressions and date formats
    /// that make no sense.
    pub fn parse(source: &str) -> Result<Self, Vec<ExprError>> {
        Self::parse_or_read(source).map_err(|(errors, _)| errors)
    }

    /// Parses a template. Answers beside its faults a template that tells the variables it reads, as far as those can
    /// be told; it must not be rendered.
    pub fn parse_or_read(source: &str) -> Result<Self, (Vec<ExprError>, Self)> {
        let source_text = Arc::from(source);
        if !["{{", "{%", "{#"].iter().any(|sign| source.contains(sign)) {
            let nodes = [Node::Text((0..source.len()).into())].into();
            return Ok(Self {
                source: source_text,
                nodes,
                macros: [].into(),
                blocks: [].into(),
                readable: None,
            });
        }
        let parsed = parser::parse(source).map_err(|faulty| {
            let mut nodes = faulty.parsed.nodes;
            nodes.push(Node::Macro);
            let template = Self {
                source: source_text.clone(),
                nodes: nodes.into(),
                macros: faulty.parsed.macros.into(),
                blocks: [].into(),
                readable: Some(Arc::new(faulty.readable)),
            };
            (faulty.errors, template)
        })?;
        let (nodes, macros, blocks) = (parsed.nodes.into(), parsed.macros.into(), parsed.blocks.into());
        Ok(Self {
            source: source_text,
            nodes,
            macros,
            blocks,
            readable: None,
        })
    }

    /// The text it was parsed from.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// The whole text, when there is nothing to evaluate in it.
    pub fn literal(&self) -> Option<&str> {
        match &*self.nodes {
            [] => Some(""),
            [Node::Text(span)] => Some(&self.source[span.start..span.end]),
            _ => None,
        }
    }

    /// The variables the template reads, in the order they are written. Names that the template gives itself, in
    /// `for`, `set` and macros, are not among them.
    pub fn references(&self) -> Vec<Reference> {
        let mut found = references(&self.nodes, &self.macros).0;
        if let Some(readable) = &self.readable {
            found.retain(|reference| readable.tells(&reference.path[0], reference.span));
        }
        found
    }

    /// The functions and filters it calls, in the order they are written.
    pub fn calls(&self) -> Vec<Call> {
        references(&self.nodes, &self.macros).1
    }

    /// Writes the template out as text.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, ExprError> {
        match self.literal() {
            Some(text) => Ok(text.to_owned()),
            None => Evaluator::new(self, scope, &Budget::new()).render(),
        }
    }

    /// Evaluates the template. One expression with nothing but white space around it keeps its type; everything else
    /// becomes text.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, ExprError> {
        if let Some(text) = self.literal() {
            return Ok(Value::from(text));
        }
        match self.single_expression() {
            Some(expression) => Evaluator::new(self, scope, &Budget::new()).evaluate(expression),
            None => self.render(scope).map(Value::from),
        }
    }

    /// The expression that is all there is, but for white space.
    pub(super) fn single_expression(&self) -> Option<&Expression> {
        let blank = |node: &&Node| match node {
            Node::Text(span) => self.source[span.start..span.end].trim().is_empty(),
            _ => false,
        };
        let mut nodes = self.nodes.iter().filter(|node| !blank(node));
        match (nodes.next(), nodes.next()) {
            (Some(Node::Print(expression)), None) => Some(expression),
            _ => None,
        }
    }

    pub(super) fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(super) fn macros(&self) -> &[Macro] {
        &self.macros
    }

    pub(super) fn blocks(&self) -> &[Arc<Block>] {
        &self.blocks
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Template;
    use crate::expr::testing::{check, check_typed, scope};
    use crate::model::Json;

    #[test]
    fn a_text_without_expressions_is_known_as_such() {
        let literal = |source: &str| Template::parse(source).unwrap().literal().map(str::to_owned);
        assert_eq!(literal("plain {text} }}"), Some("plain {text} }}".to_owned()));
        assert_eq!(literal(""), Some(String::new()));
        assert_eq!(literal("{% raw %}{{ x }}{% endraw %}"), Some("{{ x }}".to_owned()));
        assert_eq!(literal("{# only a comment #}"), Some(String::new()));
        assert_eq!(literal("a{# split #}b"), None);
        assert_eq!(literal("{{ x }}"), None);
        check("a{# split #}b", "ab");
    }

    #[test]
    fn a_single_expression_keeps_its_type() {
        check_typed("{{ [1, 'a', 2.5] }}", json!([1, "a", 2.5]));
        check_typed(" {{ map }}\n", json!({"b": 1, "a": [true, null], "c-d": "x"}));
        check_typed("{{ nothing }}", Json::Null);
        check_typed("{# note #}{{ 1 + 1 }}", json!(2));
        check_typed("a {{ 1 }}", json!("a 1"));
        check_typed("{{ 1 }}{{ 2 }}", json!("12"));
        check_typed("plain", json!("plain"));
        check_typed("{% set x = [1] %}{{ x }}", json!("[1]"));
    }

    /// Shows the variables that a template with faults reads.
    fn check_readable(source: &str, expected: &str) {
        let (_, template) = Template::parse_or_read(source).expect_err(source);
        let paths: Vec<String> = template.references().iter().map(|r| r.path.join("/")).collect();
        assert_eq!(paths.join(" "), expected, "{source}");
    }

    #[test]
    fn faults_hide_as_little_as_they_can() {
        check_readable("{{ a | nope }} {{ b.c }} {{ d ?? e }}", "b/c d e");
        check_readable("{{ a | nope }} {{ b.c }}", "a b/c");
        check_readable("{{ a + }} {{ b.c }}", "b/c");
        // A tag with a fault may have given a name to something.
        check_readable("{% set x = 1 | nope %}{{ x }} {{ y }}", "y");
        check_readable(
            "{% for x of xs %}{{ x }} {{ y }} {{ loop.index }}{% endfor %} {{ x }}",
            "y",
        );
        check_readable("{% fi a %}{{ a }} {{ b }}{% endif %}", "b");
        check_readable("{% if a | nope %}{{ b }}{% else %}{{ c }}{% endif %}", "a b c");
        check_readable(
            "{% macro m(p, ) %}{{ p }} {{ q }}{% endmacro %}{{ m(r) | nope }}",
            "q r",
        );
        check_readable(
            "{% filter nope %}{{ b }}{% endfilter %}{% block %}{{ c }}{% endblock %}",
            "b c",
        );
        check_readable("{% if a %}{{ b }}", "a b");
        // Nobody knows what stands in a section whose end is not found.
        check_readable("{{ a }} {{ 'b }} {{ c }}", "a");
        check_readable("{{ a }} {{ b ", "a");
    }

    #[test]
    fn a_template_can_be_rendered_by_many_threads() {
        let template = Template::parse("{{ ['b', 'a'] | jq('sort | .[0]') | first }}").unwrap();
        std::thread::scope(|threads| {
            for _ in 0..4 {
                threads.spawn(|| assert_eq!(template.render(&scope()).unwrap(), "a"));
            }
        });
    }
}
