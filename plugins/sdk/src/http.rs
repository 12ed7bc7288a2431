//! HTTP requests through the host, which sends only what the operator granted.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A request. Redirects are not followed: each hop is a request of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpRequest {
    /// Such as `GET`.
    pub method: String,
    /// An absolute URL of the scheme `http` or `https`.
    pub url: String,
    /// Header fields in their order.
    pub headers: Vec<(String, String)>,
    /// The body; empty for none.
    pub body: Vec<u8>,
    /// How long connecting may take; as long as the host lets it when none.
    pub connect_timeout: Option<Duration>,
    /// How long the answer may take to begin; as long as the host lets it when none.
    pub read_timeout: Option<Duration>,
}

impl HttpRequest {
    /// A request without header fields and without a body.
    pub fn new(method: &str, url: &str) -> Self {
        Self {
            method: method.to_owned(),
            url: url.to_owned(),
            headers: Vec::new(),
            body: Vec::new(),
            connect_timeout: None,
            read_timeout: None,
        }
    }

    /// The same with one more header field.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// The same with a body.
    pub fn body(self, body: impl Into<Vec<u8>>) -> Self {
        Self {
            body: body.into(),
            ..self
        }
    }
}

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpResponse {
    /// The status code.
    pub status: u16,
    /// Header fields in their order, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpResponse {
    /// The first value of a header field, by its name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut found = self.headers.iter().filter(|(known, _)| known == name);
        found.next().map(|(_, value)| value.as_str())
    }

    /// How long the other side asks to wait before the next request (RFC 9110, section 10.2.3).
    pub fn retry_after(&self) -> Option<Duration> {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        crate::backoff::asked(self.header("retry-after")?, now)
    }
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HttpError {
    /// The operator did not grant the host, or its address is out of reach. The log says which.
    NotGranted,
    /// The URL or a header field makes no sense.
    Invalid(String),
    /// The other side did not answer in time.
    TimedOut(String),
    /// The other side cannot be reached, or broke off.
    Unavailable(String),
    /// A limit of the host was reached.
    Limit(String),
    /// The task was told to end before there was an answer.
    Stopped,
}

impl std::fmt::Display for HttpError {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::NotGranted => formatter.write_str("the host is not granted"),
            Self::Stopped => formatter.write_str("the task was told to stop"),
            Self::Invalid(reason) | Self::TimedOut(reason) | Self::Unavailable(reason) | Self::Limit(reason) => {
                formatter.write_str(reason)
            }
        }
    }
}

/// The parts of a URL: whether it is https, its authority, and its path with query.
pub(crate) fn parts(url: &str) -> Result<(bool, &str, String), HttpError> {
    let invalid = || HttpError::Invalid(format!("`{url}` is no URL of the scheme http or https"));
    let (scheme, rest) = url.split_once("://").ok_or_else(invalid)?;
    let is_tls = match scheme.to_ascii_lowercase().as_str() {
        "https" => true,
        "http" => false,
        _ => return Err(invalid()),
    };
    let rest = rest.split('#').next().unwrap_or_default();
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, path) = rest.split_at(end);
    if authority.is_empty() || url.contains(char::is_whitespace) {
        return Err(invalid());
    }
    let path = match path.chars().next() {
        None => "/".to_owned(),
        Some('?') => format!("/{path}"),
        Some(_) => path.to_owned(),
    };
    Ok((is_tls, authority, path))
}

#[cfg(target_family = "wasm")]
pub(crate) use wasm::send;

#[cfg(not(target_family = "wasm"))]
pub(crate) fn send(_: &HttpRequest) -> Result<HttpResponse, HttpError> {
    Err(HttpError::Unavailable("only a component can send requests".to_owned()))
}

#[cfg(target_family = "wasm")]
mod wasm {
    use wasip2::http::outgoing_handler;
    use wasip2::http::types::{
        ErrorCode, Fields, IncomingResponse, Method, OutgoingBody, OutgoingRequest, RequestOptions, Scheme,
        http_error_code,
    };
    use wasip2::io::streams::StreamError;

    use super::{HttpError, HttpRequest, HttpResponse, parts};

