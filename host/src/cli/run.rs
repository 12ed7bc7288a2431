//! Running a flow and going on with one: what is shown meanwhile, and what is said at the end.

use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::arguments::{Format, RunArguments};
use super::commands::plugin_notice;
use super::output::{BOLD, DIM, Output, RED, YELLOW};
use super::progress::{Progress, lock};
use super::prompt;
use super::report::Report;
use super::tables::{duration, paint, plain, quoted, short, state_style};
use crate::app::{
    AgainRequest, App, AppError, AttestTo, Delivered, FlowRequest, InputSources, Notice, ResumeRequest, RunRequest,
    Settings, Stubs,
};
use crate::model::clock::World;
use crate::model::printable::one_line;
use crate::model::{AssetEvent, AssetEventView, AssetId, ExecutionDetailView, JsonMap, LogLevel, State, TaskRunView};

/// What the user gives a flow.
pub(super) fn flow_request<'a>(arguments: &RunArguments, output: &Output) -> FlowRequest<'a> {
    let labels = arguments.labels.iter();
    FlowRequest {
        flow: arguments.flow.clone(),
        inputs: InputSources {
            given: arguments.inputs.iter().cloned().collect(),
            file: arguments.inputs_file.clone(),
            values: JsonMap::new(),
            ask: (output.can_ask() && !arguments.no_prompt).then_some(&prompt::ask),
        },
        stubs: Stubs {
            task_types: arguments.stubs.clone(),
            missing: arguments.stub_missing,
            ..Stubs::default()
        },
        labels: labels
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect(),
    }
}

pub(super) async fn run(settings: Settings, arguments: &RunArguments, output: &Output) -> Result<ExitCode, AppError> {
    let request = RunRequest {
        flow: flow_request(arguments, output),
        ephemeral: arguments.ephemeral,
        attest: arguments.attest.clone().map(|file| AttestTo {
            file,
            key: arguments.attest_key.clone(),
        }),
    };
    let level = LogLevel::from_name(&arguments.log_level).unwrap_or(LogLevel::Info);
    let progress = Progress::start(output, level, arguments.quiet);
    let app = App::new(Settings {
        task_timeout: arguments.task_timeout,
        allow: arguments.allow.clone(),
        task_memory: arguments.task_memory.map(|mib| mib.saturating_mul(1024 * 1024)),
        ..watched(settings, &progress)
    });
    let notice = |said| tell(output, &progress, said);
    let report = arguments
        .report
        .as_deref()
        .map(|path| Report::new(path, &arguments.flow));
    let report = report.transpose()?;
    let observer = Progress::observer(&progress);
    let observer = report
        .as_ref()
        .map_or(observer.clone(), |report| report.listen(observer));
    let (cancelled, watcher) = watch_for_interrupts();
    let _entered = world(arguments).enter();
    let ended = app.run(request, notice, observer, cancelled).await;
    watcher.abort();
    let ended = ended_view(&progress, ended);
    if let Some(report) = &report {
        report.write(ended.as_ref())?;
    }
    // The process ends soon; taking down what ran the plugins would only take time.
    std::mem::forget(app);
    Ok(answer(&ended?, arguments.ephemeral, &progress, output))
}

pub(super) async fn resume(settings: Settings, request: ResumeRequest, output: &Output) -> Result<ExitCode, AppError> {
    let progress = Progress::start(output, LogLevel::Info, false);
    let app = App::new(watched(settings, &progress));
    let notice = |said| tell(output, &progress, said);
    let (cancelled, watcher) = watch_for_interrupts();
    let ended = app
        .resume(request, notice, Progress::observer(&progress), cancelled)
        .await;
    watcher.abort();
    Ok(answer(&ended_view(&progress, ended)?, false, &progress, output))
}

/// The world of a run: that of the machine, unless the user wants to repeat the run to the byte.
fn world(arguments: &RunArguments) -> World {
    let seed = arguments.seed.unwrap_or(0);
    arguments
        .clock
        .map_or_else(World::current, |time| World::fixed(time, seed))
}

