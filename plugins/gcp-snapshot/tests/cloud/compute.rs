//! A stand-in for the Compute Engine API, for tests: it keeps snapshots and operations as `compute/v1` documents them, and
//! fails where it is told to. Held against the API's own discovery document in `tests/conformance`.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

/// The token that is taken.
pub const TOKEN: &str = "ya29.a0AfB_test-token";
/// The one project, zone and disk there are.
pub const DISK: &str = "projects/acme-prod/zones/us-central1-a/disks/windows-web-01";
const BASE: &str = "https://www.googleapis.com/compute/v1/";

/// Something that goes wrong with the next request that has these words in its method and path.
#[derive(Debug, Clone)]
pub struct Fault {
    pub on: &'static str,
    pub what: Trouble,
}

/// What goes wrong.
#[derive(Debug, Clone)]
pub enum Trouble {
    /// An answer that is an error: status, reason, message, and how many seconds it asks to wait.
    Answer(u16, &'static str, &'static str, Option<u32>),
    /// An answer that is no JSON, as of a proxy.
    Page(u16, &'static str),
    /// The connection is closed without an answer, after the work was done.
    Drop,
    /// There is no answer for so long.
    Slow(Duration),
    /// The operation that begins here fails with a code and a message.
    Operation(&'static str, &'static str),
    /// The operation that begins here is never done.
    Stuck,
    /// Somebody else changes the labels first.
    Labelled,
}

/// One request and its answer.
#[derive(Debug, Clone)]
pub struct Exchange {
    pub method: String,
    pub target: String,
    pub body: Value,
    pub status: u16,
    pub answer: Value,
}

/// What goes over the wire.
#[derive(Debug)]
pub enum Reply {
    Answer {
        status: u16,
        retry_after: Option<u32>,
        body: String,
    },
    Drop,
    Slow(Duration),
}

#[derive(Default)]
struct State {
    snapshots: BTreeMap<String, Value>,
    /// Operations, with how many looks they take to be done.
    operations: BTreeMap<String, (Value, u32)>,
    /// Operations by the id of the request that began them.
    requests: BTreeMap<String, String>,
    faults: VecDeque<Fault>,
    exchanges: Vec<Exchange>,
    count: u64,
}

/// The API.
pub struct Compute {
    state: Mutex<State>,
    /// How many snapshots a page of a list has.
    pub page: usize,
}

type Answered = Result<Value, (u16, &'static str, String)>;

impl Compute {
    pub fn new(faults: &[Fault]) -> Self {
        let state = State {
            faults: faults.iter().cloned().collect(),
            ..State::default()
        };
        Self {
            state: Mutex::new(state),
            page: 2,
        }
    }

    /// Puts in a snapshot that was taken before.
    pub fn put(&self, name: &str, disk: &str, created: &str, labels: Value) {
        let mut state = self.state.lock().unwrap();
        let snapshot = snapshot(&mut state, name, disk, &json!({"labels": labels}), created, "READY");
        state.snapshots.insert(name.to_owned(), snapshot);
    }

    /// The names of the snapshots there are.
    pub fn names(&self) -> Vec<String> {
        self.state.lock().unwrap().snapshots.keys().cloned().collect()
    }

    /// A snapshot.
    pub fn snapshot(&self, name: &str) -> Value {
        self.state.lock().unwrap().snapshots[name].clone()
    }

    /// All requests so far, with their answers.
    pub fn exchanges(&self) -> Vec<Exchange> {
        self.state.lock().unwrap().exchanges.clone()
    }

    /// Answers a request. `target` is what follows `/compute/v1/`.
    pub fn serve(&self, method: &str, target: &str, authorization: &str, body: &str) -> Reply {
        let mut state = self.state.lock().unwrap();
        let line = format!("{method} {target}");
        let place = state.faults.iter().position(|fault| line.contains(fault.on));
        let trouble = place
            .and_then(|place| state.faults.remove(place))
            .map(|fault| fault.what);
        let sent: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let error = |status: u16, reason: &str, message: &str| {
            let each = json!({"message": message, "domain": "global", "reason": reason});
            json!({"error": {"code": status, "message": message, "errors": [each]}})
        };
        let (status, answer, retry_after) = match &trouble {
            Some(Trouble::Answer(status, reason, message, wait)) => (*status, error(*status, reason, message), *wait),
            Some(Trouble::Page(status, page)) => {
                return Reply::Answer {
                    status: *status,
                    retry_after: None,
                    body: (*page).to_owned(),
                };
            }
            Some(Trouble::Slow(length)) => return Reply::Slow(*length),
            _ if authorization != format!("Bearer {TOKEN}") => {
                let words = "Request had invalid authentication credentials. Expected OAuth 2 access token.";
                (401, error(401, "authError", words), None)
            }
            _ => match self.answer(&mut state, method, target, &sent, trouble.as_ref()) {
                Ok(answer) => (200, answer, None),
                Err((status, reason, message)) => (status, error(status, reason, &message), None),
            },
        };
        state.exchanges.push(Exchange {
            method: method.to_owned(),
            target: target.to_owned(),
            body: sent,
            status,
            answer: answer.clone(),
        });
        match trouble {
            Some(Trouble::Drop) => Reply::Drop,
            _ => Reply::Answer {
                status,
                retry_after,
                body: answer.to_string(),
            },
        }
    }

    fn answer(
        &self,
        state: &mut State,
        method: &str,
        target: &str,
        sent: &Value,
        trouble: Option<&Trouble>,
    ) -> Answered {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let query: BTreeMap<String, String> = query
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), decoded(value)))
            .collect();
        let parts: Vec<&str> = path.split('/').collect();
        let id = query.get("requestId").cloned().unwrap_or_default();
        match (method, parts.as_slice()) {
            ("POST", ["projects", _, "zones", zone, "disks", _, "createSnapshot"]) => {
                create(state, path, zone, sent, &id, trouble)
            }
            ("GET", ["projects", _, "global", "snapshots"]) => Ok(list(state, &query, self.page)),
            ("GET", ["projects", _, "global", "snapshots", name]) => look(state, name),
            ("POST", ["projects", _, "global", "snapshots", name, "setLabels"]) => {
                set_labels(state, name, sent, trouble)
            }
            ("DELETE", ["projects", _, "global", "snapshots", name]) => {
                if let Some(known) = state.requests.get(&id) {
                    return Ok(state.operations[known].0.clone());
                }
                if state.snapshots.remove(*name).is_none() {
                    return Err(missing(&format!("projects/acme-prod/global/snapshots/{name}")));
                }
                Ok(begin(state, "delete", "global", &id, trouble))
            }
            (
                "GET",
                ["projects", _, "global", "operations", name] | ["projects", _, "zones", _, "operations", name],
            ) => progress(state, name),
            _ => Err(missing(path)),
        }
    }
}

