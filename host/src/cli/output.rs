//! The only printer: answers to standard output, everything else to standard error.

use std::borrow::Cow;
use std::error::Error;
use std::io::{self, IsTerminal, Write};
use std::process::ExitCode;
use std::sync::OnceLock;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use dialoguer::console::Term;
use serde::Serialize;
use serde_json::json;

use super::arguments::Format;
use super::diagnostics;
use super::tables::{quoted, set_in};
use crate::app::{AppError, ErrorKind, Report};
use crate::model::printable::{escaped, is_unprintable};
use crate::model::{Diagnostic, Source};

pub(super) const BOLD: Style = Style::new().bold();
pub(super) const DIM: Style = Style::new().dimmed();
pub(super) const RED: Style = AnsiColor::Red.on_default().bold();
pub(super) const GREEN: Style = AnsiColor::Green.on_default();
pub(super) const YELLOW: Style = AnsiColor::Yellow.on_default();
pub(super) const CYAN: Style = AnsiColor::Cyan.on_default();

/// Where answers and messages go.
pub(super) struct Output {
    pub format: Format,
}

impl Output {
    pub(super) fn new(format: Format) -> Self {
        Self { format }
    }

    /// Prints an answer for people, in which nothing but lines and colours reaches the terminal.
    pub(super) fn answer(&self, text: &str) {
        self.document(&harmless(text));
    }

    /// Prints an answer for programs, exactly as it is. A reader that has gone away is no error, and changes nothing about the exit code; an answer
    /// that cannot be written for another reason, such as a full disk, ends the process with 3.
    pub(super) fn document(&self, text: &str) {
        let mut stdout = AutoStream::auto(io::stdout().lock());
        match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
            Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                let words = format!("{RED}error:{RED:#} writing the answer\n  {DIM}cause:{DIM:#} {error}\n");
                self.message(&words);
                std::process::exit(3);
            }
            Ok(()) | Err(_) => {}
        }
    }

    /// Prints an answer as JSON.
    pub(super) fn json(&self, view: &impl Serialize) {
        match serde_json::to_string_pretty(view) {
            Ok(text) => self.document(&format!("{text}\n")),
            Err(error) => self.message(&format!("{RED}error:{RED:#} writing JSON: {error}\n")),
        }
    }

    /// Prints a message for people to standard error.
    pub(super) fn message(&self, text: &str) {
        // Put together first: standard error is not buffered, and a line is shown in one piece.
        let mut shown = AutoStream::new(Vec::with_capacity(text.len()), choice());
        // There is nowhere left to complain to.
        drop(shown.write_all(harmless(text).as_bytes()));
        drop(io::stderr().lock().write_all(&shown.into_inner()));
    }

    /// Whether progress can be redrawn in place.
    pub(super) fn is_live(&self) -> bool {
        io::stderr().is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb")
    }

    /// Whether there is someone to answer questions.
    pub(super) fn can_ask(&self) -> bool {
        self.format == Format::Text && io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Prints the findings about a flow.
    pub(super) fn report(&self, report: &Report) {
        self.message(&diagnostics::render(report, is_coloured(), width_of(&Term::stderr())));
    }

    /// Prints an error for programs, where one reads along.
    pub(super) fn refusal(&self, error: &AppError) {
        if self.format == Format::Json {
            self.json(&json!({"error": error_view(error)}));
        }
    }

    /// Prints an error and gives its exit code.
    pub(super) fn fail(&self, error: &AppError) -> ExitCode {
        self.refusal(error);
        if let Some(report) = &error.report {
            self.report(report);
        }
        let mut text = format!("{RED}error:{RED:#} {}\n", quoted(&error.message));
        for cause in &error.causes {
            text.push_str(&format!("  {DIM}cause:{DIM:#} {}\n", quoted(cause)));
        }
        if let Some(hint) = &error.hint {
            text.push_str(&format!("  {CYAN}hint:{CYAN:#} {}\n", set_in(hint)));
        }
        self.message(&text);
        match error.kind {
            ErrorKind::Refused => ExitCode::from(2),
            ErrorKind::Host => ExitCode::from(3),
        }
    }
}

