//! A program of the host that runs: what it writes, piece by piece, and its end, which comes with all it started.
//!
//! Nothing is read ahead, so that a program whose output nobody wants waits in its pipe and not in the host's memory.
//! Its time runs nevertheless: a timer of its own kills it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::pin::Pin;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWriteExt, ReadBuf};
use tokio::process::{Child, Command};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::process::Group;
use super::temporary::Temporary;
use super::tools::ToolFailure;
use crate::model::Tool;

/// How much is read at once, in bytes: what a pipe holds.
const PIECE: usize = 64 * 1024;

/// How many programs of one task may run at the same time.
#[derive(Clone)]
pub(super) struct Places {
    free: Arc<Semaphore>,
    limit: usize,
}

impl Places {
    pub(super) fn new(limit: usize) -> Self {
        let free = Arc::new(Semaphore::new(limit.min(Semaphore::MAX_PERMITS)));
        Self { free, limit }
    }

    /// A place, which is free again once it is dropped.
    pub(super) fn take(&self, tool: &str) -> Result<OwnedSemaphorePermit, ToolFailure> {
        let taken = Arc::clone(&self.free).try_acquire_owned();
        taken.map_err(|_| ToolFailure::Refused {
            tool: tool.to_owned(),
            reason: format!("{} programs of the task run already (`tools_at_once`)", self.limit),
        })
    }
}

/// How a program ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProgramExit {
    /// Nothing where a signal ended it.
    pub code: Option<i32>,
    pub signal: Option<i32>,
}

/// What comes next of a running program.
#[derive(Debug)]
pub(super) enum Piece {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
    End(ProgramExit),
}

/// A program that was started. Dropping it kills the program and all that it started.
pub struct Program {
    tool: Tool,
    /// How many bytes it may still write.
    left: u64,
    state: State,
}

enum State {
    Running(Box<Running>),
    Over(Result<ProgramExit, ToolFailure>),
}

/// What there is of a program until its end. The fields are dropped in their order.
struct Running {
    leader: Arc<Leader>,
    /// What it reads, and its timer.
    _beside: JoinSet<()>,
    /// The one that was read from last is the last one.
    pipes: VecDeque<Pipe>,
    child: Child,
    deadline: Instant,
    _folder: Option<Temporary>,
    _place: OwnedSemaphorePermit,
}

/// The process that leads the group. The timer knows it only as long as it runs.
struct Leader {
    group: Option<Group>,
    is_out_of_time: AtomicBool,
}

struct Pipe {
    is_error: bool,
    source: Pin<Box<dyn AsyncRead + Send>>,
}

/// Where a program runs.
pub(super) enum Folder<'a> {
    OfTask(&'a Path),
    Empty,
}

impl Program {
    /// Starts a program that was found fit to run.
    pub(super) fn start(
        tool: &Tool,
        mut command: Command,
        input: Vec<u8>,
        folder: &Folder<'_>,
        place: OwnedSemaphorePermit,
    ) -> Result<Self, ToolFailure> {
        let failed = |error| ToolFailure::failed(&tool.name, error);
        let own = match folder {
            Folder::OfTask(path) => {
                command.current_dir(path);
                None
            }
            Folder::Empty => {
                let own = Temporary::new("tool").map_err(failed)?;
                command.current_dir(own.path());
                Some(own)
            }
        };
        command.process_group(0).kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().map_err(failed)?;
        let leader = Arc::new(Leader {
            group: child.id().map(Group),
            is_out_of_time: AtomicBool::new(false),
        });
        let deadline = Instant::now() + tool.time;
        let mut beside = JoinSet::new();
        if let Some(mut stdin) = child.stdin.take() {
            beside.spawn(async move {
                // A program need not read what it is given.
                drop(stdin.write_all(&input).await);
            });
        }
        let watched = Arc::downgrade(&leader);
        beside.spawn(async move {
            tokio::time::sleep_until(deadline).await;
            if let Some(leader) = watched.upgrade() {
                leader.is_out_of_time.store(true, Ordering::Release);
                leader.group.iter().for_each(Group::kill);
            }
        });
        let stdout = child.stdout.take().map(|pipe| Pipe::new(false, pipe));
        let stderr = child.stderr.take().map(|pipe| Pipe::new(true, pipe));
        Ok(Self {
            tool: tool.clone(),
            left: tool.output,
            state: State::Running(Box::new(Running {
                leader,
                _beside: beside,
                pipes: stdout.into_iter().chain(stderr).collect(),
                child,
                deadline,
                _folder: own,
                _place: place,
            })),
        })
    }

