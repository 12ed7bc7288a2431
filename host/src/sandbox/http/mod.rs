//! HTTP for guests: each request is held against the grants, its address vetted, and its size and time bounded.
//!
//! The engine's own sender checks no address and waits ten minutes; nothing of it is used.

mod address;
mod authorities;
mod body;
mod connect;
mod staged;

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use hyper::header::{HeaderMap, USER_AGENT};
use hyper::{Method, Request, Response};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use wasmtime_wasi_http::{Error, RequestOptions, WasiHttpHooks};

pub use self::authorities::Authorities;
use self::body::Counted;
use super::limits::Limits;
use super::output::{SharedSpeech, lock};
use super::policy::Permit;
use super::stage::Stage;
use crate::model::{Destination, GrantKind, LogLevel};

type Body = UnsyncBoxBody<Bytes, Error>;
/// Goes on with the connection while the guest reads the body.
type Driver = Box<dyn Future<Output = Result<(), Error>> + Send>;
type Answer = Result<(Response<Body>, Driver), Error>;

/// What stands between a guest and the network.
pub(super) struct Gate {
    shared: Arc<Shared>,
}

/// What all requests of one task run share.
struct Shared {
    permit: Permit,
    speech: SharedSpeech,
    limits: Limits,
    requests: AtomicU64,
    bytes: AtomicU64,
    at_once: Arc<Semaphore>,
    names: connect::Names,
    /// Answers in the place of the network.
    stage: Option<Arc<Stage>>,
}

/// Why a request is not sent: what the guest hears, and what the log says.
struct Refusal {
    error: Error,
    words: String,
}

impl Gate {
    /// A stage answers in the place of the network.
    pub(super) fn new(permit: Permit, speech: SharedSpeech, limits: &Limits, stage: Option<Arc<Stage>>) -> Self {
        let at_once = Arc::new(Semaphore::new(limits.http_at_once));
        Self {
            shared: Arc::new(Shared {
                permit,
                speech,
                limits: limits.clone(),
                requests: AtomicU64::new(0),
                bytes: AtomicU64::new(0),
                at_once,
                names: connect::of_system(),
                stage,
            }),
        }
    }
}

impl WasiHttpHooks for Gate {
    fn send_request(
        &mut self,
        request: Request<Body>,
        options: Option<RequestOptions>,
        _: Driver,
    ) -> Box<dyn Future<Output = Answer> + Send> {
        let shared = self.shared.clone();
        Box::new(async move {
            let deadline = Instant::now() + shared.limits.http_time;
            let sent = shared.clone().send(request, options.unwrap_or_default(), deadline);
            let answer = match tokio::time::timeout_at(deadline, sent).await {
                Ok(answer) => answer,
                Err(_) => Err(shared.too_slow()),
            };
            answer.map_err(|refusal| shared.tell(refusal))
        })
    }

    /// The engine logs what it drops here; the guest hears of it from the request itself.
    fn p2_outgoing_body_chunk_size(&mut self) -> usize {
        64 * 1024
    }
}

impl Shared {
    fn tell(&self, refusal: Refusal) -> Error {
        lock(&self.speech).say(LogLevel::Warn, &format!("HTTP request refused: {}", refusal.words));
        refusal.error
    }

    fn too_slow(&self) -> Refusal {
        let seconds = self.limits.http_time.as_secs_f64();
        Refusal {
            error: Error::HttpResponseTimeout,
            words: format!("it took longer than {seconds} s (`http_time`)"),
        }
    }

    async fn send(
        self: Arc<Self>,
        request: Request<Body>,
        options: RequestOptions,
        deadline: Instant,
    ) -> Result<(Response<Body>, Driver), Refusal> {
        let destination = self.admit(&request)?;
        if let Some(stage) = self.stage.clone() {
            return self.staged(&stage, request, deadline).await;
        }
        // The semaphore is never closed.
        let turn = self.at_once.clone().acquire_owned().await.ok();
        let addresses = connect::resolve(&self.names, &destination).await?;
        let vetted = self.vet(&destination, addresses)?;
        self.permit.used(GrantKind::Net, destination.to_string());
        let stream = connect::open(&vetted, &destination, &self.permit.authorities, options.connect_timeout).await?;
        let limits = &self.limits;
        let (mut sender, connection) = hyper::client::conn::http1::Builder::new()
            .max_headers(limits.http_headers)
            .max_buf_size(limits.http_header_bytes.max(8 * 1024))
            .handshake(stream)
            .await
            .map_err(|error| self.broken(error))?;
        let connection = wasmtime_wasi::runtime::spawn(connection);
        let request = self.made_relative(request, deadline)?;
        let answer = sender.send_request(request);
        let first_byte = options.first_byte_timeout.unwrap_or(limits.http_time);
        let response = tokio::time::timeout(first_byte, answer)
            .await
            .map_err(|_| Refusal {
                error: Error::ConnectionReadTimeout,
                words: format!("nothing came back within {} s", first_byte.as_secs_f64()),
            })?
            .map_err(|error| self.broken(error))?;
        self.check_headers(response.headers(), "the answer")?;
        let shared = self.clone();
        let response = response.map(|incoming| {
            let counted = Counted::new(incoming, shared, deadline).holding(turn);
            counted.boxed_unsync()
        });
        let driver: Driver = Box::new(async move {
            // What breaks the connection breaks the body, which tells of it.
            drop(connection.await);
            drop(sender);
            Ok(())
        });
        Ok((response, driver))
    }

