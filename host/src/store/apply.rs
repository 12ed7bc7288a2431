//! Carries one event over into the tables. A pure function of the event: recording and rebuilding both come here.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};

use crate::model::{Actor, AssetId, GrantKind, JsonMap, Person, State, TaskId, TaskRunId, Timestamp};

use super::lineage::leaves_assets;
use super::payload::{BundleFact, EndFact, Entry, Fact, FinishFact, LineageFact, StartFact, TaskStartFact};
use super::{StoreError, canonical, change, contents, files};

/// Changes every table that the event bears on.
pub(super) fn apply(connection: &Connection, entry: &Entry) -> Result<(), StoreError> {
    match &entry.fact {
        Fact::ExecutionStarted(start) => start_execution(connection, entry, start),
        Fact::TaskRunStarted(start) => start_task_run(connection, entry, start),
        Fact::TaskRunRetried { attempt, .. } => mark_task_run(connection, entry, State::Retrying, *attempt + 1),
        Fact::TaskRunPaused {} => mark_task_run(connection, entry, State::Paused, 1),
        Fact::LineageRecorded(lineage) => record_lineage(connection, entry, lineage),
        Fact::TaskRunFinished(finish) => finish_task_run(connection, entry, finish),
        Fact::LabelsAdded { labels } => add_labels(connection, entry, labels),
        Fact::KeySet(set) => files::set_key(connection, entry, set),
        Fact::KeyDeleted { namespace, key } => files::delete_key(connection, namespace, key),
        Fact::FileWritten { name, digest, size } => files::apply(connection, entry, name, digest, *size),
        Fact::GrantUsed { grant, target } => use_grant(connection, entry, *grant, target),
        Fact::ExecutionPaused {} => mark_execution(connection, entry, State::Paused),
        Fact::ExecutionResumed {} => mark_execution(connection, entry, State::Running),
        Fact::ExecutionFinished(end) => finish_execution(connection, entry, end),
        Fact::AssetsChanged(fact) => change::apply(connection, &Origin::of(entry), fact),
    }
}

/// Who and when a change to an asset is owed to.
pub(super) struct Origin<'a> {
    pub seq: i64,
    pub time: Timestamp,
    pub actor: Option<&'a Actor>,
    pub person: Option<&'a Person>,
}

impl<'a> Origin<'a> {
    fn of(entry: &'a Entry) -> Self {
        Self {
            seq: entry.seq,
            time: entry.time,
            actor: Some(&entry.actor),
            person: None,
        }
    }
}

/// The task and the task run an event is about.
fn task_run_of<'a>(entry: &'a Entry, kind: &'static str) -> Result<(&'a TaskId, &'a TaskRunId), StoreError> {
    entry
        .actor
        .task
        .as_ref()
        .zip(entry.actor.task_run.as_ref())
        .ok_or(StoreError::NoTaskRun { kind })
}

/// Canonical, so that what was just said and what is read back from the log give the same text.
pub(super) fn json(map: &JsonMap) -> Result<String, StoreError> {
    canonical::map_text(map).map_err(|source| StoreError::Unrecordable { source })
}

fn plugin_of(entry: &Entry) -> Result<Option<String>, StoreError> {
    let plugin = entry.actor.plugin.as_ref();
    plugin
        .map(serde_json::to_string)
        .transpose()
        .map_err(|source| StoreError::Unrecordable { source })
}

/// An execution that starts again keeps its beginning.
fn start_execution(connection: &Connection, entry: &Entry, start: &StartFact) -> Result<(), StoreError> {
    let flow = &entry.actor.flow;
    if let Some(source) = &start.source {
        let insert = "INSERT INTO flow_source (digest, from_seq, source) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING";
        connection
            .prepare_cached(insert)?
            .execute(params![flow.digest, entry.seq, source])?;
    }
    let insert = "INSERT INTO execution
            (started_seq, id, namespace, flow_id, flow_digest, state, start_date, labels, inputs, parent_id)
        VALUES (?1, ?2, ?3, ?4, ?5, 'RUNNING', ?6, ?7, ?8, ?9)
        ON CONFLICT (id) DO UPDATE SET state = 'RUNNING', finished_seq = NULL, end_date = NULL, error = NULL";
    connection.prepare_cached(insert)?.execute(params![
        entry.seq,
        entry.actor.execution.as_str(),
        flow.namespace.as_str(),
        flow.id.as_str(),
        flow.digest,
        entry.clock.to_string(),
        json(&start.labels)?,
        json(&start.inputs)?,
        start.parent.as_ref().map(|parent| parent.as_str()),
    ])?;
    Ok(())
}