    /// Waits for what comes next. After the end it is the end again.
    ///
    /// # Errors
    /// The program has run too long or written too much, and was killed; or it could not be read from.
    pub(super) async fn read(&mut self) -> Result<Piece, ToolFailure> {
        let running = match &mut self.state {
            State::Running(running) => running,
            State::Over(end) => return end.clone().map(Piece::End),
        };
        let next = tokio::time::timeout_at(running.deadline, running.next()).await;
        let is_out_of_time = running.leader.is_out_of_time.load(Ordering::Acquire);
        let piece = match next {
            Err(_) => Err(self.out_of_time()),
            Ok(Ok(Piece::End(_))) if is_out_of_time => Err(self.out_of_time()),
            Ok(Ok(piece)) => Ok(piece),
            Ok(Err(error)) => Err(ToolFailure::failed(&self.tool.name, error)),
        };
        match piece {
            Ok(Piece::End(exit)) => self.state = State::Over(Ok(exit)),
            Ok(Piece::Stdout(bytes)) => return Ok(Piece::Stdout(self.counted(bytes))),
            Ok(Piece::Stderr(bytes)) => return Ok(Piece::Stderr(self.counted(bytes))),
            Err(ref failure) => self.state = State::Over(Err(failure.clone())),
        }
        piece
    }

    /// What it may still write of this. One that writes more is killed, and what comes next says so.
    fn counted(&mut self, mut bytes: Vec<u8>) -> Vec<u8> {
        match self.left.checked_sub(bytes.len() as u64) {
            Some(left) => self.left = left,
            None => {
                // It is less than the length of what was read.
                bytes.truncate(usize::try_from(self.left).unwrap_or(usize::MAX));
                self.left = 0;
                self.state = State::Over(Err(ToolFailure::Output {
                    tool: self.tool.name.clone(),
                    limit: self.tool.output,
                }));
            }
        }
        bytes
    }

    fn out_of_time(&self) -> ToolFailure {
        ToolFailure::TimedOut {
            tool: self.tool.name.clone(),
            seconds: self.tool.time.as_secs_f64(),
        }
    }
}

impl Running {
    /// What is in the pipes, by turns where there is something in both, and then the end.
    async fn next(&mut self) -> io::Result<Piece> {
        let mut bytes = vec![0; PIECE];
        while !self.pipes.is_empty() {
            let (place, count) = poll_fn(|context| ready(&mut self.pipes, context, &mut bytes)).await?;
            let Some(pipe) = self.pipes.remove(place) else { break };
            if count == 0 {
                continue;
            }
            let is_error = pipe.is_error;
            self.pipes.push_back(pipe);
            bytes.truncate(count);
            return Ok(match is_error {
                true => Piece::Stderr(bytes),
                false => Piece::Stdout(bytes),
            });
        }
        let status = self.child.wait().await?;
        Ok(Piece::End(ProgramExit {
            code: status.code(),
            signal: status.signal(),
        }))
    }
}

/// The first pipe that has something or is at its end, with how many bytes were read.
fn ready(pipes: &mut VecDeque<Pipe>, context: &mut Context<'_>, bytes: &mut [u8]) -> Poll<io::Result<(usize, usize)>> {
    for (place, pipe) in pipes.iter_mut().enumerate() {
        let mut buffer = ReadBuf::new(bytes);
        if let Poll::Ready(read) = pipe.source.as_mut().poll_read(context, &mut buffer) {
            return Poll::Ready(read.map(|()| (place, buffer.filled().len())));
        }
    }
    Poll::Pending
}

