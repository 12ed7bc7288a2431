//! What the catalog tells other programs and takes from them: OpenLineage out and in, PROV, CSV, attestations.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::world::World;

/// The key pair of test 1 of RFC 8032, section 7.1, and the public key of test 2.
pub const PRIVATE: &str = "-----BEGIN PRIVATE KEY-----
MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g
-----END PRIVATE KEY-----
";
pub const PUBLIC: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=
-----END PUBLIC KEY-----
";
const OTHER: &str = "-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEAPUAXw+hDiVqStwqnTRt+vJyYLM8uxJaMwM1V8Sr0Zgw=
-----END PUBLIC KEY-----
";

/// A world with a machine and what hangs on it, a failed run, a flow within a flow, and changes by hand.
pub fn lively() -> World {
    let world = World::new();
    for name in ["create_vm", "assign_external_ip", "assign_certificate", "take_snapshot"] {
        world.good(&["run", &format!("flows/{name}.yaml")]);
    }
    world.good(&["run", "flows/control/subflow.yaml"]);
    let failing = "id: failing\nnamespace: test.interop\ntasks:\n  - id: fail\n    type: fail\n";
    assert_eq!(
        world.begat(&["run", &world.file("failing.yaml", failing)]).code,
        Some(1)
    );
    world.good(&[
        "asset",
        "set",
        "rack-1",
        "--type",
        "Rack",
        "-m",
        "team=infra",
        "--reason",
        "found it",
    ]);
    world.good(&["asset", "set", "switch-1", "--type", "Switch", "--from", "rack-1"]);
    world.good(&["asset", "label", "rack-1", "owner=ada"]);
    world.good(&["asset", "delete", "switch-1"]);
    world
}

