//! Test reports in the form of JUnit, as the CI systems read it (github.com/testmoapp/junitxml).

use crate::model::{TestReportView, TestState, TestSuiteView, TestView};

/// Writes a report.
pub(super) fn report(report: &TestReportView) -> String {
    let tests: usize = report.suites.iter().map(|suite| suite.tests.len()).sum();
    let time: f64 = report.suites.iter().map(time_of).sum();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <testsuites name=\"begat\" tests=\"{tests}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{time:.6}\">\n",
        report.count(TestState::Failed),
        report.count(TestState::Skipped),
    );
    for suite in &report.suites {
        xml += &of_suite(suite);
    }
    xml + "</testsuites>\n"
}

fn time_of(suite: &TestSuiteView) -> f64 {
    suite.tests.iter().map(|test| test.duration).sum()
}

fn of_suite(suite: &TestSuiteView) -> String {
    let count = |state: TestState| suite.tests.iter().filter(|test| test.state == state).count();
    let mut xml = format!(
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" time=\"{:.6}\">\n",
        escaped(&suite.name),
        suite.tests.len(),
        count(TestState::Failed),
        count(TestState::Skipped),
        time_of(suite),
    );
    for test in &suite.tests {
        xml += &of_test(suite, test);
    }
    xml + "  </testsuite>\n"
}

fn of_test(suite: &TestSuiteView, test: &TestView) -> String {
    let line = test.line.map_or_else(String::new, |line| format!(" line=\"{line}\""));
    let head = format!(
        "    <testcase name=\"{}\" classname=\"{}\" time=\"{:.6}\" file=\"{}\"{line}",
        escaped(&test.id),
        escaped(&suite.name),
        test.duration,
        escaped(&suite.file),
    );
    match test.state {
        TestState::Passed | TestState::Updated => head + "/>\n",
        TestState::Skipped => head + ">\n      <skipped/>\n    </testcase>\n",
        TestState::Failed => {
            let first = test.problems.first().map_or("", String::as_str);
            let all = test.problems.iter().chain(&test.logs).map(|line| escaped(line));
            let all = all.collect::<Vec<_>>().join("\n");
            format!(
                "{head}>\n      <failure message=\"{}\">{all}</failure>\n    </testcase>\n",
                escaped(first)
            )
        }
    }
}

/// A text as it may stand in an attribute and between tags; XML 1.0 has no way to write most control characters.
fn escaped(text: &str) -> String {
    let mut xml = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => xml.push_str("&amp;"),
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '"' => xml.push_str("&quot;"),
            '\n' => xml.push_str("&#10;"),
            '\t' => xml.push('\t'),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => xml.push('\u{fffd}'),
            c => xml.push(c),
        }
    }
    xml
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_state_has_its_form_and_texts_cannot_break_out() {
        let test = |id: &str, state, problems: &[&str]| TestView {
            id: id.to_owned(),
            state,
            line: Some(3),
            duration: 0.5,
            problems: problems.iter().map(|text| (*text).to_owned()).collect(),
            logs: Vec::new(),
        };
        let view = TestReportView {
            suites: vec![TestSuiteView {
                name: "flows/a.yaml".to_owned(),
                file: "flows/a.test.yaml".to_owned(),
                tests: vec![
                    test("good", TestState::Passed, &[]),
                    test("bad", TestState::Failed, &["`x` is \"<&>\"\u{1}", "second"]),
                    test("off", TestState::Skipped, &[]),
                ],
            }],
            coverage: Vec::new(),
        };
        assert_eq!(
            report(&view),
            r#"<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="begat" tests="3" failures="1" errors="0" skipped="1" time="1.500000">
  <testsuite name="flows/a.yaml" tests="3" failures="1" errors="0" skipped="1" time="1.500000">
    <testcase name="good" classname="flows/a.yaml" time="0.500000" file="flows/a.test.yaml" line="3"/>
    <testcase name="bad" classname="flows/a.yaml" time="0.500000" file="flows/a.test.yaml" line="3">
      <failure message="`x` is &quot;&lt;&amp;&gt;&quot;�">`x` is &quot;&lt;&amp;&gt;&quot;�
second</failure>
    </testcase>
    <testcase name="off" classname="flows/a.yaml" time="0.500000" file="flows/a.test.yaml" line="3">
      <skipped/>
    </testcase>
  </testsuite>
</testsuites>
"#
        );
    }
}
