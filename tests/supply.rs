//! Plugins are pinned by their digests: what was changed on the way is not used, and nothing stays half-installed.

use std::io::{Read, Write};
use std::path::PathBuf;

use crate::world::{Answer, World, guests};

/// A world of a project: its commands run in its folder.
fn project() -> World {
    let world = World::new();
    std::fs::copy(guests().join("hostile.wasm"), world.folder.join("hostile.wasm")).unwrap();
    world
}

fn begat(world: &World, arguments: &[&str]) -> Answer {
    let mut command = world.command(arguments);
    command.current_dir(&world.folder);
    let output = command.output().unwrap();
    Answer {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}

fn check(world: &World, arguments: &[&str], code: i32, words: &[&str]) {
    let answer = begat(world, arguments);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, Some(code), "{arguments:?}\n{said}");
    for words in words {
        assert!(said.contains(words), "{arguments:?} does not say {words:?}:\n{said}");
    }
}

fn kept(world: &World) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(world.folder.join(".begat/plugins"))
        .into_iter()
        .flatten();
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn a_plugin_is_added_used_and_removed() {
    let world = project();
    check(
        &world,
        &["plugin", "add", "hostile.wasm"],
        0,
        &["is pinned", "from hostile.wasm"],
    );
    check(&world, &["plugin", "add", "hostile.wasm"], 0, &["is as it was"]);
    check(&world, &["plugin", "list", "--locked"], 0, &["hostile"]);
    std::fs::remove_file(world.folder.join("hostile.wasm")).unwrap();
    check(&world, &["plugin", "list", "--locked"], 0, &["hostile"]);
    let lock = std::fs::read_to_string(world.folder.join("begat.lock")).unwrap();
    assert!(lock.contains("\"source\": \"hostile.wasm\""), "{lock}");
    let name = begat(&world, &["plugin", "list", "--format", "json"]).json();
    let name = name.as_array().unwrap().last().unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    check(&world, &["plugin", "remove", &name], 0, &["is gone"]);
    assert!(kept(&world).is_empty());
    check(&world, &["plugin", "remove", &name], 2, &["`begat.lock` has no plugin"]);
}

#[test]
fn locked_means_that_nothing_else_is_used() {
    let world = project();
    let folder = world.folder.join("one");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(guests().join("hostile.wasm"), folder.join("hostile.wasm")).unwrap();
    let folder = folder.display().to_string();
    check(&world, &["plugin", "list", "--plugins", &folder], 0, &[]);
    check(
        &world,
        &["plugin", "list", "--plugins", &folder, "--locked"],
        2,
        &["is not in `begat.lock`", "`begat plugin add` pins it"],
    );
    check(&world, &["plugin", "add", "hostile.wasm"], 0, &[]);
    check(&world, &["plugin", "list", "--plugins", &folder, "--locked"], 0, &[]);
}

#[test]
fn what_was_changed_is_not_used() {
    let world = project();
    check(&world, &["plugin", "add", "hostile.wasm"], 0, &[]);
    // The kept component is changed: by one byte of a custom section at its end.
    let path = kept(&world).remove(0);
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend([0, 3, 1, b'x', b'y']);
    std::fs::write(&path, &bytes).unwrap();
    check(
        &world,
        &["plugin", "list"],
        2,
        &["is not the one of `begat.lock`: its sha256 is"],
    );
    // Fetching brings the pinned one back.
    check(&world, &["plugin", "fetch"], 0, &["is here"]);
    check(&world, &["plugin", "list"], 0, &[]);
    // The source has another one now: fetching refuses it and keeps nothing of it, updating takes it.
    std::fs::write(world.folder.join("hostile.wasm"), &bytes).unwrap();
    std::fs::remove_file(&path).unwrap();
    check(
        &world,
        &["plugin", "list"],
        2,
        &["of `begat.lock` is not here", "`begat plugin fetch` brings"],
    );
    check(&world, &["plugin", "fetch"], 2, &["is not the one of `begat.lock`"]);
    assert!(kept(&world).is_empty(), "nothing is half-installed");
    check(&world, &["plugin", "update"], 0, &["is pinned anew"]);
    check(&world, &["plugin", "list"], 0, &[]);
    // The lock file is changed.
    let lock = world.folder.join("begat.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, text.replace("\"version\": 1,", "\"version\": 9,")).unwrap();
    check(&world, &["plugin", "list"], 2, &["version 9 of it is not known"]);
    std::fs::write(&lock, "{").unwrap();
    check(
        &world,
        &["plugin", "list"],
        2,
        &["the lock file `begat.lock` makes no sense"],
    );
}