pub fn lines(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Assets without their times, and edges.
fn content(world: &World) -> (Vec<Value>, String) {
    let mut assets = world.good(&["asset", "list", "--format", "json"]).json();
    let mut assets = assets.as_array_mut().unwrap().clone();
    for asset in &mut assets {
        let fields = asset.as_object_mut().unwrap();
        fields.remove("created");
        fields.remove("updated");
    }
    assets.sort_by_key(|asset| asset["id"].as_str().unwrap().to_owned());
    let edges = world.good(&["catalog", "export", "--format", "csv", "--edges"]).stdout;
    let mut rows: Vec<&str> = edges.lines().collect();
    rows.sort_unstable();
    (assets, rows.join("\n"))
}

#[test]
fn what_goes_out_as_openlineage_comes_in_as_the_same_assets_and_edges() {
    let world = lively();
    let out = world.good(&["catalog", "export", "--format", "openlineage"]).stdout;
    assert_eq!(
        world.good(&["catalog", "export", "--format", "openlineage"]).stdout,
        out
    );
    let other = World::new();
    let file = other.file("events.jsonl", &out);
    other.good(&["catalog", "import", &file, "--format", "openlineage"]);
    assert_eq!(content(&other), content(&world));
    other.good(&["catalog", "check"]);
    other.good(&["catalog", "import", &file, "--format", "openlineage"]);
    assert_eq!(
        content(&other),
        content(&world),
        "what is known already changes nothing"
    );
    let history = other
        .good(&["asset", "history", "windows-web-01", "--format", "json"])
        .json();
    let user = history[0]["user"].as_str().unwrap();
    assert!(user.starts_with("openlineage urn:begat:"), "{user}");
    assert!(
        history[0]["reason"].as_str().unwrap().contains("create_vm"),
        "{history}"
    );
}

#[test]
fn an_export_that_was_taken_in_is_exported_as_it_was() {
    let world = lively();
    let log = world.good(&["catalog", "export"]).stdout;
    let other = World::new();
    other.good(&["catalog", "import", &other.file("log.jsonl", &log)]);
    assert_eq!(other.good(&["catalog", "export"]).stdout, log);
    for format in ["openlineage", "prov", "csv"] {
        let export = |world: &World| world.good(&["catalog", "export", "--format", format]).stdout;
        assert_eq!(export(&other), export(&world), "{format}");
    }
    let assets = world.good(&["catalog", "export", "--assets"]).stdout;
    let third = World::new();
    third.good(&["catalog", "import", &third.file("assets.jsonl", &assets)]);
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(
        sorted(&third.good(&["catalog", "export", "--assets"]).stdout),
        sorted(&assets)
    );
}

#[test]
fn each_event_keeps_the_rules_of_the_standard_and_of_its_consumers() {
    let world = lively();
    let events = lines(&world.good(&["catalog", "export", "--format", "openlineage"]).stdout);
    for event in &events {
        let id = event["run"]["runId"].as_str().unwrap();
        assert!(id.len() == 36 && id.as_bytes()[14] == b'7', "{id}");
        assert!(event["run"]["facets"].is_object() && event["job"]["facets"].is_object());
        assert_eq!(
            event["schemaURL"],
            "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
        );
        let datasets = ["inputs", "outputs"].map(|name| event[name].as_array().unwrap());
        for dataset in datasets.into_iter().flatten() {
            assert_eq!(dataset["namespace"], "begat://local");
            assert!(!dataset["name"].as_str().unwrap().contains('/'));
            let facets = dataset["facets"].as_object().unwrap();
            assert!(
                facets
                    .values()
                    .all(|facet| facet["_producer"].is_string() && facet["_schemaURL"].is_string())
            );
            assert!(facets.contains_key("version") && facets.contains_key("begat_asset"));
        }
    }
    let of = |kind: &str, job: &str| {
        let found = events
            .iter()
            .find(|event| event["eventType"] == kind && event["job"]["name"] == job);
        found.unwrap_or_else(|| panic!("no {kind} of {job}"))
    };
    let certificate = of("COMPLETE", "company.team.assign_certificate.certbot_provision");
    let parent = &certificate["run"]["facets"]["parent"];
    assert_eq!(parent["job"]["name"], "company.team.assign_certificate");
    assert_eq!(parent["root"]["job"]["name"], "company.team.assign_certificate");
    let entry = &certificate["job"]["facets"]["lineage"]["entries"][0];
    assert_eq!(entry["inputs"].as_array().unwrap().len(), 2);
    let output = &certificate["outputs"][0]["facets"];
    assert_eq!(output["lifecycleStateChange"]["lifecycleStateChange"], "CREATE");
    assert_eq!(output["datasetType"]["datasetType"], "CERTIFICATE");
    assert_eq!(
        output["hierarchy"]["hierarchy"][0],
        json!({"type": "VM", "name": "windows-web-01"})
    );
    let failed = of("FAIL", "test.interop.failing.fail");
    assert!(failed["run"]["facets"]["errorMessage"]["message"].is_string());
    of("FAIL", "test.interop.failing");
    let dropped = of("COMPLETE", "begat.catalog.delete");
    assert_eq!(
        dropped["outputs"][0]["facets"]["lifecycleStateChange"]["lifecycleStateChange"],
        "DROP"
    );
    let labelled = of("COMPLETE", "begat.catalog.label");
    assert_eq!(labelled["outputs"][0]["facets"]["tags"]["tags"][0]["value"], "ada");
    let owners = &labelled["outputs"][0]["facets"]["ownership"]["owners"];
    assert_eq!(owners[0]["name"], "ada");
    // A flow that another one started names both.
    let child = events.iter().find(|event| {
        event["job"]["facets"]["jobType"]["jobType"] == "FLOW" && event["run"]["facets"]["parent"].is_object()
    });
    let parent = &child.expect("a flow within a flow")["run"]["facets"]["parent"];
    assert_eq!(parent["root"]["run"], parent["run"]);
    let starts = events.iter().filter(|event| event["eventType"] == "START").count();
    let ends = events
        .iter()
        .filter(|event| event["job"]["facets"]["jobType"]["jobType"] != "COMMAND")
        .count();
    assert_eq!(starts * 2, ends);
}

/// An event of another producer.
fn foreign(kind: &str, run: u32, inputs: &Value, outputs: &Value) -> String {
    let event = json!({
        "eventType": kind, "eventTime": "2026-05-28T20:26:41Z", "producer": "https://example.org/airflow",
        "schemaURL": "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent",
        "run": {"runId": format!("0197{run:04x}-0000-7000-8000-000000000000"), "facets": {}},
        "job": {"namespace": "airflow", "name": "daily.load", "facets": {}}, "inputs": inputs, "outputs": outputs,
    });
    format!("{event}\n")
}

#[test]
fn events_of_any_producer_become_assets_and_edges_under_its_name() {
    let world = World::new();
    let table = |name: &str| json!({"namespace": "postgres://db.example.org:5432", "name": name, "facets": {}});
    let column = json!({"fields": {"id": {"inputFields": [
        {"namespace": "postgres://db.example.org:5432", "name": "public.a", "field": "id"}
    ]}}});
    let mut exact = table("public.exact");
    exact["facets"] = json!({
        "columnLineage": column, "datasetType": {"datasetType": "TABLE"},
        "documentation": {"description": "made with care"},
        "schema": {"fields": [{"name": "id", "type": "int"}]},
    });
    let text = [
        foreign("START", 1, &json!([table("public.a")]), &json!([])),
        foreign("COMPLETE", 1, &json!([]), &json!([table("public.b")])),
        foreign("START", 2, &json!([table("public.a")]), &json!([table("public.never")])),
        foreign("FAIL", 2, &json!([]), &json!([table("public.never")])),
        foreign(
            "COMPLETE",
            3,
            &json!([table("public.a"), table("public.b")]),
            &json!([exact]),
        ),
        foreign(
            "COMPLETE",
            4,
            &json!([]),
            &json!([{"namespace": "s3://bucket", "name": "a/b c/ü.parquet"}]),
        ),
    ]
    .concat();
    let file = world.file("events.jsonl", text);
    world.good(&["catalog", "import", &file, "--format", "openlineage"]);
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    let ids: Vec<&str> = assets
        .as_array()
        .unwrap()
        .iter()
        .map(|asset| asset["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 4, "{ids:?}");
    assert!(
        ids.iter().any(|id| id.starts_with("s3:bucket:a_b_c__.parquet-")),
        "{ids:?}"
    );
    let shown = |name: &str| {
        let id = format!("postgres:db.example.org:5432:public.{name}");
        world.good(&["asset", "show", &id, "--format", "json"]).json()
    };
    assert_eq!(shown("b")["parents"], json!(["postgres:db.example.org:5432:public.a"]));
    let exact = shown("exact");
    assert_eq!(
        exact["parents"],
        json!(["postgres:db.example.org:5432:public.a"]),
        "columns tell it exactly"
    );
    assert_eq!(
        (&exact["type"], &exact["description"]),
        (&json!("TABLE"), &json!("made with care"))
    );
    assert_eq!(exact["metadata"]["fields"][0]["name"], "id");
    assert_eq!(exact["history"][0]["user"], "openlineage https://example.org/airflow");
    assert!(
        exact["history"][0]["reason"]
            .as_str()
            .unwrap()
            .starts_with("job airflow daily.load, run 0197")
    );
    names_come_back(&world);
    let before = world.good(&["catalog", "verify"]).stdout;
    for (bad, words) in [
        ("{}", "no `eventTime`"),
        ("nonsense", "line 1"),
        ("{\"eventTime\": \"x\"}", "no `producer`"),
    ] {
        let refused = world.begat(&[
            "catalog",
            "import",
            &world.file("bad.jsonl", bad),
            "--format",
            "openlineage",
        ]);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    assert_eq!(world.good(&["catalog", "verify"]).stdout, before, "all or none");
}

/// What came in goes out under the names it came with, and comes into another catalog as the same.
fn names_come_back(world: &World) {
    let out = world.good(&["catalog", "export", "--format", "openlineage"]).stdout;
    let names: BTreeSet<(String, String)> = lines(&out)
        .iter()
        .flat_map(|event| [event["inputs"].clone(), event["outputs"].clone()])
        .flat_map(|datasets| datasets.as_array().unwrap().clone())
        .map(|dataset| {
            let text = |key: &str| dataset[key].as_str().unwrap().to_owned();
            (text("namespace"), text("name"))
        })
        .collect();
    let expected = [
        ("postgres://db.example.org:5432", "public.a"),
        ("postgres://db.example.org:5432", "public.b"),
        ("postgres://db.example.org:5432", "public.exact"),
        ("s3://bucket", "a/b c/ü.parquet"),
    ];
    let expected = expected.map(|(namespace, name)| (namespace.to_owned(), name.to_owned()));
    assert_eq!(names, BTreeSet::from(expected));
    let other = World::new();
    other.good(&[
        "catalog",
        "import",
        &other.file("events.jsonl", &out),
        "--format",
        "openlineage",
    ]);
    let edges = |world: &World| world.good(&["catalog", "export", "--format", "csv", "--edges"]).stdout;
    assert_eq!(edges(&other), edges(world));
}

/// What becomes of two names.
#[test]
fn different_names_of_datasets_are_different_assets_and_lead_back() {
    let names = [
        ("urn:li:dataset:x", "y"),
        ("urn:li:dataset", "x:y"),
        ("urn:li", "dataset:x:y"),
        ("airflow", "a:b"),
        ("airflow:a", "b"),
        ("airflow://a", "b"),
        ("kafka://host:9092", "topic"),
        ("kafka://host", "9092:topic"),
        ("arn:aws:glue:eu-west-1:123", "table/db/t"),
        ("file", "/data/x.csv"),
        ("file", "data/x.csv"),
        ("Snowflake://ORG-Account", "DB.\"quoted name\".T"),
    ];
    let world = World::new();
    let text: String = (1..)
        .zip(names)
        .map(|(run, (namespace, name))| {
            let dataset = json!([{"namespace": namespace, "name": name, "facets": {}}]);
            foreign("COMPLETE", run, &json!([]), &dataset)
        })
        .collect();
    let file = world.file("events.jsonl", text);
    world.good(&["catalog", "import", &file, "--format", "openlineage"]);
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    assert_eq!(assets.as_array().unwrap().len(), names.len(), "{assets}");
    let events = lines(&world.good(&["catalog", "export", "--format", "openlineage"]).stdout);
    let out: Vec<(&str, &str)> = events
        .iter()
        .map(|event| {
            let dataset = &event["outputs"][0];
            (
                dataset["namespace"].as_str().unwrap(),
                dataset["name"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(out, names);
    // In again, they are the assets they were.
    world.good(&["catalog", "import", &file, "--format", "openlineage"]);
    let again = world.good(&["asset", "list", "--format", "json"]).json();
    let ids = |list: &Value| -> Vec<Value> {
        list.as_array()
            .unwrap()
            .iter()
            .map(|asset| asset["id"].clone())
            .collect()
    };
    assert_eq!(ids(&again), ids(&assets));
}

#[test]
fn an_attestation_holds_for_its_key_and_its_catalog_and_no_other() {
    let world = lively();
    let (private, public, other) = (
        world.file("key.pem", PRIVATE),
        world.file("key.pub", PUBLIC),
        world.file("other.pub", OTHER),
    );
    let list = world
        .good(&["execution", "list", "--limit", "100", "--format", "json"])
        .json();
    let of = |flow: &str| {
        let found = list
            .as_array()
            .unwrap()
            .iter()
            .find(|execution| execution["flowId"] == flow);
        found.unwrap()["id"].as_str().unwrap().to_owned()
    };
    let id = of("assign_certificate");
    let statement = world.good(&["execution", "attest", &id]).json();
    assert_eq!(statement["predicateType"], "https://slsa.dev/provenance/v1");
    assert_eq!(statement["subject"].as_array().unwrap().len(), 1);
    let names: Vec<&str> = statement["predicate"]["buildDefinition"]["resolvedDependencies"]
        .as_array()
        .unwrap()
        .iter()
        .map(|dependency| dependency["name"].as_str().unwrap().split(['@', '-']).next().unwrap())
        .collect();
    assert_eq!(names[..2], ["flow:company.team.assign_certificate", "plugin:shell"]);
    assert!(names.contains(&"asset:windows"), "{names:?}");
    let signed = world.good(&["execution", "attest", &id, "--key", &private]).stdout;
    let file = world.file("attestation.json", &signed);
    let verify =
        |world: &World, file: &str, key: &str| world.begat(&["execution", "verify-attestation", file, "--key", key]);
    let good = verify(&world, &file, &public);
    assert_eq!(good.code, Some(0), "{}", good.stderr);
    assert!(
        good.stdout.contains("the catalog says the same of it"),
        "{}",
        good.stdout
    );
    let elsewhere = World::new();
    let unknown = verify(&elsewhere, &file, &public);
    assert!(
        unknown.stdout.contains("the catalog does not know it"),
        "{}",
        unknown.stdout
    );
    let wrong = verify(&world, &file, &other);
    assert_eq!(wrong.code, Some(2));
    assert!(
        wrong
            .stderr
            .contains("no signature of the attestation was made with this key"),
        "{}",
        wrong.stderr
    );
    let mut forged: Value = serde_json::from_str(&signed).unwrap();
    forged["payload"] = "e30=".into();
    assert_eq!(
        verify(&world, &world.file("forged.json", forged.to_string()), &public).code,
        Some(2)
    );
    assert_eq!(verify(&world, &world.file("none.json", "{}"), &public).code, Some(2));
    let nothing = world.begat(&["execution", "attest", &of("failing")]);
    assert_eq!(nothing.code, Some(2));
    assert!(
        nothing.stderr.contains("made nothing that could be attested"),
        "{}",
        nothing.stderr
    );
    let no_key = world.begat(&["execution", "attest", &id, "--key", &public]);
    assert_eq!(no_key.code, Some(2));
    assert!(no_key.stderr.contains("openssl genpkey"), "{}", no_key.stderr);
}

#[test]
fn tables_and_provenance_tell_of_every_asset() {
    let world = lively();
    let assets = world.good(&["catalog", "export", "--format", "csv"]).stdout;
    assert!(
        assets.starts_with("id,type,namespace,displayName,description,metadata,labels,protected,created,updated\r\n")
    );
    assert_eq!(assets.lines().count(), 6);
    let edges = world.good(&["catalog", "export", "--format", "csv", "--edges"]).stdout;
    assert_eq!(edges.lines().count(), 5, "{edges}");
    let provenance = world.good(&["catalog", "export", "--format", "prov"]).json();
    for kind in [
        "entity",
        "activity",
        "agent",
        "wasGeneratedBy",
        "used",
        "wasDerivedFrom",
        "wasInvalidatedBy",
    ] {
        assert!(
            provenance[kind].as_object().is_some_and(|records| !records.is_empty()),
            "{kind}"
        );
    }
    let refused = world.begat(&["catalog", "export", "--edges"]);
    assert_eq!(refused.code, Some(2));
    let schema = world.good(&["catalog", "facet-schema"]).json();
    assert!(schema["$defs"]["BegatAssetDatasetFacet"].is_object());
}
