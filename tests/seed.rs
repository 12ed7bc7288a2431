//! The seven flows build and maintain a Windows VM and leave a catalog behind.

use serde_json::{Value, json};

use crate::world::{SEVEN_FLOWS, World};

fn run(world: &World, flow: &str, extra: &[&str]) -> Value {
    let path = format!("flows/{flow}.yaml");
    let mut arguments = vec!["run", &path, "--format", "json"];
    arguments.extend(extra);
    world.good(&arguments).json()
}

fn asset(world: &World, id: &str) -> Value {
    world.good(&["asset", "show", id, "--format", "json"]).json()
}

/// The assets that a run wrote.
fn written(view: &Value) -> Vec<(&str, &str, &str)> {
    let text = |asset: &'_ Value, key: &str| -> String { asset[key].as_str().unwrap_or_default().to_owned() };
    let assets = view["assets"].as_array().unwrap();
    assets
        .iter()
        .filter(|asset| text(asset, "event") != "USED")
        .map(|a| {
            (
                a["id"].as_str().unwrap(),
                a["type"].as_str().unwrap(),
                a["event"].as_str().unwrap(),
            )
        })
        .collect()
}

#[test]
fn the_seven_flows_leave_the_inventory_of_the_story() {
    let world = World::new();
    let runs: Vec<Value> = SEVEN_FLOWS.iter().map(|flow| run(&world, flow, &[])).collect();
    let made: Vec<(String, String)> = runs
        .iter()
        .map(|view| {
            let assets = written(view);
            assert_eq!(assets.len(), 1, "{view}");
            assert_eq!(assets[0].2, "CREATED");
            (assets[0].0.to_owned(), assets[0].1.to_owned())
        })
        .collect();
    let expected = [
        (
            "windows-web-01",
            "VM",
            json!({"os": "windows-server-2022", "region": "us-central1", "status": "running", "name": "windows-web-01", "vm": "windows-web-01"}),
        ),
        (
            "35.202.10.100-",
            "VM.IP",
            json!({"type": "static", "attached_to": "windows-web-01", "vm": "windows-web-01"}),
        ),
        (
            "lic-win-2022-",
            "VM.License",
            json!({"expiry": "2025-12-31", "cost_center": "IT-Ops", "vm": "windows-web-01"}),
        ),
        (
            "admin-user-",
            "VM.User",
            json!({"role": "admin", "compliance_check": "passed", "vm": "windows-web-01"}),
        ),
        (
            "nginx-",
            "VM.Ingress",
            json!({"version": "1.24.0", "installed_on": "windows-web-01", "vm": "windows-web-01", "type": "nginx"}),
        ),
        (
            "cert-",
            "VM.Certificate",
            json!({"issuer": "LetsEncrypt", "valid_until": "2024-05-01", "vm": "windows-web-01"}),
        ),
        (
            "snapshot-windows-web-01-",
            "VM.Snapshot",
            json!({"retention": "30days", "trigger": "manual-backup", "vm": "windows-web-01"}),
        ),
    ];
    for ((id, asset_type), (start, short, metadata)) in made.iter().zip(expected) {
        assert!(id.starts_with(start), "{id}");
        assert_eq!(*asset_type, format!("io.kestra.plugin.ee.assets.{short}"));
        let view = asset(&world, id);
        assert_eq!(view["metadata"], metadata, "{id}");
        let parents = match short {
            "VM" => json!([]),
            "VM.Certificate" => json!(["windows-web-01", made[1].0]),
            _ => json!(["windows-web-01"]),
        };
        assert_eq!(view["parents"], parents, "{id}");
    }
    assert_eq!(asset(&world, "windows-web-01")["children"].as_array().unwrap().len(), 6);
    assert_eq!(
        world
            .good(&["asset", "list", "--format", "json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        7
    );

    let graph = world
        .good(&["asset", "graph", "windows-web-01", "--format", "json"])
        .json();
    assert_eq!(
        (
            graph["nodes"].as_array().unwrap().len(),
            graph["edges"].as_array().unwrap().len()
        ),
        (7, 7)
    );
    let tree = world.good(&["asset", "graph", "windows-web-01"]).stdout;
    assert!(tree.starts_with("windows-web-01  VM\n"), "{tree}");
    assert!(tree.contains("also from"), "{tree}");

    let execution = runs[5]["execution"]["id"].as_str().unwrap();
    let shown = world.good(&["execution", "show", execution, "--format", "json"]).json();
    assert_eq!(shown, runs[5]);
    assert_eq!(shown["tasks"][0]["taskId"], "certbot_provision");
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_certificate_before_any_ip_is_refused_before_a_task_runs() {
    let world = World::new();
    run(&world, "create_vm", &[]);
    let answer = world.begat(&["run", "flows/assign_certificate.yaml"]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    for part in [
        "`ip_asset_id`",
        "`expression`",
        "null",
        "flows/assign_certificate.yaml:20:22",
    ] {
        assert!(answer.stderr.contains(part), "{part} is not in:\n{}", answer.stderr);
    }
    assert_eq!(
        world
            .good(&["execution", "list", "--format", "json"])
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[test]
fn a_second_run_updates_the_same_asset_and_both_are_in_its_history() {
    let world = World::new();
    let first = run(&world, "create_vm", &[]);
    let created = asset(&world, "windows-web-01")["created"].clone();
    let second = run(&world, "create_vm", &[]);
    assert_eq!(written(&second)[0].2, "UPDATED");
    let view = asset(&world, "windows-web-01");
    assert_eq!(view["created"], created);
    let history: Vec<_> = view["history"]
        .as_array()
        .unwrap()
        .iter()
        .map(|h| (h["event"].clone(), h["executionId"].clone()))
        .collect();
    let id = |view: &Value| view["execution"]["id"].clone();
    assert_eq!(
        history,
        [(json!("CREATED"), id(&first)), (json!("UPDATED"), id(&second))]
    );
}

#[test]
fn an_input_names_the_machine() {
    let world = World::new();
    let view = run(&world, "create_vm", &["--input", "vm_name=Web 02"]);
    assert_eq!(written(&view)[0].0, "web-02");
    assert_eq!(asset(&world, "web-02")["metadata"]["name"], "Web 02");
}

#[test]
fn the_snapshot_task_says_that_it_is_simulated() {
    let world = World::new();
    let view = run(&world, "gcp_snapshot", &[]);
    let id = written(&view)
        .iter()
        .find(|asset| asset.0.starts_with("backup-"))
        .unwrap()
        .0
        .to_owned();
    assert_eq!(asset(&world, &id)["metadata"]["simulated"], true);
    assert_eq!(asset(&world, &id)["type"], "io.kestra.plugin.ee.assets.VM.Snapshot");
}

#[test]
fn an_unknown_input_asset_becomes_external_until_it_is_declared() {
    let world = World::new();
    run(&world, "install_software", &[]);
    assert_eq!(
        asset(&world, "windows-web-01")["type"],
        "io.kestra.core.models.assets.External"
    );
    run(&world, "create_vm", &[]);
    assert_eq!(asset(&world, "windows-web-01")["type"], "io.kestra.plugin.ee.assets.VM");
}
