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
    Ok(LineageFact { state: lineage.state, assets: facts, bundles: lineage.bundles.iter().map(ids_of).collect() })
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
    BundleFact { inputs: ids(&bundle.inputs), outputs: ids(&bundle.outputs) }
}

fn used(asset: Asset) -> AssetFact {
    AssetFact { event: AssetEvent::Used, asset, before: None }
}

/// What the assets of one event share.
struct Moment<'a> {
    flow_namespace: &'a Namespace,
    time: Timestamp,
}

impl Moment<'_> {
    /// A new asset, from all declarations of it. One that is only an input is external unless it says more.
    fn created(&self, declarations: &[&Declaration]) -> Result<Option<AssetFact>, StoreError> {
        let Some((first, later)) = declarations.split_first() else { return Ok(None) };
        let mut asset = Asset::created(&settled(first)?, self.flow_namespace, self.time);
        for declaration in later {
            asset = asset.updated(&settled(declaration)?, self.time);
        }
        Ok(Some(AssetFact { event: AssetEvent::Created, asset, before: None }))
    }

    fn updated(&self, known: Asset, declarations: &[&Declaration]) -> Result<AssetFact, StoreError> {
        let mut asset = known.clone();
        for declaration in declarations {
            asset = asset.updated(&settled(declaration)?, self.time);
        }
        let before = (!asset.same_content(&known)).then_some(known);
        Ok(AssetFact { event: AssetEvent::Updated, asset, before })
    }
}

/// The declaration with its numbers as the log will give them back, so that `2.0` declared again is no change.
fn settled(declaration: &Declaration) -> Result<Declaration, StoreError> {
    let mut settled = declaration.clone();
    settled.metadata.values_mut().try_for_each(canonical::settle).map_err(|source| StoreError::Unrecordable { source })?;
    Ok(settled)
}
