//! Turns the tokens of a template into its tree, and finds every static fault on the way.
//!
//! A fault ends the section it is in; reading goes on after it.

mod call;
mod expression;
mod tags;

pub(super) use tags::TAGS;

use std::collections::HashSet;
use std::sync::Arc;

use super::error::{ExprError, LIMIT, SYNTAX};
use super::lexer::{Token, TokenKind, tokenize};
use super::limits;
use super::syntax::{Block, Expression, Kind, Macro, Node};
use super::value::Value;
use crate::model::Span;

/// What a source text was parsed into.
pub(super) struct Parsed {
    pub nodes: Vec<Node>,
    pub macros: Vec<Macro>,
    pub blocks: Vec<Arc<Block>>,
}

/// The faults of a template, and what of it can be read nonetheless.
pub(super) struct Faulty {
    /// In the order of their places.
    pub errors: Vec<ExprError>,
    pub parsed: Parsed,
    pub readable: Readable,
}

/// What can be told of the variables that a template with faults reads.
#[derive(Debug)]
pub(super) struct Readable {
    /// Names that the template may have given to something of its own.
    names: HashSet<String>,
    /// Behind this place it is not known what is text and what is not.
    end: usize,
}

impl Readable {
    /// Whether a name at a place is known to be that of a variable from outside.
    pub(super) fn tells(&self, name: &str, span: Span) -> bool {
        span.end <= self.end && !self.names.contains(name)
    }
}

/// Parses a template; answers every fault when there are any.
pub(super) fn parse(source: &str) -> Result<Parsed, Faulty> {
    let (tokens, errors) = tokenize(source);
    let lost = errors.iter().map(|error| error.span.start).min();
    let mut parser = Parser {
        source,
        macro_names: macro_names(&tokens),
        tokens,
        position: 0,
        errors,
        nesting: 0,
        macros: Vec::new(),
        blocks: Vec::new(),
        salvaged: Vec::new(),
        salvaged_bodies: Vec::new(),
    };
    let (mut nodes, _) = parser.body(None, &[]);
    if !parser.errors.is_empty() {
        // What stood around a filter with a fault may have coped with the absence of what it reads.
        if !["??", "default", "defined", "null"]
            .iter()
            .any(|guard| source.contains(guard))
        {
            nodes.extend(parser.salvaged.into_iter().map(Node::Print));
        }
        nodes.extend(parser.salvaged_bodies.into_iter().flatten());
    }
    let parsed = Parsed {
        nodes,
        macros: parser.macros,
        blocks: parser.blocks,
    };
    if parser.errors.is_empty() {
        return Ok(parsed);
    }
    let is_endless = parser.errors.iter().any(|error| error.code == LIMIT);
    let end = if is_endless { 0 } else { lost.unwrap_or(source.len()) };
    let names = given_names(&parser.tokens);
    parser.errors.sort_by_key(|error| error.span);
    parser.errors.truncate(limits::ERRORS);
    Err(Faulty {
        errors: parser.errors,
        parsed,
        readable: Readable { names, end },
    })
}

/// Every name that a tag may give to something: all but those in the sections that only read.
fn given_names(tokens: &[Token]) -> HashSet<String> {
    let mut names = HashSet::new();
    let mut rest = tokens.iter();
    while let Some(token) = rest.next() {
        if token.kind != TokenKind::TagStart {
            continue;
        }
        let mut section = rest
            .by_ref()
            .take_while(|token| !matches!(token.kind, TokenKind::TagEnd | TokenKind::Text | TokenKind::End));
        let Some(TokenKind::Name(tag)) = section.next().map(|token| &token.kind) else {
            continue;
        };
        let words = section.filter_map(|token| match &token.kind {
            TokenKind::Name(name) => Some(name.clone()),
            _ => None,
        });
        match tag.as_str() {
            "set" | "block" => names.extend(words.take(1)),
            "for" => names.extend(words.take(1).chain(["loop".to_owned()])),
            "if" | "elseif" | "else" | "filter" => {}
            _ => names.extend(words),
        }
    }
    names
}

/// The fault has been noted; all that is left is to get out of the section.
struct Noted;

type Parse<T> = Result<T, Noted>;

struct Parser<'s> {
    source: &'s str,
    tokens: Vec<Token>,
    position: usize,
    errors: Vec<ExprError>,
    nesting: usize,
    /// Names of all macros of the template: they may be called before they are defined.
    macro_names: HashSet<String>,
    macros: Vec<Macro>,
    blocks: Vec<Arc<Block>>,
    /// What stands before filters with faults.
    salvaged: Vec<Expression>,
    /// What stands in tags with faults.
    salvaged_bodies: Vec<Vec<Node>>,
}

