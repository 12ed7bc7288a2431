//! Requests to the Compute Engine API: where they go, who asks, and what is tried again.
//!
//! The token goes to one place only: the API's own address, or the one that the operator put into the environment. No
//! property of a flow names it, and no redirect is followed.

use std::time::Duration;

use begat_task::{Backoff, Context, Failure, FailureKind, HttpError, HttpRequest, HttpResponse, SecretError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::api::{ErrorBody, Operation};
use crate::explain::{self, Deed};

/// Where the API is.
pub(crate) const ENDPOINT: &str = "https://compute.googleapis.com";
/// The variable of the environment in which the operator names another address.
pub(crate) const ENDPOINT_VARIABLE: &str = "GCP_COMPUTE_ENDPOINT";
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');
/// The space of names that ids of requests are made in.
const REQUESTS: Uuid = Uuid::from_u128(0x6b9d_02f7_51c4_4f0e_9d0e_3f5c_0c1b_7a21);
/// The pause between two looks at an operation: the first, and the longest.
const LOOK: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// Speaks for one task run.
pub(crate) struct Client<'a> {
    pub context: &'a Context,
    pub project: &'a str,
    pub secret: &'a str,
    endpoint: String,
    token: String,
    /// The reading of the clock at which waiting ends.
    deadline: Duration,
    wait: Duration,
}

/// What becomes of asking for a token.
pub(crate) enum Access<'a> {
    Granted(Client<'a>),
    /// The operator granted no such secret.
    NotGranted,
}

/// One request.
pub(crate) struct Call<'a> {
    pub method: &'static str,
    /// What follows `projects/PROJECT/`.
    pub path: String,
    /// What is asked beyond the path, in its order.
    pub query: Vec<(&'static str, String)>,
    pub deed: &'a Deed<'a>,
}

