//! Findings and failed tests as GitHub Actions shows them beside the lines they are about: workflow commands
//! (docs.github.com, "Workflow commands for GitHub Actions").

use crate::app::Report;
use crate::model::{Severity, TestReportView, TestState};

/// Annotations of findings about flows.
pub(super) fn of_reports(reports: &[Report]) -> String {
    let mut text = String::new();
    for report in reports {
        for finding in &report.diagnostics {
            let level = match finding.severity {
                Severity::Error => "error",
                Severity::Warning => "warning",
                Severity::Note => "notice",
            };
            let place = finding.span.map(|span| report.source.position(span.start));
            let message = match &finding.hint {
                Some(hint) => format!("{}\n{hint}", finding.message),
                None => finding.message.clone(),
            };
            text += &annotation(level, &report.source.name, place, finding.code, &message);
        }
    }
    text
}

/// Annotations of tests that failed.
pub(super) fn of_tests(report: &TestReportView) -> String {
    let mut text = String::new();
    for suite in &report.suites {
        for test in suite.tests.iter().filter(|test| test.state == TestState::Failed) {
            let place = test.line.map(|line| (line, 1));
            let title = format!("test {}", test.id);
            text += &annotation("error", &suite.file, place, &title, &test.problems.join("\n"));
        }
    }
    text
}

fn annotation(level: &str, file: &str, place: Option<(usize, usize)>, title: &str, message: &str) -> String {
    let place = place.map_or_else(String::new, |(line, column)| format!(",line={line},col={column}"));
    let (file, title) = (property(file), property(title));
    format!("::{level} file={file}{place},title={title}::{}\n", escaped(message))
}

fn escaped(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

fn property(text: &str) -> String {
    escaped(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::annotation;

    #[test]
    fn a_text_cannot_end_its_command() {
        assert_eq!(
            annotation("error", "a,b.yaml", Some((3, 7)), "x:y", "50 %\n::error::no"),
            "::error file=a%2Cb.yaml,line=3,col=7,title=x%3Ay::50 %25%0A::error::no\n"
        );
        assert_eq!(
            annotation("notice", "a", None, "t", "m"),
            "::notice file=a,title=t::m\n"
        );
    }
}
