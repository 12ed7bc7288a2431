//! What went wrong, where, and what an operator can do about it.

use std::time::Duration;

use begat_task::{Failure, FailureKind, HttpResponse};

use crate::api::{ErrorBody, Operation, Reason};
use crate::client::Client;

/// Something that is asked of the cloud.
pub(crate) struct Deed<'a> {
    /// In words, such as ``taking the snapshot `a` of the disk `b` ``.
    pub what: &'a str,
    /// What an account needs for it.
    pub permissions: &'a [&'a str],
    /// What is missing where the answer is 404, and what to look at.
    pub missing: &'a str,
}

/// An answer that is an error.
pub(crate) fn answer(client: &Client<'_>, deed: &Deed<'_>, response: &HttpResponse) -> Failure {
    let body: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
    let said = match body.error.message.trim() {
        "" => String::from_utf8_lossy(&response.body).chars().take(300).collect(),
        message => message.to_owned(),
    };
    let errors = body.error.errors.iter().map(|error| error.reason.as_str());
    let reasons: Vec<&str> = errors
        .chain(body.error.details.iter().map(|detail| detail.reason.as_str()))
        .filter(|reason| !reason.is_empty())
        .collect();
    let (kind, advice) = advice(client, deed, response.status, &reasons);
    let said = said.trim().trim_end_matches('.');
    let said = if said.is_empty() {
        String::new()
    } else {
        format!(" ({said})")
    };
    let message = format!("{}: the API answered {}{said}: {advice}", deed.what, response.status);
    let mut failure = Failure::of(kind, message).with("code", response.status);
    if let Some(reason) = reasons.first() {
        failure = failure.with("reason", *reason);
    }
    failure
}

fn advice(client: &Client<'_>, deed: &Deed<'_>, status: u16, reasons: &[&str]) -> (FailureKind, String) {
    let has = |known: &[&str]| reasons.iter().any(|reason| known.contains(reason));
    let project = client.project;
    match status {
        401 => {
            let words = format!(
                "the access token in the secret `{}` is not taken, as when it is expired (most live an hour) or made for \
                 another service: put in a fresh one, such as that of `gcloud auth print-access-token`",
                client.secret
            );
            (FailureKind::Failed, words)
        }
        403 | 429 if has(&["quotaExceeded", "QUOTA_EXCEEDED"]) => quota(project),
        403 if has(&["accessNotConfigured", "SERVICE_DISABLED"]) => {
            let words = format!(
                "the Compute Engine API is off in the project `{project}`: `gcloud services enable compute.googleapis.com --project {project}`"
            );
            (FailureKind::Failed, words)
        }
        403 if !has(&["rateLimitExceeded", "userRateLimitExceeded"]) => {
            let words = format!(
                "the account of the token in `{}` may not do this in the project `{project}`: grant it {}, as the role \
                 `roles/compute.storageAdmin` does",
                client.secret,
                listed(deed.permissions)
            );
            (FailureKind::Failed, words)
        }
        404 => (FailureKind::Failed, deed.missing.to_owned()),
        400 | 422 => (
            FailureKind::InvalidProperties,
            "correct the property that it names".to_owned(),
        ),
        409 => (
            FailureKind::Failed,
            "something of that name is there, or changes just now".to_owned(),
        ),
        403 | 408 | 429 | 500.. => (
            FailureKind::Unavailable,
            "it was tried again as long as there was time; try later, with a `retry` of the task or a longer `wait`"
                .to_owned(),
        ),
        _ => (
            FailureKind::Failed,
            "the API's reference tells what it means".to_owned(),
        ),
    }
}

fn quota(project: &str) -> (FailureKind, String) {
    let words = format!(
        "a quota of the project `{project}` is used up: delete what is not needed, shorten `retention`, or ask for more at \
         https://console.cloud.google.com/iam-admin/quotas?project={project}"
    );
    (FailureKind::Failed, words)
}

/// An operation that ended with errors.
pub(crate) fn operation(client: &Client<'_>, deed: &Deed<'_>, operation: &Operation, errors: &[Reason]) -> Failure {
    let words = |error: &Reason| match error.message.trim().trim_end_matches('.') {
        "" => error.code.clone(),
        message => format!("{}: {message}", error.code),
    };
    let said: Vec<String> = errors.iter().map(words).collect();
    let has = |known: &[&str]| errors.iter().any(|error| known.contains(&error.code.as_str()));
    let (kind, advice) = match () {
        () if has(&["QUOTA_EXCEEDED", "LIMIT_EXCEEDED"]) => quota(client.project),
        () if has(&["RESOURCE_OPERATION_RATE_EXCEEDED", "RATE_LIMIT_EXCEEDED"]) => (
            FailureKind::Unavailable,
            "snapshots of one disk need some ten minutes between them: take them less often".to_owned(),
        ),
        () if has(&["PERMISSIONS_ERROR"]) => (
            FailureKind::Failed,
            format!("grant the account of the token {}", listed(deed.permissions)),
        ),
        () if has(&["RESOURCE_NOT_FOUND"]) => (FailureKind::Failed, deed.missing.to_owned()),
        () if has(&["INTERNAL_ERROR", "BACKEND_ERROR", "RESOURCE_NOT_READY", "UNAVAILABLE"]) => (
            FailureKind::Unavailable,
            "the cloud failed: run the flow again later".to_owned(),
        ),
        () => (
            FailureKind::Failed,
            format!(
                "`gcloud compute operations describe {} --project {}` tells more",
                operation.name, client.project
            ),
        ),
    };
    let said = if said.is_empty() {
        format!("HTTP status {}", operation.http_error_status_code.unwrap_or_default())
    } else {
        said.join("; ")
    };
    let mut failure = Failure::of(
        kind,
        format!(
            "{}: the operation `{}` failed ({said}): {advice}",
            deed.what, operation.name
        ),
    )
    .with("operation", operation.name.clone());
    if let Some(error) = errors.first() {
        failure = failure.with("reason", error.code.clone());
    }
    failure
}

/// Something that was not done in time.
pub(crate) fn too_slow(deed: &Deed<'_>, wait: Duration, state: &str) -> Failure {
    let message = format!(
        "{}: {state} after {} s: it goes on in the cloud, and the same task run finds it again; raise `wait`, and the limit \
         `time` of the plugin in begat.toml where that is shorter",
        deed.what,
        wait.as_secs_f64()
    );
    Failure::of(FailureKind::TimedOut, message)
}

fn listed(permissions: &[&str]) -> String {
    let quoted: Vec<String> = permissions.iter().map(|name| format!("`{name}`")).collect();
    quoted.join(", ")
}
