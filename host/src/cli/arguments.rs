//! What the user may say.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue};
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum, ValueHint};

use super::asset_arguments::{AssetCommand, CatalogCommand};
use super::plugin_arguments::{PluginCommand, TestArguments};
use super::version;
use crate::app::{AppError, RunGrant};
use crate::model::{Timestamp, closest, parse_time};

/// Runs automation flows whose every task is a sandboxed WebAssembly component, and records the lineage of all they
/// make.
#[derive(Debug, Parser)]
#[command(name = "begat", version = version::SHORT, long_version = version::long(), about, max_term_width = 100, arg_required_else_help = true)]
#[command(
    after_help = "Exit codes: 0 done · 1 the flow ran and failed · 2 the request was wrong or refused, nothing ran · \
                        3 the host could not do its work · 130 killed by Ctrl-C"
)]
pub(super) struct Arguments {
    #[command(subcommand)]
    pub command: Command,
    #[command(flatten)]
    pub common: CommonArguments,
}

/// What every command understands.
#[derive(Debug, clap::Args)]
pub(super) struct CommonArguments {
    /// The catalog file
    #[arg(long, global = true, env = "BEGAT_CATALOG", default_value = ".begat/catalog.db", value_hint = ValueHint::FilePath)]
    pub catalog: PathBuf,

    /// A folder of plugins (`*.wasm`) beside the embedded ones
    #[arg(long, global = true, env = "BEGAT_PLUGINS", value_hint = ValueHint::DirPath)]
    pub plugins: Option<PathBuf>,

    /// The file that pins plugins by their digests
    #[arg(long, global = true, env = "BEGAT_LOCK", value_name = "FILE", default_value = "begat.lock", value_hint = ValueHint::FilePath)]
    pub lock: PathBuf,

    /// Use no plugin but the embedded ones and those that are pinned
    #[arg(long, global = true, env = "BEGAT_LOCKED", value_parser = clap::builder::FalseyValueParser::new())]
    pub locked: bool,

    /// The settings of the project: grants, limits, secrets and tools [default: begat.toml, where it is there]
    #[arg(long, global = true, env = "BEGAT_CONFIG", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,

    /// How to print the answer
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
}

impl Arguments {
    /// Reads a command line, the name of the program first.
    ///
    /// # Errors
    /// Words that make no sense; also help and the version, where they are asked for.
    pub fn read(words: &[OsString]) -> Result<Self, clap::Error> {
        // To learn of all commands takes clap longer than anything else takes a small flow, and most often one is run.
        match words.iter().any(|word| word == "run").then(|| Self::read_run(words)) {
            Some(Ok(arguments)) => Ok(arguments),
            _ => {
                let mut command = without_empty_variables(Self::command());
                let matches = command.try_get_matches_from_mut(words)?;
                Self::from_arg_matches(&matches).map_err(|error| error.format(&mut command))
            }
        }
    }

    /// Understands `run` alone. Whatever it understands means the same when all commands are known.
    fn read_run(words: &[OsString]) -> Result<Self, clap::Error> {
        let run = RunArguments::augment_args(clap::Command::new("run"));
        let command = clap::Command::new("begat").subcommand(run);
        let command = without_empty_variables(CommonArguments::augment_args(command))
            .disable_help_flag(true)
            .disable_help_subcommand(true)
            .subcommand_required(true);
        let matches = command.try_get_matches_from(words)?;
        let run = matches.subcommand_matches("run").unwrap_or(&matches);
        Ok(Self {
            command: Command::Run(RunArguments::from_arg_matches(run)?),
            common: CommonArguments::from_arg_matches(&matches)?,
        })
    }
}

/// A variable of the environment that is empty says nothing.
fn without_empty_variables(command: clap::Command) -> clap::Command {
    command.mut_args(|argument| match argument.get_env().map(std::env::var_os) {
        Some(Some(value)) if value.is_empty() => argument.env(clap::builder::Resettable::Reset),
        _ => argument,
    })
}

