//! What is asked of the real API, and what is told when it fails. The API is a stand-in that keeps to its documentation.

use std::rc::Rc;
use std::time::Duration;

use begat_task::testing::{self, Granted, Outcome};
use begat_task::{FailureKind, HttpError, HttpRequest, HttpResponse};
use serde_json::json;

use super::compute::{Compute, DISK, Fault, Reply, TOKEN, Trouble};
use super::*;

fn properties() -> Value {
    json!({
        "project": "acme-prod", "zone": "us-central1-a", "disk": "windows-web-01",
        "name": "backup-1", "labels": {"env": "prod"}, "description": "before the update",
        "storageLocations": ["us"],
    })
}

fn with(key: &str, value: Value) -> Value {
    let mut given = properties();
    given[key] = value;
    given
}

fn fault(on: &'static str, what: Trouble) -> Fault {
    Fault { on, what }
}

fn serve(compute: &Compute, request: &HttpRequest) -> Result<HttpResponse, HttpError> {
    let target = request.url.strip_prefix("https://compute.googleapis.com/compute/v1/");
    let target = target.expect("the API's own address");
    let field = |name: &str| request.headers.iter().find(|(known, _)| known == name);
    let authorization = field("authorization").map_or("", |(_, value)| value);
    let body = String::from_utf8_lossy(&request.body);
    match compute.serve(&request.method, target, authorization, &body) {
        Reply::Answer {
            status,
            retry_after,
            body,
        } => Ok(HttpResponse {
            status,
            headers: retry_after
                .map(|seconds| ("retry-after".to_owned(), seconds.to_string()))
                .into_iter()
                .collect(),
            body: body.into_bytes(),
        }),
        Reply::Drop => Err(HttpError::Unavailable("the connection broke".to_owned())),
        Reply::Slow(length) => Err(HttpError::TimedOut(format!("no answer in {} s", length.as_secs()))),
    }
}

fn granted(compute: &Rc<Compute>) -> Granted {
    let compute = compute.clone();
    Granted::default()
        .secret("GCP_ACCESS_TOKEN", TOKEN)
        .http(move |request| serve(&compute, request))
}

fn run(compute: &Rc<Compute>, task_type: &str, properties: Value) -> Outcome<JsonMap> {
    let declared = vec![Bundle {
        inputs: vec![],
        outputs: vec![Asset::new("snapshot-1")],
    }];
    testing::run_granted::<GcpSnapshot>(task_type, properties, declared, granted(compute))
}

/// Runs a snapshot in a cloud with faults, and gives both.
fn take(faults: &[Fault], properties: Value) -> (Rc<Compute>, Outcome<JsonMap>) {
    let compute = Rc::new(Compute::new(faults));
    let outcome = run(&compute, "gcp.snapshot", properties);
    (compute, outcome)
}

fn sent(compute: &Compute) -> Vec<String> {
    let exchanges = compute.exchanges();
    let line = |target: &str| target.replace("projects/acme-prod/", "");
    exchanges
        .iter()
        .map(|exchange| {
            format!(
                "{} {}",
                exchange.method,
                line(exchange.target.split('?').next().unwrap_or_default())
            )
        })
        .collect()
}

fn check_failure(faults: &[Fault], properties: Value, kind: FailureKind, words: &[&str]) {
    let (_, outcome) = take(faults, properties);
    let failure = outcome.failure();
    assert_eq!(failure.kind, kind, "{}", failure.message);
    for word in words {
        assert!(failure.message.contains(word), "`{word}` in: {}", failure.message);
    }
    assert!(!failure.message.contains(TOKEN));
}

