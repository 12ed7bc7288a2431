//! Cuts a template into text and tokens.
//!
//! A fault inside `{{ … }}` or `{% … %}` is noted and spoils only that section, so that one reading finds them all.

use super::error::{ExprError, LIMIT, SYNTAX};
use super::limits;
use super::syntax::{Operator, SIGN_OPERATORS, WORD_OPERATORS};
use crate::model::Span;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Token {
    pub kind: TokenKind,
    pub span: Span,
}

#[derive(Debug, Clone, PartialEq)]
pub(super) enum TokenKind {
    Text,
    PrintStart,
    PrintEnd,
    TagStart,
    TagEnd,
    Name(String),
    Integer(i64),
    Float(f64),
    String(String),
    /// `#{` and its `}` in a string with double quotes.
    InterpolationStart,
    InterpolationEnd,
    Operator(Operator),
    Punctuation(char),
    /// Stands in a section in which a fault has been noted.
    Broken,
    End,
}

const RAW_HINT: &str = "to keep the text as it is, write it between `{% raw %}` and `{% endraw %}`";

/// Cuts the source into tokens, the last of which is the end.
pub(super) fn tokenize(source: &str) -> (Vec<Token>, Vec<ExprError>) {
    let mut lexer = Lexer {
        source,
        position: 0,
        tokens: Vec::new(),
        errors: Vec::new(),
        trim_next: false,
    };
    if source.len() > limits::SOURCE {
        let message = format!("the template is longer than {} bytes", limits::SOURCE);
        lexer
            .errors
            .push(ExprError::new(Span::from(0..source.len()), LIMIT, message));
    } else {
        lexer.template();
    }
    let end = Span::from(source.len()..source.len());
    lexer.tokens.push(Token {
        kind: TokenKind::End,
        span: end,
    });
    (lexer.tokens, lexer.errors)
}

struct Lexer<'s> {
    source: &'s str,
    position: usize,
    tokens: Vec<Token>,
    errors: Vec<ExprError>,
    /// Whether a `-` before the last end sign takes the white space after it.
    trim_next: bool,
}

#[derive(Clone, Copy)]
struct Section {
    end: TokenKindOfEnd,
    start: Span,
}

#[derive(Clone, Copy, PartialEq)]
enum TokenKindOfEnd {
    Print,
    Tag,
}

impl TokenKindOfEnd {
    fn sign(self) -> &'static str {
        match self {
            TokenKindOfEnd::Print => "}}",
            TokenKindOfEnd::Tag => "%}",
        }
    }

    fn token(self) -> TokenKind {
        match self {
            TokenKindOfEnd::Print => TokenKind::PrintEnd,
            TokenKindOfEnd::Tag => TokenKind::TagEnd,
        }
    }
}