fn macro_names(tokens: &[Token]) -> HashSet<String> {
    let named = |window: &[Token]| match (&window[0].kind, &window[1].kind, &window[2].kind) {
        (TokenKind::TagStart, TokenKind::Name(tag), TokenKind::Name(name)) if tag == "macro" => Some(name.clone()),
        _ => None,
    };
    tokens.windows(3).filter_map(named).collect()
}

impl Parser<'_> {
    fn current(&self) -> &Token {
        &self.tokens[self.position.min(self.tokens.len() - 1)]
    }

    fn peek(&self) -> &TokenKind {
        &self.tokens[(self.position + 1).min(self.tokens.len() - 1)].kind
    }

    fn advance(&mut self) -> Span {
        let span = self.current().span;
        self.position += 1;
        span
    }

    fn at(&self, sign: char) -> bool {
        self.current().kind == TokenKind::Punctuation(sign)
    }

    fn eat(&mut self, sign: char) -> bool {
        let found = self.at(sign);
        if found {
            self.position += 1;
        }
        found
    }

    fn expect(&mut self, sign: char) -> Parse<Span> {
        if self.at(sign) {
            Ok(self.advance())
        } else {
            Err(self.unexpected(&format!("`{sign}`")))
        }
    }

    fn name(&mut self, expected: &str) -> Parse<(Arc<str>, Span)> {
        match &self.current().kind {
            TokenKind::Name(name) => {
                let name = Arc::from(name.as_str());
                Ok((name, self.advance()))
            }
            _ => Err(self.unexpected(expected)),
        }
    }

    /// A name that a template may give to something of its own.
    fn new_name(&mut self) -> Parse<(Arc<str>, Span)> {
        let (name, span) = self.name("a name")?;
        if matches!(&*name, "true" | "false" | "null" | "none") {
            return Err(self.fault(ExprError::new(
                span,
                SYNTAX,
                format!("`{name}` is a value and cannot be a name"),
            )));
        }
        Ok((name, span))
    }

    fn fault(&mut self, error: ExprError) -> Noted {
        self.errors.push(error);
        Noted
    }

    /// Notes that something else stands here, unless the section is known to be broken.
    fn unexpected(&mut self, expected: &str) -> Noted {
        let Token { kind, span } = self.current();
        let found = match kind {
            TokenKind::Broken => return Noted,
            TokenKind::End => "the end of the template".to_owned(),
            TokenKind::String(_) => "a string".to_owned(),
            _ if span.start == span.end => "the end of the expression".to_owned(),
            _ => format!("`{}`", &self.source[span.start..span.end]),
        };
        if self.section_is_broken() {
            return Noted;
        }
        self.fault(ExprError::new(
            *span,
            SYNTAX,
            format!("expected {expected}, found {found}"),
        ))
    }

    fn section_is_broken(&self) -> bool {
        let section_end = |kind: &TokenKind| matches!(kind, TokenKind::PrintEnd | TokenKind::TagEnd | TokenKind::Text);
        let rest = &self.tokens[self.position.min(self.tokens.len())..];
        rest.iter()
            .take_while(|token| !section_end(&token.kind))
            .any(|token| token.kind == TokenKind::Broken)
    }

    /// Goes to the end of the section, behind it.
    fn leave_section(&mut self) {
        while !matches!(self.current().kind, TokenKind::End | TokenKind::Text) {
            let kind = &self.tokens[self.position].kind;
            if matches!(kind, TokenKind::PrintStart | TokenKind::TagStart) {
                return;
            }
            let ends = matches!(kind, TokenKind::PrintEnd | TokenKind::TagEnd);
            self.position += 1;
            if ends {
                return;
            }
        }
    }

    /// Ends a section after its content was read, well or not.
    fn finish<T>(&mut self, parsed: Parse<T>, end: &TokenKind) -> Option<T> {
        let parsed = parsed.and_then(|value| {
            let sign = if *end == TokenKind::PrintEnd { "`}}`" } else { "`%}`" };
            if self.current().kind == *end {
                Ok(value)
            } else {
                Err(self.unexpected_after_value(sign))
            }
        });
        self.leave_section();
        parsed.ok()
    }

    /// Notes that a value is followed by something that cannot follow it, and what the author may have meant.
    fn unexpected_after_value(&mut self, expected: &str) -> Noted {
        let postfix = matches!(self.current().kind, TokenKind::Punctuation('.' | '['));
        let errors = self.errors.len();
        let noted = self.unexpected(&format!("an operator or {expected}"));
        if postfix
            && self.errors.len() > errors
            && let Some(error) = self.errors.pop()
        {
            self.errors
                .push(error.with_hint("put what comes before it in parentheses, as in `(… | first).id`"));
        }
        noted
    }

    /// Reads one level deeper; answers nothing, and skips the rest, when that would be too deep.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Parse<T>) -> Parse<T> {
        if self.nesting >= limits::NESTING {
            let span = self.current().span;
            self.position = self.tokens.len() - 1;
            return Err(self.fault(too_deep(span)));
        }
        self.nesting += 1;
        let parsed = read(self);
        self.nesting -= 1;
        parsed
    }

    fn expression_of(&mut self, kind: Kind, span: Span, parts_height: usize) -> Parse<Expression> {
        let height = parts_height + 1;
        if height > limits::NESTING {
            return Err(self.fault(too_deep(span)));
        }
        Ok(Expression { kind, span, height })
    }
}

