//! Scripts that a program of the host runs, where the operator granted one.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use crate::{Context, Failure, ToolError, ToolPiece, ToolRun, script};

/// A script for a program of the host.
pub struct HostScript<'a> {
    /// The name that the operator gave the program. Its template has `{script}` for the file.
    pub tool: &'a str,
    /// What the file of the script is called in the task's folder.
    pub file: &'a str,
    /// The script.
    pub script: &'a str,
    /// Variables of the environment, those that the operator lets the plugin set.
    pub environment: &'a BTreeMap<String, String>,
    /// The task's folder.
    pub work: &'a Path,
}

/// How a script ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostScriptEnd {
    /// The exit code; 128 and the signal's number where one ended it.
    pub exit_code: i32,
    /// What it wrote to standard output.
    pub stdout: String,
    /// What it wrote to standard error.
    pub stderr: String,
}

impl HostScript<'_> {
    /// Puts the script into the task's folder, has it run, and takes it away again. Each line goes to the log as soon as
    /// it is whole, also where the script is ended before its time; lines `::{…}::` do not.
    ///
    /// # Errors
    /// The tool is not granted, cannot be run, or was killed at one of its limits.
    pub fn run(&self, context: &Context) -> Result<HostScriptEnd, Failure> {
        let path = self.work.join(self.file);
        let failed =
            |error: std::io::Error| Failure::failed(format!("writing the script to `{}`: {error}", path.display()));
        fs::write(&path, self.script).map_err(failed)?;
        let ended = self.follow(context);
        fs::remove_file(&path).map_err(failed)?;
        ended.map_err(|error| match error {
            ToolError::NotGranted => Failure::not_granted(format!("the tool `{}` is not granted", self.tool)),
            ToolError::Failed(reason) => Failure::failed(reason),
            ToolError::TimedOut(reason) => Failure::of(crate::FailureKind::TimedOut, reason),
        })
    }

    fn follow(&self, context: &Context) -> Result<HostScriptEnd, ToolError> {
        let variables = self.environment.iter();
        let mut program = context.start_tool(ToolRun {
            tool: self.tool.to_owned(),
            values: vec![("script".to_owned(), self.file.to_owned())],
            variables: variables.map(|(name, value)| (name.clone(), value.clone())).collect(),
            input: Vec::new(),
        })?;
        let [mut stdout, mut stderr] = [false, true].map(|is_error| Stream::new(context, is_error));
        let exit = loop {
            match program.read() {
                Ok(ToolPiece::Stdout(bytes)) => stdout.add(&bytes),
                Ok(ToolPiece::Stderr(bytes)) => stderr.add(&bytes),
                Ok(ToolPiece::End(exit)) => break Ok(exit),
                Err(error) => break Err(error),
            }
        };
        let (stdout, stderr) = (stdout.finish(), stderr.finish());
        let exit = exit?;
        Ok(HostScriptEnd {
            exit_code: exit.code.unwrap_or_else(|| 128 + exit.signal.unwrap_or(0)),
            stdout,
            stderr,
        })
    }
}

/// What a script wrote to one stream, and how much of it has been shown.
struct Stream<'a> {
    context: &'a Context,
    is_error: bool,
    bytes: Vec<u8>,
    shown: usize,
}

impl<'a> Stream<'a> {
    fn new(context: &'a Context, is_error: bool) -> Self {
        Self {
            context,
            is_error,
            bytes: Vec::new(),
            shown: 0,
        }
    }

    /// Shows the lines that are whole now: a piece may end within a character, or within a line `::{…}::`.
    fn add(&mut self, piece: &[u8]) {
        let before = self.bytes.len();
        self.bytes.extend(piece);
        if let Some(end) = piece.iter().rposition(|byte| *byte == b'\n') {
            self.show(before + end + 1);
        }
    }

    /// Shows what has no newline, and gives all as text.
    fn finish(mut self) -> String {
        let length = self.bytes.len();
        if self.shown < length {
            self.bytes.push(b'\n');
            self.show(length + 1);
            self.bytes.truncate(length);
        }
        String::from_utf8_lossy(&self.bytes).into_owned()
    }