    /// What can be said before anything is resolved.
    fn admit(&self, request: &Request<Body>) -> Result<Destination, Refusal> {
        let limits = &self.limits;
        if self.requests.fetch_add(1, Ordering::Relaxed) >= limits.http_requests {
            return Err(Refusal {
                error: Error::ConnectionLimitReached,
                words: format!(
                    "the task sends more than {} requests (`http_requests`)",
                    limits.http_requests
                ),
            });
        }
        if matches!(*request.method(), Method::CONNECT | Method::TRACE) {
            return Err(Refusal {
                error: Error::HttpRequestMethodInvalid,
                words: format!("the method {} is for proxies", request.method()),
            });
        }
        let uri = request.uri();
        let is_tls = uri.scheme_str() == Some("https");
        let authority = uri.authority().map_or("", |authority| authority.as_str());
        let destination = Destination::of_authority(authority, is_tls).ok_or_else(|| Refusal {
            error: Error::HttpRequestUriInvalid,
            words: format!("`{authority}` is no plain host or host:port"),
        })?;
        // A path that does not begin with a slash is a whole address to a proxy, and may name another host.
        if uri
            .path_and_query()
            .is_some_and(|path| !path.as_str().starts_with(['/', '?']))
        {
            return Err(Refusal {
                error: Error::HttpRequestUriInvalid,
                words: "the path must begin with `/`".to_owned(),
            });
        }
        self.check_headers(request.headers(), "the request")?;
        if let Ok(address) = destination.host.parse()
            && address::is_never_open(address)
        {
            // To say which grant is missing would mislead: none helps.
            self.vet(&destination, vec![(address, destination.port).into()])?;
        }
        if self.permit.grants.host(&destination).is_none() {
            self.permit.refuse(destination.grant());
            return Err(Refusal {
                error: Error::HttpRequestDenied,
                words: format!("`{}` is not granted", destination.grant()),
            });
        }
        Ok(destination)
    }

    fn check_headers(&self, headers: &HeaderMap, whose: &str) -> Result<(), Refusal> {
        let limits = &self.limits;
        let bytes: usize = headers
            .iter()
            .map(|(name, value)| name.as_str().len() + value.len() + 4)
            .sum();
        if headers.len() > limits.http_headers {
            return Err(Refusal {
                error: Error::HttpRequestHeaderSectionSize(u32::try_from(bytes).ok()),
                words: format!(
                    "{whose} has {} header fields, at most {} are allowed (`http_headers`)",
                    headers.len(),
                    limits.http_headers
                ),
            });
        }
        if bytes > limits.http_header_bytes {
            return Err(Refusal {
                error: Error::HttpRequestHeaderSectionSize(u32::try_from(bytes).ok()),
                words: format!(
                    "the header fields of {whose} have {bytes} bytes, at most {} are allowed (`http_header_bytes`)",
                    limits.http_header_bytes
                ),
            });
        }
        Ok(())
    }

    /// All addresses of a name must be open: one that leads inside shows that the name is not to be trusted.
    fn vet(
        &self,
        destination: &Destination,
        addresses: Vec<std::net::SocketAddr>,
    ) -> Result<Vec<std::net::SocketAddr>, Refusal> {
        for address in &addresses {
            if let Err(denied) = address::check(&self.permit.grants, destination, address.ip()) {
                match denied.grant {
                    Some(grant) => self.permit.refuse(grant),
                    None => self.permit.forbid(&denied.words),
                }
                return Err(Refusal {
                    error: Error::DestinationIpProhibited,
                    words: denied.words,
                });
            }
        }
        Ok(addresses)
    }

    /// The request as it goes over the wire: the path alone, its body counted.
    fn made_relative(self: &Arc<Self>, request: Request<Body>, deadline: Instant) -> Result<Request<Body>, Refusal> {
        let (mut parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let path = if path.starts_with('?') {
            format!("/{path}")
        } else {
            path.to_owned()
        };
        parts.uri = path.parse().map_err(|_| Refusal {
            error: Error::HttpRequestUriInvalid,
            words: "the path is malformed".to_owned(),
        })?;
        let agent = concat!("begat/", env!("CARGO_PKG_VERSION"));
        parts
            .headers
            .entry(USER_AGENT)
            .or_insert_with(|| hyper::header::HeaderValue::from_static(agent));
        let body = Counted::new(body, self.clone(), deadline).boxed_unsync();
        Ok(Request::from_parts(parts, body))
    }

    fn broken(&self, error: hyper::Error) -> Refusal {
        let words = match error.is_parse_too_large() {
            true => format!(
                "the answer has more than {} header fields or {} bytes of them (`http_headers`, `http_header_bytes`)",
                self.limits.http_headers, self.limits.http_header_bytes
            ),
            false => format!("the connection broke: {error}"),
        };
        let error = match error.is_parse_too_large() {
            true => Error::HttpResponseHeaderSectionSize(None),
            false => Error::from(error),
        };
        Refusal { error, words }
    }

    /// Adds the bytes of a body to those of all bodies.
    fn count(&self, bytes: usize) -> Result<(), Error> {
        let before = self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
        if before + bytes as u64 <= self.limits.http_bytes {
            return Ok(());
        }
        let limit = self.limits.http_bytes;
        Err(self.tell(Refusal {
            error: Error::HttpResponseBodySize(Some(limit)),
            words: format!("the task sends and receives more than {limit} bytes (`http_bytes`)"),
        }))
    }
}

#[cfg(test)]
mod tests;
