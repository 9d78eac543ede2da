//! Takes RTMP connections, plain and over TLS, for the primary or the secondary slot: many may come, and those that the
//! channel does not take are told why.

use std::{io, net::IpAddr, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use headend::{
    channel::{IngestId, Session, Slot},
    ingest::{
        Demuxed, Demuxer,
        rtmp::{Refusal, RtmpConfig, RtmpSession},
    },
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};
use tokio_rustls::TlsAcceptor;

use crate::{
    handle::{Candidate, Gone, Handle, Taken, Visitor},
    publisher::Publisher,
};

/// What a listener is for.
#[derive(Clone)]
pub(crate) struct Door {
    pub(crate) tls: Option<TlsAcceptor>,
    pub(crate) slot: Slot,
    /// Each stream name is a session of its own, and no secret. Else the name does not matter (A7.5), so that an encoder
    /// that comes back under another one takes its own place.
    pub(crate) is_named: bool,
    pub(crate) handle: Handle,
}

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, door: Door) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // A closed semaphore or an error of accept (no file handles left) passes: wait a moment and go on.
        let (Ok(permit), accepted) = (Arc::clone(&room).acquire_owned().await, listener.accept().await) else { return };
        let Ok((socket, peer)) = accepted else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let door = door.clone();
        tokio::spawn(async move {
            // An error ends this connection and nothing else: the publisher sees it, the channel's events tell it.
            let _ = connection(socket, peer.ip(), door).await;
            drop(permit);
        });
    }
}

/// Connections at once.
const CONNECTIONS: usize = 64;
/// From the first byte, or from the end of the last publication, to a publish request; the TLS handshake has as long.
const TO_PUBLISH: Duration = Duration::from_secs(10);
/// A peer that does not read is given up after this time.
const TO_WRITE: Duration = Duration::from_secs(10);

async fn connection(socket: TcpStream, from: IpAddr, door: Door) -> io::Result<()> {
    socket.set_nodelay(true)?;
    match &door.tls {
        Some(tls) => {
            let stream = timeout(TO_PUBLISH, tls.accept(socket)).await.map_err(|_| io::ErrorKind::TimedOut)??;
            Line { stream, from, buffer: BytesMut::new() }.publications(&door).await
        }
        None => Line { stream: socket, from, buffer: BytesMut::new() }.publications(&door).await,
    }
}

impl Door {
    /// The session that a publisher asks for. What stands behind a `?` is not of the name.
    fn visitor(&self, publisher: &Publisher, from: IpAddr) -> Visitor {
        let key = publisher.session().publish_request().map(|request| request.stream_key.clone());
        let name = key.as_ref().filter(|_| self.is_named).and_then(|key| key.expose().split('?').next());
        let session = Session { slot: self.slot, name: name.unwrap_or_default().into(), ..Session::new("rtmp") };
        Visitor { session, from: Some(from), key }
    }
}

/// A connection's socket, and what was read of it.
struct Line<S> {
    stream: S,
    from: IpAddr,
    buffer: BytesMut,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Line<S> {
    /// One publication after the other, until the peer goes or its session is over.
    async fn publications(mut self, door: &Door) -> io::Result<()> {
        let handle = &door.handle;
        let publisher = Publisher::new(RtmpSession::new(RtmpConfig::default(), handle.clock.now()));
        let mut rest = Bytes::new();
        loop {
            let asked = timeout(TO_PUBLISH, self.ask(&publisher, std::mem::take(&mut rest), handle)).await;
            if !asked.map_err(|_| io::ErrorKind::TimedOut)?? {
                return Ok(());
            }
            let visitor = door.visitor(&publisher, self.from);
            match handle.attach(visitor, Candidate::Rtmp(publisher.clone())).await {
                Ok(Ok(Taken { id, replies })) => rest = self.publish(id, replies, handle.clone()).await?,
                Ok(Err(why)) => {
                    // It waits for an answer: that is why it was a candidate.
                    let _ = publisher.session().reject(Refusal::BadName, &why.to_string());
                }
                Err(Gone) => return Ok(()),
            }
            // One that is on air still was cut off by the channel; one that is closed has said all that it has to say.
            let is_over = publisher.session().is_publishing() || publisher.session().is_closed();
            if is_over {
                self.write_replies(&publisher).await?;
                return self.stream.shutdown().await;
            }
        }
    }

    /// Speaks with the peer until it wants to publish; `false` where it goes before. `rest` came already.
    async fn ask(&mut self, publisher: &Publisher, rest: Bytes, handle: &Handle) -> io::Result<bool> {
        let mut is_sound = publisher.session().push(rest, handle.clock.now()).is_ok();
        loop {
            self.write_replies(publisher).await?;
            if publisher.session().publish_request().is_some() {
                return Ok(true);
            }
            if !is_sound || publisher.session().is_closed() {
                return Ok(false);
            }
            let Some(bytes) = self.read().await? else { return Ok(false) };
            is_sound = publisher.session().push(bytes, handle.clock.now()).is_ok();
        }
    }

    async fn write_replies(&mut self, publisher: &Publisher) -> io::Result<()> {
        loop {
            let item = {
                let mut session = publisher.session();
                if session.publish_request().is_some() { None } else { session.pull() }
            };
            match item {
                Some(Demuxed::Reply(bytes)) => self.write(&bytes).await?,
                Some(_) => {}
                None => return Ok(()),
            }
        }
    }

    /// Carries bytes both ways until either side is done; what the channel did not take any more comes back.
    async fn publish(
        &mut self,
        id: IngestId,
        mut replies: mpsc::Receiver<Bytes>,
        mut handle: Handle,
    ) -> io::Result<Bytes> {
        loop {
            tokio::select! {
                biased;
                reply = replies.recv() => match reply {
                    Some(bytes) => self.write(&bytes).await?,
                    None => return Ok(Bytes::new()),
                },
                read = self.read() => match read {
                    Ok(Some(bytes)) => match handle.offer(id, bytes.clone()).await {
                        Ok(true) => if handle.wait_until_wanted().await.is_err() { return Ok(Bytes::new()) },
                        Ok(false) => {
                            while let Some(reply) = replies.recv().await {
                                self.write(&reply).await?;
                            }
                            return Ok(bytes);
                        }
                        Err(Gone) => return Ok(Bytes::new()),
                    },
                    end => {
                        let _ = handle.closed(id).await;
                        return end.map(Option::unwrap_or_default);
                    }
                },
            }
        }
    }

    async fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        let written = async {
            self.stream.write_all(bytes).await?;
            self.stream.flush().await
        };
        timeout(TO_WRITE, written).await.map_err(|_| io::ErrorKind::TimedOut)?
    }

    /// What has come, in one piece; `None` at the end.
    async fn read(&mut self) -> io::Result<Option<Bytes>> {
        self.buffer.reserve(64 << 10);
        let count = self.stream.read_buf(&mut self.buffer).await?;
        Ok((count > 0).then(|| self.buffer.split().freeze()))
    }
}
