//! Takes RTMP connections: many may come, the channel takes one at a time and the others are told so.

use std::{io, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use headend::{
    channel::IngestId,
    ingest::{
        Demuxed, Demuxer,
        rtmp::{Refusal, RtmpConfig, RtmpSession},
    },
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{Semaphore, mpsc},
    time::{sleep, timeout},
};

use crate::handle::{Candidate, Gone, Handle, Refused, Taken};

/// Accepts connections for ever.
pub(crate) async fn serve(listener: TcpListener, handle: Handle) {
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // A closed semaphore or an error of accept (no file handles left) passes: wait a moment and go on.
        let (Ok(permit), accepted) = (Arc::clone(&room).acquire_owned().await, listener.accept().await) else { return };
        let Ok((socket, _)) = accepted else {
            sleep(Duration::from_millis(100)).await;
            continue;
        };
        let handle = handle.clone();
        tokio::spawn(async move {
            // An error ends this connection and nothing else: the publisher sees it, the channel's events tell it.
            let _ = connection(socket, handle).await;
            drop(permit);
        });
    }
}

/// Connections at once.
const CONNECTIONS: usize = 64;
/// From the first byte to a publish request.
const TO_PUBLISH: Duration = Duration::from_secs(10);
/// A peer that does not read is given up after this time.
const TO_WRITE: Duration = Duration::from_secs(10);

async fn connection(socket: TcpStream, handle: Handle) -> io::Result<()> {
    socket.set_nodelay(true)?;
    let (mut reader, mut writer) = socket.into_split();
    let session = RtmpSession::new(RtmpConfig::default(), handle.clock.now());
    let asked = timeout(TO_PUBLISH, ask(session, &mut reader, &mut writer, &handle)).await;
    let Some(session) = asked.map_err(|_| io::ErrorKind::TimedOut)?? else { return Ok(()) };
    match handle.attach(Candidate::Rtmp(Box::new(session))).await {
        Ok(Ok(Taken { id, replies })) => publish(id, reader, writer, replies, handle).await,
        Ok(Err(refused)) => refuse(refused, &mut writer).await,
        Err(Gone) => Ok(()),
    }
}

/// Speaks with the peer until it wants to publish; `None` where it goes before.
async fn ask(
    mut session: RtmpSession,
    reader: &mut OwnedReadHalf,
    writer: &mut OwnedWriteHalf,
    handle: &Handle,
) -> io::Result<Option<RtmpSession>> {
    let mut buffer = BytesMut::new();
    loop {
        if session.publish_request().is_some() {
            return Ok(Some(session));
        }
        let Some(bytes) = read(reader, &mut buffer).await? else { return Ok(None) };
        let pushed = session.push(bytes, handle.clock.now());
        write_replies(&mut session, writer).await?;
        if pushed.is_err() || session.is_closed() {
            return Ok(None);
        }
    }
}

async fn refuse(refused: Refused, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    let Refused { why, candidate } = refused;
    if let Candidate::Rtmp(mut session) = candidate {
        // It waits for an answer: that is why it was a candidate.
        let _ = session.reject(Refusal::BadName, &why.to_string());
        write_replies(&mut session, writer).await?;
        writer.shutdown().await?;
    }
    Ok(())
}

async fn write_replies(session: &mut RtmpSession, writer: &mut OwnedWriteHalf) -> io::Result<()> {
    while session.publish_request().is_none() {
        match session.pull() {
            Some(Demuxed::Reply(bytes)) => writer.write_all(&bytes).await?,
            Some(_) => {}
            None => break,
        }
    }
    Ok(())
}

/// Carries bytes both ways until either side is done.
async fn publish(
    id: IngestId,
    reader: OwnedReadHalf,
    mut writer: OwnedWriteHalf,
    mut replies: mpsc::Receiver<Bytes>,
    handle: Handle,
) -> io::Result<()> {
    let feed = tokio::spawn(feed(id, reader, handle));
    while let Some(bytes) = replies.recv().await {
        match timeout(TO_WRITE, writer.write_all(&bytes)).await {
            Ok(Ok(())) => {}
            _ => break,
        }
    }
    let _ = writer.shutdown().await;
    // The channel is done with it: what the peer still sends is of no interest.
    feed.abort();
    Ok(())
}

/// Reads while the channel wants more.
async fn feed(id: IngestId, mut reader: OwnedReadHalf, mut handle: Handle) -> Result<(), Gone> {
    let mut buffer = BytesMut::new();
    while let Ok(Some(bytes)) = read(&mut reader, &mut buffer).await {
        handle.bytes(id, bytes).await?;
        handle.wait_until_wanted().await?;
    }
    handle.closed(id).await
}

/// What has come, in one piece; `None` at the end.
async fn read(reader: &mut OwnedReadHalf, buffer: &mut BytesMut) -> io::Result<Option<Bytes>> {
    buffer.reserve(64 << 10);
    let count = reader.read_buf(buffer).await?;
    Ok((count > 0).then(|| buffer.split().freeze()))
}
