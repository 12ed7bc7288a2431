//! OpenLineage events on their way out while flows run: to a file and to an address, by a process beside the runs.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::interop::lines;
use crate::world::World;

#[test]
fn events_go_to_a_file_as_they_happen_and_each_once() {
    let world = World::new();
    let config = world.file("begat.toml", "[openlineage]\nfile = \"out/events.jsonl\"\n");
    world.good(&["run", "flows/create_vm.yaml", "--config", &config]);
    let events = || std::fs::read_to_string(world.folder.join("out/events.jsonl")).unwrap_or_default();
    let export = || world.good(&["catalog", "export", "--format", "openlineage"]).stdout;
    eventually("the events of a run", || events() == export());
    world.good(&["run", "flows/create_vm.yaml", "--config", &config, "--ephemeral"]);
    eventually("nobody delivers any more", || !is_watched(&world));
    assert_eq!(events(), export(), "what is not recorded is not told");
    world.good(&["run", "flows/take_snapshot.yaml"]);
    assert_ne!(events(), export(), "without the settings nothing is sent");
    world.good(&["run", "flows/assign_external_ip.yaml", "--config", &config]);
    eventually("the events of all runs", || events() == export());
    let sent = world.good(&["catalog", "deliver", "--config", &config]).stdout;
    assert_eq!(sent, "0 OpenLineage events sent\n");
    let wrong = world.file("wrong.toml", "[openlineage]\nfiel = \"x\"\n");
    let refused = world.begat(&["run", "flows/create_vm.yaml", "--config", &wrong]);
    assert_eq!(refused.code, Some(2));
    assert!(refused.stderr.contains("unknown field `fiel`"), "{}", refused.stderr);
}

/// Waits for what a process beside this one does.
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let end = Instant::now() + Duration::from_secs(30);
    while !is_so() {
        assert!(Instant::now() < end, "{what}: not within 30 s");
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Whether a process delivers the events of a world's catalog.
fn is_watched(world: &World) -> bool {
    let folder = std::fs::read_dir(world.folder.join("catalog.db.sent")).unwrap();
    let mut files = folder.map(|file| file.unwrap().path());
    let watch = files.find(|path| path.extension().is_some_and(|extension| extension == "watch"));
    watch.is_some_and(|path| std::fs::File::open(path).unwrap().try_lock().is_err())
}

#[test]
fn events_go_out_while_a_run_goes_on_and_by_one_process() {
    let world = World::new();
    let config = world.file("begat.toml", "[openlineage]\nfile = \"events.jsonl\"\n");
    let flow = world.file(
        "slow.yaml",
        "id: slow\nnamespace: test.interop\ntasks:\n  - id: first\n    type: log\n    message: one\n  - id: wait\n    type: sleep\n    duration: PT30S\n",
    );
    let mut command = world.command(&["run", &flow, "--config", &config]);
    let mut slow = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let events = || std::fs::read_to_string(world.folder.join("events.jsonl")).unwrap_or_default();
    eventually("the first task is told", || events().contains(".first\""));
    assert!(slow.try_wait().unwrap().is_none(), "the run goes on");
    // Killed, as a container may be at its end: what it left is delivered by the next run.
    slow.kill().unwrap();
    slow.wait().unwrap();
    world.good(&["run", "flows/create_vm.yaml", "--config", &config]);
    let export = || world.good(&["catalog", "export", "--format", "openlineage"]).stdout;
    eventually("all is told, once", || events() == export());
    // Many at once have their events delivered once, whoever does it.
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| world.good(&["run", "flows/create_vm.yaml", "--config", &config]));
        }
    });
    eventually("all of all are told, once", || events() == export());
    eventually("the process that delivers ends", || !is_watched(&world));
}

/// A server that answers the first requests with 503 and takes the rest.
struct Receiver {
    address: String,
    bodies: Arc<Mutex<Vec<Value>>>,
    refusing: Arc<AtomicUsize>,
}

impl Receiver {
    fn start(refusals: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}/api/v1/lineage", listener.local_addr().unwrap());
        let (bodies, refusing) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(refusals)));
        let (kept, left) = (bodies.clone(), refusing.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (mut stream, kept, left) = (stream.unwrap(), kept.clone(), left.clone());
                std::thread::spawn(move || {
                    while let Some((head, body)) = request(&mut stream) {
                        assert!(head.starts_with("POST /api/v1/lineage HTTP/1.1"), "{head}");
                        assert!(head.to_lowercase().contains("authorization: bearer secret"), "{head}");
                        let refuses = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1));
                        let status = match refuses {
                            Ok(_) => "503 Service Unavailable",
                            Err(_) => {
                                kept.lock().unwrap().push(serde_json::from_slice(&body).unwrap());
                                "201 Created"
                            }
                        };
                        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\n\r\n");
                        if stream.write_all(answer.as_bytes()).is_err() {
                            return;
                        }
                    }
                });
            }
        });
        Self {
            address,
            bodies,
            refusing,
        }
    }

    fn config(&self) -> String {
        let url = &self.address;
        format!("[openlineage]\nurl = \"{url}\"\nnamespace = \"begat://prod\"\ntoken_env = \"LINEAGE_TOKEN\"\n")
    }

    fn taken(&self) -> Vec<Value> {
        self.bodies.lock().unwrap().clone()
    }
}

/// One request of a connection; nothing when it is closed.
fn request(stream: &mut impl Read) -> Option<(String, Vec<u8>)> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length")
            .then(|| value.trim().parse().unwrap())
    });
    let mut body = vec![0; length.expect("a length")];
    stream.read_exact(&mut body).ok()?;
    Some((head, body))
}

#[test]
fn events_go_to_an_address_and_are_sent_again_until_they_are_taken() {
    let world = World::new();
    let receiver = Receiver::start(2);
    let config = world.file("begat.toml", receiver.config());
    let run = |flow: &str| {
        let mut command = world.command(&["run", flow, "--config", &config]);
        crate::world::answer(command.env("LINEAGE_TOKEN", "secret").output().unwrap())
    };
    let deliver = || {
        let mut command = world.command(&["catalog", "deliver", "--config", &config]);
        crate::world::answer(command.env("LINEAGE_TOKEN", "secret").output().unwrap())
    };
    assert_eq!(run("flows/create_vm.yaml").code, Some(0));
    // It may have been refused until the run was over.
    while deliver().code != Some(0) {}
    let exported = |world: &World| {
        lines(
            &world
                .good(&["catalog", "export", "--format", "openlineage", "--config", &config])
                .stdout,
        )
    };
    assert_eq!(receiver.taken(), exported(&world));
    assert_eq!(receiver.taken()[0]["job"]["namespace"], "begat://prod");
    // An address that takes nothing keeps no run from going on.
    receiver.refusing.store(usize::MAX, Ordering::SeqCst);
    let answer = run("flows/assign_external_ip.yaml");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    let failed = deliver();
    assert_eq!(failed.code, Some(3), "{}", failed.stderr);
    let answer = run("flows/create_vm.yaml");
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    assert!(
        answer.stderr.contains("wait to be sent") && answer.stderr.contains("503"),
        "{}",
        answer.stderr
    );
    receiver.refusing.store(0, Ordering::SeqCst);
    assert_eq!(deliver().code, Some(0));
    assert_eq!(receiver.taken(), exported(&world), "each once, in order");
    let unset = world.begat(&["catalog", "deliver", "--config", &config]);
    assert_eq!(unset.code, Some(2));
    assert!(unset.stderr.contains("`LINEAGE_TOKEN` is not set"), "{}", unset.stderr);
}
