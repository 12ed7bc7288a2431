//! Queries over assets: as they are now, with their neighbours and their history.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::model::{
    AsOf, Asset, AssetDetailView, AssetFilter, AssetId, AssetView, Bundle, CatalogReader, ExecutionId, Json, Namespace,
    RecordError, Violation, closest,
};

use super::values::LONGEST_VALUE;
use super::{Catalog, Direction, StoreError, canonical, columns, graph, history};

/// The columns of an asset as it is now, in the order of [`place`].
pub(super) const COLUMNS: &str = "id, created_seq, (SELECT name FROM type_name WHERE type_name.number = type),
    namespace, display_name, description, metadata, labels, protected, created, coalesce(touched, updated), number";
/// The same columns of any content as it was after event `?1`; it was last declared by an event up to that one.
pub(super) const COLUMNS_THEN: &str = "id, created_seq, (SELECT name FROM type_name WHERE type_name.number = type),
    namespace, display_name, description, metadata, labels, protected, created,
    CASE WHEN touched IS NULL THEN updated ELSE coalesce((SELECT time FROM asset_event JOIN asset_change USING (seq)
        WHERE asset_event.asset = number AND seq > from_seq AND seq <= ?1 AND event = 'UPDATED'
        ORDER BY seq DESC LIMIT 1), updated) END, number";

/// Where each column stands. Looking names up takes as long as all the rest of reading an asset.
mod place {
    pub(super) const ID: usize = 0;
    pub(super) const CREATED_SEQ: usize = 1;
    pub(super) const TYPE: usize = 2;
    pub(super) const NAMESPACE: usize = 3;
    pub(super) const DISPLAY_NAME: usize = 4;
    pub(super) const DESCRIPTION: usize = 5;
    pub(super) const METADATA: usize = 6;
    pub(super) const LABELS: usize = 7;
    pub(super) const PROTECTED: usize = 8;
    pub(super) const CREATED: usize = 9;
    pub(super) const UPDATED: usize = 10;
    pub(super) const NUMBER: usize = 11;
}

/// Which versions and edges were there after event `?1`.
pub(super) const THEN: &str = "from_seq <= ?1 AND (to_seq IS NULL OR to_seq > ?1)";

/// How many assets near an unknown id are looked at for a suggestion, on either side.
const NEAR: usize = 500;
/// How many suggestions are worth reading.
const SUGGESTIONS: usize = 3;

pub(super) fn from_row(row: &Row<'_>) -> rusqlite::Result<Asset> {
    Ok(Asset {
        id: columns::noun(row, place::ID)?,
        asset_type: columns::noun(row, place::TYPE)?,
        namespace: columns::optional_noun(row, place::NAMESPACE)?,
        display_name: row.get(place::DISPLAY_NAME)?,
        description: row.get(place::DESCRIPTION)?,
        metadata: columns::json(row, place::METADATA)?,
        labels: columns::json(row, place::LABELS)?,
        protected: row.get(place::PROTECTED)?,
        created: columns::time(row, place::CREATED)?,
        updated: columns::time(row, place::UPDATED)?,
    })
}

/// The metadata of a row as it is stored.
pub(super) fn metadata_text<'a>(row: &'a Row<'_>) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(place::METADATA)?.as_str()?)
}

/// The asset of that id, as it is now.
pub(super) fn find(connection: &Connection, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM asset WHERE id = ?1 AND to_seq IS NULL");
    Ok(connection
        .prepare_cached(&query)?
        .query_row([id.as_str()], from_row)
        .optional()?)
}

/// An asset, its number, and its place in the order of creation.
pub(super) struct Placed {
    pub number: i64,
    pub created_seq: i64,
    pub asset: Asset,
}

pub(super) fn placed_from_row(row: &Row<'_>) -> rusqlite::Result<Placed> {
    Ok(Placed {
        number: row.get(place::NUMBER)?,
        created_seq: row.get(place::CREATED_SEQ)?,
        asset: from_row(row)?,
    })
}

/// The query for one asset by a column of it, which is `?2`, as it was.
fn query_then(as_of: AsOf, column: &str) -> String {
    match as_of {
        AsOf::Now => format!("SELECT {COLUMNS} FROM asset WHERE ?1 AND {column} = ?2 AND to_seq IS NULL"),
        AsOf::Event(_) => format!("SELECT {COLUMNS_THEN} FROM asset_ever WHERE {column} = ?2 AND {THEN}"),
    }
}

