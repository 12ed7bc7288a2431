//! Questions about assets: what there is or was, what hangs on what, who made it, what ends soon.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::ops::ControlFlow;

use serde::Serialize;

use super::condition::{self, Condition};
use super::{App, AppError};
use crate::lineage;
use crate::model::{
    AsOf, Asset, AssetDetailView, AssetId, AssetType, AssetView, DifferenceView, ExpiryView, GraphView, HistoryView,
    ImpactView, Json, Moment, PathView, Timestamp, days_between, earlier, end_of_day, is_whole_days, later,
    parse_expiry, parse_span,
};
use crate::store::{AssetSearch, Catalog, Direction, GraphRequest};

/// Which assets to list, and how.
#[derive(Debug, Clone, Default)]
pub struct AssetQuery {
    /// A type, in full or short, in which `*` stands for any text.
    pub asset_type: Option<String>,
    /// A namespace, in which `*` stands for any text.
    pub namespace: Option<String>,
    /// A condition in the expression language.
    pub condition: Option<String>,
    /// Fields to sort by; one that begins with `-` the other way round. By age when empty.
    pub sort: Vec<String>,
    pub offset: usize,
    pub limit: Option<usize>,
    /// The moment to look at.
    pub at: Option<String>,
}

/// Which part of the graph to show.
#[derive(Debug, Clone, Default)]
pub struct GraphQuery {
    pub root: String,
    pub up: bool,
    pub down: bool,
    pub depth: Option<usize>,
    /// The moment to look at.
    pub at: Option<String>,
}

/// One asset with all that a person wants to know of it.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct AssetStory {
    #[serde(flatten)]
    pub detail: AssetDetailView,
    /// Until when it is good.
    pub expires: Vec<Expiry>,
    /// The last event that was pruned, where that is in its history: most of what happened before is not in there.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pruned_through: Option<u64>,
    /// The types of its neighbours.
    #[serde(skip)]
    pub types: BTreeMap<AssetId, AssetType>,
    #[serde(skip)]
    pub now: Timestamp,
}

/// Until when an asset is good, and where it says so.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Expiry {
    pub path: String,
    pub date: Timestamp,
}

/// How many assets an ambiguous id is told to be.
const SHOWN: usize = 5;
/// The most nodes a graph shows, and the most dependents a plan of a deletion looks at.
const NODE_LIMIT: usize = 10_000;

impl App {
    /// Assets, oldest first unless they are sorted.
    pub fn assets(&self, query: &AssetQuery) -> Result<Vec<AssetView>, AppError> {
        query
            .sort
            .iter()
            .try_for_each(|key| condition::check_field(key.trim_start_matches('-')))?;
        let catalog = self.catalog()?;
        let (search, condition) = search_of(&catalog, query)?;
        let enough = match query.sort.is_empty() {
            true => query
                .limit
                .map_or(usize::MAX, |limit| limit.saturating_add(query.offset)),
            false => usize::MAX,
        };
        let mut found = Vec::new();
        collect(&catalog, &search, condition.as_ref(), &mut |asset| {
            found.push(asset);
            found.len() < enough
        })?;
        sort(&mut found, &query.sort);
        let page = found.into_iter().skip(query.offset);
        Ok(page.take(query.limit.unwrap_or(usize::MAX)).collect())
    }

    /// One asset with its neighbours and its history.
    pub fn asset(&self, id: &str, at: Option<&str>) -> Result<AssetStory, AppError> {
        let catalog = self.catalog()?;
        let as_of = moment(&catalog, at)?;
        let Some(detail) = catalog.asset_detail(&find(&catalog, id, as_of)?, as_of)? else {
            return Err(unknown_asset(&catalog, id, as_of));
        };
        let expires = catalog.expiries(&detail.asset)?;
        let mut types = BTreeMap::new();
        for neighbour in detail.parents.iter().chain(&detail.children) {
            types.extend(
                catalog
                    .asset_then(neighbour, as_of)?
                    .map(|asset| (asset.id, asset.asset_type)),
            );
        }
        let pruned_through = gap(&detail.history, catalog.pruned_through()?);
        Ok(AssetStory {
            detail,
            pruned_through,
            expires: expires.into_iter().map(|(path, date)| Expiry { path, date }).collect(),
            types,
            now: Timestamp::now(),
        })
    }