#[test]
fn what_cannot_be_added_leaves_nothing_behind() {
    let world = project();
    world.file(
        "half.wasm",
        &std::fs::read(world.folder.join("hostile.wasm")).unwrap()[..1000],
    );
    world.file("text.wasm", "hello");
    check(
        &world,
        &["plugin", "add", "half.wasm"],
        2,
        &["the plugin from `half.wasm` is not taken"],
    );
    check(
        &world,
        &["plugin", "add", "text.wasm"],
        2,
        &["it is no WebAssembly at all"],
    );
    check(
        &world,
        &["plugin", "add", "nowhere.wasm"],
        2,
        &["reading the plugin `nowhere.wasm`"],
    );
    check(
        &world,
        &["plugin", "add", "http://example.org/a.wasm"],
        2,
        &["can be changed on its way"],
    );
    check(
        &world,
        &["plugin", "add", "ftp://example.org/a.wasm"],
        2,
        &["begat knows no way to it"],
    );
    assert!(kept(&world).is_empty(), "nothing is half-installed");
    assert!(!world.folder.join("begat.lock").exists());
}

#[test]
fn a_full_disk_ends_an_addition_and_leaves_nothing_behind() {
    let world = project();
    // A file in the place of the folder stands for a disk that takes nothing.
    std::fs::create_dir_all(world.folder.join(".begat")).unwrap();
    world.file(".begat/plugins", "");
    check(
        &world,
        &["plugin", "add", "hostile.wasm"],
        3,
        &["writing `", "nothing was installed"],
    );
    assert!(!world.folder.join("begat.lock").exists());
}

/// Serves one answer to each of so many requests on a port of this machine; gives its address.
fn serve(answers: Vec<Vec<u8>>) -> String {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for answer in answers {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = Vec::new();
            let mut byte = [0];
            while !request.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
                request.push(byte[0]);
            }
            stream.write_all(&answer).unwrap();
        }
    });
    format!("http://{address}/hostile.wasm")
}

#[test]
fn a_plugin_is_downloaded_as_a_whole_or_not_at_all() {
    let world = project();
    let bytes = std::fs::read(world.folder.join("hostile.wasm")).unwrap();
    let head = |status: &str| {
        format!(
            "HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
            bytes.len()
        )
    };
    let whole = [head("200 OK").as_bytes(), &bytes].concat();
    let half = [head("200 OK").as_bytes(), &bytes[..bytes.len() / 2]].concat();
    let missing = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".to_vec();
    let address = serve(vec![half, missing, whole]);
    check(&world, &["plugin", "add", &address], 2, &["nothing was installed"]);
    check(
        &world,
        &["plugin", "add", &address],
        2,
        &["downloading the plugin", "404"],
    );
    assert!(kept(&world).is_empty(), "nothing is half-installed");
    check(&world, &["plugin", "add", &address], 0, &["is pinned", &address]);
    // The server is gone, and nobody needs it while the plugin is here.
    check(&world, &["plugin", "fetch"], 0, &["is as it was"]);
    std::fs::remove_file(kept(&world).remove(0)).unwrap();
    check(
        &world,
        &["plugin", "fetch"],
        2,
        &["downloading the plugin", "nothing was installed"],
    );
}