/// The asset of that id as it was.
pub(super) fn find_placed(connection: &Connection, as_of: AsOf, id: &AssetId) -> Result<Option<Placed>, StoreError> {
    Ok(connection
        .prepare_cached(&query_then(as_of, "id"))?
        .query_row(params![sequence_of(as_of), id.as_str()], placed_from_row)
        .optional()?)
}

/// The assets of these numbers as they were. Unknown ones are left out.
pub(super) fn placed(
    connection: &Connection,
    as_of: AsOf,
    numbers: impl IntoIterator<Item = i64>,
) -> Result<Vec<Placed>, StoreError> {
    let mut statement = connection.prepare_cached(&query_then(as_of, "number"))?;
    let sequence = sequence_of(as_of);
    let mut found = Vec::new();
    for number in numbers {
        found.extend(statement.query_row([sequence, number], placed_from_row).optional()?);
    }
    Ok(found)
}

/// The asset of that id as it was.
pub(super) fn find_then(connection: &Connection, as_of: AsOf, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    Ok(find_placed(connection, as_of, id)?.map(|placed| placed.asset))
}

/// The last state an asset had, whether it still exists or not.
pub(super) fn last_version(connection: &Connection, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM asset WHERE id = ?1");
    Ok(connection
        .prepare_cached(&query)?
        .query_row([id.as_str()], from_row)
        .optional()?)
}

/// The number to compare intervals with: that of the event, or one that none will ever have.
pub(super) fn sequence_of(as_of: AsOf) -> i64 {
    match as_of {
        AsOf::Now => i64::MAX,
        AsOf::Event(sequence) => i64::try_from(sequence).unwrap_or(i64::MAX),
    }
}

impl CatalogReader for Catalog {
    fn asset(&self, id: &AssetId) -> Result<Option<Asset>, RecordError> {
        Ok(self.read(|connection| find(connection, id))?)
    }

    fn assets(&self, filter: &AssetFilter) -> Result<Vec<Asset>, RecordError> {
        Ok(Catalog::assets(self, filter)?)
    }

    fn key_value(&self, namespace: &Namespace, key: &str) -> Result<Option<Json>, RecordError> {
        Ok(self.value_of_key(namespace, key)?)
    }

    fn file(&self, execution: &ExecutionId, name: &str) -> Result<Option<Vec<u8>>, RecordError> {
        Ok(self.content_of_file(execution, name)?)
    }

    fn left_behind(&self, ids: &[AssetId]) -> Result<Vec<AssetId>, RecordError> {
        Ok(Catalog::left_behind(self, ids)?)
    }

    fn violations(&self, bundles: &[Bundle]) -> Result<Vec<Violation>, RecordError> {
        Ok(Catalog::violations(self, bundles)?)
    }
}

