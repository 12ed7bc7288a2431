//! What came of tests: of golden cases of plugins, and of tests of flows.

use serde::Serialize;

/// How a test ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum TestState {
    Passed,
    Failed,
    /// It is disabled.
    Skipped,
    /// What is expected was written anew.
    Updated,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestView {
    pub id: String,
    pub state: TestState,
    /// Where it is written, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// In seconds.
    pub duration: f64,
    /// What did not hold.
    pub problems: Vec<String>,
    /// The last lines of the log of a test that failed.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<String>,
}

/// The tests of one file or of one plugin.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestSuiteView {
    pub name: String,
    /// Where the tests are written.
    pub file: String,
    pub tests: Vec<TestView>,
}

/// How much of a flow its tests have reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoverageView {
    /// The flow's file.
    pub flow: String,
    pub tasks: CoveredView,
    pub branches: CoveredView,
}

/// How many of something were reached, and which were not.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct CoveredView {
    pub total: usize,
    pub covered: usize,
    pub missing: Vec<String>,
}

/// What came of all tests.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TestReportView {
    pub suites: Vec<TestSuiteView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub coverage: Vec<CoverageView>,
}

impl TestReportView {
    /// How many tests ended so.
    pub fn count(&self, state: TestState) -> usize {
        let tests = self.suites.iter().flat_map(|suite| &suite.tests);
        tests.filter(|test| test.state == state).count()
    }
}