fn missing(path: &str) -> (u16, &'static str, String) {
    (404, "notFound", format!("The resource '{path}' was not found"))
}

fn create(state: &mut State, path: &str, zone: &str, sent: &Value, id: &str, trouble: Option<&Trouble>) -> Answered {
    let disk = path.trim_end_matches("/createSnapshot");
    if disk != DISK {
        return Err(missing(disk));
    }
    // A request that was taken is known by its id.
    if let Some(known) = state.requests.get(id) {
        return Ok(state.operations[known].0.clone());
    }
    let name = sent["name"].as_str().unwrap_or_default().to_owned();
    if state.snapshots.contains_key(&name) {
        let words = format!("The resource 'projects/acme-prod/global/snapshots/{name}' already exists");
        return Err((409, "alreadyExists", words));
    }
    if !matches!(trouble, Some(Trouble::Operation(..))) {
        let made = snapshot(state, &name, disk, sent, "2026-11-25T02:00:00.000-08:00", "CREATING");
        state.snapshots.insert(name, made);
    }
    Ok(begin(state, "createSnapshot", &format!("zones/{zone}"), id, trouble))
}

fn snapshot(state: &mut State, name: &str, disk: &str, sent: &Value, created: &str, status: &str) -> Value {
    state.count += 1;
    let mut snapshot = json!({
        "kind": "compute#snapshot",
        "id": (4_200_000_000_000_000_000_u64 + state.count).to_string(),
        "creationTimestamp": created,
        "name": name,
        "status": status,
        "sourceDisk": format!("{BASE}{disk}"),
        "sourceDiskId": "8123456789012345678",
        "diskSizeGb": "50",
        "storageBytes": "0",
        "storageLocations": sent.get("storageLocations").cloned().unwrap_or(json!(["us"])),
        "labels": sent.get("labels").cloned().unwrap_or(json!({})),
        "labelFingerprint": format!("fp{:08}==", state.count),
        "selfLink": format!("{BASE}projects/acme-prod/global/snapshots/{name}"),
    });
    if let Some(words) = sent.get("description") {
        snapshot["description"] = words.clone();
    }
    snapshot
}

