//! `gcp.snapshot` over the wire: the built program, its component, and a stand-in for the Compute Engine API.

use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::compute::{Compute, Fault, Reply, TOKEN, Trouble};
use crate::server::{Server, answer};
use crate::world::{Answer, World};

/// An API that listens.
pub struct Cloud {
    pub compute: Arc<Compute>,
    pub server: Server,
}

impl Cloud {
    pub fn start(faults: &[Fault]) -> Self {
        let compute = Arc::new(Compute::new(faults));
        let behind = compute.clone();
        let server = Server::with(move |request| serve(&behind, request));
        Self { compute, server }
    }

    /// What the operator writes to let the plugin reach it.
    pub fn settings(&self) -> String {
        format!(
            "[plugins.gcp-snapshot]\nallow = [\"secret=GCP_ACCESS_TOKEN\", \"env=GCP_COMPUTE_ENDPOINT\", \"net={}\"]\n\n\
             [secrets.GCP_ACCESS_TOKEN]\nenv = \"TEST_TOKEN\"\n",
            self.server.address
        )
    }

    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }
}

fn serve(compute: &Compute, request: &str) -> Vec<u8> {
    let (head, body) = request.split_once("\r\n\r\n").unwrap_or((request, ""));
    let mut lines = head.lines();
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let authorization = lines
        .filter_map(|line| line.split_once(": "))
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .map_or("", |(_, value)| value);
    let Some(target) = path.strip_prefix("/compute/v1/") else {
        return answer("404 Not Found", "", "");
    };
    match compute.serve(method, target, authorization, body) {
        Reply::Answer {
            status,
            retry_after,
            body,
        } => {
            let wait = retry_after.map(|seconds| format!("retry-after: {seconds}\r\n"));
            let headers = format!("content-type: application/json\r\n{}", wait.unwrap_or_default());
            answer(&format!("{status} Whatever"), &headers, &body)
        }
        Reply::Drop => Vec::new(),
        Reply::Slow(length) => {
            std::thread::sleep(length);
            Vec::new()
        }
    }
}

/// begat with the settings that let it reach a cloud, not yet started.
fn command(world: &World, cloud: &Cloud, flow: &str, token: &str) -> Command {
    let mut command = command_with(world, &cloud.settings(), flow, token);
    command.env("GCP_COMPUTE_ENDPOINT", cloud.endpoint());
    command
}

/// begat with these settings, not yet started.
fn command_with(world: &World, settings: &str, flow: &str, token: &str) -> Command {
    let settings = world.file("begat.toml", settings);
    let mut command = world.command(&["run", flow, "--config", &settings, "--format", "json"]);
    command.env("TEST_TOKEN", token);
    command
}

fn run(world: &World, cloud: &Cloud, flow: &str) -> Answer {
    world.answer(&mut command(world, cloud, flow, TOKEN))
}

fn fault(on: &'static str, what: Trouble) -> Fault {
    Fault { on, what }
}

fn error_of(answer: &Answer) -> String {
    let view = answer.json();
    view["tasks"][0]["error"]
        .as_str()
        .unwrap_or_else(|| panic!("{view}"))
        .to_owned()
}