    fn show(&mut self, end: usize) {
        let lines = self.bytes[self.shown..end].split_inclusive(|byte| *byte == b'\n');
        let is_shown = |line: &&[u8]| script::protocol(&String::from_utf8_lossy(line)).is_none();
        let shown: Vec<u8> = lines.filter(is_shown).flatten().copied().collect();
        self.context.print(self.is_error, &shown);
        self.shown = end;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::{self, Granted};
    use crate::{Description, Level, Plugin, ToolExit};

    /// Runs a script of the host and gives what it wrote.
    struct Scripted;

    impl Plugin for Scripted {
        type Properties = serde_json::Map<String, serde_json::Value>;
        type Outputs = serde_json::Value;

        fn describe() -> Description {
            Description::new("scripted", "0.1.0", "Runs a script")
        }

        fn run(context: &Context, _: Self::Properties) -> Result<Self::Outputs, Failure> {
            let work = std::env::temp_dir().join(format!("begat-host-script-{:?}", std::thread::current().id()));
            fs::create_dir_all(&work).map_err(|error| Failure::failed(error.to_string()))?;
            let script = HostScript {
                tool: "sh",
                file: "script.sh",
                script: "unused",
                environment: &BTreeMap::new(),
                work: &work,
            };
            let ended = script.run(context);
            assert!(!work.join("script.sh").exists(), "the script was left behind");
            fs::remove_dir_all(&work).map_err(|error| Failure::failed(error.to_string()))?;
            let end = ended?;
            Ok(json!({"code": end.exit_code, "stdout": end.stdout, "stderr": end.stderr}))
        }
    }

    fn out(bytes: impl AsRef<[u8]>) -> ToolPiece {
        ToolPiece::Stdout(bytes.as_ref().to_vec())
    }

    fn err(bytes: impl AsRef<[u8]>) -> ToolPiece {
        ToolPiece::Stderr(bytes.as_ref().to_vec())
    }

    fn ended(code: Option<i32>, signal: Option<i32>) -> ToolPiece {
        ToolPiece::End(ToolExit { code, signal })
    }

    fn check(pieces: &[ToolPiece], logs: &[(Level, &str)], expected: Result<serde_json::Value, &str>) {
        let pieces = pieces.to_vec();
        let granted = Granted::default().running_tool("sh", move |_| Ok(pieces.clone()));
        let outcome = testing::run_granted::<Scripted>("scripted", json!({}), Vec::new(), granted);
        let said: Vec<(Level, &str)> = outcome
            .logs
            .iter()
            .map(|(level, line)| (*level, line.as_str()))
            .collect();
        assert_eq!(said, logs);
        assert_eq!(
            outcome.result.map_err(|failure| failure.message),
            expected.map_err(str::to_owned)
        );
    }

    #[test]
    fn lines_are_shown_once_they_are_whole_and_in_the_order_they_came() {
        check(
            &[out("a\nb"), err("x\n"), out("c\nd"), err("y"), ended(Some(3), None)],
            &[
                (Level::Info, "a"),
                (Level::Warn, "x"),
                (Level::Info, "bc"),
                (Level::Info, "d"),
                (Level::Warn, "y"),
            ],
            Ok(json!({"code": 3, "stdout": "a\nbc\nd", "stderr": "x\ny"})),
        );
    }

    #[test]
    fn characters_and_telling_lines_may_be_split_over_pieces() {
        let (start, end) = "ü\n".as_bytes().split_at(1);
        check(
            &[
                out(start),
                out(end),
                out(b"\xff\n"),
                out("::{\"outputs\": "),
                out("{}}::\nafter\n"),
                ended(Some(0), None),
            ],
            &[(Level::Info, "ü"), (Level::Info, "\u{fffd}"), (Level::Info, "after")],
            Ok(json!({"code": 0, "stdout": "ü\n\u{fffd}\n::{\"outputs\": {}}::\nafter\n", "stderr": ""})),
        );
    }

    #[test]
    fn a_script_that_is_ended_has_shown_what_it_wrote() {
        check(
            &[out("a\nb")],
            &[(Level::Info, "a"), (Level::Info, "b")],
            Err("the tool ran longer than its limit"),
        );
        check(
            &[ended(None, Some(9))],
            &[],
            Ok(json!({"code": 137, "stdout": "", "stderr": ""})),
        );
    }
}
