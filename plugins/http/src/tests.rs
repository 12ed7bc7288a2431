//! What is sent for which properties, and what becomes of the answers.

use std::cell::RefCell;
use std::rc::Rc;

use begat_task::testing::{self, Granted, Outcome};
use serde_json::{Value, json};

use super::*;

const URI: &str = "https://api.example.com/items";

fn answer(status: u16, headers: &[(&str, &str)], body: &str) -> HttpResponse {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    HttpResponse {
        status,
        headers: headers.iter().map(owned).collect(),
        body: body.as_bytes().to_vec(),
    }
}

/// Runs a request against answers that come one after the other; gives what was sent as well.
fn run(properties: Value, answers: Vec<HttpResponse>) -> (Outcome<Outputs>, Vec<HttpRequest>) {
    let sent: Rc<RefCell<Vec<HttpRequest>>> = Rc::default();
    let (kept, answers) = (sent.clone(), RefCell::new(answers.into_iter()));
    let granted = Granted::default().secret("TOKEN", "t0ken-text").http(move |request| {
        kept.borrow_mut().push(request.clone());
        Ok(answers.borrow_mut().next().expect("an answer for each request"))
    });
    let outcome = testing::run_granted::<Http>("http.request", properties, vec![], granted);
    let sent = sent.borrow().clone();
    (outcome, sent)
}

fn check_sent(properties: Value, method: &str, url: &str, headers: &[(&str, &str)], body: &str) {
    let (outcome, sent) = run(properties, vec![answer(200, &[], "ok")]);
    outcome.outputs();
    let found: Vec<(&str, &str)> = sent[0]
        .headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!((sent[0].method.as_str(), sent[0].url.as_str()), (method, url));
    assert_eq!(found, headers);
    assert_eq!(String::from_utf8_lossy(&sent[0].body), body);
}

fn check_failure(properties: Value, answers: Vec<HttpResponse>, message: &str, retryable: bool) {
    let (outcome, _) = run(properties, answers);
    let failure = outcome.failure();
    assert_eq!((failure.message.as_str(), failure.retryable), (message, retryable));
}

#[test]
fn the_description_is_the_one_the_host_knows() {
    testing::check_description::<Http>(concat!(env!("CARGO_MANIFEST_DIR"), "/describe.json"));
}

#[test]
fn properties_become_a_request() {
    check_sent(json!({"uri": URI}), "GET", URI, &[], "");
    check_sent(
        json!({"uri": URI, "params": {"q": "a b&c", "n": [1, 2]}}),
        "GET",
        "https://api.example.com/items?n=1&n=2&q=a%20b%26c",
        &[],
        "",
    );
    check_sent(
        json!({"uri": URI, "method": "post", "body": {"a": 1}, "headers": {"x-count": 3}}),
        "POST",
        URI,
        &[("x-count", "3"), ("content-type", "application/json")],
        "{\"a\":1}",
    );
    check_sent(
        json!({"uri": URI, "method": "PUT", "body": "text", "contentType": "text/plain"}),
        "PUT",
        URI,
        &[("content-type", "text/plain")],
        "text",
    );
    check_sent(
        json!({"uri": URI, "method": "POST", "formData": {"a": "x y", "b": true}}),
        "POST",
        URI,
        &[("content-type", "application/x-www-form-urlencoded")],
        "a=x%20y&b=true",
    );
}

