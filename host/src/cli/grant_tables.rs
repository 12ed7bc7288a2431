//! Grants and limits as tables.

use super::output::{DIM, GREEN, RED};
use super::tables::{paint, table};
use crate::model::{CachedView, GrantView, LimitView};

/// Who is granted what.
pub(super) fn grants(views: &[GrantView]) -> String {
    if views.is_empty() {
        return "nothing is granted, and nothing is asked for\n".to_owned();
    }
    let rows = views.iter().map(|view| {
        let state = match (view.granted, view.required) {
            (true, _) => paint(GREEN, "granted"),
            (false, true) => paint(RED, "needed, not granted"),
            (false, false) => paint(DIM, "asked for, not granted"),
        };
        let target = if view.target.is_empty() { "…" } else { &view.target };
        vec![
            view.principal.clone(),
            format!("{}={target}", view.kind),
            state,
            view.by.clone().unwrap_or_default(),
            view.reason.clone().unwrap_or_default(),
        ]
    });
    table(&["PLUGIN", "GRANT", "STATE", "BY", "WHY IT ASKS"], rows.collect())
}

/// What bounds task runs.
pub(super) fn limits(views: &[LimitView]) -> String {
    let rows = views.iter().map(|view| {
        let value = match view.value == view.default {
            true => view.value.clone(),
            false => format!("{} (default {})", view.value, view.default),
        };
        let scope = if view.per_plugin { "each plugin" } else { "all plugins" };
        vec![view.name.clone(), value, scope.to_owned(), view.bounds.clone()]
    });
    table(&["LIMIT", "VALUE", "SET FOR", "WHAT IT BOUNDS"], rows.collect())
}

/// Compiled plugins.
pub(super) fn cached(views: &[CachedView]) -> String {
    if views.is_empty() {
        return "nothing is compiled\n".to_owned();
    }
    let rows = views.iter().map(|view| {
        let state = match (view.intact, view.current) {
            (false, _) => paint(RED, "damaged, compiled anew when used"),
            (true, true) => paint(GREEN, "usable"),
            (true, false) => paint(DIM, "of another version"),
        };
        vec![
            view.plugin.clone().unwrap_or_else(|| "-".to_owned()),
            view.digest.get(..12).unwrap_or(&view.digest).to_owned(),
            format!("{} KiB", view.size / 1024),
            super::tables::moment(view.used),
            state,
        ]
    });
    table(&["PLUGIN", "DIGEST", "SIZE", "LAST USED", "STATE"], rows.collect())
}
