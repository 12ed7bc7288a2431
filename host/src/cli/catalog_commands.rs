//! One function for each way to look after the catalog.

use std::io::{BufRead, BufReader, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;

use super::arguments::Format;
use super::asset_arguments::{CatalogCommand, FilterArguments, ReasonArguments};
use super::asset_commands::{person, query_of, read};
use super::asset_tables as tables;
use super::commands::show;
use super::compare;
use super::csv;
use super::output::{Output, RED, YELLOW, host_error};
use super::run::undelivered;
use super::tables::{counted, paint};
use crate::app::{ASSET_FACET_SCHEMA, App, AppError, AssetQuery, ExportedFiles};
use crate::model::{ASSET_FIELDS, ExportLine};

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
                let events = counted(view["events"].as_u64().unwrap_or_default(), "event");
                format!("all tables were computed anew from {events}\n")
            })
        }
        CatalogCommand::Export {
            assets,
            edges,
            without_files,
            filter,
        } => {
            let files = match without_files {
                true => ExportedFiles::Named,
                false => ExportedFiles::WithContent,
            };
            export(app, (*assets, *edges, files), filter, output)
        }
        CatalogCommand::Import { file, why } => import(app, file, why, output),
        CatalogCommand::Diff { before, after } => {
            let view = app.compare_catalogs(before, after)?;
            match output.format {
                Format::Markdown => output.document(&compare::difference_markdown(&view)),
                _ => return show(output, &view, tables::difference),
            }
            Ok(ExitCode::SUCCESS)
        }
        CatalogCommand::Check => check(app, output),
        CatalogCommand::Backup { file } => {
            let view = serde_json::json!({"file": file, "bytes": app.back_up(file)?});
            show(output, &view, |view| {
                format!("{} bytes copied to {}\n", view["bytes"], file.display())
            })
        }
        CatalogCommand::Migrate => show(output, &app.migrate()?, |view| match &view.backup {
            None => format!("the catalog has schema {} already\n", view.to),
            Some(copy) => format!(
                "schema {} became {}; as it was: {}\n",
                view.from,
                view.to,
                copy.display()
            ),
        }),
        CatalogCommand::Deliver { detached: false } => deliver(app, output),
        CatalogCommand::Deliver { detached: true } => app.deliver_detached().map(|()| ExitCode::SUCCESS),
        CatalogCommand::FacetSchema => {
            output.document(ASSET_FACET_SCHEMA);
            Ok(ExitCode::SUCCESS)
        }
        CatalogCommand::Stats => show(output, &app.stats()?, tables::stats),
        CatalogCommand::Prune { before, why } => show(output, &app.prune(Some(before), &person(why))?, tables::pruned),
    }
}

