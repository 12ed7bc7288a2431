//! Catalogs that cannot be used: each is told as what it is, with a way out, and nothing is written over.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;

use crate::world::{Answer, World, answer, repository};

const FLOW: &str = "flows/create_vm.yaml";

fn check(answer: &Answer, code: i32, words: &[&str]) {
    assert_eq!(answer.code, Some(code), "{}{}", answer.stdout, answer.stderr);
    for word in words {
        assert!(answer.stderr.contains(word), "`{word}` is not in\n{}", answer.stderr);
    }
}

/// A world whose catalog was made by one run, all of it in the file.
fn used() -> World {
    let world = World::new();
    world.good(&["run", FLOW]);
    let copy = world.folder.join("copy.db");
    world.good(&["catalog", "backup", &copy.display().to_string()]);
    for name in ["catalog.db", "catalog.db-wal", "catalog.db-shm"] {
        drop(fs::remove_file(world.folder.join(name)));
    }
    fs::rename(copy, world.folder.join("catalog.db")).unwrap();
    world
}

/// Runs a question and a flow, and checks that the file is as it was.
fn untouched(world: &World, code: i32, words: &[&str]) {
    let path = world.folder.join("catalog.db");
    let before = fs::read(&path).unwrap();
    for arguments in [&["asset", "list"][..], &["run", FLOW]] {
        check(&world.begat(arguments), code, words);
    }
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[test]
fn the_database_of_another_program_is_left_alone() {
    let world = World::new();
    let path = world.folder.join("catalog.db");
    let made = Command::new("python3")
        .args([
            "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute('create table t (x)'); c.commit()",
        ])
        .arg(&path)
        .status();
    if !made.is_ok_and(|made| made.success()) {
        // Without Python, a catalog whose mark was taken away is as foreign.
        world.good(&["run", FLOW]);
        let mut bytes = fs::read(&path).unwrap();
        bytes[68..72].copy_from_slice(&[0, 0, 0, 1]);
        fs::write(&path, bytes).unwrap();
    }
    untouched(&world, 3, &["the SQLite database of another program", "--catalog"]);
}

#[test]
fn what_is_no_database_is_left_alone() {
    let world = World::new();
    fs::write(world.folder.join("catalog.db"), "these are my notes\n".repeat(200)).unwrap();
    untouched(&world, 3, &["is not a catalog", "--catalog"]);
}

#[test]
fn a_newer_schema_asks_for_a_newer_begat() {
    let world = used();
    let path = world.folder.join("catalog.db");
    let mut bytes = fs::read(&path).unwrap();
    // `user_version` of the file format of SQLite.
    bytes[60..64].copy_from_slice(&99_u32.to_be_bytes());
    fs::write(&path, bytes).unwrap();
    untouched(&world, 3, &["has schema 99", "use a newer begat"]);
}

#[test]
fn a_truncated_file_is_damaged() {
    let world = used();
    let path = world.folder.join("catalog.db");
    let bytes = fs::read(&path).unwrap();
    fs::write(&path, &bytes[..bytes.len() / 2]).unwrap();
    untouched(&world, 3, &["is damaged", "backup"]);
}

#[test]
fn a_corrupt_page_is_found_and_a_backup_takes_its_place() {
    let world = used();
    let path = world.folder.join("catalog.db");
    let backup = world.folder.join("backup.db");
    world.good(&["catalog", "backup", &backup.display().to_string()]);
    let mut bytes = fs::read(&path).unwrap();
    let length = bytes.len();
    // Every page but the first two and the last, as a failing disk leaves them.
    for byte in &mut bytes[8192..length - 4096] {
        *byte ^= 0x5a;
    }
    fs::write(&path, &bytes).unwrap();
    let found = world.begat(&["catalog", "check"]);
    assert_eq!(found.code, Some(3), "{}{}", found.stdout, found.stderr);
    assert!(found.stderr.contains("backup"), "{}", found.stderr);
    assert!(
        regex::Regex::new("(?i)page [0-9]+").unwrap().is_match(&found.stderr),
        "{}",
        found.stderr
    );
    assert!(!found.stderr.contains("catalog check"), "{}", found.stderr);
    check(&world.begat(&["run", FLOW]), 3, &["hint:"]);
    fs::copy(&backup, &path).unwrap();
    world.good(&["catalog", "check"]);
    world.good(&["run", FLOW]);
}

#[test]
fn a_folder_that_is_missing_is_made_and_one_that_cannot_be_is_told() {
    let world = World::new();
    let deep = world.folder.join("a/b/catalog.db").display().to_string();
    world.good(&["run", FLOW, "--catalog", &deep]);
    world.file("file", "text");
    let through = world.folder.join("file/catalog.db").display().to_string();
    check(
        &world.begat(&["run", FLOW, "--catalog", &through]),
        3,
        &["could not make the folder", "hint:"],
    );
    let missing = world.folder.join("c/catalog.db").display().to_string();
    check(
        &world.begat(&["asset", "list", "--catalog", &missing]),
        2,
        &["there is no catalog"],
    );
    assert!(!world.folder.join("c").exists());
}

/// Whether the user of this test may write what nobody may, as root may.
fn is_above_permissions(world: &World) -> bool {
    let path = world.file("locked", "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::OpenOptions::new().append(true).open(&path).is_ok()
}

#[test]
fn a_catalog_that_may_not_be_written_can_be_read() {
    let world = used();
    if is_above_permissions(&world) {
        eprintln!("skipped: this user may write read-only files");
        return;
    }
    let path = world.folder.join("catalog.db");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o444)).unwrap();
    fs::set_permissions(&world.folder, fs::Permissions::from_mode(0o555)).unwrap();
    world.good(&["asset", "list"]);
    check(&world.begat(&["run", FLOW]), 3, &["may not be written", "writable"]);
    fs::set_permissions(&world.folder, fs::Permissions::from_mode(0o755)).unwrap();
}

