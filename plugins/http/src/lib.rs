//! The `http.request` and `http.download` tasks: HTTP requests to hosts that the operator granted.

mod form;
mod properties;
mod redirect;

use std::collections::BTreeMap;
use std::fs;

use begat_task::{
    Capability, Context, Description, Failure, FailureKind, HttpError, HttpRequest, HttpResponse, Plugin, TaskType,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

pub use properties::Properties;
use properties::{Options, Retry};

/// How many redirects are followed.
const HOPS: usize = 10;

/// What an HTTP task gives back.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Outputs {
    /// The status code.
    pub code: u16,
    /// The header fields, names in lower case, each with its values.
    pub headers: BTreeMap<String, Vec<String>>,
    /// The URL that answered, after redirects.
    pub url: String,
    /// The body as text (`http.request`).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    /// How many bytes the body has.
    pub length: u64,
    /// The address of the downloaded file (`http.download`; the host fills it in), or the URL that answered.
    pub uri: Option<String>,
    /// The downloaded file by its name (`http.download`).
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub output_files: BTreeMap<String, serde_json::Value>,
}

/// The plugin.
pub struct Http;

impl Plugin for Http {
    type Properties = Properties;
    type Outputs = Outputs;

    fn describe() -> Description {
        Description::new(
            "http",
            env!("CARGO_PKG_VERSION"),
            "Speaks HTTP to hosts that are granted",
        )
        .task_type(
            TaskType::of::<Self>("http.request", "Sends an HTTP request and gives the answer")
                .alias("io.kestra.plugin.core.http.Request")
                .alias("io.kestra.plugin.fs.http.Request"),
        )
        .task_type(
            TaskType::of::<Self>("http.download", "Downloads a file over HTTP and keeps it")
                .alias("io.kestra.plugin.core.http.Download")
                .alias("io.kestra.plugin.fs.http.Download"),
        )
        .capability(Capability::required("net", "$uri", "to send the request"))
        .capability(Capability::optional(
            "secret",
            "",
            "for `tokenSecret` and `passwordSecret` of `options.auth`",
        ))
    }

    fn run(context: &Context, properties: Properties) -> Result<Outputs, Failure> {
        let is_download = context.task_type().to_ascii_lowercase().ends_with("download");
        if properties.save_as.is_some() && !is_download {
            return Err(Failure::invalid_properties("`saveAs` is a property of `http.download`"));
        }
        let request = properties.request(context)?;
        let (url, response) = follow(context, request, &properties.options)?;
        check_status(&properties, &url, &response)?;
        let mut outputs = outputs(url, &response);
        match is_download {
            true => save(&properties, &response, &mut outputs)?,
            false => {
                outputs.body = Some(text(response.body)?);
                outputs.uri = Some(outputs.url.clone());
            }
        }
        context.log_info(&format!("{} {}: {} bytes", outputs.code, outputs.url, outputs.length));
        Ok(outputs)
    }
}

fn follow(context: &Context, mut request: HttpRequest, options: &Options) -> Result<(String, HttpResponse), Failure> {
    let follows = options.follow_redirects.unwrap_or(true);
    let backoff = options.retry.as_ref().map(Retry::backoff).transpose()?;
    let is_passing = |response: &HttpResponse| {
        matches!(response.status, 408 | 429 | 500 | 502..=504) && !options.is_good(response.status)
    };
    for _ in 0..=HOPS {
        let answer = match &backoff {
            Some(backoff) => context.http_again(&request, backoff, is_passing),
            None => context.http(&request),
        };
        let response = answer.map_err(|error| explain(&request.url, error))?;
        match redirect::next(&request, &response).filter(|_| follows) {
            Some(next) => request = next,
            None => return Ok((request.url, response)),
        }
    }
    Err(Failure::failed(format!(
        "`{}` redirects more than {HOPS} times",
        request.url
    )))
}

fn explain(url: &str, error: HttpError) -> Failure {
    let kind = match &error {
        HttpError::Stopped => return Failure::stopped(),
        HttpError::NotGranted => FailureKind::NotGranted,
        HttpError::Invalid(_) => FailureKind::InvalidProperties,
        HttpError::TimedOut(_) => FailureKind::TimedOut,
        HttpError::Unavailable(_) => FailureKind::Unavailable,
        HttpError::Limit(_) => FailureKind::Failed,
    };
    Failure::of(kind, format!("`{url}`: {error}"))
}

fn check_status(properties: &Properties, url: &str, response: &HttpResponse) -> Result<(), Failure> {
    let code = response.status;
    if properties.options.is_good(code) {
        return Ok(());
    }
    let said: String = String::from_utf8_lossy(&response.body).chars().take(500).collect();
    let mut failure = Failure::failed(format!("`{url}` answered {code}: {}", said.trim()));
    failure.retryable = code == 429 || code >= 500;
    Err(failure.with("code", code).with("body", said))
}

fn outputs(url: String, response: &HttpResponse) -> Outputs {
    let mut headers: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (name, value) in &response.headers {
        headers.entry(name.clone()).or_default().push(value.clone());
    }
    Outputs {
        code: response.status,
        headers,
        url,
        body: None,
        length: response.body.len() as u64,
        uri: None,
        output_files: BTreeMap::new(),
    }
}

fn text(body: Vec<u8>) -> Result<String, Failure> {
    String::from_utf8(body)
        .map_err(|_| Failure::failed("the answer is no UTF-8 text; `http.download` keeps it as a file"))
}

fn save(properties: &Properties, response: &HttpResponse, outputs: &mut Outputs) -> Result<(), Failure> {
    let name = file_name(properties, &outputs.url)?;
    let path = format!("/work/{name}");
    fs::write(&path, &response.body).map_err(|error| Failure::failed(format!("writing `{path}`: {error}")))?;
    outputs.output_files.insert(name, json!({"size": response.body.len()}));
    Ok(())
}

fn file_name(properties: &Properties, url: &str) -> Result<String, Failure> {
    let path = url.split(['?', '#']).next().unwrap_or_default();
    let last = path
        .split_once("://")
        .map_or("", |(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    let last = last.rsplit('/').next().unwrap_or_default();
    let name = properties
        .save_as
        .as_deref()
        .unwrap_or(if last.is_empty() { "download" } else { last });
    match name.is_empty() || name == "." || name == ".." || name.contains(['/', '\\', '\0']) {
        true => Err(Failure::invalid_properties(format!("`{name}` is no name of a file"))),
        false => Ok(name.to_owned()),
    }
}

begat_task::export!(Http);

#[cfg(test)]
mod tests;