/// How to print an answer.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum Format {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
    /// For Graphviz (`asset graph` only)
    Dot,
    /// For Mermaid (`asset graph` only)
    Mermaid,
    /// A picture (`asset graph` only)
    Svg,
    /// For spreadsheets (lists of assets and `catalog export` only)
    Csv,
    /// OpenLineage 2-0-2 events, one a line (`catalog export` and `catalog import` only)
    Openlineage,
    /// W3C PROV-JSON (`catalog export` only)
    Prov,
    /// For code scanning, SARIF 2.1.0 (`validate` only)
    Sarif,
    /// For annotations in GitHub Actions (`validate` and tests only)
    Github,
    /// For comments on a change (`plan --against` and `catalog diff` only)
    Markdown,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Run a flow
    Run(RunArguments),
    /// Show what a flow would do, ask for, create and change; nothing is run
    Plan(PlanArguments),
    /// Check flows without running them
    Validate {
        /// Flow files, folders to search for `*.yaml`, or patterns such as 'flows/**/*.yaml'
        #[arg(required = true, value_hint = ValueHint::AnyPath)]
        paths: Vec<PathBuf>,
        /// Take task types that no plugin provides for notes, and check everything else
        #[arg(long)]
        allow_missing_plugins: bool,
    },
    /// Work with the language of flows
    #[command(subcommand)]
    Flow(FlowCommand),
    /// Render one template of the expression language
    Expr {
        /// The template, such as '{{ inputs.name | upper }}'
        template: String,
        /// The variables it sees, as a JSON object or as a file that holds one
        #[arg(long, value_name = "JSON|@FILE", default_value = "{}")]
        vars: String,
        /// Keep the type of a single expression and print it as JSON
        #[arg(long)]
        typed: bool,
    },
    /// Look at executions
    #[command(subcommand)]
    Execution(ExecutionCommand),
    /// Ask about assets and their lineage, and change them by hand
    #[command(subcommand)]
    Asset(AssetCommand),
    /// Run the tests of flows: `*.test.yaml` beside them
    Test(TestArguments),
    /// Look at plugins, and make, build and test them
    #[command(subcommand)]
    Plugin(PluginCommand),
    /// Look after the catalog
    #[command(subcommand)]
    Catalog(CatalogCommand),
    /// Write the manual pages into a folder
    Man {
        /// The folder
        #[arg(value_hint = ValueHint::DirPath)]
        into: PathBuf,
    },
    /// Print completions for a shell
    Completions {
        /// The shell to complete in
        shell: clap_complete::Shell,
    },
}

#[derive(Debug, clap::Args)]
pub(super) struct PlanArguments {
    #[command(flatten)]
    pub run: RunArguments,
    /// Show what is different from another version of the flow: which assets it would add, alter or orphan
    #[arg(long, value_name = "FLOW", value_hint = ValueHint::FilePath)]
    pub against: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub(super) struct RunArguments {
    /// The flow file
    #[arg(value_hint = ValueHint::FilePath)]
    pub flow: PathBuf,
    /// An input of the flow; may be given many times
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = key_value)]
    pub inputs: Vec<(String, String)>,
    /// A YAML or JSON file of inputs; those given with `--input` win
    #[arg(long = "inputs", value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub inputs_file: Option<PathBuf>,
    /// Do not ask for missing inputs, also on a terminal
    #[arg(long)]
    pub no_prompt: bool,
    /// Use a catalog in memory that is gone afterwards
    #[arg(long)]
    pub ephemeral: bool,
    /// A label of the execution; may be given many times
    #[arg(long = "label", value_name = "KEY=VALUE", value_parser = key_value)]
    pub labels: Vec<(String, String)>,
    /// Do not run tasks of this type: record what they would do, marked as stubbed; may be given many times
    #[arg(long = "stub", value_name = "TYPE")]
    pub stubs: Vec<String>,
    /// The same for tasks whose type no plugin provides
    #[arg(long)]
    pub stub_missing: bool,
    /// Show nothing of the run but its end
    #[arg(short, long)]
    pub quiet: bool,
    /// Show log lines of this level and above
    #[arg(long, default_value = "info", value_parser = ["trace", "debug", "info", "warn", "error"])]
    pub log_level: String,
    /// Grant something for this run, such as net=api.example.com, secret=TOKEN or http:net=…; may be given many times
    #[arg(long = "allow", value_name = "[PLUGIN:]KIND=TARGET")]
    pub allow: Vec<RunGrant>,
    /// Write what happened to a file: `.json`, `.md` for Markdown, or `.xml` for JUnit
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub report: Option<PathBuf>,
    /// Write what the run made, and of what, to a file: an in-toto statement with SLSA provenance
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub attest: Option<PathBuf>,
    /// Sign that with this Ed25519 key (PKCS#8 PEM), as a DSSE envelope
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath, requires = "attest")]
    pub attest_key: Option<PathBuf>,
    /// Let time stand still at this moment, so that the run can be repeated to the byte; tasks run one at a time
    #[arg(long, value_name = "TIME", value_parser = moment)]
    pub clock: Option<Timestamp>,
    /// What ids and random numbers are made from where time stands still [default: 0]
    #[arg(long, value_name = "NUMBER", requires = "clock")]
    pub seed: Option<u64>,
    /// Limit on the wall time of each task run, in seconds [default: 300]
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    pub task_timeout: Option<std::time::Duration>,
    /// Limit on the memory of each task run, in MiB [default: 256]
    #[arg(long, value_name = "MIB")]
    pub task_memory: Option<u64>,
}

#[derive(Debug, Subcommand)]
pub(super) enum FlowCommand {
    /// Print the JSON Schema of flows, or of the files that tests are written in, for editors
    Schema {
        /// Of what
        #[arg(long, default_value = "flow", value_parser = ["flow", "test", "case"])]
        of: String,
    },
}

