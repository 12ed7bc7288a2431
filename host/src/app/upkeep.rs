//! Looking after the catalog: checking it, moving it, making it smaller.

use std::io::{BufRead, Write};
use std::path::Path;
use std::sync::mpsc::{SyncSender, sync_channel};

use super::assets::{AssetQuery, moment, search_of};
use super::{App, AppError};
use crate::model::{AsOf, CheckView, Checkpoint, ExportLine, Person, StatsView, Timestamp, VerifyView};
use crate::store::{Catalog, ExportedFiles, Imported, Migrated, Pruned, Refusal, StoreError};

/// Lines of an export that are read at once.
const LINES_OF_A_PORTION: usize = 256;
/// Portions that may wait to be taken in.
const PORTIONS_AHEAD: usize = 8;

impl App {
    /// Checks the hash chain from its first event to its last, and against a checkpoint where one is given as text.
    pub fn verify(&self, checkpoint: Option<&str>) -> Result<VerifyView, AppError> {
        let checkpoint: Option<Checkpoint> =
            checkpoint
                .map(serde_json::from_str)
                .transpose()
                .map_err(|error: serde_json::Error| {
                    AppError::refused("the checkpoint cannot be read")
                        .because(&error)
                        .with_hint("`begat catalog checkpoint > FILE` writes one")
                })?;
        Ok(self.catalog()?.verify(checkpoint.as_ref())?)
    }

    /// Checks the file itself, then the hash chain, then that the tables are what the log says.
    pub fn check_catalog(&self) -> Result<CheckView, AppError> {
        let catalog = match Catalog::open_existing(&self.settings.catalog) {
            // That is what was asked: its pages tell more.
            Err(StoreError::Corrupt { .. }) => return self.damage(),
            opened => opened?,
        };
        let looked = catalog.faults().and_then(|faults| Ok((faults, catalog.verify(None)?)));
        let (mut problems, chain) = match looked {
            Err(StoreError::Corrupt { .. }) => return self.damage(),
            looked => looked?,
        };
        let is_sound = problems.is_empty() && chain.problem.is_none();
        problems.extend(chain.problem);
        if is_sound {
            let stray = catalog.stray_row()?;
            problems.extend(stray.map(|told| format!("{told}; `begat catalog rebuild` computes them anew")));
        }
        Ok(CheckView {
            events: chain.events,
            head: chain.head,
            problems,
        })
    }

    /// What is wrong with a file that is too damaged to be read as a catalog.
    fn damage(&self) -> Result<CheckView, AppError> {
        let mut problems = Catalog::damage(&self.settings.catalog)?;
        problems.push("the log cannot be read to its end".to_owned());
        Ok(CheckView {
            events: 0,
            head: None,
            problems,
        })
    }

    /// Copies the catalog as it is now into a new file; gives its size in bytes.
    pub fn back_up(&self, target: &Path) -> Result<u64, AppError> {
        Ok(self.catalog()?.back_up(target)?)
    }

    /// Brings a catalog of an older schema up to date.
    pub fn migrate(&self) -> Result<Migrated, AppError> {
        Ok(Catalog::migrate(&self.settings.catalog)?)
    }

    /// Where the log ends now.
    pub fn checkpoint(&self) -> Result<Checkpoint, AppError> {
        Ok(self.catalog()?.checkpoint()?)
    }

    /// Computes all tables anew from the log; gives the number of events.
    pub fn rebuild(&self) -> Result<u64, AppError> {
        Ok(self.writable()?.rebuild()?)
    }

    /// How much of everything there is.
    pub fn stats(&self) -> Result<StatsView, AppError> {
        Ok(self.catalog()?.stats()?)
    }

    /// Drops the content of events up to a moment.
    pub fn prune(&self, before: Option<&str>, person: &Person) -> Result<Pruned, AppError> {
        let catalog = self.writable()?;
        let as_of: AsOf = moment(&catalog, before)?;
        Ok(catalog.prune(as_of, person, Timestamp::now())?)
    }

