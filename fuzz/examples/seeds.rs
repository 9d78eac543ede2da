//! Writes the seed corpus, all of it made here: `cargo run --manifest-path fuzz/Cargo.toml --example seeds`.

use std::{fs, path::Path, sync::Arc};

use bytes::Bytes;
use headend::{
    archive::{
        Asset, AssetConfig, AssetName, AssetOutput, CaptionService, Pack, Presentation, SealedSegment, Segment, Span,
        TrackSpec,
    },
    media::{AacConfig, AudioTrack, Avail, CuePhase, Language, SegmentCue, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Utc},
};
use rtmp_publisher::{Publisher, with_length};
use smooth_post::{Told, avc1, fragment, header, mp4a};
use transport::Transport;

#[path = "../../tests/rig/rtmp_publisher.rs"]
mod rtmp_publisher;
#[path = "../../tests/rig/smooth_post.rs"]
mod smooth_post;
#[path = "../../tests/rig/transport.rs"]
mod transport;

fn main() -> std::io::Result<()> {
    for (target, name, bytes) in seeds() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
        fs::create_dir_all(&folder)?;
        fs::write(folder.join(name), bytes)?;
    }
    Ok(())
}

fn seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut all = vec![
        ("h264", "sps_high", SPS.to_vec()),
        ("h264", "annex_b", [b"\0\0\0\x01", SPS, b"\0\0\0\x01", PPS, b"\0\0\x01\x65\x88\x84"].concat()),
        ("h264", "lengths", [with_length(SPS), with_length(PPS), with_length(b"\x65\x88")].concat()),
        ("h264", "avcc", avcc()),
        ("h264", "asc_he", b"\x2B\x92\x08\x00".to_vec()),
        ("h264", "asc_pce", b"\x12\x00\x05\xC8\x80\x00\x04\x00\x00".to_vec()),
        ("h264", "adts", b"\xFF\xF1\x50\x80\x2E\x7F\xFC\x21".to_vec()),
        ("mp4_roundtrip", "frames", (0..=255).collect()),
        ("mp4_roundtrip", "boxes", b"\0\0\0\x18moof\0\0\0\x10mfhd\0\0\0\0\0\0\0\x01".to_vec()),
        ("amf0", "metadata", amf0_metadata()),
        ("amf0", "publish", b"\x02\0\x07publish\0\x40\x14\0\0\0\0\0\0\x05\x02\0\x03key\x02\0\x04live".to_vec()),
        ("amf0", "nested", [0x0A, 0, 0, 0, 1].repeat(70)),
    ];
    all.extend(URLS.iter().map(|(name, text)| ("origin_url", *name, text.as_bytes().to_vec())));
    all.extend(transport_seeds());
    all.extend(coding_seeds());
    all.extend(caption_seeds());
    all.extend(fec_seeds());
    all.extend(rtmp_seeds());
    all.extend(tag_seeds());
    all.extend(channel_seeds());
    all.extend(index_seeds());
    all.extend(smooth_seeds());
    all.extend(SLATES.iter().map(|(name, image)| ("slate_jpeg", *name, image.to_vec())));
    all
}

const SLATES: [(&str, &[u8]); 5] = [
    ("420", include_bytes!("../../tests/fixtures/slate_420.jpg")),
    ("420_progressive", include_bytes!("../../tests/fixtures/slate_420_progressive.jpg")),
    ("422", include_bytes!("../../tests/fixtures/slate_422.jpg")),
    ("cmyk", include_bytes!("../../tests/fixtures/slate_cmyk.jpg")),
    ("grey", include_bytes!("../../tests/fixtures/slate_grey.jpg")),
];

