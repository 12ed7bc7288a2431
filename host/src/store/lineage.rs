//! Settles what a task run declared against what the catalog knows: which assets are new, changed or only used.

use std::collections::HashMap;

use rusqlite::Connection;

use crate::model::{Asset, AssetEvent, AssetId, Bundle, Declaration, Lineage, Namespace, State, Timestamp};

use super::payload::{AssetFact, BundleFact, LineageFact};
use super::{StoreError, assets, canonical};

/// All that one lineage event says of one asset.
#[derive(Default)]
struct Mentions<'a> {
    inputs: Vec<&'a Declaration>,
    outputs: Vec<&'a Declaration>,
}

enum Role {
    Input,
    Output,
}

/// Whether a task run that ended so leaves assets and edges behind. One that failed or was killed only used what
/// there was.
pub(super) fn leaves_assets(state: State) -> bool {
    !matches!(state, State::Failed | State::Killed)
}

/// Turns declarations into facts. Assets without a namespace take that of the flow.
pub(super) fn settle(
    connection: &Connection,
    lineage: &Lineage,
    flow_namespace: &Namespace,
    time: Timestamp,
) -> Result<LineageFact, StoreError> {
    let moment = Moment { flow_namespace, time };
    let mut facts = Vec::new();
    for (id, mentions) in mentions_in_order(&lineage.bundles) {
        let known = assets::find(connection, id)?;
        let fact = match (known, leaves_assets(lineage.state)) {
            (None, false) => None,
            (Some(asset), false) => Some(used(asset)),
            (Some(asset), true) if mentions.outputs.is_empty() => Some(used(asset)),
            (Some(asset), true) => Some(moment.updated(asset, &mentions.outputs)?),
            (None, true) if mentions.outputs.is_empty() => moment.created(&mentions.inputs)?,
            (None, true) => moment.created(&mentions.outputs)?,
        };
        facts.extend(fact);
    }
    Ok(LineageFact {
        state: lineage.state,
        assets: facts,
        bundles: lineage.bundles.iter().map(ids_of).collect(),
    })
}

/// Gathers what is said of each asset, in the order the assets are first named.
fn mentions_in_order(bundles: &[Bundle]) -> Vec<(&AssetId, Mentions<'_>)> {
    let mut places: HashMap<&AssetId, usize> = HashMap::new();
    let mut found: Vec<(&AssetId, Mentions<'_>)> = Vec::new();
    for bundle in bundles {
        let inputs = bundle.inputs.iter().map(|declaration| (declaration, Role::Input));
        let outputs = bundle.outputs.iter().map(|declaration| (declaration, Role::Output));
        for (declaration, role) in inputs.chain(outputs) {
            let place = *places.entry(&declaration.id).or_insert_with(|| {
                found.push((&declaration.id, Mentions::default()));
                found.len() - 1
            });
            match role {
                Role::Input => found[place].1.inputs.push(declaration),
                Role::Output => found[place].1.outputs.push(declaration),
            }
        }
    }
    found
}

fn ids_of(bundle: &Bundle) -> BundleFact {
    let ids = |declarations: &[Declaration]| declarations.iter().map(|declaration| declaration.id.clone()).collect();
    BundleFact {
        inputs: ids(&bundle.inputs),
        outputs: ids(&bundle.outputs),
    }
}

fn used(asset: Asset) -> AssetFact {
    AssetFact {
        event: AssetEvent::Used,
        asset,
        before: None,
    }
}

/// What the assets of one event share.
struct Moment<'a> {
    flow_namespace: &'a Namespace,
    time: Timestamp,
}

impl Moment<'_> {
    /// A new asset, from all declarations of it. One that is only an input is external unless it says more.
    fn created(&self, declarations: &[&Declaration]) -> Result<Option<AssetFact>, StoreError> {
        let Some((first, later)) = declarations.split_first() else {
            return Ok(None);
        };
        let mut asset = Asset::created(&settled(first)?, Some(self.flow_namespace), self.time);
        for declaration in later {
            asset = asset.updated(&settled(declaration)?, self.time);
        }
        Ok(Some(AssetFact {
            event: AssetEvent::Created,
            asset,
            before: None,
        }))
    }

    fn updated(&self, known: Asset, declarations: &[&Declaration]) -> Result<AssetFact, StoreError> {
        let mut asset = known.clone();
        for declaration in declarations {
            asset = asset.updated(&settled(declaration)?, self.time);
        }
        let before = (!asset.same_content(&known)).then_some(known);
        Ok(AssetFact {
            event: AssetEvent::Updated,
            asset,
            before,
        })
    }
}