    /// Writes the whole log as JSON lines.
    pub fn export_log(&self, files: ExportedFiles, output: &mut dyn Write) -> Result<(), AppError> {
        Ok(self
            .catalog()?
            .export_log(files, &mut |line| write_line(output, line))?)
    }

    /// Writes assets and the edges between them as JSON lines.
    pub fn export_assets(&self, query: &AssetQuery, output: &mut dyn Write) -> Result<(), AppError> {
        self.visit_assets(query, &mut |line| write_line(output, line))
    }

    /// Visits assets and the edges between them.
    pub fn visit_assets(
        &self,
        query: &AssetQuery,
        visit: &mut dyn FnMut(&ExportLine) -> std::io::Result<()>,
    ) -> Result<(), AppError> {
        let catalog = self.catalog()?;
        let (search, condition) = search_of(&catalog, query)?;
        let mut failed = None;
        let mut wanted = |asset: &crate::model::Asset| {
            let holds = condition.as_ref().map_or(Ok(true), |condition| condition.holds(asset));
            holds.unwrap_or_else(|error| {
                failed.get_or_insert(error);
                false
            })
        };
        catalog.export_assets(&search, &mut wanted, visit)?;
        failed.map_or(Ok(()), Err)
    }

    /// Takes in JSON lines that an export wrote. They are read ahead on a thread of their own.
    pub fn import(&self, input: &mut (dyn BufRead + Send), person: &Person) -> Result<Imported, AppError> {
        let (sender, receiver) = sync_channel(PORTIONS_AHEAD);
        std::thread::scope(|scope| {
            scope.spawn(move || read_ahead(input, &sender));
            // What is no export at all makes no catalog.
            let first = receiver.recv().unwrap_or_default();
            let wrong = first
                .iter()
                .find_map(|(line, read)| Some((*line, read.as_ref().err()?.clone())));
            if let Some((line, reason)) = wrong {
                return Err(StoreError::from(Refusal::BadImport { line, reason }).into());
            }
            let catalog = Catalog::open(&self.settings.catalog)?;
            let mut lines = first.into_iter().chain(receiver.into_iter().flatten());
            let imported = catalog.import(&mut lines, person, Timestamp::now());
            drop(lines);
            Ok(imported?)
        })
    }
}

/// A line of an export with its number, or why it cannot be read.
type ReadLine = (u64, Result<ExportLine, String>);

/// Reads lines until the end, one that cannot be read, or nobody wants them any more.
fn read_ahead(input: &mut dyn BufRead, sender: &SyncSender<Vec<ReadLine>>) {
    let mut lines = (1_u64..).zip(input.lines());
    loop {
        let mut portion = Vec::with_capacity(LINES_OF_A_PORTION);
        let mut is_over = false;
        while !is_over && portion.len() < LINES_OF_A_PORTION {
            match lines.next() {
                Some((_, Ok(text))) if text.trim().is_empty() => {}
                Some((number, text)) => {
                    let line = text.map_err(|error| error.to_string());
                    let line = line.and_then(|text| serde_json::from_str(&text).map_err(|error| in_its_line(&error)));
                    is_over = line.is_err();
                    portion.push((number, line));
                }
                None => is_over = true,
            }
        }
        if sender.send(portion).is_err() || is_over {
            return;
        }
    }
}

/// What is wrong with a line, without the number that it has among itself alone.
fn in_its_line(error: &serde_json::Error) -> String {
    let words = error.to_string();
    let place = format!(" at line {} column {}", error.line(), error.column());
    match words.strip_suffix(&place) {
        Some(words) => format!("{words} at column {}", error.column()),
        None => words,
    }
}

fn write_line(output: &mut dyn Write, line: &ExportLine) -> std::io::Result<()> {
    serde_json::to_writer(&mut *output, line)?;
    output.write_all(b"\n")
}
