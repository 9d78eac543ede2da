//! Waits for one encoder and reads from it until it is done.

use std::{
    io,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use bytes::{Bytes, BytesMut};
use headend::{
    ingest::{
        DatagramDemuxer, Demuxer, RtpConfig,
        rtmp::{RtmpConfig, RtmpSession},
    },
    time::{Now, Utc},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    time::timeout,
};

use crate::listing::Listing;

/// The host's clock.
pub(crate) struct Clock(Instant);

impl Clock {
    pub(crate) fn start() -> Self {
        Self(Instant::now())
    }

    pub(crate) fn now(&self) -> Now {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Now::new(self.0.elapsed(), Utc::from_unix_nanos(i64::try_from(unix.as_nanos()).unwrap_or(i64::MAX)))
    }
}

/// One RTMP publisher, with any stream key.
pub(crate) async fn rtmp(at: &str) -> io::Result<Listing> {
    let (mut listing, clock) = (Listing::default(), Clock::start());
    let (mut socket, _) = TcpListener::bind(at).await?.accept().await?;
    let mut session = RtmpSession::new(RtmpConfig::default(), clock.now());
    let mut buffer = BytesMut::new();
    while !(listing.is_ended || session.is_closed()) {
        buffer.reserve(64 << 10);
        let count = socket.read_buf(&mut buffer).await?;
        let pushed = session.push(buffer.split().freeze(), clock.now());
        answer(&mut listing, &mut session, &mut socket).await?;
        if session.publish_request().is_some() && session.accept().is_ok() {
            answer(&mut listing, &mut session, &mut socket).await?;
        }
        if let Err(error) = pushed {
            println!("fault {}: {error}", error.code());
            break;
        }
        if count == 0 {
            session.finish();
            listing.drain(&mut session);
            break;
        }
    }
    Ok(listing)
}

async fn answer(listing: &mut Listing, session: &mut RtmpSession, socket: &mut TcpStream) -> io::Result<()> {
    for reply in listing.drain(session) {
        socket.write_all(&reply).await?;
    }
    Ok(())
}

/// One sender of datagrams, until it is silent for two seconds.
pub(crate) async fn udp(at: &str) -> io::Result<Listing> {
    let (mut listing, clock) = (Listing::default(), Clock::start());
    let socket = UdpSocket::bind(at).await?;
    let mut demuxer = DatagramDemuxer::new(RtpConfig::default());
    let mut buffer = vec![0; 65_536];
    let mut patience = Duration::from_secs(60);
    while let Ok(received) = timeout(patience, socket.recv(&mut buffer)).await {
        let datagram = Bytes::copy_from_slice(buffer.get(..received?).unwrap_or_default());
        if let Err(error) = demuxer.push(datagram, clock.now()) {
            println!("fault {}: {error}", error.code());
        }
        demuxer.handle_timeout(clock.now());
        listing.drain(&mut demuxer);
        patience = QUIET;
    }
    demuxer.finish();
    listing.drain(&mut demuxer);
    Ok(listing)
}

const QUIET: Duration = Duration::from_secs(2);
