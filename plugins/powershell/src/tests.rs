//! What scripts give, run natively.

use begat_task::testing;
use serde_json::{Value, json};

use super::*;

const ORDINARY: &[(&str, &str)] = &[
    (
        "Write-Output 'Activating Windows Enterprise License...'",
        "Activating Windows Enterprise License...\n",
    ),
    (
        "# comment\nWrite-Output \"User admin_user added to windows-web-01\"",
        "User admin_user added to windows-web-01\n",
    ),
    ("$x = 5; \"x is $x, ${x}, $($x + 1)\"", "x is 5, 5, 6\n"),
    ("'it''s $x'", "it's $x\n"),
    ("\"a`tb`$x \"\"q\"\"\"", "a\tb$x \"q\"\n"),
    (
        "$h = @{a = 1; B = 'two'}\n\"$($h.a) $($h['b']) $($h.Count)\"",
        "1 two 2\n",
    ),
    ("$h = @{b=1; a=2}; $h.Keys", "b\na\n"),
    ("$x = @'\none $y\ntwo\n'@\n$x", "one $y\ntwo\n"),
    ("$y = 3\n@\"\nv $y\n\"@", "v 3\n"),
    ("1 + 2 * 3", "7\n"),
    ("7 / 2; 6 / 2; 7 % 3; -5 + 1", "3.5\n3\n1\n-4\n"),
    ("1.5 + 1; 2kb", "2.5\n2048\n"),
    ("$a = 1,2,3; $a.Count; $a[0]; $a[-1]", "3\n1\n3\n"),
    ("$a = @(); $a += 'x'; $a += 'y'; \"$a $($a.Length)\"", "x y 2\n"),
    ("1..3", "1\n2\n3\n"),
    ("3..1 -join ','", "3,2,1\n"),
    ("$true; $false; $null", "True\nFalse\n"),
    ("'ABC' -eq 'abc'; 'ABC' -ceq 'abc'", "True\nFalse\n"),
    ("1,2,3 -gt 1", "2\n3\n"),
    ("2 -gt 1 -and -not $false", "True\n"),
    ("'server01' -like 'srv*'; 'server01' -like 'SERVER*'", "False\nTrue\n"),
    ("'hello' -match 'ELL'", "True\n"),
    ("1,2 -contains 2; 3 -in 1,2", "True\nFalse\n"),
    ("'a,b' -split ','", "a\nb\n"),
    ("'a.b' -replace '\\.', '-'", "a-b\n"),
    ("'{0}-{1,4}|{{' -f 'a', 7", "a-   7|{\n"),
    ("if (1 -eq 2) { 'a' } elseif (2 -eq 2) { 'b' }\nelse { 'c' }", "b\n"),
    (
        "foreach ($i in 1..4) { if ($i -eq 2) { continue }; if ($i -eq 4) { break }; $i }",
        "1\n3\n",
    ),
    ("for ($i = 0; $i -lt 3; $i++) { $i }", "0\n1\n2\n"),
    ("$i = 0; while ($i -lt 2) { $i += 1; \"n$i\" }", "n1\nn2\n"),
    ("$i = 0; do { $i++ } until ($i -ge 3); $i", "3\n"),
    (
        "function Get-Sum($a, $b = 10) { return $a + $b }\nGet-Sum 1; Get-Sum 1 2; Get-Sum -b 5 -a 1",
        "11\n3\n6\n",
    ),
    (
        "function f { param([string]$Name, [int]$n = 2, [switch]$Loud) \"$Name/$n/$Loud\" }\nf x -Loud",
        "x/2/True\n",
    ),
    (
        "1..5 | Where-Object { $_ -gt 2 } | ForEach-Object { $_ * 2 }",
        "6\n8\n10\n",
    ),
    (
        "1..3 | % { Write-Host \"h$_\"; $_ } | % { \"o$_\" }",
        "h1\no1\nh2\no2\nh3\no3\n",
    ),
    ("1..9 | Select-Object -First 2", "1\n2\n"),
    ("1..9 | select -Last 2", "8\n9\n"),
    ("'b','A','c' | Sort-Object", "A\nb\nc\n"),
    ("(1..4 | Measure-Object -Sum).Sum", "10\n"),
    ("function f { ,(1,2) }; f | % { $_.Count }", "2\n"),
    ("1..3 | Out-Null; 'x'", "x\n"),
    (
        "@{a=1; b=@(1,'x',$null)} | ConvertTo-Json -Compress",
        "{\"a\":1,\"b\":[1,\"x\",null]}\n",
    ),
    (
        "$o = [pscustomobject]@{Name='web'; Up=$true}; \"$($o.Name) $($o.Up)\"",
        "web True\n",
    ),
    (
        "try { throw 'bad' } catch { \"caught $_ $($_.Exception.Message)\" } finally { 'done' }",
        "caught bad bad\ndone\n",
    ),
    (
        "try { 1 / 0 } catch { $_.Exception.Message }",
        "Attempted to divide by zero.\n",
    ),
    (
        "$ErrorActionPreference = 'Stop'; try { Write-Error 'e' } catch { \"got $_\" }",
        "got e\n",
    ),
    ("Write-Host 'a' -NoNewline; Write-Host 'b'", "ab\n"),
    ("Write-Output a,b c 5", "a\nb\nc\n5\n"),
    ("echo host-$(1 + 1)/x", "host-2/x\n"),
    ("& { 'block' }; exit 0; 'never'", "block\n"),
    ("<# block\n#> 'x'.ToUpper() + `\n 'y'", "Xy\n"),
    ("[int]'42' + 1; [int]2.5", "43\n2\n"),
    ("$x = if ($true) { 'y' } else { 'n' }; $x", "y\n"),
];

