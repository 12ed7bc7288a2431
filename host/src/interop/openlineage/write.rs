//! Told events as OpenLineage run events: each execution and each task run begins and ends, and its end says which assets
//! were used and made.

use std::collections::{BTreeMap, HashMap};

use serde_json::json;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{EVENT_SCHEMA, NAMESPACE, Name, dataset, facet, name_of};
use crate::interop::PRODUCER;
use crate::model::{
    Actor, Asset, AssetEvent, AssetId, ExecutionId, FlowReference, Json, JsonMap, Person, State, TaskRunId, Timestamp,
    ToldBy, ToldChange, ToldEvent, ToldKind,
};

/// How deep executions may have started one another.
const DEPTH: usize = 32;

/// What must be known of an execution to name it as the parent of another.
#[derive(Debug, Clone)]
pub struct KnownExecution {
    pub flow: FlowReference,
    /// The execution whose task started it.
    pub parent: Option<ExecutionId>,
}

/// Looks up executions that began before the first told event.
pub type LookUp<'a> = &'a dyn Fn(&ExecutionId) -> Option<KnownExecution>;

/// What a task run changed before it ended.
struct Pending {
    actor: Actor,
    time: Timestamp,
    change: ToldChange,
}

/// Turns told events into OpenLineage events.
pub struct Writer<'a> {
    namespace: String,
    look_up: LookUp<'a>,
    known: HashMap<ExecutionId, Option<KnownExecution>>,
    pending: BTreeMap<TaskRunId, Pending>,
}

impl<'a> Writer<'a> {
    /// A writer of jobs and datasets in this namespace.
    pub fn new(namespace: Option<&str>, look_up: LookUp<'a>) -> Self {
        Self {
            namespace: namespace.unwrap_or(NAMESPACE).to_owned(),
            look_up,
            known: HashMap::new(),
            pending: BTreeMap::new(),
        }
    }

    /// The OpenLineage events that a told event makes.
    pub fn take(&mut self, event: ToldEvent) -> Option<Json> {
        match event.by {
            ToldBy::Run(actor) => self.take_of_run(actor, event.time, event.kind),
            ToldBy::Person(person) => match event.kind {
                ToldKind::AssetsChanged(change) => Some(self.edited(&person, event.sequence, event.time, &change)),
                _ => None,
            },
        }
    }

    /// What task runs changed that have not ended, so that nothing that was told is held back.
    pub fn finish(&mut self) -> Vec<Json> {
        let pending = std::mem::take(&mut self.pending);
        let told = pending.into_values().filter_map(|pending| {
            self.of_task("RUNNING", pending.time, &pending.actor, &pending.change, JsonMap::new())
        });
        told.collect()
    }

    fn take_of_run(&mut self, actor: Actor, time: Timestamp, kind: ToldKind) -> Option<Json> {
        match kind {
            ToldKind::ExecutionStarted { labels, parent } => {
                let flow = actor.flow.clone();
                self.known
                    .insert(actor.execution.clone(), Some(KnownExecution { flow, parent }));
                let mut facets = JsonMap::new();
                let tag = |(key, value): (&String, &Json)| json!({"key": key, "value": shown(value), "source": "USER"});
                let tags: Vec<Json> = labels.iter().map(tag).collect();
                if !tags.is_empty() {
                    facets.insert("tags".to_owned(), facet("1-0-0", "TagsRunFacet", json!({"tags": tags})));
                }
                Some(self.of_execution("START", time, &actor, facets))
            }
            ToldKind::TaskRunStarted { .. } => {
                self.of_task("START", time, &actor, &ToldChange::default(), JsonMap::new())
            }
            ToldKind::AssetsChanged(change) => {
                let run = actor.task_run.clone()?;
                let pending = self.pending.entry(run).or_insert_with(|| Pending {
                    actor,
                    time,
                    change: ToldChange::default(),
                });
                pending.change.assets.extend(change.assets);
                pending.change.inputs.extend(change.inputs);
                pending.change.edges.extend(change.edges);
                None
            }
            ToldKind::FileWritten { .. } => None,
            ToldKind::TaskRunFinished { state, error } => {
                let pending = self.pending.remove(actor.task_run.as_ref()?);
                let change = pending.map(|pending| pending.change).unwrap_or_default();
                self.of_task(end_of(state), time, &actor, &change, failure(error))
            }
            ToldKind::ExecutionFinished { state, error } => {
                Some(self.of_execution(end_of(state), time, &actor, failure(error)))
            }
        }
    }