#[test]
fn a_snapshot_is_taken_waited_for_and_told() {
    let (compute, outcome) = take(&[], properties());
    let outputs = outcome.outputs();
    assert_eq!(
        sent(&compute),
        [
            "POST zones/us-central1-a/disks/windows-web-01/createSnapshot",
            "GET zones/us-central1-a/operations/operation-00002",
            "GET zones/us-central1-a/operations/operation-00002",
            "GET global/snapshots/backup-1",
            "GET global/snapshots/backup-1",
        ]
    );
    let last = compute.exchanges().pop().unwrap();
    assert_eq!((last.status, &last.answer["status"]), (200, &json!("READY")));
    let body = compute.exchanges()[0].body.clone();
    assert_eq!(
        body,
        json!({
            "name": "backup-1", "description": "before the update", "storageLocations": ["us"],
            "labels": {
                "env": "prod", "begat-task": "task", "begat-execution": "01k00000000000000000000000",
                "begat-schedule": outputs["schedule"],
            },
        })
    );
    for (key, value) in [
        ("simulated", json!(false)),
        ("status", json!("READY")),
        ("id", json!("4200000000000000001")),
        (
            "selfLink",
            json!("https://www.googleapis.com/compute/v1/projects/acme-prod/global/snapshots/backup-1"),
        ),
        (
            "sourceDisk",
            json!(format!("https://www.googleapis.com/compute/v1/{DISK}")),
        ),
        ("diskSizeGb", json!(50)),
        ("storageBytes", json!(1_073_741_824_u64)),
        ("creationTimestamp", json!("2026-11-25T02:00:00.000-08:00")),
        ("storageLocations", json!(["us"])),
    ] {
        assert_eq!(outputs[key], value, "{key}");
        assert_eq!(outcome.assets[0].outputs[0].metadata[key], value, "{key}");
    }
    assert_eq!(outcome.assets[0].inputs, [Asset::new("windows-web-01")]);
    assert!(
        outcome.logs.iter().all(|(_, line)| !line.contains("simulated")),
        "{:?}",
        outcome.logs
    );
}

#[test]
fn an_attempt_that_is_made_again_asks_for_the_same() {
    let compute = Rc::new(Compute::new(&[]));
    let ids: Vec<Value> = (0..2)
        .map(|_| run(&compute, "gcp.snapshot", properties()).outputs()["requestId"].clone())
        .collect();
    assert_eq!(ids[0], ids[1]);
    let targets: Vec<String> = compute
        .exchanges()
        .iter()
        .map(|exchange| exchange.target.clone())
        .collect();
    let id = ids[0].as_str().unwrap();
    assert_eq!(
        targets
            .iter()
            .filter(|target| target.ends_with(&format!("?requestId={id}")))
            .count(),
        2
    );
    assert_eq!(compute.names(), ["backup-1"], "there is one snapshot, not two");
    let other = run(&compute, "gcp.snapshot", with("name", json!("backup-2")));
    assert_ne!(other.outputs()["requestId"], ids[0]);
}

#[test]
fn the_system_on_the_disk_is_asked_to_flush_where_the_flow_says_so() {
    let (compute, _) = take(&[], with("guestFlush", json!(true)));
    assert!(compute.exchanges()[0].target.ends_with("&guestFlush=true"));
}

#[test]
fn what_passes_is_waited_for_and_tried_again() {
    let server = |status| Trouble::Answer(status, "backendError", "Internal error", None);
    for trouble in [
        server(500),
        server(502),
        server(503),
        server(504),
        Trouble::Page(503, "<html>upstream</html>"),
        Trouble::Answer(403, "rateLimitExceeded", "Rate Limit Exceeded", None),
        Trouble::Drop,
        Trouble::Slow(Duration::from_secs(60)),
    ] {
        for on in [
            "createSnapshot",
            "operations/",
            "GET projects/acme-prod/global/snapshots/backup-1",
        ] {
            let faults = [fault(on, trouble.clone()), fault(on, trouble.clone())];
            let (compute, outcome) = take(&faults, properties());
            assert_eq!(outcome.outputs()["status"], "READY", "{trouble:?} on {on}");
            assert_eq!(compute.names(), ["backup-1"]);
            assert!(outcome.slept >= Duration::from_secs(3), "{:?}", outcome.slept);
        }
    }
}