fn check(script: &str, expected: &str) {
    let outcome = testing::run::<PowerShell>("powershell", json!({"script": script}));
    assert_eq!(outcome.outputs().stdout, expected, "{script}");
}

fn check_error(script: &str, expected: &str) {
    check_failure(json!({"script": script}), expected);
}

fn check_failure(properties: Value, expected: &str) {
    let outcome = testing::run::<PowerShell>("powershell", properties.clone());
    assert_eq!(outcome.failure().message, expected, "{properties}");
}

#[test]
fn the_description_is_the_one_the_host_knows() {
    testing::check_description::<PowerShell>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
}

#[test]
fn ordinary_scripts_give_what_powershell_gives() {
    for (script, expected) in ORDINARY {
        check(script, expected);
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    for (script, expected) in [
        (
            "'x'\nGet-Process",
            "the script cannot be run: unsupported: the command `Get-Process` at line 2, column 1",
        ),
        (
            "Get-Date",
            "the script cannot be run: unsupported: the culture's form of a date (use -Format, ToString with a format, \
             or a string) at line 1, column 1",
        ),
        (
            "(Get-Item /tmp).LastWriteTime",
            "the script cannot be run: unsupported: `LastWriteTime` of [System.IO.DirectoryInfo] at line 1, column 16",
        ),
        (
            "class A { }",
            "the script cannot be run: unsupported: `class` at line 1, column 1",
        ),
        (
            "[System.Net.Dns]::GetHostName()",
            "the script cannot be run: unsupported: `[net.dns]::gethostname(…)` with these values at line 1, column 17",
        ),
        (
            "Get-ChildItem -Attributes Hidden",
            "the script cannot be run: unsupported: the parameter `-attributes` of `Get-ChildItem` at line 1, column 15",
        ),
        (
            "'a' 2> errors.txt",
            "the script cannot be run: unsupported: redirection of this stream to a file at line 1, column 5",
        ),
        (
            "'a",
            "the script cannot be run: syntax: a string without its end at line 1, column 1",
        ),
        (
            "if (1) {",
            "the script cannot be run: syntax: expected `}` at line 1, column 9",
        ),
        ("'a'\nthrow 'bad'", "the script failed at line 2, column 1: bad"),
        ("exit 3", "the script ended with exit code 3"),
        (
            "Write-Error oops; exit 2",
            "the script ended with exit code 2: Write-Error: oops",
        ),
        ("function f { f }; f", "the script calls deeper than 100"),
        (
            "$x = 'a' * 1000; for ($i = 0; $i -lt 9000; $i++) { $x }",
            "the script cannot be run: the script wrote more than 8 MiB to one stream",
        ),
    ] {
        let expected = expected.replacen("the script calls", "the script cannot be run: the script calls", 1);
        check_error(script, &expected);
    }
}

#[test]
fn streams_and_the_protocol() {
    let script = "Write-Warning 'low'; Write-Error 'bad'; '::{\"outputs\": {\"n\": 3}}::'; $env:NAME";
    let outcome = testing::run::<PowerShell>("powershell", json!({"script": script, "env": {"NAME": "ada"}}));
    assert!(
        outcome
            .logs
            .iter()
            .any(|(level, line)| matches!(level, Level::Warn) && line == "WARNING: low")
    );
    let outputs = outcome.outputs();
    assert_eq!(
        (outputs.stdout.as_str(), outputs.stderr.as_str()),
        ("ada\n", "Write-Error: bad\n")
    );
    assert_eq!((&outputs.vars["n"], outputs.simulated), (&json!(3), true));
    check_failure(
        json!({"commands": ["Write-Error 'e'", "'x'"]}),
        "the script failed at line 1, column 1: e",
    );
    check_failure(json!({}), "give a `script` or a list of `commands`");
}

#[test]
fn the_example_of_the_readme_gives_what_it_says() {
    let readme = include_str!("../README.md");
    let (_, block) = readme.split_once("script: |\n").unwrap();
    let (block, rest) = block.split_once("```").unwrap();
    let script: String = block.lines().map(|line| format!("{}\n", line.trim_start())).collect();
    let outcome = testing::run::<PowerShell>("powershell", json!({ "script": script }));
    let said = outcome.outputs().stdout.trim_end().to_owned();
    assert!(rest.contains(&format!("\n{said}\n```")), "{said}");
    assert_eq!(
        outcome.outputs().effects,
        [
            "created the local user `admin_user`",
            "added `admin_user` to the local group `Administrators`"
        ]
    );
    assert!(
        outcome
            .logs
            .iter()
            .any(|(_, line)| line == "SIMULATED: created the local user `admin_user`")
    );
}

#[test]
fn files_of_the_folder_are_real_and_all_others_are_not() {
    let folder = std::env::temp_dir().join(format!("begat-powershell-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("given.txt"), "given\n").unwrap();
    let mut files = files::Files::new(Some(&folder));
    let given = files.read("/work/given.txt").unwrap();
    files.make_folder("/work/d/e").unwrap();
    files.write("/work/d/e/made.txt", "made").unwrap();
    files.copy("/work/d", "/work/copy").unwrap();
    files.remove("/work/given.txt").unwrap();
    files.write("/tmp/elsewhere.txt", "memory").unwrap();
    let names = files.list("/work");
    let copied = std::fs::read_to_string(folder.join("copy/e/made.txt")).unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!((given.as_str(), copied.as_str()), ("given\n", "made"));
    assert_eq!(names, ["copy", "d"]);
    assert_eq!(files.resolve("../etc/passwd"), "/etc/passwd");
    assert_eq!(files.read("/etc/passwd"), Err("no such file".to_owned()));
}
