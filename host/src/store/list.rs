//! Walks over the assets there are, or were, in the order they were created.

use std::ops::ControlFlow;

use rusqlite::types::Value;
use rusqlite::{Connection, params_from_iter};

use crate::model::{AsOf, Asset, AssetType, Json};

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
    /// What must hold for an asset to be wanted.
    pub lookups: Vec<Lookup>,
}

/// A comparison of a field with a text or a number. What is of another kind is shown, so that the one who asks can
/// say that the two cannot be compared.
#[derive(Debug, Clone, PartialEq)]
pub struct Lookup {
    pub field: LookupField,
    /// `=`, `<`, `<=`, `>` or `>=`.
    pub comparator: &'static str,
    pub value: Json,
}

/// What is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LookupField {
    Id,
    Type,
    Namespace,
    /// The keys that lead to a place in the metadata.
    Metadata(Vec<String>),
}

impl Catalog {
    /// Shows the assets that match to `visit`, ordered by creation, then id, until it breaks off. Those whose metadata
    /// as JSON text is not `wanted` are left aside unread.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn visit_assets(
        &self,
        search: &AssetSearch,
        wanted: &dyn Fn(&str) -> bool,
        visit: &mut dyn FnMut(Asset) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.read(|connection| {
            let Some((query, parameters)) = query_of(connection, search)? else {
                return Ok(());
            };
            let mut statement = connection.prepare(&query)?;
            let mut rows = statement.query(params_from_iter(parameters))?;
            while let Some(row) = rows.next()? {
                let metadata = assets::metadata_text(row)?;
                if wanted(metadata) && visit(assets::from_row(row)?).is_break() {
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
        "?1 = ?1 AND to_seq IS NULL".to_owned()
    } else {
        assets::THEN.to_owned()
    }];
    if let Some(pattern) = &search.asset_type {
        let types = matching_types(connection, pattern)?;
        if types.is_empty() {
            return Ok(None);
        }
        let places = vec!["?"; types.len()].join(", ");
        conditions.push(format!("type IN ({places})"));
        parameters.extend(types.into_iter().map(Value::Integer));
    }
    let mut narrow = |condition: &str, value: String| {
        conditions.push(condition.to_owned());
        parameters.push(Value::Text(value));
    };
    match &search.namespace {
        Some(pattern) if pattern.contains(['*', '?']) => narrow("namespace GLOB ?", pattern.replace('[', "[[]")),
        Some(name) => narrow("namespace = ?", name.clone()),
        None => {}
    }
    let mut is_narrow = false;
    for lookup in &search.lookups {
        let Some((condition, values, is_indexed)) = condition_of(lookup, now) else {
            continue;
        };
        conditions.push(condition);
        parameters.extend(values);
        is_narrow |= is_indexed;
    }
    let conditions = conditions.join(" AND ");
    // A few rows are put in order at once; of many, the first are wanted before the last are known.
    let order = if is_narrow { "+created_seq" } else { "created_seq" };
    let query = match now {
        true => format!(
            "SELECT {} FROM asset WHERE {conditions} ORDER BY {order}, created, id",
            assets::COLUMNS
        ),
        false => format!(
            "SELECT {} FROM asset_ever WHERE {conditions} ORDER BY created_seq, created, id",
            assets::COLUMNS_THEN
        ),
    };
    Ok(Some((query, parameters)))
}

/// The condition that a lookup comes to, its values, and whether an index answers it; none when the expression language
/// has to do all of it.
fn condition_of(lookup: &Lookup, now: bool) -> Option<(String, Vec<Value>, bool)> {
    let value = match &lookup.value {
        Json::String(text) => Value::Text(text.clone()),
        Json::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Real(number.as_f64()?),
        },
        _ => return None,
    };
    let (condition, is_indexed) = match &lookup.field {
        LookupField::Id => ("id = ?", true),
        LookupField::Type => ("type = (SELECT number FROM type_name WHERE name = ?)", true),
        LookupField::Namespace => ("namespace = ?", false),
        LookupField::Metadata(path) => return metadata_condition(lookup, path, value, now),
    };
    Some((condition.to_owned(), vec![value], is_indexed))
}

fn metadata_condition(lookup: &Lookup, path: &[String], value: Value, now: bool) -> Option<(String, Vec<Value>, bool)> {
    if let Value::Text(text) = &value
        && now
        && lookup.comparator == "="
        && text.len() <= LONGEST_VALUE
    {
        let condition = "number IN (SELECT asset FROM asset_value WHERE path = ? AND value = ?)".to_owned();
        return Some((condition, vec![Value::Text(path.join(".")), value], true));
    }
    if path.iter().any(|key| key.contains(['"', '\\'])) {
        return None;
    }
    let place: String = path.iter().map(|key| format!(".\"{key}\"")).collect();
    let place = Value::Text(format!("${place}"));
    let comparator = lookup.comparator;
    if comparator == "=" {
        return Some(("json_extract(metadata, ?) = ?".to_owned(), vec![place, value], false));
    }
    let kinds = if matches!(value, Value::Text(_)) {
        "'text'"
    } else {
        "'integer', 'real'"
    };
    let condition = format!(
        "(json_extract(metadata, ?) {comparator} ? OR typeof(json_extract(metadata, ?)) NOT IN ({kinds}, 'null'))"
    );
    Some((condition, vec![place.clone(), value, place], false))
}

/// The numbers of the types that a pattern means, in full or by their short names.
fn matching_types(connection: &Connection, pattern: &str) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached("SELECT number, name FROM type_name ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let known: AssetType = columns::noun(row, "name")?;
        if matches(pattern, known.as_str()) || matches(pattern, known.short_name()) {
            found.push(row.get("number")?);
        }
    }
    Ok(found)
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