#[test]
fn a_wait_that_the_api_asks_for_is_kept() {
    let limit = |seconds| Trouble::Answer(429, "rateLimitExceeded", "Too many requests", Some(seconds));
    let (_, outcome) = take(&[fault("createSnapshot", limit(37))], properties());
    assert_eq!(outcome.outputs()["status"], "READY");
    assert!((37..45).contains(&outcome.slept.as_secs()), "{:?}", outcome.slept);
    // A longer one than there is time for is not begun.
    let (_, outcome) = take(&[fault("createSnapshot", limit(3600))], properties());
    assert_eq!(outcome.failure().kind, FailureKind::Unavailable);
    assert!(outcome.failure().retryable);
    assert!(outcome.slept.is_zero(), "{:?}", outcome.slept);
}

#[test]
fn failures_say_what_where_and_what_to_do() {
    let answer = |status, reason, message| fault("createSnapshot", Trouble::Answer(status, reason, message, None));
    let what = "taking the snapshot `backup-1` of the disk `windows-web-01` in `acme-prod/us-central1-a`";
    let fails = |faults: &[Fault], words: &[&str]| check_failure(faults, properties(), FailureKind::Failed, words);
    fails(
        &[answer(401, "authError", "Invalid Credentials")],
        &[
            what,
            "answered 401 (Invalid Credentials)",
            "the secret `GCP_ACCESS_TOKEN`",
            "gcloud auth print-access-token",
        ],
    );
    fails(
        &[answer(
            403,
            "forbidden",
            "Required 'compute.disks.createSnapshot' permission for 'projects/x'",
        )],
        &[
            "answered 403 (Required 'compute.disks.createSnapshot'",
            "grant it `compute.disks.createSnapshot`, `compute.snapshots.create`",
            "roles/compute.storageAdmin",
        ],
    );
    fails(
        &[answer(
            403,
            "accessNotConfigured",
            "Compute Engine API has not been used",
        )],
        &["gcloud services enable compute.googleapis.com --project acme-prod"],
    );
    fails(
        &[answer(
            403,
            "quotaExceeded",
            "Quota 'SNAPSHOTS' exceeded. Limit: 1000.0",
        )],
        &[
            "Quota 'SNAPSHOTS' exceeded",
            "a quota of the project `acme-prod` is used up",
            "shorten `retention`",
        ],
    );
    fails(
        &[answer(
            404,
            "notFound",
            "The resource 'projects/acme-prod/zones/us-central1-a' was not found",
        )],
        &[
            "there is no disk `windows-web-01` in the zone `us-central1-a`",
            "check `project`, `zone` and `disk`",
        ],
    );
}

#[test]
fn what_is_wrong_or_out_of_reach_is_told_as_such() {
    let answer = |status, reason, message| fault("createSnapshot", Trouble::Answer(status, reason, message, None));
    let fails = |faults: &[Fault], words: &[&str]| check_failure(faults, properties(), FailureKind::Failed, words);
    check_failure(
        &[answer(
            400,
            "invalid",
            "Invalid value for field 'resource.storageLocations'",
        )],
        properties(),
        FailureKind::InvalidProperties,
        &["answered 400", "storageLocations", "correct the property"],
    );
    check_failure(
        &[],
        with("disk", json!("nowhere")),
        FailureKind::Failed,
        &["there is no disk `nowhere`"],
    );
    let down = vec![answer(503, "backendError", "try later"); 9];
    check_failure(
        &down,
        properties(),
        FailureKind::Unavailable,
        &["answered 503 (try later)", "it was tried again"],
    );
    let gone = vec![fault("createSnapshot", Trouble::Drop); 9];
    check_failure(
        &gone,
        properties(),
        FailureKind::Unavailable,
        &["`https://compute.googleapis.com` is out of reach"],
    );
    fails(
        &[fault("createSnapshot", Trouble::Page(200, "<html>login</html>"))],
        &["is not what the API documents", "is it the Compute Engine API?"],
    );
    fails(
        &[fault("createSnapshot", Trouble::Page(302, ""))],
        &["answered 302 and leads elsewhere", "GCP_COMPUTE_ENDPOINT"],
    );
}

