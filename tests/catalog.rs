//! The seven flows run once; then the catalog is asked everything it can answer.

use serde_json::{Value, json};

use crate::world::{SEVEN_FLOWS, World};

/// A world in which the seven flows have run, the ids of their executions, and the ids of what they made.
struct Inventory {
    world: World,
    executions: Vec<String>,
    assets: Vec<String>,
}

impl Inventory {
    fn new() -> Self {
        let world = World::new();
        let (mut executions, mut assets) = (Vec::new(), Vec::new());
        for flow in SEVEN_FLOWS {
            let path = format!("flows/{flow}.yaml");
            let view = world.good(&["run", &path, "--format", "json"]).json();
            executions.push(view["execution"]["id"].as_str().unwrap().to_owned());
            let made = view["assets"]
                .as_array()
                .unwrap()
                .iter()
                .find(|asset| asset["event"] != "USED");
            assets.push(made.unwrap()["id"].as_str().unwrap().to_owned());
        }
        Self {
            world,
            executions,
            assets,
        }
    }

    /// The id of what a flow made.
    fn of(&self, flow: &str) -> &str {
        &self.assets[SEVEN_FLOWS.iter().position(|known| *known == flow).unwrap()]
    }

    fn execution(&self, flow: &str) -> &str {
        &self.executions[SEVEN_FLOWS.iter().position(|known| *known == flow).unwrap()]
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<&str> = arguments.iter().copied().chain(["--format", "json"]).collect();
        self.world.good(&arguments).json()
    }

    fn ids(&self, arguments: &[&str]) -> Vec<String> {
        let views = self.json(arguments);
        views
            .as_array()
            .unwrap()
            .iter()
            .map(|view| view["id"].as_str().unwrap().to_owned())
            .collect()
    }
}

#[test]
fn the_list_is_filtered_by_type_condition_and_moment_and_shown_as_a_table_or_for_programs() {
    let inventory = Inventory::new();
    let vm = "windows-web-01";
    assert_eq!(inventory.ids(&["asset", "list", "--type", "VM"]), [vm]);
    assert_eq!(inventory.ids(&["asset", "list", "--type", "VM*"]).len(), 7);
    let where_os = "metadata.os == 'windows-server-2022'";
    assert_eq!(inventory.ids(&["asset", "list", "--where", where_os]), [vm]);
    let nested = "metadata.vm == 'windows-web-01' and metadata.expiry < '2026-01-01'";
    assert_eq!(
        inventory.ids(&["asset", "list", "--where", nested]),
        [inventory.of("apply_license")]
    );
    assert_eq!(
        inventory.ids(&["asset", "list", "--where", "id contains 'nginx'"]),
        [inventory.of("install_software")]
    );
    let sorted = inventory.ids(&["asset", "list", "--sort", "-type,id", "--limit", "2", "--offset", "1"]);
    assert_eq!(sorted, [inventory.of("take_snapshot"), inventory.of("apply_license")]);
    let before = format!("before:{}", inventory.execution("apply_license"));
    assert_eq!(
        inventory.ids(&["asset", "list", "--at", &before]),
        inventory.assets[..2]
    );
    let after = format!("after:{}", inventory.execution("apply_license"));
    assert_eq!(inventory.ids(&["asset", "list", "--at", &after]), inventory.assets[..3]);

    let arguments = [
        "asset",
        "list",
        "--type",
        "VM.IP",
        "--columns",
        "metadata.vm,type,labels.none",
    ];
    assert_eq!(
        inventory.world.good(&arguments).stdout,
        "METADATA.VM     TYPE   LABELS.NONE\nwindows-web-01  VM.IP  -\n"
    );
    let csv = inventory
        .world
        .good(&[&arguments[..], &["--format", "csv"]].concat())
        .stdout;
    assert_eq!(
        csv,
        "metadata.vm,type,labels.none\r\nwindows-web-01,io.kestra.plugin.ee.assets.VM.IP,\r\n"
    );
    let expected =
        json!([{"metadata.vm": "windows-web-01", "type": "io.kestra.plugin.ee.assets.VM.IP", "labels.none": null}]);
    assert_eq!(inventory.json(&arguments), expected);
}