impl<'a> Client<'a> {
    /// Takes the token from a secret.
    pub(crate) fn open(
        context: &'a Context,
        project: &'a str,
        secret: &'a str,
        wait: Duration,
    ) -> Result<Access<'a>, Failure> {
        let token = match context.secret(secret) {
            Ok(token) => token.trim().to_owned(),
            Err(SecretError::NotGranted) => return Ok(Access::NotGranted),
            Err(SecretError::NotSet) => {
                return Err(Failure::failed(format!(
                    "the secret `{secret}` is granted and not set: give it an access token, such as that of `gcloud auth print-access-token`"
                )));
            }
            Err(SecretError::Other(reason)) => return Err(Failure::failed(reason)),
        };
        if token.is_empty() || token.contains(|c: char| c.is_whitespace() || c.is_control()) {
            return Err(Failure::failed(format!(
                "the secret `{secret}` holds no access token: it must be one word"
            )));
        }
        let endpoint = context.env(ENDPOINT_VARIABLE).filter(|given| !given.trim().is_empty());
        let endpoint = endpoint.as_deref().map_or(ENDPOINT, str::trim);
        Ok(Access::Granted(Self {
            context,
            project,
            secret,
            endpoint: endpoint.trim_end_matches('/').to_owned(),
            token,
            deadline: context.clock() + wait,
            wait,
        }))
    }

    /// The id under which the API knows that a request is the same one again: that of this task run, its deed and what
    /// it is done to.
    pub(crate) fn request_id(&self, deed: &str, target: &str) -> String {
        let parts = [
            self.context.execution_id(),
            self.context.task_run_id(),
            deed,
            self.project,
            target,
        ];
        Uuid::new_v5(&REQUESTS, parts.join("/").as_bytes()).to_string()
    }

    /// Sends a request and reads the answer. Answers that pass are waited for.
    pub(crate) fn ask<T: DeserializeOwned>(&self, call: &Call<'_>, body: Option<&dyn Body>) -> Result<T, Failure> {
        let request = self.request(call, body);
        let backoff = Backoff {
            attempts: 6,
            first: Duration::from_secs(1),
            longest: Duration::from_secs(20),
            patience: self.deadline.saturating_sub(self.context.clock()),
        };
        let response = self
            .context
            .http_again(&request, &backoff, is_passing)
            .map_err(|error| self.unreachable(call, error))?;
        match response.status {
            200..=299 => serde_json::from_slice(&response.body).map_err(|error| {
                let what = call.deed.what;
                Failure::failed(format!(
                    "{what}: the answer of `{}` is not what the API documents ({error}); is it the Compute Engine API?",
                    self.endpoint
                ))
            }),
            300..=399 => Err(Failure::failed(format!(
                "{}: `{}` answered {} and leads elsewhere; an access token is sent to one place only, so name the right one in `{ENDPOINT_VARIABLE}`",
                call.deed.what, self.endpoint, response.status
            ))),
            _ => Err(explain::answer(self, call.deed, &response)),
        }
    }

    fn request(&self, call: &Call<'_>, body: Option<&dyn Body>) -> HttpRequest {
        let mut url = format!("{}/compute/v1/projects/{}/{}", self.endpoint, self.project, call.path);
        for (place, (name, value)) in call.query.iter().enumerate() {
            let joint = if place == 0 { '?' } else { '&' };
            url += &format!("{joint}{name}={}", encoded(value));
        }
        let mut request = HttpRequest::new(call.method, &url)
            .header("authorization", &format!("Bearer {}", self.token))
            .header("accept", "application/json");
        request.connect_timeout = Some(Duration::from_secs(10));
        request.read_timeout = Some(Duration::from_secs(30));
        match body {
            Some(body) => request.header("content-type", "application/json").body(body.json()),
            None => request,
        }
    }

    fn unreachable(&self, call: &Call<'_>, error: HttpError) -> Failure {
        let what = call.deed.what;
        let kind = match &error {
            HttpError::Stopped => return Failure::stopped(),
            HttpError::NotGranted => {
                return Failure::not_granted(format!(
                    "{what}: a token is granted, but `{}` is not: grant `net` for it as well",
                    self.endpoint
                ));
            }
            HttpError::Invalid(_) => FailureKind::InvalidProperties,
            HttpError::TimedOut(_) => FailureKind::TimedOut,
            HttpError::Unavailable(_) => FailureKind::Unavailable,
            HttpError::Limit(_) => FailureKind::Failed,
        };
        Failure::of(kind, format!("{what}: `{}` is out of reach: {error}", self.endpoint))
    }

    /// Looks at an operation until it is done, and fails where it failed. `place` is `global` or `zones/ZONE`.
    pub(crate) fn finish(&self, deed: &Deed<'_>, place: &str, mut operation: Operation) -> Result<(), Failure> {
        let mut pause = LOOK.0;
        while operation.status != "DONE" {
            let name = operation.name.clone();
            self.pause(
                deed,
                &mut pause,
                &format!("the operation `{name}` is {}", operation.status),
            )?;
            let call = Call {
                method: "GET",
                path: format!("{place}/operations/{}", encoded(&name)),
                query: Vec::new(),
                deed,
            };
            operation = self.ask(&call, None)?;
            operation.name = name;
        }
        match operation.error.as_ref().map(|error| error.errors.as_slice()) {
            None if operation.http_error_status_code.is_none_or(|code| code < 400) => Ok(()),
            errors => Err(explain::operation(self, deed, &operation, errors.unwrap_or_default())),
        }
    }

    /// Waits a little longer each time, and fails when the task shall end or the time is over.
    pub(crate) fn pause(&self, deed: &Deed<'_>, pause: &mut Duration, state: &str) -> Result<(), Failure> {
        let left = self.deadline.saturating_sub(self.context.clock());
        if left.is_zero() {
            return Err(explain::too_slow(deed, self.wait, state));
        }
        if !self.context.sleep((*pause).min(left)) {
            self.context.log_warn(&format!(
                "{}: told to stop while {state}; what the cloud has begun goes on there",
                deed.what
            ));
            return Err(Failure::stopped());
        }
        *pause = pause.mul_f64(1.5).min(LOOK.1);
        Ok(())
    }
}

/// A body that can be written as JSON.
pub(crate) trait Body {
    fn json(&self) -> String;
}

impl<T: Serialize> Body for T {
    fn json(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// Whether an answer passes by itself. The API says of too many requests also with 403.
fn is_passing(response: &HttpResponse) -> bool {
    match response.status {
        408 | 429 | 500 | 502..=504 => true,
        403 => {
            let body: ErrorBody = serde_json::from_slice(&response.body).unwrap_or_default();
            let reasons = body.error.errors.iter();
            reasons
                .map(|error| error.reason.as_str())
                .any(|reason| matches!(reason, "rateLimitExceeded" | "userRateLimitExceeded"))
        }
        _ => false,
    }
}

/// Text as a part of a path or of a query.
pub(crate) fn encoded(text: &str) -> String {
    utf8_percent_encode(text, UNRESERVED).to_string()
}
