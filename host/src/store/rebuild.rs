//! Computes every table anew from the log.

use rusqlite::Connection;

use super::catalog::Durability;
use super::chain::{self, Head};
use super::record::Recorded;
use super::{Catalog, StoreError, prune, verify};

/// The tables that are computed from the log.
pub(super) const PROJECTIONS: [&str; 15] = [
    "flow_source",
    "execution",
    "task_run",
    "grant_use",
    "key_value",
    "file",
    "type_name",
    "asset",
    "asset_version",
    "edge",
    "asset_change",
    "asset_event",
    "asset_value",
    "asset_type",
    "pruned",
];

impl Catalog {
    /// Drops what was computed from the log and computes it again; the result is the same, byte for byte. Returns how
    /// many events there are.
    ///
    /// # Errors
    /// When an event does not hold or cannot be read, or the catalog cannot be written; it stays as it was then.
    pub fn rebuild(&self) -> Result<u64, StoreError> {
        self.write(Durability::Power, |connection| {
            verify::refuse_broken_events(connection)?;
            rebuild(connection)
        })
    }

    /// The first place where the tables are not what the log says, in words.
    ///
    /// # Errors
    /// When the log cannot be read, or there is no room to compute the tables beside the catalog.
    pub fn stray_row(&self) -> Result<Option<String>, StoreError> {
        self.read(|connection| {
            // A database without a name is a file of its own that goes with the connection.
            let scratch = Connection::open("")?;
            scratch.execute_batch(include_str!("schema.sql"))?;
            scratch.execute_batch("BEGIN")?;
            replay(connection, &scratch, i64::MAX)?;
            for table in PROJECTIONS {
                if let Some(row) = first_difference(connection, &scratch, table)? {
                    return Ok(Some(format!(
                        "row {row} of the table `{table}` is not what the log says"
                    )));
                }
            }
            Ok(None)
        })
    }
}

/// The number of the first row of a table that is not the same in both, from 1.
fn first_difference(one: &Connection, other: &Connection, table: &str) -> Result<Option<u64>, StoreError> {
    let query = format!("SELECT * FROM {table}");
    let (mut one, mut other) = (one.prepare(&query)?, other.prepare(&query)?);
    let columns = one.column_count();
    let (mut one, mut other) = (one.query([])?, other.query([])?);
    for number in 1.. {
        let is_same = match (one.next()?, other.next()?) {
            (None, None) => return Ok(None),
            (Some(one), Some(other)) => {
                let mut is_same = true;
                for column in 0..columns {
                    is_same &= one.get_ref(column)? == other.get_ref(column)?;
                }
                is_same
            }
            (Some(_), None) | (None, Some(_)) => false,
        };
        if !is_same {
            return Ok(Some(number));
        }
    }
    Ok(None)
}

/// The same in a transaction that is under way, whether or not the log holds.
pub(super) fn rebuild(connection: &Connection) -> Result<u64, StoreError> {
    for table in PROJECTIONS {
        connection.execute(&format!("DELETE FROM {table}"), [])?;
    }
    let head = replay(connection, connection, i64::MAX)?;
    head.write(connection)?;
    Ok(head.seq.unsigned_abs())
}

