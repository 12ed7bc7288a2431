//! Programs of the host that the operator named: run as laid down, with a clean environment, and bounded.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tokio::process::Command;

use super::ground;
use super::policy::Permit;
use super::program::{Folder, Piece, Places, Program, ProgramExit};
use crate::model::{GrantKind, Tool};

/// What a guest wants run.
pub(super) struct ToolRequest {
    pub tool: String,
    /// Values for the places that the operator left open.
    pub values: Vec<(String, String)>,
    /// Variables of the environment.
    pub variables: Vec<(String, String)>,
    /// What the program reads from standard input.
    pub input: Vec<u8>,
}

/// How a program ended, and all it wrote.
#[derive(Debug)]
pub(super) struct ToolResult {
    pub exit: ProgramExit,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
}

/// Why a program was not run, or stopped.
#[derive(Debug, Clone, thiserror::Error)]
pub(super) enum ToolFailure {
    #[error("the tool `{0}` is not granted")]
    NotGranted(String),
    #[error("the tool `{0}` is granted and not named: add `[tools.{0}]` with its `path` to begat.toml")]
    NotNamed(String),
    #[error("the tool `{tool}` was not run: {reason}")]
    Refused { tool: String, reason: String },
    #[error("the tool `{tool}` ran longer than its limit of {seconds} s (`time` of `[tools.{tool}]`)")]
    TimedOut { tool: String, seconds: f64 },
    #[error("the tool `{tool}` wrote more than its limit of {limit} bytes (`output` of `[tools.{tool}]`)")]
    Output { tool: String, limit: u64 },
    #[error("the tool `{tool}`: {source}")]
    Failed { tool: String, source: Arc<io::Error> },
}

impl ToolFailure {
    pub(super) fn failed(tool: &str, error: io::Error) -> Self {
        Self::Failed {
            tool: tool.to_owned(),
            source: Arc::new(error),
        }
    }
}

/// Starts a program in a folder: that of the task, or an empty one.
pub(super) async fn start(
    permit: &Permit,
    places: &Places,
    request: ToolRequest,
    work: Option<&Path>,
) -> Result<Program, ToolFailure> {
    let name = request.tool.clone();
    if permit.named(GrantKind::Run, &name).is_none() {
        return Err(ToolFailure::NotGranted(name));
    }
    let tool = permit
        .tools
        .get(&name)
        .ok_or_else(|| ToolFailure::NotNamed(name.clone()))?;
    let refused = |reason| ToolFailure::Refused {
        tool: name.clone(),
        reason,
    };
    let place = places.take(&name)?;
    let arguments = arguments(tool, &request.values).map_err(refused)?;
    let variables = variables(tool, request.variables).map_err(refused)?;
    let (checked, folder) = (tool.clone(), work.map(Path::to_owned));
    let check = tokio::task::spawn_blocking(move || {
        if let Some(folder) = folder {
            ground::check_links(&folder)?;
        }
        ground::Program::find(&checked)
    });
    let program = check
        .await
        .map_err(|error| refused(error.to_string()))?
        .map_err(refused)?;
    permit.used(GrantKind::Run, &name);
    let mut command = Command::new(program.path());
    command
        .arg0(&tool.path)
        .args(arguments)
        .env_clear()
        .envs(&tool.environment)
        .envs(variables);
    let folder = work.map_or(Folder::Empty, Folder::OfTask);
    Program::start(tool, command, request.input, &folder, place)
}

/// Runs a program to its end.
pub(super) async fn run(
    permit: &Permit,
    places: &Places,
    request: ToolRequest,
    work: Option<&Path>,
) -> Result<ToolResult, ToolFailure> {
    let mut program = start(permit, places, request, work).await?;
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    loop {
        match program.read().await? {
            Piece::Stdout(bytes) => stdout.extend(bytes),
            Piece::Stderr(bytes) => stderr.extend(bytes),
            Piece::End(exit) => return Ok(ToolResult { exit, stdout, stderr }),
        }
    }
}

