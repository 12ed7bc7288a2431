//! The lineage graph as an indented tree, from its sources to what was made of them.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Asset, AssetId, GraphView};

/// One line of a tree.
#[derive(Debug, Clone, PartialEq)]
pub struct TreeLine {
    /// The lines that lead to it, such as `│  └─ `.
    pub lead: String,
    pub asset: Asset,
    /// Its other parents, where it has more than the one above it.
    pub other_parents: Vec<AssetId>,
    /// Whether its children were shown at an earlier place.
    pub seen_before: bool,
}

/// Levels that are set in one below the other. Deeper ones stand as deep as these and say their number, since the
/// indentation of a long chain would be more than its content by far.
const LEVELS: usize = 20;

/// Lays a graph out as trees, one for each asset without a parent in it. Where a circle leaves none, the tree starts at
/// the graph's root.
pub fn tree(graph: &GraphView) -> Vec<TreeLine> {
    let mut children: BTreeMap<&AssetId, Vec<&AssetId>> = BTreeMap::new();
    let mut parents: BTreeMap<&AssetId, Vec<&AssetId>> = BTreeMap::new();
    for edge in &graph.edges {
        children.entry(&edge.from).or_default().push(&edge.to);
        parents.entry(&edge.to).or_default().push(&edge.from);
    }
    let assets: BTreeMap<&AssetId, &Asset> = graph.nodes.iter().map(|asset| (&asset.id, asset)).collect();
    let mut walk = Walk {
        assets,
        children,
        parents,
        shown: BTreeSet::new(),
        lines: Vec::new(),
    };
    for asset in &graph.nodes {
        if !walk.parents.contains_key(&asset.id) {
            walk.visit(&asset.id, None, "", "");
        }
    }
    // What hangs in a circle has a parent everywhere and was not reached.
    for id in std::iter::once(&graph.root).chain(graph.nodes.iter().map(|asset| &asset.id)) {
        if !walk.shown.contains(id) {
            walk.visit(id, None, "", "");
        }
    }
    walk.lines
}

struct Walk<'a> {
    assets: BTreeMap<&'a AssetId, &'a Asset>,
    children: BTreeMap<&'a AssetId, Vec<&'a AssetId>>,
    parents: BTreeMap<&'a AssetId, Vec<&'a AssetId>>,
    shown: BTreeSet<&'a AssetId>,
    lines: Vec<TreeLine>,
}

impl<'a> Walk<'a> {
    /// Depth first with a stack of its own, since a chain may be longer than the thread's stack.
    fn visit(&mut self, id: &'a AssetId, above: Option<&'a AssetId>, lead: &str, below: &str) {
        let mut waiting = vec![(id, above, lead.to_owned(), below.to_owned(), 0_usize)];
        while let Some((id, above, lead, below, depth)) = waiting.pop() {
            let Some(asset) = self.assets.get(id) else { continue };
            let others = self
                .parents
                .get(id)
                .into_iter()
                .flatten()
                .filter(|parent| Some(**parent) != above);
            let other_parents = others.map(|parent| (*parent).clone()).collect();
            let known_children = self.children.get(id).map_or(&[][..], Vec::as_slice);
            let seen_before = !self.shown.insert(id) && !known_children.is_empty();
            self.lines.push(TreeLine {
                lead,
                asset: (*asset).clone(),
                other_parents,
                seen_before,
            });
            if seen_before {
                continue;
            }
            for (place, child) in known_children.iter().enumerate().rev() {
                let last = place + 1 == known_children.len();
                let (branch, rest) = if last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
                let depth = depth + 1;
                let (lead, under) = match depth <= LEVELS {
                    true => (format!("{below}{branch}"), format!("{below}{rest}")),
                    false => (format!("{below}{branch}({depth}) "), below.clone()),
                };
                waiting.push((child, Some(id), lead, under, depth));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{AssetType, EdgeView, Metadata, Timestamp};

    fn id(text: &str) -> AssetId {
        AssetId::parse(text).unwrap()
    }

    fn asset(text: &str) -> Asset {
        Asset {
            id: id(text),
            asset_type: AssetType::external(),
            namespace: None,
            display_name: None,
            description: None,
            metadata: Metadata::new(),
            labels: crate::model::JsonMap::new(),
            protected: false,
            created: Timestamp::UNIX_EPOCH,
            updated: Timestamp::UNIX_EPOCH,
        }
    }

    fn check(nodes: &str, edges: &[(&str, &str)], expected: &[&str]) {
        let nodes: Vec<Asset> = nodes.split(' ').map(asset).collect();
        let edges = edges
            .iter()
            .map(|(from, to)| EdgeView {
                from: id(from),
                to: id(to),
            })
            .collect();
        let graph = GraphView {
            root: nodes[0].id.clone(),
            nodes,
            edges,
            partial: false,
        };
        let lines: Vec<String> = tree(&graph)
            .iter()
            .map(|line| {
                let others: Vec<&str> = line.other_parents.iter().map(AssetId::as_str).collect();
                let also = if others.is_empty() {
                    String::new()
                } else {
                    format!(" +{}", others.join(","))
                };
                format!(
                    "{}{}{also}{}",
                    line.lead,
                    line.asset.id,
                    if line.seen_before { " ..." } else { "" }
                )
            })
            .collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn a_shared_child_is_shown_under_each_parent() {
        check(
            "vm ip user cert",
            &[("vm", "ip"), ("vm", "user"), ("vm", "cert"), ("ip", "cert")],
            &["vm", "├─ ip", "│  └─ cert +vm", "├─ user", "└─ cert +ip"],
        );
    }

    #[test]
    fn what_is_very_deep_says_how_deep_it_is() {
        let names: Vec<String> = (0..=LEVELS + 2).map(|number| format!("a{number}")).collect();
        let edges: Vec<(&str, &str)> = names
            .windows(2)
            .map(|pair| (pair[0].as_str(), pair[1].as_str()))
            .collect();
        let lead = |level: usize| format!("{}└─ ", "   ".repeat(level - 1));
        let mut expected = vec!["a0".to_owned()];
        expected.extend((1..=LEVELS).map(|level| format!("{}a{level}", lead(level))));
        expected.extend((LEVELS + 1..=LEVELS + 2).map(|level| format!("{}({level}) a{level}", lead(LEVELS + 1))));
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        check(&names.join(" "), &edges, &expected);
    }

    #[test]
    fn circles_end_and_separate_trees_stay_apart() {
        check("a b", &[("a", "b"), ("b", "a")], &["a +b", "└─ b", "   └─ a ..."]);
        check("a b", &[], &["a", "b"]);
        check("a", &[("a", "a")], &["a +a", "└─ a ..."]);
    }
}
