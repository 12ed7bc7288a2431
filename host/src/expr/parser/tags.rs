//! Tags, the text between them, and where each of them ends.

use std::sync::Arc;

use super::{Noted, Parse, Parser, placeholder};
use crate::expr::error::{ExprError, SYNTAX};
use crate::expr::lexer::TokenKind;
use crate::expr::syntax::{Binary, Block, ForLoop, Macro, Node, Operator};
use crate::model::{Span, closest};

/// Tags that open something, or stand alone, with what they are for.
pub(in crate::expr) const TAGS: [(&str, &str); 8] = [
    (
        "if",
        "chooses between texts: `{% if a %}…{% elseif b %}…{% else %}…{% endif %}`",
    ),
    (
        "for",
        "repeats a text: `{% for item in list %}…{% else %}…{% endfor %}`; `loop` counts",
    ),
    ("set", "names a value: `{% set name = value %}`"),
    (
        "filter",
        "puts a text through filters: `{% filter upper %}…{% endfilter %}`",
    ),
    (
        "macro",
        "names a text with parameters: `{% macro name(a, b=1) %}…{% endmacro %}`",
    ),
    ("block", "names a part of the text: `{% block name %}…{% endblock %}`"),
    ("raw", "keeps a text as it is: `{% raw %}…{% endraw %}`"),
    ("verbatim", "keeps a text as it is: `{% verbatim %}…{% endverbatim %}`"),
];

/// The tag whose body is being read.
#[derive(Clone, Copy)]
pub(super) struct Opener {
    name: &'static str,
    span: Span,
}