    /// What happened to an asset, oldest first, also to one that is gone.
    pub fn history(&self, id: &str) -> Result<Vec<HistoryView>, AppError> {
        let catalog = self.catalog()?;
        let gone = catalog.history(&asset_id(id)?, AsOf::Now)?;
        match gone.is_empty() {
            true => Ok(catalog.history(&find(&catalog, id, AsOf::Now)?, AsOf::Now)?),
            false => Ok(gone),
        }
    }

    /// The last event that was pruned, where that is in a history: most of what happened before is not in there.
    pub fn pruned_in(&self, history: &[HistoryView]) -> Result<Option<u64>, AppError> {
        Ok(gap(history, self.catalog()?.pruned_through()?))
    }

    /// The lineage around one asset.
    pub fn graph(&self, query: &GraphQuery) -> Result<GraphView, AppError> {
        let catalog = self.catalog()?;
        let direction = match (query.up, query.down) {
            (true, false) => Direction::Up,
            (false, true) => Direction::Down,
            _ => Direction::Both,
        };
        let as_of = moment(&catalog, query.at.as_deref())?;
        let graph = catalog.graph(&GraphRequest {
            root: find(&catalog, &query.root, as_of)?,
            direction,
            depth: query.depth,
            nodes: NODE_LIMIT,
            as_of,
        })?;
        graph.map_or_else(|| Err(unknown_asset(&catalog, &query.root, as_of)), Ok)
    }

    /// The way between two assets.
    pub fn path(&self, from: &str, to: &str, at: Option<&str>) -> Result<PathView, AppError> {
        let catalog = self.catalog()?;
        let as_of = moment(&catalog, at)?;
        match (find(&catalog, from, as_of), find(&catalog, to, as_of)) {
            (Ok(from), Ok(to)) => Ok(catalog.path(&from, &to, as_of)?),
            (Err(one), Err(other)) if from != to => Err(AppError {
                message: format!("{}; {}", one.message, other.message),
                hint: [one.hint, other.hint]
                    .into_iter()
                    .flatten()
                    .reduce(|one, other| match one == other {
                        true => one,
                        false => format!("{one}; {other}"),
                    }),
                ..AppError::refused("")
            }),
            (Err(error), _) | (_, Err(error)) => Err(error),
        }
    }

    /// The plan of a deletion.
    pub fn impact(&self, id: &str, at: Option<&str>) -> Result<ImpactView, AppError> {
        let catalog = self.catalog()?;
        let as_of = moment(&catalog, at)?;
        let dependents = catalog.dependents(&find(&catalog, id, as_of)?, as_of, NODE_LIMIT)?;
        dependents.map_or_else(
            || Err(unknown_asset(&catalog, id, as_of)),
            |found| Ok(lineage::impact(&found)),
        )
    }

    /// Assets that lost all they were made from.
    pub fn orphans(&self) -> Result<Vec<AssetView>, AppError> {
        Ok(self.catalog()?.orphans()?)
    }

    /// Assets that are good for less than a length of time, soonest first.
    pub fn expiring(&self, within: &str) -> Result<Vec<ExpiryView>, AppError> {
        let now = Timestamp::now();
        let until = match parse_expiry(within) {
            Some(until) => until,
            None => {
                let span = span(within, ", or as a date such as `2026-12-31`")?;
                let until = later(now, span).ok_or_else(|| too_long(within))?;
                match is_whole_days(span) {
                    true => end_of_day(until).unwrap_or(until),
                    false => until,
                }
            }
        };
        let catalog = self.catalog()?;
        let mut views = Vec::new();
        for (asset, path, expires) in catalog.expiring(until)? {
            views.push(ExpiryView {
                parents: catalog.parents(&asset.id)?,
                id: asset.id,
                asset_type: asset.asset_type,
                path,
                expires,
                days_left: days_between(now, expires),
            });
        }
        Ok(views)
    }