impl Pipe {
    fn new(is_error: bool, source: impl AsyncRead + Send + 'static) -> Self {
        Self {
            is_error,
            source: Box::pin(source),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::PathBuf;
    use std::time::Duration;

    use super::*;

    fn start(script: &str, time: Duration, output: u64) -> Program {
        let tool = Tool {
            name: "sh".to_owned(),
            path: PathBuf::from("/bin/sh"),
            digest: None,
            arguments: Vec::new(),
            environment: BTreeMap::new(),
            variables: Vec::new(),
            time,
            output,
        };
        let mut command = Command::new("/bin/sh");
        command.args(["-c", script]);
        let place = Places::new(1).take("sh").unwrap();
        Program::start(&tool, command, Vec::new(), &Folder::Empty, place).unwrap()
    }

    const LONG: Duration = Duration::from_secs(60);

    /// All that is left to read, as one text for each stream, and the end.
    async fn rest(program: &mut Program) -> (String, String, Result<ProgramExit, String>) {
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let end = loop {
            match program.read().await {
                Ok(Piece::Stdout(bytes)) => stdout.push_str(&String::from_utf8(bytes).unwrap()),
                Ok(Piece::Stderr(bytes)) => stderr.push_str(&String::from_utf8(bytes).unwrap()),
                Ok(Piece::End(exit)) => break Ok(exit),
                Err(failure) => break Err(failure.to_string()),
            }
        };
        (stdout, stderr, end)
    }

    /// Waits until a process is gone, or dead and only not buried.
    async fn gone(process: &str) {
        let path = format!("/proc/{}/stat", process.trim());
        while fs::read_to_string(&path).is_ok_and(|text| !text.contains(") Z")) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    fn folder(name: &str) -> Temporary {
        Temporary::new(name).unwrap()
    }

    async fn text_of(program: &mut Program) -> String {
        match program.read().await.unwrap() {
            Piece::Stdout(bytes) => String::from_utf8(bytes).unwrap(),
            other => panic!("it gave {other:?}"),
        }
    }

    #[tokio::test]
    async fn what_is_written_comes_while_the_program_runs_and_the_end_comes_again() {
        let folder = folder("live");
        let go = folder.path().join("go");
        let script = format!(
            "echo first; while [ ! -e {} ]; do sleep 0.01; done; echo second; echo third >&2; exit 3",
            go.display()
        );
        let mut program = start(&script, LONG, 1000);
        assert_eq!(text_of(&mut program).await, "first\n");
        fs::write(&go, "").unwrap();
        let exit = ProgramExit {
            code: Some(3),
            signal: None,
        };
        let expected = ("second\n".to_owned(), "third\n".to_owned(), Ok(exit));
        assert_eq!(rest(&mut program).await, expected);
        assert_eq!(rest(&mut program).await, (String::new(), String::new(), Ok(exit)));
    }

    #[tokio::test]
    async fn a_program_that_nobody_reads_from_stands_still_and_ends_at_its_time() {
        let folder = folder("unread");
        let process = folder.path().join("process");
        let script = format!("echo $$ > {}; while :; do echo yes; done", process.display());
        let mut program = start(&script, Duration::from_millis(500), u64::MAX);
        let process = loop {
            match fs::read_to_string(&process) {
                Ok(text) if text.ends_with('\n') => break text,
                _ => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        gone(&process).await;
        let (stdout, _, end) = rest(&mut program).await;
        assert!(stdout.len() <= PIECE, "{} bytes waited", stdout.len());
        assert_eq!(
            end.unwrap_err(),
            "the tool `sh` ran longer than its limit of 0.5 s (`time` of `[tools.sh]`)"
        );
    }

    #[tokio::test]
    async fn output_is_given_up_to_its_limit_and_not_beyond() {
        let check = async |script: &str, expected: (usize, usize, bool)| {
            let mut program = start(script, LONG, 1000);
            let (stdout, stderr, end) = rest(&mut program).await;
            assert_eq!((stdout.len(), stderr.len(), end.is_ok()), expected, "{script}: {end:?}");
            let again = rest(&mut program).await;
            assert_eq!(again.2.is_ok(), expected.2, "{script}");
            if let Err(reason) = again.2 {
                assert!(reason.contains("wrote more than its limit of 1000 bytes"), "{reason}");
            }
        };
        check("printf %1000d 1", (1000, 0, true)).await;
        check("printf %1001d 1", (1000, 0, false)).await;
        check("while :; do printf %100d 1; done", (1000, 0, false)).await;
        check("printf %600d 1; exec >&-; printf %400d 1 >&2", (600, 400, true)).await;
        check("printf %600d 1; exec >&-; printf %401d 1 >&2", (600, 400, false)).await;
    }

    #[tokio::test]
    async fn dropping_ends_the_program_and_what_it_started() {
        let mut program = start("sleep 3600 & echo $$ $!; wait", LONG, 1000);
        let processes = text_of(&mut program).await;
        drop(program);
        for process in processes.split_whitespace() {
            gone(process).await;
        }
    }

    #[test]
    fn places_are_taken_and_given_back() {
        let places = Places::new(2);
        let (one, _two) = (places.take("sh").unwrap(), places.take("sh").unwrap());
        assert_eq!(
            places.take("sh").unwrap_err().to_string(),
            "the tool `sh` was not run: 2 programs of the task run already (`tools_at_once`)"
        );
        drop(one);
        assert!(places.take("sh").is_ok());
    }
}