fn mark_execution(connection: &Connection, entry: &Entry, state: State) -> Result<(), StoreError> {
    let update = "UPDATE execution SET state = ?2, finished_seq = NULL, end_date = NULL, error = NULL WHERE id = ?1";
    connection
        .prepare_cached(update)?
        .execute(params![entry.actor.execution.as_str(), state.name()])?;
    Ok(())
}

fn add_labels(connection: &Connection, entry: &Entry, labels: &JsonMap) -> Result<(), StoreError> {
    let update = "UPDATE execution SET labels = json_patch(labels, ?2) WHERE id = ?1";
    connection
        .prepare_cached(update)?
        .execute(params![entry.actor.execution.as_str(), json(labels)?])?;
    Ok(())
}

/// An execution whose beginning was never told is told by its end.
fn finish_execution(connection: &Connection, entry: &Entry, end: &EndFact) -> Result<(), StoreError> {
    let flow = &entry.actor.flow;
    let upsert = "INSERT INTO execution
            (started_seq, finished_seq, id, namespace, flow_id, flow_digest, state, start_date, end_date, labels, inputs, error,
             outputs)
        VALUES (?1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7, '{}', '{}', ?8, ?9)
        ON CONFLICT (id) DO UPDATE SET finished_seq = ?1, state = ?6, end_date = ?7, error = ?8, outputs = ?9";
    connection.prepare_cached(upsert)?.execute(params![
        entry.seq,
        entry.actor.execution.as_str(),
        flow.namespace.as_str(),
        flow.id.as_str(),
        flow.digest,
        end.state.name(),
        entry.clock.to_string(),
        end.error,
        json(&end.outputs)?,
    ])?;
    Ok(())
}

/// Each use is an event; the table counts those of one kind.
fn use_grant(connection: &Connection, entry: &Entry, grant: GrantKind, target: &str) -> Result<(), StoreError> {
    let task = entry.actor.task.as_ref().map_or("", |task| task.as_str());
    let principal = entry
        .actor
        .plugin
        .as_ref()
        .map_or("flow", |plugin| plugin.name.as_str());
    let upsert = "INSERT INTO grant_use (execution_id, task_id, principal, kind, target, from_seq, uses)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1)
        ON CONFLICT (execution_id, task_id, principal, kind, target) DO UPDATE SET uses = uses + 1";
    connection.prepare_cached(upsert)?.execute(params![
        entry.actor.execution.as_str(),
        task,
        principal,
        grant.name(),
        target,
        entry.seq,
    ])?;
    Ok(())
}

/// A task run that starts again keeps its beginning.
fn start_task_run(connection: &Connection, entry: &Entry, start: &TaskStartFact) -> Result<(), StoreError> {
    let (task, task_run) = task_run_of(entry, "TaskRunStarted")?;
    let insert = "INSERT INTO task_run
            (started_seq, id, execution_id, task_id, task_type, state, start_date, outputs, plugin, parent_id, value,
             iteration, is_stub, decision)
        VALUES (?1, ?2, ?3, ?4, ?5, 'RUNNING', ?6, '{}', ?7, ?8, ?9, ?10, ?11, ?12)
        ON CONFLICT (execution_id, id) DO UPDATE SET
            state = 'RUNNING', finished_seq = NULL, end_date = NULL, outputs = '{}', error = NULL";
    connection.prepare_cached(insert)?.execute(params![
        entry.seq,
        task_run.as_str(),
        entry.actor.execution.as_str(),
        task.as_str(),
        start.task_type,
        entry.clock.to_string(),
        plugin_of(entry)?,
        start.parent.as_ref().map(|parent| parent.as_str()),
        start.value,
        start.iteration.map(u64::cast_signed),
        start.is_stub,
        start
            .decision
            .as_ref()
            .map(canonical::text)
            .transpose()
            .map_err(|source| StoreError::Unrecordable { source })?,
    ])?;
    Ok(())
}

