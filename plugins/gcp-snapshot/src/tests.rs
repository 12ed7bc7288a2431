//! What a simulated snapshot says and declares, and which properties make sense.

use begat_task::testing;
use serde_json::{Value, json};

use super::*;

fn properties() -> Value {
    json!({
        "project": "acme-prod", "zone": "us-central1-a", "disk": "windows-web-01",
        "name": "backup-1", "labels": {"env": "prod"}, "retention": "30days",
    })
}

fn declared(asset: Asset) -> Vec<Bundle> {
    vec![Bundle {
        inputs: vec![Asset::new("windows-web-01")],
        outputs: vec![asset],
    }]
}

#[test]
fn the_description_is_the_one_the_host_knows() {
    testing::check_description::<GcpSnapshot>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
}

#[test]
fn a_snapshot_says_that_it_is_simulated() {
    let outcome = testing::run::<GcpSnapshot>("gcp.snapshot", properties());
    let outputs = outcome.outputs();
    assert_eq!(
        (&outputs["status"], &outputs["retentionDays"], &outputs["simulated"]),
        (&json!("READY"), &json!(30), &json!(true))
    );
    assert!(
        outcome.logs.iter().all(|(_, line)| line.contains("simulated")),
        "{:?}",
        outcome.logs
    );
}

#[test]
fn the_declared_snapshot_is_enriched_and_what_the_flow_said_stands() {
    let asset = Asset::new("snapshot-1").with("status", "kept").with("simulated", false);
    let outcome = testing::run_declaring::<GcpSnapshot>("gcp.snapshot", properties(), declared(asset));
    let asset = &outcome.assets[0].outputs[0];
    assert_eq!(asset.asset_type.as_deref(), Some(SNAPSHOT_TYPE));
    assert_eq!(asset.metadata["status"], json!("kept"));
    assert_eq!(asset.metadata["sourceDisk"], json!("windows-web-01"));
    assert_eq!(asset.metadata["simulated"], json!(true));
    assert!(
        !asset
            .metadata
            .keys()
            .any(|key| key.to_lowercase().contains("link") || key == "id")
    );
    assert_eq!(outcome.assets[0].inputs, [Asset::new("windows-web-01")]);
}

#[test]
fn an_asset_that_is_no_snapshot_stays_as_it_was_declared() {
    let asset = Asset::new("disk").of_type("Disk");
    let outcome = testing::run_declaring::<GcpSnapshot>("gcp.snapshot", properties(), declared(asset.clone()));
    assert_eq!(outcome.assets[0].outputs, [asset]);
}

#[test]
fn names_and_retention_are_checked() {
    let check = |key: &str, value: Value, expected: &str| {
        let mut given = properties();
        given[key] = value;
        let outcome = testing::run::<GcpSnapshot>("gcp.snapshot", given);
        assert!(
            outcome.failure().message.starts_with(expected),
            "{}",
            outcome.failure().message
        );
    };
    check(
        "name",
        json!("Backup"),
        "`name` is `Backup`; it must be 1 to 63 lower-case letters",
    );
    check("disk", json!(""), "`disk` is ``; it must be");
    check(
        "retention",
        json!("soon"),
        "`retention` is `soon`; give a number of days from 1",
    );
    check("retention", json!(0), "`retention` must be at least one day");
    check("project", json!(" "), "`project` is empty");
    for wrong in ["../other", "acme/zones", "acme?x", "acme#", "Acme", "acme "] {
        check(
            "project",
            json!(wrong),
            &format!("`project` is `{wrong}`; a project's id has"),
        );
    }
    check("schedule", json!(""), "`schedule` is empty");
    check("wait", json!("5 min"), "`wait`: `5 min` is no duration such as PT10S");
    check("endpoint", json!("https://evil.example"), "unknown field `endpoint`");
    check(
        "labels",
        json!({"begat-schedule": "other"}),
        "the label `begat-schedule` begins with `begat-`; begat writes those itself",
    );
    check(
        "labels",
        json!({"Env": "x"}),
        "the label `Env` must be 1 to 63 lower-case letters",
    );
    check(
        "labels",
        json!({"env": "Prod"}),
        "the value `Prod` of the label `env` must be at most 63",
    );
    check(
        "storageLocations",
        json!(["us", "eu"]),
        "`storageLocations` has 2 entries; a snapshot is stored in one",
    );
    check("region", json!("x"), "unknown field `region`");
    check(
        "simulate",
        json!("NEVER"),
        "the secret `GCP_ACCESS_TOKEN` is not granted, and `simulate` is NEVER",
    );
}

#[test]
fn what_it_is_for_and_where_it_is_stored_are_outputs_and_metadata() {
    let mut given = properties();
    given["description"] = json!("before the update");
    given["storageLocations"] = json!(["us"]);
    let outcome = testing::run_declaring::<GcpSnapshot>("gcp.snapshot", given, declared(Asset::new("snapshot-1")));
    let asset = &outcome.assets[0].outputs[0];
    assert_eq!(asset.metadata["description"], json!("before the update"));
    assert_eq!(asset.metadata["storageLocations"], json!(["us"]));
}

#[test]
fn the_disk_is_among_what_it_was_made_from() {
    let given = vec![Bundle {
        inputs: vec![Asset::new("vm-7")],
        outputs: vec![Asset::new("snapshot-1")],
    }];
    let outcome = testing::run_declaring::<GcpSnapshot>("gcp.snapshot", properties(), given);
    assert_eq!(
        outcome.assets[0].inputs,
        [Asset::new("vm-7"), Asset::new("windows-web-01")]
    );
}

#[test]
fn without_a_token_other_tasks_know_what_the_catalog_holds() {
    let one = json!({"project": "acme-prod", "name": "backup-1"});
    let known = Asset::new("snapshot-1")
        .of_type(SNAPSHOT_TYPE)
        .with("name", "backup-1")
        .with("project", "acme-prod")
        .with("status", "READY")
        .with("labels", json!({"env": "prod"}));
    let run = |task_type: &str, properties: &Value, granted: testing::Granted| {
        testing::run_granted::<GcpSnapshot>(task_type, properties.clone(), vec![], granted)
    };
    let granted = testing::Granted::default().asset(known);
    let outcome = run("gcp.snapshot.get", &one, granted.clone());
    assert_eq!(outcome.outputs()["labels"], json!({"env": "prod"}));
    assert_eq!(outcome.outputs()["simulated"], true);
    let labels = json!({"project": "acme-prod", "name": "backup-1", "labels": {"kept": "yes"}});
    let outcome = run("gcp.snapshot.label", &labels, granted.clone());
    assert_eq!(outcome.outputs()["labels"], json!({"env": "prod", "kept": "yes"}));
    let outcome = run("gcp.snapshot.delete", &one, granted);
    assert_eq!(outcome.outputs()["status"], "DELETED");
    let outcome = run("gcp.snapshot.get", &one, testing::Granted::default());
    let message = &outcome.failure().message;
    assert!(
        message.starts_with("the catalog holds no snapshot `backup-1`"),
        "{message}"
    );
}
