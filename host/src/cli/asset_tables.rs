//! The text form of every answer about assets.

use super::csv;
use super::output::{BOLD, DIM, GREEN, RED, YELLOW};
use super::tables::{brief, counted, event_style, moment, paint, plain, quoted, short, table};
use crate::app::{AssetStory, Imported, Pruned};
use crate::model::printable::one_line;
use crate::model::{
    Alone, Asset, AssetEvent, AssetId, AssetTypeDefinition, Cascade, ChangedAsset, DifferenceView, EditView,
    ExpiryView, FieldChange, HistoryView, ImpactEntry, ImpactView, Json, PathView, StatsView, Timestamp,
    TypeHistoryEntry, TypeHistoryView, days_between,
};

/// How much of metadata a table shows where nothing says how wide it may be.
const METADATA: usize = 70;

/// How long ago something was, in the unit that fits.
fn age(now: Timestamp, then: Timestamp) -> String {
    let seconds = now.duration_since(then).as_secs();
    match seconds {
        ..0 => "in the future".to_owned(),
        0..=1 => "just now".to_owned(),
        2..=119 => format!("{seconds} s ago"),
        120..=7_199 => format!("{} min ago", seconds / 60),
        7_200..=172_799 => format!("{} h ago", seconds / 3_600),
        _ => format!("{} days ago", seconds / 86_400),
    }
}

/// The list of assets. Where it would be wider than the terminal, the metadata stands on lines of its own.
pub(super) fn assets(views: &[Asset], width: Option<usize>) -> String {
    let now = Timestamp::now();
    let fixed = |asset: &Asset| {
        let lock = if asset.protected { " (protected)" } else { "" };
        let type_name = format!("{}{lock}", short(&asset.asset_type));
        vec![asset.id.to_string(), type_name, age(now, asset.updated)]
    };
    let widest = |column: usize, title: usize| {
        views
            .iter()
            .map(|a| fixed(a)[column].chars().count())
            .max()
            .unwrap_or(0)
            .max(title)
    };
    let taken = widest(0, 5) + widest(1, 4) + widest(2, 7) + 6;
    let room = width.map_or(METADATA, |width| width.saturating_sub(taken));
    if room >= 24 {
        let row = |asset: &Asset| {
            let mut row = fixed(asset);
            row.push(brief(&asset.metadata, room.min(METADATA * 2)));
            row
        };
        return table(
            &["ASSET", "TYPE", "UPDATED", "METADATA"],
            views.iter().map(row).collect(),
        );
    }
    let lines = table(&["ASSET", "TYPE", "UPDATED"], views.iter().map(fixed).collect());
    let mut text = String::new();
    for (line, asset) in lines.lines().zip(std::iter::once(None).chain(views.iter().map(Some))) {
        text += &format!("{line}\n");
        if let Some(asset) = asset.filter(|asset| !asset.metadata.is_empty()) {
            let facts = brief(&asset.metadata, width.unwrap_or(80).saturating_sub(2).max(20));
            text += &format!("  {}\n", paint(DIM, &facts));
        }
    }
    text
}

/// Chosen fields of assets.
pub(super) fn columns(names: &[String], rows: &[Vec<Option<Json>>]) -> String {
    let heading: Vec<String> = names.iter().map(|name| name.to_uppercase()).collect();
    let heading: Vec<&str> = heading.iter().map(String::as_str).collect();
    let cell = |value: &Option<Json>| value.as_ref().map_or_else(|| "-".to_owned(), plain);
    table(
        &heading,
        rows.iter().map(|row| row.iter().map(cell).collect()).collect(),
    )
}

