//! A world that a test made: the task gets the secrets and the answers of the test, and nothing of this machine.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::keyring::Keyring;
use super::policy::Policy;
use crate::model::{Destination, StagedAnswer, StagedRequest};

/// What a task run meets instead of the network and of the operator's secrets.
pub struct Stage {
    secrets: BTreeMap<String, String>,
    hosts: Vec<Destination>,
    /// Each is given once, in the order of the test.
    answers: Mutex<Vec<StagedAnswer>>,
    heard: Mutex<Vec<StagedRequest>>,
}

impl Stage {
    /// Grants these secrets and the hosts of these answers, and nothing else.
    pub fn new(secrets: BTreeMap<String, String>, answers: Vec<StagedAnswer>) -> Self {
        let hosts = answers.iter().filter_map(|answer| Destination::of_url(&answer.url));
        Self {
            hosts: hosts.collect(),
            secrets,
            answers: Mutex::new(answers),
            heard: Mutex::default(),
        }
    }

    /// The requests so far.
    pub fn heard(&self) -> Vec<StagedRequest> {
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What it grants. The limits are those of every other run.
    pub(super) fn policy(&self, limits: &Policy) -> Policy {
        let secrets = self.secrets.keys().map(|name| format!("secret={name}"));
        let hosts = self.hosts.iter().map(Destination::grant);
        Policy {
            limits: limits.limits.clone(),
            everyone: secrets.chain(hosts).filter_map(|grant| grant.parse().ok()).collect(),
            secrets: Arc::new(Keyring::of_texts(self.secrets.clone())),
            ..Policy::default()
        }
    }

    /// Notes a request and gives the answer that the test has for it. The address may hold a secret that the note masks.
    pub(super) fn answer(&self, request: StagedRequest, url: &str) -> Option<StagedAnswer> {
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it =
            |answer: &StagedAnswer| answer.method.eq_ignore_ascii_case(&request.method) && is_same(&answer.url, url);
        let place = answers.iter().position(is_it);
        self.heard.lock().unwrap_or_else(PoisonError::into_inner).push(request);
        place.map(|place| answers.remove(place))
    }
}

/// Whether two addresses mean the same: a port that is the usual one may be left out, and so may an empty path.
fn is_same(one: &str, other: &str) -> bool {
    let path = |url: &str| {
        let after = url.split_once("://").map_or("", |(_, after)| after);
        let path = after.find(['/', '?']).map_or("", |start| &after[start..]);
        if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        }
    };
    Destination::of_url(one) == Destination::of_url(other) && path(one) == path(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_the_same_however_they_are_written() {
        let check = |one, other, expected| assert_eq!(is_same(one, other), expected, "{one} {other}");
        check("https://a.example", "https://A.example:443/", true);
        check("https://a.example?b=1", "https://a.example/?b=1", true);
        check("http://a.example/", "https://a.example/", false);
        check("https://a.example/b", "https://a.example/c", false);
        check("https://a.example/b?c=1", "https://a.example/b", false);
    }

    #[test]
    fn each_answer_is_given_once_and_in_order() {
        let answer = |status| StagedAnswer {
            method: "GET".to_owned(),
            url: "https://a.example/b".to_owned(),
            status,
            headers: Vec::new(),
            body: String::new(),
        };
        let request = || StagedRequest {
            method: "get".to_owned(),
            url: "https://a.example/b".to_owned(),
            headers: crate::model::JsonMap::new(),
            body: String::new(),
        };
        let stage = Stage::new(BTreeMap::new(), vec![answer(503), answer(200)]);
        let given = [0, 1, 2].map(|_| {
            stage
                .answer(request(), "https://a.example/b")
                .map(|answer| answer.status)
        });
        assert_eq!(given, [Some(503), Some(200), None]);
        assert_eq!(stage.heard().len(), 3);
    }
}