#[test]
fn a_form_may_have_parts_and_files() {
    let parts = json!({
        "uri": URI, "method": "POST", "contentType": "multipart/form-data",
        "formData": {"a": ["x", "y"], "b": {"name": "no\"te.txt", "content": "--begat-part-0"}}
    });
    check_sent(
        parts,
        "POST",
        URI,
        &[("content-type", "multipart/form-data; boundary=begat-part-1")],
        "--begat-part-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\nx\r\n\
         --begat-part-1\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\ny\r\n\
         --begat-part-1\r\nContent-Disposition: form-data; name=\"b\"; filename=\"no%22te.txt\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n--begat-part-0\r\n--begat-part-1--\r\n",
    );
    let refuse = |form: Value, content_type: &str, message: &str| {
        let properties = json!({"uri": URI, "formData": form, "contentType": content_type});
        check_failure(properties, vec![], message, false);
    };
    refuse(
        json!({"f": {"name": "a", "content": "b"}}),
        "application/x-www-form-urlencoded",
        "`formData.f` is a map; a file needs `contentType: multipart/form-data`",
    );
    refuse(
        json!({"f": {"name": "a"}}),
        "multipart/form-data",
        "`formData.f` is a map; a file has `name` and `content`",
    );
    refuse(
        json!({"f": 1}),
        "text/plain",
        "`contentType` is `text/plain`; `formData` is sent as `application/x-www-form-urlencoded` or `multipart/form-data`",
    );
}

#[test]
fn a_request_is_sent_again_where_the_flow_says_so() {
    let retry = |more: Value| json!({"uri": URI, "options": {"retry": more}});
    let passing = |status| answer(status, &[], "later");
    let (outcome, sent) = run(
        retry(json!({"maxAttempts": 5})),
        vec![
            passing(503),
            answer(429, &[("retry-after", "20")], ""),
            passing(500),
            answer(200, &[], "ok"),
        ],
    );
    assert_eq!((outcome.outputs().code, sent.len()), (200, 4));
    assert!((24..30).contains(&outcome.slept.as_secs()), "{:?}", outcome.slept);
    let (outcome, sent) = run(retry(json!({"maxAttempts": 2})), vec![passing(503), passing(503)]);
    assert_eq!((outcome.failure().retryable, sent.len()), (true, 2));
    let (_, sent) = run(retry(json!({"maxAttempts": 5})), vec![passing(404)]);
    assert_eq!(sent.len(), 1, "what does not pass is not tried again");
    let slow = retry(json!({"maxAttempts": 9, "interval": "PT1M", "maxInterval": "PT1M", "maxDuration": "PT3M"}));
    let (_, sent) = run(slow, vec![passing(503); 9]);
    assert!((2..=3).contains(&sent.len()), "{}", sent.len());
    let allowed = json!({"uri": URI, "options": {"allowedResponseCodes": [503], "retry": {"maxAttempts": 3}}});
    let (outcome, sent) = run(allowed, vec![passing(503)]);
    assert_eq!(
        (outcome.outputs().code, sent.len()),
        (503, 1),
        "an answer that is good is taken"
    );
    check_failure(
        retry(json!({"maxAttempts": 1})),
        vec![],
        "`options.retry.maxAttempts` is 1; it must be 2 to 20",
        false,
    );
}

#[test]
fn who_asks_is_said_in_the_header() {
    let with = |auth: Value| json!({"uri": URI, "options": {"auth": auth}});
    check_sent(
        with(json!({"type": "BASIC", "username": "ada", "password": "pw"})),
        "GET",
        URI,
        &[("authorization", "Basic YWRhOnB3")],
        "",
    );
    check_sent(
        with(json!({"type": "BEARER", "tokenSecret": "TOKEN"})),
        "GET",
        URI,
        &[("authorization", "Bearer t0ken-text")],
        "",
    );
    check_failure(
        with(json!({"type": "BEARER", "tokenSecret": "OTHER"})),
        vec![],
        "the secret `OTHER` is not granted",
        false,
    );
    check_failure(
        with(json!({"type": "BEARER"})),
        vec![],
        "`options.auth`: give exactly one of `token` and `tokenSecret`",
        false,
    );
}

#[test]
fn the_answer_becomes_the_outputs() {
    let headers = [("content-type", "text/plain"), ("set-cookie", "a"), ("set-cookie", "b")];
    let (outcome, _) = run(json!({"uri": URI}), vec![answer(201, &headers, "made")]);
    let outputs = outcome.outputs();
    assert_eq!(
        (outputs.code, outputs.body.as_deref(), outputs.length),
        (201, Some("made"), 4)
    );
    assert_eq!(outputs.headers["set-cookie"], ["a", "b"]);
}