/// One asset with all that is known of it.
pub(super) fn story(view: &AssetStory) -> String {
    let asset = &view.detail.asset;
    let mut text = format!(
        "{}  {}\n",
        paint(BOLD, asset.id.as_str()),
        one_line(asset.asset_type.as_str())
    );
    for line in [&asset.display_name, &asset.description].into_iter().flatten() {
        text += &format!("{}\n", quoted(line));
    }
    let namespace = asset.namespace.as_ref().map_or("-", |namespace| namespace.as_str());
    text += &format!(
        "namespace {namespace}, created {}, updated {}\n",
        moment(asset.created),
        age(view.now, asset.updated)
    );
    if asset.protected {
        text += &format!("{} it cannot be deleted\n", paint(YELLOW, "protected:"));
    }
    for expiry in &view.expires {
        let days = days_between(view.now, expiry.date);
        let is_over = expiry.date < view.now;
        text += &format!(
            "{} {} ({} {})\n",
            paint(
                if is_over { RED } else { expiry_style(days) },
                if is_over { "expired" } else { "expires" }
            ),
            expiry.date.strftime("%Y-%m-%d"),
            expiry.path,
            in_days(days)
        );
    }
    for (title, map) in [("METADATA", &asset.metadata), ("LABELS", &asset.labels)] {
        if !map.is_empty() {
            text += &format!("\n{}\n", paint(BOLD, title));
            let width = map.keys().map(|key| key.chars().count()).max().unwrap_or(0);
            for (key, value) in map {
                text += &format!("{:width$}  {}\n", one_line(key), plain(value));
            }
        }
    }
    for (title, ids) in [
        ("MADE FROM", &view.detail.parents),
        ("MADE FROM IT", &view.detail.children),
    ] {
        text += &neighbours(title, ids, view);
    }
    let rows = view.detail.history.iter().map(history_row);
    let gap = view.pruned_through.map_or_else(String::new, pruned_note);
    text + "\n" + &gap + &table(&["WHEN", "EVENT", "BY", "EXECUTION"], rows.collect())
}

/// Says that a history has a gap.
pub(super) fn pruned_note(through: u64) -> String {
    let words =
        format!("what happened up to event {through} was pruned; of its uses and updates the last update is left");
    format!("{} {words}\n", paint(YELLOW, "note:"))
}

fn neighbours(title: &str, ids: &[AssetId], view: &AssetStory) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let width = ids.iter().map(|id| id.as_str().len()).max().unwrap_or(0);
    let line = |id: &AssetId| {
        let name = view.types.get(id).map_or_else(String::new, short);
        format!("{id:width$}  {}\n", paint(DIM, &name))
    };
    format!("\n{}\n{}", paint(BOLD, title), ids.iter().map(line).collect::<String>())
}

fn history_row(entry: &HistoryView) -> Vec<String> {
    vec![
        moment(entry.time),
        paint(event_style(entry.event), entry.event.name()),
        author(entry),
        entry
            .execution_id
            .as_ref()
            .map_or_else(|| "-".to_owned(), |id| id.to_string()),
    ]
}

/// The flow and the task, or the person.
fn author(entry: &HistoryView) -> String {
    let task = entry
        .task_id
        .as_ref()
        .map_or_else(String::new, |task| format!("/{task}"));
    match (&entry.user, &entry.flow_id) {
        (Some(user), _) => format!("{}, by hand", one_line(user)),
        (None, Some(flow)) => format!("{flow}{task}"),
        (None, None) => "-".to_owned(),
    }
}

/// What happened to an asset, with what changed.
pub(super) fn history(views: &[HistoryView]) -> String {
    let entry = |entry: &HistoryView| {
        let execution = entry
            .execution_id
            .as_ref()
            .map_or_else(String::new, |id| format!(", execution {id}"));
        let mut text = format!(
            "{} {} by {}{execution}\n",
            moment(entry.time),
            paint(event_style(entry.event), &format!("{:<8}", entry.event.name())),
            paint(BOLD, &author(entry)),
        );
        if let Some(reason) = &entry.reason {
            text += &format!("  reason: {}\n", one_line(reason));
        }
        text + &changes(&entry.changes)
    };
    views.iter().map(entry).collect()
}