impl Catalog {
    /// The assets that match, ordered by creation, then id. In the type, `*` stands for any text and `?` for any
    /// character.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn assets(&self, filter: &AssetFilter) -> Result<Vec<AssetView>, StoreError> {
        let mut wanted = Vec::new();
        for (key, value) in &filter.metadata {
            let mut value = value.clone();
            canonical::settle(&mut value).map_err(|source| StoreError::Unrecordable { source })?;
            wanted.push((key, value));
        }
        self.read(|connection| {
            let (query, parameters) = query_of(filter);
            let mut statement = connection.prepare_cached(&query)?;
            let mut rows = statement.query(params_from_iter(parameters))?;
            let mut found = Vec::new();
            while found.len() < filter.limit.unwrap_or(usize::MAX)
                && let Some(row) = rows.next()?
            {
                let asset = from_row(row)?;
                if wanted
                    .iter()
                    .all(|(key, value)| asset.metadata.get(*key) == Some(value))
                {
                    found.push(asset);
                }
            }
            Ok(found)
        })
    }

    /// An asset with its neighbours and its history as they were; none when the id is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn asset_detail(&self, id: &AssetId, as_of: AsOf) -> Result<Option<AssetDetailView>, StoreError> {
        self.read(|connection| {
            let Some(asset) = find_then(connection, as_of, id)? else {
                return Ok(None);
            };
            Ok(Some(AssetDetailView {
                asset,
                parents: graph::neighbours(connection, as_of, id, Direction::Up)?,
                children: graph::neighbours(connection, as_of, id, Direction::Down)?,
                history: history::of(connection, as_of, id)?,
            }))
        })
    }

    /// The asset of that id as it was.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn asset_then(&self, id: &AssetId, as_of: AsOf) -> Result<Option<Asset>, StoreError> {
        self.read(|connection| find_then(connection, as_of, id))
    }

    /// The id that a text means: itself where there is such an asset, else the only one that starts with it.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn find_asset(&self, text: &str, as_of: AsOf) -> Result<Option<AssetId>, StoreError> {
        self.read(|connection| {
            if let Ok(id) = AssetId::parse(text)
                && find_placed(connection, as_of, &id)?.is_some()
            {
                return Ok(Some(id));
            }
            let query = match as_of {
                AsOf::Now => "SELECT id FROM asset WHERE id >= ?2 AND ?1 = ?1 AND to_seq IS NULL ORDER BY id LIMIT 2".to_owned(),
                AsOf::Event(_) => format!(
                    "SELECT id FROM asset_ever WHERE id >= ?2 AND id < ?2 || char(0x10ffff) AND {THEN} ORDER BY id LIMIT 2"
                ),
            };
            let mut statement = connection.prepare_cached(&query)?;
            let rows = statement.query_map(params![sequence_of(as_of), text], |row| columns::noun(row, "id"))?;
            let mut ids: Vec<AssetId> = rows.collect::<Result<_, _>>()?;
            ids.retain(|id| id.as_str().starts_with(text) && !text.is_empty());
            Ok(ids.pop().filter(|_| ids.is_empty()))
        })
    }

    /// The first ids that start with a text, in the order of the alphabet.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn assets_that_start(&self, text: &str, as_of: AsOf, limit: usize) -> Result<Vec<AssetId>, StoreError> {
        self.read(|connection| {
            let query = format!(
                "SELECT DISTINCT id FROM asset_ever WHERE id >= ?2 AND id < ?2 || char(0x10ffff) AND {THEN}
                    ORDER BY id LIMIT ?3"
            );
            let mut statement = connection.prepare_cached(&query)?;
            let parameters = params![sequence_of(as_of), text, limit as i64];
            let rows = statement.query_map(parameters, |row| columns::noun(row, "id"))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
    }

    /// Known ids that an unknown one may have been meant for, the likeliest first; at most three.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn similar_assets(&self, unknown: &str) -> Result<Vec<AssetId>, StoreError> {
        let mut candidates = self.read(|connection| Ok(ids_near(connection, unknown)?))?;
        let mut similar = Vec::new();
        while similar.len() < SUGGESTIONS
            && let Some(best) = closest(unknown, candidates.iter().map(AssetId::as_str)).or_else(|| {
                candidates
                    .iter()
                    .map(AssetId::as_str)
                    .find(|id| id.starts_with(unknown))
            })
            && let Some(place) = candidates.iter().position(|id| id.as_str() == best)
        {
            similar.push(candidates.remove(place));
        }
        Ok(similar)
    }
}

fn query_of(filter: &AssetFilter) -> (String, Vec<Value>) {
    let mut conditions = vec!["to_seq IS NULL"];
    let mut parameters = Vec::new();
    let mut narrow = |condition, value: String| {
        conditions.push(condition);
        parameters.push(Value::Text(value));
    };
    if let Some(id) = &filter.id {
        narrow("id = ?", id.to_string());
    }
    match &filter.asset_type {
        Some(pattern) if pattern.contains(['*', '?']) => narrow(
            "type IN (SELECT number FROM type_name WHERE name GLOB ?)",
            pattern.replace('[', "[[]"),
        ),
        Some(name) => narrow("type = (SELECT number FROM type_name WHERE name = ?)", name.clone()),
        None => {}
    }
    if let Some(namespace) = &filter.namespace {
        narrow("namespace = ?", namespace.to_string());
    }
    for (key, value) in &filter.metadata {
        if let Some(text) = value.as_str().filter(|text| text.len() <= LONGEST_VALUE) {
            let path = key.clone();
            parameters.extend([Value::Text(path), Value::Text(text.to_owned())]);
            conditions.push("number IN (SELECT asset FROM asset_value WHERE path = ? AND value = ?)");
        }
    }
    let conditions = conditions.join(" AND ");
    (
        format!("SELECT {COLUMNS} FROM asset WHERE {conditions} ORDER BY created_seq, created, id"),
        parameters,
    )
}

