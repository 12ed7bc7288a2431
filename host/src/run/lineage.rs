//! What a task run used and made: the flow's declaration rendered, and the plugin's answer held against it.

use std::collections::HashSet;

use crate::expr::Scope;
use crate::model::{AssetId, Bundle, Declaration, Grants};
use crate::plan::Task;

/// Renders the task's declaration; nothing where it has none. The error is for the operator.
pub(super) fn rendered(
    task: &Task,
    scope: &Scope<'_>,
    exists: &dyn Fn(&AssetId) -> Result<bool, String>,
) -> Result<Option<Bundle>, String> {
    let Some(block) = &task.assets else { return Ok(None) };
    let (bundle, required) = block.render(scope).map_err(|finding| finding.message)?;
    for id in required {
        if !exists(&id)? {
            return Err(format!("the input `{id}` is required, and there is no such asset"));
        }
    }
    Ok(Some(bundle))
}

/// What may be recorded of a plugin's answer.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Admitted {
    pub bundles: Vec<Bundle>,
    /// Assets that only a grant lets the plugin declare.
    pub granted: Vec<AssetId>,
    pub dropped: Vec<(AssetId, Dropped)>,
}

/// Why an asset is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dropped {
    /// The flow does not declare it.
    Undeclared,
    /// The flow reads it, and the plugin would write it.
    OnlyRead,
    /// The flow takes what is new, and this is somebody else's.
    Existing,
}

/// Keeps what the flow declared of a plugin's answer and what the plugin is granted; where the flow says so, also what
/// is new. The error is that of the catalog.
pub(super) fn admitted(
    answer: Vec<Bundle>,
    declared: &Bundle,
    enable_auto: bool,
    grants: &Grants,
    exists: &dyn Fn(&AssetId) -> Result<bool, String>,
) -> Result<Admitted, String> {
    let ids = |of: &'_ [Declaration]| of.iter().map(|asset| asset.id.clone()).collect::<HashSet<AssetId>>();
    let (read, written) = (ids(&declared.inputs), ids(&declared.outputs));
    let mut admitted = Admitted::default();
    for bundle in answer {
        let mut keep = |assets: Vec<Declaration>, is_output: bool| -> Result<Vec<Declaration>, String> {
            let mut kept = Vec::new();
            for asset in assets {
                // What the flow makes may also be read by what it makes next, but not the other way round.
                if written.contains(&asset.id) || (!is_output && read.contains(&asset.id)) {
                    kept.push(asset);
                } else if grants.asset(&asset.id, asset.asset_type.as_ref()).is_some() {
                    admitted.granted.push(asset.id.clone());
                    kept.push(asset);
                } else if is_output && read.contains(&asset.id) {
                    admitted.dropped.push((asset.id, Dropped::OnlyRead));
                } else if !enable_auto {
                    admitted.dropped.push((asset.id, Dropped::Undeclared));
                } else if is_output && exists(&asset.id)? {
                    admitted.dropped.push((asset.id, Dropped::Existing));
                } else {
                    kept.push(asset);
                }
            }
            Ok(kept)
        };
        let inputs = keep(bundle.inputs, false)?;
        let outputs = keep(bundle.outputs, true)?;
        admitted.bundles.push(Bundle { inputs, outputs });
    }
    Ok(admitted)
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

    fn check(answer: Bundle, enable_auto: bool, grant: Option<&str>, kept: Bundle, dropped: &[(&str, Dropped)]) {
        let declared = bundle(&["vm"], &["snapshot"]);
        let grants: Grants = grant.iter().map(|text| text.parse().unwrap()).collect();
        let exists = |id: &AssetId| Ok(id.as_str().starts_with("old"));
        let found = admitted(vec![answer], &declared, enable_auto, &grants, &exists).unwrap();
        let dropped = dropped
            .iter()
            .map(|(id, why)| (AssetId::parse(id).unwrap(), *why))
            .collect::<Vec<_>>();
        assert_eq!((found.bundles, found.dropped), (vec![kept], dropped));
    }

    #[test]
    fn a_plugin_cannot_declare_what_the_flow_does_not() {
        let answer = || bundle(&["vm"], &["snapshot", "stranger"]);
        let kept = bundle(&["vm"], &["snapshot"]);
        check(
            answer(),
            false,
            None,
            kept.clone(),
            &[("stranger", Dropped::Undeclared)],
        );
        check(answer(), true, None, answer(), &[]);
        check(answer(), false, Some("assets=stranger"), answer(), &[]);
        check(
            answer(),
            false,
            Some("assets=strange"),
            kept,
            &[("stranger", Dropped::Undeclared)],
        );
    }

    #[test]
    fn a_plugin_cannot_write_what_the_flow_only_reads() {
        let answer = || bundle(&["snapshot"], &["vm"]);
        let kept = bundle(&["snapshot"], &[]);
        for enable_auto in [false, true] {
            check(answer(), enable_auto, None, kept.clone(), &[("vm", Dropped::OnlyRead)]);
            check(answer(), enable_auto, Some("assets=vm"), answer(), &[]);
        }
    }

    #[test]
    fn a_plugin_cannot_change_what_exists_and_is_not_the_flows() {
        let answer = || bundle(&["old-input"], &["old-output", "new"]);
        let kept = bundle(&["old-input"], &["new"]);
        check(answer(), true, None, kept, &[("old-output", Dropped::Existing)]);
        check(answer(), true, Some("assets=old-*"), answer(), &[]);
    }
}
