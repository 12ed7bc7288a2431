//! One function for each way to look after the catalog.

use std::io::{BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::Format;
use super::asset_arguments::{CatalogCommand, FilterArguments, ReasonArguments};
use super::asset_commands::{person, query_of, read};
use super::asset_tables as tables;
use super::commands::show;
use super::compare;
use super::output::{Output, RED, YELLOW, host_error};
use super::tables::paint;
use crate::app::{App, AppError};

/// Carries out what the user said of the catalog.
pub(super) fn catalog(app: &App, command: &CatalogCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        CatalogCommand::Verify { checkpoint } => verify(app, checkpoint.as_deref(), output),
        CatalogCommand::Checkpoint => {
            output.json(&app.checkpoint()?);
            Ok(ExitCode::SUCCESS)
        }
        CatalogCommand::Rebuild => {
            let view = serde_json::json!({"events": app.rebuild()?});
            show(output, &view, |view| {
                format!("all tables were computed anew from {} events\n", view["events"])
            })
        }
        CatalogCommand::Export { assets, filter } => export(app, *assets, filter),
        CatalogCommand::Import { file, why } => import(app, file, why, output),
        CatalogCommand::Diff { before, after } => {
            let view = app.compare_catalogs(before, after)?;
            match output.format {
                Format::Markdown => output.answer(&compare::difference_markdown(&view)),
                _ => return show(output, &view, tables::difference),
            }
            Ok(ExitCode::SUCCESS)
        }
        CatalogCommand::Stats => show(output, &app.stats()?, tables::stats),
        CatalogCommand::Prune { before, why } => show(output, &app.prune(Some(before), &person(why))?, tables::pruned),
    }
}

fn verify(app: &App, checkpoint: Option<&Path>, output: &Output) -> Result<ExitCode, AppError> {
    let checkpoint = checkpoint.map(|path| read(path, "the checkpoint")).transpose()?;
    let view = app.verify(checkpoint.as_deref())?;
    if output.format == Format::Json {
        output.json(&view);
    } else if let Some(problem) = &view.problem {
        let place = view
            .broken_sequence
            .map_or_else(String::new, |seq| format!(" at event {seq}"));
        output.message(&format!(
            "{} the catalog is not whole{place}: {problem}\n",
            paint(RED, "error:")
        ));
    } else {
        match &view.head {
            Some(head) => output.answer(&format!("{} events verified, the chain ends in {head}\n", view.events)),
            None => output.answer(&format!("{} the catalog is empty\n", paint(YELLOW, "note:"))),
        }
    }
    Ok(if view.problem.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

/// Writes to standard output as it reads. A reader that has gone away is no error.
fn export(app: &App, assets: bool, filter: &FilterArguments) -> Result<ExitCode, AppError> {
    let query = query_of(filter);
    let is_filtered = [&query.asset_type, &query.namespace, &query.condition, &query.at]
        .iter()
        .any(|part| part.is_some());
    if is_filtered && !assets {
        return Err(AppError::refused("the event log is exported as a whole")
            .with_hint("`--assets` exports assets, and takes `--type`, `--namespace`, `--where` and `--at`"));
    }
    let mut writer = BufWriter::new(std::io::stdout().lock());
    let written = match assets {
        true => app.export_assets(&query, &mut writer),
        false => app.export_log(&mut writer),
    };
    match writer.flush() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(ExitCode::SUCCESS),
        Err(error) => Err(host_error("writing the export", &error)),
        Ok(()) => written.map(|()| ExitCode::SUCCESS),
    }
}

fn import(app: &App, file: &Path, why: &ReasonArguments, output: &Output) -> Result<ExitCode, AppError> {
    let imported = match file.as_os_str() == "-" {
        true => app.import(&mut std::io::stdin().lock(), &person(why))?,
        false => {
            let opened = std::fs::File::open(file).map_err(|error| {
                AppError::refused(format!("reading the export `{}`", file.display())).because(&error)
            })?;
            app.import(&mut BufReader::with_capacity(1 << 20, opened), &person(why))?
        }
    };
    show(output, &imported, tables::imported)
}