#[test]
fn a_wrong_question_is_refused_with_a_hint() {
    let inventory = Inventory::new();
    for (arguments, message, hint) in [
        (
            &["asset", "list", "--where", "metdata.os == 'x'"][..],
            "`metdata`",
            "did you mean `metadata`?",
        ),
        (&["asset", "list", "--where", "metadata.os =="], "makes no sense", ""),
        (
            &["asset", "list", "--where", "id"],
            "not true or false",
            "compare with something",
        ),
        (
            &["asset", "list", "--sort", "tpye"],
            "no field `tpye`",
            "did you mean `type`?",
        ),
        (&["asset", "list", "--at", "yesterday"], "`yesterday` is no moment", ""),
        (
            &["asset", "list", "--at", "before:zz"],
            "no execution starts with `zz`",
            "",
        ),
        (
            &["asset", "show", "windows-web-1"],
            "unknown asset",
            "did you mean `windows-web-01`?",
        ),
        (
            &["asset", "impact", "nothing"],
            "unknown asset `nothing`",
            "`begat asset list`",
        ),
        (
            &["asset", "expiring", "--within", "soon"],
            "`soon` is no length of time",
            "30d",
        ),
        (&["asset", "list", "--at", "event:999"], "there is no event 999", ""),
        (
            &["catalog", "export", "--type", "VM"],
            "exported as a whole",
            "--assets",
        ),
    ] {
        let answer = inventory.world.begat(arguments);
        assert_eq!(answer.code, Some(2), "{arguments:?} {}", answer.stderr);
        assert!(answer.stderr.contains(message), "{message}: {}", answer.stderr);
        assert!(answer.stderr.contains(hint), "{hint}: {}", answer.stderr);
    }
}

