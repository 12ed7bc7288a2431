//! A body whose bytes are counted and whose time is bounded, as it is read.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep};
use wasmtime_wasi_http::Error;

use super::Shared;

/// A body on its way.
pub(super) struct Counted<B> {
    body: B,
    shared: Arc<Shared>,
    deadline: Pin<Box<Sleep>>,
    /// Given back when the body is gone.
    _turn: Option<OwnedSemaphorePermit>,
}

impl<B> Counted<B> {
    pub(super) fn new(body: B, shared: Arc<Shared>, deadline: Instant) -> Self {
        Self {
            body,
            shared,
            deadline: Box::pin(tokio::time::sleep_until(deadline)),
            _turn: None,
        }
    }

    /// The same, with the turn of its request.
    pub(super) fn holding(self, turn: Option<OwnedSemaphorePermit>) -> Self {
        Self { _turn: turn, ..self }
    }
}

impl<B> Body for Counted<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<Error>,
{
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if self.deadline.as_mut().poll(context).is_ready() {
            let refusal = self.shared.too_slow();
            return Poll::Ready(Some(Err(self.shared.tell(refusal))));
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
            None => return Poll::Ready(None),
        };
        let size = frame.data_ref().map_or(0, Bytes::len);
        Poll::Ready(Some(self.shared.count(size).map(|()| frame)))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
