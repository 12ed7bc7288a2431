//! What scripts give, run natively.

use begat_task::testing;
use serde_json::{Value, json};

use super::*;

fn check(script: &str, expected: &str) {
    let outcome = testing::run::<Shell>("shell", json!({"script": script}));
    assert_eq!(outcome.outputs().stdout, expected, "{script}");
}

fn check_failure(properties: Value, expected: &str) {
    let outcome = testing::run::<Shell>("shell", properties.clone());
    assert_eq!(outcome.failure().message, expected, "{properties}");
}

#[test]
fn the_description_is_the_one_the_host_knows() {
    testing::check_description::<Shell>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
}

#[test]
fn ordinary_scripts_give_what_bash_gives() {
    check("echo hello", "hello\n");
    check("printf '%s-%s\\n' a b", "a-b\n");
    check("for i in 1 2 3; do echo $((i * i)); done", "1\n4\n9\n");
    check("printf 'b\\na\\n' | sort | tr a-z A-Z", "A\nB\n");
    check("x=$(echo inner); echo \"got $x\"", "got inner\n");
    check("cat <<EOF\none\ntwo\nEOF", "one\ntwo\n");
    check("a=(x y z); echo ${#a[@]} ${a[1]}", "3 y\n");
    check("f() { local n=$1; echo \"f $n\"; }; f 7", "f 7\n");
    check("if [[ abc == a* ]]; then echo yes; else echo no; fi", "yes\n");
    check("echo data > /tmp/f && cat /tmp/f", "data\n");
    check("pwd; echo data > f && cat f /work/f", "/work\ndata\ndata\n");
    check("set -o pipefail; false | true || echo failed", "failed\n");
}

#[test]
fn commands_share_one_shell_and_stop_at_the_first_failure() {
    let outcome = testing::run::<Shell>("shell", json!({"commands": ["x=1", "echo $x"]}));
    assert_eq!(outcome.outputs().stdout, "1\n");
    let outcome = testing::run::<Shell>("shell", json!({"commands": ["echo before", "false", "echo after"]}));
    assert_eq!(outcome.failure().details["stdout"], json!("before\n"));
    assert_eq!(outcome.failure().details["exitCode"], json!(1));
}

#[test]
fn a_script_stops_at_the_first_failure_unless_it_is_told_not_to() {
    let script = "if false; then :; fi\nfalse || echo caught\nfalse\necho after";
    let outcome = testing::run::<Shell>("shell", json!({"script": script}));
    assert_eq!(outcome.failure().details["stdout"], json!("caught\n"));
    assert_eq!(outcome.failure().details["exitCode"], json!(1));
    let outcome = testing::run::<Shell>("shell", json!({"script": script, "failFast": false}));
    assert_eq!(outcome.outputs().stdout, "caught\nafter\n");
}

#[test]
fn messages_name_the_lines_of_the_script_itself() {
    for properties in [
        json!({"script": "#!/bin/bash\nset -u\necho $NOPE"}),
        json!({"commands": ["", "set -u", "echo $NOPE"]}),
    ] {
        let outcome = testing::run::<Shell>("shell", properties);
        assert_eq!(
            outcome.failure().details["stderr"],
            json!("bash: line 3: NOPE: unbound variable\n")
        );
    }
}

#[test]
fn a_failing_script_fails_the_task_with_its_code_and_its_last_words() {
    check_failure(
        json!({"script": "echo oops >&2; exit 3"}),
        "the script ended with exit code 3: oops",
    );
    let missing = testing::run::<Shell>("shell", json!({"script": "no_such_command"}));
    assert_eq!(missing.failure().details["exitCode"], json!(127));
}

#[test]
fn environment_variables_reach_the_script_and_nothing_else_does() {
    let outcome = testing::run::<Shell>("shell", json!({"script": "echo $NAME-$CARGO", "env": {"NAME": "ada"}}));
    assert_eq!(outcome.outputs().stdout, "ada-\n");
}

#[test]
fn lines_of_the_protocol_become_vars_and_leave_the_output() {
    let script = r#"echo a; echo '::{"outputs": {"count": 3}}::'; echo b"#;
    let outcome = testing::run::<Shell>("shell", json!({"script": script}));
    assert_eq!(outcome.outputs().stdout, "a\nb\n");
    assert_eq!(outcome.outputs().vars["count"], json!(3));
    check_failure(
        json!({"script": "echo '::{\"metrics\": []}::'"}),
        "`metrics` in a `::{…}::` line is not supported yet",
    );
}

