//! Takes MPEG-TS by UDP, plain or in RTP: one session for each address that sends, over after ten seconds of silence.

use std::{
    collections::BTreeMap,
    io,
    net::{SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use bytes::Bytes;
use headend::{
    channel::IngestId,
    ingest::{DatagramDemuxer, RtpConfig},
};
use socket2::SockRef;
use tokio::{sync::mpsc, time::timeout};

use crate::handle::{Candidate, Gone, Handle, Taken};

/// Opens the port, with as much room for a burst as the system grants: an encoder sends a whole IDR picture at once.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    // The system may grant less, and what it grants will do for smaller pictures.
    let _ = SockRef::from(&socket).set_recv_buffer_size(BURST);
    Ok(socket)
}

/// Receives datagrams for ever.
pub(crate) async fn serve(socket: UdpSocket, handle: Handle) -> Result<(), Gone> {
    let (sender, mut datagrams) = mpsc::channel(QUEUE);
    // A thread of its own waits for nothing but the socket, so that it is awake before the socket's buffer is full.
    let spawned = thread::Builder::new().name("udp".into()).spawn(move || receive(&socket, &sender));
    let mut door = Door { handle, senders: BTreeMap::new(), refused_at: None };
    if let Err(error) = spawned {
        eprintln!("live: no thread for UDP: {error}");
    }
    loop {
        match timeout(SWEEP, datagrams.recv()).await {
            Ok(Some((from, datagram))) => door.take(from, datagram).await?,
            Ok(None) => return Ok(()),
            Err(_) => {}
        }
        door.sweep().await?;
    }
}

fn receive(socket: &UdpSocket, sender: &mpsc::Sender<(SocketAddr, Bytes)>) {
    let mut buffer = vec![0; LARGEST];
    while !sender.is_closed() {
        // Errors are those of datagrams that we sent, and we send none: the next one may be fine.
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let datagram = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
        // A full queue loses it like a full socket would: the session sees the loss and tells it.
        let _ = sender.try_send((from, datagram));
    }
}

/// Bytes that may wait in the socket.
const BURST: usize = 4 << 20;
/// Datagrams that may wait for the channel.
const QUEUE: usize = 4096;
/// The largest datagram that there is.
const LARGEST: usize = 65_536;

struct Door {
    handle: Handle,
    senders: BTreeMap<SocketAddr, Sender>,
    /// When the channel last refused a newcomer, on the monotonic clock.
    refused_at: Option<Duration>,
}

struct Sender {
    id: IngestId,
    heard: Duration,
    /// Closed when the session is over. No protocol here answers its peer.
    replies: mpsc::Receiver<Bytes>,
}

/// A sender that is silent for so long has gone.
const SILENCE: Duration = Duration::from_secs(10);
/// How often the silent are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// The channel takes one at a time; it is not asked for every datagram of another.
const ASK_AGAIN: Duration = Duration::from_millis(250);

impl Door {
    async fn take(&mut self, from: SocketAddr, datagram: Bytes) -> Result<(), Gone> {
        let now = self.handle.clock.now().monotonic;
        if let Some(sender) = self.senders.get_mut(&from) {
            if !sender.replies.is_closed() {
                sender.heard = now;
                return self.handle.bytes(sender.id, datagram).await;
            }
            // The channel let go of it, and it still sends: that is a new session.
            self.senders.remove(&from);
        }
        let Some(protocol) = protocol(&datagram) else { return Ok(()) };
        if self.refused_at.is_some_and(|at| now < at + ASK_AGAIN) {
            return Ok(());
        }
        let demuxer = Box::new(DatagramDemuxer::new(RtpConfig::default()));
        match self.handle.attach(Candidate::Datagrams(protocol, demuxer)).await? {
            Ok(Taken { id, replies }) => {
                self.senders.insert(from, Sender { id, heard: now, replies });
                self.handle.bytes(id, datagram).await
            }
            Err(_) => {
                self.refused_at = Some(now);
                Ok(())
            }
        }
    }

    async fn sweep(&mut self) -> Result<(), Gone> {
        let now = self.handle.clock.now().monotonic;
        let is_over = |sender: &Sender| sender.replies.is_closed() || now >= sender.heard + SILENCE;
        while let Some((from, id)) = self.senders.iter().find(|(_, s)| is_over(s)).map(|(from, s)| (*from, s.id)) {
            self.senders.remove(&from);
            self.handle.closed(id).await?;
        }
        Ok(())
    }
}

/// What a first datagram says that it is: a transport packet, or RTP of version 2 (RFC 3550 clause 5.1).
fn protocol(datagram: &[u8]) -> Option<&'static str> {
    match datagram.first()? {
        0x47 => Some("udp"),
        first if first >> 6 == 2 => Some("rtp"),
        _ => None,
    }
}
