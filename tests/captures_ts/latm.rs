//! LATM in transport streams, to the byte: FFmpeg passes whole AudioSyncStream frames on, so these are taken out of the PES
//! packets here, compared with its, and opened to be compared with the access units.

use std::fs;

use headend::{codec::latm, ingest::TsConfig, media::TrackFormat};

use super::{
    answers::{adler, programs},
    demux_ts, media, tracks, units,
};

/// What the PES packets of a PID carry; their headers are whole in their first packets.
fn elementary_stream(bytes: &[u8], pid: u16) -> Vec<u8> {
    let mut all = Vec::new();
    for packet in bytes.chunks_exact(188).filter(|packet| u16::from_be_bytes([packet[1] & 0x1F, packet[2]]) == pid) {
        let from = if packet[3] & 0x20 == 0 { 4 } else { 5 + usize::from(packet[4]) };
        let payload = if packet[3] & 0x10 == 0 { &[] } else { &packet[from..] };
        let is_start = packet[1] & 0x40 != 0;
        all.extend(if is_start { &payload[9 + usize::from(payload[8])..] } else { payload });
    }
    all
}

#[test]
fn latm_frames_are_those_of_ffmpeg_and_access_units_what_is_in_them() {
    for (name, pid) in [("ts/androidx-sample_latm.ts", 0x100), ("ts/g_latm_44100.ts", 0x101)] {
        let Some(path) = media(name) else { return };
        let bytes = fs::read(path).unwrap();
        let program = programs(name).unwrap().remove(0);
        let packets = &program.sound[0].packets;
        let found = demux_ts(&bytes, TsConfig::default());
        let is_sound = |format: &TrackFormat| matches!(format, TrackFormat::Aac(..));
        let id = tracks(&found).iter().find(|track| is_sound(&track.format)).unwrap().id;
        let units = units(&found, Some(id));
        assert_eq!(units.len(), packets.len(), "{name}");
        let stream = elementary_stream(&bytes, pid);
        let (mut rest, mut reader) = (&stream[..], latm::LatmReader::default());
        for (n, (unit, packet)) in units.iter().zip(packets).enumerate() {
            let (frame, after) = rest.split_at(latm::frame_len(rest).unwrap());
            assert_eq!((frame.len(), adler(frame)), (packet.size, packet.crc), "{name} {n}");
            let (_, data) = reader.open(frame).unwrap().unwrap();
            assert!(unit.data == data, "{name} {n}");
            rest = after;
        }
        assert!(rest.is_empty(), "{name}: {} bytes behind the last", rest.len());
    }
}