/// What changed, one field a line.
fn changes(changes: &[FieldChange]) -> String {
    let width = changes
        .iter()
        .map(|change| change.field.chars().count())
        .max()
        .unwrap_or(0);
    let line = |change: &FieldChange| {
        let field = one_line(&change.field);
        match (&change.before, &change.after) {
            (None, Some(after)) => format!("  {} {field:width$}  {}\n", paint(GREEN, "+"), plain(after)),
            (Some(before), None) => format!("  {} {field:width$}  {}\n", paint(RED, "-"), plain(before)),
            (before, after) => {
                let text = |value: &Option<Json>| value.as_ref().map_or_else(String::new, plain);
                format!(
                    "  {} {field:width$}  {} → {}\n",
                    paint(YELLOW, "~"),
                    text(before),
                    text(after)
                )
            }
        }
    };
    changes.iter().map(line).collect()
}

/// The way between two assets.
pub(super) fn path(view: &PathView) -> String {
    if view.steps.is_empty() {
        return format!("neither of {} and {} was made from the other\n", view.from, view.to);
    }
    let line = |(depth, asset): (usize, &Asset)| {
        let lead = if depth == 0 {
            String::new()
        } else {
            format!("{}└─ ", "   ".repeat(depth - 1))
        };
        format!("{lead}{}  {}\n", asset.id, paint(DIM, &short(&asset.asset_type)))
    };
    view.steps.iter().enumerate().map(line).collect()
}

/// What every terminal has room for.
const NARROW: usize = 80;

/// The plan of a deletion: what becomes of each asset when only the one is deleted, and what with a cascade.
pub(super) fn impact(view: &ImpactView) -> String {
    let head = format!("{}  {}", paint(BOLD, view.id.as_str()), short(&view.asset_type));
    let protected = if view.protected {
        format!(", {}", paint(YELLOW, "protected"))
    } else {
        String::new()
    };
    if view.dependents.is_empty() {
        let verb = if view.protected { "unprotect" } else { "delete" };
        return format!(
            "{head}{protected}\nnothing hangs on it\nnext: begat asset {verb} {}\n",
            view.id
        );
    }
    let all = view.dependents.len();
    let orphaned = view
        .dependents
        .iter()
        .filter(|entry| entry.alone == Alone::Orphaned)
        .count();
    let deleted = view
        .dependents
        .iter()
        .filter(|entry| entry.cascade == Cascade::Deleted)
        .count();
    let mut text = format!(
        "{head}{protected}\n{all} {} on it\n\n",
        if all == 1 { "asset hangs" } else { "assets hang" }
    );
    let rows = view.dependents.iter().map(impact_row).collect();
    text += &table(&["ASSET", "ALONE", "CASCADE", "TYPE"], rows);
    for entry in &view.dependents {
        let (keepers, when) = match (entry.alone, entry.cascade) {
            (_, Cascade::Shared) if !entry.survivors.is_empty() => (&entry.survivors, "survives"),
            (Alone::Shared, _) => (&entry.other_parents, "is shared"),
            _ => continue,
        };
        let keepers: Vec<&str> = keepers.iter().map(|id| id.as_str()).collect();
        let verb = if when == "survives" {
            "is kept by"
        } else {
            "is also made from"
        };
        let line = format!("{} {verb} {}\n", entry.id, keepers.join(", "));
        text += &paint(
            DIM,
            &match line.chars().count() > NARROW {
                true => format!("{} {verb}\n  {}\n", entry.id, keepers.join("\n  ")),
                false => line,
            },
        );
    }
    if view.partial {
        text += &format!("{} more hangs on it than is shown\n", paint(YELLOW, "partial:"));
    }
    text + &format!("\n{}\n", verdict(view, orphaned, deleted))
}

/// What `asset delete` would do, and what keeps it from that.
fn verdict(view: &ImpactView, orphaned: usize, deleted: usize) -> String {
    if view.protected {
        let id = &view.id;
        return format!("it is protected, and every deletion of it is refused: begat asset unprotect {id} lets it go");
    }
    let held: Vec<&str> = view.held().map(|entry| entry.id.as_str()).collect();
    let cascade = match held.as_slice() {
        [] => format!("deletes {} and keeps {}", deleted + 1, view.dependents.len() - deleted),
        [one] => format!("is refused, since {one} is protected"),
        several => format!("is refused, since {} are protected", several.join(", ")),
    };
    format!("--orphan deletes 1 and orphans {orphaned}; --cascade {cascade}")
}

