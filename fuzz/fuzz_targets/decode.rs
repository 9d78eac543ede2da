//! Any bytes as a contribution's coded pictures or sound, after a byte that selects the coding: the default decoders answer
//! with values that hold together or with faults, and go on.
#![no_main]

use bytes::Bytes;
use headend::{
    codec::{
        ac3::Ac3Header,
        adts::AdtsHeader,
        h264::{contains_idr, nal_type, nal_units, video_track},
        mpa::MpaHeader,
    },
    ladder::{AudioDecoder, BuiltinCodecs, Codecs, VideoDecoder},
    media::{AccessUnit, Frame, H264Config, NalFraming, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime},
};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let Some((&coding, bytes)) = data.split_first() else { return };
    match coding % 4 {
        0 => pictures(&Bytes::copy_from_slice(bytes)),
        1 => sound(bytes, |bytes| {
            let header = AdtsHeader::parse(bytes).ok()?;
            let format = TrackFormat::Aac(header.config.audio_track(), header.config.aac_config());
            Some((format, header.header_len, header.frame_len))
        }),
        2 => sound(bytes, |bytes| {
            let header = Ac3Header::parse(bytes).ok()?;
            let format = TrackFormat::Ac3(header.sound.audio_track(), header.sound.ac3_config());
            Some((format, 0, header.frame_len))
        }),
        _ => sound(bytes, |bytes| {
            let header = MpaHeader::parse(bytes).ok()?;
            let format = TrackFormat::Mpa(header.sound.audio_track(), header.sound.mpa_config());
            Some((format, 0, header.frame_len))
        }),
    }
});

/// Pictures of at most this many samples, so that a run is about the decoder and not about memory.
const LARGEST: u64 = 352 * 288;
/// Access units of one input.
const MOST: usize = 64;

/// An elementary stream in Annex B form: every slice is an access unit, with what stands before it.
fn pictures(stream: &Bytes) {
    let (mut decoder, mut sps, mut pps): (Option<Box<dyn VideoDecoder>>, _, _) = (None, Vec::new(), Vec::new());
    let (mut unit, mut frames, mut count) = (Vec::new(), Vec::new(), 0);
    for nal in nal_units(stream, NalFraming::AnnexB) {
        match nal_type(&nal) {
            7 => sps = vec![nal.clone()],
            8 => pps = vec![nal.clone()],
            _ => {}
        }
        unit.extend_from_slice(&[0, 0, 0, 1]);
        unit.extend_from_slice(&nal);
        if !matches!(nal_type(&nal), 1..=5) {
            continue;
        }
        if decoder.is_none()
            && let Some(video) = sps.first().and_then(|sps| video_track(sps).ok())
        {
            let config = H264Config { framing: NalFraming::AnnexB, sps: sps.clone(), pps: pps.clone() };
            let codecs = BuiltinCodecs::new().with_largest_picture(LARGEST);
            decoder = codecs.video_decoder(&TrackFormat::H264(video, config)).ok();
        }
        let Some(decoder) = &mut decoder else { continue };
        let _ = decoder.decode(&access_unit(count, std::mem::take(&mut unit)), &mut frames);
        frames.drain(..).for_each(|frame| check(&frame));
        count += 1;
        if count >= MOST {
            break;
        }
    }
    if let Some(mut decoder) = decoder {
        let _ = decoder.flush(&mut frames);
        frames.iter().for_each(check);
    }
}

fn check(frame: &Frame) {
    assert!((frame.width * frame.height) as u64 <= LARGEST + 16 * 1024);
    assert_eq!(frame.y().data.len(), frame.width * frame.height);
}

/// Frame after frame, a byte on where there is none; a new decoder wherever the set-up changes.
fn sound(mut bytes: &[u8], frame: impl Fn(&[u8]) -> Option<(TrackFormat, usize, usize)>) {
    let mut open: Option<(TrackFormat, Box<dyn AudioDecoder>)> = None;
    let mut count = 0;
    while !bytes.is_empty() && count < MOST {
        let Some((format, header, len)) = frame(bytes) else {
            bytes = &bytes[1..];
            continue;
        };
        let whole = bytes.get(..len).unwrap_or(bytes);
        bytes = bytes.get(len.max(1)..).unwrap_or_default();
        if open.as_ref().is_none_or(|(known, _)| *known != format) {
            open = BuiltinCodecs::new().audio_decoder(&format).ok().map(|decoder| (format, decoder));
        }
        let Some((_, decoder)) = &mut open else { continue };
        let unit = access_unit(count, whole.get(header..).unwrap_or_default().to_vec());
        if let Ok(samples) = decoder.decode(&unit) {
            assert!((1..=8).contains(&samples.channels) && samples.sample_rate > 0);
            assert!(samples.len() <= 8192);
        }
        count += 1;
    }
}

fn access_unit(count: usize, data: Vec<u8>) -> AccessUnit {
    let pts = MediaTime::ZERO.plus(MediaDuration::from_millis(40 * count as i64));
    let is_random_access = contains_idr(&data, NalFraming::AnnexB);
    let (duration, is_damaged) = (MediaDuration::ZERO, false);
    AccessUnit { track: TrackId(1), pts, dts: pts, duration, is_random_access, is_damaged, data: data.into() }
}