impl<'s> Lexer<'s> {
    fn rest(&self) -> &'s str {
        &self.source[self.position..]
    }

    fn push(&mut self, kind: TokenKind, length: usize) {
        let span = Span::from(self.position..self.position + length);
        self.tokens.push(Token { kind, span });
        self.position += length;
    }

    fn fault(&mut self, error: ExprError) {
        let end = Span::from(self.position..self.position);
        self.tokens.push(Token {
            kind: TokenKind::Broken,
            span: end,
        });
        if self.errors.len() < limits::ERRORS {
            self.errors.push(error);
        }
    }

    fn template(&mut self) {
        while self.position < self.source.len() {
            let start = next_section(self.source, self.position);
            let trims = self.source[start..].get(2..).is_some_and(|after| {
                after
                    .strip_prefix('-')
                    .is_some_and(|after| after.starts_with(char::is_whitespace))
            });
            self.text(self.position..start, trims);
            self.position = start;
            match self.rest().as_bytes().get(1) {
                None => return,
                Some(b'#') => self.comment(),
                Some(b'{') => self.section(TokenKindOfEnd::Print, TokenKind::PrintStart, trims),
                Some(_) if self.raw() => {}
                Some(_) => self.section(TokenKindOfEnd::Tag, TokenKind::TagStart, trims),
            }
        }
    }

    /// Adds the text between two sections, without the white space their `-` takes.
    fn text(&mut self, range: std::ops::Range<usize>, trim_end: bool) {
        let mut range = range;
        if std::mem::take(&mut self.trim_next) {
            range.start = range.end - self.source[range.clone()].trim_start().len();
        }
        if trim_end {
            range.end = range.start + self.source[range.clone()].trim_end().len();
        }
        if !range.is_empty() {
            self.tokens.push(Token {
                kind: TokenKind::Text,
                span: Span::from(range),
            });
        }
    }

    fn comment(&mut self) {
        let start = self.position;
        match self.rest().find("#}") {
            Some(length) => {
                self.trim_next = length > 2 && self.rest()[..length].ends_with('-');
                self.position += length + 2;
            }
            None => {
                self.position = self.source.len();
                let error = ExprError::new(
                    Span::from(start..start + 2),
                    SYNTAX,
                    "the comment that `{#` opens is not closed",
                );
                self.fault(error.with_caption("a comment starts here").with_hint(RAW_HINT));
            }
        }
    }

    /// Takes `{% raw %}…{% endraw %}`, or the same with `verbatim`, as text.
    fn raw(&mut self) -> bool {
        let Some((name, length, trim_start)) = raw_tag(self.rest(), &["raw", "verbatim"]) else {
            return false;
        };
        let end_name = if name == "raw" { "endraw" } else { "endverbatim" };
        let body = self.position + length;
        let mut search = body;
        while let Some(found) = self.source[search..].find("{%") {
            let end = search + found;
            if let Some((_, end_length, trim_next)) = raw_tag(&self.source[end..], &[end_name]) {
                let trim_end = self.source[end..].starts_with("{%-");
                self.trim_next = trim_start;
                self.text(body..end, trim_end);
                self.trim_next = trim_next;
                self.position = end + end_length;
                return true;
            }
            search = end + 2;
        }
        let span = Span::from(self.position..body);
        self.position = self.source.len();
        self.fault(ExprError::new(
            span,
            SYNTAX,
            format!("`{{% {name} %}}` is not closed by `{{% {end_name} %}}`"),
        ));
        true
    }

    fn section(&mut self, end: TokenKindOfEnd, start: TokenKind, trims: bool) {
        let section = Section {
            end,
            start: Span::from(self.position..self.position + 2),
        };
        self.push(start, 2);
        if trims {
            self.position += 1;
        }
        let mut brackets: Vec<(char, Span)> = Vec::new();
        loop {
            self.position += self.rest().len() - self.rest().trim_start().len();
            if self.rest().is_empty() {
                let sign = if end == TokenKindOfEnd::Print { "{{" } else { "{%" };
                let error = ExprError::new(
                    section.start,
                    SYNTAX,
                    format!("`{sign}` is not closed by `{}`", end.sign()),
                );
                self.fault(error.with_hint(RAW_HINT));
                return;
            }
            if self.close(section, &mut brackets) {
                return;
            }
            self.token(section, &mut brackets);
        }
    }

    /// Ends the section if its end sign comes next and is not part of a map.
    fn close(&mut self, section: Section, brackets: &mut Vec<(char, Span)>) -> bool {
        let trimmed = self
            .rest()
            .strip_prefix('-')
            .is_some_and(|rest| rest.starts_with(section.end.sign()));
        let in_map = brackets.last().is_some_and(|(open, _)| matches!(open, '{' | '#'));
        if in_map || !(trimmed || self.rest().starts_with(section.end.sign())) {
            return false;
        }
        for (open, span) in brackets.drain(..) {
            self.fault(ExprError::new(span, SYNTAX, format!("`{open}` is not closed")));
        }
        if trimmed {
            self.position += 1;
        }
        self.trim_next = trimmed;
        self.push(section.end.token(), 2);
        true
    }

    fn token(&mut self, section: Section, brackets: &mut Vec<(char, Span)>) {
        let rest = self.rest();
        let first = rest.chars().next().expect("the rest is not empty");
        if is_name_start(first) {
            self.name();
        } else if first.is_ascii_digit() {
            self.number();
        } else if first == '\'' {
            self.plain_string(section);
        } else if first == '"' {
            self.push_string_start(section, brackets);
        } else if let Some((sign, operator)) = SIGN_OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign)) {
            self.push(TokenKind::Operator(*operator), sign.len());
        } else if "()[]{}?:.,=".contains(first) {
            self.punctuation(first, section, brackets);
        } else {
            let span = Span::from(self.position..self.position + first.len_utf8());
            self.position = span.end;
            self.fault(ExprError::new(span, SYNTAX, format!("unexpected character `{first}`")));
        }
    }

    fn name(&mut self) {
        let after_dot = matches!(
            self.tokens.last(),
            Some(Token {
                kind: TokenKind::Punctuation('.'),
                ..
            })
        );
        if !after_dot && let Some((operator, length)) = word_operator(self.rest()) {
            return self.push(TokenKind::Operator(operator), length);
        }
        let length = name_length(self.rest());
        let name = self.rest()[..length].to_owned();
        self.push(TokenKind::Name(name), length);
    }

    fn number(&mut self) {
        let digits = |text: &str| text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let rest = self.rest();
        let whole = digits(rest);
        let fraction = rest[whole..].strip_prefix('.').map_or(0, digits);
        let length = if fraction > 0 { whole + 1 + fraction } else { whole };
        let text = &rest[..length];
        let kind = if fraction > 0 {
            text.parse().map(TokenKind::Float).ok()
        } else {
            text.parse().map(TokenKind::Integer).ok()
        };
        match kind {
            Some(kind) => self.push(kind, length),
            None => {
                let span = Span::from(self.position..self.position + length);
                self.position = span.end;
                self.fault(
                    ExprError::new(span, SYNTAX, "the number is too large").with_caption("at most 9223372036854775807"),
                );
            }
        }
        // Java marks a long number with `L`; every whole number is long here.
        if fraction == 0 && self.rest().starts_with('L') && name_length(self.rest()) == 1 {
            self.position += 1;
        }
    }

    fn punctuation(&mut self, sign: char, section: Section, brackets: &mut Vec<(char, Span)>) {
        let span = Span::from(self.position..self.position + 1);
        if "([{".contains(sign) {
            brackets.push((sign, span));
        } else if ")]}".contains(sign) {
            let opened = brackets.pop().map(|(open, _)| open);
            match (opened, sign) {
                (Some('('), ')') | (Some('['), ']') | (Some('{'), '}') => {}
                (Some('#'), '}') => {
                    self.push(TokenKind::InterpolationEnd, 1);
                    return self.interpolated_string(section, brackets);
                }
                _ => {
                    self.position += 1;
                    return self.fault(ExprError::new(span, SYNTAX, format!("unexpected `{sign}`")));
                }
            }
        }
        self.push(TokenKind::Punctuation(sign), 1);
    }

    fn plain_string(&mut self, section: Section) {
        match string_end(&self.rest()[1..], '\'', false) {
            Some(length) => {
                let text = unescape(&self.rest()[1..=length], '\'');
                self.push(TokenKind::String(text), length + 2);
            }
            None => self.unclosed_string(section),
        }
    }

    fn push_string_start(&mut self, section: Section, brackets: &mut Vec<(char, Span)>) {
        match string_end(&self.rest()[1..], '"', true) {
            None => self.unclosed_string(section),
            Some(_) => {
                self.position += 1;
                self.interpolated_string(section, brackets);
            }
        }
    }

    /// Goes on in a string with double quotes, after the opening quote or after the end of an inner expression.
    fn interpolated_string(&mut self, section: Section, brackets: &mut Vec<(char, Span)>) {
        let Some(length) = string_end(self.rest(), '"', true) else {
            return self.unclosed_string(section);
        };
        let text = unescape(&self.rest()[..length], '"');
        self.push(TokenKind::String(text), length);
        if self.rest().starts_with('"') {
            self.position += 1;
        } else {
            brackets.push(('#', Span::from(self.position..self.position + 2)));
            self.push(TokenKind::InterpolationStart, 2);
        }
    }

    fn unclosed_string(&mut self, section: Section) {
        let first = self.rest().chars().next().map_or(0, char::len_utf8);
        let span = Span::from(self.position..self.position + first);
        self.position += self.rest().find(section.end.sign()).unwrap_or(self.rest().len());
        self.fault(ExprError::new(span, SYNTAX, "the string is not closed").with_caption("it starts here"));
    }
}

