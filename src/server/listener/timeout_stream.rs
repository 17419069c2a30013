//! A stream with timeouts: for a client to read its answers, for the rest of a header, and for silence.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};

use super::table::Slot;
use super::timeouts::Timeouts;

/// Ends writing with [`io::ErrorKind::TimedOut`] once an answer has not been taken as a whole in time, however slowly
/// its client reads, and reading once a header that has begun does not end. The body of a request has a timer of its
/// own, which depends on what its client asks.
#[derive(Debug)]
pub(crate) struct TimeoutStream<S> {
    stream: S,
    slot: Arc<Slot>,
    timeouts: Timeouts,
    /// Since a header is on its way, however many pieces it comes in.
    reading: Option<Pin<Box<Sleep>>>,
    /// When to look whether the connection is idle for too long. Set once and looked at when it is over: most often it
    /// is set again for the rest, which is far cheaper than setting it for every request.
    idle: Option<Pin<Box<Sleep>>>,
    /// Since the stream could not take everything at once, until it has.
    stalled: Option<Pin<Box<Sleep>>>,
}

impl<S> TimeoutStream<S> {
    pub(crate) fn new(stream: S, slot: Arc<Slot>, timeouts: Timeouts) -> Self {
        Self { stream, slot, timeouts, reading: None, idle: None, stalled: None }
    }

    /// Whether the client has been silent for too long, with nothing of a request begun. Looked at while a request is
    /// being answered, too: hyper reads on at that time, and then not again until it is woken.
    fn is_idle_for_long(&mut self, context: &mut Context<'_>) -> bool {
        // A connection that is of no use, as far as is known, is not kept as long as an API server's.
        let limit = if self.slot.is_trusted() {
            self.timeouts.idle
        } else {
            self.timeouts.idle.min(self.timeouts.first_byte)
        };
        loop {
            let idle = self.idle.get_or_insert_with(|| Box::pin(sleep(limit)));
            if idle.as_mut().poll(context).is_pending() {
                return false;
            }
            let waits = if self.slot.is_waiting() { self.slot.idle() } else { Duration::ZERO };
            let rest = limit.saturating_sub(waits);
            if rest.is_zero() {
                return true;
            }
            // Never at once: time is counted in milliseconds here.
            self.idle = Some(Box::pin(sleep(rest.max(Duration::from_millis(1)))));
        }
    }

    fn bound<T>(&mut self, context: &mut Context<'_>, progress: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if progress.is_ready() && self.stalled.is_none() {
            return progress;
        }
        let limit = self.timeouts.write;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(limit)));
        match stalled.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => progress,
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for TimeoutStream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let progress = Pin::new(&mut self.stream).poll_read(context, buffer);
        if progress.is_ready() {
            // The first bytes after an answer are the next header's.
            if buffer.filled().len() > before && self.slot.is_waiting() {
                self.slot.reading();
            }
            return progress;
        }
        if !self.slot.is_reading() {
            self.reading = None;
            return if self.is_idle_for_long(context) {
                Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
            } else {
                progress
            };
        }
        let limit = self.timeouts.header;
        let reading = self.reading.get_or_insert_with(|| Box::pin(sleep(limit)));
        match reading.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::TimedOut.into())),
            Poll::Pending => Poll::Pending,
        }
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for TimeoutStream<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bound(context, progress)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_flush(context);
        if progress.is_ready() {
            // Everything is on its way: the next answer has the whole time again.
            self.stalled = None;
            return progress;
        }
        self.bound(context, progress)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let progress = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bound(context, progress)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        parts: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let progress = Pin::new(&mut self.stream).poll_write_vectored(context, parts);
        self.bound(context, progress)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::super::table::{Entry, Table};
    use super::*;

    fn slot() -> Arc<Slot> {
        match Table::new(1).enter([127, 0, 0, 1].into()) {
            Entry::Free(slot) | Entry::Taken(slot) => slot,
            Entry::Full => panic!("full"),
        }
    }

    fn with_write_timeout<S>(stream: S, millis: u64) -> TimeoutStream<S> {
        let write = Duration::from_millis(millis);
        TimeoutStream::new(stream, slot(), Timeouts { write, ..Timeouts::default() })
    }

    #[tokio::test]
    async fn a_client_that_does_not_read_is_given_up() {
        let (near, mut far) = duplex(16);
        let mut near = with_write_timeout(near, 50);
        near.write_all(&[1; 16]).await.unwrap();
        let error = near.write_all(&[2; 16]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        let mut bytes = [0; 16];
        far.read_exact(&mut bytes).await.unwrap();
        assert_eq!(bytes, [1; 16]);
    }

    #[tokio::test]
    async fn a_client_that_reads_in_drops_is_given_up_too() {
        let (near, mut far) = duplex(16);
        let mut near = with_write_timeout(near, 200);
        let writing = tokio::spawn(async move {
            let written = near.write_all(&[3; 1 << 20]).await;
            (written, near)
        });
        let reading = async {
            let mut byte = [0];
            loop {
                far.read_exact(&mut byte).await.unwrap();
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::select! {
            ended = writing => assert_eq!(ended.unwrap().0.unwrap_err().kind(), io::ErrorKind::TimedOut),
            () = reading => {}
        }
    }

    #[tokio::test]
    async fn every_answer_has_the_whole_time() {
        let (near, mut far) = duplex(16);
        let mut near = with_write_timeout(near, 400);
        let writing = tokio::spawn(async move {
            for _ in 0..10 {
                near.write_all(&[3; 32]).await?;
                near.flush().await?;
            }
            io::Result::Ok(())
        });
        let mut bytes = [0; 32];
        for _ in 0..10 {
            tokio::time::sleep(Duration::from_millis(60)).await;
            far.read_exact(&mut bytes).await.unwrap();
        }
        writing.await.unwrap().unwrap();
    }

    /// hyper reads while it answers, and then not again until it is woken.
    #[tokio::test]
    async fn silence_after_an_answer_is_seen_by_a_read_that_began_before() {
        let (near, _far) = duplex(16);
        let slot = slot();
        let first_byte = Duration::from_millis(100);
        let timeouts = Timeouts { first_byte, ..Timeouts::default() };
        let mut near = TimeoutStream::new(near, Arc::clone(&slot), timeouts);
        slot.answering();
        let reading = tokio::spawn(async move { near.read(&mut [0; 16]).await });
        tokio::time::sleep(3 * first_byte).await;
        assert!(!reading.is_finished(), "an answer takes its time");
        slot.answered();
        assert_eq!(reading.await.unwrap().unwrap_err().kind(), io::ErrorKind::TimedOut);
    }

    #[tokio::test]
    async fn a_header_in_drops_does_not_last() {
        let (near, mut far) = duplex(16);
        let slot = slot();
        let mut near = TimeoutStream::new(
            near,
            Arc::clone(&slot),
            Timeouts { header: Duration::from_millis(200), ..Timeouts::default() },
        );
        let dripping = tokio::spawn(async move {
            while far.write_all(b"x").await.is_ok() {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
        slot.reading();
        let error = near.read_to_end(&mut Vec::new()).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(near);
        dripping.await.unwrap();
    }
}
