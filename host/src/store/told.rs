//! Reads the event log as it is told to other programs.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use rusqlite::Connection;

use crate::model::{AsOf, AssetEvent, AssetId, EdgeView, ExecutionId, ToldBy, ToldChange, ToldEvent, ToldKind};

use super::change::ChangeFact;
use super::payload::{Entry, Fact, LineageFact};
use super::record::{HandEntry, HandFact, Recorded};
use super::{Catalog, StoreError, assets, chain};

/// Which part of the log to tell.
#[derive(Debug, Clone, Default)]
pub struct ToldRange {
    /// Only what was recorded after this event.
    pub after: u64,
    /// At most so many events of the log.
    pub limit: Option<u64>,
    /// Only what is owed to this execution.
    pub execution: Option<ExecutionId>,
}

/// How far the log was told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Told {
    /// The last event that was read; the one it began after when there was none.
    pub last: u64,
    /// Events whose content was pruned.
    pub pruned: u64,
}

impl Catalog {
    /// Tells what was recorded, in order, as it is at one moment.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn tell(
        &self,
        range: &ToldRange,
        tell: &mut dyn FnMut(ToldEvent) -> ControlFlow<()>,
    ) -> Result<Told, StoreError> {
        self.read(|connection| tell_all(connection, range, tell))
    }

    /// The number of the last event.
    ///
    /// # Errors
    /// When the catalog cannot be read.
    pub fn last_sequence(&self) -> Result<u64, StoreError> {
        self.read(|connection| Ok(chain::last(connection)?.0.unsigned_abs()))
    }
}

fn tell_all(
    connection: &Connection,
    range: &ToldRange,
    tell: &mut dyn FnMut(ToldEvent) -> ControlFlow<()>,
) -> Result<Told, StoreError> {
    let (first, last) = match &range.execution {
        None => (range.after.cast_signed(), i64::MAX),
        Some(id) => bounds(connection, id)?,
    };
    let limit = range.limit.map_or(-1, u64::cast_signed);
    let query = "SELECT seq, payload FROM event WHERE seq > ?1 AND seq <= ?2 ORDER BY seq LIMIT ?3";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query((first, last, limit))?;
    let mut told = Told {
        last: range.after,
        pruned: 0,
    };
    while let Some(row) = rows.next()? {
        let sequence: i64 = row.get("seq")?;
        let payload = row
            .get_ref("payload")?
            .as_str_or_null()
            .map_err(rusqlite::Error::from)?;
        told.last = sequence.unsigned_abs();
        let Some(payload) = payload else {
            told.pruned += 1;
            continue;
        };
        if range
            .execution
            .as_ref()
            .is_some_and(|id| !payload.contains(id.as_str()))
        {
            continue;
        }
        let recorded = Recorded::decode(payload).map_err(|source| StoreError::BadEvent { sequence, source })?;
        let event = match recorded {
            Recorded::Run(entry) if range.execution.as_ref().is_none_or(|id| *id == entry.actor.execution) => {
                of_run(*entry)
            }
            Recorded::Hand(entry) if range.execution.is_none() => by_hand(*entry),
            Recorded::Run(_) | Recorded::Hand(_) => None,
        };
        let Some(mut event) = event else { continue };
        if let ToldKind::AssetsChanged(change) = &mut event.kind {
            name_ends(connection, sequence, change)?;
        }
        if tell(event).is_break() {
            break;
        }
    }
    Ok(told)
}

/// Adds the assets at the ends of edges that the change itself left as they were.
fn name_ends(connection: &Connection, sequence: i64, change: &mut ToldChange) -> Result<(), StoreError> {
    let mut known: BTreeSet<AssetId> = change.assets.iter().map(|(_, asset)| asset.id.clone()).collect();
    let ends: Vec<AssetId> = change
        .edges
        .iter()
        .flat_map(|edge| [edge.from.clone(), edge.to.clone()])
        .collect();
    for end in ends {
        if known.contains(&end) {
            continue;
        }
        let as_of = AsOf::Event(sequence.unsigned_abs());
        if let Some(asset) = assets::find_then(connection, as_of, &end)? {
            change.assets.push((AssetEvent::Used, asset));
        }
        known.insert(end);
    }
    Ok(())
}

