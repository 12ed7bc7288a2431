//! What a flow gives: checked, and made into a request.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use begat_task::{Backoff, Context, Failure, HttpRequest, SecretError, duration};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::form::{encoded, multipart, text};

/// What a flow gives to `http.request` and `http.download`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Properties {
    /// The absolute URL, of the scheme https, or http where that is granted.
    pub uri: String,
    /// The method; GET when none is given.
    #[serde(default = "get")]
    pub method: String,
    /// What is added to the URL as its query.
    #[serde(default)]
    pub params: BTreeMap<String, Value>,
    /// Header fields.
    #[serde(default)]
    pub headers: BTreeMap<String, Value>,
    /// The body. What is no text is sent as JSON.
    #[serde(default)]
    pub body: Option<Value>,
    /// Fields of a form, sent as `application/x-www-form-urlencoded`, or as parts where `contentType` is
    /// `multipart/form-data`; there a map with `name` and `content` is a file.
    #[serde(default)]
    pub form_data: BTreeMap<String, Value>,
    /// The content type of the body.
    #[serde(default)]
    pub content_type: Option<String>,
    /// The name of the file that is downloaded (`http.download` only); the last part of the URL when none is given.
    #[serde(default)]
    pub save_as: Option<String>,
    /// How the request is sent and which answers are good.
    #[serde(default)]
    pub options: Options,
}

/// How a request is sent and which answers are good.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Options {
    /// Who asks.
    pub auth: Option<Auth>,
    /// How long to wait.
    pub timeout: Timeout,
    /// Whether redirects are followed; true when nothing is said. The host checks each hop.
    pub follow_redirects: Option<bool>,
    /// Whether an answer of status 400 or more is good.
    pub allow_failed: bool,
    /// Status codes that are good although they are 400 or more.
    pub allowed_response_codes: Vec<u16>,
    /// Whether and how a request is sent again within the task, where the answer was 408, 429, 500, 502, 503 or 504, or
    /// there was none. A task's own `retry` begins the task anew instead.
    pub retry: Option<Retry>,
}

impl Options {
    /// Whether an answer of that status is one the flow takes.
    pub fn is_good(&self, code: u16) -> bool {
        code < 400 || self.allow_failed || self.allowed_response_codes.contains(&code)
    }
}

/// How a request is sent again. What the answer says in `Retry-After` stands before `interval`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retry {
    /// How often it is sent at most, the first time included; 2 to 20.
    #[schemars(range(min = 2, max = 20))]
    pub max_attempts: u32,
    /// The wait after the first attempt, as an ISO 8601 duration; PT1S when none is given. It doubles each time.
    pub interval: Option<String>,
    /// The longest wait; PT30S when none is given.
    pub max_interval: Option<String>,
    /// How much time all attempts may take together; PT2M when none is given.
    pub max_duration: Option<String>,
}

impl Retry {
    /// How often and how far apart requests are sent.
    pub fn backoff(&self) -> Result<Backoff, Failure> {
        if !(2..=20).contains(&self.max_attempts) {
            return Err(Failure::invalid_properties(format!(
                "`options.retry.maxAttempts` is {}; it must be 2 to 20",
                self.max_attempts
            )));
        }
        let length = |name: &str, text: &Option<String>, standard: u64| match text {
            Some(text) => duration::parse(name, text),
            None => Ok(Duration::from_secs(standard)),
        };
        Ok(Backoff {
            attempts: self.max_attempts,
            first: length("options.retry.interval", &self.interval, 1)?,
            longest: length("options.retry.maxInterval", &self.max_interval, 30)?,
            patience: length("options.retry.maxDuration", &self.max_duration, 120)?,
        })
    }
}

/// Who asks. A secret that is named is revealed only to this plugin, and only where it is granted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Auth {
    /// BASIC or BEARER.
    #[serde(rename = "type")]
    pub kind: AuthKind,
    /// The user (BASIC).
    pub username: Option<String>,
    /// The password (BASIC).
    pub password: Option<String>,
    /// The name of the secret that is the password (BASIC).
    pub password_secret: Option<String>,
    /// The token (BEARER).
    pub token: Option<String>,
    /// The name of the secret that is the token (BEARER).
    pub token_secret: Option<String>,
}

/// How a request says who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum AuthKind {
    /// A user and a password (RFC 7617).
    Basic,
    /// A token (RFC 6750).
    Bearer,
}

/// How long to wait, as an ISO 8601 duration of hours, minutes and seconds such as PT10S.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeout {
    /// For the connection.
    pub connect_timeout: Option<String>,
    /// For the answer to begin.
    pub read_idle_timeout: Option<String>,
}

