//! What a task run used and made: the flow's declaration rendered, and the plugin's answer held against it.

use std::collections::HashSet;

use crate::expr::Scope;
use crate::model::{AssetId, Bundle};
use crate::plan::Task;

/// Renders the task's declaration; nothing where it has none. The error is for the operator.
pub(super) fn rendered(task: &Task, scope: &Scope<'_>) -> Result<Option<Bundle>, String> {
    let Some(block) = &task.assets else { return Ok(None) };
    block.render(scope).map(Some).map_err(|finding| finding.message)
}

/// Keeps what the flow declared of a plugin's answer, or all of it where the flow says so. Gives the rest's ids.
pub(super) fn admitted(answer: Vec<Bundle>, declared: &Bundle, enable_auto: bool) -> (Vec<Bundle>, Vec<AssetId>) {
    if enable_auto {
        return (answer, Vec::new());
    }
    let known: HashSet<&AssetId> = declared
        .inputs
        .iter()
        .chain(&declared.outputs)
        .map(|asset| &asset.id)
        .collect();
    let mut dropped = Vec::new();
    let mut keep = |assets: Vec<crate::model::Declaration>| {
        let (kept, rest): (Vec<_>, Vec<_>) = assets.into_iter().partition(|asset| known.contains(&asset.id));
        dropped.extend(rest.into_iter().map(|asset| asset.id));
        kept
    };
    let bundles = answer
        .into_iter()
        .map(|bundle| Bundle {
            inputs: keep(bundle.inputs),
            outputs: keep(bundle.outputs),
        })
        .collect();
    (bundles, dropped)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Declaration;

    fn bundle(inputs: &[&str], outputs: &[&str]) -> Bundle {
        let of = |ids: &[&str]| {
            ids.iter()
                .map(|id| Declaration::of(AssetId::parse(id).unwrap()))
                .collect()
        };
        Bundle {
            inputs: of(inputs),
            outputs: of(outputs),
        }
    }

    #[test]
    fn a_plugin_cannot_declare_what_the_flow_does_not() {
        let declared = bundle(&["vm"], &["snapshot"]);
        let (kept, dropped) = admitted(vec![bundle(&["vm"], &["snapshot", "stranger"])], &declared, false);
        assert_eq!(kept, [bundle(&["vm"], &["snapshot"])]);
        assert_eq!(dropped, [AssetId::parse("stranger").unwrap()]);
        let (kept, dropped) = admitted(vec![bundle(&[], &["stranger"])], &declared, true);
        assert_eq!((kept, dropped), (vec![bundle(&[], &["stranger"])], vec![]));
    }
}
