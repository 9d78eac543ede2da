//! Waits for one encoder and reads from it until it is done.

use std::{
    io,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use axum::{Router, body::Body, extract::Request, http::StatusCode};
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use headend::{
    ingest::{
        DatagramDemuxer, Demuxer, RtpConfig,
        rtmp::{RtmpConfig, RtmpSession},
        smooth::{PublishingPoint, Refusal, SmoothConfig, SmoothDemuxer, SmoothStreams},
    },
    time::{Now, Utc},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, UdpSocket},
    sync::mpsc,
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

/// The body of one POST to a publishing point; empty ones, with which encoders probe, are answered and forgotten.
pub(crate) async fn smooth(at: &str) -> io::Result<Listing> {
    let listener = TcpListener::bind(at).await?;
    let (sender, mut heard) = mpsc::channel(1);
    let router = Router::new().fallback(move |request: Request| {
        let sender = sender.clone();
        async move {
            if let Err(error) = PublishingPoint::parse(request.uri().path()) {
                return StatusCode::from_u16(error.status()).unwrap_or(StatusCode::FORBIDDEN);
            }
            let (listing, status) = post(request.into_body()).await;
            if let Some(listing) = listing {
                // Whoever is second finds nobody who listens.
                let _ = sender.try_send(listing);
            }
            status
        }
    });
    let stop = async { heard.recv().await };
    tokio::select! {
        served = axum::serve(listener, router) => served.map(|()| Listing::default()),
        listing = stop => Ok(listing.unwrap_or_default()),
    }
}

/// Reads a POST to its end; nothing where it was empty.
async fn post(body: Body) -> (Option<Listing>, StatusCode) {
    let (mut listing, clock, mut is_empty) = (Listing::default(), Clock::start(), true);
    let mut demuxer = SmoothDemuxer::new(SmoothConfig::default(), SmoothStreams::new(), clock.now());
    let mut body = body.into_data_stream();
    while let Some(Ok(bytes)) = body.next().await {
        is_empty &= bytes.is_empty();
        let pushed = demuxer.push(bytes, clock.now());
        demuxer.handle_timeout(clock.now());
        listing.drain(&mut demuxer);
        if let Err(error) = pushed {
            let refusal = Refusal::from(&error);
            println!("fault {}: {error}", refusal.code);
            return (Some(listing), StatusCode::from_u16(refusal.status).unwrap_or(StatusCode::BAD_REQUEST));
        }
    }
    if is_empty {
        return (None, StatusCode::OK);
    }
    demuxer.finish();
    listing.drain(&mut demuxer);
    (Some(listing), StatusCode::OK)
}

const QUIET: Duration = Duration::from_secs(2);