fn transport_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut mux = Transport::default();
    for n in 0..4u64 {
        mux.tables();
        let is_idr = n % 2 == 0;
        let slice: &[u8] = if is_idr { b"\0\0\x01\x65\x88\x84" } else { b"\0\0\x01\x41\x9A\x02" };
        let head = if is_idr { [b"\0\0\0\x01", SPS, b"\0\0\0\x01", PPS].concat() } else { Vec::new() };
        mux.pes(Transport::VIDEO, 900_000 + n * 3600, &[b"\0\0\0\x01\x09\xF0", &head[..], slice, &[7; 90]].concat());
        mux.pes(Transport::AUDIO, 900_000 + n * 3600, &[&b"\xFF\xF1\x4C\x80\x04\x1F\xFC"[..], &[0x21; 25]].concat());
    }
    let stream = mux.bytes();
    let mut datagrams = Vec::new();
    for (n, payload) in stream.chunks(7 * 188).enumerate() {
        let header = [0x80, 33, 0xFF, 0xFE_u8.wrapping_add(n as u8), 0, 0, 0, n as u8, 1, 2, 3, 4];
        datagrams.extend([&[5][..], &(payload.len() as u16 + 12).to_be_bytes(), &header, payload].concat());
    }
    let wide = stream.chunks(188).flat_map(|packet| [packet, &[0; 16]].concat()).collect::<Vec<_>>();
    vec![
        ("ts_push", "program", [&[0, 100][..], &stream].concat()),
        ("ts_push", "packets_of_204", [&[2, 0][..], &wide].concat()),
        ("ts_push", "junk_inside", [&[0, 77][..], &stream[..600], b"junk", &stream[600..]].concat()),
        ("rtp_push", "in_order", datagrams.clone()),
        ("rtp_push", "plain", [&[5, 0, 188][..], &stream[..188], &[5, 0, 188], &stream[188..376]].concat()),
    ]
}

/// Elementary streams of the codings that are not H.264, each after the byte that its target begins with.
fn coding_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let frame = |head: &[u8], len: usize| [head, &vec![0x21; len - head.len()]].concat().repeat(4);
    let latm = [&[0x56, 0xE0, 12, 0x20, 0, 0x11, 0x90, 0x1F, 0xE0, 0x2A][..], &[0x42; 5]].concat().repeat(4);
    let sequence =
        b"\0\0\x01\xB3\x2D\x02\x40\x23\x0B\xB8\x23\x80\0\0\x01\xB5\x14\x82\0\x01\0\0\0\0\x01\xB8\0\x08\0\x40";
    let picture = |head: &[u8], structure: u8| {
        let slices = [b"\0\0\x01\x01", &[0x55; 40][..], b"\0\0\x01\x02", &[0x55; 40]].concat();
        [b"\0\0\x01\0", head, b"\xFF\xF8\0\0\x01\xB5\x8F\xFF", &[0xF0 | structure, 0x41], &slices].concat()
    };
    let (i, p, b) = ([0x00, 0x8F], [0x01, 0x57], [0x00, 0x1F]);
    let frames = [&sequence[..], &picture(&i, 3), &picture(&b, 3), &picture(&p, 3)].concat();
    let fields = [&sequence[..], &picture(&i, 1), &picture(&i, 2), &picture(&p, 2), &picture(&p, 1)].concat();
    vec![
        ("audio_frames", "adts", [&[0][..], &frame(&[0xFF, 0xF1, 0x4C, 0x80, 0x04, 0x1F, 0xFC], 32)].concat()),
        ("audio_frames", "ac3", [&[1][..], &frame(&[0x0B, 0x77, 1, 2, 0, 0x40, 0x20], 128)].concat()),
        ("audio_frames", "mp2", [&[2][..], &frame(&[0xFF, 0xFD, 0x14, 0xC0], 96)].concat()),
        ("audio_frames", "latm", [&[3][..], &latm].concat()),
        ("mpeg2_es", "frames", [&[9][..], &frames].concat()),
        ("mpeg2_es", "fields", [&[2][..], &fields].concat()),
    ]
}

/// Pictures with captions, and byte pairs as `captions` takes them: four bytes each, the first its kind.
fn caption_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    // A pair of each field, a packet with one block, padding.
    let cc = b"\xC5\xFF\xFC\x94\x2C\xFD\x80\x80\xFF\x02\x22\xFE\x41\x42\xFA\x00\x00\xFF";
    let sei = |head: &[u8]| {
        let size = (head.len() + cc.len()) as u8;
        [b"\0\0\0\x01\x06\x04", &[size][..], head, cc, b"\x80\0\0\x01\x41\x9A\x02"].concat()
    };
    let picture = b"\0\0\x01\0\0\x8F\xFF\xF8\0\0\x01\xB5\x8F\xFF\xF3\x41\0\0\x01\xB2GA94\x03";
    let pairs = [
        [0, 0x94, 0x20, 0],
        [0, 0x94, 0x20, 0],
        [1, 0x15, 0x25, 0],
        [3, 0x02, 0x22, 0],
        [2, 0x41, 0x42, 0],
        [0, 0xC1, 0x80, 0],
        [0, 0x94, 0x2F, 0],
    ];
    vec![
        ("captions", "atsc", sei(b"\xB5\0\x31GA94\x03")),
        ("captions", "directv", sei(b"\xB5\0\x2F\x03\x12")),
        ("captions", "mpeg_2", [&picture[..], cc, b"\0\0\x01\x01\x23"].concat()),
        ("captions", "pairs", pairs.concat().repeat(9)),
    ]
}