    /// Assets that nobody has declared for a length of time, the longest first.
    pub fn stale(&self, older: &str) -> Result<Vec<AssetView>, AppError> {
        let limit = earlier(Timestamp::now(), span(older, "")?).ok_or_else(|| too_long(older))?;
        let mut found = Vec::new();
        self.catalog()?
            .visit_assets(&AssetSearch::default(), &|_| true, &mut |asset| {
                if asset.updated <= limit {
                    found.push(asset);
                }
                ControlFlow::Continue(())
            })?;
        found.sort_by(|left, right| (left.updated, &left.id).cmp(&(right.updated, &right.id)));
        Ok(found)
    }

    /// What is different at a second moment; now when none is given.
    pub fn difference(&self, from: &str, to: Option<&str>) -> Result<DifferenceView, AppError> {
        let catalog = self.catalog()?;
        let from = moment(&catalog, Some(from))?;
        let to = moment(&catalog, Some(to.unwrap_or("now")))?;
        Ok(catalog.difference(from, to)?)
    }

    /// What stands in a field of an asset: one of its own, or a dotted path in its metadata or labels.
    pub fn field(&self, asset: &AssetView, path: &str) -> Option<Json> {
        condition::field(asset, path)
    }

    /// Refuses a field that no asset can have.
    pub fn check_field(&self, path: &str) -> Result<(), AppError> {
        condition::check_field(path)
    }

    /// A graph as text for Graphviz.
    pub fn dot(&self, graph: &GraphView) -> String {
        lineage::dot(graph)
    }

    /// A graph as text for Mermaid.
    pub fn mermaid(&self, graph: &GraphView) -> String {
        lineage::mermaid(graph)
    }

    /// A graph as a picture.
    pub fn svg(&self, graph: &GraphView) -> String {
        lineage::svg(graph)
    }

    /// A graph as lines of a tree.
    pub fn tree(&self, graph: &GraphView) -> Vec<lineage::TreeLine> {
        lineage::tree(graph)
    }
}

fn gap(history: &[HistoryView], through: u64) -> Option<u64> {
    let first = history.first()?;
    (first.sequence <= through).then_some(through)
}

/// What the catalog looks for, and what is left to check.
pub(super) fn search_of(catalog: &Catalog, query: &AssetQuery) -> Result<(AssetSearch, Option<Condition>), AppError> {
    let now = Timestamp::now();
    let condition = query
        .condition
        .as_deref()
        .map(|text| Condition::parse(text, now))
        .transpose()?;
    let search = AssetSearch {
        as_of: moment(catalog, query.at.as_deref())?,
        asset_type: query.asset_type.clone(),
        namespace: query.namespace.clone(),
        lookups: condition.as_ref().map(Condition::lookups).unwrap_or_default(),
    };
    Ok((search, condition))
}

/// Gives every asset that matches to `take`, until it has enough.
fn collect(
    catalog: &Catalog,
    search: &AssetSearch,
    condition: Option<&Condition>,
    take: &mut dyn FnMut(Asset) -> bool,
) -> Result<(), AppError> {
    let mut failed = None;
    let wanted = |metadata: &str| condition.is_none_or(|condition| condition.may_hold(metadata));
    catalog.visit_assets(search, &wanted, &mut |asset| match condition
        .map_or(Ok(true), |condition| condition.holds(&asset))
    {
        Ok(true) if take(asset) => ControlFlow::Continue(()),
        Ok(false) => ControlFlow::Continue(()),
        Ok(true) => ControlFlow::Break(()),
        Err(error) => {
            failed = Some(error);
            ControlFlow::Break(())
        }
    })?;
    failed.map_or(Ok(()), Err)
}

