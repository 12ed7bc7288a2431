//! From a host to a connection: the name is resolved once, and the connection goes to an address that was vetted.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::io::TokioIo;

use super::{Authorities, Refusal};
use crate::model::Destination;

/// How long one address may take to answer.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// How many addresses of a name are tried.
const ADDRESSES: usize = 4;

type Found = Pin<Box<dyn Future<Output = io::Result<Vec<SocketAddr>>> + Send>>;

/// Answers with the addresses of a name and a port.
pub(super) type Names = Arc<dyn Fn(String, u16) -> Found + Send + Sync>;

/// The name service of the machine.
pub(super) fn of_system() -> Names {
    Arc::new(|host, port| {
        Box::pin(async move {
            let found = tokio::net::lookup_host((host, port)).await;
            found.map(Iterator::collect)
        })
    })
}

/// The addresses of a host.
pub(super) async fn resolve(names: &Names, destination: &Destination) -> Result<Vec<SocketAddr>, Refusal> {
    if let Ok(address) = destination.host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, destination.port)]);
    }
    let unknown = |words: String| Refusal {
        error: Error::DnsError {
            rcode: None,
            info_code: None,
        },
        words,
    };
    let host = &destination.host;
    let found = names(host.clone(), destination.port).await;
    let found = found.map_err(|error| unknown(format!("the name `{host}` cannot be resolved: {error}")))?;
    match found.is_empty() {
        true => Err(unknown(format!("the name `{host}` has no address"))),
        false => Ok(found),
    }
}

/// Connects to one of the addresses, and speaks TLS where the scheme says so.
pub(super) async fn open(
    vetted: &[SocketAddr],
    destination: &Destination,
    authorities: &Authorities,
    timeout: Option<Duration>,
) -> Result<TokioIo<Stream>, Refusal> {
    let timeout = timeout.unwrap_or(CONNECT_TIME).min(CONNECT_TIME);
    let mut last = Refusal {
        error: Error::DestinationNotFound,
        words: format!("`{destination}` has no address"),
    };
    for address in vetted.iter().take(ADDRESSES) {
        match tokio::time::timeout(timeout, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => {
                return secured(stream, destination, authorities, timeout)
                    .await
                    .map(TokioIo::new);
            }
            Ok(Err(error)) => {
                last = Refusal {
                    words: format!("connecting to `{destination}`: {error}"),
                    error: Error::ConnectionRefused,
                };
            }
            Err(_) => {
                last = Refusal {
                    error: Error::ConnectionTimeout,
                    words: format!(
                        "connecting to `{destination}` took longer than {} s",
                        timeout.as_secs_f64()
                    ),
                };
            }
        }
    }
    Err(last)
}

async fn secured(
    stream: TcpStream,
    destination: &Destination,
    authorities: &Authorities,
    timeout: Duration,
) -> Result<Stream, Refusal> {
    if !destination.is_tls {
        return Ok(Stream::Plain(stream));
    }
    let failed = |words: String| Refusal {
        error: Error::TlsProtocolError,
        words: format!("TLS with `{destination}`: {words}"),
    };
    let name = ServerName::try_from(destination.host.clone()).map_err(|error| failed(error.to_string()))?;
    let connector = TlsConnector::from(authorities.settings().map_err(failed)?);
    match tokio::time::timeout(timeout, connector.connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(Stream::Secure(Box::new(stream))),
        Ok(Err(error)) => Err(failed(error.to_string())),
        Err(_) => Err(failed(format!("it took longer than {} s", timeout.as_secs_f64()))),
    }
}

/// A connection with or without TLS.
pub(super) enum Stream {
    Plain(TcpStream),
    Secure(Box<TlsStream<TcpStream>>),
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Self::Secure(stream) => Pin::new(stream.as_mut()).poll_read(context, buffer),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<std::io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Self::Secure(stream) => Pin::new(stream.as_mut()).poll_write(context, bytes),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(context),
            Self::Secure(stream) => Pin::new(stream.as_mut()).poll_flush(context),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Self::Secure(stream) => Pin::new(stream.as_mut()).poll_shutdown(context),
        }
    }
}