    /// An event of an execution as a whole.
    fn of_execution(&mut self, kind: &str, time: Timestamp, actor: &Actor, mut facets: JsonMap) -> Json {
        let parent = self.known(&actor.execution).and_then(|known| known.parent);
        if let Some(parent) = parent.and_then(|parent| self.parent_facet(&parent)) {
            facets.insert("parent".to_owned(), parent);
        }
        let run = run(&uuid_of(actor.execution.bits()), facets);
        let mut job_facets = JsonMap::new();
        job_facets.insert("jobType".to_owned(), job_type("FLOW"));
        job_facets.insert("sourceCodeLocation".to_owned(), source(&actor.flow));
        let job = json!({"namespace": self.namespace, "name": job_name(&actor.flow), "facets": job_facets});
        event(kind, time, &run, &job, &[], &[])
    }

    /// An event of a task run.
    fn of_task(
        &mut self,
        kind: &str,
        time: Timestamp,
        actor: &Actor,
        change: &ToldChange,
        mut facets: JsonMap,
    ) -> Option<Json> {
        let (task, task_run) = (actor.task.as_ref()?, actor.task_run.as_ref()?);
        if let Some(parent) = self.parent_facet(&actor.execution) {
            facets.insert("parent".to_owned(), parent);
        }
        let run = run(&uuid_of(task_run.bits()), facets);
        let mut job_facets = JsonMap::new();
        job_facets.insert("jobType".to_owned(), job_type("TASK"));
        job_facets.insert("sourceCodeLocation".to_owned(), source(&actor.flow));
        let (inputs, outputs) = self.datasets(change, &mut job_facets);
        let name = format!("{}.{task}", job_name(&actor.flow));
        let job = json!({"namespace": self.namespace, "name": name, "facets": job_facets});
        Some(event(kind, time, &run, &job, &inputs, &outputs))
    }

    /// What a person changed: a run of its own that has ended at once.
    fn edited(&self, person: &Person, sequence: u64, time: Timestamp, change: &ToldChange) -> Json {
        let seed = Sha256::digest(format!("{} {sequence} {time}", self.namespace));
        let mut random = [0; 10];
        random.copy_from_slice(&seed[..10]);
        let milliseconds = u64::try_from(time.as_millisecond()).unwrap_or_default();
        let id = uuid::Builder::from_unix_timestamp_millis(milliseconds, &random).into_uuid();
        let mut facets = JsonMap::new();
        facets.insert("jobType".to_owned(), job_type("COMMAND"));
        let owners = json!({"owners": [{"name": format!("user:{}", person.user), "type": "ACTOR"}]});
        facets.insert("ownership".to_owned(), facet("1-0-1", "OwnershipJobFacet", owners));
        if let Some(reason) = &person.reason {
            let content = json!({"description": reason});
            facets.insert(
                "documentation".to_owned(),
                facet("1-1-0", "DocumentationJobFacet", content),
            );
        }
        let (inputs, outputs) = self.datasets(change, &mut facets);
        let name = format!("begat.catalog.{}", change.action.to_lowercase());
        let job = json!({"namespace": self.namespace, "name": name, "facets": facets});
        event("COMPLETE", time, &run(&id, JsonMap::new()), &job, &inputs, &outputs)
    }

    /// The datasets of a change. Which was made from which is a facet of the job: without it, every output would count as
    /// made from every input.
    fn datasets(&self, change: &ToldChange, job_facets: &mut JsonMap) -> (Vec<Json>, Vec<Json>) {
        // Of an asset that changed several times, the last state counts, and that it was made.
        let mut assets: BTreeMap<&AssetId, (AssetEvent, &Asset)> = BTreeMap::new();
        for (event, asset) in &change.assets {
            let known = assets.get(&asset.id).map(|(event, _)| *event);
            let event = match (known, event) {
                (Some(AssetEvent::Created), AssetEvent::Updated | AssetEvent::Used) => AssetEvent::Created,
                (Some(known), AssetEvent::Used) => known,
                (_, event) => *event,
            };
            assets.insert(&asset.id, (event, asset));
        }
        let is_input = |id: &AssetId| change.inputs.contains(id);
        let is_target = |id: &AssetId| change.edges.iter().any(|edge| edge.to == *id);
        let is_output = |(event, asset): &(AssetEvent, &Asset)| {
            let is_made = *event != AssetEvent::Used && (!is_input(&asset.id) || !asset.asset_type.is_external());
            is_made || is_target(&asset.id)
        };
        let inputs = assets
            .values()
            .filter(|(event, asset)| is_input(&asset.id) || (*event == AssetEvent::Used && !is_target(&asset.id)));
        let inputs = inputs
            .map(|(_, asset)| dataset::input(&self.namespace, asset, change))
            .collect();
        let outputs: Vec<&(AssetEvent, &Asset)> = assets.values().filter(|step| is_output(step)).collect();
        let entries: Vec<Json> = outputs
            .iter()
            .filter(|(event, _)| *event != AssetEvent::Deleted)
            .map(|(_, asset)| self.entry(asset, change, &assets))
            .collect();
        if !entries.is_empty() {
            let content = json!({"entries": entries});
            job_facets.insert("lineage".to_owned(), facet("1-0-0", "LineageJobFacet", content));
        }
        let outputs = outputs.into_iter();
        let outputs = outputs.map(|(event, asset)| dataset::output(&self.namespace, *event, asset, change));
        (inputs, outputs.collect())
    }