/// An execution to go on with, or to do again.
#[derive(Debug, clap::Args)]
pub(super) struct PastArguments {
    /// The execution's id, or the start of it
    pub id: String,
    /// What it waits for, a secret that its flow asks for, or another value of an input for a new execution; may be
    /// given many times
    #[arg(short, long = "input", value_name = "KEY=VALUE", value_parser = key_value)]
    pub inputs: Vec<(String, String)>,
    /// The folder that flows of its tasks are looked for in
    #[arg(long, value_name = "DIR", default_value = "flows", value_hint = ValueHint::DirPath)]
    pub flows: PathBuf,
    /// Grant something for this run; may be given many times
    #[arg(long = "allow", value_name = "[PLUGIN:]KIND=TARGET")]
    pub allow: Vec<RunGrant>,
    /// Go on although plugins are others than those it began with
    #[arg(long)]
    pub allow_changed_plugins: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum ExecutionCommand {
    /// List executions, the newest first
    List {
        /// At most this many
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Show one execution, its task runs and what they did to which asset
    Show {
        /// The execution's id, or the start of it
        id: String,
    },
    /// Go on with an execution that waits or was interrupted
    Resume {
        #[command(flatten)]
        past: PastArguments,
    },
    /// Do an execution again from one of its tasks on, as a new one; what came before is taken from the record
    Restart {
        #[command(flatten)]
        past: PastArguments,
        /// The task to begin with [default: the first that failed]
        #[arg(long, value_name = "TASK")]
        from: Option<String>,
    },
    /// Do a whole execution again, as a new one, with its flow and inputs as they were
    Replay {
        #[command(flatten)]
        past: PastArguments,
    },
    /// End an execution that waits or was interrupted; its `finally` runs
    Cancel {
        /// The execution's id, or the start of it
        id: String,
    },
    /// Print what an execution made, and of what, as an in-toto statement with SLSA provenance
    Attest {
        /// The execution's id, or the start of it
        id: String,
        /// Sign it with this Ed25519 key (PKCS#8 PEM), as a DSSE envelope
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        key: Option<PathBuf>,
    },
    /// Check who signed an attestation, and that the catalog says the same
    VerifyAttestation {
        /// What `execution attest --key` printed
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        /// The Ed25519 public key (PEM) of who should have signed it
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        key: PathBuf,
    },
    /// Show the log of one execution
    Logs {
        /// The execution's id, or the start of it
        id: String,
        /// Only lines of this task
        #[arg(long)]
        task: Option<String>,
        /// Only lines of this level and above
        #[arg(long, default_value = "info", value_parser = ["trace", "debug", "info", "warn", "error"])]
        level: String,
    },
}

pub(super) fn key_value(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        _ => Err("write it as KEY=VALUE".to_owned()),
    }
}

fn moment(text: &str) -> Result<Timestamp, String> {
    parse_time(text)
        .filter(|time| time.as_second() >= 0)
        .ok_or_else(|| "write a time since 1970, such as 2026-03-01T12:00:00Z".to_owned())
}

fn seconds(text: &str) -> Result<std::time::Duration, String> {
    match text.parse::<f64>() {
        Ok(seconds) if seconds > 0.0 && seconds <= 86_400.0 => Ok(std::time::Duration::from_secs_f64(seconds)),
        _ => Err("give a number of seconds above 0 and at most 86400".to_owned()),
    }
}

/// Adds the subcommand that may be meant, where clap finds none near enough: it counts two letters that changed places
/// as more than a slip.
pub(super) fn with_near_command(mut error: clap::Error, words: impl Iterator<Item = String>) -> clap::Error {
    let Some(ContextValue::String(unknown)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    let mut command = Arguments::command();
    for word in words.take_while(|word| word != unknown) {
        if let Some(inner) = command.find_subcommand(&word) {
            command = inner.clone();
        }
    }
    let names: Vec<&str> = command.get_subcommands().map(clap::Command::get_name).collect();
    if let Some(near) = closest(unknown, names)
        && error.get(ContextKind::SuggestedSubcommand).is_none()
    {
        let near = ContextValue::Strings(vec![near.to_owned()]);
        error.insert(ContextKind::SuggestedSubcommand, near);
    }
    error
}

/// What clap says about words it does not understand: the reason, then tips, then how the command is used.
pub(super) fn refusal(error: &clap::Error) -> AppError {
    let text = error.to_string();
    let paragraphs: Vec<String> = text
        .split("\n\n")
        .map(|paragraph| paragraph.split_whitespace().collect::<Vec<_>>().join(" "))
        .collect();
    let reason = paragraphs.first().map_or("", String::as_str);
    let refused = AppError::refused(reason.strip_prefix("error: ").unwrap_or(reason));
    match paragraphs.iter().find_map(|paragraph| paragraph.strip_prefix("tip: ")) {
        Some(tip) => refused.with_hint(tip),
        None => refused.with_hint("see `begat --help`"),
    }
}
