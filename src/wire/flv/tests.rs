use super::*;

fn v(body: &'static [u8]) -> Vec<Result<Packet, ParseError>> {
    video(&Bytes::from_static(body)).collect()
}

fn a(body: &'static [u8]) -> Vec<Result<Packet, ParseError>> {
    audio(&Bytes::from_static(body)).collect()
}

fn packet(track: u8, codec: Codec, kind: PacketKind, data: &'static [u8]) -> Packet {
    Packet { track, codec, kind, is_key: true, nanos: 0, data: Bytes::from_static(data) }
}

fn one(packets: Vec<Result<Packet, ParseError>>) -> Packet {
    let [Ok(packet)] = &packets[..] else { panic!("{packets:?}") };
    packet.clone()
}

fn code(packets: &[Result<Packet, ParseError>]) -> &'static str {
    packets.last().unwrap().as_ref().unwrap_err().code()
}

const fn unit(composition_ms: i32) -> PacketKind {
    PacketKind::Unit { composition_ms }
}

#[test]
fn h264_and_aac_in_their_old_clothes() {
    assert_eq!(one(v(b"\x17\0\0\0\0cfg")), packet(0, Codec::H264, PacketKind::Config, b"cfg"));
    assert_eq!(one(v(b"\x17\x01\0\0\x50nal")), packet(0, Codec::H264, unit(80), b"nal"));
    let later = one(v(b"\x27\x01\xFF\xFF\xD8nal"));
    assert!(!later.is_key && later.kind == unit(-40));
    assert!(v(b"\x17\x02\0\0\0").is_empty() && v(b"\x57\0").is_empty());
    assert_eq!(one(a(b"\xAF\x00\x12\x10")), packet(0, Codec::Aac, PacketKind::Config, b"\x12\x10"));
    assert_eq!(one(a(b"\xAF\x01raw")), packet(0, Codec::Aac, unit(0), b"raw"));
}

#[test]
fn four_codecs_over_enhanced_rtmp() {
    assert_eq!(one(v(b"\x90avc1cfg")), packet(0, Codec::H264, PacketKind::Config, b"cfg"));
    assert_eq!(one(v(b"\x91hvc1\xFF\xFF\xFFnal")), packet(0, Codec::Hevc, unit(-1), b"nal"));
    assert_eq!(one(v(b"\x93hvc1nal")), packet(0, Codec::Hevc, unit(0), b"nal"));
    // AV1 has no composition time.
    assert_eq!(one(v(b"\x91av01obus")), packet(0, Codec::Av1, unit(0), b"obus"));
    assert_eq!(one(a(b"\x91mp4araw")), packet(0, Codec::Aac, unit(0), b"raw"));
    assert!(!one(v(b"\xA3avc1nal")).is_key);
    // End of sequence, HDR metadata, a command, an MPEG-2 TS descriptor, speaker positions, an empty first record.
    for nothing in [&b"\x92avc1"[..], b"\xD4hvc1\x02", b"\xD1\0", b"\x95av01\x80\x04"] {
        assert!(v(nothing).is_empty(), "{nothing:?}");
    }
    assert!(a(b"\x94mp4a\x01\x02").is_empty() && v(b"\x90av01").is_empty());
}

#[test]
fn nanoseconds_come_in_mod_ex_blocks() {
    let plain = one(v(b"\xA7\x02\0\0\x01\x03avc1nal"));
    assert_eq!((plain.nanos, plain.kind, plain.is_key), (1, unit(0), false));
    // A block of an unknown kind, then one whose size takes 16 bits.
    let long = [&b"\x97\x00\xAA\x17"[..], b"\xFF\x01\x00\x0F\x42\x3F", &[0; 254], b"\x01av01obus"].concat();
    let long = one(video(&Bytes::from(long)).collect());
    assert_eq!((long.nanos, &long.data[..]), (999_999, &b"obus"[..]));
    // Too few bytes, or a whole millisecond: no offset.
    assert_eq!(one(a(b"\x97\x01\x01\x01\x01mp4araw")).nanos, 0);
    assert_eq!(one(a(b"\x97\x02\x0F\x42\x40\x01mp4araw")).nanos, 0);
}

