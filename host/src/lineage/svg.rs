//! The lineage graph as a picture: SVG, laid out in columns from what was there first to what was made from it. The
//! same graph always gives the same picture.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

use crate::model::{AssetId, GraphView};

const BOX: (usize, usize) = (224, 46);
const GAP: (usize, usize) = (72, 18);
const MARGIN: usize = 20;
/// Characters of an id that fit into a box.
const FITTING: usize = 29;

/// Where each node stands: its column, and its row in that column.
struct Layout {
    places: Vec<(usize, usize)>,
    columns: usize,
    rows: usize,
}

/// Draws a graph.
pub fn svg(graph: &GraphView) -> String {
    let index: BTreeMap<&AssetId, usize> = graph.nodes.iter().enumerate().map(|(n, node)| (&node.id, n)).collect();
    let edges: Vec<(usize, usize)> = graph
        .edges
        .iter()
        .filter_map(|edge| Some((*index.get(&edge.from)?, *index.get(&edge.to)?)))
        .filter(|(from, to)| from != to)
        .collect();
    let layout = lay_out(graph.nodes.len(), &edges);
    let width = MARGIN * 2 + layout.columns * (BOX.0 + GAP.0) - GAP.0.min(layout.columns * GAP.0);
    let height = MARGIN * 2 + layout.rows * (BOX.1 + GAP.1) - GAP.1.min(layout.rows * GAP.1);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" \
         font-family=\"system-ui, sans-serif\" font-size=\"12\">\n<title>Lineage of {}</title>\n{STYLE}",
        graph.root
    );
    for (from, to) in &edges {
        let ((x1, y1), (x2, y2)) = (corner(layout.places[*from]), corner(layout.places[*to]));
        let (x1, y1, y2) = (x1 + BOX.0, y1 + BOX.1 / 2, y2 + BOX.1 / 2);
        let bend = GAP.0 / 2;
        let line = format!(
            "<path class=\"edge\" d=\"M{x1} {y1} C{} {y1} {} {y2} {x2} {y2}\"/>\n",
            x1 + bend,
            x2.saturating_sub(bend)
        );
        text.push_str(&line);
    }
    for (place, asset) in layout.places.iter().zip(&graph.nodes) {
        let (x, y) = corner(*place);
        let class = match (asset.id == graph.root, asset.asset_type.is_external()) {
            (true, _) => "asset root",
            (false, true) => "asset external",
            (false, false) => "asset",
        };
        let id = asset.id.as_str();
        let shown = match id.chars().count() > FITTING {
            true => id.chars().take(FITTING - 1).chain("…".chars()).collect(),
            false => id.to_owned(),
        };
        writeln!(
            text,
            "<g class=\"{class}\"><title>{}</title><rect x=\"{x}\" y=\"{y}\" width=\"{}\" height=\"{}\" rx=\"7\"/>\
             <text x=\"{}\" y=\"{}\">{}</text><text class=\"type\" x=\"{}\" y=\"{}\">{}</text></g>",
            escaped(id),
            BOX.0,
            BOX.1,
            x + 12,
            y + 20,
            escaped(&shown),
            x + 12,
            y + 36,
            escaped(asset.asset_type.short_name()),
        )
        .expect("a string takes all text");
    }
    text.push_str("</svg>\n");
    text
}

const STYLE: &str = "<style>\n.edge{fill:none;stroke:#8a94a6;stroke-width:1.4}\n\
    .asset rect{fill:#f7f8fa;stroke:#8a94a6}\n.root rect{fill:#e4efff;stroke:#2f6fde;stroke-width:2}\n\
    .external rect{stroke-dasharray:4 3}\ntext{fill:#1d2430}\n.type{fill:#5b6577;font-size:11px}\n\
    @media (prefers-color-scheme:dark){.asset rect{fill:#1d2430}.root rect{fill:#173052}text{fill:#eef1f6}\
    .type{fill:#a4afc2}}\n</style>\n";

fn corner((column, row): (usize, usize)) -> (usize, usize) {
    (MARGIN + column * (BOX.0 + GAP.0), MARGIN + row * (BOX.1 + GAP.1))
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Columns by the longest way from a source, rows by the middle of the parents' rows; edges that close a circle are
/// not followed.
fn lay_out(nodes: usize, edges: &[(usize, usize)]) -> Layout {
    let mut below = vec![Vec::new(); nodes];
    let mut above = vec![Vec::new(); nodes];
    for (from, to) in edges {
        below[*from].push(*to);
        above[*to].push(*from);
    }
    let order = order(&below, &above);
    let position: BTreeMap<usize, usize> = order.iter().enumerate().map(|(place, node)| (*node, place)).collect();
    let mut columns = vec![0; nodes];
    for node in &order {
        for child in &below[*node] {
            if position[child] > position[node] {
                columns[*child] = columns[*child].max(columns[*node] + 1);
            }
        }
    }
    let mut members: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (node, column) in columns.iter().enumerate() {
        members.entry(*column).or_default().push(node);
    }
    let mut rows = vec![0; nodes];
    let mut tallest = 0;
    for in_column in members.values_mut() {
        let middle = |node: &usize| {
            let parents: Vec<usize> = above[*node]
                .iter()
                .filter(|parent| columns[**parent] < columns[*node])
                .map(|parent| rows[*parent] * 1_000)
                .collect();
            parents.iter().sum::<usize>() / parents.len().max(1)
        };
        let mut keyed: Vec<(usize, usize)> = in_column.iter().map(|node| (middle(node), *node)).collect();
        keyed.sort_unstable();
        for (row, (_, node)) in keyed.into_iter().enumerate() {
            rows[node] = row;
            tallest = tallest.max(row + 1);
        }
    }
    Layout {
        places: columns.iter().copied().zip(rows).collect(),
        columns: members.len(),
        rows: tallest,
    }
}

/// Parents before children as far as there are no circles, by taking sources off one after the other; where none is
/// left, the first node that remains.
fn order(below: &[Vec<usize>], above: &[Vec<usize>]) -> Vec<usize> {
    let mut missing: Vec<usize> = above.iter().map(Vec::len).collect();
    let mut waiting: BTreeSet<usize> = (0..below.len()).collect();
    let mut ready: BTreeSet<usize> = waiting.iter().copied().filter(|node| missing[*node] == 0).collect();
    let mut order = Vec::with_capacity(below.len());
    while let Some(node) = ready.pop_first().or_else(|| waiting.first().copied()) {
        waiting.remove(&node);
        order.push(node);
        for child in &below[node] {
            missing[*child] = missing[*child].saturating_sub(1);
            if missing[*child] == 0 && waiting.contains(child) {
                ready.insert(*child);
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::lay_out;

    fn check(nodes: usize, edges: &[(usize, usize)], expected: &[(usize, usize)]) {
        assert_eq!(lay_out(nodes, edges).places, expected);
    }

    #[test]
    fn what_is_made_stands_right_of_what_it_is_made_from() {
        check(3, &[(0, 1), (0, 2), (1, 2)], &[(0, 0), (1, 0), (2, 0)]);
        check(4, &[(0, 2), (1, 3)], &[(0, 0), (0, 1), (1, 0), (1, 1)]);
        check(0, &[], &[]);
    }

    #[test]
    fn circles_are_cut() {
        check(2, &[(0, 1), (1, 0)], &[(0, 0), (1, 0)]);
    }
}
