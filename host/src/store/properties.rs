//! What holds of the catalog whatever happened to it: runs, changes by hand, pruning.

use std::ops::ControlFlow;

use proptest::prelude::*;
use serde_json::json;

use super::fixtures::{self, Folder, declared, id, time};
use super::{AssetSearch, Catalog, Direction, ExportedFiles, GraphRequest};
use crate::model::{
    AsOf, Asset, AssetEdit, AssetId, AssetTypeDefinition, Bundle, Declaration, ExportLine, Json, Person, RunEventKind,
    State,
};

/// Something that happens to a catalog.
#[derive(Debug, Clone)]
enum Step {
    Run(u32, Vec<RunEventKind>),
    Edit(AssetEdit),
    Type(AssetTypeDefinition),
}

fn person() -> Person {
    Person {
        user: "ada".to_owned(),
        reason: Some("because".to_owned()),
    }
}

/// Takes a step; a refused edit leaves nothing behind.
fn take(catalog: &Catalog, step: &Step, number: i64) {
    let now = time(number);
    match step {
        Step::Run(run, events) => drop(fixtures::record(catalog, *run, events.clone())),
        Step::Edit(edit) => drop(catalog.edit(edit, &person(), now, None)),
        Step::Type(definition) => catalog.register_type(definition.clone(), &person(), now).unwrap(),
    }
}

fn any_metadata() -> impl Strategy<Value = Json> {
    let value = prop_oneof![
        Just(Json::Null),
        (0_i64..3).prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        "[a-c]{0,2}".prop_map(Json::from),
        (0_i64..3).prop_map(|inner| json!({"z": "deep", "a": [inner, null]})),
    ];
    prop::collection::hash_map("[a-c]", value, 0..4).prop_map(|map| Json::Object(map.into_iter().collect()))
}

fn any_id() -> impl Strategy<Value = AssetId> {
    "[a-e]".prop_map(|name| id(&name))
}

fn any_declaration() -> impl Strategy<Value = Declaration> {
    ("[a-e](:[XY])?", any_metadata()).prop_map(|(name, metadata)| declared(&name, metadata))
}

fn any_bundle() -> impl Strategy<Value = Bundle> {
    let some = || prop::collection::vec(any_declaration(), 0..3);
    (some(), some()).prop_map(|(inputs, outputs)| Bundle { inputs, outputs })
}

fn any_edit() -> impl Strategy<Value = AssetEdit> {
    prop_oneof![
        3 => (any_declaration(), prop::collection::vec(any_id(), 0..3))
            .prop_map(|(declaration, inputs)| AssetEdit::Set { declaration, inputs }),
        3 => prop::collection::btree_set(any_id(), 1..3).prop_map(|ids| AssetEdit::Delete(ids.into_iter().collect())),
        2 => any_id().prop_map(AssetEdit::Restore),
        1 => (any_id(), any::<bool>()).prop_map(|(id, protected)| AssetEdit::Protect { id, protected }),
        1 => (any_id(), any::<bool>()).prop_map(|(id, on)| {
            let value = if on { json!("x") } else { Json::Null };
            AssetEdit::Label { id, labels: [("team".to_owned(), value)].into_iter().collect() }
        }),
    ]
}

fn any_step() -> impl Strategy<Value = Step> {
    let state = prop_oneof![4 => Just(State::Success), 1 => Just(State::Failed)];
    let lineage = (state, prop::collection::vec(any_bundle(), 0..3))
        .prop_map(|(state, bundles)| vec![fixtures::started("x"), fixtures::lineage(state, bundles)]);
    let schema = any::<bool>().prop_map(|expires| AssetTypeDefinition {
        name: crate::model::AssetType::parse("X").unwrap(),
        description: None,
        schema: None,
        expiry: if expires { vec!["a".to_owned()] } else { Vec::new() },
    });
    prop_oneof![
        5 => (0_u32..4, lineage).prop_map(|(run, events)| Step::Run(run, events)),
        5 => any_edit().prop_map(Step::Edit),
        1 => schema.prop_map(Step::Type),
    ]
}

fn all(catalog: &Catalog, as_of: AsOf) -> Vec<Asset> {
    let mut found = Vec::new();
    let search = AssetSearch {
        as_of,
        ..AssetSearch::default()
    };
    let visit = &mut |asset| {
        found.push(asset);
        ControlFlow::Continue(())
    };
    catalog.visit_assets(&search, &|_| true, visit).unwrap();
    found
}

/// All that can be asked about a moment.
fn answers(catalog: &Catalog, as_of: AsOf) -> String {
    let mut text = String::new();
    for asset in all(catalog, as_of) {
        let detail = catalog.asset_detail(&asset.id, as_of).unwrap();
        let dependents = catalog.dependents(&asset.id, as_of, 100).unwrap().unwrap();
        text += &format!(
            "{asset:?}\n{detail:?}\n{}\n{:?}\n",
            graph_of(catalog, &asset.id, as_of),
            (dependents.root, dependents.below)
        );
    }
    text
}

