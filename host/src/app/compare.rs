//! What is different between two catalogs, and between two versions of a flow: for whoever has to agree to a change.

use std::path::Path;

use indexmap::IndexMap;

use super::{App, AppError, FlowRequest, Report};
use crate::model::{
    Asset, AssetEffect, AssetId, ChangedAsset, ComparedAsset, DifferenceView, EdgeView, ExportLine, FieldChange, Json,
    PlanComparisonView, PlanView, PlannedAssetView, PlannedTaskView, PlannedValue,
};
use crate::store::{AssetSearch, Catalog};

/// The assets of a catalog by their ids, and what was made from what.
struct Held {
    assets: IndexMap<AssetId, Asset>,
    edges: Vec<EdgeView>,
    sequence: u64,
}

impl App {
    /// Compares two catalog files: what the second has that the first has not, what it lacks, and what is different.
    /// When assets were written makes no difference.
    pub fn compare_catalogs(&self, before: &Path, after: &Path) -> Result<DifferenceView, AppError> {
        let (before, after) = (held(before)?, held(after)?);
        let (mut created, mut changed, mut deleted) = (Vec::new(), Vec::new(), Vec::new());
        for (id, asset) in &after.assets {
            match before.assets.get(id) {
                None => created.push(change(asset, None, Some(asset))),
                Some(known) if known.same_content(asset) => {}
                Some(known) => changed.push(change(asset, Some(known), Some(asset))),
            }
        }
        for (id, asset) in &before.assets {
            if !after.assets.contains_key(id) {
                deleted.push(change(asset, Some(asset), None));
            }
        }
        let only = |one: &Held, other: &Held| -> Vec<EdgeView> {
            let edges = one.edges.iter();
            edges.filter(|edge| !other.edges.contains(edge)).cloned().collect()
        };
        Ok(DifferenceView {
            from_sequence: before.sequence,
            to_sequence: after.sequence,
            created,
            changed,
            deleted,
            edges_opened: only(&after, &before),
            edges_closed: only(&before, &after),
        })
    }

    /// Compares what a flow would do with what another version of it would.
    pub async fn compare_plans(
        &self,
        request: &FlowRequest<'_>,
        base: &FlowRequest<'_>,
    ) -> Result<(PlanComparisonView, Option<Report>), AppError> {
        let (now, report) = self.plan(request).await?;
        let (then, _) = self.plan(base).await.map_err(|error| AppError {
            message: format!("the version to compare with: {}", error.message),
            ..error
        })?;
        Ok((compared(&then, &now), report))
    }
}

fn held(path: &Path) -> Result<Held, AppError> {
    let catalog = Catalog::open_existing(path)?;
    let mut held = Held {
        assets: IndexMap::new(),
        edges: Vec::new(),
        sequence: catalog.stats()?.events,
    };
    let search = AssetSearch::default();
    catalog.export_assets(&search, &mut |_| true, &mut |line| {
        match line {
            ExportLine::Asset(asset) => drop(held.assets.insert(asset.id.clone(), (**asset).clone())),
            ExportLine::Edge(edge) => held.edges.push(edge.clone()),
            ExportLine::Begat(_)
            | ExportLine::Event(_)
            | ExportLine::Log(_)
            | ExportLine::Content(_)
            | ExportLine::AssetType(_) => {}
        }
        Ok(())
    })?;
    held.assets.sort_keys();
    held.edges.sort();
    Ok(held)
}

fn change(asset: &Asset, before: Option<&Asset>, after: Option<&Asset>) -> ChangedAsset {
    ChangedAsset {
        id: asset.id.clone(),
        asset_type: asset.asset_type.clone(),
        changes: FieldChange::between(before, after),
    }
}

/// An asset that a flow would make, and the task that makes it.
type Made<'v> = IndexMap<String, (&'v PlannedTaskView, &'v PlannedAssetView)>;