/// What to do with a catalog that does not hold.
const WAY_OUT: &str = "  hint: keep a copy of the file, then put a backup (`begat catalog backup`) in its place, or take what the \
                       tables know (`begat catalog export --assets`) into a new one\n";

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
        output.message(WAY_OUT);
    } else {
        match &view.head {
            Some(head) => {
                let events = counted(view.events, "event");
                output.answer(&format!("{events} verified, the chain ends in {head}\n"));
            }
            None => output.answer(&format!("{} the catalog is empty\n", paint(YELLOW, "note:"))),
        }
    }
    Ok(if view.problem.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

fn check(app: &App, output: &Output) -> Result<ExitCode, AppError> {
    let view = app.check_catalog()?;
    let is_sound = view.problems.is_empty();
    if output.format == Format::Json {
        output.json(&view);
    } else if is_sound {
        let events = counted(view.events, "event");
        output.answer(&format!(
            "the file is sound, {events} verified, and the tables are what they say\n"
        ));
    } else {
        for problem in &view.problems {
            output.message(&format!("{} {problem}\n", paint(RED, "error:")));
        }
        output.message(WAY_OUT);
    }
    Ok(if is_sound { ExitCode::SUCCESS } else { ExitCode::from(3) })
}

fn deliver(app: &App, output: &Output) -> Result<ExitCode, AppError> {
    let delivered = app.deliver()?;
    if output.format == Format::Json {
        output.json(&delivered);
    } else {
        output.answer(&format!("{} OpenLineage events sent\n", delivered.sent));
        if delivered.error.is_some() {
            output.message(&format!("{} {}\n", paint(RED, "error:"), undelivered(&delivered)));
        }
    }
    Ok(if delivered.error.is_none() {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

/// Writes to standard output as it reads. A reader that has gone away is no error.
fn export(
    app: &App,
    (assets, edges, files): (bool, bool, ExportedFiles),
    filter: &FilterArguments,
    output: &Output,
) -> Result<ExitCode, AppError> {
    let query = query_of(filter);
    let is_csv = output.format == Format::Csv;
    let is_filtered = [&query.asset_type, &query.namespace, &query.condition, &query.at]
        .iter()
        .any(|part| part.is_some());
    if is_filtered && !assets && !is_csv {
        return Err(AppError::refused("the event log is exported as a whole")
            .with_hint("`--assets` exports assets, and takes `--type`, `--namespace`, `--where` and `--at`"));
    }
    if edges && !is_csv {
        return Err(AppError::refused("`--edges` is for `--format csv`")
            .with_hint("the other formats hold the edges beside the assets"));
    }
    let mut writer = BufWriter::new(std::io::stdout().lock());
    let written = match output.format {
        Format::Openlineage => app.export_openlineage(&mut writer),
        Format::Prov => app.export_prov(&mut writer),
        Format::Csv => export_csv(app, edges, &query, &mut writer).map(|()| 0),
        _ if assets => app.export_assets(&query, &mut writer).map(|()| 0),
        _ => app.export_log(files, &mut writer).map(|()| 0),
    };
    match writer.flush() {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => return Ok(ExitCode::SUCCESS),
        Err(error) => return Err(host_error("writing the export", &error)),
        Ok(()) => {}
    }
    let pruned = written?;
    if pruned > 0 {
        let words = format!("the content of {pruned} events was pruned; the export begins after them");
        output.message(&format!("{} {words}\n", paint(YELLOW, "warning:")));
    }
    Ok(ExitCode::SUCCESS)
}

/// A table of assets, or of the edges between them.
fn export_csv(app: &App, edges: bool, query: &AssetQuery, writer: &mut dyn Write) -> Result<(), AppError> {
    let heading: &[&str] = match edges {
        true => &["from", "to"],
        false => &ASSET_FIELDS,
    };
    let heading: Vec<String> = heading.iter().map(|name| (*name).to_owned()).collect();
    let failed = |error: std::io::Error| host_error("writing the export", &error);
    writer.write_all(csv::line(&heading).as_bytes()).map_err(failed)?;
    app.visit_assets(query, &mut |line| {
        let cells = match line {
            ExportLine::Edge(edge) if edges => vec![edge.from.to_string(), edge.to.to_string()],
            ExportLine::Asset(asset) if !edges => {
                let fields = serde_json::to_value(asset)?;
                heading
                    .iter()
                    .map(|name| csv::cell(&fields.get(name).cloned()))
                    .collect()
            }
            _ => return Ok(()),
        };
        writer.write_all(csv::line(&cells).as_bytes())
    })
}

fn import(app: &App, file: &Path, why: &ReasonArguments, output: &Output) -> Result<ExitCode, AppError> {
    let take = |input: &mut (dyn BufRead + Send)| match output.format {
        Format::Openlineage => app.import_openlineage(input, &person(why)),
        _ => app.import(input, &person(why)),
    };
    let imported = match file.as_os_str() == "-" {
        true => take(&mut BufReader::new(std::io::stdin()))?,
        false => {
            let opened = std::fs::File::open(file).map_err(|error| {
                AppError::refused(format!("reading the export `{}`", file.display())).because(&error)
            })?;
            take(&mut BufReader::with_capacity(1 << 20, opened))?
        }
    };
    show(output, &imported, tables::imported)
}
