//! Elementary streams of sound through the frame parsers, beside what FFmpeg found in them.

use std::fs;

use headend::{
    codec::{ac3::Ac3Header, adts::AdtsHeader, mpa::MpaHeader},
    media::AudioTrack,
};

use super::{
    answers::{self, Packet, adler},
    media,
};

/// The frames of a file, from byte `from` on, each with what its header says; up to the first that is none.
fn frames(bytes: &[u8], from: usize, parse: impl Fn(&[u8]) -> Option<(usize, AudioTrack)>) -> Vec<(&[u8], AudioTrack)> {
    let (mut rest, mut all) = (&bytes[from..], Vec::new());
    while let Some((len, track)) = parse(rest) {
        let Some((frame, after)) = rest.split_at_checked(len) else { break };
        all.push((frame, track));
        rest = after;
    }
    all
}

fn packets(name: &str) -> Option<(Vec<u8>, Vec<Packet>)> {
    let bytes = fs::read(media(&format!("audio/{name}"))?).unwrap();
    let answer = media(&format!("answers/packets/audio__{}.framecrc.txt", name.replace('/', "__"))).unwrap();
    let packets = answers::packets(&fs::read_to_string(answer).unwrap()).remove(&0).unwrap();
    Some((bytes, packets))
}

fn agree(frames: &[(&[u8], AudioTrack)], packets: &[Packet]) {
    assert_eq!(frames.len(), packets.len());
    for (index, ((frame, _), packet)) in frames.iter().zip(packets).enumerate() {
        assert_eq!((frame.len(), adler(frame)), (packet.size, packet.crc), "frame {index}");
    }
}

fn ac3(bytes: &[u8]) -> Option<(usize, AudioTrack)> {
    Ac3Header::parse(bytes).ok().map(|header| (header.frame_len, header.sound.audio_track()))
}

#[test]
fn ac3_frames_are_those_of_ffmpeg() {
    for (name, from) in [("androidx-sample.ac3", 73), ("shaka-hls-raw-ac3/fileSequence1.ac3", 73)] {
        let Some((bytes, mut packets)) = packets(name) else { return };
        // Both begin inside a frame, which FFmpeg passes on; a frame that the end cuts, too.
        packets.remove(0);
        let found = frames(&bytes, from, ac3);
        packets.truncate(found.len());
        assert!(found.len() + 2 >= packets.len() && found.len() > 7);
        agree(&found, &packets);
        assert!(found.iter().all(|(_, track)| *track == AudioTrack { sample_rate: 48_000, channels: 6 }));
    }
}

#[test]
fn adts_frames_are_those_of_ffmpeg() {
    for name in ["androidx-sample.adts", "androidx-sample_cbs_truncated.adts"] {
        let Some((bytes, packets)) = packets(name) else { return };
        let parse =
            |bytes: &[u8]| AdtsHeader::parse(bytes).ok().map(|header| (header.frame_len, header.config.audio_track()));
        let found = frames(&bytes, 0, parse);
        let is_cut = name.contains("truncated");
        let whole = packets.len() - usize::from(is_cut);
        assert_eq!(found.len(), whole, "{name}");
        // Without the header of seven bytes.
        assert!(found.iter().zip(&packets).all(|((frame, _), packet)| frame.len() == packet.size));
        assert!(found.iter().all(|(_, track)| *track == AudioTrack { sample_rate: 44_100, channels: 1 }));
    }
}

#[test]
fn mpeg_audio_frames_of_changing_bit_rate_are_those_of_ffmpeg() {
    let Some((bytes, packets)) = packets("androidx-bear-vbr-xing-header.mp3") else { return };
    // An ID3v2 tag, whose length is in four times seven bits.
    let tag = bytes[6..10].iter().fold(0, |len, byte| len << 7 | usize::from(*byte)) + 10;
    let parse =
        |bytes: &[u8]| MpaHeader::parse(bytes).ok().map(|header| (header.frame_len, header.sound.audio_track()));
    let found = frames(&bytes, if bytes.starts_with(b"ID3") { tag } else { 0 }, parse);
    // The first frame holds the Xing header: FFmpeg reads it and does not pass it on.
    agree(&found[1..], &packets);
    assert!(found.iter().all(|(_, track)| *track == AudioTrack { sample_rate: 48_000, channels: 2 }));
}
