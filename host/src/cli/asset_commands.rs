//! One function for each thing that is asked of assets or done to them.

use std::path::Path;
use std::process::ExitCode;

use super::arguments::Format;
use super::asset_arguments::{AssetCommand, AssetTypeCommand, EditCommand, FilterArguments, ReasonArguments};
use super::asset_tables as tables;
use super::commands::show;
use super::csv;
use super::output::{Output, answer_width};
use crate::app::{App, AppError, AssetQuery, DeleteMode, GraphQuery, SetRequest, user_of_process};
use crate::model::{Asset, Json, Person};

/// Carries out what the user said of assets.
pub(super) fn asset(app: &App, command: &AssetCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        AssetCommand::List {
            filter,
            sort,
            columns,
            limit,
            offset,
        } => {
            let query = AssetQuery {
                sort: sort.clone(),
                offset: *offset,
                limit: *limit,
                ..query_of(filter)
            };
            list(app, &query, columns, output)
        }
        AssetCommand::Show { id, moment } => show(output, &app.asset(id, moment.at.as_deref())?, tables::story),
        AssetCommand::History { id } => {
            let history = app.history(id)?;
            if let Some(through) = app.pruned_in(&history)? {
                output.message(&tables::pruned_note(through));
            }
            show(output, &history, |views| tables::history(views))
        }
        AssetCommand::Graph {
            id,
            up,
            down,
            depth,
            moment,
        } => {
            let query = GraphQuery {
                root: id.clone(),
                up: *up,
                down: *down,
                depth: depth.map(|depth| depth as usize),
                at: moment.at.clone(),
            };
            graph(app, &query, output)
        }
        AssetCommand::Path { from, to, moment } => {
            show(output, &app.path(from, to, moment.at.as_deref())?, tables::path)
        }
        AssetCommand::Impact { id, moment } => show(output, &app.impact(id, moment.at.as_deref())?, tables::impact),
        AssetCommand::Diff { from, to } => show(output, &app.difference(from, Some(to))?, tables::difference),
        AssetCommand::Orphans => assets(app, &app.orphans()?, "no asset is an orphan\n", output),
        AssetCommand::Expiring { within } => {
            let views = app.expiring(within)?;
            match output.format {
                Format::Csv => output.document(&tables::expiring_csv(&views)),
                _ => return show(output, &views, |views| tables::expiring(views, within)),
            }
            Ok(ExitCode::SUCCESS)
        }
        AssetCommand::Stale { older } => assets(app, &app.stale(older)?, "no asset is as old as that\n", output),
        AssetCommand::Type(command) => asset_type(app, command, output),
        AssetCommand::Edit(command) => edit(app, command, output),
    }
}

/// Changes by hand.
fn edit(app: &App, command: &EditCommand, output: &Output) -> Result<ExitCode, AppError> {
    let view = match command {
        EditCommand::Set {
            id,
            asset_type,
            namespace,
            display_name,
            description,
            metadata,
            metadata_file,
            from,
            why,
        } => {
            let metadata_json = metadata_file
                .as_deref()
                .map(|path| Ok::<_, AppError>((path.display().to_string(), read(path, "the metadata")?)))
                .transpose()?;
            let request = SetRequest {
                id: id.clone(),
                asset_type: asset_type.clone(),
                namespace: namespace.clone(),
                display_name: display_name.clone(),
                description: description.clone(),
                metadata: metadata.clone(),
                metadata_json,
                from: from.clone(),
            };
            app.set_asset(&request, &person(why))?
        }
        EditCommand::Delete {
            id,
            cascade,
            orphan,
            why,
        } => {
            let mode = match (cascade, orphan) {
                (true, _) => DeleteMode::Cascade,
                (false, true) => DeleteMode::Orphan,
                (false, false) => DeleteMode::Refuse,
            };
            app.delete_asset(id, mode, &person(why))?
        }
        EditCommand::Restore { id, why } => app.restore_asset(id, &person(why))?,
        EditCommand::Protect { id, why } => app.protect_asset(id, true, &person(why))?,
        EditCommand::Unprotect { id, why } => app.protect_asset(id, false, &person(why))?,
        EditCommand::Label { id, labels, why } => app.label_asset(id, labels, &person(why))?,
    };
    show(output, &view, tables::edit)
}