    /// Sends a request and reads the whole answer.
    pub(crate) fn send(wanted: &HttpRequest) -> Result<HttpResponse, HttpError> {
        let (is_tls, authority, path) = parts(&wanted.url)?;
        let headers = Fields::new();
        for (name, value) in &wanted.headers {
            let appended = headers.append(name, value.as_bytes());
            appended.map_err(|error| HttpError::Invalid(format!("the header field `{name}`: {error:?}")))?;
        }
        let has_length = headers.has("content-length");
        // Without a length the host would send an empty body in pieces.
        let is_without = wanted.body.is_empty() && matches!(method(&wanted.method), Method::Get | Method::Head);
        if !has_length && !is_without {
            let length = wanted.body.len().to_string();
            let appended = headers.append("content-length", length.as_bytes());
            appended.map_err(|error| HttpError::Invalid(format!("{error:?}")))?;
        }
        let request = OutgoingRequest::new(headers);
        let scheme = if is_tls { Scheme::Https } else { Scheme::Http };
        let invalid = |what: &str| HttpError::Invalid(format!("{what} of `{}` is not allowed", wanted.url));
        request
            .set_method(&method(&wanted.method))
            .map_err(|()| invalid("the method"))?;
        request.set_scheme(Some(&scheme)).map_err(|()| invalid("the scheme"))?;
        request
            .set_authority(Some(authority))
            .map_err(|()| invalid("the host"))?;
        request
            .set_path_with_query(Some(&path))
            .map_err(|()| invalid("the path"))?;
        let options = RequestOptions::new();
        let nanoseconds = |time: std::time::Duration| u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        // A host that does not know a timeout has its own.
        let _is_known = options
            .set_connect_timeout(wanted.connect_timeout.map(nanoseconds))
            .is_ok();
        let _is_known = options
            .set_first_byte_timeout(wanted.read_timeout.map(nanoseconds))
            .is_ok();
        let body = request.body().map_err(|()| invalid("the body"))?;
        let future = outgoing_handler::handle(request, Some(options)).map_err(explain)?;
        // Where writing fails the answer says why.
        drop(write(body, &wanted.body));
        let pollable = future.subscribe();
        pollable.block();
        drop(pollable);
        match future.get() {
            Some(Ok(Ok(response))) => read(&response),
            Some(Ok(Err(error))) => Err(explain(error)),
            _ => Err(HttpError::Unavailable("the host gave no answer".to_owned())),
        }
    }

    fn write(body: OutgoingBody, bytes: &[u8]) -> Result<(), StreamError> {
        if let Ok(stream) = body.write() {
            for chunk in bytes.chunks(4096) {
                stream.blocking_write_and_flush(chunk)?;
            }
        }
        drop(OutgoingBody::finish(body, None));
        Ok(())
    }

    fn read(response: &IncomingResponse) -> Result<HttpResponse, HttpError> {
        let fields = response.headers().entries();
        let headers = fields
            .into_iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), String::from_utf8_lossy(&value).into_owned()))
            .collect();
        let mut bytes = Vec::new();
        let body = response.consume();
        let body = body.map_err(|()| HttpError::Unavailable("the answer has no body".to_owned()))?;
        let stream = body.stream();
        let stream = stream.map_err(|()| HttpError::Unavailable("the answer has no body".to_owned()))?;
        loop {
            match stream.blocking_read(64 * 1024) {
                Ok(chunk) => bytes.extend(chunk),
                Err(StreamError::Closed) => break,
                Err(StreamError::LastOperationFailed(error)) => {
                    let code = http_error_code(&error);
                    return Err(code.map_or_else(
                        || HttpError::Unavailable(format!("the answer broke off: {}", error.to_debug_string())),
                        explain,
                    ));
                }
            }
        }
        Ok(HttpResponse {
            status: response.status(),
            headers,
            body: bytes,
        })
    }

    fn method(name: &str) -> Method {
        match name.to_ascii_uppercase().as_str() {
            "GET" => Method::Get,
            "HEAD" => Method::Head,
            "POST" => Method::Post,
            "PUT" => Method::Put,
            "DELETE" => Method::Delete,
            "OPTIONS" => Method::Options,
            "PATCH" => Method::Patch,
            other => Method::Other(other.to_owned()),
        }
    }

    fn explain(error: ErrorCode) -> HttpError {
        let words = format!("{error:?}");
        match error {
            ErrorCode::HttpRequestDenied | ErrorCode::DestinationIpProhibited => HttpError::NotGranted,
            ErrorCode::HttpRequestUriInvalid
            | ErrorCode::HttpRequestMethodInvalid
            | ErrorCode::HttpRequestUriTooLong => HttpError::Invalid(format!("the request is not allowed ({words})")),
            ErrorCode::ConnectionTimeout
            | ErrorCode::ConnectionReadTimeout
            | ErrorCode::ConnectionWriteTimeout
            | ErrorCode::HttpResponseTimeout
            | ErrorCode::DnsTimeout => HttpError::TimedOut(format!("there was no answer in time ({words})")),
            ErrorCode::ConnectionLimitReached
            | ErrorCode::HttpResponseBodySize(_)
            | ErrorCode::HttpRequestHeaderSectionSize(_)
            | ErrorCode::HttpResponseHeaderSectionSize(_) => {
                HttpError::Limit(format!("a limit of the host was reached ({words})"))
            }
            _ => HttpError::Unavailable(format!("there is no answer ({words})")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_taken_apart() {
        let check = |url: &str, expected: (bool, &str, &str)| {
            let (is_tls, authority, path) = parts(url).unwrap();
            assert_eq!((is_tls, authority, path.as_str()), expected);
        };
        check("https://a.org", (true, "a.org", "/"));
        check("http://a.org:8080/x?y#z", (false, "a.org:8080", "/x?y"));
        check("https://a.org?x", (true, "a.org", "/?x"));
        for wrong in ["a.org", "ftp://a.org", "https://", "https://a b/"] {
            assert!(parts(wrong).is_err(), "{wrong}");
        }
    }
}