/// The declaration with its numbers as the log will give them back, so that `2.0` declared again is no change.
pub(super) fn settled(declaration: &Declaration) -> Result<Declaration, StoreError> {
    let mut settled = declaration.clone();
    settled
        .metadata
        .values_mut()
        .try_for_each(canonical::settle)
        .map_err(|source| StoreError::Unrecordable { source })?;
    Ok(settled)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::model::{AssetDetailView, Bundle, CatalogReader, Json, State};
    use crate::store::Catalog;
    use crate::store::fixtures::{bundle, declared, execution_id, id, run, time};

    fn made(text: &str, metadata: Json) -> Bundle {
        Bundle {
            inputs: vec![],
            outputs: vec![declared(text, metadata)],
        }
    }

    fn detail(catalog: &Catalog, name: &str) -> AssetDetailView {
        catalog
            .asset_detail(&id(name), crate::model::AsOf::Now)
            .unwrap()
            .unwrap()
    }

    fn history(catalog: &Catalog, name: &str) -> Vec<String> {
        detail(catalog, name)
            .history
            .iter()
            .map(|entry| entry.event.to_string())
            .collect()
    }

    fn count(catalog: &Catalog, query: &str) -> i64 {
        catalog
            .read(|connection| Ok(connection.query_row(query, [], |row| row.get(0))?))
            .unwrap()
    }

    fn edges(catalog: &Catalog) -> Vec<String> {
        let query = "SELECT a.id || '>' || b.id || ' ' || edge.from_seq AS edge FROM edge
            JOIN asset AS a ON a.number = from_asset JOIN asset AS b ON b.number = to_asset ORDER BY edge";
        let read = |connection: &rusqlite::Connection| {
            let mut statement = connection.prepare(query)?;
            let rows = statement.query_map([], |row| row.get("edge"))?;
            Ok(rows.collect::<Result<_, _>>()?)
        };
        catalog.read(read).unwrap()
    }

    #[test]
    fn an_output_is_created_then_updated_and_keeps_when_it_was_created() {
        let catalog = Catalog::in_memory().unwrap();
        run(
            &catalog,
            1,
            State::Success,
            vec![made("vm:VM", json!({"size": {"cpu": 2, "gb": 8}, "zone": "a"}))],
        );
        run(
            &catalog,
            2,
            State::Success,
            vec![made("vm", json!({"size": {"gb": 16}, "zone": null}))],
        );
        let vm = detail(&catalog, "vm");
        assert_eq!((vm.asset.created, vm.asset.updated), (time(1), time(2)));
        assert_eq!(Json::Object(vm.asset.metadata), json!({"size": {"cpu": 2, "gb": 16}}));
        assert_eq!(vm.asset.namespace.unwrap().as_str(), "company.team");
        let told: Vec<_> = vm
            .history
            .iter()
            .map(|entry| (entry.event.name(), entry.execution_id.clone().unwrap(), entry.sequence))
            .collect();
        assert_eq!(told, [("CREATED", execution_id(1), 3), ("UPDATED", execution_id(2), 8)]);
        let versions = "SELECT group_concat(span) = '3-8,8-' FROM
            (SELECT from_seq || '-' || coalesce(to_seq, '') AS span FROM asset_ever ORDER BY from_seq)";
        assert_eq!(count(&catalog, versions), 1);
    }

    #[test]
    fn the_same_declaration_again_is_an_update_without_a_new_version() {
        let catalog = Catalog::in_memory().unwrap();
        let metadata = || json!({"gb": 2.0, "ratio": 0.1, "id": 4567890123456789012_u64, "b": 1, "a": 1, "big": 1e19});
        for number in 1..=3 {
            run(&catalog, number, State::Success, vec![made("vm:VM", metadata())]);
        }
        assert_eq!(history(&catalog, "vm"), ["CREATED", "UPDATED", "UPDATED"]);
        assert_eq!(detail(&catalog, "vm").asset.updated, time(3));
        assert_eq!(
            detail(&catalog, "vm").asset.metadata["id"],
            json!(4567890123456789012_u64)
        );
        assert_eq!(count(&catalog, "SELECT count(*) FROM asset_ever"), 1);
    }

    #[test]
    fn an_input_that_nobody_declared_is_external_until_somebody_does() {
        let catalog = Catalog::in_memory().unwrap();
        run(
            &catalog,
            1,
            State::Success,
            vec![bundle(&["net", "disk:Disk"], &["vm:VM"])],
        );
        assert!(detail(&catalog, "net").asset.asset_type.is_external());
        assert_eq!(detail(&catalog, "disk").asset.asset_type.as_str(), "Disk");
        run(&catalog, 2, State::Success, vec![bundle(&["net:Ignored"], &[])]);
        assert!(detail(&catalog, "net").asset.asset_type.is_external());
        run(&catalog, 3, State::Success, vec![made("net:Network", json!({}))]);
        let net = detail(&catalog, "net");
        assert_eq!((net.asset.asset_type.as_str(), net.asset.created), ("Network", time(1)));
        assert_eq!(history(&catalog, "net"), ["CREATED", "USED", "UPDATED"]);
        assert_eq!(net.children, [id("vm")]);
    }

    #[test]
    fn edges_join_only_what_was_declared_together_and_a_second_declaration_opens_none() {
        let catalog = Catalog::in_memory().unwrap();
        let bundles = || vec![bundle(&["a", "b"], &["c:T"]), bundle(&["d"], &["e:T", "f:T"])];
        run(&catalog, 1, State::Success, bundles());
        run(&catalog, 2, State::Warning, bundles());
        run(&catalog, 3, State::Success, vec![bundle(&["e"], &["c"])]);
        assert_eq!(edges(&catalog), ["a>c 3", "b>c 3", "d>e 3", "d>f 3", "e>c 13"]);
        assert_eq!(detail(&catalog, "c").parents, [id("a"), id("b"), id("e")]);
        assert_eq!(detail(&catalog, "d").children, [id("e"), id("f")]);
    }

    #[test]
    fn an_asset_named_many_times_changes_once_and_was_not_made_from_itself() {
        let catalog = Catalog::in_memory().unwrap();
        let twice = Bundle {
            inputs: vec![
                declared("vm", json!({})),
                declared("net", json!({})),
                declared("net:Network", json!({})),
            ],
            outputs: vec![declared("vm:VM", json!({"a": 1})), declared("vm", json!({"b": 2}))],
        };
        let receipt = run(
            &catalog,
            1,
            State::Success,
            vec![twice.clone(), twice, bundle(&["vm"], &["vm"])],
        );
        assert_eq!(receipt.assets.len(), 2);
        assert_eq!(history(&catalog, "vm"), ["CREATED"]);
        assert_eq!(
            Json::Object(detail(&catalog, "vm").asset.metadata),
            json!({"a": 1, "b": 2})
        );
        assert_eq!(detail(&catalog, "net").asset.asset_type.as_str(), "Network");
        assert_eq!(edges(&catalog), ["net>vm 3"]);
    }

    #[test]
    fn a_failed_task_used_what_was_there_and_leaves_nothing_else() {
        let catalog = Catalog::in_memory().unwrap();
        run(&catalog, 1, State::Success, vec![made("vm:VM", json!({"a": 1}))]);
        for (number, state) in [(2, State::Failed), (3, State::Killed)] {
            let bundles = vec![bundle(&["net"], &["new:VM"]), made("vm:Other", json!({"a": 2}))];
            let receipt = run(&catalog, number, state, bundles);
            let told: Vec<_> = receipt
                .assets
                .iter()
                .map(|change| format!("{} {}", change.id, change.event))
                .collect();
            assert_eq!(told, ["vm USED"]);
        }
        assert_eq!(Json::Object(detail(&catalog, "vm").asset.metadata), json!({"a": 1}));
        assert_eq!(detail(&catalog, "vm").asset.updated, time(1));
        assert_eq!(catalog.asset(&id("net")).unwrap(), None);
        assert_eq!(catalog.asset(&id("new")).unwrap(), None);
        assert_eq!(edges(&catalog), Vec::<String>::new());
        let kept =
            r#"SELECT count(*) FROM event WHERE payload LIKE '%"bundles":[{"inputs":["net"],"outputs":["new"]}%'"#;
        assert_eq!(count(&catalog, kept), 2);
    }
}
