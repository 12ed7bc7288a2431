//! A template and its place in the source, to the character.

use saphyr_parser::ScalarStyle;

use super::yaml::{Node, NodeKind};
use crate::expr::{ExprError, Scope, Template, Value};
use crate::model::{Diagnostic, Span};

/// Where a scalar's text stands in the source.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Place {
    /// Byte for byte, from this offset on.
    From(usize),
    /// Where in the source the character begins and ends that each byte of the text belongs to; then the text's end.
    Table(Vec<(usize, usize)>),
    /// Somewhere in this stretch.
    Within(Span),
}

impl Place {
    /// Finds out where the text of a scalar stands.
    pub(super) fn of(source: &str, node: &Node) -> Self {
        let NodeKind::Text(text, style) = &node.kind else {
            return Place::Within(node.span);
        };
        let raw = source.get(node.span.start..node.span.end).unwrap_or_default();
        let quoted = matches!(style, ScalarStyle::SingleQuoted | ScalarStyle::DoubleQuoted);
        let start = node.span.start + usize::from(quoted && raw.starts_with(['"', '\'']));
        if source.get(start..start + text.len()) == Some(text.as_str()) {
            return Place::From(start);
        }
        align(source, start, node.span.end, text, *style).map_or(Place::Within(node.span), Place::Table)
    }

    /// The source stretch of a stretch of the text.
    pub(super) fn span(&self, span: Span) -> Span {
        match self {
            Place::From(start) => span.shifted(*start),
            Place::Within(whole) => *whole,
            Place::Table(table) => {
                let at = |offset: usize| table.get(offset).or(table.last()).copied().unwrap_or_default();
                let (start, _) = at(span.start);
                let end = match span.end > span.start {
                    true => at(span.end - 1).1,
                    false => start,
                };
                Span {
                    start,
                    end: end.max(start),
                }
            }
        }
    }
}

/// Walks through the written and the meant text side by side; nothing where they do not fit.
fn align(source: &str, start: usize, end: usize, text: &str, style: ScalarStyle) -> Option<Vec<(usize, usize)>> {
    let mut at = start;
    if matches!(style, ScalarStyle::Literal | ScalarStyle::Folded) {
        // The parser may leave the header and the empty lines after it out of the span.
        if !source[at..].starts_with(['|', '>']) {
            at = source[..at].trim_end().len();
        }
        at += source[at..end].find('\n')? + 1;
    }
    let mut table = Vec::with_capacity(text.len() + 1);
    for wanted in text.chars() {
        let (here, next) = find(source, at, end, wanted, style)?;
        // What follows a fold is indentation, not the character.
        let ends = if wanted.is_whitespace() { here + 1 } else { next };
        table.extend(std::iter::repeat_n((here, ends), wanted.len_utf8()));
        at = next;
    }
    table.push((at, at));
    Some(table)
}

/// Where a meant character is written from `at` on, and where the next may start.
fn find(source: &str, mut at: usize, end: usize, wanted: char, style: ScalarStyle) -> Option<(usize, usize)> {
    while at < end {
        let written = source[at..].chars().next()?;
        let next = at + written.len_utf8();
        match style {
            ScalarStyle::DoubleQuoted if written == '\\' => {
                let escape = source[next..].chars().next()?;
                if escape == '\n' {
                    at = next + 1;
                    continue;
                }
                let digits = match escape {
                    'x' => 2,
                    'u' => 4,
                    'U' => 8,
                    _ => 0,
                };
                return Some((at, next + escape.len_utf8() + digits));
            }
            ScalarStyle::SingleQuoted if written == '\'' && wanted == '\'' => return Some((at, next + 1)),
            _ if written == wanted => return Some((at, next)),
            _ if written == '\n' && wanted == ' ' => {
                let rest = &source[next..end];
                return Some((at, next + rest.len() - rest.trim_start().len()));
            }
            _ if written.is_whitespace() => at = next,
            _ => return None,
        }
    }
    // What block scalars end with may be implied.
    (wanted == '\n').then_some((end, end))
}

/// A template with its place in the flow.
#[derive(Debug, Clone)]
pub struct Text {
    pub template: Template,
    place: Place,
    whole: Span,
}

/// A template could not be rendered.
#[derive(Debug, Clone)]
pub struct RenderError {
    pub error: ExprError,
    /// Where in the flow's source.
    pub span: Span,
}