fn too_deep(span: Span) -> ExprError {
    let message = format!("the template is nested more than {} levels deep", limits::NESTING);
    ExprError::new(span, LIMIT, message)
}

/// Stands where an expression could not be read, so that the rest of the template still can.
fn placeholder(span: Span) -> Expression {
    Expression {
        kind: Kind::Literal(Value::Null),
        span,
        height: 1,
    }
}

#[cfg(test)]
mod tests {
    use crate::expr::Template;
    use crate::expr::testing::{check_error, check_hint};

    /// Shows each fault as `start..end code message`.
    fn check(source: &str, expected: &[&str]) {
        let errors = Template::parse(source).expect_err(source);
        let shown: Vec<String> = errors
            .iter()
            .map(|e| format!("{}..{} {} {}", e.span.start, e.span.end, e.code, e.message))
            .collect();
        assert_eq!(shown, expected, "{source}");
    }

    #[test]
    fn every_fault_of_a_template_is_found_at_its_place() {
        check(
            "{{ a | uper }} {{ b + }} {{ c is odds }} {% fi x %}{% if d( %}{{ nw() }}{% endif %} {{ 1 2 }}",
            &[
                "7..11 unknown-filter unknown filter `uper`",
                "22..24 expression-syntax expected a value, found `}}`",
                "33..37 unknown-test unknown test `odds`",
                "44..46 unknown-tag unknown tag `fi`",
                "58..59 expression-syntax `(` is not closed",
                "65..67 unknown-function unknown function `nw`",
                "89..90 expression-syntax expected an operator or `}}`, found `2`",
            ],
        );
    }

    #[test]
    fn a_fault_in_an_argument_hides_nothing_of_the_next_section() {
        check(
            "{{ 'a' | split(',', limt=1, 5 | nope) }} {{ x | date('qq', timeZone='Mars') }}",
            &[
                "32..36 unknown-filter unknown filter `nope`",
                "53..57 expression-argument `qq` is no format of a date: `qq` is not supported",
            ],
        );
    }

    #[test]
    fn tags_must_be_closed_and_belong_together() {
        check(
            "{% if a %}x",
            &["3..5 expression-syntax `{% if %}` is not closed by `{% endif %}`"],
        );
        check(
            "{% for a in b %}{% if c %}{% endfor %}",
            &[
                "3..6 expression-syntax `{% for %}` is not closed by `{% endfor %}`",
                "19..21 expression-syntax `{% if %}` is not closed by `{% endif %}`",
                "29..35 expression-syntax `endfor` closes no `for`",
            ],
        );
        check(
            "{% else %}{% endif %}",
            &[
                "3..7 expression-syntax `else` stands in no `if`",
                "13..18 expression-syntax `endif` closes no `if`",
            ],
        );
        check(
            "{% set true = 1 %}{% for x of y %}{% endfor %}",
            &[
                "7..11 expression-syntax `true` is a value and cannot be a name",
                "27..29 expression-syntax expected `in`, found `of`",
            ],
        );
        check_error("{% include 'x' %}", "unknown-tag", "unknown tag `include`");
        check_error(
            "{% macro m() %}{% endmacro %}{% macro m() %}{% endmacro %}",
            "expression-syntax",
            "the macro `m` is defined twice",
        );
    }

    #[test]
    fn hints_say_what_to_do() {
        check_hint(
            "echo ${#array[@]}",
            "to keep the text as it is, write it between `{% raw %}` and `{% endraw %}`",
        );
        check_hint("{% iff x %}{% endif %}", "did you mean `if`?");
        check_hint("{{ x is defind }}", "did you mean `defined`?");
        check_hint(
            "{{ [1].first }}",
            "put what comes before it in parentheses, as in `(… | first).id`",
        );
        check_hint("{{ name.upper() }}", "there is a filter of that name: `… | upper`");
    }
}