#[test]
fn exactly_one_of_script_and_commands_is_given() {
    check_failure(json!({}), "give a `script` or a list of `commands`");
    check_failure(
        json!({"script": "a", "commands": ["b"]}),
        "give either `script` or `commands`, not both",
    );
    check_failure(json!({"commands": []}), "`commands` is empty");
}

#[test]
fn too_much_output_is_a_failure_and_never_a_silent_cut() {
    let script = "x=$(printf '%1000s' ''); for i in {1..9000}; do echo \"$x\"; done";
    check_failure(
        json!({"script": script}),
        "the script cannot be run: the script wrote more than 8 MiB to one stream",
    );
}

#[test]
fn files_in_work_are_seen_and_what_is_written_there_is_kept() {
    let folder = std::env::temp_dir().join(format!("begat-shell-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("given.txt"), "given\n").unwrap();
    let script = "pwd; cat given.txt in/put.txt; rm -r in; mkdir -p out/deep; echo one > out/deep/a; echo two >> out/deep/a; cp out/deep/a b
        mv b c; rm given.txt; ls; find . -type f | sort; cat /work/c | wc -l; touch t; chmod +x t; [ -x t ] && echo x
         ln -s c link 2>/dev/null || echo no link";
    let inputs = BTreeMap::from([("in/put.txt".to_owned(), "input\n".to_owned())]);
    let job = engine::Job {
        script,
        environment: &BTreeMap::new(),
        work: Some(&folder),
        input_files: &inputs,
        output_files: &["out/**".to_owned()],
    };
    let ended = engine::run(&job, &|| false, |_, _| ()).unwrap().unwrap();
    let kept = std::fs::read_to_string(folder.join("out/deep/a")).unwrap();
    let gone = !folder.join("given.txt").exists();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(kept, "one\ntwo\n");
    assert!(gone);
    assert_eq!(
        ended.stdout, "/work\ngiven\ninput\nc\nout\n./c\n./out/deep/a\n2\nx\nno link\n",
        "{}",
        ended.stderr
    );
}

#[test]
fn files_are_given_to_a_script_and_taken_from_it() {
    let properties = json!({
        "script": "wc -l < data/in.txt > count.txt; mkdir r; echo a > r/a.log",
        "inputFiles": {"data/in.txt": "1\n2\n"},
        "outputFiles": ["*.txt", "r/*"],
    });
    let outcome = testing::run::<Shell>("shell", properties);
    let files = &outcome.outputs().output_files;
    assert_eq!(files.keys().collect::<Vec<_>>(), ["count.txt", "r/a.log"]);
    assert_eq!(files["r/a.log"].size, 2);
    assert_eq!(
        files["r/a.log"].sha256,
        "87428fc522803d31065e7bce3cf03fe475096631e5e07bbd7a0fde60c4cf25c7"
    );
    check_failure(
        json!({"script": "true", "outputFiles": ["x.txt"]}),
        "the script cannot be run: the script left no file that is `x.txt`",
    );
    check_failure(
        json!({"script": "true", "inputFiles": {"../x": ""}}),
        "the input file `../x` is not below the task's folder",
    );
}

#[test]
fn the_first_failure_ends_the_task_unless_the_flow_says_otherwise() {
    check_failure(
        json!({"script": "false; echo after"}),
        "the script ended with exit code 1",
    );
    let outcome = testing::run::<Shell>("shell", json!({"script": "false; echo after", "failFast": false}));
    assert_eq!(outcome.outputs().stdout, "after\n");
    let properties = json!({"commands": ["echo $x"], "beforeCommands": ["x=before"], "interpreter": ["/bin/zsh"]});
    let outcome = testing::run::<Shell>("shell", properties);
    assert_eq!(outcome.outputs().stdout, "before\n");
    assert!(
        outcome
            .logs
            .iter()
            .any(|(_, line)| line.starts_with("`interpreter` is ignored"))
    );
}

#[test]
fn an_end_as_if_by_a_signal_is_named() {
    check_failure(
        json!({"script": "exit 137"}),
        "the script ended with exit code 137, as if by SIGKILL",
    );
}

#[test]
fn a_command_that_cuts_its_output_fails_the_task() {
    check_failure(
        json!({"script": "seq 200000 | tail -n 1"}),
        "the script cannot be run: a command reached a limit of the emulated shell: seq: line limit (100000) exceeded; \
         output truncated",
    );
    let outcome = testing::run::<Shell>("shell", json!({"script": "x=$(printf '%20000s' ''); echo ${#x}"}));
    assert!(
        outcome.failure().message.contains("a limit of the emulated shell"),
        "{}",
        outcome.failure().message
    );
}
