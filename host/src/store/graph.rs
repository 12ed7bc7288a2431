//! Walks the edges between assets, level by level from one of them.
//!
//! The walk keeps only ids it has seen: carrying the depth through a recursive query is quadratic on graphs that
//! branch and join, and a recursive query reads all neighbours of a hub before a limit on nodes can stop it.

use std::collections::{HashMap, HashSet};

use rusqlite::Connection;

use crate::model::{AsOf, AssetId, EdgeView, GraphView};

use super::assets::Placed;
use super::{Catalog, StoreError, assets, contents};

/// Which way to walk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// To what the asset was made from.
    Up,
    /// To what was made from the asset.
    Down,
    /// Up to what it was made from and down to what was made from it; not down again from its parents.
    Both,
}

/// Which piece of the graph to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GraphRequest {
    pub root: AssetId,
    pub direction: Direction,
    /// How many edges away from the root; no limit when absent.
    pub depth: Option<usize>,
    /// At most this many assets, the root among them.
    pub nodes: usize,
    pub as_of: AsOf,
}

pub(super) const PARENTS: &str = "SELECT from_asset FROM edge
    WHERE to_asset = ?2 AND from_seq <= ?1 AND (to_seq IS NULL OR to_seq > ?1) ORDER BY from_asset";
pub(super) const CHILDREN: &str = "SELECT to_asset FROM edge
    WHERE from_asset = ?2 AND from_seq <= ?1 AND (to_seq IS NULL OR to_seq > ?1) ORDER BY to_asset";

impl Catalog {
    /// The graph around an asset, the nearest assets first in line for the limit; none when the root is unknown.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn graph(&self, request: &GraphRequest) -> Result<Option<GraphView>, StoreError> {
        self.read(|connection| {
            let Some(root) = assets::find_placed(connection, request.as_of, &request.root)? else {
                return Ok(None);
            };
            let Reached {
                numbers,
                edges,
                partial,
            } = walk(connection, request, root.number)?;
            let nodes = nodes(connection, request.as_of, &numbers)?;
            let edges = put_in_order(&nodes, &edges);
            let nodes = nodes.into_iter().map(|node| node.asset).collect();
            Ok(Some(GraphView {
                root: request.root.clone(),
                nodes,
                edges,
                partial,
            }))
        })
    }
}

/// One way to walk, and how far it got. Assets are their numbers here.
struct Walk {
    neighbours: &'static str,
    sequence: i64,
    /// The edges it came across: the asset that was left, and its neighbour.
    edges: Vec<(i64, i64)>,
    /// The assets whose neighbours are all among the edges.
    left: HashSet<i64>,
    seen: HashSet<i64>,
    frontier: Vec<i64>,
}

impl Walk {
    fn from(root: i64, neighbours: &'static str, as_of: AsOf) -> Self {
        Self {
            neighbours,
            sequence: assets::sequence_of(as_of),
            edges: Vec::new(),
            left: HashSet::new(),
            seen: HashSet::from([root]),
            frontier: vec![root],
        }
    }

    /// Takes one step from everywhere it stands. Returns whether the limit on nodes stopped it.
    fn step(&mut self, connection: &Connection, reached: &mut HashSet<i64>, limit: usize) -> Result<bool, StoreError> {
        let mut statement = connection.prepare_cached(self.neighbours)?;
        for number in std::mem::take(&mut self.frontier) {
            let mut rows = statement.query([self.sequence, number])?;
            while let Some(row) = rows.next()? {
                let next: i64 = row.get(0)?;
                self.edges.push((number, next));
                if self.seen.contains(&next) {
                    continue;
                }
                if reached.len() >= limit && !reached.contains(&next) {
                    return Ok(true);
                }
                reached.insert(next);
                self.seen.insert(next);
                self.frontier.push(next);
            }
            self.left.insert(number);
        }
        Ok(false)
    }
}

/// The assets within the limits.
struct Reached {
    numbers: HashSet<i64>,
    /// The edges between them, and some that lead elsewhere.
    edges: HashSet<(i64, i64)>,
    /// Whether a limit hid others.
    partial: bool,
}

fn walk(connection: &Connection, request: &GraphRequest, root: i64) -> Result<Reached, StoreError> {
    let mut up = Walk::from(root, PARENTS, request.as_of);
    let mut down = Walk::from(root, CHILDREN, request.as_of);
    let mut walks = match request.direction {
        Direction::Up => vec![&mut up],
        Direction::Down => vec![&mut down],
        Direction::Both => vec![&mut up, &mut down],
    };
    let mut numbers = HashSet::from([root]);
    let partial = walk_all(connection, request, &mut walks, &mut numbers)?;
    // Every edge has two ends, and it is enough to have read it from one. What an asset was made from is a short list,
    // what was made from it may be the whole catalog, so that the rest is read from the lower end.
    let mut statement = connection.prepare_cached(PARENTS)?;
    let is_down = request.direction == Direction::Down && numbers.iter().all(|number| down.left.contains(number));
    let unread = |number: &&i64| !is_down && !up.left.contains(number);
    let mut edges: HashSet<(i64, i64)> = down.edges.iter().copied().collect();
    for number in numbers.iter().filter(unread) {
        let mut rows = statement.query([assets::sequence_of(request.as_of), *number])?;
        while let Some(row) = rows.next()? {
            edges.insert((row.get(0)?, *number));
        }
    }
    edges.extend(up.edges.iter().map(|(lower, upper)| (*upper, *lower)));
    Ok(Reached {
        numbers,
        edges,
        partial,
    })
}