    /// What one asset was made from.
    fn entry(&self, asset: &Asset, change: &ToldChange, known: &BTreeMap<&AssetId, (AssetEvent, &Asset)>) -> Json {
        let named = |(namespace, name): Name| json!({"namespace": namespace, "name": name, "type": "DATASET"});
        let made_from = change.edges.iter().filter(|edge| edge.to == asset.id);
        let inputs = made_from.map(|edge| match known.get(&edge.from) {
            Some((_, from)) => named(name_of(&self.namespace, from)),
            None => named((self.namespace.clone(), edge.from.to_string())),
        });
        let inputs: Vec<Json> = inputs.collect();
        let mut entry = named(name_of(&self.namespace, asset));
        entry["inputs"] = inputs.into();
        entry
    }

    fn known(&mut self, execution: &ExecutionId) -> Option<KnownExecution> {
        let look_up = self.look_up;
        let known = self.known.entry(execution.clone());
        known.or_insert_with(|| look_up(execution)).clone()
    }

    /// The facet that names an execution as the parent, and the one that began it all.
    fn parent_facet(&mut self, execution: &ExecutionId) -> Option<Json> {
        let parent = self.known(execution)?;
        let (mut root_id, mut root) = (execution.clone(), parent.clone());
        for _ in 0..DEPTH {
            let Some(id) = root.parent.clone() else { break };
            let Some(known) = self.known(&id) else { break };
            (root_id, root) = (id, known);
        }
        let reference = |id: &ExecutionId, flow: &FlowReference| {
            let job = json!({"namespace": self.namespace, "name": job_name(flow)});
            json!({"run": {"runId": uuid_of(id.bits()).to_string()}, "job": job})
        };
        let mut content = reference(execution, &parent.flow);
        content["root"] = reference(&root_id, &root.flow);
        Some(facet("1-2-0", "ParentRunFacet", content))
    }
}

fn uuid_of(bits: u128) -> Uuid {
    Uuid::from_u128(bits)
}

fn run(id: &Uuid, mut facets: JsonMap) -> Json {
    let engine = json!({"name": "begat", "version": env!("CARGO_PKG_VERSION")});
    let engine = facet("1-1-1", "ProcessingEngineRunFacet", engine);
    facets.insert("processing_engine".to_owned(), engine);
    json!({"runId": id.to_string(), "facets": facets})
}

fn event(kind: &str, time: Timestamp, run: &Json, job: &Json, inputs: &[Json], outputs: &[Json]) -> Json {
    json!({
        "eventType": kind, "eventTime": time, "run": run, "job": job, "inputs": inputs, "outputs": outputs,
        "producer": PRODUCER, "schemaURL": EVENT_SCHEMA,
    })
}

fn job_name(flow: &FlowReference) -> String {
    format!("{}.{}", flow.namespace, flow.id)
}

fn job_type(kind: &str) -> Json {
    let content = json!({"integration": "BEGAT", "jobType": kind, "processingType": "BATCH"});
    facet("2-0-4", "JobTypeJobFacet", content)
}

/// The flow as it ran, by its digest.
fn source(flow: &FlowReference) -> Json {
    let url = format!("urn:sha256:{}", flow.digest);
    let content = json!({"type": "begat", "url": url, "version": flow.digest});
    facet("1-1-0", "SourceCodeLocationJobFacet", content)
}

fn end_of(state: State) -> &'static str {
    match state {
        State::Failed => "FAIL",
        State::Killed | State::Cancelled => "ABORT",
        _ => "COMPLETE",
    }
}

fn failure(error: Option<String>) -> JsonMap {
    let mut facets = JsonMap::new();
    if let Some(message) = error {
        let content = json!({"message": message, "programmingLanguage": "begat"});
        facets.insert(
            "errorMessage".to_owned(),
            facet("1-0-1", "ErrorMessageRunFacet", content),
        );
    }
    facets
}

fn shown(value: &Json) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
