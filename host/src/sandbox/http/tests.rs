//! What a guest's request meets on its way out, against a server on this machine.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use hyper::Request;

use super::super::output::{LogSink, Speech};
use super::super::policy::Policy;
use super::*;
use crate::model::PluginReference;

/// A server that answers every connection with the same bytes, and keeps what it was sent.
struct Server {
    address: SocketAddr,
    heard: Arc<Mutex<Vec<String>>>,
}

fn server(answer: Vec<u8>) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let heard: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = heard.clone();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut buffer = vec![0; 65_536];
            let count = stream.read(&mut buffer).unwrap_or(0);
            kept.lock()
                .unwrap()
                .push(String::from_utf8_lossy(&buffer[..count]).into_owned());
            // The client may have hung up.
            drop(stream.write_all(&answer));
        }
    });
    Server { address, heard }
}

fn plain(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

struct Outcome {
    result: Result<String, String>,
    log: Vec<String>,
    used: Vec<String>,
    advice: Option<String>,
    never: Option<String>,
}

async fn send(grants: &[&str], limits: &Limits, request: Request<String>) -> Outcome {
    send_with(grants, limits, request, connect::of_system()).await
}

async fn send_with(grants: &[&str], limits: &Limits, request: Request<String>, names: connect::Names) -> Outcome {
    let policy = Policy {
        everyone: grants
            .iter()
            .map(|text| text.parse::<crate::model::Grant>().unwrap())
            .collect(),
        ..Policy::default()
    };
    let plugin = PluginReference {
        name: "http".to_owned(),
        version: String::new(),
        digest: String::new(),
    };
    type Lines = Arc<Mutex<Vec<String>>>;
    let (log, used) = (Lines::default(), Lines::default());
    let (lines, uses) = (log.clone(), used.clone());
    let sink: LogSink = Arc::new(move |line| lines.lock().unwrap().push(line.message));
    let permit = Permit::new(
        &policy,
        &plugin,
        Arc::new(move |grant| uses.lock().unwrap().push(grant.target)),
    );
    let speech = Arc::new(Mutex::new(Speech::new(sink, limits, Default::default())));
    let mut gate = Gate::new(permit.clone(), speech, limits, None);
    Arc::get_mut(&mut gate.shared).unwrap().names = names;
    let request = request.map(|body| Full::from(body).map_err(|never| match never {}).boxed_unsync());
    let answer = Box::into_pin(gate.send_request(request, None, Box::new(async { Ok(()) }))).await;
    let result = match answer {
        Err(error) => Err(format!("{error:?}")),
        Ok((response, driver)) => {
            let driving = tokio::spawn(Box::into_pin(driver));
            let body = response.into_body().collect().await;
            driving.abort();
            body.map(|body| String::from_utf8_lossy(&body.to_bytes()).into_owned())
                .map_err(|error| format!("{error:?}"))
        }
    };
    let (log, used) = (log.lock().unwrap().clone(), used.lock().unwrap().clone());
    Outcome {
        result,
        log,
        used,
        advice: permit.advice(),
        never: permit.never(),
    }
}

fn permit_of(grants: &[&str]) -> Permit {
    let policy = Policy {
        everyone: grants.iter().map(|text| text.parse().unwrap()).collect(),
        ..Policy::default()
    };
    let plugin = PluginReference {
        name: "http".to_owned(),
        version: String::new(),
        digest: String::new(),
    };
    Permit::new(&policy, &plugin, Arc::new(|_| ()))
}

fn get(url: &str) -> Request<String> {
    Request::get(url).body(String::new()).unwrap()
}

fn local(server: &Server) -> String {
    format!("net=127.0.0.1:{}", server.address.port())
}

#[tokio::test]
async fn a_granted_host_is_spoken_to_and_the_use_is_told() {
    let server = server(plain("hello"));
    let url = format!("http://{}/path?q=1", server.address);
    let outcome = send(&[&local(&server)], &Limits::default(), get(&url)).await;
    assert_eq!(outcome.result.as_deref(), Ok("hello"));
    assert_eq!(outcome.used, [format!("http://{}", server.address)]);
    let heard = server.heard.lock().unwrap().join("");
    assert!(heard.starts_with("GET /path?q=1 HTTP/1.1\r\n"), "{heard}");
}

async fn check_refused(grants: &[&str], url: &str, error: &str, words: &str) {
    let outcome = send(grants, &Limits::default(), get(url)).await;
    let found = outcome.result.unwrap_err();
    assert!(found.starts_with(error), "{url}: {found}");
    assert!(outcome.log.join("\n").contains(words), "{url}: {:?}", outcome.log);
    assert!(outcome.used.is_empty(), "{url}: {:?}", outcome.used);
}

#[tokio::test]
async fn nothing_is_sent_to_a_host_that_is_not_granted() {
    check_refused(
        &[],
        "https://example.com/",
        "HttpRequestDenied",
        "`net=example.com` is not granted",
    )
    .await;
    check_refused(
        &["net=example.org"],
        "https://example.com/",
        "HttpRequestDenied",
        "not granted",
    )
    .await;
    check_refused(
        &["net=example.com"],
        "http://example.com/",
        "HttpRequestDenied",
        "`net=http://example.com`",
    )
    .await;
    let outcome = send(&[], &Limits::default(), get("https://example.com/")).await;
    assert!(outcome.advice.unwrap().contains("--allow http:net=example.com"));
}

#[tokio::test]
async fn this_machine_private_networks_and_metadata_are_out_of_reach() {
    let inside = "this machine or a private network";
    let all = ["net=*", "net=http://*"];
    for url in [
        "http://127.0.0.1/",
        "http://127.8.9.1/",
        "http://localhost/",
        "http://10.0.0.1/",
        "http://192.168.0.1/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:10.0.0.1]/",
        "http://[fd00::1]/",
        "http://[64:ff9b::7f00:1]/",
    ] {
        check_refused(&all, url, "DestinationIpProhibited", inside).await;
    }
    let never = [
        "net=*",
        "net=http://*",
        "net=http://169.254.169.254",
        "net=169.254.0.0/16",
        "net=fd00::/8",
    ];
    for url in [
        "http://169.254.169.254/latest/meta-data/",
        "http://[fd00:ec2::254]/",
        "http://[::ffff:169.254.169.254]/",
        "http://0.0.0.0/",
    ] {
        check_refused(&never, url, "DestinationIpProhibited", "which no grant opens").await;
        for grants in [&never[..], &[]] {
            // What is said to the operator names no grant that would not help.
            let outcome = send(grants, &Limits::default(), get(url)).await;
            assert!(outcome.never.unwrap().contains("which no grant opens"), "{url}");
            assert_eq!(outcome.advice, None, "{url}");
        }
    }
}

#[tokio::test]
async fn addresses_that_hide_where_they_lead_are_refused() {
    let all = ["net=*", "net=http://*"];
    let hidden = "is no plain host";
    check_refused(
        &all,
        "https://api.example.com@127.0.0.1/",
        "HttpRequestUriInvalid",
        hidden,
    )
    .await;
    check_refused(&all, "https://example.com./", "HttpRequestUriInvalid", hidden).await;
    let connect = Request::connect("https://example.com/").body(String::new()).unwrap();
    let outcome = send(&all, &Limits::default(), connect).await;
    assert_eq!(outcome.result.unwrap_err(), "HttpRequestMethodInvalid");
    // A whole address in the place of the path, as one writes it to a proxy: a request cannot even hold one.
    let path = |text: &str| text.parse::<hyper::http::uri::PathAndQuery>();
    assert!(path("http://evil.example/").is_err() && path("evil.example/").is_err());
    let server = server(plain("hello"));
    let mut parts = get(&format!("http://{}/", server.address)).uri().clone().into_parts();
    parts.path_and_query = Some(path("*").unwrap());
    let mut request = get("http://127.0.0.1/");
    *request.uri_mut() = hyper::Uri::from_parts(parts).unwrap();
    let outcome = send(&[&local(&server)], &Limits::default(), request).await;
    assert_eq!(outcome.result.unwrap_err(), "HttpRequestUriInvalid");
    assert!(
        outcome.log.join("\n").contains("the path must begin with `/`"),
        "{:?}",
        outcome.log
    );
    assert!(server.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed_by_the_host() {
    let answer = b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n".to_vec();
    let server = server(answer);
    let outcome = send(
        &[&local(&server)],
        &Limits::default(),
        get(&format!("http://{}/", server.address)),
    )
    .await;
    assert_eq!(outcome.result.as_deref(), Ok(""));
    assert_eq!(outcome.used.len(), 1);
}

async fn check_limit(limits: Limits, answer: Vec<u8>, request: impl Fn(&str) -> Request<String>, words: &str) {
    let server = server(answer);
    let request = request(&format!("http://{}/", server.address));
    let outcome = send(&[&local(&server)], &limits, request).await;
    assert!(outcome.result.is_err(), "{words}: {:?}", outcome.result);
    assert!(outcome.log.join("\n").contains(words), "{words}: {:?}", outcome.log);
}

#[tokio::test]
async fn bytes_headers_and_time_are_bounded() {
    let limits = Limits {
        http_bytes: 1000,
        http_time: std::time::Duration::from_millis(300),
        ..Limits::default()
    };
    let large = plain(&"x".repeat(2000));
    check_limit(limits.clone(), large, get, "more than 1000 bytes (`http_bytes`)").await;
    let upload = |url: &str| Request::post(url).body("x".repeat(2000)).unwrap();
    check_limit(limits.clone(), plain(""), upload, "more than 1000 bytes (`http_bytes`)").await;
    let stalled = |answer: Vec<u8>| [b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n".to_vec(), answer].concat();
    let slow = slow_server(stalled(b"a".to_vec()));
    let outcome = send(
        &[&format!("net=127.0.0.1:{}", slow.port())],
        &limits,
        get(&format!("http://{slow}/")),
    )
    .await;
    assert!(
        outcome.log.join("\n").contains("longer than 0.3 s (`http_time`)"),
        "{:?}",
        outcome.log
    );
    let mut many = b"HTTP/1.1 200 OK\r\n".to_vec();
    (0..33_000).for_each(|number| many.extend(format!("x-{number}: y\r\n").bytes()));
    many.extend(b"\r\n");
    check_limit(Limits::default(), many, get, "(`http_headers`, `http_header_bytes`)").await;
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000)).into_bytes();
    check_limit(Limits::default(), long, get, "`http_header_bytes`)").await;
    let request = |url: &str| {
        let mut request = Request::get(url);
        for number in 0..200 {
            request = request.header(format!("x-{number}"), "y");
        }
        request.body(String::new()).unwrap()
    };
    check_limit(
        Limits::default(),
        plain(""),
        request,
        "at most 100 are allowed (`http_headers`)",
    )
    .await;
}

/// Answers the start and then nothing, and keeps the connection.
fn slow_server(answer: Vec<u8>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        let mut kept = Vec::new();
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // An answer before the question would be a broken connection.
            drop(stream.read(&mut [0; 65_536]));
            // The client may have hung up.
            drop(stream.write_all(&answer));
            kept.push(stream);
        }
    });
    address
}