/// A text for people with everything escaped that is no line, tab or colour. What comes from data is made one line
/// before it is put into such a text; this is what holds where that was forgotten.
fn harmless(text: &str) -> Cow<'_, str> {
    let is_unwanted = |c: char| is_unprintable(c) && !matches!(c, '\n' | '\t');
    if !text.contains(is_unwanted) {
        return Cow::Borrowed(text);
    }
    let mut result = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find('\u{1b}') {
        result += &escaped(&rest[..start], is_unwanted);
        let colour = colour_length(&rest[start..]);
        result += match colour {
            0 => "\\u{1b}",
            length => &rest[start..start + length],
        };
        rest = &rest[start + colour.max(1)..];
    }
    result += &escaped(rest, is_unwanted);
    Cow::Owned(result)
}

/// How many bytes at the beginning choose a colour or weight of what follows (SGR of ECMA-48); 0 where none do.
fn colour_length(text: &str) -> usize {
    let Some(parameters) = text.strip_prefix("\u{1b}[") else {
        return 0;
    };
    let end = parameters.find(|c: char| !c.is_ascii_digit() && c != ';');
    end.filter(|end| parameters[*end..].starts_with('m'))
        .map_or(0, |end| "\u{1b}[".len() + end + 1)
}

/// Which colours standard error shows.
fn choice() -> ColorChoice {
    static CHOICE: OnceLock<ColorChoice> = OnceLock::new();
    *CHOICE.get_or_init(|| AutoStream::choice(&io::stderr()))
}

/// How many columns an answer may take; none where it goes to a file or a pipe.
pub(super) fn answer_width() -> Option<usize> {
    width_of(&Term::stdout())
}

/// How many columns the terminal has, if it is one.
fn width_of(terminal: &Term) -> Option<usize> {
    terminal
        .size_checked()
        .map(|(_, columns)| usize::from(columns))
        .filter(|columns| *columns > 0)
}

fn is_coloured() -> bool {
    choice() != ColorChoice::Never
}

/// An error of this process itself.
pub(super) fn host_error(what: &str, error: &dyn Error) -> AppError {
    AppError {
        kind: ErrorKind::Host,
        ..AppError::refused(what).because(error)
    }
}

pub(super) fn error_view(error: &AppError) -> serde_json::Value {
    let kind = match error.kind {
        ErrorKind::Refused => "refused",
        ErrorKind::Host => "host",
    };
    let findings = error.report.as_ref().map(findings_view).unwrap_or_default();
    json!({
        "kind": kind, "message": error.message, "causes": error.causes, "hint": error.hint, "findings": findings,
    })
}

/// The findings of a report as JSON, in the order of their places.
pub(super) fn findings_view(report: &Report) -> Vec<serde_json::Value> {
    report
        .diagnostics
        .iter()
        .map(|finding| finding_view(&report.source, finding))
        .collect()
}

fn finding_view(source: &Source, finding: &Diagnostic) -> serde_json::Value {
    let place = finding.span.map(|span| source.position(span.start));
    json!({
        "severity": finding.severity, "code": finding.code, "message": finding.message, "file": source.name,
        "line": place.map(|(line, _)| line), "column": place.map(|(_, column)| column),
        "detail": finding.caption, "hint": finding.hint,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_lines_and_colours_reach_the_terminal() {
        let check = |text: &str, expected: &str| assert_eq!(harmless(text), expected);
        let painted = format!("{RED}error:{RED:#} a\n\tb\n");
        check(&painted, &painted);
        check("\u{1b}[2Jx\u{1b}]0;title\u{7}", "\\u{1b}[2Jx\\u{1b}]0;title\\u{7}");
        check("a\rb \u{202e}c\u{1b}", "a\\rb \\u{202e}c\\u{1b}");
        check(&format!("{painted}\u{8}"), &format!("{painted}\\u{{8}}"));
    }
}