fn asset_type(app: &App, command: &AssetTypeCommand, output: &Output) -> Result<ExitCode, AppError> {
    match command {
        AssetTypeCommand::List => show(output, &app.asset_types()?, |views| tables::asset_types(views)),
        AssetTypeCommand::Show { name } => show(output, &app.asset_type(name)?, tables::asset_type),
        AssetTypeCommand::History { name } => show(output, &app.asset_type_history(name)?, tables::type_history),
        AssetTypeCommand::Add {
            name,
            description,
            schema,
            expiry,
            why,
        } => {
            let read = |path: &Path| Ok::<_, AppError>((path.display().to_string(), read(path, "the schema")?));
            let schema = schema.as_deref().map(read).transpose()?;
            let schema = schema.as_ref().map(|(name, text)| (name.as_str(), text.as_str()));
            let added = app.add_asset_type(name, description.clone(), schema, expiry.clone(), &person(why))?;
            show(output, &added, |view| {
                format!("the asset type {} is registered\n", view.name)
            })
        }
        AssetTypeCommand::Remove { name, why } => {
            app.remove_asset_type(name, &person(why))?;
            let view = serde_json::json!({"name": name});
            show(output, &view, |_| format!("the asset type {name} is forgotten\n"))
        }
    }
}

fn list(app: &App, query: &AssetQuery, columns: &[String], output: &Output) -> Result<ExitCode, AppError> {
    columns.iter().try_for_each(|column| app.check_field(column))?;
    let found = app.assets(query)?;
    if columns.is_empty() {
        return assets(app, &found, "no asset matches\n", output);
    }
    // Programs are given types in full.
    let is_short = !matches!(output.format, Format::Json | Format::Csv);
    let cell = |asset: &Asset, column: &String| match column.as_str() {
        "type" if !is_short => Some(Json::from(asset.asset_type.as_str())),
        _ => app.field(asset, column),
    };
    let row = |asset: &Asset| columns.iter().map(|column| cell(asset, column)).collect::<Vec<_>>();
    let rows: Vec<Vec<Option<Json>>> = found.iter().map(row).collect();
    match output.format {
        Format::Json => {
            let object = |row: Vec<Option<Json>>| -> Json {
                columns.iter().cloned().zip(row.into_iter().map(Json::from)).collect()
            };
            output.json(&rows.into_iter().map(object).collect::<Vec<Json>>());
        }
        Format::Csv => output.document(&csv::table(
            columns,
            rows.into_iter().map(|row| row.iter().map(csv::cell).collect()),
        )),
        _ if rows.is_empty() => output.answer("no asset matches\n"),
        _ => output.answer(&tables::columns(columns, &rows)),
    }
    Ok(ExitCode::SUCCESS)
}

fn assets(app: &App, views: &[Asset], none: &str, output: &Output) -> Result<ExitCode, AppError> {
    match output.format {
        Format::Csv => {
            let names = [
                "id",
                "type",
                "namespace",
                "displayName",
                "created",
                "updated",
                "metadata",
            ];
            let cell = |asset: &Asset, name: &str| match name {
                "type" => asset.asset_type.to_string(),
                _ => csv::cell(&app.field(asset, name)),
            };
            let row = |asset: &Asset| names.iter().map(|name| cell(asset, name)).collect();
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            output.document(&csv::table(&names, views.iter().map(row)));
        }
        Format::Json => output.json(&views),
        _ if views.is_empty() => output.answer(none),
        _ => output.answer(&tables::assets(views, answer_width())),
    }
    Ok(ExitCode::SUCCESS)
}

fn graph(app: &App, query: &GraphQuery, output: &Output) -> Result<ExitCode, AppError> {
    let graph = app.graph(query)?;
    match output.format {
        Format::Json => output.json(&graph),
        Format::Dot => output.document(&app.dot(&graph)),
        Format::Mermaid => output.document(&app.mermaid(&graph)),
        Format::Svg => output.document(&app.svg(&graph)),
        _ => output.answer(&super::tables::graph(app, &graph)),
    }
    Ok(ExitCode::SUCCESS)
}

/// Reads a file that the user named.
pub(super) fn read(path: &Path, what: &str) -> Result<String, AppError> {
    std::fs::read_to_string(path)
        .map_err(|error| AppError::refused(format!("reading {what} `{}`", path.display())).because(&error))
}

/// Whoever runs this program.
pub(super) fn person(why: &ReasonArguments) -> Person {
    let name = |variable: &str| std::env::var(variable).ok().filter(|name| !name.trim().is_empty());
    Person {
        user: name("USER").or_else(|| name("LOGNAME")).unwrap_or_else(user_of_process),
        reason: why.reason.clone(),
    }
}

/// The part of a question that says which assets.
pub(super) fn query_of(filter: &FilterArguments) -> AssetQuery {
    AssetQuery {
        asset_type: filter.asset_type.clone(),
        namespace: filter.namespace.clone(),
        condition: filter.condition.clone(),
        at: filter.moment.at.clone(),
        ..AssetQuery::default()
    }
}
