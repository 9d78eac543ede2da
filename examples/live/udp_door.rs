//! Takes MPEG-TS by UDP, plain or in RTP: one session for each address that sends, over after ten seconds of silence.
//!
//! Beside it come FEC (SMPTE ST 2022-1) on the ports + 2 and + 4, from the address of a session but any port of its own, and
//! the same datagrams on a second path (ST 2022-7), known by their SSRC. The demuxer tells them apart and merges them.

use std::{
    io,
    net::{SocketAddr, UdpSocket},
    thread,
    time::Duration,
};

use bytes::Bytes;
use headend::{
    channel::{IngestId, Session as Wanted, Slot},
    ingest::{DatagramDemuxer, RtpConfig, TsConfig},
};
use socket2::SockRef;
use tokio::{sync::mpsc, time::timeout};

use crate::handle::{Candidate, Gone, Handle, Taken, Visitor};

/// Opens the port, with as much room for a burst as the system grants: an encoder sends a whole IDR picture at once.
pub(crate) fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(address)?;
    // The system may grant less, and what it grants will do for smaller pictures.
    let _ = SockRef::from(&socket).set_recv_buffer_size(BURST);
    Ok(socket)
}

/// The sockets of one feed.
pub(crate) struct Ports(Vec<(Port, UdpSocket)>);

/// What a socket is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Port {
    Media,
    Fec,
    SecondPath,
}

impl Ports {
    /// Those of media, and of FEC where the system grants them.
    pub(crate) fn new(media: UdpSocket, second_path: Option<UdpSocket>) -> Self {
        let address = media.local_addr().ok();
        let fec = [2, 4].into_iter().filter_map(|ahead| {
            let address = address.and_then(|it| Some(SocketAddr::new(it.ip(), it.port().checked_add(ahead)?)))?;
            let socket =
                bind(address).map_err(|error| eprintln!("live: no FEC (SMPTE ST 2022-1) on {address}: {error}"));
            Some((Port::Fec, socket.ok()?))
        });
        let fec: Vec<_> = fec.collect();
        let second_path = second_path.map(|socket| (Port::SecondPath, socket));
        Self([(Port::Media, media)].into_iter().chain(fec).chain(second_path).collect())
    }
}

/// Receives datagrams for ever, for one slot; `ts` is what to take of their transport stream.
pub(crate) async fn serve(ports: Ports, slot: Slot, ts: TsConfig, handle: Handle) -> Result<(), Gone> {
    let (sender, mut datagrams) = mpsc::channel(QUEUE);
    for (port, socket) in ports.0 {
        let sender = sender.clone();
        // A thread of its own waits for nothing but the socket, so that it is awake before the socket's buffer is full.
        let spawned = thread::Builder::new().name("udp".into()).spawn(move || receive(port, &socket, &sender));
        if let Err(error) = spawned {
            eprintln!("live: no thread for UDP: {error}");
        }
    }
    drop(sender);
    let config = RtpConfig { ts, ..RtpConfig::default() };
    let mut door = Door { slot, config, handle, sessions: Vec::new(), refused_at: None };
    loop {
        match timeout(SWEEP, datagrams.recv()).await {
            Ok(Some((port, from, datagram))) => door.take(port, from, datagram).await?,
            Ok(None) => return Ok(()),
            Err(_) => {}
        }
        door.sweep().await?;
    }
}

fn receive(port: Port, socket: &UdpSocket, sender: &mpsc::Sender<(Port, SocketAddr, Bytes)>) {
    let mut buffer = vec![0; LARGEST];
    while !sender.is_closed() {
        // Errors are those of datagrams that we sent, and we send none: the next one may be fine.
        let Ok((length, from)) = socket.recv_from(&mut buffer) else { continue };
        let datagram = Bytes::copy_from_slice(buffer.get(..length).unwrap_or_default());
        // A full queue loses it like a full socket would: the session sees the loss and tells it.
        let _ = sender.try_send((port, from, datagram));
    }
}