/// Where the next `{{`, `{%` or `{#` starts, or the end.
fn next_section(source: &str, from: usize) -> usize {
    let bytes = source.as_bytes();
    let starts = |position: &usize| matches!(bytes.get(position + 1), Some(b'{' | b'%' | b'#'));
    let braces = source[from..].match_indices('{').map(|(offset, _)| from + offset);
    braces.into_iter().find(starts).unwrap_or(source.len())
}

/// Reads `{% name %}` with optional `-`; answers the name, the length, and whether the `-` after it is there.
fn raw_tag<'n>(text: &str, names: &[&'n str]) -> Option<(&'n str, usize, bool)> {
    let inside = text.strip_prefix("{%")?;
    let inside = inside.strip_prefix('-').unwrap_or(inside).trim_start();
    let name = names.iter().find(|name| inside[..name_length(inside)] == ***name)?;
    let after = inside[name.len()..].trim_start();
    let trims = after.starts_with('-');
    let after = after.strip_prefix('-').unwrap_or(after).strip_prefix("%}")?;
    Some((name, text.len() - after.len(), trims))
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn name_length(text: &str) -> usize {
    text.len() - text.trim_start_matches(|c: char| c.is_alphanumeric() || c == '_').len()
}

fn word_operator(text: &str) -> Option<(Operator, usize)> {
    WORD_OPERATORS.iter().find_map(|(words, operator)| {
        let mut rest = text;
        for (position, word) in words.iter().enumerate() {
            let next = if position > 0 { rest.trim_start() } else { rest };
            if next[..name_length(next)] != **word {
                return None;
            }
            rest = &next[word.len()..];
        }
        Some((*operator, text.len() - rest.len()))
    })
}

/// Where the string ends: at its quote, or at `#{` where that counts.
fn string_end(text: &str, quote: char, interpolated: bool) -> Option<usize> {
    let mut escaped = false;
    for (position, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return Some(position),
            '#' if interpolated && text[position..].starts_with("#{") => return Some(position),
            _ => {}
        }
    }
    None
}