fn impact_row(entry: &ImpactEntry) -> Vec<String> {
    let alone = match entry.alone {
        Alone::Orphaned => paint(YELLOW, "orphan"),
        Alone::Shared => paint(GREEN, "shared"),
    };
    let cascade = match entry.cascade {
        Cascade::Deleted => paint(RED, "deleted"),
        Cascade::Shared => paint(GREEN, "kept"),
        Cascade::Protected => paint(YELLOW, "protected"),
    };
    vec![entry.id.to_string(), alone, cascade, short(&entry.asset_type)]
}

/// Assets that are good until some day.
pub(super) fn expiring(views: &[ExpiryView], within: &str) -> String {
    if views.is_empty() {
        return format!("nothing expires within {within}\n");
    }
    let row = |view: &ExpiryView| {
        vec![
            view.expires.strftime("%Y-%m-%d").to_string(),
            paint(expiry_style(view.days_left), &in_days(view.days_left)),
            view.id.to_string(),
            short(&view.asset_type),
            view.path.clone(),
        ]
    };
    table(
        &["DATE", "WHEN", "ASSET", "TYPE", "FIELD"],
        views.iter().map(row).collect(),
    )
}

/// The same for spreadsheets.
pub(super) fn expiring_csv(views: &[ExpiryView]) -> String {
    let names = ["expires", "daysLeft", "id", "type", "path"].map(str::to_owned);
    let row = |view: &ExpiryView| {
        vec![
            view.expires.to_string(),
            view.days_left.to_string(),
            view.id.to_string(),
            view.asset_type.to_string(),
            view.path.clone(),
        ]
    };
    csv::table(&names, views.iter().map(row))
}

fn expiry_style(days: i64) -> anstyle::Style {
    match days {
        ..0 => RED,
        0..30 => YELLOW,
        _ => DIM,
    }
}

fn in_days(days: i64) -> String {
    match days {
        0 => "today".to_owned(),
        1 => "tomorrow".to_owned(),
        -1 => "yesterday".to_owned(),
        ..0 => format!("{} days ago", -days),
        _ => format!("in {days} days"),
    }
}

/// What is different between two moments.
pub(super) fn difference(view: &DifferenceView) -> String {
    let mut text = String::new();
    for (title, sign, style, assets) in [
        ("created", "+", GREEN, &view.created),
        ("changed", "~", YELLOW, &view.changed),
        ("deleted", "-", RED, &view.deleted),
    ] {
        for asset in assets {
            text += &changed(title, sign, style, asset);
        }
    }
    for (sign, style, edges) in [("+", GREEN, &view.edges_opened), ("-", RED, &view.edges_closed)] {
        for edge in edges {
            text += &format!("{} {} → {}\n", paint(style, sign), edge.from, edge.to);
        }
    }
    match text.is_empty() {
        true => "nothing is different\n".to_owned(),
        false => text,
    }
}

fn changed(title: &str, sign: &str, style: anstyle::Style, asset: &ChangedAsset) -> String {
    let head = format!(
        "{} {}  {}  {}\n",
        paint(style, sign),
        paint(BOLD, asset.id.as_str()),
        short(&asset.asset_type),
        paint(DIM, title)
    );
    match title {
        "changed" => head + &changes(&asset.changes),
        _ => head,
    }
}

/// What a change by hand did.
pub(super) fn edit(view: &EditView) -> String {
    let Some(sequence) = view.sequence else {
        return "nothing changed: it is as you want it\n".to_owned();
    };
    let mut text = String::new();
    for asset in &view.assets {
        let event = paint(event_style(asset.event), &asset.event.name().to_lowercase());
        text += &format!("{event} {} ({})\n", asset.id, short(&asset.asset_type));
        text += &changes(&asset.changes);
    }
    let restore = view.assets.iter().find(|asset| asset.event == AssetEvent::Deleted);
    let next = restore.map_or_else(String::new, |asset| {
        format!("; `begat asset restore {}` brings it back", asset.id)
    });
    text + &paint(DIM, &format!("event {sequence}{next}\n"))
}

