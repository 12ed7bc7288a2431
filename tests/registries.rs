//! Plugins go into registries and come out of them as what their digests promise, or not at all.

#![allow(clippy::print_stderr, reason = "a test that is skipped says why")]

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::server::Server;
use crate::world::{Answer, World, guests};

/// A world of a project: its commands run in its folder, and docker's credentials are those in it.
pub fn project() -> World {
    let world = World::new();
    std::fs::copy(guests().join("hostile.wasm"), world.folder.join("hostile.wasm")).unwrap();
    world
}

pub fn begat(world: &World, arguments: &[&str], environment: &[(&str, &str)]) -> Answer {
    let mut command = world.command(arguments);
    command
        .current_dir(&world.folder)
        .env("DOCKER_CONFIG", &world.folder)
        .envs(environment.iter().copied());
    world.answer(&mut command)
}

pub fn check(world: &World, arguments: &[&str], code: i32, words: &[&str]) -> String {
    let answer = begat(world, arguments, &[]);
    let said = format!("{}{}", answer.stdout, answer.stderr);
    assert_eq!(answer.code, Some(code), "{arguments:?}\n{said}");
    for words in words {
        assert!(said.contains(words), "{arguments:?} does not say {words:?}:\n{said}");
    }
    said
}

fn is_empty(world: &World) -> bool {
    keeps_nothing(world) && !world.folder.join("begat.lock").exists()
}

fn keeps_nothing(world: &World) -> bool {
    let kept = std::fs::read_dir(world.folder.join(".begat/plugins"))
        .into_iter()
        .flatten();
    kept.count() == 0
}

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The registry that Debian packages, on a port of this machine; ends with the test.
pub struct Registry {
    process: Child,
    /// `localhost:PORT`
    pub host: String,
}

impl Registry {
    /// Starts it in a folder; nothing where the machine has none.
    pub fn start(folder: &Path, htpasswd: Option<&str>) -> Option<Self> {
        let auth = htpasswd.map_or(json!({}), |line| {
            let path = folder.join("htpasswd");
            std::fs::write(&path, line).unwrap();
            json!({"htpasswd": {"realm": "test", "path": path}})
        });
        Self::at("127.0.0.1", folder, json!({"auth": auth, "http": {}}))
    }