/// Steps as `rtp_fec` names them.
fn fec_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    // Five datagrams of which one is lost, and their row; later columns, one of them broken.
    let row = [0, 1, 2, 0, 0, 1, 4, 4];
    let columns = [0, 9, 2, 0, 0, 4, 5, 0x43, 7, 20, 6, 0x43, 3, 9];
    vec![
        ("rtp_fec", "rows", row.repeat(12)),
        ("rtp_fec", "columns", columns.repeat(8)),
        ("rtp_fec", "too_late", [&row[..], &[2, 3, 0, 9, 7, 255, 7, 255, 4, 19, 3, 30], &columns].concat()),
    ]
}

fn rtmp_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let mut publisher = Publisher::new("live", "key");
    let start = publisher.start();
    let p = &publisher;
    let body = [
        start.get(3073..).unwrap_or_default().to_vec(),
        p.metadata(&[("width", 1280.0), ("framerate", 25.0)]),
        p.video_config(&avcc()),
        p.audio_config(b"\x12\x10"),
        p.video(0, 40, true, &with_length(b"\x65\x88\x84")),
        p.audio(0, &[0x21; 30]),
        p.video(0xFF_FFFF, 0, false, &with_length(b"\x41\x9A\x02")),
        p.unpublish(),
        p.delete_stream(),
    ]
    .concat();
    let enhanced = [&body[..300], &p.video_tag(0, b"\x90hvc1cfg"), &p.audio_tag(0, b"\x90Opusx")].concat();
    vec![
        ("rtmp_push", "publication", [&[0, 9, 1][..], &body].concat()),
        ("rtmp_push", "enhanced", [&[1, 0, 1][..], &enhanced].concat()),
        ("rtmp_push", "http", [&[1, 0, 0][..], b"GET / HTTP/1.1\r\n\r\n"].concat()),
        ("rtmp_push", "chunk_size", b"\0\x10\x01\x02\0\0\0\0\0\x04\x01\0\0\0\0\x7F\xFF\xFF\xFF".to_vec()),
    ]
}

fn smooth_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let (avc1, mp4a) = (avc1(SPS, PPS), mp4a(b"\x11\x90"));
    let more = "Subtype=\"DATA\" Scheme=\"urn:scte:scte35:2013:bin\"";
    let header = header(&[
        Told { id: 1, element: "video", name: "video", bitrate: 600_000, more: "", entry: &avc1 },
        Told { id: 2, element: "audio", name: "audio", bitrate: 64_000, more: "systemLanguage=\"deu\"", entry: &mp4a },
        Told { id: 3, element: "textstream", name: "ads", bitrate: 0, more, entry: b"" },
    ]);
    let picture = |n: i64| {
        let samples: [smooth_post::Sample<'_>; 2] =
            [(400_000, 0, b"\0\0\0\x03\x65\x88\x84"), (400_000, 800_000, b"\0\0\0\x03\x41\x9A\x02")];
        fragment(1, n * 800_000, &samples, Some(n as u64))
    };
    let sound = fragment(2, -213_333, &[(213_333, 0, &[0x21; 25]), (213_334, 0, &[0x21; 25])], None);
    let cue = fragment(3, 0, &[(0, 0, b"\0\0\0\x01\0\0\0\x07\0\0\0\x09\xFC\x30")], None);
    let body = [&[0, 99][..], &header, &picture(0), &sound, &cue, &picture(1), &picture(3), &picture(1)].concat();
    let xml = header.windows(5).position(|word| word == b"<?xml").unwrap_or_default();
    let end = header.windows(7).position(|word| word == b"</smil>").unwrap_or_default() + 7;
    let text = header.get(xml..end).unwrap_or_default().to_vec();
    let wide = text.iter().flat_map(|byte| [*byte, 0]).collect();
    let both = [picture(0), sound.clone()].concat();
    let share = (picture(0).len() * 255).div_ceil(both.len()) as u8;
    vec![
        ("smooth_push", "post", body),
        ("smil", "utf_8", text),
        ("smil", "utf_16", wide),
        ("hds_fragment", "pictures", [&[255][..], &picture(1)].concat()),
        ("hds_fragment", "sound", [&[0][..], &sound].concat()),
        ("hds_fragment", "both", [&[share][..], &both].concat()),
        ("hls_segment", "pictures", [&[255][..], &picture(1)].concat()),
        ("hls_segment", "sound", [&[0][..], &sound].concat()),
        ("hls_segment", "both", [&[share][..], &both].concat()),
    ]
}