/// All that is known now: the assets and what hangs on them, which are orphans, and the edges that come back with what
/// was deleted.
fn known_now(catalog: &Catalog) -> (String, Vec<Asset>, Vec<(String, String)>) {
    let query = "SELECT upper.id, lower.id FROM edge JOIN asset AS upper ON upper.number = from_asset
        JOIN asset AS lower ON lower.number = to_asset
        WHERE edge.to_seq IN (upper.to_seq, lower.to_seq) ORDER BY 1, 2";
    let kept = |connection: &rusqlite::Connection| {
        let mut statement = connection.prepare(query)?;
        let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    };
    let graphs: Vec<_> = all(catalog, AsOf::Now)
        .iter()
        .map(|asset| graph_of(catalog, &asset.id, AsOf::Now))
        .collect();
    (
        format!("{:?}\n{graphs:?}", all(catalog, AsOf::Now)),
        catalog.orphans().unwrap(),
        catalog.read(kept).unwrap(),
    )
}

fn graph_of(catalog: &Catalog, root: &AssetId, as_of: AsOf) -> String {
    let request = GraphRequest {
        root: root.clone(),
        direction: Direction::Both,
        depth: None,
        nodes: 100,
        as_of,
    };
    format!("{:?}", catalog.graph(&request).unwrap())
}

fn export(catalog: &Catalog, whole: bool) -> Vec<ExportLine> {
    let mut lines = Vec::new();
    let sink = &mut |line: &ExportLine| {
        lines.push(serde_json::from_str(&serde_json::to_string(line)?)?);
        Ok(())
    };
    match whole {
        true => catalog.export_log(ExportedFiles::WithContent, sink).unwrap(),
        false => catalog
            .export_assets(&AssetSearch::default(), &mut |_| true, sink)
            .unwrap(),
    }
    lines
}

