//! What is asked of a catalog by hand is answered truly: what data say cannot pass for what begat says, programs get
//! whole names, and a plan says what will happen.

use serde_json::json;

use crate::world::{Answer, World};

const VM: &str = "io.kestra.plugin.ee.assets.VM";

/// A world in which each asset was set by hand: its id and what else is said of it.
fn world(assets: &[&[&str]]) -> World {
    let world = World::new();
    for asset in assets {
        world.good(&[&["asset", "set"], *asset].concat());
    }
    world
}

fn refused(answer: &Answer, words: &[&str]) {
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    for word in words {
        assert!(answer.stderr.contains(word), "`{word}` is missing: {}", answer.stderr);
    }
}

#[test]
fn what_data_say_never_passes_for_a_line_of_an_answer() {
    let world = World::new();
    let reason = "ok\n2026-11-26 09:00:00Z UPDATED  by create_vm";
    let mut set = world.command(&["asset", "set", "a1", "--reason", reason, "--type", "A\nB"]);
    set.args([
        "-m",
        "k=\u{202e}gnp\u{1b}[2J",
        "--description",
        "a\nprotected: it cannot be deleted",
    ]);
    let answer = world.answer(set.env("USER", "ada\nroot"));
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let history = world.good(&["asset", "history", "a1"]).stdout;
    let lines: Vec<&str> = history.lines().collect();
    assert!(lines[0].contains("CREATED  by ada\\nroot, by hand"), "{history}");
    assert_eq!(lines[1], "  reason: ok\\n2026-11-26 09:00:00Z UPDATED  by create_vm");
    assert!(lines[2..].iter().all(|line| line.starts_with("  + ")), "{history}");
    assert!(
        history.contains("\\u{202e}gnp\\u{1b}[2J") && !history.contains('\u{202e}'),
        "{history}"
    );
    let shown = world.good(&["asset", "show", "a1"]).stdout;
    assert!(shown.starts_with("a1  A\\nB\na\n  | protected: it"), "{shown}");
    let listed = world.good(&["asset", "list"]).stdout;
    assert_eq!(listed.lines().count(), 2, "{listed}");
    // Programs get what was written.
    let view = world.good(&["asset", "history", "a1", "--format", "json"]).json();
    assert_eq!(view[0]["reason"], reason);
}

#[test]
fn a_date_without_a_time_is_good_until_its_day_is_over() {
    let day = |days: i64| {
        let then = jiff::Timestamp::now() + jiff::SignedDuration::from_hours(24 * days);
        then.strftime("%Y-%m-%d").to_string()
    };
    let expiry = |days: i64| format!("expiry={}", day(days));
    let world = world(&[
        &["over", "-m", &expiry(-1)],
        &["now", "-m", &expiry(0)],
        &["soon", "-m", &expiry(9)],
    ]);
    let days = |within: &str| {
        let views = world
            .good(&["asset", "expiring", "--within", within, "--format", "json"])
            .json();
        let told = |view: &serde_json::Value| format!("{} {}", view["id"].as_str().unwrap(), view["daysLeft"]);
        views.as_array().unwrap().iter().map(told).collect::<Vec<_>>()
    };
    assert_eq!(days("9d"), ["over -1", "now 0", "soon 9"]);
    assert_eq!(days("8d"), ["over -1", "now 0"]);
    assert_eq!(days(&day(9)), ["over -1", "now 0", "soon 9"]);
    let shown = |id: &str| world.good(&["asset", "show", id]).stdout;
    assert!(shown("now").contains(&format!("expires {} (expiry today)", day(0))));
    assert!(shown("over").contains(&format!("expired {} (expiry yesterday)", day(-1))));
}

#[test]
fn the_short_name_of_a_registered_type_means_that_type_and_programs_get_the_whole_name() {
    let world = world(&[&["vm", "--type", "VM"]]);
    refused(
        &world.begat(&["asset", "set", "vm", "--type", "VM", "-m", "region=5"]),
        &["breaks the schema"],
    );
    for arguments in [&["--columns", "type"][..], &[]] {
        let list = |format: &str| world.good(&[&["asset", "list", "--format", format], arguments].concat());
        assert_eq!(list("json").json()[0]["type"], VM);
        assert!(list("csv").stdout.contains(VM));
    }
    refused(&world.begat(&["asset", "type", "add", "VM"]), &["short name", VM]);
    world.good(&["asset", "type", "add", "my.assets.VM"]);
    refused(
        &world.begat(&["asset", "set", "x", "--type", "VM"]),
        &["several asset types", VM, "my.assets.VM"],
    );
}