pub(super) async fn again(settings: Settings, request: AgainRequest, output: &Output) -> Result<ExitCode, AppError> {
    let progress = Progress::start(output, LogLevel::Info, false);
    let app = App::new(watched(settings, &progress));
    let notice = |said| tell(output, &progress, said);
    let (cancelled, watcher) = watch_for_interrupts();
    let ended = app
        .again(request, notice, Progress::observer(&progress), cancelled)
        .await;
    watcher.abort();
    Ok(answer(&ended_view(&progress, ended)?, false, &progress, output))
}

fn ended_view(
    progress: &Mutex<Progress>,
    ended: Result<ExecutionDetailView, AppError>,
) -> Result<ExecutionDetailView, AppError> {
    lock(progress).finish();
    ended
}

/// Has what the sandbox notes shown above the lines that are redrawn, not through them.
fn watched(settings: Settings, progress: &Arc<Mutex<Progress>>) -> Settings {
    let shown = progress.clone();
    Settings {
        on_notice: Arc::new(move |notice| lock(&shown).line(&plugin_notice(&notice))),
        ..settings
    }
}

fn tell(output: &Output, progress: &Mutex<Progress>, notice: Notice) {
    match notice {
        Notice::Check(message) => lock(progress).line(&format!("{} {message}", paint(YELLOW, "warning:"))),
        Notice::Waiting => lock(progress).line("waiting: as many executions of the flow run as may"),
        Notice::StartingAgain { failed } => {
            lock(progress).line(&format!("execution {failed} failed; the flow says to start another"));
        }
        Notice::Undelivered(delivered) => {
            let words = undelivered(&delivered);
            lock(progress).line(&format!("{} {words}", paint(YELLOW, "warning:")));
        }
        Notice::Unattested(reason) => {
            let words = format!("no attestation was written: {reason}");
            lock(progress).line(&format!("{} {words}", paint(YELLOW, "warning:")));
        }
        Notice::Findings(report) => output.report(&report),
        Notice::Starting { flow, execution, tasks } => {
            let noun = if tasks == 1 { "task" } else { "tasks" };
            lock(progress).line(&format!("{} {tasks} {noun}, execution {execution}", paint(BOLD, &flow)));
        }
    }
}

/// Why OpenLineage events were not sent, and what becomes of them.
pub(super) fn undelivered(delivered: &Delivered) -> String {
    let error = delivered.error.as_deref().unwrap_or("they were not sent");
    match (delivered.waiting, delivered.refused) {
        (0, refused) => format!("{refused} OpenLineage events were refused: {error}"),
        (waiting, _) => format!(
            "{waiting} recorded events wait to be sent as OpenLineage: {error}; the next run or `begat catalog deliver` \
             sends them"
        ),
    }
}

/// Turns true at the first Ctrl-C, and when the process is to end or its terminal is gone. A second one ends the process
/// at once.
fn watch_for_interrupts() -> (watch::Receiver<bool>, JoinHandle<()>) {
    let (cancel, cancelled) = watch::channel(false);
    let watchers: Vec<_> = [SIGINT, SIGTERM, SIGHUP]
        .into_iter()
        // Who started this with `nohup` wants it to go on.
        .filter(|number| !is_ignored(*number))
        .map(|number| {
            // The second one counts also while this thread is busy, such as compiling a plugin. Where it cannot be
            // listened for, it does nothing.
            let is_second = Arc::new(AtomicBool::new(false));
            drop(flag::register_conditional_shutdown(
                number,
                128 + number,
                is_second.clone(),
            ));
            drop(flag::register(number, is_second));
            signal(SignalKind::from_raw(number))
        })
        .collect();
    let watcher = tokio::spawn(async move {
        let mut waiting = tokio::task::JoinSet::new();
        for mut heard in watchers.into_iter().flatten() {
            let cancel = cancel.clone();
            waiting.spawn(async move {
                while heard.recv().await.is_some() {
                    cancel.send_replace(true);
                }
            });
        }
        std::future::pending::<()>().await;
    });
    (cancelled, watcher)
}