#[test]
fn a_disk_that_is_full_is_told_and_what_was_recorded_stays() {
    let world = World::new();
    world.good(&["run", FLOW]);
    let before = world.good(&["catalog", "verify"]).stdout;
    let large = format!(
        "id: large\nnamespace: test.bad\ntasks:\n  - id: write\n    type: storage.write\n    content: \"{}\"\n",
        "0123456789abcdef".repeat(20_000)
    );
    let flow = world.file("large.yaml", large);
    // A file may grow to 256 KiB only, and the signal that tells so is ignored: writes fail as on a full disk.
    let mut command = world.command(&["run", &flow]);
    let program = command.get_program().to_owned();
    let mut limited = Command::new("bash");
    limited
        .args(["-c", "trap '' XFSZ; ulimit -f 256; exec \"$0\" \"$@\""])
        .arg(program)
        .args(command.get_args())
        .current_dir(repository());
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => limited.env(name, value),
            None => limited.env_remove(name),
        };
    }
    command.env_clear();
    let answer = answer(limited.output().unwrap());
    check(
        &answer,
        3,
        &["catalog.db", "check the disk and the space", "begat execution resume"],
    );
    world.good(&["catalog", "check"]);
    assert_ne!(before, "");
    world.good(&["run", FLOW]);
}

#[test]
fn a_backup_is_whole_while_others_write() {
    let world = World::new();
    world.good(&["run", FLOW]);
    let flow = "id: many\nnamespace: test.bad\ntasks:\n  - id: each\n    type: foreach\n    values: \"{{ range(1, 300) }}\"\n    tasks:\n      - id: say\n        type: log\n        message: \"{{ taskrun.value }}\"\n";
    let flow = world.file("many.yaml", flow);
    let mut writer = world.command(&["run", &flow, "--quiet"]).spawn().unwrap();
    for number in 0..5 {
        let target = world.folder.join(format!("backup{number}.db")).display().to_string();
        world.good(&["catalog", "backup", &target]);
        world.good(&["catalog", "check", "--catalog", &target]);
    }
    assert!(writer.wait().unwrap().success());
    let there = world.folder.join("backup0.db").display().to_string();
    check(
        &world.begat(&["catalog", "backup", &there]),
        2,
        &["there is a file", "name another file"],
    );
}