#[test]
fn who_changed_a_type_is_told_and_what_is_not_given_stays() {
    let world = World::new();
    let schema = world.file("schema.json", r#"{"required": ["owner"]}"#);
    let add = ["asset", "type", "add", "my.Domain"];
    world.good(
        &[
            &add[..],
            &["--schema", &schema, "--expiry", "until", "--reason", "audit"],
        ]
        .concat(),
    );
    world.good(&[&add[..], &["--description", "a name"]].concat());
    world.good(&add);
    let known = world
        .good(&["asset", "type", "show", "my.Domain", "--format", "json"])
        .json();
    let expected =
        json!({"name": "my.Domain", "description": "a name", "schema": {"required": ["owner"]}, "expiry": ["until"]});
    assert_eq!(known, expected);
    world.good(&["asset", "type", "remove", "my.Domain"]);
    let history = world
        .good(&["asset", "type", "history", "my.Domain", "--format", "json"])
        .json();
    let entries = history["entries"].as_array().unwrap();
    let events: Vec<&str> = entries.iter().map(|entry| entry["event"].as_str().unwrap()).collect();
    assert_eq!(events, ["CREATED", "UPDATED", "DELETED"]);
    assert_eq!(
        (&entries[0]["user"], &entries[0]["reason"]),
        (&json!("ada"), &json!("audit"))
    );
    assert_eq!(
        entries[1]["changes"],
        json!([{"field": "description", "after": "a name"}])
    );
    let text = world.good(&["asset", "type", "history", "my.Domain"]).stdout;
    assert!(
        text.contains("UPDATED  by ada, by hand\n  + description  a name\n"),
        "{text}"
    );
    refused(&world.begat(&["asset", "type", "history", "none"]), &["none"]);
}

#[test]
fn a_plan_of_a_deletion_says_what_is_refused() {
    let world = world(&[&["vm"], &["ip", "--from", "vm"], &["dns", "--from", "ip"]]);
    let plan = |id: &str| {
        world
            .good(&["asset", "impact", id])
            .stdout
            .lines()
            .last()
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        plan("vm"),
        "--orphan deletes 1 and orphans 1; --cascade deletes 3 and keeps 0"
    );
    world.good(&["asset", "protect", "ip"]);
    assert_eq!(
        plan("vm"),
        "--orphan deletes 1 and orphans 1; --cascade is refused, since ip is protected"
    );
    refused(&world.begat(&["asset", "delete", "vm", "--cascade"]), &["`ip`"]);
    refused(
        &world.begat(&["asset", "delete", "vm"]),
        &["`--cascade` is refused while `ip` is protected"],
    );
    world.good(&["asset", "protect", "vm"]);
    assert!(plan("vm").contains("begat asset unprotect vm"));
    world.good(&["asset", "protect", "dns"]);
    assert!(plan("dns").contains("begat asset unprotect dns"));
}

#[test]
fn what_was_pruned_is_noted_where_it_is_missing() {
    let world = World::new();
    let flow = world.file(
        "flow.yaml",
        "id: f\nnamespace: n\ntasks:\n  - {id: a, type: log, message: hello, assets: {outputs: [{id: vm}]}}\n",
    );
    let runs: Vec<String> = (0..2)
        .map(|_| {
            let view = world.good(&["run", &flow, "--format", "json"]).json();
            view["execution"]["id"].as_str().unwrap().to_owned()
        })
        .collect();
    assert_eq!(world.good(&["asset", "history", "vm"]).stderr, "");
    world.good(&["catalog", "prune", "--before", &format!("after:{}", runs[0])]);
    let noted = world.good(&["asset", "history", "vm"]).stderr;
    assert!(noted.contains("note: what happened up to event"), "{noted}");
    assert!(world.good(&["asset", "show", "vm"]).stdout.contains("was pruned"));
    let logs = |run: &str, level: &str| world.good(&["execution", "logs", run, "--level", level]);
    assert!(
        logs(&runs[0], "info")
            .stderr
            .contains("the log of this execution was pruned")
    );
    assert!(logs(&runs[1], "info").stdout.contains("hello"));
    assert!(
        logs(&runs[1], "error")
            .stderr
            .contains("no line of level ERROR or above")
    );
}

#[test]
fn an_empty_log_beside_what_is_known_is_a_fault() {
    let world = world(&[&["vm"]]);
    let catalog = rusqlite::Connection::open(world.folder.join("catalog.db")).unwrap();
    let guards: Vec<String> = {
        let mut statement = catalog
            .prepare("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            .unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(Result::unwrap).collect()
    };
    for guard in guards {
        catalog.execute_batch(&format!("DROP TRIGGER {guard}")).unwrap();
    }
    catalog.execute_batch("DELETE FROM event").unwrap();
    let told = |command: &[&str]| {
        let answer = world.begat(command);
        assert_eq!(answer.code, Some(3), "{command:?} {}", answer.stderr);
        assert!(
            answer
                .stderr
                .contains("the log is empty, and yet the tables know 1 asset"),
            "{}",
            answer.stderr
        );
    };
    for forgery in ["UPDATE head SET seq = 0, hash = zeroblob(32)", "DELETE FROM head"] {
        told(&["catalog", "verify"]);
        told(&["catalog", "rebuild"]);
        catalog.execute_batch(forgery).unwrap();
    }
    told(&["catalog", "verify"]);
    assert!(world.begat(&["catalog", "verify"]).stderr.contains("hint: keep a copy"));
    told(&["catalog", "rebuild"]);
    told(&["asset", "set", "more"]);
}

#[test]
fn an_empty_variable_says_nothing_and_a_person_without_a_name_has_a_number() {
    let world = World::new();
    let catalog = world.folder.join("other.db").display().to_string();
    let mut set = world.command(&["asset", "set", "vm", "--catalog", &catalog]);
    set.env("BEGAT_CATALOG", "")
        .env("BEGAT_PLUGINS", "")
        .env_remove("USER")
        .env_remove("LOGNAME");
    assert_eq!(world.answer(&mut set).code, Some(0));
    let history = world.good(&["asset", "history", "vm", "--catalog", &catalog, "--format", "json"]);
    assert_ne!(history.json()[0]["user"], "unknown");
}

#[test]
fn the_next_step_after_a_deletion_can_be_taken() {
    let world = world(&[&["gone"]]);
    let flow = world.file(
        "flow.yaml",
        "id: f\nnamespace: n\ntasks:\n  - {id: a, type: asset.delete, assetId: gone}\n",
    );
    let answer = world.good(&["run", &flow]).stdout;
    assert!(answer.contains("next: begat asset history gone"), "{answer}");
}

#[test]
fn a_hint_can_be_followed() {
    let world = world(&[&["vm"], &["cert-1", "--from", "vm"], &["amb-1"], &["amb-2"]]);
    refused(
        &world.begat(&["asset", "show", "amb"]),
        &["several assets start with `amb`: `amb-1`, `amb-2`"],
    );
    refused(
        &world.begat(&["asset", "restore", "nope"]),
        &["unknown asset `nope`", "`begat asset list`"],
    );
    refused(
        &world.begat(&["asset", "path", "vm", "cert", "--at", "event:1"]),
        &["`cert-1` was not there at that moment"],
    );
    refused(
        &world.begat(&["asset", "path", "no-1", "no-2"]),
        &["unknown asset `no-1`; unknown asset `no-2`"],
    );
}

#[test]
fn a_query_of_a_task_is_checked_before_it_runs() {
    let world = World::new();
    let flow = world.file(
        "flow.yaml",
        "id: f\nnamespace: n\ntasks:\n  - {id: a, type: asset.list, metadataQuery: [{field: os, type: NOPE, value: 1}]}\n",
    );
    refused(
        &world.begat(&["validate", &flow]),
        &["`NOPE` is no value of `metadataQuery[0].type`"],
    );
}

#[test]
fn what_is_wrong_is_named_with_its_place() {
    let world = World::new();
    let file = world.file("bad.json", "{");
    let add = ["asset", "type", "add", "my.Domain"];
    refused(
        &world.begat(&["asset", "set", "vm", "--metadata-file", &file]),
        &["bad.json` holds no JSON object"],
    );
    refused(
        &world.begat(&[&add[..], &["--schema", &file]].concat()),
        &["bad.json` holds no JSON"],
    );
    for path in ["", "a..b"] {
        refused(
            &world.begat(&[&add[..], &["--expiry", path]].concat()),
            &["a part of it is empty"],
        );
    }
    refused(
        &world.begat(&[&add[..], &["--expiry", "metadata.not_after"]].concat()),
        &["write it as `not_after`"],
    );
    for key in ["a..b=1", ".=1"] {
        refused(
            &world.begat(&["asset", "set", "vm", "-m", key]),
            &["a part of it is empty"],
        );
    }
    let import = world.begat(&["catalog", "import", &file]);
    refused(&import, &["line 1: EOF while parsing an object at column 1"]);
    assert!(!world.folder.join("catalog.db").exists());
    world.good(&["asset", "set", "vm"]);
    refused(
        &world.begat(&["asset", "graph", "vm", "--depth", "-1"]),
        &["-1 is not in 0..="],
    );
    refused(
        &world.begat(&["asset", "expiring", "--within", "soon"]),
        &["6 months", "a date such as"],
    );
    world.good(&["asset", "stale", "--older", "1y"]);
}

#[test]
fn what_was_asked_for_is_marked_where_it_does_not_stand_first() {
    let world = world(&[&["vm"], &["ip", "--from", "vm"]]);
    let graph = world.good(&["asset", "graph", "ip", "--up"]).stdout;
    assert_eq!(graph, "vm  External\n└─ ip  External  (asked for)\n");
    assert!(!world.good(&["asset", "graph", "vm"]).stdout.contains("asked for"));
}