#[test]
fn a_status_of_400_or_more_fails_unless_it_is_allowed() {
    check_failure(
        json!({"uri": URI}),
        vec![answer(404, &[], "no such item\n")],
        "`https://api.example.com/items` answered 404: no such item",
        false,
    );
    check_failure(
        json!({"uri": URI}),
        vec![answer(503, &[], "")],
        "`https://api.example.com/items` answered 503: ",
        true,
    );
    for options in [json!({"allowFailed": true}), json!({"allowedResponseCodes": [404]})] {
        let (outcome, _) = run(json!({"uri": URI, "options": options}), vec![answer(404, &[], "")]);
        assert_eq!(outcome.outputs().code, 404);
    }
}

#[test]
fn redirects_are_followed_and_leave_what_says_who_asks_behind() {
    let properties = json!({
        "uri": URI, "method": "POST", "body": "x",
        "options": {"auth": {"type": "BEARER", "token": "abc"}}
    });
    let answers = vec![
        answer(302, &[("location", "/next")], ""),
        answer(307, &[("location", "https://other.example.com/end")], ""),
        answer(200, &[], "end"),
    ];
    let (outcome, sent) = run(properties, answers);
    assert_eq!(outcome.outputs().url, "https://other.example.com/end");
    let methods: Vec<&str> = sent.iter().map(|request| request.method.as_str()).collect();
    assert_eq!(methods, ["POST", "GET", "GET"]);
    let asks = |request: &HttpRequest| request.headers.iter().any(|(name, _)| name == "authorization");
    assert_eq!(sent.iter().map(asks).collect::<Vec<_>>(), [true, true, false]);
    let stays = json!({"uri": URI, "options": {"followRedirects": false}});
    let (outcome, _) = run(stays, vec![answer(302, &[("location", "/next")], "")]);
    assert_eq!(outcome.outputs().code, 302);
    check_failure(
        json!({"uri": URI}),
        vec![answer(302, &[("location", "/items")], ""); 11],
        "`https://api.example.com/items` redirects more than 10 times",
        false,
    );
}

#[test]
fn what_makes_no_sense_is_refused() {
    let timeout = json!({"uri": URI, "options": {"timeout": {"connectTimeout": "10 s"}}});
    check_failure(
        timeout,
        vec![],
        "`connectTimeout`: `10 s` is no duration such as PT10S",
        false,
    );
    check_failure(
        json!({"uri": URI, "body": "a", "formData": {"b": 1}}),
        vec![],
        "give `body` or `formData`, not both",
        false,
    );
    check_failure(
        json!({"uri": "api.example.com"}),
        vec![],
        "`api.example.com`: `api.example.com` is no URL of the scheme http or https",
        false,
    );
    check_failure(
        json!({"uri": URI, "saveAs": "x"}),
        vec![],
        "`saveAs` is a property of `http.download`",
        false,
    );
}

#[test]
fn a_host_that_is_not_granted_is_said_by_name() {
    let outcome = testing::run::<Http>("http.request", json!({"uri": URI}));
    assert_eq!(
        outcome.failure().message,
        "`https://api.example.com/items`: the host is not granted"
    );
    assert_eq!(outcome.failure().kind, FailureKind::NotGranted);
}

#[test]
fn a_download_is_named_for_its_url_and_stays_in_its_folder() {
    let name = |url: &str, save_as: Option<&str>| {
        let properties = serde_json::from_value(json!({"uri": url, "saveAs": save_as})).unwrap();
        file_name(&properties, url).map_err(|failure| failure.message)
    };
    assert_eq!(
        name("https://a.org/x/image.iso?sig=1", None),
        Ok("image.iso".to_owned())
    );
    assert_eq!(name("https://a.org", None), Ok("download".to_owned()));
    assert_eq!(name("https://a.org/x", Some("y.txt")), Ok("y.txt".to_owned()));
    for wrong in ["../x", "a/b", "..", ""] {
        assert!(name("https://a.org/x", Some(wrong)).is_err(), "{wrong}");
    }
}
