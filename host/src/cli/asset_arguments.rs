//! What the user may ask of assets, and do to them.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueHint};

use super::arguments::key_value;

/// A moment to look at.
#[derive(Debug, Args)]
pub(super) struct AtArguments {
    /// Look at the catalog as it was: a time, a date, `2h ago`, `before:EXECUTION`, `after:EXECUTION` or `event:N`
    #[arg(long, value_name = "MOMENT")]
    pub at: Option<String>,
}

/// Why something is changed.
#[derive(Debug, Args)]
pub(super) struct ReasonArguments {
    /// Why; it is kept in the history beside your name
    #[arg(long, value_name = "TEXT")]
    pub reason: Option<String>,
}

/// Which assets.
#[derive(Debug, Args)]
pub(super) struct FilterArguments {
    /// Only assets of this type, in full or short, in which `*` stands for any text
    #[arg(long = "type", value_name = "PATTERN")]
    pub asset_type: Option<String>,
    /// Only assets of this namespace, in which `*` stands for any text
    #[arg(long, value_name = "PATTERN")]
    pub namespace: Option<String>,
    /// Only assets that meet a condition, such as "metadata.os == 'linux' and metadata.cpu > 2"
    #[arg(long = "where", value_name = "CONDITION")]
    pub condition: Option<String>,
    #[command(flatten)]
    pub moment: AtArguments,
}

#[derive(Debug, Subcommand)]
pub(super) enum AssetCommand {
    /// List assets, the oldest first
    List {
        #[command(flatten)]
        filter: FilterArguments,
        /// Sort by fields such as `type` or `metadata.valid_until`; `-created` sorts the other way round
        #[arg(long, value_name = "FIELDS", value_delimiter = ',', allow_hyphen_values = true)]
        sort: Vec<String>,
        /// Show these fields, such as `id,metadata.os,labels.team`
        #[arg(long, value_name = "FIELDS", value_delimiter = ',')]
        columns: Vec<String>,
        /// At most this many
        #[arg(long, allow_negative_numbers = true)]
        limit: Option<usize>,
        /// Leave out this many at the beginning
        #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
        offset: usize,
    },
    /// Show the full story of one asset
    Show {
        /// The asset's id, or the start of it
        id: String,
        #[command(flatten)]
        moment: AtArguments,
    },
    /// Show who changed an asset, when, by which execution, and what changed
    History {
        /// The asset's id, or the start of it; also that of a deleted one
        id: String,
    },
    /// Show the lineage around one asset
    Graph {
        /// The asset's id, or the start of it
        id: String,
        /// Only what it was made from
        #[arg(long)]
        up: bool,
        /// Only what was made from it
        #[arg(long)]
        down: bool,
        /// At most this many steps away
        #[arg(long, allow_negative_numbers = true)]
        depth: Option<u32>,
        #[command(flatten)]
        moment: AtArguments,
    },
    /// Show how one asset was made from another
    Path {
        /// The one end
        from: String,
        /// The other end
        to: String,
        #[command(flatten)]
        moment: AtArguments,
    },
    /// Show what breaks if an asset goes: the plan of its deletion
    Impact {
        /// The asset's id, or the start of it
        id: String,
        #[command(flatten)]
        moment: AtArguments,
    },
    /// Show what is different between two moments
    Diff {
        /// The first moment: a time, a date, `2h ago`, `before:EXECUTION`, `after:EXECUTION` or `event:N`
        from: String,
        /// The second moment
        #[arg(default_value = "now")]
        to: String,
    },
    /// List assets that lost all they were made from
    Orphans,
    /// List assets whose licence, certificate or other date runs out
    Expiring {
        /// Within this time, such as `30d`, or by this date
        #[arg(long, value_name = "TIME", default_value = "30d")]
        within: String,
    },
    /// List assets that nothing has updated for a while
    Stale {
        /// For this long, such as `7d`
        #[arg(long, value_name = "TIME", default_value = "30d")]
        older: String,
    },
    #[command(flatten)]
    Edit(EditCommand),
    /// Look at asset types and register your own
    #[command(subcommand)]
    Type(AssetTypeCommand),
}