#[test]
fn a_real_snapshot_is_taken_and_recorded_as_one() {
    let (world, cloud) = (World::new(), Cloud::start(&[]));
    let answer = run(&world, &cloud, "flows/gcp_snapshot.yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    let view = answer.json();
    let outputs = &view["tasks"][0]["outputs"];
    let name = outputs["name"].as_str().unwrap();
    assert_eq!(cloud.compute.names(), [name]);
    let shown = world.good(&["asset", "show", name, "--format", "json"]).json();
    let metadata = &shown["metadata"];
    for (key, value) in [
        ("simulated", json!(false)),
        ("status", json!("READY")),
        ("diskSizeGb", json!(50)),
        ("storageBytes", json!(1_073_741_824_u64)),
        ("selfLink", outputs["selfLink"].clone()),
        ("sourceDisk", outputs["sourceDisk"].clone()),
        ("labels", cloud.compute.snapshot(name)["labels"].clone()),
    ] {
        assert_eq!(metadata[key], value, "{key}");
    }
    assert_eq!(shown["parents"], json!(["windows-web-01"]), "the disk");
    let execution = view["execution"]["id"].as_str().unwrap();
    assert_eq!(metadata["labels"]["begat-execution"], execution);
    let used: Vec<&Value> = view["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|grant| &grant["kind"])
        .collect();
    assert_eq!(used, ["env", "secret", "net"]);
    let said = [
        answer.stdout,
        answer.stderr,
        world.good(&["execution", "logs", execution]).stdout,
        world.good(&["catalog", "export"]).stdout,
    ];
    assert!(
        said.iter().all(|text| !text.contains(TOKEN)),
        "the token is nowhere to be read"
    );
    assert!(said.iter().all(|text| !text.to_lowercase().contains("simulated:")));
}

#[test]
fn what_breaks_on_the_way_is_tried_again_and_makes_one_snapshot() {
    let faults = [
        fault("createSnapshot", Trouble::Drop),
        fault("createSnapshot", Trouble::Slow(Duration::from_millis(300))),
        fault(
            "createSnapshot",
            Trouble::Answer(429, "rateLimitExceeded", "slow down", Some(1)),
        ),
        fault("operations/", Trouble::Page(503, "<html>try later</html>")),
    ];
    let (world, cloud) = (World::new(), Cloud::start(&faults));
    let answer = run(&world, &cloud, "flows/gcp_snapshot.yaml");
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    assert_eq!(cloud.compute.names().len(), 1);
    let created = cloud
        .server
        .heard()
        .into_iter()
        .filter(|request| request.contains("createSnapshot?requestId="));
    let lines: Vec<String> = created
        .map(|request| request.lines().next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(lines.len(), 4);
    assert!(lines.iter().all(|line| *line == lines[0]), "{lines:?}");
    let id = answer.json()["execution"]["id"].as_str().unwrap().to_owned();
    let logs = world.good(&["execution", "logs", &id]).stdout;
    for words in ["trying again in", "answered 429; trying again in 1.0 s", "answered 503"] {
        assert!(logs.contains(words), "{words}: {logs}");
    }
}

#[test]
fn a_task_that_is_retried_asks_with_the_same_id() {
    let world = World::new();
    let trouble = Trouble::Operation("INTERNAL_ERROR", "Internal error");
    let cloud = Cloud::start(&[
        fault("createSnapshot", Trouble::Page(410, "gone")),
        fault("never", trouble),
    ]);
    let flow = std::fs::read_to_string(crate::world::repository().join("flows/gcp_snapshot.yaml")).unwrap();
    let retry = "    retry:\n      type: constant\n      interval: PT0.1S\n      maxAttempts: 2\n    assets:";
    let flow = world.file("retried.yaml", flow.replace("    assets:", retry));
    let answer = run(&world, &cloud, &flow);
    assert_eq!(answer.code, Some(0), "{}{}", answer.stdout, answer.stderr);
    let heard = cloud.server.heard();
    let ids: Vec<&str> = heard
        .iter()
        .filter_map(|request| request.lines().next()?.split("requestId=").nth(1)?.split(' ').next())
        .collect();
    assert_eq!(ids.len(), 2);
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn an_operator_reads_what_to_do() {
    let check = |faults: &[Fault], token: &str, words: &[&str]| {
        let (world, cloud) = (World::new(), Cloud::start(faults));
        let answer = world.answer(&mut command(&world, &cloud, "flows/gcp_snapshot.yaml", token));
        assert_eq!(answer.code, Some(1), "{}", answer.stderr);
        let error = error_of(&answer);
        for word in words {
            assert!(error.contains(word), "{word}: {error}");
        }
        assert!(!error.contains(token));
    };
    check(
        &[],
        "ya29.expired-token",
        &["answered 401", "`GCP_ACCESS_TOKEN`", "gcloud auth print-access-token"],
    );
    let forbidden = Trouble::Answer(
        403,
        "forbidden",
        "Required 'compute.disks.createSnapshot' permission",
        None,
    );
    check(
        &[fault("createSnapshot", forbidden)],
        TOKEN,
        &["`compute.disks.createSnapshot`", "roles/compute.storageAdmin"],
    );
    let quota = Trouble::Operation("QUOTA_EXCEEDED", "Quota 'SNAPSHOTS' exceeded");
    check(
        &[fault("createSnapshot", quota)],
        TOKEN,
        &[
            "the operation `operation-00001` failed",
            "a quota of the project `acme-prod`",
        ],
    );
}

#[test]
fn a_token_goes_nowhere_but_where_the_operator_says() {
    let world = World::new();
    let other = Server::start(answer("200 OK", "", "{}"));
    // No property of a flow names another address.
    let text = std::fs::read_to_string(crate::world::repository().join("flows/gcp_snapshot.yaml")).unwrap();
    let with = format!("    endpoint: http://{}\n    assets:", other.address);
    let flow = world.file("away.yaml", text.replace("    assets:", &with));
    let refused = run(&world, &Cloud::start(&[]), &flow);
    assert_eq!(refused.code, Some(2), "{}", refused.stdout);
    // No redirect is followed, though everything is granted.
    let away = format!("location: http://{}/\r\n", other.address);
    let server = Server::start(answer("307 Temporary Redirect", &away, ""));
    let settings = format!(
        "[plugins.gcp-snapshot]\nallow = [\"secret=GCP_ACCESS_TOKEN\", \"env=GCP_COMPUTE_ENDPOINT\", \"net=127.0.0.1:{}\", \"net=127.0.0.1:{}\"]\n\
         [secrets.GCP_ACCESS_TOKEN]\nenv = \"TEST_TOKEN\"\n",
        server.address.port(),
        other.address.port()
    );
    let mut command = command_with(&world, &settings, "flows/gcp_snapshot.yaml", TOKEN);
    command.env("GCP_COMPUTE_ENDPOINT", format!("http://{}", server.address));
    let redirected = world.answer(&mut command);
    assert_eq!(redirected.code, Some(1), "{}", redirected.stderr);
    assert!(error_of(&redirected).contains("answered 307 and leads elsewhere"));
    assert_eq!(server.heard().len(), 1);
    assert_eq!(other.heard(), Vec::<String>::new());
}

#[test]
fn a_token_without_a_network_is_told_with_the_line_to_add() {
    let world = World::new();
    let settings = "[plugins.gcp-snapshot]\nallow = [\"secret=GCP_ACCESS_TOKEN\"]\n\n[secrets.GCP_ACCESS_TOKEN]\nenv = \"TEST_TOKEN\"\n";
    let answer = world.answer(&mut command_with(&world, settings, "flows/gcp_snapshot.yaml", TOKEN));
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    let error = error_of(&answer);
    for words in [
        "a token is granted, but",
        "--allow gcp-snapshot:net=compute.googleapis.com",
    ] {
        assert!(error.contains(words), "{words}: {error}");
    }
}

#[test]
fn a_run_that_is_stopped_does_not_wait_for_the_cloud() {
    let (world, cloud) = (World::new(), Cloud::start(&[fault("createSnapshot", Trouble::Stuck)]));
    let mut command = command(&world, &cloud, "flows/gcp_snapshot.yaml", TOKEN);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let begin = Instant::now();
    while cloud.server.heard().len() < 2 {
        assert!(
            begin.elapsed() < Duration::from_secs(60),
            "the run does not come to the cloud"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
    let stop = Instant::now();
    let sent = Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    let answer = crate::world::answer(child.wait_with_output().unwrap());
    assert_eq!(answer.code, Some(130), "{}", answer.stderr);
    assert!(stop.elapsed() < Duration::from_secs(5), "{:?}", stop.elapsed());
    let id = answer.json()["execution"]["id"].as_str().unwrap().to_owned();
    let logs = world.good(&["execution", "logs", &id]).stdout;
    assert!(logs.contains("what the cloud has begun goes on there"), "{logs}");
}