#[test]
fn an_operation_that_fails_says_why() {
    let check = |code, message, kind, words: &[&str]| {
        check_failure(
            &[fault("createSnapshot", Trouble::Operation(code, message))],
            properties(),
            kind,
            words,
        );
    };
    check(
        "QUOTA_EXCEEDED",
        "Quota 'SNAPSHOTS' exceeded.",
        FailureKind::Failed,
        &[
            "the operation `operation-00001` failed (QUOTA_EXCEEDED: Quota 'SNAPSHOTS' exceeded)",
            "a quota of the project",
        ],
    );
    check(
        "RESOURCE_OPERATION_RATE_EXCEEDED",
        "Operation rate exceeded for resource",
        FailureKind::Unavailable,
        &["take them less often"],
    );
    check(
        "PERMISSIONS_ERROR",
        "Required permission",
        FailureKind::Failed,
        &["`compute.snapshots.create`"],
    );
    check(
        "INTERNAL_ERROR",
        "Internal error",
        FailureKind::Unavailable,
        &["run the flow again later"],
    );
    check(
        "UNSUPPORTED_OPERATION",
        "The disk is attached elsewhere",
        FailureKind::Failed,
        &["gcloud compute operations describe operation-00001 --project acme-prod"],
    );
}

#[test]
fn an_operation_that_is_never_done_is_given_up_in_time() {
    let (_, outcome) = take(&[fault("createSnapshot", Trouble::Stuck)], with("wait", json!("PT10M")));
    let failure = outcome.failure();
    assert_eq!(failure.kind, FailureKind::TimedOut);
    assert!(failure.retryable);
    assert!(
        failure
            .message
            .contains("the operation `operation-00002` is RUNNING after 600 s"),
        "{}",
        failure.message
    );
    assert!((599..605).contains(&outcome.slept.as_secs()), "{:?}", outcome.slept);
}

#[test]
fn a_task_that_is_told_to_stop_stops_while_it_waits() {
    let compute = Rc::new(Compute::new(&[fault("createSnapshot", Trouble::Stuck)]));
    let outcome =
        testing::run_granted::<GcpSnapshot>("gcp.snapshot", properties(), vec![], granted(&compute).stopping());
    assert_eq!(outcome.failure().kind, FailureKind::Other("stopped".to_owned()));
    let told = outcome
        .logs
        .iter()
        .any(|(_, line)| line.contains("what the cloud has begun goes on there"));
    assert!(told, "{:?}", outcome.logs);
    let busy = Rc::new(Compute::new(&vec![fault("createSnapshot", Trouble::Drop); 3]));
    let outcome = testing::run_granted::<GcpSnapshot>("gcp.snapshot", properties(), vec![], granted(&busy).stopping());
    assert_eq!(outcome.failure().kind, FailureKind::Other("stopped".to_owned()));
}

#[test]
fn a_name_that_is_taken_is_taken_over_only_from_an_earlier_attempt() {
    let compute = Rc::new(Compute::new(&[]));
    compute.put("backup-1", DISK, "2026-11-24T02:00:00Z", json!({"made-by": "hand"}));
    let outcome = run(&compute, "gcp.snapshot", properties());
    let message = &outcome.failure().message;
    assert!(
        message.contains("made 2026-11-24T02:00:00Z of `https://www.googleapis.com/compute/v1/projects"),
        "{message}"
    );
    let own = json!({"begat-execution": "01k00000000000000000000000", "begat-task": "task"});
    let compute = Rc::new(Compute::new(&[]));
    compute.put("backup-1", DISK, "2026-11-25T01:00:00Z", own.clone());
    let outcome = run(&compute, "gcp.snapshot", properties());
    assert_eq!(outcome.outputs()["creationTimestamp"], "2026-11-25T01:00:00Z");
    assert_eq!(
        compute.snapshot("backup-1")["labels"]["env"],
        "prod",
        "labels that lack are set"
    );
    let compute = Rc::new(Compute::new(&[]));
    compute.put(
        "backup-1",
        "projects/acme-prod/zones/us-central1-a/disks/other",
        "2026-11-25T01:00:00Z",
        own,
    );
    assert!(
        run(&compute, "gcp.snapshot", properties())
            .failure()
            .message
            .contains("of `https://www.googleapis.com")
    );
}

