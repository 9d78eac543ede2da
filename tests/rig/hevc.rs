//! HEVC as Enhanced RTMP v2 carries it: a decoder configuration and pictures of one slice that nothing decodes.

use super::rtmp_publisher::{Publisher, with_length};

/// HEVCDecoderConfigurationRecord with one sequence parameter set: Main, 3840x2160 (ISO/IEC 14496-15 clause 8.3.3.1).
const HVCC: &[u8] = b"\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x0F\x01\x21\0\x01\0\x2C\
    \x42\x01\x01\x01\x60\0\0\x03\0\x90\0\0\x03\0\0\x03\0\x99\xA0\x01\xE0\x20\x02\x1C\x59\x65\x66\x92\
    \x4C\xAF\x01\x68\x08\0\0\x03\0\x08\0\0\x03\x01\xE0\x40";

/// The sequence start.
pub fn config(publisher: &Publisher, ms: u32) -> Vec<u8> {
    publisher.video_tag(ms, &[&b"\x90hvc1"[..], HVCC].concat())
}

/// A picture without composition time.
pub fn picture(publisher: &Publisher, ms: u32, is_idr: bool) -> Vec<u8> {
    let (packet, kind) = if is_idr { (0x93, 19 << 1) } else { (0xA3, 1 << 1) };
    let slice = with_length(&[kind, 1, 0xAF, ms as u8]);
    publisher.video_tag(ms, &[&[packet], &b"hvc1"[..], &slice].concat())
}
