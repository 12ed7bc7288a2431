//! What a flow gives: checked, and made into a request.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use begat_task::{Context, Failure, HttpRequest, SecretError};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

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
    /// Fields of a form, sent as `application/x-www-form-urlencoded`.
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
        request.connect_timeout = duration("connectTimeout", self.options.timeout.connect_timeout.as_deref())?;
        request.read_timeout = duration("readIdleTimeout", self.options.timeout.read_idle_timeout.as_deref())?;
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
        Ok(format!("{address}{joint}{}", form(&self.params)))
    }

    fn body(&self) -> Result<(Vec<u8>, Option<String>), Failure> {
        match (&self.body, self.form_data.is_empty()) {
            (Some(_), false) => Err(Failure::invalid_properties("give `body` or `formData`, not both")),
            (None, true) => Ok((Vec::new(), self.content_type.clone())),
            (None, false) => {
                let standard = "application/x-www-form-urlencoded".to_owned();
                Ok((form(&self.form_data).into_bytes(), Some(standard)))
            }
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

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Fields as a query or a form; a list gives a field several times.
fn form(fields: &BTreeMap<String, Value>) -> String {
    let mut pairs = Vec::new();
    for (name, value) in fields {
        let values = match value {
            Value::Array(values) => values.iter().map(text).collect(),
            Value::Null => Vec::new(),
            other => vec![text(other)],
        };
        for value in values {
            let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
            pairs.push(format!("{}={}", encode(name), encode(&value)));
        }
    }
    pairs.join("&")
}

/// Reads a duration of hours, minutes and seconds (ISO 8601), or a number of seconds.
fn duration(name: &str, text: Option<&str>) -> Result<Option<Duration>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let wrong = || Failure::invalid_properties(format!("`{name}`: `{text}` is no duration such as PT10S"));
    let Some(mut rest) = text.strip_prefix("PT") else {
        return Err(wrong());
    };
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').ok_or_else(wrong)?;
        let number: f64 = rest[..end].parse().map_err(|_| wrong())?;
        seconds += number
            * match &rest[end..=end] {
                "H" => 3600.0,
                "M" => 60.0,
                "S" => 1.0,
                _ => return Err(wrong()),
            };
        rest = &rest[end + 1..];
    }
    match seconds > 0.0 && seconds < 1e9 {
        true => Ok(Some(Duration::from_secs_f64(seconds))),
        false => Err(wrong()),
    }
}
