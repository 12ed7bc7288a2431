//! The seven flows of `flows/story`, in which the shell and PowerShell do work that can be seen, end in a catalog that tells
//! the story.

use serde_json::{Value, json};

use crate::world::{SEVEN_FLOWS, World};

fn run(world: &World, flow: &str) -> Value {
    world
        .good(&["run", &format!("flows/story/{flow}.yaml"), "--format", "json"])
        .json()
}

fn log_of(world: &World, view: &Value) -> String {
    let id = view["execution"]["id"].as_str().unwrap();
    world.good(&["execution", "logs", id]).stdout
}

fn metadata(world: &World, id: &str) -> Value {
    world.good(&["asset", "show", id, "--format", "json"]).json()["metadata"].clone()
}

#[test]
fn the_story_is_told_by_the_catalog() {
    let world = World::new();
    let views: Vec<Value> = SEVEN_FLOWS.iter().map(|flow| run(&world, flow)).collect();
    let logs: Vec<String> = views.iter().map(|view| log_of(&world, view)).collect();
    let said = [
        (
            0,
            "windows-web-01 will be a e2-standard-4 with 50 GB, its start script has 2 lines",
        ),
        (1, "0 of 4 addresses are taken; 35.202.10.100 is free"),
        (2, "LIC-ENT-02    8 2027-12-31"),
        (2, "activating LIC-ENT-02, good until 2027-12-31"),
        (3, "SIMULATED: added `admin_user` to the local group `Administrators`"),
        (3, "Administrators: admin_user, Administrator"),
        (4, "SIMULATED: installed the Windows feature `Web-Server`"),
        (4, "3 sites, 41 bytes"),
        (5, "SAN=IP:35.202.10.100"),
        (6, "is READY (simulated)"),
    ];
    for (flow, words) in said {
        assert!(logs[flow].contains(words), "{words}: {}", logs[flow]);
    }
    // What was worked out is what is known.
    let machine = metadata(&world, "windows-web-01");
    assert_eq!(machine["machine_type"], "e2-standard-4");
    assert_eq!(machine["plan_sha256"].as_str().unwrap().len(), 64);
    assert_eq!(metadata(&world, "lic-ent-02-windows-web-01")["expiry"], "2027-12-31");
    let user = metadata(&world, "admin-user-windows-web-01");
    assert_eq!(user["compliance_check"], "passed");
    assert!(
        user["effects"]
            .as_str()
            .unwrap()
            .starts_with("created the local user `admin_user`; ")
    );
    assert_eq!(
        metadata(&world, "web-server-windows-web-01")["sites"],
        "docs,shop,status"
    );
    let snapshot = views[6]["tasks"][0]["outputs"]["name"].as_str().unwrap();
    assert_eq!(metadata(&world, snapshot)["simulated"], true);
    // All of it came from the one machine.
    let shown = world
        .good(&["asset", "show", "windows-web-01", "--format", "json"])
        .json();
    let mut children: Vec<&str> = shown["children"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    children.sort_unstable();
    let mut expected = vec![
        "admin-user-windows-web-01",
        snapshot,
        "cert-windows-web-01",
        "ip-35.202.10.100",
        "lic-ent-02-windows-web-01",
        "web-server-windows-web-01",
    ];
    expected.sort_unstable();
    assert_eq!(children, expected);
    let certificate = world
        .good(&["asset", "show", "cert-windows-web-01", "--format", "json"])
        .json();
    assert_eq!(certificate["parents"], json!(["windows-web-01", "ip-35.202.10.100"]));
    world.good(&["catalog", "verify"]);
}

#[test]
fn a_second_machine_gets_the_next_address() {
    let world = World::new();
    run(&world, "create_vm");
    run(&world, "assign_external_ip");
    let other = [
        "run",
        "flows/story/assign_external_ip.yaml",
        "--input",
        "target_vm=web-02",
        "--format",
        "json",
    ];
    let view = world.good(&other).json();
    assert_eq!(view["tasks"][0]["outputs"]["vars"]["address"], "35.202.10.101");
}