/// Whether whoever started this process had it ignore a signal.
fn is_ignored(number: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

fn answer(view: &ExecutionDetailView, ephemeral: bool, progress: &Mutex<Progress>, output: &Output) -> ExitCode {
    match output.format {
        Format::Json => output.json(view),
        _ => output.answer(&summary(view, ephemeral, progress)),
    }
    match view.execution.state {
        State::Failed | State::Cancelled => ExitCode::from(1),
        State::Killed => ExitCode::from(130),
        _ => ExitCode::SUCCESS,
    }
}

fn count(number: usize, noun: &str) -> String {
    format!("{number} {noun}{}", if number == 1 { "" } else { "s" })
}

/// How many assets a summary names at most.
const ASSETS: usize = 20;

/// Failures first, then what happened, then the next step worth taking.
fn summary(view: &ExecutionDetailView, ephemeral: bool, progress: &Mutex<Progress>) -> String {
    let execution = &view.execution;
    let mut text = failures(view, progress);
    let written: Vec<_> = view
        .assets
        .iter()
        .filter(|asset| asset.event != AssetEvent::Used)
        .collect();
    let took = execution
        .end_date
        .map_or_else(String::new, |end| format!(" ({})", duration(execution.start_date, end)));
    let stubbed = view.tasks.iter().filter(|task| task.is_stub).count();
    let stubbed = match stubbed {
        0 => String::new(),
        stubbed => paint(YELLOW, &format!(", {stubbed} of them stubbed: nobody did their work")),
    };
    text += &format!(
        "Execution {} {}: {}{stubbed}, {} written{took}\n",
        execution.id,
        paint(state_style(execution.state), execution.state.name()),
        count(view.tasks.len(), "task"),
        count(written.len(), "asset"),
    );
    for asset in written.iter().take(ASSETS) {
        let event = asset.event.name().to_lowercase();
        text += &format!("  {event} {} ({})\n", asset.id, short(&asset.asset_type));
    }
    if written.len() > ASSETS {
        text += &format!("  and {} more\n", written.len() - ASSETS);
    }
    for (name, value) in &execution.outputs {
        text += &format!("  output {name}: {}\n", plain(value));
    }
    match next_step(view, ephemeral) {
        Some(command) => text + &paint(DIM, &format!("next: {command}\n")),
        None => text,
    }
}

fn next_step(view: &ExecutionDetailView, ephemeral: bool) -> Option<String> {
    let execution = &view.execution;
    if ephemeral {
        return None;
    }
    match execution.state {
        State::Paused => Some(format!("begat execution resume {}", execution.id)),
        State::Failed | State::Killed | State::Cancelled => Some(format!("begat execution logs {}", execution.id)),
        _ => {
            let written = || view.assets.iter().filter(|asset| asset.event != AssetEvent::Used);
            let last = |id: &AssetId| written().rfind(|asset| asset.id == *id).map(|asset| asset.event);
            let is_there = |asset: &&AssetEventView| last(&asset.id) != Some(AssetEvent::Deleted);
            let there = written()
                .find(is_there)
                .map(|asset| format!("begat asset graph {}", asset.id));
            there.or_else(|| written().next().map(|gone| format!("begat asset history {}", gone.id)))
        }
    }
}

/// The task runs that failed where the work was done, each with the last lines of its log.
fn failures(view: &ExecutionDetailView, progress: &Mutex<Progress>) -> String {
    let is_bad = |task: &&TaskRunView| task.state == State::Failed && task.error.is_some();
    let mut text = String::new();
    for task in view.tasks.iter().filter(is_bad) {
        let value = task
            .value
            .as_ref()
            .map_or_else(String::new, |value| format!(" [{}]", one_line(value)));
        let error = task.error.as_deref().unwrap_or_default();
        text += &format!(
            "{} {}{value}: {}\n",
            paint(RED, "failed"),
            paint(BOLD, task.task_id.as_str()),
            quoted(error)
        );
        for line in lock(progress).tail(&task.id) {
            text += &paint(DIM, &format!("  | {line}\n"));
        }
    }
    let is_told = text.is_empty();
    match &view.execution.error {
        Some(error) if is_told => format!("{} {}\n", paint(RED, "failed:"), quoted(error)),
        _ => text,
    }
}
