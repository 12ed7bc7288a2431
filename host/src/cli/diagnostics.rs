//! Findings shown with the line they are about and a caret under the place.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::app::Report;
use crate::model::{Diagnostic, Severity, Source, Span};

/// Draws all findings of a report, each followed by an empty line. Long lines of the flow are cut to the width.
pub(super) fn render(report: &Report, coloured: bool, width: Option<usize>) -> String {
    let renderer = if coloured {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = match width {
        Some(width) => renderer.term_width(width),
        None => renderer,
    };
    report
        .diagnostics
        .iter()
        .map(|finding| format!("{}\n\n", draw(&renderer, &report.source, finding)))
        .collect()
}

fn draw(renderer: &Renderer, source: &Source, finding: &Diagnostic) -> String {
    let level = match finding.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    let title = level.primary_title(finding.message.as_str()).id(finding.code);
    let mut group = Group::with_title(title);
    if let Some(span) = finding.span {
        let mut snippet = Snippet::source(source.text.as_str()).path(source.name.as_str());
        let caption = finding.caption.as_deref().unwrap_or_default();
        snippet = snippet.annotation(AnnotationKind::Primary.span(range(source, span)).label(caption));
        for label in &finding.labels {
            snippet = snippet.annotation(
                AnnotationKind::Context
                    .span(range(source, label.span))
                    .label(label.text.as_str()),
            );
        }
        group = group.element(snippet);
    } else {
        group = group.element(annotate_snippets::Origin::path(source.name.as_str()));
    }
    if let Some(hint) = &finding.hint {
        group = group.element(Level::HELP.with_name("hint").message(hint.as_str()));
    }
    renderer.render(&[group])
}

/// A span within the text and on character borders, whatever a check gave.
fn range(source: &Source, span: Span) -> std::ops::Range<usize> {
    let border = |offset: usize| {
        (0..=offset.min(source.text.len()))
            .rev()
            .find(|o| source.text.is_char_boundary(*o))
    };
    let start = border(span.start).unwrap_or(0);
    let end = border(span.end).unwrap_or(start).max(start);
    start..end
}