#[test]
fn if_the_machine_goes_the_plan_says_what_is_orphaned_and_what_is_shared() {
    let inventory = Inventory::new();
    let plan = inventory.json(&["asset", "impact", "windows-web-01"]);
    let dependents = plan["dependents"].as_array().unwrap();
    assert_eq!(dependents.len(), 6);
    for entry in dependents {
        let is_certificate = entry["id"] == inventory.of("assign_certificate");
        assert_eq!(
            entry["alone"],
            if is_certificate { "shared" } else { "orphaned" },
            "{entry}"
        );
        assert_eq!(entry["cascade"], "deleted");
        let others = if is_certificate {
            json!([inventory.of("assign_external_ip")])
        } else {
            json!([])
        };
        assert_eq!(entry["otherParents"], others);
    }
    let refused = inventory.world.begat(&["asset", "delete", "windows-web-01"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused
            .stderr
            .contains("6 assets hang on `windows-web-01`, 5 of which on nothing else"),
        "{}",
        refused.stderr
    );
    assert_eq!(inventory.ids(&["asset", "list"]).len(), 7);
}

#[test]
fn a_deletion_names_its_author_and_reason_and_can_be_taken_back() {
    let inventory = Inventory::new();
    let ip = inventory.of("assign_external_ip");
    let world = &inventory.world;
    world.good(&["asset", "protect", ip, "--reason", "DNS points at it"]);
    let refused = world.begat(&["asset", "delete", "windows-web-01", "--cascade"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("a protected asset hangs on `windows-web-01`"),
        "{}",
        refused.stderr
    );
    world.good(&["asset", "unprotect", ip]);
    let gone = inventory.json(&[
        "asset",
        "delete",
        "windows-web-01",
        "--orphan",
        "--reason",
        "decommissioned",
    ]);
    assert_eq!(gone["assets"].as_array().unwrap().len(), 1);
    assert_eq!(inventory.ids(&["asset", "orphans"]).len(), 5);
    let answer = world.begat(&["asset", "show", "windows-web-01"]);
    assert!(
        answer.stderr.contains("begat asset history windows-web-01"),
        "{}",
        answer.stderr
    );
    world.good(&["asset", "restore", "windows-web-01"]);
    assert_eq!(inventory.ids(&["asset", "orphans"]), Vec::<String>::new());
    assert_eq!(
        inventory.json(&["asset", "show", "windows-web-01"])["children"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    let history = inventory.json(&["asset", "history", "windows-web-01"]);
    let deleted = history
        .as_array()
        .unwrap()
        .iter()
        .find(|entry| entry["event"] == "DELETED")
        .unwrap();
    assert_eq!(
        (&deleted["user"], &deleted["reason"]),
        (&json!("ada"), &json!("decommissioned"))
    );
    let all = inventory.json(&["asset", "delete", "windows-web-01", "--cascade"]);
    assert_eq!(all["assets"].as_array().unwrap().len(), 7);
    assert_eq!(inventory.ids(&["asset", "list"]), Vec::<String>::new());
    world.good(&["catalog", "verify"]);
    let seven = format!("after:{}", inventory.execution("take_snapshot"));
    assert_eq!(inventory.ids(&["asset", "list", "--at", &seven]), inventory.assets);
}

#[test]
fn when_the_user_was_added_and_by_which_execution_is_on_record() {
    let inventory = Inventory::new();
    let history = inventory.json(&["asset", "history", inventory.of("onboard_user")]);
    assert_eq!(history[0]["event"], "CREATED");
    assert_eq!(history[0]["executionId"], inventory.execution("onboard_user"));
    let fields: Vec<&str> = history[0]["changes"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["field"].as_str().unwrap())
        .collect();
    assert!(fields.contains(&"metadata.role"), "{fields:?}");
}

#[test]
fn what_changed_between_two_moments_is_told_field_by_field() {
    let inventory = Inventory::new();
    let before = format!("before:{}", inventory.execution("assign_certificate"));
    let view = inventory.json(&["asset", "diff", &before]);
    let created: Vec<&str> = view["created"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["id"].as_str().unwrap())
        .collect();
    assert_eq!(
        created,
        [inventory.of("assign_certificate"), inventory.of("take_snapshot")]
    );
    assert_eq!(view["edgesOpened"].as_array().unwrap().len(), 3);
    let set = inventory.json(&[
        "asset",
        "set",
        "windows-web-01",
        "-m",
        "status=stopped",
        "-m",
        "size.cpu=4",
    ]);
    let sequence = set["sequence"].as_u64().unwrap();
    let view = inventory.json(&["asset", "diff", &format!("event:{}", sequence - 1)]);
    let changes = json!([
        {"field": "metadata.size.cpu", "after": 4},
        {"field": "metadata.status", "before": "running", "after": "stopped"},
    ]);
    let mut told = view["changed"][0]["changes"].as_array().unwrap().clone();
    told.sort_by_key(|change| change["field"].to_string());
    assert_eq!(json!(told), changes);
}

#[test]
fn dates_and_ways_and_pictures() {
    let inventory = Inventory::new();
    let (license, certificate) = (inventory.of("apply_license"), inventory.of("assign_certificate"));
    assert_eq!(
        inventory.ids(&["asset", "expiring", "--within", "2024-06-01"]),
        [certificate]
    );
    assert_eq!(
        inventory.ids(&["asset", "expiring", "--within", "2026-01-01"]),
        [certificate, license]
    );
    assert_eq!(
        inventory.ids(&["asset", "stale", "--older", "1d"]),
        Vec::<String>::new()
    );
    assert_eq!(inventory.ids(&["asset", "stale", "--older", "0s"]).len(), 7);
    let path = inventory.json(&["asset", "path", certificate, "windows-web-01"]);
    let steps: Vec<&str> = path["steps"]
        .as_array()
        .unwrap()
        .iter()
        .map(|a| a["id"].as_str().unwrap())
        .collect();
    assert_eq!(steps, ["windows-web-01", certificate]);
    let svg = |extra: &[&str]| {
        let arguments = [&["asset", "graph", "windows-web-01", "--format", "svg"][..], extra].concat();
        inventory.world.good(&arguments).stdout
    };
    assert!(svg(&[]).starts_with("<svg ") && svg(&[]).matches("<rect").count() == 7);
    assert_eq!(svg(&[]), svg(&[]));
    let then = format!("before:{}", inventory.execution("apply_license"));
    assert_eq!(svg(&["--at", &then]).matches("<rect").count(), 2);
}

#[test]
fn the_catalog_moves_shrinks_and_still_holds() {
    let inventory = Inventory::new();
    let world = &inventory.world;
    let checkpoint = world.file("checkpoint.json", world.good(&["catalog", "checkpoint"]).stdout);
    let whole = world.file("whole.jsonl", world.good(&["catalog", "export"]).stdout);
    let assets = world.file(
        "assets.jsonl",
        world.good(&["catalog", "export", "--assets", "--type", "VM*"]).stdout,
    );
    let elsewhere = world.folder.join("other.db").display().to_string();
    let other = |arguments: &[&str]| world.good(&[arguments, &["--catalog", &elsewhere]].concat());
    other(&["catalog", "import", &whole]);
    other(&["catalog", "verify", "--checkpoint", &checkpoint]);
    assert_eq!(
        other(&["catalog", "export"]).stdout,
        std::fs::read_to_string(&whole).unwrap()
    );
    let refused = world.begat(&["catalog", "import", &whole]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    assert!(other(&["catalog", "import", &assets]).stdout.contains("7 as they were"));

    let list = world.good(&["asset", "list", "--format", "json"]).stdout;
    let before = format!("before:{}", inventory.execution("take_snapshot"));
    world.good(&["catalog", "prune", "--before", &before, "--reason", "a year is over"]);
    world.good(&["catalog", "verify", "--checkpoint", &checkpoint]);
    world.good(&["catalog", "rebuild"]);
    assert_eq!(world.good(&["asset", "list", "--format", "json"]).stdout, list);
    let gone = format!("before:{}", inventory.execution("apply_license"));
    let answer = world.begat(&["asset", "list", "--at", &gone]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("was pruned"), "{}", answer.stderr);
    let stats = inventory.json(&["catalog", "stats"]);
    assert_eq!((&stats["assets"], &stats["edges"]), (&json!(7), &json!(7)));
}

#[test]
fn a_type_of_ones_own_has_a_schema() {
    let world = World::new();
    let schema = world.file("schema.json", r#"{"required": ["owner"]}"#);
    world.good(&[
        "asset", "type", "add", "Domain", "--schema", &schema, "--expiry", "until",
    ]);
    let refused = world.begat(&["asset", "set", "example", "--type", "Domain"]);
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.stderr.contains("breaks the schema of the type `Domain`"),
        "{}",
        refused.stderr
    );
    world.good(&[
        "asset",
        "set",
        "example",
        "--type",
        "Domain",
        "-m",
        "owner=ada",
        "-m",
        "until=2020-01-01",
    ]);
    let expiring = world.good(&["asset", "expiring"]).stdout;
    assert!(expiring.contains("example"), "{expiring}");
    let types = world.good(&["asset", "type", "list", "--format", "json"]).json();
    assert_eq!(types.as_array().unwrap().len(), 11);
    let lines = "{\"begat\":{\"version\":1,\"holds\":\"assets\"}}\n{\"asset\":{\"id\":\"poor\",\"type\":\"Domain\",\
        \"metadata\":{},\"created\":\"2026-05-28T20:26:41Z\",\"updated\":\"2026-05-28T20:26:41Z\"}}\n";
    let export = world.file("export.jsonl", lines);
    let refused = world.begat(&["catalog", "import", &export]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("line 2"), "{}", refused.stderr);
    assert!(
        refused.stderr.contains("breaks the schema of the type `Domain`"),
        "{}",
        refused.stderr
    );
    world.good(&["asset", "type", "remove", "Domain"]);
}

/// Runs one task with these lines in a catalog whose type `Domain` wants an owner; gives the exit code, and what was
/// said and recorded.
fn run_against_schema(task: &str) -> (Option<i32>, String, Value) {
    let world = World::new();
    let schema = world.file("schema.json", r#"{"required": ["owner"]}"#);
    world.good(&["asset", "type", "add", "Domain", "--schema", &schema]);
    let path = world.file(
        "domain.yaml",
        format!("id: domain\nnamespace: company.team\ntasks:\n  - id: make\n{task}"),
    );
    let answer = world.begat(&["run", &path]);
    let assets = world.good(&["asset", "list", "--format", "json"]).json();
    (answer.code, answer.stdout + &answer.stderr, assets)
}

#[test]
fn a_flow_that_breaks_a_schema_ends_as_its_task_says() {
    let declared = |behavior: &str| {
        format!(
            "    type: return\n    format: x\n    assets:\n      assetFailureBehavior: {behavior}\n      outputs:\n        \
             - id: example\n          type: Domain\n"
        )
    };
    let set = "    type: asset.set\n    assetId: example\n    assetType: Domain\n".to_owned();
    let owned = format!("{set}    metadata:\n      owner: ada\n");
    let check = |task: &str, code: i32, is_told: bool, is_recorded: bool| {
        let (found, said, assets) = run_against_schema(task);
        assert_eq!(found, Some(code), "{task}\n{said}");
        assert_eq!(
            said.contains("breaks the schema of the type `Domain`"),
            is_told,
            "{task}\n{said}"
        );
        assert_eq!(
            assets.as_array().map(Vec::len),
            Some(usize::from(is_recorded)),
            "{task}\n{assets}"
        );
    };
    check(&declared("WARN"), 0, true, false);
    check(&declared("IGNORE"), 0, true, false);
    check(&declared("FAIL"), 1, true, false);
    check(&set, 1, true, false);
    check(&owned, 0, false, true);
}

#[test]
fn a_script_says_what_it_made() {
    let world = World::new();
    let flow = "id: scan\nnamespace: company.team\ntasks:\n  - id: scan\n    type: shell\n    script: |\n      \
                echo '::{\"assets\": {\"inputs\": [\"vm-1\"], \"outputs\": [{\"id\": \"disk-1\", \"type\": \"Disk\", \"gb\": 40}]}}::'\n    \
                assets:\n      enableAuto: true\n";
    let path = world.file("scan.yaml", flow);
    world.good(&["run", &path]);
    let disk = world.good(&["asset", "show", "disk-1", "--format", "json"]).json();
    assert_eq!(
        (&disk["metadata"], &disk["parents"]),
        (&json!({"gb": 40}), &json!(["vm-1"]))
    );
}

#[test]
fn a_script_that_says_it_wrongly_ends_as_the_task_says() {
    let world = World::new();
    let check = |line: &str, block: &str, code: i32, told: &str| {
        let flow = format!(
            "id: scan\nnamespace: company.team\ntasks:\n  - id: scan\n    type: shell\n    script: |\n      \
             echo '::{{\"assets\": {line}}}::'\n{block}"
        );
        let path = world.file("scan.yaml", flow);
        let answer = world.begat(&["run", &path]);
        let said = answer.stdout + &answer.stderr;
        assert_eq!(answer.code, Some(code), "{said}");
        assert!(said.contains(told), "{said}");
    };
    let block =
        |behavior: &str| format!("    assets:\n      enableAuto: true\n      assetFailureBehavior: {behavior}\n");
    let no_id = r#"{"outputs": [{"type": "Disk"}]}"#;
    check(
        no_id,
        &block("WARN"),
        0,
        "WARNING scan: its assets cannot be recorded: an asset in a `::{…}::` line has no `id`",
    );
    check(no_id, &block("IGNORE"), 0, "SUCCESS scan");
    check(no_id, &block("FAIL"), 1, "FAILED scan");
    check(no_id, "", 0, "WARNING scan");
    let unasked = r#"{"outputs": [{"id": "disk-1"}]}"#;
    check(
        unasked,
        "",
        0,
        "the plugin declared the asset `disk-1`, which the flow does not; it was left out",
    );
    assert_eq!(world.good(&["asset", "list", "--format", "json"]).json(), json!([]));
}

#[test]
fn reading_never_writes() {
    let inventory = Inventory::new();
    let file = inventory.world.folder.join("catalog.db");
    let before = std::fs::read(&file).unwrap();
    for question in [
        &["asset", "list"][..],
        &["asset", "list", "--at", "event:3"],
        &["asset", "impact", "windows-web-01"],
        &["asset", "expiring"],
        &["asset", "stale"],
        &["asset", "orphans"],
        &["asset", "type", "list"],
        &["asset", "history", "windows-web-01"],
        &["catalog", "stats"],
        &["catalog", "verify"],
        &["catalog", "export"],
    ] {
        inventory.world.good(question);
    }
    assert!(std::fs::read(&file).unwrap() == before);
}