/// The ids that stand beside a text in the order of the alphabet.
fn ids_near(connection: &Connection, text: &str) -> rusqlite::Result<Vec<AssetId>> {
    let queries = [
        "SELECT id FROM asset WHERE id >= ?1 AND to_seq IS NULL ORDER BY id LIMIT ?2",
        "SELECT id FROM asset WHERE id < ?1 AND to_seq IS NULL ORDER BY id DESC LIMIT ?2",
    ];
    let mut ids = Vec::new();
    for query in queries {
        let mut statement = connection.prepare_cached(query)?;
        for id in statement.query_map(params![text, NEAR as i64], |row| columns::noun(row, "id"))? {
            ids.push(id?);
        }
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::model::{Bundle, Json, Namespace, State};
    use crate::store::fixtures::{self, declared, id};

    fn inventory() -> Catalog {
        let catalog = Catalog::in_memory().unwrap();
        let other = crate::model::Declaration {
            namespace: Namespace::parse("other").ok(),
            ..declared("web-03:io.assets.VM", json!({"zone": "b", "gb": 8}))
        };
        let outputs = vec![
            declared("web-02:io.assets.VM", json!({"zone": "a", "gb": 8})),
            declared("web-01:io.assets.VM", json!({"zone": "b", "tags": ["x"]})),
            declared("ip:io.assets.VM.IP", json!({"zone": "b"})),
            other,
        ];
        fixtures::run(
            &catalog,
            1,
            State::Success,
            vec![Bundle {
                inputs: vec![],
                outputs,
            }],
        );
        fixtures::run(
            &catalog,
            3,
            State::Success,
            vec![fixtures::bundle(&[], &["app:odd[x]"])],
        );
        catalog
    }

    fn check(filter: AssetFilter, expected: &[&str]) {
        let found = inventory().assets(&filter).unwrap();
        let names: Vec<_> = found.iter().map(|asset| asset.id.as_str()).collect();
        assert_eq!(names, expected, "{filter:?}");
    }

    #[test]
    fn every_part_of_a_filter_narrows_and_the_oldest_come_first() {
        let all = AssetFilter::default;
        let of_type = |name: &str| AssetFilter {
            asset_type: Some(name.to_owned()),
            ..all()
        };
        check(all(), &["ip", "web-01", "web-02", "web-03", "app"]);
        check(
            AssetFilter {
                limit: Some(2),
                ..all()
            },
            &["ip", "web-01"],
        );
        check(
            AssetFilter {
                id: Some(id("web-02")),
                ..all()
            },
            &["web-02"],
        );
        check(
            AssetFilter {
                namespace: Namespace::parse("other").ok(),
                ..all()
            },
            &["web-03"],
        );
        check(of_type("io.assets.VM"), &["web-01", "web-02", "web-03"]);
        check(of_type("*.VM*"), &["ip", "web-01", "web-02", "web-03"]);
        check(of_type("io.assets.?M"), &["web-01", "web-02", "web-03"]);
        check(of_type("odd[x*"), &["app"]);
        check(of_type("vm"), &[]);
        let metadata = vec![("zone".to_owned(), json!("b")), ("gb".to_owned(), json!(8.0))];
        check(AssetFilter { metadata, ..all() }, &["web-03"]);
        check(
            AssetFilter {
                metadata: vec![("tags".to_owned(), json!(["x"]))],
                limit: Some(1),
                ..all()
            },
            &["web-01"],
        );
        check(
            AssetFilter {
                metadata: vec![("none".to_owned(), Json::Null)],
                ..all()
            },
            &[],
        );
    }

    #[test]
    fn a_slip_of_the_hand_is_answered_with_the_ids_it_may_have_meant() {
        let similar = |text: &str| {
            let ids = inventory().similar_assets(text).unwrap();
            ids.iter().map(AssetId::to_string).collect::<Vec<_>>()
        };
        assert_eq!(similar("wbe-01"), ["web-01", "web-02", "web-03"]);
        assert_eq!(similar("web"), ["web-01", "web-02", "web-03"]);
        assert_eq!(similar("kubernetes"), Vec::<String>::new());
        assert_eq!(inventory().asset_detail(&id("wbe-01"), AsOf::Now).unwrap(), None);
    }
}