/// Applies the events of one catalog up to a number to the empty tables of another, or of itself. Where events were
/// pruned it starts from the snapshot that stands for them.
pub(super) fn replay(source: &Connection, target: &Connection, until: i64) -> Result<Head, StoreError> {
    let mut head = prune::start_of(source, target)?;
    let mut statement =
        source.prepare("SELECT seq, payload, hash FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq")?;
    let mut rows = statement.query([head.seq, until])?;
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get("seq")?;
        let payload = row.get_ref("payload")?.as_str().map_err(rusqlite::Error::from)?;
        let event = Recorded::decode(payload).map_err(|source| StoreError::BadEvent { sequence, source })?;
        event.apply(target)?;
        let hash: chain::Hash = row.get("hash")?;
        head = Head {
            seq: sequence,
            hash,
            time: event.time(),
        };
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::model::{AsOf, Bundle, Declaration, Json, LogLevel, Person, RunEventKind, State};
    use crate::store::fixtures::{self, declared, finished, lineage, logged, started, task_finished, task_started};

    fn any_state() -> impl Strategy<Value = State> {
        prop_oneof![4 => Just(State::Success), 1 => Just(State::Warning), 1 => Just(State::Failed), 1 => Just(State::Killed)]
    }

    fn any_metadata() -> impl Strategy<Value = Json> {
        let value = prop_oneof![
            Just(Json::Null),
            (0_i64..3).prop_map(Json::from),
            any::<u64>().prop_map(Json::from),
            any::<f64>().prop_map(Json::from),
            (0_i32..3).prop_map(|whole| Json::from(f64::from(whole))),
            any::<String>().prop_map(Json::from),
            (0_i64..3).prop_map(|inner| json!({"z": inner, "a": [inner, null]})),
        ];
        prop::collection::hash_map("[a-c]", value, 0..4).prop_map(|map| Json::Object(map.into_iter().collect()))
    }

    fn any_declarations() -> impl Strategy<Value = Vec<Declaration>> {
        let declaration = ("[a-e](:[XY])?", any_metadata()).prop_map(|(name, metadata)| declared(&name, metadata));
        prop::collection::vec(declaration, 0..4)
    }

    fn any_bundles() -> impl Strategy<Value = Vec<Bundle>> {
        let bundle = (any_declarations(), any_declarations()).prop_map(|(inputs, outputs)| Bundle { inputs, outputs });
        prop::collection::vec(bundle, 0..3)
    }

    fn any_event() -> impl Strategy<Value = RunEventKind> {
        prop_oneof![
            "[a-c]".prop_map(|source| started(&source)),
            Just(task_started()),
            any::<String>().prop_map(|message| logged(LogLevel::Warn, &message)),
            (any_state(), any_bundles()).prop_map(|(state, bundles)| lineage(state, bundles)),
            any_state().prop_map(|state| task_finished(state, &[])),
            any_state().prop_map(finished),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn a_rebuild_gives_the_same_tables(
            appends in prop::collection::vec((0_u32..4, prop::collection::vec(any_event(), 1..5)), 1..12),
        ) {
            let catalog = Catalog::in_memory().unwrap();
            for (number, events) in appends {
                fixtures::record(&catalog, number, events);
            }
            let before = fixtures::dump(&catalog);
            let events = catalog.rebuild().unwrap();
            prop_assert_eq!(fixtures::dump(&catalog), before);
            prop_assert_eq!(Some(events).filter(|count| *count > 0), catalog.verify(None).unwrap().head.map(|_| events));
        }
    }

    #[test]
    fn a_rebuild_mends_tables_that_were_tampered_with() {
        let catalog = Catalog::in_memory().unwrap();
        fixtures::run(
            &catalog,
            1,
            State::Success,
            vec![fixtures::bundle(&["net"], &["vm:VM"])],
        );
        let before = fixtures::dump(&catalog);
        let forge = "DELETE FROM asset WHERE id = 'net'; UPDATE asset SET type = 1; DELETE FROM edge;
            UPDATE execution SET state = 'FAILED'; UPDATE head SET seq = 2;";
        catalog
            .write(Durability::Process, |connection| Ok(connection.execute_batch(forge)?))
            .unwrap();
        assert_ne!(fixtures::dump(&catalog), before);
        let told = catalog.stray_row().unwrap();
        assert_eq!(
            told.as_deref(),
            Some("row 1 of the table `execution` is not what the log says")
        );
        assert_eq!(catalog.rebuild().unwrap(), 5);
        assert_eq!(fixtures::dump(&catalog), before);
        assert_eq!(catalog.stray_row().unwrap(), None);
    }

    #[test]
    fn a_forged_event_enters_neither_the_tables_nor_a_snapshot() {
        let folder = fixtures::Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(
            &catalog,
            1,
            State::Success,
            vec![fixtures::bundle(&["net"], &["vm:VM"])],
        );
        let before = fixtures::dump(&catalog);
        let forge = "UPDATE event SET payload = replace(payload, 'VM', 'XX') WHERE seq = 3";
        fixtures::raw(&path).execute_batch(forge).unwrap();
        let person = Person {
            user: "ada".to_owned(),
            reason: None,
        };
        let told =
            "the log of the catalog does not hold: event 3 was edited: its payload does not match its payload hash";
        let pruned = catalog.prune(AsOf::Now, &person, fixtures::time(9)).unwrap_err();
        let rebuilt = catalog.rebuild().unwrap_err();
        assert_eq!([pruned.to_string(), rebuilt.to_string()], [told, told]);
        assert_eq!(fixtures::dump(&catalog), before);
    }
}
