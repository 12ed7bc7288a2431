//! Requests of a task that a golden case answers: none of them leaves the process.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Request, Response};
use tokio::time::Instant;
use wasmtime_wasi_http::Error;

use super::body::Counted;
use super::{Body, Driver, Refusal, Shared};
use crate::model::{Json, StagedRequest};
use crate::sandbox::stage::Stage;

impl Shared {
    /// Answers as the stage says, with bodies counted as those of the network are.
    pub(super) async fn staged(
        self: Arc<Self>,
        stage: &Stage,
        request: Request<Body>,
        deadline: Instant,
    ) -> Result<(Response<Body>, Driver), Refusal> {
        let (parts, body) = request.into_parts();
        let body = Counted::new(body, self.clone(), deadline).collect().await;
        let body = body.map_err(|error| Refusal {
            words: format!("its body broke: {error}"),
            error,
        })?;
        let body = body.to_bytes();
        let masker = self.permit.secrets.masker();
        let masked = |bytes: &[u8]| masker.mask(&String::from_utf8_lossy(bytes)).into_owned();
        // The address says it already.
        let is_told =
            |(name, _): &(&hyper::header::HeaderName, &hyper::header::HeaderValue)| *name != hyper::header::HOST;
        let field = |(name, value): (&hyper::header::HeaderName, &hyper::header::HeaderValue)| {
            (name.to_string(), Json::from(masked(value.as_bytes())))
        };
        let (method, url) = (parts.method.to_string(), parts.uri.to_string());
        let asked = StagedRequest {
            url: masked(url.as_bytes()),
            method: method.clone(),
            headers: parts.headers.iter().filter(is_told).map(field).collect(),
            body: masked(&body),
        };
        let nothing = || Refusal {
            error: Error::ConnectionRefused,
            words: format!("the case has no answer to `{method} {}`", asked.url),
        };
        let answer = stage.answer(asked.clone(), &url).ok_or_else(nothing)?;
        let mut response = Response::builder().status(answer.status);
        for (name, value) in &answer.headers {
            response = response.header(name, value);
        }
        let body = Counted::new(Full::new(Bytes::from(answer.body)), self, deadline).boxed_unsync();
        let response = response.body(body).map_err(|error| Refusal {
            error: Error::HttpProtocolError,
            words: format!("the answer of the case makes no sense: {error}"),
        })?;
        Ok((response, Box::new(async { Ok(()) })))
    }
}