    fn at(address: &str, folder: &Path, settings: Value) -> Option<Self> {
        let program = "docker-registry";
        if Command::new(program).arg("--version").output().is_err() {
            eprintln!("skipped: `{program}` is not installed (Debian has it as a package of that name)");
            return None;
        }
        let port = TcpListener::bind((address, 0)).unwrap().local_addr().unwrap().port();
        let storage = folder.join("registry");
        let mut config = json!({
            "version": 0.1,
            "log": {"level": "error", "accesslog": {"disabled": true}},
            "storage": {"filesystem": {"rootdirectory": storage}},
            "http": settings["http"],
        });
        config["http"]["addr"] = format!("{address}:{port}").into();
        if settings["auth"]["htpasswd"].is_object() {
            config["auth"] = settings["auth"].clone();
        }
        let path = folder.join("registry.yaml");
        std::fs::write(&path, config.to_string()).unwrap();
        let mut command = Command::new(program);
        command
            .arg("serve")
            .arg(path)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command.spawn().unwrap();
        let end = Instant::now() + Duration::from_secs(20);
        while std::net::TcpStream::connect((address, port)).is_err() {
            assert!(Instant::now() < end, "the registry did not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(Self {
            process,
            host: format!("{address}:{port}"),
        })
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn a_plugin_is_pushed_and_comes_back_by_its_tag_and_by_its_digest() {
    let world = project();
    let Some(registry) = Registry::start(&world.folder, None) else {
        return;
    };
    let address = format!("oci://{}/team/hostile", registry.host);
    let tagged = format!("{address}:1.0");
    let said = check(
        &world,
        &["plugin", "push", "hostile.wasm", &tagged],
        0,
        &[&tagged, "is there"],
    );
    let pinned = said.lines().nth(1).unwrap().trim().to_owned();
    assert!(pinned.starts_with(&format!("{address}@sha256:")), "{pinned}");
    // The same component is the same artifact.
    check(&world, &["plugin", "push", "hostile.wasm", &tagged], 0, &[&pinned]);
    // Without a tag it is that of the version.
    check(&world, &["plugin", "push", "hostile.wasm", &address], 0, &[&pinned]);

    check(&world, &["plugin", "add", &pinned], 0, &["is pinned", &pinned]);
    let digest = sha256(&std::fs::read(world.folder.join("hostile.wasm")).unwrap());
    check(&world, &["plugin", "list", "--locked"], 0, &["hostile"]);
    let kept = world.folder.join(format!(".begat/plugins/{digest}.wasm"));
    std::fs::remove_file(&kept).unwrap();
    check(&world, &["plugin", "fetch"], 0, &["is here"]);
    assert!(kept.is_file());

    // Another machine takes it by its tag; then the tag moves on.
    let other = project();
    check(&other, &["plugin", "add", &tagged], 0, &["is pinned"]);
    let mut changed = std::fs::read(world.folder.join("hostile.wasm")).unwrap();
    changed.extend([0, 3, 1, b'x', b'y']);
    world.file("hostile.wasm", &changed);
    check(&world, &["plugin", "push", "hostile.wasm", &tagged], 0, &["is there"]);
    check(
        &other,
        &["plugin", "add", &tagged],
        2,
        &[
            "another plugin `hostile` is pinned already",
            "begat plugin update hostile",
        ],
    );
    let kept = other.folder.join(format!(".begat/plugins/{digest}.wasm"));
    std::fs::remove_file(&kept).unwrap();
    // What is pinned is brought, not what the tag means now.
    check(&other, &["plugin", "fetch"], 0, &["is here", &digest]);
    check(&other, &["plugin", "update"], 0, &["is pinned anew", &sha256(&changed)]);
    // A lock that names what the registry does not have.
    let lock = other.folder.join("begat.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, text.replace(&sha256(&changed), &"0".repeat(64))).unwrap();
    check(
        &other,
        &["plugin", "fetch"],
        2,
        &["did not do what", "nothing was installed"],
    );

    let missing = format!("{address}:2.0");
    check(&world, &["plugin", "push", "hostile.wasm", &pinned], 2, &["name a tag"]);
    let empty = project();
    check(
        &empty,
        &["plugin", "add", &missing],
        2,
        &["check the name, the tag and the digest"],
    );
    drop(registry);
    check(
        &empty,
        &["plugin", "add", &tagged],
        2,
        &["try again when the registry answers"],
    );
    assert!(is_empty(&empty), "nothing is half-installed");
}

#[test]
fn a_registry_that_asks_who_it_is_gets_what_docker_or_the_environment_say() {
    let world = project();
    // The password is `difference engine`.
    let line = "ada:$2b$04$8yDmY8TgnC/N.aKPOo9fc.t1jsXZqsMIeUasWSfJY3tPG8M02FFqq\n";
    let Some(registry) = Registry::start(&world.folder, Some(line)) else {
        return;
    };
    let address = format!("oci://{}/hostile:1.0", registry.host);
    let push = ["plugin", "push", "hostile.wasm", &address];
    check(
        &world,
        &push,
        2,
        &["did not do what", &format!("docker login {}", registry.host)],
    );
    let answer = begat(&world, &push, &[("BEGAT_REGISTRY", &registry.host)]);
    assert!(
        answer.stderr.contains("`BEGAT_REGISTRY_PASSWORD` is not"),
        "{}",
        answer.stderr
    );
    let said = |host: &str, password: &str| {
        let named = [
            ("BEGAT_REGISTRY", host),
            ("BEGAT_REGISTRY_USER", "ada"),
            ("BEGAT_REGISTRY_PASSWORD", password),
        ];
        begat(&world, &push, &named).code
    };
    assert_eq!(said(&registry.host, "wrong"), Some(2));
    assert_eq!(
        said("elsewhere.example", "difference engine"),
        Some(2),
        "it is sent to no other registry"
    );
    assert_eq!(said(&registry.host, "difference engine"), Some(0));
    // As docker keeps it: `ada:difference engine` in base64.
    let config = json!({"auths": {&registry.host: {"auth": "YWRhOmRpZmZlcmVuY2UgZW5naW5l"}}});
    world.file("config.json", config.to_string());
    check(&world, &["plugin", "add", &address], 0, &["is pinned"]);
    world.file("config.json", "{");
    check(&world, &["plugin", "update"], 2, &["config.json", "log in with docker"]);
}

/// A certificate for 127.0.0.2, which is not the address that needs none, and who vouches for it; with openssl.
fn certificate(folder: &Path) -> bool {
    let names = "subjectAltName=IP:127.0.0.2";
    std::fs::write(folder.join("names"), names).unwrap();
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let authority = ["-x509", "-keyout", "ca.key", "-out", "ca.pem", "-subj", "/CN=authority"];
    let asked = ["-keyout", "server.key", "-out", "server.csr", "-subj", "/CN=server"];
    let signed = "x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile names -out server.pem";
    let openssl = |arguments: Vec<&str>| {
        let output = Command::new("openssl").args(arguments).current_dir(folder).output();
        output.is_ok_and(|output| output.status.success())
    };
    openssl([&["req"], &key[..], &authority[..]].concat())
        && openssl([&["req"], &key[..], &asked[..]].concat())
        && openssl(signed.split(' ').collect())
}

#[test]
fn what_comes_from_another_machine_comes_with_a_certificate_that_somebody_vouches_for() {
    let world = project();
    if !certificate(&world.folder) {
        eprintln!("skipped: `openssl` is not installed");
        return;
    }
    let file = |name: &str| world.folder.join(name).display().to_string();
    let tls = json!({"tls": {"certificate": file("server.pem"), "key": file("server.key")}});
    let Some(registry) = Registry::at("127.0.0.2", &world.folder, json!({"http": tls})) else {
        return;
    };
    let vouched = [("SSL_CERT_FILE", file("ca.pem"))];
    let vouched: Vec<(&str, &str)> = vouched.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let address = format!("oci://{}/hostile:1.0", registry.host);
    let digest = sha256(&std::fs::read(world.folder.join("hostile.wasm")).unwrap());
    let url = format!("https://{}/v2/hostile/blobs/sha256:{digest}", registry.host);
    let push = ["plugin", "push", "hostile.wasm", &address];
    let answer = begat(&world, &push, &[]);
    assert_eq!(answer.code, Some(2), "{}", answer.stderr);
    let answer = begat(&world, &push, &vouched);
    assert_eq!(answer.code, Some(0), "{}", answer.stderr);
    for source in [&address, &url] {
        let other = project();
        let answer = begat(&other, &["plugin", "add", source], &[]);
        assert_eq!(answer.code, Some(2), "{}", answer.stderr);
        assert!(answer.stderr.contains("nothing was installed"), "{}", answer.stderr);
        assert!(is_empty(&other), "nothing is half-installed");
        let answer = begat(&other, &["plugin", "add", source], &vouched);
        assert_eq!(answer.code, Some(0), "{}", answer.stderr);
        assert!(answer.stdout.contains(&digest), "{}", answer.stdout);
    }
    let plain = url.replace("https://", "http://");
    check(&world, &["plugin", "add", &plain], 2, &["can be changed on its way"]);
}

/// A registry that holds one component and serves it as a test wants it.
fn serve(component: Vec<u8>, blob: impl Fn(&[u8]) -> Vec<u8> + Send + 'static) -> String {
    let manifest = json!({
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": {"mediaType": "application/vnd.wasm.config.v0+json", "digest": format!("sha256:{}", sha256(b"{}")), "size": 2},
        "layers": [{"mediaType": "application/wasm", "digest": format!("sha256:{}", sha256(&component)), "size": component.len()}],
    });
    let server = Server::with(move |request| {
        let path = request.split_whitespace().nth(1).unwrap_or_default();
        let head = |kind: &str, length: usize| {
            format!("HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n")
        };
        if path.contains("/blobs/") {
            return [
                head("application/octet-stream", component.len()).into_bytes(),
                blob(&component),
            ]
            .concat();
        }
        let text = if path.contains("/manifests/") {
            manifest.to_string()
        } else {
            "{}".to_owned()
        };
        format!(
            "{}{text}",
            head("application/vnd.oci.image.manifest.v1+json", text.len())
        )
        .into_bytes()
    });
    format!("oci://{}/hostile:1.0", server.address)
}

#[test]
fn what_a_registry_sends_is_what_its_digest_promises_or_nothing_stays_of_it() {
    let component = std::fs::read(guests().join("hostile.wasm")).unwrap();
    let world = project();
    let half = serve(component.clone(), |bytes| bytes[..bytes.len() / 2].to_vec());
    check(
        &world,
        &["plugin", "add", &half],
        2,
        &["did not do what", "nothing was installed"],
    );
    let changed = serve(component.clone(), |bytes| [&bytes[..bytes.len() - 1], b"!"].concat());
    check(
        &world,
        &["plugin", "add", &changed],
        2,
        &["is not what its digest promises"],
    );
    let nonsense = serve(b"hello".to_vec(), <[u8]>::to_vec);
    check(
        &world,
        &["plugin", "add", &nonsense],
        2,
        &["it is no WebAssembly at all"],
    );
    let pinned = format!("{}@sha256:{}", nonsense.trim_end_matches(":1.0"), "0".repeat(64));
    check(&world, &["plugin", "add", &pinned], 2, &["nothing was installed"]);
    assert!(is_empty(&world), "nothing is half-installed");
    // It breaks off once, and is brought the next time.
    let is_first = Arc::new(AtomicBool::new(true));
    let unsteady = serve(component, move |bytes| match is_first.swap(false, Ordering::SeqCst) {
        true => bytes[..100].to_vec(),
        false => bytes.to_vec(),
    });
    check(&world, &["plugin", "add", &unsteady], 2, &["nothing was installed"]);
    check(&world, &["plugin", "add", &unsteady], 0, &["is pinned"]);
    check(
        &world,
        &["plugin", "add", "oci://hostile:1.0"],
        2,
        &["it names no registry"],
    );
    check(
        &world,
        &["plugin", "push", "hostile.wasm", "x.wasm"],
        2,
        &["`x.wasm` is no address of a registry"],
    );
}

/// A folder on a disk of so many KiB that is full after that; nothing where the test may not mount one.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(folder: &Path, kib: u32) -> Option<Self> {
        std::fs::create_dir_all(folder).unwrap();
        let options = format!("size={kib}k");
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", &options, "tmpfs"]).arg(folder);
        match command.output() {
            Ok(output) if output.status.success() => Some(Self(folder.to_owned())),
            _ => {
                eprintln!("skipped: this user may not mount a small disk");
                None
            }
        }
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        drop(Command::new("umount").arg(&self.0).output());
    }
}

#[test]
fn a_disk_that_fills_up_ends_an_addition_and_leaves_nothing_behind() {
    let world = project();
    let Some(_disk) = SmallDisk::mount(&world.folder.join(".begat"), 64) else {
        return;
    };
    let component = std::fs::read(guests().join("hostile.wasm")).unwrap();
    assert!(component.len() > 64 * 1024, "it does not fit");
    let address = serve(component, <[u8]>::to_vec);
    for source in ["hostile.wasm", &address] {
        check(
            &world,
            &["plugin", "add", source],
            3,
            &["writing `", "No space left", "nothing was installed"],
        );
    }
    assert!(is_empty(&world), "nothing is half-installed");
}

#[test]
fn a_plugin_is_signed_with_a_key_that_is_trusted_or_is_not_taken() {
    let world = project();
    let minisign = |arguments: &[&str]| {
        let output = Command::new("minisign")
            .args(arguments)
            .current_dir(&world.folder)
            .output();
        output.is_ok_and(|output| output.status.success())
    };
    if !minisign(&["-GW", "-p", "ada.pub", "-s", "ada.key"]) {
        eprintln!("skipped: `minisign` is not installed (Debian has it as a package of that name)");
        return;
    }
    assert!(minisign(&["-GW", "-p", "bob.pub", "-s", "bob.key"]));
    let public = |name: &str| {
        let text = std::fs::read_to_string(world.folder.join(name)).unwrap();
        text.lines().nth(1).unwrap().to_owned()
    };
    let settings = |required: bool, more: &str| {
        let (ada, bob) = (public("ada.pub"), public("bob.pub"));
        let text =
            format!("[signatures]\nrequired = {required}\nkeys = {{ ada = \"{ada}\", bob = \"{bob}\" }}\n{more}");
        world.file("begat.toml", text);
    };
    let add = ["plugin", "add", "hostile.wasm"];
    settings(true, "");
    check(
        &world,
        &add,
        2,
        &["the plugin from `hostile.wasm` is not signed", "minisign -Sm"],
    );
    assert!(minisign(&["-Sm", "hostile.wasm", "-s", "ada.key"]));
    check(&world, &add, 0, &["is pinned", "signed by ada"]);
    check(&world, &["plugin", "remove", "hostile"], 0, &[]);
    settings(true, "[plugins.hostile]\nsigned_by = \"bob\"\n");
    check(
        &world,
        &add,
        2,
        &["must be signed with the key `bob`, and is signed with `ada`"],
    );
    settings(false, "[plugins.hostile]\nsigned_by = \"carol\"\n");
    check(&world, &add, 2, &["no key `carol` stands in `[signatures.keys]`"]);

    // Other bytes under the same signature, also where none is required.
    let component = std::fs::read(world.folder.join("hostile.wasm")).unwrap();
    world.file("hostile.wasm", [&component[..], &[0, 3, 1, b'x', b'y']].concat());
    settings(false, "");
    let changed = "the key `ada` did not sign these bytes";
    check(
        &world,
        &add,
        2,
        &["the signature of the plugin from `hostile.wasm` is wrong", changed],
    );
    assert!(keeps_nothing(&world), "nothing is half-installed");
    world.file("hostile.wasm", &component);

    let Some(registry) = Registry::start(&world.folder, None) else {
        return;
    };
    let address = format!("oci://{}/hostile:1.0", registry.host);
    check(&world, &["plugin", "push", "hostile.wasm", &address], 0, &["is there"]);
    settings(true, "");
    check(&world, &["plugin", "add", &address], 0, &["signed by ada"]);
    // Who fetches it later checks the signature of the lock file against the keys there are then.
    let kept = world.folder.join(format!(".begat/plugins/{}.wasm", sha256(&component)));
    std::fs::remove_file(&kept).unwrap();
    check(&world, &["plugin", "fetch"], 0, &["is here", "signed by ada"]);
    std::fs::remove_file(&kept).unwrap();
    let lock = world.folder.join("begat.lock");
    let text = std::fs::read_to_string(&lock).unwrap();
    std::fs::write(&lock, text.replace("file:hostile.wasm", "file:friendly.wasm")).unwrap();
    check(&world, &["plugin", "fetch"], 2, &[changed, "nothing was installed"]);
    assert!(!kept.exists());
    let bob = public("bob.pub");
    world.file(
        "begat.toml",
        format!("[signatures]\nrequired = true\nkeys = {{ bob = \"{bob}\" }}\n"),
    );
    check(&world, &["plugin", "fetch"], 2, &["no key of `begat.toml` made it"]);
}
