//! The body of a request while it arrives.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum::body::Bytes;
use hyper::body::{Body, Frame, Incoming, SizeHint};

use super::table::{Slot, Table};

/// A body on its way: says in the table how much of it is there, and when all is.
#[derive(Debug)]
pub(crate) struct Arriving {
    body: Incoming,
    slot: Arc<Slot>,
    table: Arc<Table>,
}

impl Arriving {
    pub(super) fn new(body: Incoming, slot: &Arc<Slot>, table: &Arc<Table>) -> Self {
        if body.is_end_stream() {
            slot.answering();
        } else {
            slot.receiving();
        }
        Self { body, slot: Arc::clone(slot), table: Arc::clone(table) }
    }
}

impl Body for Arriving {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let progress = Pin::new(&mut self.body).poll_frame(context);
        match &progress {
            Poll::Ready(None) => self.slot.answering(),
            Poll::Ready(Some(Ok(frame))) => {
                self.table.received(&self.slot, frame.data_ref().map_or(0, Bytes::len));
            }
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        progress
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