/// The event before the first of an execution, and the last that may be its own.
fn bounds(connection: &Connection, id: &ExecutionId) -> Result<(i64, i64), StoreError> {
    let query = "SELECT started_seq - 1 AS before, finished_seq FROM execution WHERE id = ?1";
    let mut statement = connection.prepare_cached(query)?;
    let mut rows = statement.query([id.as_str()])?;
    match rows.next()? {
        None => Ok((0, 0)),
        Some(row) => Ok((
            row.get("before")?,
            row.get::<_, Option<i64>>("finished_seq")?.unwrap_or(i64::MAX),
        )),
    }
}

fn of_run(entry: Entry) -> Option<ToldEvent> {
    let kind = match entry.fact {
        Fact::ExecutionStarted(start) => ToldKind::ExecutionStarted {
            labels: start.labels,
            parent: start.parent,
        },
        Fact::TaskRunStarted(start) => ToldKind::TaskRunStarted {
            task_type: start.task_type,
            parent: start.parent,
        },
        Fact::LineageRecorded(lineage) => ToldKind::AssetsChanged(of_lineage(lineage)),
        Fact::AssetsChanged(change) => ToldKind::AssetsChanged(of_change(change)),
        Fact::FileWritten { name, digest, .. } => ToldKind::FileWritten { name, digest },
        Fact::TaskRunFinished(end) => ToldKind::TaskRunFinished {
            state: end.state,
            error: end.error,
        },
        Fact::ExecutionFinished(end) => ToldKind::ExecutionFinished {
            state: end.state,
            error: end.error,
        },
        Fact::TaskRunRetried { .. }
        | Fact::TaskRunPaused {}
        | Fact::LabelsAdded { .. }
        | Fact::KeySet(_)
        | Fact::KeyDeleted { .. }
        | Fact::GrantUsed { .. }
        | Fact::ExecutionPaused {}
        | Fact::ExecutionResumed {} => return None,
    };
    Some(ToldEvent {
        sequence: entry.seq.unsigned_abs(),
        time: entry.time,
        by: ToldBy::Run(entry.actor),
        kind,
    })
}

fn by_hand(entry: HandEntry) -> Option<ToldEvent> {
    let HandFact::AssetsChanged(change) = entry.fact else {
        return None;
    };
    Some(ToldEvent {
        sequence: entry.seq.unsigned_abs(),
        time: entry.time,
        by: ToldBy::Person(entry.actor),
        kind: ToldKind::AssetsChanged(of_change(change)),
    })
}

/// What a task declared: each output of a bundle was made from each of its inputs.
fn of_lineage(lineage: LineageFact) -> ToldChange {
    let (mut inputs, mut outputs) = (BTreeSet::new(), BTreeSet::new());
    let mut edges = BTreeSet::new();
    for bundle in &lineage.bundles {
        inputs.extend(bundle.inputs.iter().cloned());
        outputs.extend(bundle.outputs.iter().cloned());
        for from in &bundle.inputs {
            let made = bundle.outputs.iter().filter(|to| *to != from);
            edges.extend(made.map(|to| EdgeView {
                from: from.clone(),
                to: to.clone(),
            }));
        }
    }
    let is_used = |(event, asset): &(AssetEvent, _)| *event == AssetEvent::Used && !outputs.contains(asset_id(asset));
    let assets: Vec<_> = lineage
        .assets
        .into_iter()
        .map(|fact| (fact.event, fact.asset))
        .collect();
    inputs.extend(
        assets
            .iter()
            .filter(|step| is_used(step))
            .map(|(_, asset)| asset.id.clone()),
    );
    let known: BTreeSet<AssetId> = assets.iter().map(|(_, asset)| asset.id.clone()).collect();
    ToldChange {
        action: String::new(),
        inputs: inputs.into_iter().filter(|id| known.contains(id)).collect(),
        edges: edges
            .into_iter()
            .filter(|edge| known.contains(&edge.from) && known.contains(&edge.to))
            .collect(),
        assets,
    }
}

fn asset_id(asset: &crate::model::Asset) -> &AssetId {
    &asset.id
}

fn of_change(change: ChangeFact) -> ToldChange {
    let edges: Vec<EdgeView> = change
        .opened
        .into_iter()
        .map(|edge| EdgeView {
            from: edge.from,
            to: edge.to,
        })
        .collect();
    let inputs: BTreeSet<AssetId> = edges.iter().map(|edge| edge.from.clone()).collect();
    ToldChange {
        action: change.action,
        assets: change.assets.into_iter().map(|fact| (fact.event, fact.asset)).collect(),
        inputs: inputs.into_iter().collect(),
        edges,
    }
}
