//! All tests of all files, beside each other.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use indexmap::IndexMap;

use super::super::{App, AppError, ErrorKind};
use super::case::{self, Ended};
use super::coverage::Coverage;
use super::files::{self, TestFile};
use crate::model::{TestReportView, TestState, TestSuiteView, TestView};
use crate::plan::Stubs;
use crate::sandbox::Registry;

/// Which tests of flows to run.
pub struct FlowTestRequest {
    /// Files of tests, flows, folders and patterns.
    pub paths: Vec<PathBuf>,
    /// Only tests whose ids contain this.
    pub only: Option<String>,
    pub stubs: Stubs,
    /// How many run at once.
    pub threads: usize,
}

/// A test that waits, runs or has ended.
type Slot = Mutex<Option<Result<Ended, AppError>>>;

impl App {
    /// Runs tests of flows. Each has a thread, a catalog in memory and a world of its own.
    pub async fn test_flows(&self, request: &FlowTestRequest) -> Result<TestReportView, AppError> {
        let registry = self.registry().await?;
        let task_types = registry.task_types();
        let paths = files::gather(&request.paths)?;
        let read = paths.iter().map(|path| files::read(path, &task_types));
        let mut files = read.collect::<Result<Vec<TestFile>, AppError>>()?;
        if let Some(only) = &request.only {
            for file in &mut files {
                file.test.cases.retain(|case| case.id.contains(only.as_str()));
            }
            files.retain(|file| !file.test.cases.is_empty());
            if files.is_empty() {
                return Err(AppError::refused(format!("no test has `{only}` in its id")));
            }
        }
        let places: Vec<(usize, usize)> = files
            .iter()
            .enumerate()
            .flat_map(|(file, tests)| (0..tests.test.cases.len()).map(move |case| (file, case)))
            .collect();
        let slots: Vec<Slot> = places.iter().map(|_| Mutex::new(None)).collect();
        let next = AtomicUsize::new(0);
        std::thread::scope(|threads| {
            for _ in 0..request.threads.clamp(1, places.len()) {
                threads.spawn(|| self.work(&registry, &files, &places, &slots, &next, &request.stubs));
            }
        });
        report(files, slots)
    }

    /// Runs tests until none is left.
    fn work(
        &self,
        registry: &Arc<Registry>,
        files: &[TestFile],
        places: &[(usize, usize)],
        slots: &[Slot],
        next: &AtomicUsize,
        stubs: &Stubs,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        loop {
            let place = next.fetch_add(1, Ordering::Relaxed);
            let Some((file, case)) = places.get(place) else { return };
            let (file, case) = (&files[*file], &files[*file].test.cases[*case]);
            if case.disabled {
                continue;
            }
            let ended = match &runtime {
                Ok(runtime) => runtime.block_on(case::run(self, registry, &file.flow, case, stubs)),
                Err(error) => Err(AppError {
                    kind: ErrorKind::Host,
                    ..AppError::refused("starting the runtime of a test").because(error)
                }),
            };
            *slots[place].lock().unwrap_or_else(PoisonError::into_inner) = Some(ended);
        }
    }
}

fn report(files: Vec<TestFile>, slots: Vec<Slot>) -> Result<TestReportView, AppError> {
    let mut report = TestReportView::default();
    let mut covered: IndexMap<PathBuf, Coverage> = IndexMap::new();
    let mut slots = slots.into_iter();
    for file in files {
        let mut tests = Vec::with_capacity(file.test.cases.len());
        for (case, slot) in file.test.cases.iter().zip(&mut slots) {
            let ended = slot.into_inner().unwrap_or_else(PoisonError::into_inner).transpose()?;
            if let Some((flow, detail)) = ended.as_ref().and_then(|ended| ended.ran.as_ref()) {
                let coverage = covered.entry(file.flow.clone());
                coverage.or_insert_with(|| Coverage::new(flow.clone())).add(detail);
            }
            let (line, _) = file.source.position(case.span.start);
            tests.push(view(&case.id, line, ended));
        }
        report.suites.push(TestSuiteView {
            name: file.flow.display().to_string(),
            file: file.source.name,
            tests,
        });
    }
    report.coverage = covered.iter().map(|(flow, coverage)| coverage.view(flow)).collect();
    Ok(report)
}

fn view(id: &str, line: usize, ended: Option<Ended>) -> TestView {
    let line = Some(line);
    match ended {
        None => TestView {
            id: id.to_owned(),
            state: TestState::Skipped,
            line,
            duration: 0.0,
            problems: Vec::new(),
            logs: Vec::new(),
        },
        Some(ended) => TestView {
            id: id.to_owned(),
            state: match ended.problems.is_empty() {
                true => TestState::Passed,
                false => TestState::Failed,
            },
            line,
            duration: ended.took.as_secs_f64(),
            problems: ended.problems,
            logs: ended.logs,
        },
    }
}