#[tokio::test]
async fn the_number_of_requests_is_bounded() {
    let limits = Limits {
        http_requests: 0,
        ..Limits::default()
    };
    check_limit(limits, plain(""), get, "more than 0 requests (`http_requests`)").await;
}

#[tokio::test]
async fn what_was_vetted_is_connected_to_whatever_the_name_service_says_next() {
    let (first, second) = (server(plain("vetted")), server(plain("another")));
    let asked = Arc::new(AtomicU64::new(0));
    let (count, answers) = (asked.clone(), [first.address, second.address]);
    let names: connect::Names = Arc::new(move |host, _| {
        assert_eq!(host, "rebinding.example");
        let place = count.fetch_add(1, Ordering::Relaxed).min(1);
        let answer = answers[usize::try_from(place).unwrap()];
        Box::pin(async move { Ok(vec![answer]) })
    });
    let grants = ["net=http://rebinding.example", "net=127.0.0.1/32"];
    let request = get("http://rebinding.example/");
    let outcome = send_with(&grants, &Limits::default(), request, names).await;
    assert_eq!(outcome.result.as_deref(), Ok("vetted"));
    assert_eq!(asked.load(Ordering::Relaxed), 1, "the name is resolved once");
    assert!(second.heard.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_address_opens_the_port_that_is_granted_and_no_other() {
    let server = server(plain("hello"));
    let address = server.address;
    let names: connect::Names = Arc::new(move |_, _| Box::pin(async move { Ok(vec![address]) }));
    let url = format!("http://vm:{}/", address.port());
    let vm = format!("net=http://vm:{}", address.port());
    for (grant, expected) in [("net=127.0.0.1:9", false), (local(&server).as_str(), true)] {
        let outcome = send_with(&[&vm, grant], &Limits::default(), get(&url), names.clone()).await;
        assert_eq!(outcome.result.is_ok(), expected, "{grant}: {:?}", outcome.log);
    }
}

#[tokio::test]
async fn so_many_requests_are_under_way_at_once_and_no_more() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (now, most) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let (counted, peak) = (now.clone(), most.clone());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut stream, counted, peak) = (stream.unwrap(), counted.clone(), peak.clone());
            std::thread::spawn(move || {
                peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                let mut buffer = [0; 1024];
                // The client may have hung up.
                drop(stream.read(&mut buffer));
                std::thread::sleep(std::time::Duration::from_millis(100));
                counted.fetch_sub(1, Ordering::SeqCst);
                drop(stream.write_all(&plain("hello")));
            });
        }
    });
    let grant = format!("net=127.0.0.1:{}", address.port());
    let limits = Limits {
        http_at_once: 2,
        ..Limits::default()
    };
    let permit = permit_of(&[&grant]);
    let speech = Arc::new(Mutex::new(Speech::new(Arc::new(|_| ()), &limits, Default::default())));
    let mut gate = Gate::new(permit, speech, &limits, None);
    let mut sent = Vec::new();
    for _ in 0..6 {
        let request = get(&format!("http://{address}/"));
        let request = request.map(|body| Full::from(body).map_err(|never| match never {}).boxed_unsync());
        let answer = Box::into_pin(gate.send_request(request, None, Box::new(async { Ok(()) })));
        sent.push(tokio::spawn(async move {
            let (response, driver) = answer.await.map_err(|error| format!("{error:?}")).unwrap();
            let driving = tokio::spawn(Box::into_pin(driver));
            response.into_body().collect().await.unwrap();
            driving.abort();
        }));
    }
    for each in sent {
        each.await.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[test]
fn an_answer_of_the_name_service_that_leads_inside_is_refused_as_a_whole() {
    let permit = permit_of(&["net=*"]);
    let limits = Limits::default();
    let speech = Arc::new(Mutex::new(Speech::new(Arc::new(|_| ()), &limits, Default::default())));
    let gate = Gate::new(permit, speech, &limits, None);
    let destination = Destination::of_url("https://rebinding.example/").unwrap();
    let addresses = |list: &[&str]| {
        list.iter()
            .map(|text| text.parse().unwrap())
            .collect::<Vec<SocketAddr>>()
    };
    let public = addresses(&["93.184.216.34:443"]);
    assert_eq!(gate.shared.vet(&destination, public.clone()).ok(), Some(public));
    let mixed = addresses(&["93.184.216.34:443", "127.0.0.1:443"]);
    assert!(gate.shared.vet(&destination, mixed).is_err());
}