/// A cloud with snapshots of a schedule, of another one, and of another disk.
fn with_history(faults: &[Fault], schedule: &str) -> Rc<Compute> {
    let compute = Rc::new(Compute::new(faults));
    let own = json!({"begat-schedule": schedule});
    compute.put("old-1", DISK, "2026-10-01T02:00:00Z", own.clone());
    compute.put("old-2", DISK, "2026-10-26T09:59:59Z", own.clone());
    compute.put("just-kept", DISK, "2026-10-26T10:00:00Z", own.clone());
    compute.put("young", DISK, "2026-11-20T02:00:00.000-08:00", own.clone());
    compute.put(
        "of-another-disk",
        "projects/acme-prod/zones/us-central1-a/disks/db-1",
        "2026-01-01T00:00:00Z",
        own,
    );
    compute.put(
        "of-another-schedule",
        DISK,
        "2026-01-01T00:00:00Z",
        json!({"begat-schedule": "monthly"}),
    );
    compute.put("made-by-hand", DISK, "2026-01-01T00:00:00Z", json!({}));
    compute
}

#[test]
fn the_retention_deletes_what_is_older_of_the_same_schedule_and_nothing_else() {
    let mut given = with("retention", json!("30days"));
    given["schedule"] = json!("nightly");
    let compute = with_history(&[], "nightly");
    let old = Asset::new("snapshot-of-october")
        .of_type(SNAPSHOT_TYPE)
        .with("name", "old-2")
        .with("project", "acme-prod");
    let outcome =
        testing::run_granted::<GcpSnapshot>("gcp.snapshot", given.clone(), vec![], granted(&compute).asset(old));
    assert_eq!(outcome.outputs()["deleted"], json!(["old-1", "old-2"]));
    assert_eq!(
        compute.names(),
        [
            "backup-1",
            "just-kept",
            "made-by-hand",
            "of-another-disk",
            "of-another-schedule",
            "young"
        ]
    );
    let told = &outcome.assets[0].outputs[0];
    assert_eq!(
        (told.id.as_str(), &told.metadata["status"]),
        ("snapshot-of-october", &json!("DELETED"))
    );
    // Without a retention nothing is looked for.
    let compute = with_history(&[], "nightly");
    given["retention"] = Value::Null;
    run(&compute, "gcp.snapshot", given).outputs();
    assert_eq!(compute.names().len(), 8);
}

#[test]
fn the_schedule_of_a_flow_is_its_own() {
    let (_, outcome) = take(&[], properties());
    let schedule = outcome.outputs()["schedule"].as_str().unwrap().to_owned();
    assert!(schedule.starts_with("company_team_test_task-"), "{schedule}");
    let compute = with_history(&[], &schedule);
    let outcome = run(&compute, "gcp.snapshot", with("retention", json!(30)));
    assert_eq!(outcome.outputs()["deleted"], json!(["old-1", "old-2"]));
}

#[test]
fn what_cannot_be_deleted_is_told_and_does_not_undo_the_new_one() {
    let forbidden = Trouble::Answer(403, "forbidden", "Required 'compute.snapshots.delete' permission", None);
    let compute = with_history(&[fault("DELETE", forbidden)], "nightly");
    let mut given = with("retention", json!(30));
    given["schedule"] = json!("nightly");
    let outcome = run(&compute, "gcp.snapshot", given);
    assert_eq!(outcome.outputs()["deleted"], json!(["old-2"]));
    let why = outcome.outputs()["notDeleted"]["old-1"].as_str().unwrap();
    assert!(why.contains("grant it `compute.snapshots.delete`"), "{why}");
    let warned = outcome.logs.iter().any(|(level, line)| {
        *level == begat_task::Level::Warn && line.starts_with("snapshot old-1 is older than 30 days and stays")
    });
    assert!(warned, "{:?}", outcome.logs);
}

