//! What a task may do beyond its sandbox: only what was granted, and all of it is seen before and after.

use serde_json::{Value, json};

use crate::server::{Server, answer, plain};
use crate::world::{Answer, World};

fn request_flow(url: &str, more: &str) -> String {
    format!("id: ask\nnamespace: company.team\ntasks:\n  - id: fetch\n    type: http.request\n    uri: {url}\n{more}")
}

fn error_of(answer: &Answer) -> String {
    let view = answer.json();
    let error = view["tasks"][0]["error"].as_str();
    error.unwrap_or_else(|| panic!("{view}")).to_owned()
}

#[test]
fn a_grant_that_is_missing_is_found_before_anything_runs() {
    let world = World::new();
    let flow = world.file("ask.yaml", request_flow("https://api.example.com/x", ""));
    let answer = world.begat(&["run", &flow]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    for words in [
        "the task `fetch` needs `net=api.example.com`, which is not granted",
        "add `allow = [\"net=api.example.com\"]` to `[plugins.http]` in begat.toml",
        "--allow http:net=api.example.com",
    ] {
        let shown = answer.stderr.replace('\n', " ");
        assert!(shown.contains(words), "{words}: {}", answer.stderr);
    }
    assert!(!world.folder.join("catalog.db").exists(), "no execution is recorded");
}

#[test]
fn a_grant_that_a_flow_within_needs_is_missed_before_anything_runs() {
    let world = World::new();
    world.file("ask.yaml", request_flow("https://api.example.com/x", ""));
    let starts = |id: &str, inner: &str| {
        format!(
            "id: {id}\nnamespace: company.team\ntasks:\n  - id: first\n    type: log\n    message: begun\n  - id: start\n    type: subflow\n    flowId: {inner}\n"
        )
    };
    world.file("middle.yaml", starts("middle", "ask"));
    let outer = world.file("outer.yaml", starts("outer", "middle"));
    let answer = world.begat(&["run", &outer]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let shown = answer.stderr.split_whitespace().collect::<Vec<_>>().join(" ");
    for words in [
        "the task `fetch` of the flow `ask`, which the task `start` starts, needs `net=api.example.com`",
        "--allow http:net=api.example.com",
    ] {
        assert!(shown.contains(words), "{words}: {}", answer.stderr);
    }
    assert!(!world.folder.join("catalog.db").exists(), "nothing has run");
    let granted = world.begat(&[
        "run",
        &outer,
        "--allow",
        "http:net=api.example.com",
        "--stub",
        "http.request",
    ]);
    assert_eq!(granted.code, Some(0), "{}", granted.stderr);
}

#[test]
fn a_granted_request_is_sent_and_its_use_recorded() {
    let world = World::new();
    let server = Server::start(answer("200 OK", "content-type: text/plain\r\n", "hello"));
    let flow = world.file("ask.yaml", request_flow(&format!("http://{}/path", server.address), ""));
    let grant = format!("net={}", server.address);
    let view = world
        .good(&["run", &flow, "--allow", &grant, "--format", "json"])
        .json();
    let outputs = &view["tasks"][0]["outputs"];
    assert_eq!((&outputs["code"], &outputs["body"]), (&json!(200), &json!("hello")));
    let target = format!("http://{}", server.address);
    assert_eq!(
        view["grants"],
        json!([{"taskId": "fetch", "principal": "http", "kind": "net", "target": target, "uses": 1}])
    );
    assert!(server.heard()[0].starts_with("GET /path HTTP/1.1"));
    let export = world.good(&["catalog", "export"]).stdout;
    assert!(export.contains("GrantUsed"), "each use is an event");
    world.good(&["catalog", "verify"]);
    world.good(&["catalog", "rebuild"]);
    let again = world.good(&[
        "execution",
        "show",
        view["execution"]["id"].as_str().unwrap(),
        "--format",
        "json",
    ]);
    assert_eq!(again.json()["grants"], view["grants"]);
}

#[test]
fn a_grant_to_one_plugin_is_none_to_another() {
    let world = World::new();
    let server = Server::start(plain("hello"));
    let flow = world.file("ask.yaml", request_flow(&format!("http://{}/", server.address), ""));
    let refused = world.begat(&["run", &flow, "--allow", &format!("shell:net={}", server.address)]);
    assert_eq!(refused.code, Some(2), "{}", refused.stderr);
    world.good(&["run", &flow, "--allow", &format!("http:net={}", server.address)]);
    let slip = world.begat(&["run", &flow, "--allow", "htp:net=a.org"]);
    assert_eq!(slip.code, Some(2));
    assert!(slip.stderr.contains("there is no plugin `htp`") && slip.stderr.contains("did you mean `http`?"));
}

#[test]
fn grants_are_read_from_the_settings_and_shown() {
    let world = World::new();
    let server = Server::start(plain("hello"));
    let flow = world.file("ask.yaml", request_flow(&format!("http://{}/", server.address), ""));
    let settings = world.file(
        "begat.toml",
        format!("[plugins.http]\nallow = [\"net={}\"]\n", server.address),
    );
    world.good(&["run", &flow, "--config", &settings]);
    let grants = world
        .good(&["plugin", "grants", "--config", &settings, "--format", "json"])
        .json();
    let of_http: Vec<&Value> = grants
        .as_array()
        .unwrap()
        .iter()
        .filter(|view| view["principal"] == "http")
        .collect();
    assert!(
        of_http
            .iter()
            .any(|view| view["granted"] == true && view["target"] == server.address.to_string())
    );
    assert!(
        of_http
            .iter()
            .any(|view| view["reason"] == "to send the request" && view["required"] == true)
    );
    let plan = world.good(&["plan", &flow, "--format", "json"]).json();
    let ask = &plan["tasks"][0]["capabilities"][0];
    let host = format!("http://{}", server.address);
    assert_eq!(
        (&ask["kind"], &ask["target"], &ask["granted"]),
        (&json!("net"), &json!(host), &json!(false))
    );
    let plan = world.good(&["plan", &flow, "--config", &settings]).stdout;
    assert!(
        plan.contains(&format!("needs net {host} (granted): to send the request")),
        "{plan}"
    );
}

#[test]
fn an_empty_grant_means_nothing() {
    let world = World::new();
    let flow = world.file("ask.yaml", request_flow("https://api.example.com/", ""));
    for settings in ["", "[plugins.http]\n", "[plugins.http]\nallow = []\n"] {
        let settings = world.file("begat.toml", settings);
        assert_eq!(world.begat(&["run", &flow, "--config", &settings]).code, Some(2));
    }
    let settings = world.file("begat.toml", "[plugins.http]\nallow = [\"net=\"]\n");
    let answer = world.begat(&["run", &flow, "--config", &settings]);
    assert_eq!(answer.code, Some(2));
    assert!(answer.stderr.contains("would grant nothing"), "{}", answer.stderr);
    let answer = world.begat(&["run", &flow, "--allow", "net="]);
    assert_eq!(answer.code, Some(2));
}

#[test]
fn settings_that_are_not_understood_are_refused_with_the_line() {
    let world = World::new();
    let flow = world.file("ask.yaml", request_flow("https://api.example.com/", ""));
    let check = |text: &str, message: &str, hint: &str| {
        let settings = world.file("begat.toml", text);
        let answer = world.begat(&["run", &flow, "--config", &settings]);
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        assert!(
            answer.stderr.contains(message) && answer.stderr.contains(hint),
            "{}",
            answer.stderr
        );
    };
    check(
        "\n[plugins.http]\nalow = []\n",
        "line 3: unknown field `alow`",
        "did you mean `allow`?",
    );
    check(
        "[plugins.http]\nallow = [\"nte=a.org\"]\n",
        "`nte` is no kind of grant",
        "did you mean `net`?",
    );
    check(
        "[plugins.http]\nlimits = { tiem = 1 }\n",
        "`tiem` is no limit",
        "did you mean `time`?",
    );
}

#[test]
fn a_redirect_is_held_against_the_grants() {
    let world = World::new();
    let other = Server::start(plain("secret data"));
    let away = format!("location: http://{}/\r\n", other.address);
    let server = Server::start(answer("302 Found", &away, ""));
    let flow = world.file("ask.yaml", request_flow(&format!("http://{}/", server.address), ""));
    let grant = format!("net={}", server.address);
    let answer = world.begat(&["run", &flow, "--allow", &grant, "--format", "json"]);
    assert_eq!(answer.code, Some(1), "{}", answer.stderr);
    let error = error_of(&answer);
    assert!(
        error.contains(&format!("--allow http:net=http://{}", other.address)),
        "{error}"
    );
    assert_eq!(other.heard(), Vec::<String>::new());
}

#[test]
fn a_download_is_kept_as_a_file_of_the_execution() {
    let world = World::new();
    let server = Server::start(plain("line one\nline two\n"));
    let text = format!(
        "id: get\nnamespace: a\ntasks:\n  - id: load\n    type: io.kestra.plugin.core.http.Download\n    uri: http://{}/report.txt\n  \
         - id: show\n    type: log\n    message: \"{{{{ read(outputs.load.uri) }}}}\"\n",
        server.address
    );
    let flow = world.file("get.yaml", text);
    let grant = format!("net={}", server.address);
    let view = world
        .good(&["run", &flow, "--allow", &grant, "--format", "json"])
        .json();
    assert_eq!(view["tasks"][0]["outputs"]["outputFiles"]["report.txt"]["size"], 18);
    let id = view["execution"]["id"].as_str().unwrap();
    assert!(world.good(&["execution", "logs", id]).stdout.contains("line two"));
}

/// Runs a flow with a secret that is granted, and gives all that begat ever says of it.
fn with_secret(flow: &str, origin: &str, allow: &[&str]) -> (World, Answer, String) {
    let world = World::new();
    world.file("token.txt", "from-a-file-1234\n");
    let settings = world.file("begat.toml", format!("[secrets.TOKEN]\n{origin}\n"));
    let flow = world.file("flow.yaml", flow);
    let mut arguments = vec!["run", &flow, "--config", &settings, "--format", "json"];
    allow.iter().for_each(|grant| arguments.extend(["--allow", grant]));
    let answer = world.answer(world.command(&arguments).env("TEST_TOKEN", "from-the-env-1234"));
    let mut said = format!("{}{}", answer.stdout, answer.stderr);
    if world.folder.join("catalog.db").exists() {
        let id = answer.json()["execution"]["id"].as_str().unwrap().to_owned();
        said += &world.good(&["execution", "logs", &id]).stdout;
        said += &world.good(&["execution", "show", &id]).stdout;
        said += &world.good(&["catalog", "export"]).stdout;
    }
    (world, answer, said)
}

#[test]
fn a_secret_comes_from_where_the_operator_says_and_is_never_shown() {
    let server = Server::start(plain("ok"));
    let options = "    options:\n      auth:\n        type: BEARER\n        tokenSecret: TOKEN\n";
    let flow = request_flow(&format!("http://{}/", server.address), options);
    let net = format!("net={}", server.address);
    for (origin, secret) in [
        ("env = \"TEST_TOKEN\"", "from-the-env-1234"),
        ("file = \"token.txt\"", "from-a-file-1234"),
        (
            "command = [\"/bin/echo\", \"from-a-command-1234\"]",
            "from-a-command-1234",
        ),
    ] {
        let (_world, answer, said) = with_secret(&flow, origin, &[&net, "http:secret=TOKEN"]);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        let heard = server.heard().pop().unwrap();
        assert!(heard.contains(&format!("authorization: Bearer {secret}")), "{heard}");
        assert!(!said.contains(secret), "{said}");
        let kinds: Vec<Value> = answer.json()["grants"]
            .as_array()
            .unwrap()
            .iter()
            .map(|used| used["kind"].clone())
            .collect();
        assert_eq!(kinds, ["secret", "net"]);
    }
    let (_world, answer, _) = with_secret(&flow, "env = \"TEST_TOKEN\"", &[&net]);
    assert_eq!(answer.code, Some(1));
    let error = error_of(&answer);
    assert!(
        error.contains("the secret `TOKEN` is not granted") && error.contains("--allow http:secret=TOKEN"),
        "{error}"
    );
}

#[test]
fn expressions_need_grants_of_their_own_and_what_they_reveal_is_masked() {
    let flow = "id: f\nnamespace: a\ntasks:\n  - id: say\n    type: log\n    message: \"it is {{ secret('TOKEN') }}, in {{ env('TEST_TOKEN') | upper }}\"\n    assets:\n      outputs:\n        - id: thing\n          metadata: {token: \"{{ secret('TOKEN') }}\"}\noutputs:\n  - id: out\n    type: STRING\n    value: \"{{ secret('TOKEN') }}\"\n";
    let origin = "env = \"TEST_TOKEN\"";
    let (world, answer, said) = with_secret(flow, origin, &["flow:secret=TOKEN", "flow:env=TEST_TOKEN"]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(said.contains("it is ******, in ******"), "{said}");
    assert!(!said.to_lowercase().contains("from-the-env"), "{said}");
    assert_eq!(answer.json()["execution"]["outputs"]["out"], "******");
    let asset = world.good(&["asset", "show", "thing", "--format", "json"]).json();
    assert_eq!(asset["metadata"]["token"], "******");
    let (_world, answer, _) = with_secret(flow, origin, &["log:secret=TOKEN"]);
    assert_eq!(answer.code, Some(1));
    assert!(error_of(&answer).contains("the secret `TOKEN` is not granted"));
}

#[test]
fn a_tool_runs_as_the_operator_laid_down_and_only_when_granted() {
    let world = World::new();
    let settings = world.file(
        "begat.toml",
        "[tools.env]\npath = \"/usr/bin/env\"\nenvironment = { STAGE = \"test\" }\nvariables = [\"NAME\"]\n",
    );
    let plugins = crate::world::guests().display().to_string();
    let run = |target: &str, allow: &[&str]| {
        let text = format!("id: t\nnamespace: a\ntasks:\n  - id: t\n    type: hostile.tool\n    target: '{target}'\n");
        let flow = world.file("t.yaml", text);
        let mut arguments = vec![
            "run",
            &flow,
            "--config",
            &settings,
            "--plugins",
            &plugins,
            "--format",
            "json",
        ];
        arguments.extend(allow);
        world.begat(&arguments)
    };
    let granted = ["--allow", "hostile:run=env"];
    let answer = run("env NAME=ada", &granted);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let view = answer.json();
    let said = view["tasks"][0]["outputs"]["said"].as_str().unwrap().to_owned();
    let mut lines: Vec<&str> = said.lines().collect();
    lines.sort_unstable();
    assert_eq!(lines, ["NAME=ada", "STAGE=test"], "nothing of begat's own environment");
    assert_eq!(view["grants"][0]["target"], "env");
    for smuggled in ["LD_PRELOAD=/tmp/x.so", "PATH=/tmp", "STAGE=other", "GIT_SSH_COMMAND=x"] {
        let answer = run(&format!("env {smuggled}"), &granted);
        assert_eq!(answer.code, Some(1));
        assert!(
            error_of(&answer).contains("may not set"),
            "{smuggled}: {}",
            error_of(&answer)
        );
    }
    assert!(error_of(&run("env", &[])).contains("--allow hostile:run=env"));
    let missing = error_of(&run("other", &["--allow", "hostile:run=other"]));
    assert!(missing.contains("add `[tools.other]` with its `path`"), "{missing}");
}

#[test]
fn granted_files_are_copies_and_what_is_written_is_taken_over_only_after_success() {
    let world = World::new();
    let (data, out) = (world.folder.join("data"), world.folder.join("out"));
    std::fs::create_dir(&data).unwrap();
    std::fs::create_dir(&out).unwrap();
    let (from, to) = (data.join("in.txt"), out.join("new.txt"));
    std::fs::write(&from, "given\n").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", data.join("link")).unwrap();
    let plugins = crate::world::guests().display().to_string();
    let run = |from: &std::path::Path, end: &str, allow: &[String]| {
        let target = format!("{}>{}{end}", from.display(), to.display());
        let text = format!("id: f\nnamespace: a\ntasks:\n  - id: t\n    type: hostile.file\n    target: '{target}'\n");
        let flow = world.file("f.yaml", text);
        let mut arguments = vec!["run", &flow, "--plugins", &plugins, "--format", "json"];
        allow.iter().for_each(|grant| arguments.extend(["--allow", grant]));
        world.begat(&arguments)
    };
    let read = format!("hostile:read={}", data.display());
    let write = format!("hostile:write={}", out.display());
    assert_eq!(run(&from, "", &[]).code, Some(1), "nothing is granted");
    assert_eq!(
        run(&from, "", std::slice::from_ref(&read)).code,
        Some(1),
        "to write is not granted"
    );
    assert_eq!(run(&from, "!", &[read.clone(), write.clone()]).code, Some(1));
    assert!(!to.exists(), "the task failed after it wrote");
    assert_eq!(
        run(&data.join("link"), "", &[read.clone(), write.clone()]).code,
        Some(1),
        "a link is left aside"
    );
    let answer = run(&from, "", &[read.clone(), write.clone()]);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert_eq!(std::fs::read_to_string(&to).unwrap(), "given\n");
    assert_eq!(
        std::fs::read_to_string(&from).unwrap(),
        "given\n",
        "it may only read there"
    );
    let view = answer.json();
    assert_eq!(
        view["tasks"][0]["outputs"]["said"],
        json!({"read": "given\n", "changed": false})
    );
    let used: Vec<&Value> = view["grants"]
        .as_array()
        .unwrap()
        .iter()
        .map(|used| &used["kind"])
        .collect();
    assert_eq!(used, ["read", "write"]);
    let one = format!("hostile:read={}", from.display());
    assert_eq!(run(&from, "", &[one, write]).code, Some(0), "one file is granted alone");
}

#[test]
fn limits_are_shown_and_set_for_each_plugin() {
    let world = World::new();
    let settings = world.file("begat.toml", "[limits]\nassets = 7\n[plugins.log.limits]\ntime = 5\n");
    let value = |arguments: &[&str], name: &str| {
        let views = world.good(arguments).json();
        let found = views
            .as_array()
            .unwrap()
            .iter()
            .find(|view| view["name"] == name)
            .unwrap()
            .clone();
        found["value"].as_str().unwrap().to_owned()
    };
    let all = ["plugin", "limits", "--config", &settings, "--format", "json"];
    let own = ["plugin", "limits", "log", "--config", &settings, "--format", "json"];
    assert_eq!(
        (value(&all, "time").as_str(), value(&own, "time").as_str()),
        ("300 s", "5 s")
    );
    assert_eq!(
        (value(&all, "assets").as_str(), value(&own, "assets").as_str()),
        ("7", "7")
    );
}
