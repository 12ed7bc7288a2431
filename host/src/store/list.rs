//! Walks over the assets there are, or were, in the order they were created.

use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, Row, params_from_iter};

use crate::model::{AsOf, Asset, AssetType};

use super::values::LONGEST_VALUE;
use super::{Catalog, StoreError, assets, columns};

/// Which assets to walk over. Every part given narrows.
#[derive(Debug, Clone, Default)]
pub struct AssetSearch {
    pub as_of: AsOf,
    /// A type in full or short, in which `*` stands for any text and `?` for any character.
    pub asset_type: Option<String>,
    /// A namespace, in which `*` stands for any text and `?` for any character.
    pub namespace: Option<String>,
    /// Texts that must stand somewhere in the asset.
    pub equal: Vec<(SearchPath, String)>,
}

/// Where in an asset a text stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SearchPath {
    Id,
    Type,
    Namespace,
    /// A dotted path in the metadata.
    Metadata(String),
}

impl Catalog {
    /// Shows the assets that match to `visit`, ordered by creation, then id, until it breaks off.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn visit_assets(
        &self,
        search: &AssetSearch,
        visit: &mut dyn FnMut(Asset) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.visit_rows(search, &mut |row| Ok(visit(assets::from_row(row)?)))
    }

    fn visit_rows(
        &self,
        search: &AssetSearch,
        visit: &mut dyn FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), StoreError> {
        self.read(|connection| {
            let Some((query, parameters)) = query_of(connection, search)? else {
                return Ok(());
            };
            let mut statement = connection.prepare(&query)?;
            let mut rows = statement.query(params_from_iter(parameters))?;
            while let Some(row) = rows.next()? {
                if visit(row)?.is_break() {
                    break;
                }
            }
            Ok(())
        })
    }
}

/// The query and its parameters; none when no type matches.
fn query_of(connection: &Connection, search: &AssetSearch) -> Result<Option<(String, Vec<Value>)>, StoreError> {
    let now = search.as_of == AsOf::Now;
    let mut parameters = vec![Value::Integer(assets::sequence_of(search.as_of))];
    let mut conditions = vec![if now {
        "?1 = ?1".to_owned()
    } else {
        assets::THEN.to_owned()
    }];
    let id = if now { "id" } else { "asset_id" };
    let mut narrow = |condition: &str, values: Vec<String>| {
        conditions.push(condition.to_owned());
        parameters.extend(values.into_iter().map(Value::Text));
    };
    if let Some(pattern) = &search.asset_type {
        let types = matching_types(connection, search.as_of, pattern)?;
        if types.is_empty() {
            return Ok(None);
        }
        let places = vec!["?"; types.len()].join(", ");
        let names = types.into_iter().map(String::from).collect();
        narrow(&format!("type IN ({places})"), names);
    }
    match &search.namespace {
        Some(pattern) if pattern.contains(['*', '?']) => narrow("namespace GLOB ?", vec![pattern.replace('[', "[[]")]),
        Some(name) => narrow("namespace = ?", vec![name.clone()]),
        None => {}
    }
    let mut is_narrow = false;
    for (path, text) in &search.equal {
        match path {
            SearchPath::Id => narrow(&format!("{id} = ?"), vec![text.clone()]),
            SearchPath::Type => narrow("type = ?", vec![text.clone()]),
            SearchPath::Namespace => narrow("namespace = ?", vec![text.clone()]),
            SearchPath::Metadata(path) if now && text.len() <= LONGEST_VALUE => narrow(
                "id IN (SELECT asset_id FROM asset_value WHERE path = ? AND value = ?)",
                vec![path.clone(), text.clone()],
            ),
            SearchPath::Metadata(_) => continue,
        }
        is_narrow = true;
    }
    let conditions = conditions.join(" AND ");
    // A few rows are put in order at once; of many, the first are wanted before the last are known.
    let order = if is_narrow { "+created_seq" } else { "created_seq" };
    let query = match now {
        true => format!(
            "SELECT {} FROM asset WHERE {conditions} ORDER BY {order}, id",
            assets::COLUMNS
        ),
        false => format!(
            "SELECT {} FROM asset_version WHERE {conditions} ORDER BY created_seq, asset_id",
            assets::COLUMNS_THEN
        ),
    };
    Ok(Some((query, parameters)))
}

/// Every type an asset has, read by leaps over the index.
const TYPES_NOW: &str = "WITH RECURSIVE known (type) AS (
        SELECT min(type) FROM asset
        UNION ALL SELECT (SELECT min(type) FROM asset WHERE asset.type > known.type) FROM known WHERE type IS NOT NULL
    )
    SELECT type FROM known WHERE type IS NOT NULL";
const TYPES_EVER: &str = "SELECT DISTINCT type FROM asset_version ORDER BY type";

fn known_types(connection: &Connection, as_of: AsOf) -> Result<Vec<AssetType>, StoreError> {
    let query = if as_of == AsOf::Now { TYPES_NOW } else { TYPES_EVER };
    let mut statement = connection.prepare_cached(query)?;
    let rows = statement.query_map([], |row| columns::noun(row, "type"))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The types that a pattern means, in full or by their short names.
fn matching_types(connection: &Connection, as_of: AsOf, pattern: &str) -> Result<Vec<AssetType>, StoreError> {
    let mut types = known_types(connection, as_of)?;
    types.retain(|known| matches(pattern, known.as_str()) || matches(pattern, known.short_name()));
    Ok(types)
}

/// Whether a text is what a pattern with `*` and `?` means.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut star) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(c) if *c == '?' || *c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((place, from)) => {
                    star = Some((place, from + 1));
                    p = place + 1;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn stars_stand_for_any_text_and_question_marks_for_a_character() {
        for (pattern, text, expected) in [
            ("VM*", "VM.IP", true),
            ("VM*", "VM", true),
            ("*.IP", "VM.IP", true),
            ("VM", "VM.IP", false),
            ("V?", "VM", true),
            ("*a*b*", "xaxbx", true),
            ("*a*b", "xaxbx", false),
            ("", "", true),
            ("**", "", true),
            ("?", "", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}