#[test]
fn one_tag_may_hold_many_tracks_of_one_or_many_codecs() {
    assert_eq!(one(a(b"\x95\x01mp4a\x03raw")), packet(3, Codec::Aac, unit(0), b"raw"));
    let many = v(b"\x96\x11hvc1\0\0\0\x05\0\0\x28ab\x02\0\0\x04\xFF\xFF\xFFc");
    let expected = [packet(0, Codec::Hevc, unit(40), b"ab"), packet(2, Codec::Hevc, unit(-1), b"c")];
    assert_eq!(many.into_iter().map(Result::unwrap).collect::<Vec<_>>(), expected);
    let codecs = v(b"\x96\x20avc1\0\0\0\x02aaav01\x01\0\0\x02bbvp09\x02\0\0\x01c");
    let names: Vec<_> = codecs.iter().map(|packet| packet.as_ref().unwrap().codec).collect();
    assert_eq!(names, [Codec::H264, Codec::Av1, Codec::Other(CodecName::Enhanced(*b"vp09"))]);
    assert!(a(b"\x95\x11mp4a").last().unwrap().is_err());
}

#[test]
fn a_size_past_the_end_keeps_what_is_whole_before_it() {
    let cut = v(b"\x96\x13hvc1\0\0\0\x02ab\x01\0\0\x09c");
    assert_eq!((cut.len(), code(&cut)), (2, "PARSE_TRUNCATED"));
    assert_eq!(cut[0], Ok(packet(0, Codec::Hevc, unit(0), b"ab")));
    assert_eq!(code(&v(b"\x96\x61hvc1")), "PARSE_UNSUPPORTED");
    assert_eq!(code(&v(b"\x96\x16hvc1")), "PARSE_INVALID");
    assert_eq!(code(&a(b"\x95\x17mp4a")), "PARSE_INVALID");
    let nine = [&b"\x95\x11mp4a"[..], &b"\0\0\0\x01r".repeat(9)].concat();
    let nine: Vec<_> = audio(&nine.into()).collect();
    assert_eq!((nine.len(), code(&nine)), (MAX_TRACKS + 1, "LIMIT_EXCEEDED"));
}

#[test]
fn other_codecs_are_named() {
    for (packet, name) in [
        (one(v(b"\x90vvc1\0")), "vvc1 over enhanced RTMP"),
        (one(v(b"\x90vp08\0")), "vp08 over enhanced RTMP"),
        (one(a(b"\x90Opus\0")), "Opus over enhanced RTMP"),
        (one(a(b"\x91.mp3\0")), ".mp3 over enhanced RTMP"),
        (one(a(b"\x91ac-3\x0B\x77")), "ac-3 over enhanced RTMP"),
        (one(v(b"\x14")), "VP6 over RTMP"),
        (one(a(b"\x2F")), "MP3 over RTMP"),
    ] {
        let Codec::Other(codec) = packet.codec else { panic!("{packet:?}") };
        assert_eq!(codec.to_string(), name);
    }
}

#[test]
fn a_header_cut_anywhere_is_an_error() {
    let whole = b"\xA7\xFF\x01\x00aaaa";
    for len in 0..whole.len() {
        let found: Vec<_> = video(&Bytes::copy_from_slice(&whole[..len])).collect();
        assert_eq!(code(&found), "PARSE_TRUNCATED", "{len}");
    }
    for cut in [&b"\x17\x01\0\0"[..], b"\xA1avc1\0\0", b"\x96", b"\x96\x01avc", b"\x96\x11avc1\0\0\0", b"\x96\x21avc1"]
    {
        assert_eq!(code(&v(cut)), "PARSE_TRUNCATED", "{cut:?}");
    }
    assert_eq!(code(&a(b"\xAF")), "PARSE_TRUNCATED");
}