/// Tags as `flv_tags` reads them.
fn tag_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let tag = |kind: u8, body: &[u8]| [&[kind, 0, 20][..], &(body.len() as u16).to_be_bytes(), body].concat();
    let unit = with_length(b"\x65\x88\x84");
    let hvcc =
        [&b"\x01"[..], &[0; 20], b"\x0F\x01\x21\0\x01", &(HEVC_SPS.len() as u16).to_be_bytes(), HEVC_SPS].concat();
    let old = [
        tag(2, &amf0_metadata()),
        tag(1, &[&b"\x17\0\0\0\0"[..], &avcc()].concat()),
        tag(0, b"\xAF\0\x12\x10"),
        tag(1, &[&b"\x17\x01\0\0\x28"[..], &unit].concat()),
        tag(0, b"\xAF\x01raw"),
        tag(3, &[&b"\x08\0\0\x05\0\0\0\0\0\0\0\xAF\x01raw\0\0\0\x10"[..], b"\x09\0\0\x01\0"].concat()),
    ];
    let enhanced = [
        tag(1, &[&b"\x90hvc1"[..], &hvcc].concat()),
        tag(1, &[&b"\x91hvc1\xFF\xFF\xD8"[..], &with_length(b"\x26\x01\xAF")].concat()),
        tag(1, b"\x96\x00av01\x01\x81\x01\x0C\0\x0A\x0B\0\0\0\x0C\x47\xFF\xFE\xFF\xFC\xC0\x20"),
        tag(1, b"\x96\x21av01\x01\0\0\x05\x12\0\x32\x01ahvc1\0\0\0\x03\0\0\0"),
        tag(1, b"\x97\x02\x05\x98\x4A\x01av01\x32\x01a"),
        tag(0, b"\x95\x10mp4a\0\0\0\x02\x12\x10\x01\0\0\x02\x11\x90"),
        tag(0, b"\x95\x11mp4a\0\0\0\x01a\x01\0\0\x01b"),
        tag(0, b"\x90OpusHead"),
    ];
    vec![("flv_tags", "old", old.concat()), ("flv_tags", "enhanced", enhanced.concat())]
}

/// Operations as `channel_ops` names them.
fn channel_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let start = [0, 16, 6, 0, 16];
    let tracks = [8, 0, 13, 0, 25, 1, 13, 2, 0xB7, 2];
    let pictures = |count: u8| (0..count).flat_map(|n| [11, 4, u8::from(n % 25 == 0), 12, 0, 1, 14, 4, 16]);
    let live = [&start[..], &tracks, &pictures(60).collect::<Vec<_>>()].concat();
    let lost = [&live[..], &[14, 200, 16, 14, 200, 16], &[11, 100, 3, 16], &pictures(20).collect::<Vec<_>>()].concat();
    let slates =
        [&start[..], &[14, 50, 16, 4, 9, 14, 100, 16, 4, 0, 5, 7, 1, 14, 255, 16, 1, 16, 18, 60, 0, 16]].concat();
    let resets =
        [&start[..], &[7, 1, 14, 250, 16, 2, 14, 20, 16, 17, 255, 17, 255, 15, 0, 15, 1, 2, 2, 16, 1]].concat();
    let rtmp = [&start[..], &[8, 1, 19, 1, 0, 9, 0x17, 1, 0, 0, 0, 0, 0, 0, 1, 16, 14, 9, 9]].concat();
    vec![
        ("channel_ops", "live", live),
        ("channel_ops", "lost", lost),
        ("channel_ops", "slates", slates),
        ("channel_ops", "resets", resets),
        ("channel_ops", "rtmp", rtmp),
    ]
}

/// Pages as `asset_index` takes them, and the same records without their checksums.
fn index_seeds() -> Vec<(&'static str, &'static str, Vec<u8>)> {
    let page = index_page();
    let pages = [&[0], &(page.len() as u16).to_be_bytes()[..], &page, &[0, 3], b"hdI"].concat();
    let (mut records, mut rest) = (vec![1], page.get(5..).unwrap_or_default());
    while let Some((length, framed)) = rest.split_first_chunk() {
        let (record, behind) = framed.split_at(u32::from_be_bytes(*length) as usize);
        records.push(record.len() as u8);
        records.extend_from_slice(record);
        rest = behind.get(4..).unwrap_or_default();
    }
    vec![("asset_index", "pages", pages), ("asset_index", "records", records)]
}