/// Fills the operator's template. A value cannot become an option, nor more than one argument.
fn arguments(tool: &Tool, values: &[(String, String)]) -> Result<Vec<String>, String> {
    let mut used = Vec::new();
    let mut arguments = Vec::new();
    let mut only_operands = false;
    for template in &tool.arguments {
        let argument = filled(template, values, &mut used)?;
        let is_open = template.starts_with('{');
        if is_open && argument.starts_with('-') && !only_operands {
            return Err(format!(
                "the value `{argument}` would be read as an option; only after `--` may a value begin with `-`"
            ));
        }
        only_operands |= template == "--";
        arguments.push(argument);
    }
    match values.iter().find(|(name, _)| !used.contains(name)) {
        Some((name, _)) => Err(format!("its `arguments` have no place for `{{{name}}}`")),
        None => Ok(arguments),
    }
}

fn filled(template: &str, values: &[(String, String)], used: &mut Vec<String>) -> Result<String, String> {
    let mut result = String::new();
    let mut rest = template;
    while let Some(start) = rest.find('{') {
        let Some(end) = rest[start..].find('}') else { break };
        let name = &rest[start + 1..start + end];
        let value = values.iter().find(|(known, _)| known == name);
        let (_, value) = value.ok_or_else(|| format!("the plugin gave no value for `{{{name}}}`"))?;
        if value.contains('\0') {
            return Err(format!("the value for `{{{name}}}` holds a NUL character"));
        }
        used.push(name.to_owned());
        result.push_str(&rest[..start]);
        result.push_str(value);
        rest = &rest[start + end + 1..];
    }
    Ok(result + rest)
}