/// The registered types.
pub(super) fn asset_types(views: &[AssetTypeDefinition]) -> String {
    let row = |view: &AssetTypeDefinition| {
        vec![
            view.name.short_name().to_owned(),
            if view.schema.is_some() { "yes" } else { "-" }.to_owned(),
            view.description.clone().unwrap_or_default(),
        ]
    };
    table(
        &["TYPE", "SCHEMA", "WHAT IT STANDS FOR"],
        views.iter().map(row).collect(),
    )
}

/// One registered type.
pub(super) fn asset_type(view: &AssetTypeDefinition) -> String {
    let mut text = format!("{}\n", paint(BOLD, &one_line(view.name.as_str())));
    if let Some(description) = &view.description {
        text += &format!("{}\n", quoted(description));
    }
    if !view.expiry.is_empty() {
        text += &format!("good until what stands at {}\n", one_line(&view.expiry.join(", ")));
    }
    match &view.schema {
        None => text + "its metadata is free\n",
        Some(schema) => text + &format!("\n{}\n{schema:#}\n", paint(BOLD, "SCHEMA OF THE METADATA")),
    }
}

/// Who said what of a type.
pub(super) fn type_history(view: &TypeHistoryView) -> String {
    let entry = |entry: &TypeHistoryEntry| {
        let mut text = format!(
            "{} {} by {}\n",
            moment(entry.time),
            paint(event_style(entry.event), &format!("{:<8}", entry.event.name())),
            paint(BOLD, &format!("{}, by hand", one_line(&entry.user))),
        );
        if let Some(reason) = &entry.reason {
            text += &format!("  reason: {}\n", one_line(reason));
        }
        text + &changes(&entry.changes)
    };
    let text: String = view.entries.iter().map(entry).collect();
    match view.pruned_through {
        Some(through) => format!(
            "{} what was said up to event {through} was pruned\n{text}",
            paint(YELLOW, "note:")
        ),
        None if text.is_empty() => "it is as begat brings it along; nobody changed it\n".to_owned(),
        None => text,
    }
}

/// Numbers about the catalog.
pub(super) fn stats(view: &StatsView) -> String {
    let when = |time: &Option<Timestamp>| time.map_or_else(|| "-".to_owned(), moment);
    let mut rows = vec![
        ("assets", view.assets.to_string()),
        ("versions of assets", view.versions.to_string()),
        ("edges", view.edges.to_string()),
        ("executions", view.executions.to_string()),
        ("task runs", view.task_runs.to_string()),
        ("log lines", view.log_lines.to_string()),
        ("events", view.events.to_string()),
        ("first event", when(&view.first_event)),
        ("last event", when(&view.last_event)),
        ("size", size(view.bytes)),
    ];
    if view.pruned_through > 0 {
        rows.push(("pruned through event", view.pruned_through.to_string()));
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
    let mut text: String = rows
        .iter()
        .map(|(name, value)| format!("{name:width$}  {value}\n"))
        .collect();
    if !view.by_type.is_empty() {
        let row = |count: &crate::model::TypeCount| vec![count.asset_type.to_string(), count.assets.to_string()];
        text += "\n";
        text += &table(&["TYPE", "ASSETS"], view.by_type.iter().map(row).collect());
    }
    text
}

fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} kB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

/// What was dropped.
pub(super) fn pruned(view: &Pruned) -> String {
    match view.events {
        0 => "nothing was left to drop\n".to_owned(),
        events => format!(
            "the content of {events} events was dropped, up to event {}; {} became {}\n",
            view.through,
            size(view.bytes_before),
            size(view.bytes_after)
        ),
    }
}

/// What was taken in.
pub(super) fn imported(view: &Imported) -> String {
    match view.events {
        0 => format!(
            "{} created, {} updated, {} as they were; {}, {}\n",
            counted(view.created, "asset"),
            view.updated,
            view.unchanged,
            counted(view.edges, "edge"),
            counted(view.types, "type")
        ),
        events => format!("{} taken in, and their hashes hold\n", counted(events, "event")),
    }
}