/// Walks as far as the limits let it; gives whether they hid anything.
fn walk_all(
    connection: &Connection,
    request: &GraphRequest,
    walks: &mut [&mut Walk],
    reached: &mut HashSet<i64>,
) -> Result<bool, StoreError> {
    let mut steps = 0;
    while walks.iter().any(|walk| !walk.frontier.is_empty()) && request.depth.is_none_or(|depth| steps < depth) {
        for walk in &mut *walks {
            if walk.step(connection, reached, request.nodes)? {
                return Ok(true);
            }
        }
        steps += 1;
    }
    // Walking on with no room left tells whether the limit on depth hid anything. Where walks up and down meet in a
    // cycle, one may have to pass what the other reached before it finds something new.
    let full = reached.len();
    for walk in &mut *walks {
        while !walk.frontier.is_empty() {
            if walk.step(connection, reached, full)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// The assets at the other ends of the edges of one, the oldest first.
pub(super) fn neighbours(
    connection: &Connection,
    as_of: AsOf,
    id: &AssetId,
    direction: Direction,
) -> Result<Vec<AssetId>, StoreError> {
    let queries = match direction {
        Direction::Up => &[PARENTS][..],
        Direction::Down => &[CHILDREN][..],
        Direction::Both => &[PARENTS, CHILDREN][..],
    };
    let Some(number) = contents::number_of(connection, id)? else {
        return Ok(Vec::new());
    };
    let mut found = HashSet::new();
    for query in queries {
        found.extend(beside(connection, as_of, number, query)?);
    }
    let nodes = nodes(connection, as_of, &found)?;
    Ok(nodes.into_iter().map(|node| node.asset.id).collect())
}

/// The numbers of the assets that `PARENTS` or `CHILDREN` finds beside one.
pub(super) fn beside(
    connection: &Connection,
    as_of: AsOf,
    number: i64,
    neighbours: &str,
) -> Result<Vec<i64>, StoreError> {
    let mut statement = connection.prepare_cached(neighbours)?;
    let rows = statement.query_map([assets::sequence_of(as_of), number], |row| row.get(0))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// The assets reached, ordered by creation, then id.
fn nodes(connection: &Connection, as_of: AsOf, reached: &HashSet<i64>) -> Result<Vec<Placed>, StoreError> {
    // In the order of the table: neighbours lie on the same pages.
    let mut numbers: Vec<i64> = reached.iter().copied().collect();
    numbers.sort_unstable();
    let mut nodes = assets::placed(connection, as_of, numbers)?;
    let place = |node: &Placed| (node.created_seq, node.asset.created);
    nodes.sort_by(|left, right| {
        place(left)
            .cmp(&place(right))
            .then_with(|| left.asset.id.cmp(&right.asset.id))
    });
    Ok(nodes)
}

/// The edges between the nodes, ordered by the age of their ends.
fn put_in_order(nodes: &[Placed], edges: &HashSet<(i64, i64)>) -> Vec<EdgeView> {
    let ranks: HashMap<i64, usize> = nodes
        .iter()
        .enumerate()
        .map(|(rank, node)| (node.number, rank))
        .collect();
    let rank = |(from, to): &(i64, i64)| Some((*ranks.get(from)?, *ranks.get(to)?));
    let mut found: Vec<(usize, usize)> = edges.iter().filter_map(rank).collect();
    found.sort_unstable();
    let edge = |(from, to): (usize, usize)| EdgeView {
        from: nodes[from].asset.id.clone(),
        to: nodes[to].asset.id.clone(),
    };
    found.into_iter().map(edge).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::model::State;
    use crate::store::fixtures::{self, bundle, id};

    fn catalog_of(edges: &[(u8, u8)]) -> Catalog {
        let catalog = Catalog::in_memory().unwrap();
        let name = |node: &u8| format!("n{node}");
        let bundles = edges
            .iter()
            .map(|(from, to)| bundle(&[&name(from)], &[&name(to)]))
            .collect();
        fixtures::run(&catalog, 1, State::Success, bundles);
        catalog
    }

    fn request(root: &str, direction: Direction, depth: Option<usize>, nodes: usize) -> GraphRequest {
        GraphRequest {
            root: id(root),
            direction,
            depth,
            nodes,
            as_of: AsOf::Now,
        }
    }

    fn names(view: &GraphView) -> Vec<&str> {
        view.nodes.iter().map(|asset| asset.id.as_str()).collect()
    }

    /// n0 → n1, n2 → n3 → n4, and n5 → n3.
    const DIAMOND: [(u8, u8); 6] = [(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (5, 3)];

    fn check(root: &str, direction: Direction, depth: Option<usize>, limit: usize, expected: &[&str], partial: bool) {
        let view = catalog_of(&DIAMOND)
            .graph(&request(root, direction, depth, limit))
            .unwrap()
            .unwrap();
        assert_eq!(
            (names(&view).as_slice(), view.partial),
            (expected, partial),
            "{root} {direction:?} {depth:?} {limit}"
        );
    }

    #[test]
    fn the_walk_goes_up_down_or_both_and_no_further_than_its_limits() {
        check("n3", Direction::Up, None, 100, &["n0", "n1", "n2", "n3", "n5"], false);
        check("n0", Direction::Down, None, 100, &["n0", "n1", "n2", "n3", "n4"], false);
        check("n1", Direction::Both, None, 100, &["n0", "n1", "n3", "n4"], false);
        check("n1", Direction::Both, Some(1), 100, &["n0", "n1", "n3"], true);
        check(
            "n3",
            Direction::Both,
            Some(1),
            100,
            &["n1", "n2", "n3", "n4", "n5"],
            true,
        );
        check("n3", Direction::Down, Some(1), 100, &["n3", "n4"], false);
        check("n3", Direction::Down, Some(0), 100, &["n3"], true);
        check("n4", Direction::Down, Some(0), 100, &["n4"], false);
        check("n0", Direction::Down, None, 3, &["n0", "n1", "n2"], true);
        check("n0", Direction::Down, None, 5, &["n0", "n1", "n2", "n3", "n4"], false);
    }

    #[test]
    fn a_limit_hides_what_lies_behind_an_asset_that_the_other_way_reached() {
        let catalog = catalog_of(&[(0, 1), (1, 2), (2, 3), (3, 1), (4, 2)]);
        let view = catalog
            .graph(&request("n1", Direction::Both, Some(1), 100))
            .unwrap()
            .unwrap();
        assert_eq!(
            (names(&view).as_slice(), view.partial),
            (["n0", "n1", "n2", "n3"].as_slice(), true)
        );
    }

    #[test]
    fn edges_come_in_the_order_of_their_ends_and_an_unknown_root_gives_nothing() {
        let catalog = catalog_of(&DIAMOND);
        let view = catalog
            .graph(&request("n3", Direction::Up, None, 100))
            .unwrap()
            .unwrap();
        let edges: Vec<_> = view
            .edges
            .iter()
            .map(|edge| format!("{}>{}", edge.from, edge.to))
            .collect();
        assert_eq!(edges, ["n0>n1", "n0>n2", "n1>n3", "n2>n3", "n5>n3"]);
        assert_eq!(catalog.graph(&request("n9", Direction::Up, None, 100)).unwrap(), None);
    }

    /// The same walk over a list of edges, naively.
    fn reach(edges: &[(u8, u8)], root: u8, depth: usize) -> BTreeSet<u8> {
        let mut reached = BTreeSet::from([root]);
        for _ in 0..depth {
            let next: Vec<u8> = edges
                .iter()
                .filter(|(from, _)| reached.contains(from))
                .map(|(_, to)| *to)
                .collect();
            reached.extend(next);
        }
        reached
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(48))]

        #[test]
        fn the_walk_finds_what_a_naive_one_finds(
            edges in prop::collection::vec((0_u8..12, 0_u8..12), 1..40),
            depth in prop::option::of(0_usize..5),
        ) {
            let catalog = catalog_of(&edges);
            let root = edges[0].0;
            let reversed: Vec<_> = edges.iter().map(|(from, to)| (*to, *from)).collect();
            let steps = depth.unwrap_or(edges.len());
            let up = reach(&reversed, root, steps);
            let down = reach(&edges, root, steps);
            let both = up.union(&down).copied().collect();
            let all_up = reach(&reversed, root, edges.len());
            let all_down = reach(&edges, root, edges.len());
            let all_both: BTreeSet<u8> = all_up.union(&all_down).copied().collect();
            for (direction, expected, all) in
                [(Direction::Up, up, all_up), (Direction::Down, down, all_down), (Direction::Both, both, all_both)]
            {
                let view = catalog.graph(&request(&format!("n{root}"), direction, depth, 100)).unwrap().unwrap();
                let found: BTreeSet<u8> = view.nodes.iter().map(|asset| asset.id.as_str()[1..].parse().unwrap()).collect();
                prop_assert_eq!(&found, &expected);
                prop_assert_eq!(view.partial, expected != all);
                let inside: BTreeSet<(String, String)> = edges.iter()
                    .filter(|(from, to)| from != to && expected.contains(from) && expected.contains(to))
                    .map(|(from, to)| (format!("n{from}"), format!("n{to}")))
                    .collect();
                let shown: Vec<_> = view.edges.iter().map(|edge| (edge.from.to_string(), edge.to.to_string())).collect();
                prop_assert_eq!(shown.len(), inside.len());
                prop_assert_eq!(shown.into_iter().collect::<BTreeSet<_>>(), inside);
                let limited = catalog.graph(&request(&format!("n{root}"), direction, depth, 2)).unwrap().unwrap();
                prop_assert!(limited.nodes.len() <= 2);
                prop_assert!(limited.partial || limited.nodes.len() == expected.len());
            }
        }
    }
}