fn import(lines: &[ExportLine]) -> Catalog {
    let catalog = Catalog::in_memory().unwrap();
    let mut lines = (1_u64..).zip(lines.iter().cloned().map(Ok));
    catalog.import(&mut lines, &person(), time(1_000)).unwrap();
    catalog
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_rebuild_gives_the_same_tables_also_after_pruning(
        steps in prop::collection::vec(any_step(), 1..20),
        prunes in prop::collection::vec(0_usize..20, 0..3),
    ) {
        let catalog = Catalog::in_memory().unwrap();
        for (number, step) in steps.iter().enumerate() {
            take(&catalog, step, number as i64);
            if prunes.contains(&number) {
                let last = catalog.stats().unwrap().events;
                let before = known_now(&catalog);
                catalog.prune(AsOf::Event(last / 2), &person(), time(number as i64)).unwrap();
                prop_assert_eq!(known_now(&catalog), before);
            }
        }
        let before = fixtures::dump(&catalog);
        prop_assert_eq!(catalog.verify(None).unwrap().problem, None);
        prop_assert_eq!(catalog.stray_row().unwrap(), None);
        catalog.rebuild().unwrap();
        prop_assert_eq!(fixtures::dump(&catalog), before);
        prop_assert_eq!(catalog.verify(None).unwrap().problem, None);
    }

    #[test]
    fn the_catalog_as_of_every_event_is_the_catalog_that_stopped_there(steps in prop::collection::vec(any_step(), 1..16)) {
        let catalog = Catalog::in_memory().unwrap();
        let mut told = Vec::new();
        for (number, step) in steps.iter().enumerate() {
            take(&catalog, step, number as i64);
            told.push((catalog.stats().unwrap().events, answers(&catalog, AsOf::Now)));
        }
        for (sequence, expected) in told {
            prop_assert_eq!(answers(&catalog, AsOf::Event(sequence)), expected, "event {}", sequence);
        }
    }

    #[test]
    fn what_an_export_wrote_is_taken_in_as_it_was(steps in prop::collection::vec(any_step(), 1..16), pruned in any::<bool>()) {
        let catalog = Catalog::in_memory().unwrap();
        for (number, step) in steps.iter().enumerate() {
            take(&catalog, step, number as i64);
        }
        if pruned {
            catalog.prune(AsOf::Event(steps.len() as u64 / 2), &person(), time(99)).unwrap();
        }
        let whole = export(&catalog, true);
        let copy = import(&whole);
        prop_assert_eq!(copy.checkpoint().unwrap(), catalog.checkpoint().unwrap());
        prop_assert_eq!(fixtures::dump(&copy), fixtures::dump(&catalog));
        prop_assert_eq!(export(&copy, true), whole);
        // What is taken in together was created together, and is in the order of its ids.
        let sorted = |mut lines: Vec<ExportLine>| {
            lines.sort_by_key(|line| serde_json::to_string(line).unwrap());
            lines
        };
        let assets = export(&catalog, false);
        let copy = import(&assets);
        prop_assert_eq!(sorted(export(&copy, false)), sorted(assets));
        let again = export(&copy, true).len();
        copy.import(&mut (1_u64..).zip(export(&catalog, false).into_iter().map(Ok)), &person(), time(2_000)).unwrap();
        let types = export(&catalog, false).iter().filter(|line| matches!(line, ExportLine::AssetType(_))).count();
        prop_assert_eq!(export(&copy, true).len(), again + types, "what is known already makes no event");
    }

    #[test]
    fn the_difference_of_two_moments_leads_from_one_to_the_other(
        steps in prop::collection::vec(any_step(), 2..16), first in 0_u64..20, second in 0_u64..20,
    ) {
        let catalog = Catalog::in_memory().unwrap();
        for (number, step) in steps.iter().enumerate() {
            take(&catalog, step, number as i64);
        }
        let last = catalog.stats().unwrap().events;
        let (from, to) = (AsOf::Event(first.min(last)), AsOf::Event(second.min(last)));
        let view = catalog.difference(from, to).unwrap();
        let ids = |as_of| all(&catalog, as_of).into_iter().map(|asset| asset.id).collect::<std::collections::BTreeSet<_>>();
        let (before, after) = (ids(from), ids(to));
        let named = |assets: &[crate::model::ChangedAsset]| assets.iter().map(|asset| asset.id.clone()).collect::<std::collections::BTreeSet<_>>();
        prop_assert_eq!(named(&view.created), &after - &before);
        prop_assert_eq!(named(&view.deleted), &before - &after);
        let back = catalog.difference(to, from).unwrap();
        prop_assert_eq!(named(&back.created), named(&view.deleted));
        prop_assert_eq!(back.edges_opened, view.edges_closed);
        prop_assert_eq!(named(&back.changed), named(&view.changed));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn any_changed_bit_of_the_log_is_found(place in any::<prop::sample::Index>(), column in 0_usize..4, bit in 0_u8..8, event in 1_i64..=9) {
        let folder = Folder::new();
        let path = folder.path("catalog.db");
        let catalog = Catalog::open(&path).unwrap();
        fixtures::run(&catalog, 1, State::Success, vec![fixtures::bundle(&["net"], &["vm:VM"])]);
        catalog.edit(&AssetEdit::Delete(vec![id("net")]), &person(), time(2), None).unwrap();
        fixtures::run(&catalog, 3, State::Success, vec![fixtures::bundle(&["vm"], &["disk"])]);
        let raw = fixtures::raw(&path);
        let column = ["payload", "payload_hash", "prev_hash", "hash"][column];
        let query = format!("SELECT CAST({column} AS BLOB) AS bytes FROM event WHERE seq = ?1");
        let mut bytes: Vec<u8> = raw.query_row(&query, [event], |row| row.get("bytes")).unwrap();
        let place = place.index(bytes.len());
        bytes[place] ^= 1 << bit;
        let value = if column == "payload" { "CAST(?1 AS TEXT)" } else { "?1" };
        raw.execute(&format!("UPDATE event SET {column} = {value} WHERE seq = ?2"), (bytes, event)).unwrap();
        let view = catalog.verify(None).unwrap();
        prop_assert!(view.problem.is_some());
        prop_assert!(view.broken_sequence.is_some_and(|found| found <= event as u64 + 1));
    }
}

#[test]
fn a_truncated_log_with_tables_that_fit_is_found_by_a_checkpoint() {
    let catalog = Catalog::in_memory().unwrap();
    fixtures::run(&catalog, 1, State::Success, vec![fixtures::bundle(&[], &["vm:VM"])]);
    let short = export(&catalog, true);
    fixtures::run(&catalog, 2, State::Success, vec![fixtures::bundle(&[], &["vm:VM"])]);
    let checkpoint = catalog.checkpoint().unwrap();
    assert_eq!(catalog.verify(Some(&checkpoint)).unwrap().problem, None);
    let forged = import(&short);
    assert_eq!(forged.verify(None).unwrap().problem, None);
    assert_eq!(
        forged.verify(Some(&checkpoint)).unwrap().problem.as_deref(),
        Some("event 6 is missing: the checkpoint knows events up to 10")
    );
    fixtures::run(&forged, 7, State::Success, vec![fixtures::bundle(&[], &["other:VM"])]);
    assert_eq!(
        forged.verify(Some(&checkpoint)).unwrap().problem.as_deref(),
        Some("the log up to event 10 is not the one the checkpoint was taken of")
    );
}

#[test]
fn a_changed_export_is_refused_and_leaves_nothing_behind() {
    let catalog = Catalog::in_memory().unwrap();
    fixtures::run(&catalog, 1, State::Success, vec![fixtures::bundle(&[], &["vm:VM"])]);
    let mut lines = export(&catalog, true);
    for line in &mut lines {
        if let ExportLine::Event(event) = line
            && event.sequence == 3
        {
            event.payload.as_mut().unwrap()["time"] = json!("2030-01-01T00:00:00Z");
        }
    }
    let target = Catalog::in_memory().unwrap();
    let error = target
        .import(&mut (1_u64..).zip(lines.into_iter().map(Ok)), &person(), time(1))
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "line 4: the hash of event 3 does not hold: it was changed"
    );
    assert_eq!(target.stats().unwrap().events, 0);
}
