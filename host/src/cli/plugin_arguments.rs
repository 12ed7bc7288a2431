//! What the user may ask of plugins, and of their authors' tools.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::arguments::key_value;

#[derive(Debug, Subcommand)]
pub(super) enum PluginCommand {
    /// List the plugins and the task types they provide
    List,
    /// Show who is granted what, who asks for what, and why
    Grants,
    /// Look after the compiled forms of plugins
    #[command(subcommand)]
    Cache(CacheCommand),
    /// Show what bounds every task run, or those of one plugin
    Limits {
        /// The plugin's name, or a task type it provides
        name: Option<String>,
    },
    /// Show one plugin with the properties and outputs of its task types
    Show {
        /// The plugin's name, a task type it provides, a component file, or the folder of a plugin
        name: String,
    },
    /// Show which assets a plugin created and updated, also one that is not here any more
    Assets {
        /// The plugin's name, or the start of the sha256 of its component
        plugin: String,
    },
    /// Make a new plugin: a folder that builds as it is, with golden cases and a flow
    New {
        /// Its name: lower-case letters, digits and `-`
        name: String,
        /// The language it is written in
        #[arg(long, default_value = "rust", value_parser = ["rust", "python", "js", "c"])]
        lang: String,
        /// The folder to make its folder in
        #[arg(long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
        into: PathBuf,
    },
    /// Build the plugin of a folder into `dist/NAME.wasm`
    Build {
        /// The folder of the plugin
        #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Look at a component: its contract, what it wants of the host, its schemas, its size
    Check {
        /// A component file, or the folder of a plugin
        #[arg(default_value = ".", value_hint = ValueHint::AnyPath)]
        path: PathBuf,
    },
    /// Run the golden cases of a plugin
    Test(PluginTestArguments),
    /// Run one task of a plugin without a flow
    Run {
        /// A component file, or the folder of a plugin
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// The task type; not needed where the plugin has only one
        #[arg(long = "type", value_name = "TYPE")]
        task_type: Option<String>,
        /// A property; a value that is JSON is taken as such; may be given many times
        #[arg(short, long = "property", value_name = "KEY=VALUE", value_parser = key_value)]
        property: Vec<(String, String)>,
        /// The properties as a JSON object or as a file that holds one
        #[arg(long, value_name = "JSON|@FILE")]
        properties: Option<String>,
    },
    /// Build a plugin and run its golden cases whenever a file changes
    Dev {
        /// The folder of the plugin
        #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
        folder: PathBuf,
    },
    /// Compile all plugins for this machine, so that no run has to
    Compile,
    /// Bring a plugin into this project and pin it in `begat.lock`
    Add {
        /// A component file, or an address that begins with `https://` or `oci://`
        #[arg(value_hint = ValueHint::FilePath)]
        source: String,
    },
    /// Put a plugin into a registry, with the signature beside its file where there is one
    Push {
        /// A component file, or the folder of a plugin
        #[arg(value_hint = ValueHint::AnyPath)]
        path: PathBuf,
        /// Where to: `oci://HOST/NAME:TAG`; without a tag that of its version
        address: String,
    },
    /// Bring what the sources of pinned plugins have now, and pin it
    Update {
        /// Only these plugins
        names: Vec<String>,
    },
    /// Bring the plugins that are pinned and not here
    Fetch,
    /// Unpin a plugin and drop it
    Remove {
        /// The plugin's name
        name: String,
    },
}

#[derive(Debug, Args)]
pub(super) struct PluginTestArguments {
    /// The folder of the plugin; it is built first where a source is newer than the component
    #[arg(default_value = ".", value_hint = ValueHint::DirPath)]
    pub folder: PathBuf,
    /// The folder of the golden cases [default: `tests` in the plugin's folder]
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub cases: Option<PathBuf>,
    /// The component file [default: the one in `dist` of the plugin's folder]
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub component: Option<PathBuf>,
    /// Write what comes of the cases down as what is expected
    #[arg(long)]
    pub update: bool,
    #[command(flatten)]
    pub report: TestReportArguments,
}

/// Which tests, and where to write what came of them.
#[derive(Debug, Args)]
pub(super) struct TestReportArguments {
    /// Only tests whose names contain this
    #[arg(long, value_name = "TEXT")]
    pub only: Option<String>,
    /// Write a report in the form of JUnit, which CI systems read
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub junit: Option<PathBuf>,
}

/// Which tests of flows to run.
#[derive(Debug, Args)]
pub(super) struct TestArguments {
    /// Files of tests (`*.test.yaml`), flows that have some, folders, or patterns such as 'flows/**/*.test.yaml'
    #[arg(required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// Do not run tasks of this type: record what they would do; may be given many times
    #[arg(long = "stub", value_name = "TYPE")]
    pub stubs: Vec<String>,
    /// The same for tasks whose type no plugin provides
    #[arg(long)]
    pub stub_missing: bool,
    /// How many tests run at once [default: as many as there are processors]
    #[arg(long, value_name = "NUMBER")]
    pub threads: Option<usize>,
    /// Fail when the tests reach less than this share of the tasks and branches, in percent
    #[arg(long, value_name = "PERCENT", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub coverage: Option<u8>,
    #[command(flatten)]
    pub report: TestReportArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum CacheCommand {
    /// List them, the last used first, and whether each is what was written
    List,
    /// Remove them all; each plugin is compiled again when it is used
    Clear,
}