fn get() -> String {
    "GET".to_owned()
}

impl Properties {
    /// Makes the request, with secrets where they are named.
    pub fn request(&self, context: &Context) -> Result<HttpRequest, Failure> {
        let mut request = HttpRequest::new(&self.method.to_ascii_uppercase(), &self.url()?);
        let timeout = &self.options.timeout;
        let length = |name, text: &Option<String>| text.as_deref().map(|text| duration::parse(name, text)).transpose();
        request.connect_timeout = length("connectTimeout", &timeout.connect_timeout)?;
        request.read_timeout = length("readIdleTimeout", &timeout.read_idle_timeout)?;
        for (name, value) in &self.headers {
            request.headers.push((name.clone(), text(value)));
        }
        let (body, content_type) = self.body()?;
        request.body = body;
        let has_type = self
            .headers
            .keys()
            .any(|name| name.eq_ignore_ascii_case("content-type"));
        if let Some(content_type) = content_type.filter(|_| !has_type) {
            request.headers.push(("content-type".to_owned(), content_type));
        }
        if let Some(auth) = &self.options.auth {
            request
                .headers
                .push(("authorization".to_owned(), auth.header(context)?));
        }
        Ok(request)
    }

    fn url(&self) -> Result<String, Failure> {
        if self.params.is_empty() {
            return Ok(self.uri.clone());
        }
        let (address, fragment) = self.uri.split_once('#').unwrap_or((&self.uri, ""));
        if !fragment.is_empty() {
            return Err(Failure::invalid_properties(
                "`uri` has a fragment, which no server sees",
            ));
        }
        let joint = if address.contains('?') { '&' } else { '?' };
        Ok(format!("{address}{joint}{}", encoded(&self.params)))
    }

    fn body(&self) -> Result<(Vec<u8>, Option<String>), Failure> {
        match (&self.body, self.form_data.is_empty()) {
            (Some(_), false) => Err(Failure::invalid_properties("give `body` or `formData`, not both")),
            (None, true) => Ok((Vec::new(), self.content_type.clone())),
            (None, false) => self.form(),
            (Some(Value::String(text)), true) => Ok((text.clone().into_bytes(), self.content_type.clone())),
            (Some(value), true) => {
                let standard = || Some("application/json".to_owned());
                Ok((
                    value.to_string().into_bytes(),
                    self.content_type.clone().or_else(standard),
                ))
            }
        }
    }
}

impl Properties {
    fn form(&self) -> Result<(Vec<u8>, Option<String>), Failure> {
        const ENCODED: &str = "application/x-www-form-urlencoded";
        let given = self.content_type.as_deref().unwrap_or(ENCODED);
        match given.to_ascii_lowercase().as_str() {
            ENCODED => match self.form_data.iter().find(|(_, value)| value.is_object()) {
                Some((name, _)) => Err(Failure::invalid_properties(format!(
                    "`formData.{name}` is a map; a file needs `contentType: multipart/form-data`"
                ))),
                None => Ok((encoded(&self.form_data).into_bytes(), Some(ENCODED.to_owned()))),
            },
            "multipart/form-data" => multipart(&self.form_data).map(|(body, kind)| (body, Some(kind))),
            _ => Err(Failure::invalid_properties(format!(
                "`contentType` is `{given}`; `formData` is sent as `{ENCODED}` or `multipart/form-data`"
            ))),
        }
    }
}

impl Auth {
    fn header(&self, context: &Context) -> Result<String, Failure> {
        match self.kind {
            AuthKind::Basic => {
                let password = either(
                    context,
                    "password",
                    self.password.as_ref(),
                    self.password_secret.as_ref(),
                )?;
                let user = self.username.as_deref().unwrap_or_default();
                Ok(format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
            }
            AuthKind::Bearer => {
                let token = either(context, "token", self.token.as_ref(), self.token_secret.as_ref())?;
                Ok(format!("Bearer {token}"))
            }
        }
    }
}

/// A text that is given, or a secret that is named.
fn either(context: &Context, what: &str, given: Option<&String>, named: Option<&String>) -> Result<String, Failure> {
    match (given, named) {
        (Some(text), None) => Ok(text.clone()),
        (None, Some(name)) => context.secret(name).map_err(|error| match error {
            SecretError::NotGranted => Failure::not_granted(format!("the secret `{name}` is not granted")),
            SecretError::NotSet => Failure::failed(format!("the secret `{name}` is not set")),
            SecretError::Other(reason) => Failure::failed(reason),
        }),
        _ => Err(Failure::invalid_properties(format!(
            "`options.auth`: give exactly one of `{what}` and `{what}Secret`"
        ))),
    }
}
