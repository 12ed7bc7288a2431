//! The plan of a deletion: what would be orphaned, what is shared with something that stays, what would go along.

use std::collections::{HashMap, HashSet};

use crate::model::{Alone, AssetId, Cascade, Dependent, Dependents, ImpactEntry, ImpactView};

/// Plans the deletion of the root. With a cascade goes everything that is made only from what goes, protected assets
/// excepted; a circle that nothing else leads into goes as a whole.
pub fn impact(dependents: &Dependents) -> ImpactView {
    let root = &dependents.root.id;
    let going = going(root, &dependents.below);
    let entry = |dependent: &Dependent| {
        let other_parents: Vec<AssetId> = others(dependent, |parent| parent != root);
        let survivors: Vec<AssetId> = others(dependent, |parent| parent != root && !going.contains(parent));
        let is_protected = dependent.asset.protected;
        ImpactEntry {
            id: dependent.asset.id.clone(),
            asset_type: dependent.asset.asset_type.clone(),
            depth: dependent.depth,
            alone: if other_parents.is_empty() {
                Alone::Orphaned
            } else {
                Alone::Shared
            },
            cascade: match going.contains(&dependent.asset.id) {
                true => Cascade::Deleted,
                false if is_protected && survivors.is_empty() => Cascade::Protected,
                false => Cascade::Shared,
            },
            other_parents,
            survivors,
        }
    };
    ImpactView {
        id: root.clone(),
        asset_type: dependents.root.asset_type.clone(),
        protected: dependents.root.protected,
        dependents: dependents.below.iter().map(entry).collect(),
        partial: dependents.partial,
    }
}

fn others(dependent: &Dependent, keep: impl Fn(&AssetId) -> bool) -> Vec<AssetId> {
    dependent
        .parents
        .iter()
        .filter(|parent| keep(parent))
        .cloned()
        .collect()
}

/// The largest set of dependents all of whose parents are in it, or the root. Starts from all and takes out whatever
/// has a parent outside, until nothing has.
fn going<'a>(root: &'a AssetId, below: &'a [Dependent]) -> HashSet<&'a AssetId> {
    let mut children: HashMap<&AssetId, Vec<&AssetId>> = HashMap::new();
    for dependent in below {
        for parent in &dependent.parents {
            children.entry(parent).or_default().push(&dependent.asset.id);
        }
    }
    let mut going: HashSet<&AssetId> = below
        .iter()
        .filter(|dependent| !dependent.asset.protected)
        .map(|dependent| &dependent.asset.id)
        .collect();
    let is_inside = |parent: &AssetId, going: &HashSet<&AssetId>| parent == root || going.contains(parent);
    let mut leaving: Vec<&AssetId> = below
        .iter()
        .filter(|d| d.asset.protected || !d.parents.iter().all(|parent| is_inside(parent, &going)))
        .map(|dependent| &dependent.asset.id)
        .collect();
    for id in &leaving {
        going.remove(id);
    }
    while let Some(stays) = leaving.pop() {
        for child in children.get(stays).into_iter().flatten() {
            if going.remove(child) {
                leaving.push(child);
            }
        }
    }
    going
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Asset, Declaration, Timestamp};

    fn id(text: &str) -> AssetId {
        AssetId::parse(text).unwrap()
    }

    /// A dependent: `name` or `name!` when it is protected, and its parents.
    fn dependent(text: &str) -> Dependent {
        let (name, parents) = text.split_once(':').unwrap();
        let plain = name.trim_end_matches('!');
        let mut asset = Asset::created(&Declaration::of(id(plain)), None, Timestamp::UNIX_EPOCH);
        asset.protected = name.ends_with('!');
        Dependent {
            asset,
            depth: 1,
            parents: parents.split(' ').map(id).collect(),
        }
    }

    fn check(below: &[&str], expected: &[&str]) {
        let dependents = Dependents {
            root: Asset::created(&Declaration::of(id("root")), None, Timestamp::UNIX_EPOCH),
            below: below.iter().map(|text| dependent(text)).collect(),
            partial: false,
            sequence: 0,
        };
        let told: Vec<String> = impact(&dependents)
            .dependents
            .iter()
            .map(|entry| format!("{} {:?} {:?}", entry.id, entry.alone, entry.cascade))
            .collect();
        assert_eq!(told, expected);
    }

    #[test]
    fn a_certificate_of_a_machine_and_its_address_is_shared_and_goes_with_both() {
        check(
            &["ip:root", "user:root", "cert:ip root"],
            &["ip Orphaned Deleted", "user Orphaned Deleted", "cert Shared Deleted"],
        );
    }

    #[test]
    fn what_something_else_keeps_stays_with_all_that_hangs_on_it() {
        check(
            &["a:root other", "b:a", "c:root b"],
            &["a Shared Shared", "b Shared Shared", "c Shared Shared"],
        );
    }

    #[test]
    fn a_protected_asset_stops_a_cascade_unless_something_else_keeps_it() {
        check(&["a!:root", "b:a"], &["a Orphaned Protected", "b Shared Shared"]);
        check(&["a!:root other"], &["a Shared Shared"]);
    }

    #[test]
    fn a_circle_goes_as_a_whole_or_stays_as_a_whole() {
        check(&["a:root b", "b:a"], &["a Shared Deleted", "b Shared Deleted"]);
        check(&["a:root b", "b:a other"], &["a Shared Shared", "b Shared Shared"]);
    }
}