/// Only variables that the operator named may be set, and none that is set already.
fn variables(tool: &Tool, given: Vec<(String, String)>) -> Result<Vec<(String, String)>, String> {
    for (name, value) in &given {
        if !tool.variables.contains(name) {
            return Err(format!(
                "the plugin may not set `{name}`: it is not among its `variables`"
            ));
        }
        if value.contains('\0') {
            return Err(format!("the value for `{name}` holds a NUL character"));
        }
    }
    Ok(given)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::PathBuf;
    use std::time::{Duration, Instant};

    use super::super::policy::Policy;
    use super::*;
    use crate::model::PluginReference;

    fn tool(path: &str, arguments: &[&str]) -> Tool {
        Tool {
            name: "tool".to_owned(),
            path: PathBuf::from(path),
            digest: None,
            arguments: arguments.iter().map(|text| (*text).to_owned()).collect(),
            environment: [("STAGE".to_owned(), "test".to_owned())].into(),
            variables: vec!["ALLOWED".to_owned()],
            time: Duration::from_secs(10),
            output: 1000,
        }
    }

    fn permit(tool: Tool, granted: bool) -> Permit {
        let mut policy = Policy {
            tools: Arc::new(BTreeMap::from([("tool".to_owned(), tool)])),
            ..Policy::default()
        };
        if granted {
            policy.everyone = ["run=tool".parse().unwrap()].into_iter().collect();
        }
        let plugin = PluginReference {
            name: "p".to_owned(),
            version: String::new(),
            digest: String::new(),
        };
        Permit::new(&policy, &plugin, Arc::new(|_| ()))
    }

    fn pairs(list: &[(&str, &str)]) -> Vec<(String, String)> {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        list.iter().map(owned).collect()
    }

    async fn call(tool: Tool, values: &[(&str, &str)], variables: &[(&str, &str)]) -> Result<String, String> {
        let request = ToolRequest {
            tool: "tool".to_owned(),
            values: pairs(values),
            variables: pairs(variables),
            input: b"input".to_vec(),
        };
        let result = run(&permit(tool, true), &Places::new(1), request, None).await;
        result
            .map(|result| String::from_utf8(result.stdout).unwrap())
            .map_err(|failure| failure.to_string())
    }

    #[tokio::test]
    async fn a_program_has_the_environment_that_was_laid_down_and_no_other() {
        let environment = call(tool("/usr/bin/env", &[]), &[], &[("ALLOWED", "yes")])
            .await
            .unwrap();
        let mut lines: Vec<&str> = environment.lines().collect();
        lines.sort_unstable();
        assert_eq!(lines, ["ALLOWED=yes", "STAGE=test"]);
        for name in ["LD_PRELOAD", "PATH", "STAGE", "GIT_SSH_COMMAND"] {
            let error = call(tool("/usr/bin/env", &[]), &[], &[(name, "x")]).await.unwrap_err();
            assert!(error.contains(&format!("may not set `{name}`")), "{error}");
        }
    }

    #[tokio::test]
    async fn values_fill_places_and_cannot_become_options() {
        let echo = || tool("/bin/echo", &["a", "{what}", "x={what}"]);
        assert_eq!(
            call(echo(), &[("what", "b c; $(id)")], &[]).await.unwrap(),
            "a b c; $(id) x=b c; $(id)\n"
        );
        let error = call(echo(), &[("what", "-n")], &[]).await.unwrap_err();
        assert!(error.contains("would be read as an option"), "{error}");
        let error = call(echo(), &[("what", "b"), ("more", "c")], &[]).await.unwrap_err();
        assert!(error.contains("have no place for `{more}`"), "{error}");
        let error = call(echo(), &[], &[]).await.unwrap_err();
        assert!(error.contains("gave no value for `{what}`"), "{error}");
        let error = call(echo(), &[("what", "a\0b")], &[]).await.unwrap_err();
        assert!(error.contains("NUL"), "{error}");
        assert_eq!(
            call(tool("/bin/echo", &["--", "{what}"]), &[("what", "-n")], &[])
                .await
                .unwrap(),
            "-- -n\n"
        );
    }

    #[tokio::test]
    async fn time_and_output_are_bounded_and_children_are_killed() {
        let endless = tool("/bin/sh", &["-c", "while :; do echo yes; done"]);
        let error = call(endless, &[], &[]).await.unwrap_err();
        assert!(
            error.contains("wrote more than its limit of 1000 bytes (`output`"),
            "{error}"
        );
        let marker = std::env::temp_dir().join(format!("begat-child-{}", std::process::id()));
        let script = format!("(sleep 1; touch {}) & sleep 30", marker.display());
        let slow = Tool {
            time: Duration::from_millis(200),
            ..tool("/bin/sh", &["-c", &script])
        };
        let start = Instant::now();
        let error = call(slow, &[], &[]).await.unwrap_err();
        assert!(error.contains("ran longer than its limit of 0.2 s (`time`"), "{error}");
        assert!(start.elapsed() < Duration::from_secs(5));
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert!(!marker.exists(), "a child of the program outlived it");
    }

    #[tokio::test]
    async fn what_is_not_granted_or_not_the_pinned_file_is_not_run() {
        let request = || ToolRequest {
            tool: "tool".to_owned(),
            values: vec![],
            variables: vec![],
            input: vec![],
        };
        let ungranted = permit(tool("/bin/echo", &[]), false);
        let error = run(&ungranted, &Places::new(1), request(), None).await.unwrap_err();
        assert!(matches!(error, ToolFailure::NotGranted(_)));
        assert!(ungranted.advice().unwrap().contains("--allow p:run=tool"));
        let other = Tool {
            digest: Some("0".repeat(64)),
            ..tool("/bin/echo", &[])
        };
        let error = run(&permit(other, true), &Places::new(1), request(), None)
            .await
            .unwrap_err()
            .to_string();
        assert!(error.contains("is pinned"), "{error}");
        let open = std::env::temp_dir().join(format!("begat-open-{}", std::process::id()));
        fs::write(&open, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&open, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
        let error = run(
            &permit(tool(&open.display().to_string(), &[]), true),
            &Places::new(1),
            request(),
            None,
        )
        .await
        .unwrap_err()
        .to_string();
        fs::remove_file(&open).unwrap();
        assert!(error.contains("can be changed by others"), "{error}");
    }

    #[tokio::test]
    async fn a_program_reads_its_input_and_its_end_is_told() {
        assert_eq!(call(tool("/bin/cat", &[]), &[], &[]).await.unwrap(), "input");
        let request = ToolRequest {
            tool: "tool".to_owned(),
            values: vec![],
            variables: vec![],
            input: vec![],
        };
        let result = run(
            &permit(tool("/bin/sh", &["-c", "echo bad >&2; kill -9 $$"]), true),
            &Places::new(1),
            request,
            None,
        )
        .await
        .unwrap();
        assert_eq!(
            (result.exit.code, result.exit.signal, result.stderr.as_slice()),
            (None, Some(9), &b"bad\n"[..])
        );
    }
}
