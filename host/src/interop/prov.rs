//! The event log as W3C PROV (PROV-DM), written as PROV-JSON.
//!
//! Each version of an asset is an entity, each task run and each change by hand an activity, and flows' plugins and people
//! are agents.

use std::collections::HashMap;

use serde_json::json;

use crate::model::{
    Actor, Asset, AssetEvent, AssetId, Json, JsonMap, Person, Timestamp, ToldBy, ToldChange, ToldEvent, ToldKind,
};

/// Kinds of records, in the order they are written.
const KINDS: [&str; 9] = [
    "entity",
    "activity",
    "agent",
    "wasGeneratedBy",
    "used",
    "wasDerivedFrom",
    "wasInvalidatedBy",
    "wasAssociatedWith",
    "wasInformedBy",
];

/// Gathers told events into one document.
#[derive(Debug, Default)]
pub struct Document {
    records: HashMap<&'static str, JsonMap>,
    /// The entity that is the newest version of each asset.
    newest: HashMap<AssetId, String>,
    relations: u64,
}

impl Document {
    /// Takes told events in order.
    pub fn take(&mut self, event: &ToldEvent) {
        match &event.by {
            ToldBy::Run(actor) => self.take_of_run(actor, event),
            ToldBy::Person(person) => self.take_by_hand(person, event),
        }
    }

    /// The whole document.
    pub fn into_json(mut self) -> Json {
        let mut document = JsonMap::new();
        let prefixes = json!({
            "begat": "urn:begat:", "asset": "urn:begat:asset:", "run": "urn:begat:run:", "plugin": "urn:begat:plugin:",
            "user": "urn:begat:user:",
        });
        document.insert("prefix".to_owned(), prefixes);
        for kind in KINDS {
            if let Some(records) = self.records.remove(kind) {
                document.insert(kind.to_owned(), records.into());
            }
        }
        Json::Object(document)
    }

    fn put(&mut self, kind: &'static str, id: &str, record: Json) {
        self.records.entry(kind).or_default().insert(id.to_owned(), record);
    }

    fn relate(&mut self, kind: &'static str, record: Json) {
        self.relations += 1;
        let id = format!("_:r{}", self.relations);
        self.put(kind, &id, record);
    }

    fn take_of_run(&mut self, actor: &Actor, event: &ToldEvent) {
        let execution = format!("run:{}", actor.execution);
        let flow = format!("{}.{}", actor.flow.namespace, actor.flow.id);
        match (&event.kind, &actor.task_run) {
            (ToldKind::ExecutionStarted { parent, .. }, _) => {
                let record = json!({
                    "prov:startTime": event.time, "prov:type": text("begat:Execution"), "begat:flow": flow,
                    "begat:flowDigest": actor.flow.digest,
                });
                self.put("activity", &execution, record);
                if let Some(parent) = parent {
                    let parent = format!("run:{parent}");
                    self.relate(
                        "wasInformedBy",
                        json!({"prov:informed": execution, "prov:informant": parent}),
                    );
                }
            }
            (ToldKind::ExecutionFinished { state, .. }, _) => self.end(&execution, event.time, state.name()),
            (ToldKind::TaskRunStarted { task_type, .. }, Some(run)) => {
                let run = format!("run:{run}");
                let record = json!({
                    "prov:startTime": event.time, "prov:type": text("begat:TaskRun"), "begat:taskType": task_type,
                    "begat:task": actor.task.as_ref().map_or("", |task| task.as_str()), "begat:flow": flow,
                });
                self.put("activity", &run, record);
                self.relate(
                    "wasInformedBy",
                    json!({"prov:informed": run, "prov:informant": execution}),
                );
                if let Some(plugin) = &actor.plugin {
                    let agent = format!(
                        "plugin:{}-{}",
                        plugin.name,
                        &plugin.digest[..plugin.digest.len().min(12)]
                    );
                    let record = json!({
                        "prov:type": text("prov:SoftwareAgent"), "begat:version": plugin.version,
                        "begat:digest": plugin.digest,
                    });
                    self.put("agent", &agent, record);
                    self.relate("wasAssociatedWith", json!({"prov:activity": run, "prov:agent": agent}));
                }
            }
            (ToldKind::TaskRunFinished { state, .. }, Some(run)) => {
                self.end(&format!("run:{run}"), event.time, state.name());
            }
            (ToldKind::AssetsChanged(change), Some(run)) => {
                self.change(&format!("run:{run}"), event, change);
            }
            _ => {}
        }
    }