impl RenderError {
    /// The finding that shows it in the flow.
    pub fn diagnostic(&self) -> Diagnostic {
        Diagnostic {
            span: Some(self.span),
            ..self.error.diagnostic(0)
        }
    }
}

impl Text {
    /// Parses the template of a text node. Its faults are added to `findings`; what is given beside them is good for
    /// finding out what it reads.
    pub(super) fn parse(source: &str, node: &Node, findings: &mut Vec<Diagnostic>) -> Option<Self> {
        let NodeKind::Text(text, _) = &node.kind else {
            return None;
        };
        match Template::parse_or_read(text) {
            Ok(template) => {
                // Only what can fail needs its exact place.
                let place = match template.literal() {
                    Some(_) => Place::Within(node.span),
                    None => Place::of(source, node),
                };
                Some(Self {
                    template,
                    place,
                    whole: node.span,
                })
            }
            Err((errors, template)) => {
                let place = Place::of(source, node);
                findings.extend(errors.iter().map(|error| Diagnostic {
                    span: Some(place.span(error.span)),
                    ..error.diagnostic(0)
                }));
                Some(Self {
                    template,
                    place,
                    whole: node.span,
                })
            }
        }
    }

    /// Where the whole scalar stands in the flow.
    pub fn span(&self) -> Span {
        self.whole
    }

    /// Where a stretch of the template stands in the flow.
    pub fn span_of(&self, span: Span) -> Span {
        self.place.span(span)
    }

    /// Renders as text.
    pub fn render(&self, scope: &Scope<'_>) -> Result<String, RenderError> {
        self.template.render(scope).map_err(|error| self.located(error))
    }

    /// Renders and keeps the type of a single expression.
    pub fn evaluate(&self, scope: &Scope<'_>) -> Result<Value, RenderError> {
        self.template.evaluate(scope).map_err(|error| self.located(error))
    }

    fn located(&self, error: ExprError) -> RenderError {
        RenderError {
            span: self.place.span(error.span),
            error,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::yaml;

    /// Finds `X` in the meant text of the entry `a` and expects the place of the source's own `X`.
    fn check(source: &str) {
        let mut findings = Vec::new();
        let root = yaml::parse(source, &mut findings).unwrap();
        let NodeKind::Map(entries) = &root.kind else {
            panic!("a map")
        };
        let node = &entries[0].1;
        let NodeKind::Text(text, _) = &node.kind else {
            panic!("a text")
        };
        let meant = text.find('X').unwrap();
        let span = Place::of(source, node).span(Span {
            start: meant,
            end: meant + 1,
        });
        assert_eq!(&source[span.start..span.end], "X", "{source:?} at {span:?}");
    }

    #[test]
    fn each_style_maps_to_the_exact_character() {
        check("a: plain X text\n");
        check("a: 'single ''q'' X'\n");
        check("a: \"double \\\"q\\\" X\"\n");
        check("a: \"esc \\u00e9 \\n X\"\n");
        check("a: |\n  first\n    deep\n  X last\n");
        check("a: |-\n\n  after an empty line\n\n  X\nb: 1\n");
        check("a: >\n  folded\n  lines X\n");
        check("a: plain\n  over lines X\n");
        check("é: \"é X\"\n");
        check("a: |\r\n  first\r\n  é X\r\n");
    }

    #[test]
    fn a_stretch_begins_and_ends_between_characters() {
        let source = "a: \"\\\"q\\\" é→ \\u00e9\"\n";
        let root = yaml::parse(source, &mut Vec::new()).unwrap();
        let NodeKind::Map(entries) = &root.kind else {
            panic!("a map")
        };
        let NodeKind::Text(text, _) = &entries[0].1.kind else {
            panic!("a text")
        };
        let place = Place::of(source, &entries[0].1);
        let shown = |meant: &str| {
            let start = text.find(meant).unwrap();
            let span = place.span((start..start + meant.len()).into());
            source[span.start..span.end].to_owned()
        };
        assert_eq!(
            (shown("q"), shown("é"), shown("→")),
            ("q".into(), "é".into(), "→".into())
        );
        assert_eq!(
            (shown("\"q\""), shown("é→ é")),
            ("\\\"q\\\"".into(), "é→ \\u00e9".into())
        );
    }
}