/// Bytes that may wait in the socket.
const BURST: usize = 4 << 20;
/// Datagrams that may wait for the channel.
const QUEUE: usize = 4096;
/// The largest datagram that there is.
const LARGEST: usize = 65_536;

struct Door {
    slot: Slot,
    config: RtpConfig,
    handle: Handle,
    sessions: Vec<Session>,
    /// When the channel last refused a newcomer, on the monotonic clock.
    refused_at: Option<Duration>,
}

struct Session {
    id: IngestId,
    /// One for each path.
    senders: Vec<Sender>,
    /// Of its first datagram, where it is RTP.
    ssrc: Option<u32>,
    /// Closed when the session is over. No protocol here answers its peer.
    replies: mpsc::Receiver<Bytes>,
}

struct Sender {
    port: Port,
    from: SocketAddr,
    heard: Duration,
}

/// A sender that is silent for so long has gone.
const SILENCE: Duration = Duration::from_secs(10);
/// How often the silent are looked for.
const SWEEP: Duration = Duration::from_secs(1);
/// The channel takes one at a time; it is not asked for every datagram of another.
const ASK_AGAIN: Duration = Duration::from_millis(250);

impl Door {
    async fn take(&mut self, port: Port, from: SocketAddr, datagram: Bytes) -> Result<(), Gone> {
        let now = self.handle.clock.now().monotonic;
        // The channel let go of these. Who still sends begins a new session.
        self.sessions.retain(|session| !session.replies.is_closed());
        let id = self.sessions.iter_mut().find_map(|session| session.takes(port, from, &datagram, now));
        if let Some(id) = id {
            return self.handle.bytes(id, datagram).await;
        }
        let Some(protocol) = protocol(&datagram).filter(|_| port != Port::Fec) else { return Ok(()) };
        if self.refused_at.is_some_and(|at| now < at + ASK_AGAIN) {
            return Ok(());
        }
        let candidate = Candidate::Datagrams(Box::new(DatagramDemuxer::new(self.config)));
        let session = Wanted { slot: self.slot, ..Wanted::new(protocol) };
        match self.handle.attach(Visitor { session, from: Some(from.ip()), key: None }, candidate).await? {
            Ok(Taken { id, replies }) => {
                let (senders, ssrc) = (vec![Sender { port, from, heard: now }], ssrc(&datagram));
                self.sessions.push(Session { id, senders, ssrc, replies });
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
        let is_silent = |session: &Session| session.senders.iter().all(|sender| now >= sender.heard + SILENCE);
        let is_over = |session: &Session| session.replies.is_closed() || is_silent(session);
        while let Some(at) = self.sessions.iter().position(is_over) {
            let session = self.sessions.swap_remove(at);
            self.handle.closed(session.id).await?;
        }
        Ok(())
    }
}

impl Session {
    /// This session, where a datagram is of it. A second path joins with its first datagram; on a path that was silent
    /// another address may follow.
    fn takes(&mut self, port: Port, from: SocketAddr, datagram: &[u8], now: Duration) -> Option<IngestId> {
        if port == Port::Fec {
            return self.senders.iter().any(|sender| sender.from.ip() == from.ip()).then_some(self.id);
        }
        let is_same = self.ssrc.is_some() && ssrc(datagram) == self.ssrc;
        match self.senders.iter_mut().find(|sender| sender.port == port) {
            Some(sender) if sender.from == from => sender.heard = now,
            Some(sender) if is_same && now >= sender.heard + SILENCE => *sender = Sender { port, from, heard: now },
            None if is_same => self.senders.push(Sender { port, from, heard: now }),
            _ => return None,
        }
        Some(self.id)
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

/// The SSRC of an RTP datagram.
fn ssrc(datagram: &[u8]) -> Option<u32> {
    let bytes = datagram.get(8..12).filter(|_| protocol(datagram) == Some("rtp"))?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}
