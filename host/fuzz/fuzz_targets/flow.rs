//! No text may make the reading and checking of a flow panic, or run without end. What is said of it points into it.

#![no_main]

use begat_fuzz::flow::{self, CoreType};
use begat_fuzz::model::Source;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let source = Source {
        name: "flow.yaml".to_owned(),
        text: text.to_owned(),
    };
    let checked = flow::check(&source, CoreType::task_types());
    for finding in &checked.diagnostics {
        let Some(span) = finding.span else { continue };
        assert!(span.start <= span.end && span.end <= text.len(), "{finding:?}");
        assert!(text.is_char_boundary(span.start) && text.is_char_boundary(span.end), "{finding:?}");
    }
});
