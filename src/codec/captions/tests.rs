use super::*;
use crate::media::{H264Config, VideoTrack};

const LENGTH: NalFraming = NalFraming::Length(4);

fn pair(kind: CcKind, bytes: [u8; 2]) -> CcPair {
    CcPair { kind, bytes }
}

fn some() -> Vec<CcPair> {
    vec![
        pair(CcKind::Field1, [0x94, 0x2C]),
        pair(CcKind::Field2, [0x80, 0x80]),
        pair(CcKind::PacketStart, [0x02, 0x21]),
        pair(CcKind::PacketData, [0x00, 0x00]),
        pair(CcKind::PacketData, [0x00, 0x01]),
    ]
}

fn payload(pairs: &[CcPair]) -> bytes::Bytes {
    let mut frame = CcFrame::new();
    assert!(pairs.iter().all(|pair| frame.push(*pair)));
    frame.pad(20);
    frame.to_t35()
}

fn read(data: &[u8], framing: NalFraming) -> (Vec<CcPair>, u64) {
    let mut reader = CcReader::default();
    reader.read_h264(data, framing);
    (reader.pairs().to_vec(), reader.broken())
}

#[test]
fn what_is_put_in_before_the_slices_is_read_back_in_every_framing_d7() {
    let payload = payload(&some());
    let unit = b"\0\0\0\x02\x09\xF0\0\0\0\x02\x67\x42\0\0\0\x02\x68\xCE\0\0\0\x02\x06\x80\0\0\0\x03\x65\x88\x84";
    let with = insert_h264(unit, LENGTH, &payload);
    assert_eq!(read(&with, LENGTH), (some(), 0));
    // Behind the delimiter, the parameter sets and the message that was there; nothing else changed.
    assert_eq!((&with[..24], &with[with.len() - 7..]), (&unit[..24], &unit[24..]));
    let unit = b"\0\0\x01\x09\xF0\0\0\0\x01\x41\x88\x84";
    let with = insert_h264(unit, NalFraming::AnnexB, &payload);
    assert_eq!(read(&with, NalFraming::AnnexB), (some(), 0));
    assert!(with.starts_with(b"\0\0\x01\x09\xF0\0\0\0\x01\x06\x04") && with.ends_with(b"\0\0\0\x01\x41\x88\x84"));
    for bytes in [1, 2] {
        let unit: Vec<u8> = [vec![0; bytes - 1], vec![3, 0x41, 0x88, 0x84]].concat();
        let framing = NalFraming::Length(bytes as u8);
        assert_eq!(read(&insert_h264(&unit, framing, &payload), framing), (some(), 0));
    }
}

#[test]
fn no_start_code_appears_in_what_is_written() {
    for fill in [[0, 0], [0, 1], [0, 3], [3, 0]] {
        let pairs: Vec<CcPair> = (0..31).map(|_| pair(CcKind::PacketData, fill)).collect();
        let mut frame = CcFrame::new();
        pairs.iter().for_each(|pair| assert!(frame.push(*pair)));
        assert!(!frame.push(pairs[0]));
        let with = insert_h264(&[], NalFraming::AnnexB, &frame.to_t35());
        assert!(with[4..].windows(3).all(|window| window[0] != 0 || window[1] != 0 || window[2] > 3 || window[2] == 3));
        assert_eq!(read(&with, NalFraming::AnnexB), (pairs, 0));
    }
}

#[test]
fn cut_short_or_overcounted_the_whole_pairs_are_kept() {
    let whole = payload(&some());
    for len in 10..whole.len() {
        let kept: Vec<CcPair> = some().into_iter().take((len - 10) / 3).collect();
        let is_broken = u64::from(len < whole.len() - 1);
        assert_eq!(read(&insert_h264(&[], LENGTH, &whole[..len]), LENGTH), (kept, is_broken), "{len}");
    }
    // A size that reaches past the end of the NAL unit, and a type without a size.
    let mut sei = [&[0x06, 0x04, 0x7F][..], &whole].concat();
    assert_eq!(read(&[&[0, 0, 0, sei.len() as u8][..], &sei].concat(), LENGTH), (some(), 0));
    sei.truncate(2);
    assert_eq!(read(&[&[0, 0, 0, 2][..], &sei].concat(), LENGTH), (vec![], 0));
    assert_eq!(read(&[0, 0, 0, 1, 6], LENGTH), (vec![], 0));
}