/// Takes away the backslash before a quote or a backslash; every other one stands for itself, as in Pebble.
fn unescape(text: &str, quote: char) -> String {
    let mut unescaped = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        let kept = match characters.peek() {
            Some(next) if c == '\\' && (*next == quote || *next == '\\') => characters.next(),
            _ => Some(c),
        };
        unescaped.extend(kept);
    }
    unescaped
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokenize};

    fn summary(source: &str) -> String {
        let (tokens, errors) = tokenize(source);
        let show = |kind: &TokenKind, text: &str| match kind {
            TokenKind::Text => format!("text {text:?}"),
            TokenKind::Name(name) => name.clone(),
            TokenKind::String(text) => format!("{text:?}"),
            TokenKind::Operator(operator) => operator.text(),
            TokenKind::Broken => "broken".to_owned(),
            _ => text.to_owned(),
        };
        let tokens: Vec<_> = tokens
            .iter()
            .map(|t| show(&t.kind, &source[t.span.start..t.span.end]))
            .collect();
        let errors = errors.iter().map(|e| format!(" !{} {}", e.span.start, e.message));
        tokens.join(" ").trim_end().to_owned() + &errors.collect::<String>()
    }

    fn check(source: &str, expected: &str) {
        assert_eq!(summary(source), expected, "{source}");
    }

    #[test]
    fn text_and_sections_alternate() {
        check("plain", "text \"plain\"");
        check("a {{ b }} c", "text \"a \" {{ b }} text \" c\"");
        check("{a} { b } {", "text \"{a} { b } {\"");
        check("{% if x %}{# no #}y", "{% if x %} text \"y\"");
        check("a {{- b -}} c", "text \"a\" {{ b }} text \"c\"");
        check("a {{-1}} {#- x -#} c", "text \"a \" {{ - 1 }} text \"c\"");
        check("${HOME} {", "text \"${HOME} {\"");
    }

    #[test]
    fn raw_text_is_kept() {
        check("{% raw %} {{ x }} {% endraw %}z", "text \" {{ x }} \" text \"z\"");
        check(
            "a {%- verbatim -%} {{ {%- endverbatim -%} b",
            "text \"a\" text \"{{\" text \"b\"",
        );
        check(
            "{% raw %}{{",
            " !0 `{% raw %}` is not closed by `{% endraw %}`"
                .trim_start_matches(' ')
                .replace("!0", "broken !0")
                .as_str(),
        );
    }

    #[test]
    fn words_are_operators_unless_they_are_longer_or_attributes() {
        check(
            "{{ order or a.in is  not b not in c }}",
            "{{ order or a . in is not b not in c }}",
        );
        check("{{ not inside isNotIn y }}", "{{ not inside not in y }}");
        check("{{ a???b ?? 1..3 ? 2 : 1.5 }}", "{{ a ??? b ?? 1 .. 3 ? 2 : 1.5 }}");
        check("{{ 10L }}", "{{ 10 }}");
    }

    #[test]
    fn strings_unescape_quotes_and_interpolate() {
        check(r#"{{ 'a\'b\\n\n' }}"#, r#"{{ "a'b\\n\\n" }}"#);
        check(r##"{{ "a#{b}c#{d}" }}"##, r##"{{ "a" #{ b } "c" #{ d } "" }}"##);
        check(r##"{{ "say \"#{x}\" # {" }}"##, r##"{{ "say \"" #{ x } "\" # {" }}"##);
        check(r##"{{ '#{b}' }}"##, r##"{{ "#{b}" }}"##);
        check(
            r##"{{ "#{ {'a': "x#{1}"}['a'] }" }}"##,
            "{{ \"\" #{ { \"a\" : \"x\" #{ 1 } \"\" } [ \"a\" ] } \"\" }}",
        );
    }

    #[test]
    fn maps_may_end_with_the_section() {
        check("{{ {'a': {'b': 1}} }}", "{{ { \"a\" : { \"b\" : 1 } } }}");
    }

    #[test]
    fn every_fault_is_found_and_spoils_its_section_only() {
        check(
            "{{ a § }} {{ b ) }} {{ c",
            "{{ a broken }} text \" \" {{ b broken }} text \" \" {{ c broken !5 unexpected character `§` !16 unexpected `)` !21 `{{` is not closed by `}}`",
        );
        check("{{ 'x }} y", "{{ broken }} text \" y\" !3 the string is not closed");
        check(
            "{{ \"b#{ {% }}",
            "{{ \"b\" #{ { % } } broken broken !13 the string is not closed !0 `{{` is not closed by `}}`",
        );
        check("{{ f(1 }}", "{{ f ( 1 broken }} !4 `(` is not closed");
        check(
            "echo ${#x}",
            "text \"echo $\" broken !6 the comment that `{#` opens is not closed",
        );
        check("{{ 99999999999999999999 }}", "{{ broken }} !3 the number is too large");
    }
}