fn mark_task_run(connection: &Connection, entry: &Entry, state: State, attempts: u32) -> Result<(), StoreError> {
    let (_, task_run) = task_run_of(entry, "TaskRunRetried")?;
    let update = "UPDATE task_run SET state = ?3, attempts = ?4 WHERE execution_id = ?1 AND id = ?2";
    connection.prepare_cached(update)?.execute(params![
        entry.actor.execution.as_str(),
        task_run.as_str(),
        state.name(),
        attempts
    ])?;
    Ok(())
}

/// A task run that never started, such as a skipped one, is told by its end.
fn finish_task_run(connection: &Connection, entry: &Entry, finish: &FinishFact) -> Result<(), StoreError> {
    let (task, task_run) = task_run_of(entry, "TaskRunFinished")?;
    let upsert = "INSERT INTO task_run
            (started_seq, finished_seq, id, execution_id, task_id, task_type, state, start_date, end_date, outputs, error,
             plugin, attempts)
        VALUES (?1, ?1, ?2, ?3, ?4, '', ?5, ?6, ?6, ?7, ?8, ?9, ?10)
        ON CONFLICT (execution_id, id) DO UPDATE SET finished_seq = ?1, state = ?5, end_date = ?6, outputs = ?7, error = ?8,
            plugin = coalesce(?9, plugin), attempts = ?10";
    connection.prepare_cached(upsert)?.execute(params![
        entry.seq,
        task_run.as_str(),
        entry.actor.execution.as_str(),
        task.as_str(),
        finish.state.name(),
        entry.clock.to_string(),
        json(&finish.outputs)?,
        finish.error,
        plugin_of(entry)?,
        finish.attempts,
    ])?;
    Ok(())
}

fn record_lineage(connection: &Connection, entry: &Entry, lineage: &LineageFact) -> Result<(), StoreError> {
    contents::apply(connection, &Origin::of(entry), &lineage.assets)?;
    if leaves_assets(lineage.state) {
        for (from, to) in edges_of(&lineage.bundles) {
            open_edge(connection, entry.seq, from, to)?;
        }
    }
    Ok(())
}

/// Every output of a bundle was made from every input of it. An asset that is both was only changed.
fn edges_of(bundles: &[BundleFact]) -> BTreeSet<(&AssetId, &AssetId)> {
    bundles
        .iter()
        .flat_map(pairs_of)
        .filter(|(from, to)| from != to)
        .collect()
}

fn pairs_of(bundle: &BundleFact) -> impl Iterator<Item = (&AssetId, &AssetId)> {
    bundle
        .inputs
        .iter()
        .flat_map(|from| bundle.outputs.iter().map(move |to| (from, to)))
}

/// Opens an edge unless it is open. Nothing happens where an end is no asset.
pub(super) fn open_edge(connection: &Connection, seq: i64, from: &AssetId, to: &AssetId) -> Result<(), StoreError> {
    let ends = contents::number_of(connection, from)?.zip(contents::number_of(connection, to)?);
    let Some((upper, lower)) = ends else { return Ok(()) };
    let query = "SELECT 1 FROM edge WHERE from_asset = ?1 AND to_asset = ?2 AND to_seq IS NULL";
    if connection.prepare_cached(query)?.exists([upper, lower])? {
        return Ok(());
    }
    let insert = "INSERT INTO edge (from_asset, to_asset, from_seq) VALUES (?1, ?2, ?3)";
    connection.prepare_cached(insert)?.execute([upper, lower, seq])?;
    Ok(())
}

pub(super) fn close_edge(connection: &Connection, seq: i64, from: &AssetId, to: &AssetId) -> Result<(), StoreError> {
    let update = "UPDATE edge SET to_seq = ?3 WHERE from_asset = (SELECT number FROM asset WHERE id = ?1)
        AND to_asset = (SELECT number FROM asset WHERE id = ?2) AND to_seq IS NULL";
    connection
        .prepare_cached(update)?
        .execute(params![from.as_str(), to.as_str(), seq])?;
    Ok(())
}