impl Parser<'_> {
    /// Reads up to one of the tags in `ends`, and answers which it was; its tag is left to be finished.
    pub(super) fn body(&mut self, opener: Option<Opener>, ends: &[&'static str]) -> (Vec<Node>, Option<&'static str>) {
        let mut nodes = Vec::new();
        loop {
            let span = self.current().span;
            match self.current().kind {
                TokenKind::End => {
                    self.unclosed(opener);
                    return (nodes, None);
                }
                TokenKind::Text => {
                    self.advance();
                    nodes.push(Node::Text(span));
                }
                TokenKind::PrintStart => {
                    self.advance();
                    let expression = self.expression();
                    nodes.extend(self.finish(expression, &TokenKind::PrintEnd).map(Node::Print));
                }
                TokenKind::TagStart => {
                    self.advance();
                    if let Some(end) = self.ending(ends) {
                        return (nodes, Some(end));
                    }
                    nodes.extend(self.tag());
                }
                // What a fault before left behind.
                _ => self.position += 1,
            }
        }
    }

    fn unclosed(&mut self, opener: Option<Opener>) {
        if let Some(Opener { name, span }) = opener
            && !self.errors.iter().any(|error| error.code == crate::expr::error::LIMIT)
        {
            let message = format!("`{{% {name} %}}` is not closed by `{{% end{name} %}}`");
            self.fault(ExprError::new(span, SYNTAX, message));
        }
    }

    fn ending(&mut self, ends: &[&'static str]) -> Option<&'static str> {
        let TokenKind::Name(name) = &self.current().kind else {
            return None;
        };
        let end = ends.iter().find(|end| *end == name)?;
        self.advance();
        Some(end)
    }

    /// Finishes a tag that has only its name.
    fn finish_bare(&mut self) {
        self.finish(Ok(()), &TokenKind::TagEnd);
    }

    fn tag(&mut self) -> Option<Node> {
        let Ok((name, span)) = self.name("the name of a tag") else {
            self.leave_section();
            return None;
        };
        let node = self.deeper(|parser| match &*name {
            "if" => Ok(parser.condition(span)),
            "for" => Ok(parser.repetition(span)),
            "set" => Ok(parser.assignment()),
            "filter" => Ok(parser.filter_section(span)),
            "macro" => Ok(parser.definition(span)),
            "block" => Ok(parser.block(span)),
            _ => Err(parser.unknown_tag(&name, span)),
        });
        match node {
            Ok(node) => node,
            Err(Noted) => {
                self.leave_section();
                None
            }
        }
    }

    fn unknown_tag(&mut self, name: &str, span: Span) -> Noted {
        let stray = name
            .strip_prefix("end")
            .filter(|opener| TAGS.iter().any(|(tag, _)| tag == opener));
        let error = match stray {
            Some(opener) => ExprError::new(span, SYNTAX, format!("`{name}` closes no `{opener}`")),
            None if matches!(name, "else" | "elseif") => {
                ExprError::new(span, SYNTAX, format!("`{name}` stands in no `if`"))
            }
            None => ExprError::new(span, "unknown-tag", format!("unknown tag `{name}`")),
        };
        let ends = ["elseif", "else", "endif", "endfor", "endfilter", "endmacro", "endblock"];
        let near = closest(name, TAGS.iter().map(|(tag, _)| *tag).chain(ends));
        self.fault(match near.filter(|near| error.code == "unknown-tag" && *near != name) {
            Some(near) => error.with_hint(format!("did you mean `{near}`?")),
            None => error,
        })
    }

    fn condition(&mut self, span: Span) -> Option<Node> {
        let opener = Some(Opener { name: "if", span });
        let (mut branches, mut otherwise) = (Vec::new(), Vec::new());
        let condition = self.expression();
        let mut condition = self.finish(condition, &TokenKind::TagEnd);
        loop {
            let (body, end) = self.body(opener, &["elseif", "else", "endif"]);
            branches.push((condition.take().unwrap_or_else(|| placeholder(span)), body));
            match end {
                Some("elseif") => {
                    let next = self.expression();
                    condition = self.finish(next, &TokenKind::TagEnd);
                }
                Some("else") => {
                    self.finish_bare();
                    let (body, end) = self.body(opener, &["endif"]);
                    otherwise = body;
                    if end.is_some() {
                        self.finish_bare();
                    }
                    break;
                }
                Some(_) => {
                    self.finish_bare();
                    break;
                }
                None => break,
            }
        }
        Some(Node::If { branches, otherwise })
    }

    fn repetition(&mut self, span: Span) -> Option<Node> {
        let opener = Some(Opener { name: "for", span });
        let header = self.for_header();
        let header = self.finish(header, &TokenKind::TagEnd);
        let (body, end) = self.body(opener, &["else", "endfor"]);
        let mut otherwise = Vec::new();
        if let Some(end) = end {
            self.finish_bare();
            if end == "else" {
                let (nodes, end) = self.body(opener, &["endfor"]);
                otherwise = nodes;
                if end.is_some() {
                    self.finish_bare();
                }
            }
        }
        let Some((variable, iterable)) = header else {
            self.salvaged_bodies.extend([body, otherwise]);
            return None;
        };
        Some(Node::For(Box::new(ForLoop {
            variable,
            iterable,
            body,
            otherwise,
        })))
    }

    fn for_header(&mut self) -> Parse<(Arc<str>, crate::expr::syntax::Expression)> {
        let (variable, _) = self.new_name()?;
        if self.current().kind != TokenKind::Operator(Operator::Binary(Binary::In)) {
            return Err(self.unexpected("`in`"));
        }
        self.advance();
        Ok((variable, self.expression()?))
    }

    fn assignment(&mut self) -> Option<Node> {
        let parsed = self.new_name().and_then(|(name, _)| {
            self.expect('=')?;
            Ok(Node::Set {
                name,
                value: self.expression()?,
            })
        });
        self.finish(parsed, &TokenKind::TagEnd)
    }

    fn filter_section(&mut self, span: Span) -> Option<Node> {
        let filters = self.filter_chain();
        let filters = self.finish(filters, &TokenKind::TagEnd);
        let (body, end) = self.body(Some(Opener { name: "filter", span }), &["endfilter"]);
        if end.is_some() {
            self.finish_bare();
        }
        let Some(filters) = filters else {
            self.salvaged_bodies.push(body);
            return None;
        };
        Some(Node::Filter { filters, body, span })
    }

    fn filter_chain(&mut self) -> Parse<Vec<crate::expr::syntax::FilterCall>> {
        let mut filters = vec![self.filter_call()?];
        while self.current().kind == TokenKind::Operator(Operator::Pipe) {
            self.advance();
            filters.push(self.filter_call()?);
        }
        Ok(filters)
    }

    fn definition(&mut self, span: Span) -> Option<Node> {
        let header = self.macro_header();
        let header = self.finish(header, &TokenKind::TagEnd);
        let (body, end) = self.body(Some(Opener { name: "macro", span }), &["endmacro"]);
        if end.is_some() {
            self.finish_bare();
        }
        let Some((name, parameters)) = header else {
            self.salvaged_bodies.push(body);
            return None;
        };
        if self.macros.iter().any(|known| known.name == name) {
            self.fault(ExprError::new(
                span,
                SYNTAX,
                format!("the macro `{name}` is defined twice"),
            ));
        }
        self.macros.push(Macro { name, parameters, body });
        Some(Node::Macro)
    }

    #[allow(clippy::type_complexity, reason = "the pair is taken apart where it arrives")]
    fn macro_header(&mut self) -> Parse<(Arc<str>, Vec<(Arc<str>, Option<crate::expr::syntax::Expression>)>)> {
        let (name, _) = self.new_name()?;
        let mut parameters = Vec::new();
        self.expect('(')?;
        while !self.at(')') {
            if !parameters.is_empty() {
                self.expect_between(',', ')')?;
            }
            let (parameter, _) = self.new_name()?;
            let default = if self.eat('=') { Some(self.expression()?) } else { None };
            parameters.push((parameter, default));
        }
        self.advance();
        Ok((name, parameters))
    }

    fn block(&mut self, span: Span) -> Option<Node> {
        let header = match &self.current().kind {
            TokenKind::String(name) => {
                let name = Arc::from(name.as_str());
                self.advance();
                Ok((name, span))
            }
            _ => self.new_name(),
        };
        let header = self.finish(header, &TokenKind::TagEnd);
        let (body, end) = self.body(Some(Opener { name: "block", span }), &["endblock"]);
        if end.is_some() {
            // Pebble lets the end repeat the name.
            if matches!(self.current().kind, TokenKind::Name(_) | TokenKind::String(_)) {
                self.advance();
            }
            self.finish_bare();
        }
        let Some((name, _)) = header else {
            self.salvaged_bodies.push(body);
            return None;
        };
        if self.blocks.iter().any(|known| known.name == name) {
            self.fault(ExprError::new(
                span,
                SYNTAX,
                format!("the block `{name}` is defined twice"),
            ));
        }
        let block = Arc::new(Block { name, body });
        self.blocks.push(block.clone());
        Some(Node::Block(block))
    }
}