/// Sorts by fields; what has none of a field comes last.
fn sort(assets: &mut [Asset], keys: &[String]) {
    assets.sort_by(|left, right| {
        let compare = |key: &String| {
            let name = key.trim_start_matches('-');
            let order = match (condition::field(left, name), condition::field(right, name)) {
                (None, None) => Ordering::Equal,
                (None, Some(_)) => return Ordering::Greater,
                (Some(_), None) => return Ordering::Less,
                (Some(left), Some(right)) => order_of(&left, &right),
            };
            if key.starts_with('-') { order.reverse() } else { order }
        };
        keys.iter()
            .map(compare)
            .find(|order| order.is_ne())
            .unwrap_or(Ordering::Equal)
    });
}

fn order_of(left: &Json, right: &Json) -> Ordering {
    match (left.as_f64(), right.as_f64(), left.as_str(), right.as_str()) {
        (Some(left), Some(right), ..) => left.total_cmp(&right),
        (_, _, Some(left), Some(right)) => left.cmp(right),
        (Some(_), None, ..) => Ordering::Less,
        (None, Some(_), ..) => Ordering::Greater,
        _ => left.to_string().cmp(&right.to_string()),
    }
}

/// The state of the catalog at a moment as a person writes it; now when none is given.
pub(super) fn moment(catalog: &Catalog, text: Option<&str>) -> Result<AsOf, AppError> {
    let Some(text) = text else { return Ok(AsOf::Now) };
    let moment = Moment::parse(text, Timestamp::now()).map_err(AppError::refused)?;
    Ok(catalog.as_of(&moment)?)
}

/// The asset that an id, or the beginning of one, means.
fn find(catalog: &Catalog, text: &str, as_of: AsOf) -> Result<AssetId, AppError> {
    asset_id(text)?;
    if let Some(id) = catalog.find_asset(text, as_of)? {
        return Ok(id);
    }
    let several = catalog.assets_that_start(text, as_of, SHOWN + 1)?;
    if several.is_empty() {
        return Err(unknown_asset(catalog, text, as_of));
    }
    let mut names: Vec<String> = several.iter().take(SHOWN).map(|id| format!("`{id}`")).collect();
    if several.len() > SHOWN {
        names.push("and more".to_owned());
    }
    let message = format!("several assets start with `{text}`: {}", names.join(", "));
    Err(AppError::refused(message).with_hint("give more of the id"))
}

pub(super) fn asset_id(text: &str) -> Result<AssetId, AppError> {
    AssetId::parse(text).map_err(|error| AppError::refused(error.to_string()))
}

fn span(text: &str, or: &str) -> Result<jiff::Span, AppError> {
    parse_span(text).ok_or_else(|| {
        AppError::refused(format!("`{text}` is no length of time"))
            .with_hint(format!("write it as `30d`, `12h` or `6 months`{or}"))
    })
}

fn too_long(text: &str) -> AppError {
    AppError::refused(format!("`{text}` leads beyond the calendar"))
}

/// The refusal that there is no such asset, with the likeliest one meant.
pub(super) fn unknown_asset(catalog: &Catalog, id: &str, as_of: AsOf) -> AppError {
    let gone = AssetId::parse(id)
        .ok()
        .and_then(|id| catalog.history(&id, AsOf::Now).ok())
        .is_some_and(|history| !history.is_empty());
    // A failing look-up for the hint must not hide the error it belongs to.
    let similar = catalog.similar_assets(id).unwrap_or_default();
    let is_there = |near: &&AssetId| catalog.asset_then(near, as_of).is_ok_and(|then| then.is_some());
    let later = catalog.find_asset(id, AsOf::Now).ok().flatten();
    let hint = match similar.iter().find(is_there) {
        _ if gone => format!("it was deleted, or not there yet: `begat asset history {id}` tells"),
        _ if later.is_some() => later.map_or_else(String::new, |later| {
            format!("`{later}` was not there at that moment: `begat asset history {later}` tells")
        }),
        Some(near) => format!("did you mean `{near}`?"),
        None => "`begat asset list` shows them".to_owned(),
    };
    AppError::refused(format!("unknown asset `{id}`")).with_hint(hint)
}