fn made(view: &PlanView) -> Made<'_> {
    let mut made = Made::new();
    for task in &view.tasks {
        for asset in &task.assets {
            if matches!(asset.effect, AssetEffect::Create | AssetEffect::Update) {
                made.insert(text(&asset.id), (task, asset));
            }
        }
    }
    made
}

fn compared(then: &PlanView, now: &PlanView) -> PlanComparisonView {
    let (made_then, made_now) = (made(then), made(now));
    let (mut added, mut altered) = (Vec::new(), Vec::new());
    for (id, (task, asset)) in &made_now {
        let before = made_then.get(id).map(|(_, asset)| *asset);
        let changes = between(before, Some(asset));
        match before {
            None => added.push(entry(id, task, asset, changes)),
            Some(_) if changes.is_empty() => {}
            Some(_) => altered.push(entry(id, task, asset, changes)),
        }
    }
    let gone = made_then.iter().filter(|(id, _)| !made_now.contains_key(*id));
    let orphaned = gone
        .map(|(id, (task, asset))| entry(id, task, asset, Vec::new()))
        .collect();
    let ids = |view: &PlanView| view.tasks.iter().map(|task| task.id.clone()).collect::<Vec<_>>();
    let without = |one: Vec<String>, other: Vec<String>| -> Vec<String> {
        let mut one = one;
        one.retain(|name| !other.contains(name));
        one.dedup();
        one
    };
    PlanComparisonView {
        flow_id: now.flow_id.clone(),
        tasks_added: without(ids(now), ids(then)),
        tasks_removed: without(ids(then), ids(now)),
        tasks_altered: altered_tasks(then, now),
        capabilities_added: without(asked(now), asked(then)),
        added,
        altered,
        orphaned,
    }
}

fn altered_tasks(then: &PlanView, now: &PlanView) -> Vec<String> {
    let is_altered = |task: &&PlannedTaskView| {
        let before = then.tasks.iter().find(|before| before.id == task.id);
        before.is_some_and(|before| {
            (&before.task_type, &before.properties, &before.run_if) != (&task.task_type, &task.properties, &task.run_if)
        })
    };
    now.tasks
        .iter()
        .filter(is_altered)
        .map(|task| task.id.clone())
        .collect()
}

fn asked(view: &PlanView) -> Vec<String> {
    let wanted = view.tasks.iter().flat_map(|task| &task.capabilities);
    wanted
        .map(|wanted| format!("{} {}", wanted.kind, wanted.target).trim_end().to_owned())
        .collect()
}

fn entry(id: &str, task: &PlannedTaskView, asset: &PlannedAssetView, changes: Vec<FieldChange>) -> ComparedAsset {
    ComparedAsset {
        id: id.to_owned(),
        asset_type: asset.asset_type.as_ref().map(text),
        task: task.id.clone(),
        changes,
        dependents: asset.dependents.clone(),
    }
}

/// What two versions say of the same asset.
fn between(before: Option<&PlannedAssetView>, after: Option<&PlannedAssetView>) -> Vec<FieldChange> {
    let fields = |asset: Option<&PlannedAssetView>| -> IndexMap<String, Json> {
        let Some(asset) = asset else { return IndexMap::new() };
        let kind = asset.asset_type.iter().map(|kind| ("type".to_owned(), value(kind)));
        kind.chain(asset.fields.iter().map(|(name, field)| (name.clone(), value(field))))
            .collect()
    };
    let (before, after) = (fields(before), fields(after));
    let added = after.keys().filter(|name| !before.contains_key(*name));
    let names = before.keys().chain(added);
    let differing = names.filter(|name| before.get(*name) != after.get(*name));
    differing
        .map(|name| FieldChange {
            field: name.clone(),
            before: before.get(name).cloned(),
            after: after.get(name).cloned(),
        })
        .collect()
}

fn value(planned: &PlannedValue) -> Json {
    match planned {
        PlannedValue::Known(value) => value.clone(),
        PlannedValue::Unknown { template, .. } => template.clone(),
    }
}

fn text(planned: &PlannedValue) -> String {
    let value = value(planned);
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