#[test]
fn other_messages_and_the_form_of_directv() {
    let cc = &payload(&some())[8..];
    let direct = [b"\xB5\x00\x2F\x03\x48", cc].concat();
    let other = insert_h264(&[], LENGTH, b"\xB5\x00\x31DTG1\x41");
    // A message of another type, of 300 bytes, stands before it in the same NAL unit.
    let nal = [&[0x06, 0x05, 0xFF, 45][..], &[7; 300], &[4, direct.len() as u8], &direct, &[0x80]].concat();
    let data = [&other[..], &(nal.len() as u32).to_be_bytes(), &nal].concat();
    assert_eq!(read(&data, LENGTH), (some(), 0));
    // process_cc_data_flag says that there is nothing to process.
    let mut off = payload(&some()).to_vec();
    off[8] &= !0x40;
    assert_eq!(read(&insert_h264(&[], LENGTH, &off), LENGTH), (vec![], 0));
}

#[test]
fn user_data_of_mpeg_2_pictures() {
    let cc = &payload(&some())[8..];
    let picture = b"\0\0\x01\x00\x00\x8F\xFF\xF8\0\0\x01\xB5\x8F\xFF\xF3\x41\0\0\x01\xB2GA94\x03";
    let data = [&picture[..], cc, b"\0\0\x01\xB2GA94\x06\0\0\x01\x01\x23"].concat();
    let mut reader = CcReader::default();
    reader.read(&TrackFormat::Mpeg2(VideoTrack::new(16, 16)), &data);
    assert_eq!((reader.pairs(), reader.broken(), reader.messages()), (&some()[..], 0, 1));
    // The next start code ends it, wherever it stands.
    let data = [&picture[..], &cc[..5], b"\0\0\x01\x01\x23"].concat();
    reader.read(&TrackFormat::Mpeg2(VideoTrack::new(16, 16)), &data);
    assert_eq!((reader.pairs(), reader.broken()), (&some()[..1], 1));
}

#[test]
fn a_metadata_obu_stands_between_sequence_header_and_frame() {
    let payload = payload(&some());
    let with = insert_av1(b"\x12\0\x0A\x01a\x32\x02bc", &payload);
    let size = payload.len() + 2;
    let head = [&b"\x12\0\x0A\x01a\x2A"[..], &[size as u8, 4]].concat();
    assert_eq!(with, [&head[..], &payload, b"\x80\x32\x02bc"].concat());
    let with = insert_av1(b"\x32\x02bc", &[0xB5; 200]);
    assert!(with.starts_with(&[0x2A, 0xCA, 0x01, 4, 0xB5]) && with.ends_with(b"\x80\x32\x02bc"));
}

#[test]
fn a_flood_of_messages_is_bounded() {
    let mut frame = CcFrame::new();
    while frame.push(pair(CcKind::Field1, [1, 2])) {}
    let one = insert_h264(&[], LENGTH, &frame.to_t35());
    let mut reader = CcReader::default();
    let config = H264Config { framing: LENGTH, sps: vec![], pps: vec![] };
    reader.read(&TrackFormat::H264(VideoTrack::new(16, 16), config), &one.repeat(1000));
    assert_eq!((reader.pairs().len(), reader.messages()), (CcReader::MAX_PAIRS, 1000));
    assert_eq!(reader.broken(), 1000 - 8);
    reader.read(&TrackFormat::Unknown(String::new()), &one);
    assert_eq!((reader.pairs(), reader.messages()), (&[][..], 0));
}
