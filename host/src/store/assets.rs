//! Queries over assets: as they are now, with their neighbours and their history.

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params, params_from_iter};

use crate::model::{
    Asset, AssetDetailView, AssetEvent, AssetFilter, AssetId, AssetView, CatalogReader, ExecutionId, HistoryView, Json,
    Namespace, RecordError, closest,
};

use super::{Catalog, StoreError, canonical, columns};

const COLUMNS: &str = "id, type, namespace, display_name, description, metadata, created, updated";
const HISTORY_COLUMNS: &str = "seq, time, event, execution_id, flow_id, task_id";

/// How many assets near an unknown id are looked at for a suggestion, on either side.
const NEAR: usize = 500;
/// How many suggestions are worth reading.
const SUGGESTIONS: usize = 3;

fn from_row(row: &Row<'_>) -> rusqlite::Result<Asset> {
    Ok(Asset {
        id: columns::noun(row, "id")?,
        asset_type: columns::noun(row, "type")?,
        namespace: columns::optional_noun(row, "namespace")?,
        display_name: row.get("display_name")?,
        description: row.get("description")?,
        metadata: columns::json(row, "metadata")?,
        created: columns::time(row, "created")?,
        updated: columns::time(row, "updated")?,
    })
}

fn history_from_row(row: &Row<'_>) -> rusqlite::Result<HistoryView> {
    let sequence: i64 = row.get("seq")?;
    Ok(HistoryView {
        sequence: sequence.unsigned_abs(),
        time: columns::time(row, "time")?,
        event: columns::name(row, "event", AssetEvent::from_name)?,
        execution_id: columns::optional_noun(row, "execution_id")?,
        flow_id: columns::optional_noun(row, "flow_id")?,
        task_id: columns::optional_noun(row, "task_id")?,
    })
}

/// The asset of that id, as it is now.
pub(super) fn find(connection: &Connection, id: &AssetId) -> Result<Option<Asset>, StoreError> {
    let query = format!("SELECT {COLUMNS} FROM asset WHERE id = ?1");
    Ok(connection
        .prepare_cached(&query)?
        .query_row([id.as_str()], from_row)
        .optional()?)
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

    /// An asset with its neighbours and its history; none when the id is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn asset_detail(&self, id: &AssetId) -> Result<Option<AssetDetailView>, StoreError> {
        self.read(|connection| {
            let Some(asset) = find(connection, id)? else {
                return Ok(None);
            };
            let parents = neighbours(connection, id, "from_asset", "to_asset")?;
            let children = neighbours(connection, id, "to_asset", "from_asset")?;
            let history = history(connection, id)?;
            Ok(Some(AssetDetailView {
                asset,
                parents,
                children,
                history,
            }))
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
    let mut conditions = vec!["1"];
    let mut parameters = Vec::new();
    let mut narrow = |condition, value: String| {
        conditions.push(condition);
        parameters.push(Value::Text(value));
    };
    if let Some(id) = &filter.id {
        narrow("id = ?", id.to_string());
    }
    match &filter.asset_type {
        Some(pattern) if pattern.contains(['*', '?']) => narrow("type GLOB ?", pattern.replace('[', "[[]")),
        Some(name) => narrow("type = ?", name.clone()),
        None => {}
    }
    if let Some(namespace) = &filter.namespace {
        narrow("namespace = ?", namespace.to_string());
    }
    let conditions = conditions.join(" AND ");
    (
        format!("SELECT {COLUMNS} FROM asset WHERE {conditions} ORDER BY created_seq, id"),
        parameters,
    )
}

/// The assets at the other ends of the open edges, the oldest first.
fn neighbours(connection: &Connection, id: &AssetId, wanted: &str, given: &str) -> Result<Vec<AssetId>, StoreError> {
    let query = format!(
        "SELECT asset.id FROM edge JOIN asset ON asset.id = edge.{wanted}
         WHERE edge.{given} = ?1 AND edge.to_seq IS NULL ORDER BY asset.created_seq, asset.id"
    );
    let mut statement = connection.prepare_cached(&query)?;
    let ids = statement.query_map([id.as_str()], |row| columns::noun(row, "id"))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

fn history(connection: &Connection, id: &AssetId) -> Result<Vec<HistoryView>, StoreError> {
    let query = format!("SELECT {HISTORY_COLUMNS} FROM asset_event WHERE asset_id = ?1 ORDER BY seq");
    let mut statement = connection.prepare_cached(&query)?;
    let rows = statement.query_map([id.as_str()], history_from_row)?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The ids that stand beside a text in the order of the alphabet.
fn ids_near(connection: &Connection, text: &str) -> rusqlite::Result<Vec<AssetId>> {
    let queries = [
        "SELECT id FROM asset WHERE id >= ?1 ORDER BY id LIMIT ?2",
        "SELECT id FROM asset WHERE id < ?1 ORDER BY id DESC LIMIT ?2",
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
        assert_eq!(inventory().asset_detail(&id("wbe-01")).unwrap(), None);
    }
}
