//! Findings as SARIF 2.1.0, which code scanning services read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::app::Report;
use crate::model::{Diagnostic, Severity, Source};

/// One log with one run of all reports.
pub(super) fn log(reports: &[Report]) -> Value {
    let codes: BTreeSet<&str> = reports
        .iter()
        .flat_map(|report| &report.diagnostics)
        .map(|finding| finding.code)
        .collect();
    let rules: Vec<Value> = codes.iter().map(|code| json!({"id": code})).collect();
    let results: Vec<Value> = reports
        .iter()
        .flat_map(|report| report.diagnostics.iter().map(|finding| result(&report.source, finding)))
        .collect();
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {"name": "begat", "version": env!("CARGO_PKG_VERSION"), "rules": rules}},
            "columnKind": "unicodeCodePoints",
            "results": results,
        }],
    })
}

fn result(source: &Source, finding: &Diagnostic) -> Value {
    let level = match finding.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "note",
    };
    let text = match &finding.hint {
        Some(hint) => format!("{} ({hint})", finding.message),
        None => finding.message.clone(),
    };
    let mut place = json!({"artifactLocation": {"uri": uri(&source.name)}});
    if let Some(span) = finding.span {
        let ((line, column), (end_line, end_column)) = (source.position(span.start), source.position(span.end));
        place["region"] =
            json!({"startLine": line, "startColumn": column, "endLine": end_line, "endColumn": end_column});
    }
    json!({
        "ruleId": finding.code, "level": level, "message": {"text": text},
        "locations": [{"physicalLocation": place}],
    })
}

/// A path as a relative or absolute reference; what a URI cannot hold is percent-encoded.
fn uri(path: &str) -> String {
    let encoded = |byte: u8| match byte {
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => char::from(byte).to_string(),
        other => format!("%{other:02X}"),
    };
    path.bytes().map(encoded).collect()
}
