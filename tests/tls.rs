//! HTTPS to a server of this machine: only whom the operator trusts is spoken to.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::process::Command;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, Stream};

use crate::server::plain;
use crate::world::World;

/// Makes a certificate that signs itself, for one address.
fn certificate(world: &World, name: &str, address: &str) -> (String, String) {
    let path = |end: &str| world.folder.join(format!("{name}.{end}")).display().to_string();
    let (certificate, key) = (path("pem"), path("key"));
    let output = Command::new("openssl")
        .args([
            "req",
            "-x509",
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ])
        .args(["-days", "2", "-subj", "/CN=begat test", "-addext"])
        .arg(format!("subjectAltName=IP:{address}"))
        .args(["-addext", "basicConstraints=critical,CA:FALSE"])
        .args(["-keyout", &key, "-out", &certificate])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    (certificate, key)
}

/// A server that answers each request in the same way.
fn start(certificate: &str, key: &str) -> SocketAddr {
    let chain: Vec<_> = CertificateDer::pem_file_iter(certificate)
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::from_pem_file(key).unwrap())
        .unwrap();
    let config = Arc::new(config);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for socket in listener.incoming() {
            let mut socket = socket.unwrap();
            let mut connection = ServerConnection::new(config.clone()).unwrap();
            let mut stream = Stream::new(&mut connection, &mut socket);
            // A client that does not trust this server ends the connection.
            if stream.read(&mut [0; 4096]).is_ok() && stream.write_all(&plain("hello over TLS")).is_ok() {
                drop(stream.flush());
            }
        }
    });
    address
}

#[test]
fn a_private_authority_is_trusted_where_the_operator_says_so_and_names_are_checked() {
    let world = World::new();
    let (trusted, key) = certificate(&world, "here", "127.0.0.1");
    let (elsewhere, other_key) = certificate(&world, "elsewhere", "192.0.2.1");
    let run = |address: SocketAddr, settings: &str| {
        let settings = world.file("begat.toml", settings);
        let text = format!(
            "id: ask\nnamespace: company.team\ntasks:\n  - id: fetch\n    type: http.request\n    uri: https://{address}/path\n"
        );
        let flow = world.file("ask.yaml", text);
        let grant = format!("net={address}");
        world.begat(&[
            "run", &flow, "--allow", &grant, "--config", &settings, "--format", "json",
        ])
    };
    let log = |view: &serde_json::Value| {
        let id = view["execution"]["id"].as_str().unwrap();
        world.good(&["execution", "logs", id]).stdout
    };
    let here = start(&trusted, &key);
    let unknown = run(here, "");
    assert_eq!(unknown.code, Some(1), "{}", unknown.stderr);
    assert!(
        log(&unknown.json()).contains("invalid peer certificate"),
        "{}",
        log(&unknown.json())
    );
    let known = run(here, "[net]\nca = \"here.pem\"\n");
    assert_eq!(known.code, Some(0), "{}{}", known.stdout, known.stderr);
    assert_eq!(known.json()["tasks"][0]["outputs"]["body"], "hello over TLS");
    let (mut both, second) = (std::fs::read(&trusted).unwrap(), std::fs::read(&elsewhere).unwrap());
    both.extend(second);
    world.file("both.pem", both);
    let misnamed = run(start(&elsewhere, &other_key), "[net]\nca = \"both.pem\"\n");
    assert_eq!(misnamed.code, Some(1));
    assert!(
        log(&misnamed.json()).contains("not valid for name"),
        "{}",
        log(&misnamed.json())
    );
    for (file, words) in [("none.pem", "No such file"), ("here.key", "it holds no certificate")] {
        let refused = run(here, &format!("[net]\nca = \"{file}\"\n"));
        assert_eq!(refused.code, Some(2), "{}", refused.stderr);
        let shown = refused.stderr.replace('\n', " ");
        assert!(
            shown.contains("`net.ca`") && shown.contains(words),
            "{}",
            refused.stderr
        );
    }
}