#[test]
fn a_snapshot_is_looked_at_labelled_and_deleted() {
    let compute = Rc::new(Compute::new(&[fault("setLabels", Trouble::Labelled)]));
    compute.put("backup-1", DISK, "2026-11-24T02:00:00Z", json!({"env": "prod"}));
    let one = json!({"project": "acme-prod", "name": "backup-1"});
    let outcome = run(&compute, "gcp.snapshot.get", one.clone());
    assert_eq!(outcome.outputs()["labels"], json!({"env": "prod"}));
    assert_eq!(outcome.outputs()["id"], "4200000000000000001");
    // Somebody else changes the labels in between: what they set stays.
    let labels = json!({"project": "acme-prod", "name": "backup-1", "labels": {"kept": "yes"}});
    let outcome = run(&compute, "gcp.snapshot.label", labels);
    let expected = json!({"env": "prod", "by-another": "yes", "kept": "yes"});
    assert_eq!(outcome.outputs()["labels"], expected);
    assert_eq!(compute.snapshot("backup-1")["labels"], expected);
    let outcome = run(&compute, "gcp.snapshot.delete", one.clone());
    assert_eq!(outcome.outputs()["status"], "DELETED");
    assert_eq!(outcome.assets[0].outputs[0].metadata["status"], "DELETED");
    assert_eq!(compute.names(), Vec::<String>::new());
    let outcome = run(&compute, "gcp.snapshot.get", one);
    let message = &outcome.failure().message;
    assert!(
        message.contains("there is no snapshot `backup-1` in the project `acme-prod`"),
        "{message}"
    );
}

#[test]
fn the_token_comes_from_the_secret_that_is_named_and_goes_to_one_place() {
    let compute = Rc::new(Compute::new(&[]));
    let seen: Rc<std::cell::RefCell<Vec<String>>> = Rc::default();
    let (kept, cloud) = (seen.clone(), compute.clone());
    let granted = Granted::default()
        .secret("OPS_TOKEN", &format!("{TOKEN}\n"))
        .env("GCP_COMPUTE_ENDPOINT", "https://psc.internal.example/")
        .http(move |request| {
            kept.borrow_mut().push(request.url.clone());
            let url = request.url.replace("psc.internal.example", "compute.googleapis.com");
            serve(&cloud, &HttpRequest { url, ..request.clone() })
        });
    let outcome =
        testing::run_granted::<GcpSnapshot>("gcp.snapshot", with("tokenSecret", json!("OPS_TOKEN")), vec![], granted);
    assert_eq!(outcome.outputs()["simulated"], false);
    assert!(
        seen.borrow()
            .iter()
            .all(|url| url.starts_with("https://psc.internal.example/compute/v1/projects/acme-prod/"))
    );
    let check = |granted: Granted, kind: FailureKind, words: &str| {
        let outcome = testing::run_granted::<GcpSnapshot>("gcp.snapshot", properties(), vec![], granted);
        assert_eq!(outcome.failure().kind, kind);
        assert!(
            outcome.failure().message.contains(words),
            "{}",
            outcome.failure().message
        );
    };
    check(
        Granted::default().secret("GCP_ACCESS_TOKEN", "two words"),
        FailureKind::Failed,
        "holds no access token",
    );
    check(
        Granted::default().secret("GCP_ACCESS_TOKEN", TOKEN),
        FailureKind::NotGranted,
        "a token is granted, but `https://compute.googleapis.com` is not: grant `net` for it as well",
    );
    check(
        Granted::default()
            .secret("GCP_ACCESS_TOKEN", "expired")
            .http(move |request| serve(&compute, request)),
        FailureKind::Failed,
        "is not taken, as when it is expired",
    );
}