    fn take_by_hand(&mut self, person: &Person, event: &ToldEvent) {
        let ToldKind::AssetsChanged(change) = &event.kind else {
            return;
        };
        let activity = format!("begat:event-{}", event.sequence);
        let mut record = json!({
            "prov:startTime": event.time, "prov:endTime": event.time, "prov:type": text("begat:Edit"),
            "begat:action": change.action,
        });
        if let Some(reason) = &person.reason {
            record["begat:reason"] = reason.as_str().into();
        }
        self.put("activity", &activity, record);
        let agent = format!("user:{}", local(&person.user));
        let record = json!({"prov:type": text("prov:Person"), "prov:label": person.user});
        self.put("agent", &agent, record);
        self.relate(
            "wasAssociatedWith",
            json!({"prov:activity": activity, "prov:agent": agent}),
        );
        self.change(&activity, event, change);
    }

    fn end(&mut self, activity: &str, time: Timestamp, state: &str) {
        let activities = self.records.entry("activity").or_default();
        if let Some(record) = activities.get_mut(activity) {
            record["prov:endTime"] = json!(time);
            record["begat:state"] = state.into();
        }
    }

    fn change(&mut self, activity: &str, event: &ToldEvent, change: &ToldChange) {
        // What was used is the version that was there before.
        for id in &change.inputs {
            if let Some(entity) = self.newest.get(id).cloned() {
                self.relate("used", json!({"prov:activity": activity, "prov:entity": entity}));
            }
        }
        for (kind, asset) in &change.assets {
            let before = self.newest.get(&asset.id).cloned();
            match kind {
                AssetEvent::Used => {
                    if before.is_none() {
                        let entity = self.version(asset, event);
                        self.relate("used", json!({"prov:activity": activity, "prov:entity": entity}));
                    }
                }
                AssetEvent::Deleted => {
                    let entity = before.unwrap_or_else(|| self.version(asset, event));
                    let record = json!({"prov:entity": entity, "prov:activity": activity, "prov:time": event.time});
                    self.relate("wasInvalidatedBy", record);
                    self.newest.remove(&asset.id);
                }
                AssetEvent::Created | AssetEvent::Updated | AssetEvent::Restored => {
                    let entity = self.version(asset, event);
                    let record = json!({"prov:entity": entity, "prov:activity": activity, "prov:time": event.time});
                    self.relate("wasGeneratedBy", record);
                    if let Some(before) = before {
                        let record = json!({
                            "prov:generatedEntity": entity, "prov:usedEntity": before,
                            "prov:type": text("prov:Revision"),
                        });
                        self.relate("wasDerivedFrom", record);
                    }
                }
            }
        }
        for edge in &change.edges {
            let (Some(from), Some(to)) = (self.newest.get(&edge.from), self.newest.get(&edge.to)) else {
                continue;
            };
            let record = json!({"prov:generatedEntity": to, "prov:usedEntity": from, "prov:activity": activity});
            self.relate("wasDerivedFrom", record);
        }
    }

    /// A new version of an asset.
    fn version(&mut self, asset: &Asset, event: &ToldEvent) -> String {
        let entity = format!("asset:{}/{}", asset.id, event.sequence);
        let mut record = json!({
            "prov:type": text("begat:Asset"), "begat:id": asset.id, "begat:type": asset.asset_type,
            "begat:digest": super::digest_of(asset), "begat:metadata": Json::Object(asset.metadata.clone()).to_string(),
        });
        if let Some(name) = &asset.display_name {
            record["prov:label"] = name.as_str().into();
        }
        self.put("entity", &entity, record);
        self.newest.insert(asset.id.clone(), entity.clone());
        entity
    }
}

/// A qualified name as a value.
fn text(name: &str) -> Json {
    json!({"$": name, "type": "prov:QUALIFIED_NAME"})
}

/// A text as the local part of a name.
fn local(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    text.chars().map(|c| if is_plain(c) { c } else { '_' }).collect()
}