/// Changes by hand.
#[derive(Debug, Subcommand)]
pub(super) enum EditCommand {
    /// Create an asset by hand, or change it
    Set {
        /// The asset's id
        id: String,
        /// Its type
        #[arg(long = "type", value_name = "TYPE")]
        asset_type: Option<String>,
        /// Its namespace
        #[arg(long)]
        namespace: Option<String>,
        /// A name for people
        #[arg(long, value_name = "NAME")]
        display_name: Option<String>,
        /// A description, in Markdown
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A fact, such as `size.cpu=4`; `null` takes one away; may be given many times
        #[arg(short, long = "metadata", value_name = "KEY=VALUE", value_parser = key_value)]
        metadata: Vec<(String, String)>,
        /// A JSON file of facts
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        metadata_file: Option<PathBuf>,
        /// What it was made from; may be given many times
        #[arg(long, value_name = "ID")]
        from: Vec<String>,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Delete an asset; its history stays
    Delete {
        /// The asset's id
        id: String,
        /// Delete what was made only from it, too
        #[arg(long, conflicts_with = "orphan")]
        cascade: bool,
        /// Leave what was made from it without it
        #[arg(long)]
        orphan: bool,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Bring a deleted asset back
    Restore {
        /// The asset's id
        id: String,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Keep an asset from being deleted
    Protect {
        /// The asset's id
        id: String,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Let an asset be deleted again
    Unprotect {
        /// The asset's id
        id: String,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Mark an asset with labels
    Label {
        /// The asset's id
        id: String,
        /// Labels; `KEY=` takes one off
        #[arg(required = true, value_name = "KEY=VALUE", value_parser = key_value)]
        labels: Vec<(String, String)>,
        #[command(flatten)]
        why: ReasonArguments,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum AssetTypeCommand {
    /// List the registered types
    List,
    /// Show one type and its schema
    Show {
        /// The type, in full or short
        name: String,
    },
    /// Show who changed a type, when and why, and what changed
    History {
        /// The type, in full or short
        name: String,
    },
    /// Register a type, or change what is known of one: what is not given stays
    Add {
        /// The type, in full
        name: String,
        /// What it stands for
        #[arg(long, value_name = "TEXT")]
        description: Option<String>,
        /// A file with a JSON Schema of the metadata
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        schema: Option<PathBuf>,
        /// Where the metadata says until when such an asset is good, such as `tls.not_after`; may be given many times
        #[arg(long, value_name = "PATH")]
        expiry: Vec<String>,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Forget a registered type
    Remove {
        /// The type, in full or short
        name: String,
        #[command(flatten)]
        why: ReasonArguments,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum CatalogCommand {
    /// Check that no recorded event was changed, removed or reordered
    Verify {
        /// A file that `catalog checkpoint` wrote: what it saw must still be there
        #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
        checkpoint: Option<PathBuf>,
    },
    /// Check the file itself, page by page, then the event log as `verify` does
    Check,
    /// Copy the catalog as it is now into a new file, while others use it
    Backup {
        /// The new file
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
    },
    /// Bring a catalog of an older begat up to date; a copy of it is kept
    Migrate,
    /// Send the OpenLineage events that wait to where `begat.toml` says
    Deliver {
        /// Go on beside the runs that follow, apart from this terminal, until nothing new comes
        #[arg(long, hide = true)]
        detached: bool,
    },
    /// Print the schema of the OpenLineage facet that carries an asset
    FacetSchema,
    /// Print where the event log ends, to be kept outside the catalog
    Checkpoint,
    /// Compute all tables anew from the event log
    Rebuild,
    /// Write the catalog as JSON lines, the files that executions wrote among them; with `--format` as OpenLineage events, PROV-JSON or CSV
    Export {
        /// Only assets and the edges between them, without the event log
        #[arg(long)]
        assets: bool,
        /// The edges, with `--format csv`
        #[arg(long)]
        edges: bool,
        /// Leave out what is in the files that executions wrote
        #[arg(long, conflicts_with_all = ["assets", "edges"])]
        without_files: bool,
        #[command(flatten)]
        filter: FilterArguments,
    },
    /// Take in what an export wrote: a whole log into an empty catalog, assets into any; with `--format openlineage` the
    /// events of any producer
    Import {
        /// The file; `-` is standard input
        #[arg(value_hint = ValueHint::FilePath)]
        file: PathBuf,
        #[command(flatten)]
        why: ReasonArguments,
    },
    /// Show what is different between two catalog files
    Diff {
        /// The one file
        #[arg(value_hint = ValueHint::FilePath)]
        before: PathBuf,
        /// The other
        #[arg(value_hint = ValueHint::FilePath)]
        after: PathBuf,
    },
    /// Show how much of everything there is
    Stats,
    /// Drop the content of old events; their hashes stay, and what is known now
    Prune {
        /// Drop what was recorded up to this moment
        #[arg(long, value_name = "MOMENT")]
        before: String,
        #[command(flatten)]
        why: ReasonArguments,
    },
}