fn begin(state: &mut State, kind: &str, place: &str, id: &str, trouble: Option<&Trouble>) -> Value {
    state.count += 1;
    let name = format!("operation-{:05}", state.count);
    let mut operation = json!({
        "kind": "compute#operation",
        "id": (9_000_000_000_000_000_000_u64 + state.count).to_string(),
        "name": name,
        "operationType": kind,
        "status": "PENDING",
        "progress": 0,
        "insertTime": "2026-11-25T02:00:00.000-08:00",
        "selfLink": format!("{BASE}projects/acme-prod/{place}/operations/{name}"),
    });
    if !id.is_empty() {
        operation["clientOperationId"] = json!(id);
        state.requests.insert(id.to_owned(), name.clone());
    }
    match trouble {
        Some(Trouble::Operation(code, message)) => {
            operation["error"] = json!({"errors": [{"code": code, "message": message}]});
            operation["httpErrorStatusCode"] = json!(400);
            operation["httpErrorMessage"] = json!("BAD REQUEST");
            state.operations.insert(name, (operation.clone(), 1));
        }
        Some(Trouble::Stuck) => drop(state.operations.insert(name, (operation.clone(), u32::MAX))),
        _ => drop(state.operations.insert(name, (operation.clone(), 2))),
    }
    // What went wrong is told when it is done.
    if let Some(map) = operation.as_object_mut() {
        map.remove("error");
        map.remove("httpErrorStatusCode");
        map.remove("httpErrorMessage");
    }
    operation
}

fn progress(state: &mut State, name: &str) -> Answered {
    let Some((operation, left)) = state.operations.get_mut(name) else {
        return Err(missing(name));
    };
    *left = if *left == u32::MAX {
        *left
    } else {
        left.saturating_sub(1)
    };
    operation["status"] = json!(if *left == 0 { "DONE" } else { "RUNNING" });
    operation["progress"] = json!(if *left == 0 { 100 } else { 40 });
    let mut told = operation.clone();
    if *left > 0 {
        told.as_object_mut().unwrap().remove("error");
    } else {
        for snapshot in state
            .snapshots
            .values_mut()
            .filter(|snapshot| snapshot["status"] == "CREATING")
        {
            snapshot["status"] = json!("UPLOADING");
        }
    }
    Ok(told)
}

/// A snapshot that is uploaded is ready at the next look.
fn look(state: &mut State, name: &str) -> Answered {
    let Some(snapshot) = state.snapshots.get_mut(name) else {
        return Err(missing(&format!("projects/acme-prod/global/snapshots/{name}")));
    };
    let told = snapshot.clone();
    if told["status"] == "UPLOADING" {
        snapshot["status"] = json!("READY");
        snapshot["storageBytes"] = json!("1073741824");
    }
    Ok(told)
}

fn list(state: &State, query: &BTreeMap<String, String>, page: usize) -> Value {
    let filter = query.get("filter").and_then(|filter| filter.strip_prefix("labels."));
    let wanted = filter.and_then(|filter| filter.split_once('='));
    let fits = |snapshot: &&Value| wanted.is_none_or(|(key, value)| snapshot["labels"][key] == value);
    let start = query.get("pageToken").and_then(|token| token.parse().ok()).unwrap_or(0);
    let all: Vec<&Value> = state.snapshots.values().filter(fits).collect();
    let items: Vec<&Value> = all.iter().skip(start).take(page).copied().collect();
    let mut list = json!({
        "kind": "compute#snapshotList",
        "id": "projects/acme-prod/global/snapshots",
        "items": items,
        "selfLink": format!("{BASE}projects/acme-prod/global/snapshots"),
    });
    if start + page < all.len() {
        list["nextPageToken"] = json!((start + page).to_string());
    }
    list
}

fn set_labels(state: &mut State, name: &str, sent: &Value, trouble: Option<&Trouble>) -> Answered {
    state.count += 1;
    let count = state.count;
    let Some(snapshot) = state.snapshots.get_mut(name) else {
        return Err(missing(&format!("projects/acme-prod/global/snapshots/{name}")));
    };
    if matches!(trouble, Some(Trouble::Labelled)) {
        snapshot["labels"]["by-another"] = json!("yes");
        snapshot["labelFingerprint"] = json!(format!("fp{count:08}=="));
    }
    if sent["labelFingerprint"] != snapshot["labelFingerprint"] {
        let words = "Labels fingerprint either invalid or resource labels have changed";
        return Err((412, "conditionNotMet", words.to_owned()));
    }
    snapshot["labels"] = sent["labels"].clone();
    snapshot["labelFingerprint"] = json!(format!("fp{:08}==", count + 1));
    Ok(begin(state, "setLabels", "global", "", trouble))
}

fn decoded(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        let code = tail.get(..2).and_then(|code| std::str::from_utf8(code).ok());
        match code
            .and_then(|code| u8::from_str_radix(code, 16).ok())
            .filter(|_| *first == b'%')
        {
            Some(byte) => {
                bytes.push(byte);
                rest = &tail[2..];
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8(bytes).unwrap()
}