/// An index of one rendition with every change.
fn index_page() -> Vec<u8> {
    let format = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
    let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, format);
    let track = TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND);
    let second = MediaDuration::from_secs(1);
    let config = AssetConfig { window: Some(second.times(2)), rewind: None, segment_duration: second };
    let name = AssetName::new("a").unwrap_or_else(|| unreachable!("it is a good name"));
    let mut asset = Asset::open(name, Presentation::new(vec![track], Utc::UNIX_EPOCH).into(), config);
    asset.caption(&[CaptionService::Cea608(1)]);
    for sequence in 0..5u64 {
        let start = MediaTime::ZERO.plus(second.times(sequence as i64));
        let (duration, section) = (Some(second.times(2)), Bytes::from_static(b"section"));
        let avail = Arc::new(Avail { id: 1, asked: start, start, duration, section });
        let phase = if sequence == 3 { CuePhase::In(None) } else { CuePhase::Out };
        let segment = Segment {
            sequence,
            start,
            duration: second,
            is_discontinuous: sequence == 2,
            spans: [Span { start: sequence * 48_000, duration: 48_000, bytes: 16_000 }].into(),
            cues: [SegmentCue { avail, phase }].into(),
            pack: Pack::default(),
        };
        asset.drift(second.times(sequence as i64));
        // They follow each other.
        let _ = asset.push(&SealedSegment { segment, fragments: vec![], parts: vec![], faults: vec![] });
    }
    asset.end();
    let appended = std::iter::from_fn(|| asset.pull()).filter_map(|output| match output {
        AssetOutput::Append(append) => Some(append.bytes),
        _ => None,
    });
    appended.collect::<Vec<_>>().concat()
}

fn avcc() -> Vec<u8> {
    let head = [1, SPS[1], SPS[2], SPS[3], 0xFF, 0xE1];
    let set = |set: &[u8]| [&(set.len() as u16).to_be_bytes()[..], set].concat();
    [&head[..], &set(SPS), &[1], &set(PPS)].concat()
}

fn amf0_metadata() -> Vec<u8> {
    let publisher = Publisher::new("live", "key");
    publisher.metadata(&[("width", 1280.0), ("height", 720.0)]).get(12..).unwrap_or_default().to_vec()
}

/// 1280x720p, High, 25 fps.
const SPS: &[u8] =
    b"\x67\x64\x00\x1F\xAC\xD9\x40\x50\x05\xBB\x01\x10\x00\x00\x03\x00\x10\x00\x00\x03\x03\x20\xF1\x83\x19\x60";
/// 3840x2160, Main, 60 fps.
const HEVC_SPS: &[u8] =
    b"\x42\x01\x01\x01\x60\0\0\x03\0\x90\0\0\x03\0\0\x03\0\x99\xA0\x01\xE0\x20\x02\x1C\x59\x65\x66\x92\
    \x4C\xAF\x01\x68\x08\0\0\x03\0\x08\0\0\x03\x01\xE0\x40";
const PPS: &[u8] = b"\x68\xEB\xE3\xCB\x22\xC0";
const URLS: &[(&str, &str)] = &[
    ("master", "manifest(format=m3u8-cmaf).m3u8"),
    ("mpd", "manifest(format=mpd-time-cmaf)\nbytes=0-\n\"0-0\""),
    ("mpd_csf", "manifest(format=mpd-time-csf,audio-only=false).mpd"),
    ("mpd_number", "manifest(format=mpd-number-cmaf)"),
    ("mpd_patched", "manifest(format=mpd-time-cmaf,patch=true)"),
    ("patch", "Patch(format=mpd-time-cmaf,from=0-1)"),
    ("numbered", "QualityLevels(64000)/Fragments(audio=0,format=mpd-number-cmaf)"),
    ("time", "time"),
    ("master_v3", "Manifest(format=m3u8-aapl-v3,audiotrack=audio,audio-only=false)"),
    ("segment", "QualityLevels(64000)/Fragments(audio=0,format=m3u8-aapl).aac\nbytes=2-5"),
    ("muxed", "QualityLevels(64000,audiotrack=audio)/Fragments(video=0,format=m3u8-aapl).ts"),
    ("playlist", "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf)"),
    ("fragment", "QualityLevels(64000)/Fragments(audio=0,format=mpd-time-cmaf)\nbytes=2-5"),
    ("init", "QualityLevels(64000)/Fragments(audio=i,format=m3u8-cmaf)\nbytes=-3\n*"),
    ("escaped", "/%6C/n%2Eism/%2e%2e/manifest"),
];
