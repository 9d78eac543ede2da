//! HLS of versions 3 and 4, through segmenter, asset and origin: what comes out of the transport streams is what went in, by this
//! crate's own demultiplexer and by ffprobe. An extra: without ffmpeg it prints that it was skipped.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use headend::{
    archive::{Asset, AssetConfig, AssetName, AssetOutput, Body, ObjectName, Presentation, Segmenter, SegmenterLimits},
    codec::h264::{NAL_AUD, NAL_PPS, NAL_SPS, nal_type, nal_units},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    media::{AccessUnit, FrameRate, Language, NalFraming, TrackFormat, TrackId, TrackSpec},
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const NOW: Now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
/// The 33 bits go round 3.1 s after this instant; a whole number of samples of 44.1 kHz.
const START: i64 = (7 << 33) - 900_000 - 279_044;

#[test]
fn what_goes_in_comes_out_and_ffmpeg_has_nothing_to_say() {
    let arguments = "-v error -f lavfi -i testsrc2=s=320x180:r=30:d=8 -f lavfi -i sine=r=44100:d=8 -c:v libx264 -bf 2 \
                     -x264-params keyint=60:min-keyint=60:scenecut=0 -pix_fmt yuv420p -ac 2 -c:a aac -b:a 64k -f mpegts -";
    let Some(source) = Command::new("ffmpeg").args(arguments.split_whitespace()).output().ok().map(|out| out.stdout)
    else {
        println!("skipped: ffmpeg is absent");
        return;
    };
    if source.is_empty() {
        println!("skipped: ffmpeg has no libx264 or no aac");
        return;
    }
    let source = Contribution::read(&source);
    let host = Host::of(&source);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("transport_streams");
    let _ = fs::remove_dir_all(&folder);

    for format in ["m3u8-aapl", "m3u8-aapl-v3"] {
        let master = format!("Manifest(format={format}).m3u8");
        host.publish(&master, &folder);
        host.check_bandwidth(&master);
    }
    let muxed = host.listed("QualityLevels(300000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3).m3u8");
    // The last one first: each is made without the others.
    let mut made: Vec<(usize, Bytes)> = muxed.iter().enumerate().rev().map(|(n, path)| (n, host.get(path))).collect();
    made.sort_by_key(|(n, _)| *n);
    let whole: Vec<u8> = made.iter().flat_map(|(_, bytes)| bytes.clone()).collect();
    let back = Contribution::read(&whole);
    assert_eq!((back.faults.as_slice(), back.pictures.len(), back.frames.len()), (&[][..], 240, source.frames.len()));
    for (was, is) in source.pictures.iter().zip(&back.pictures) {
        assert_eq!((slices(&was.data), was.is_random_access), (slices(&is.data), is.is_random_access));
    }
    assert!(source.frames.iter().zip(&back.frames).all(|(was, is)| was.data == is.data));
    // Every picture and frame at the instant it was put, to the tick, across the wrap.
    let ticks = |unit: &AccessUnit, first: &AccessUnit| unit.pts.since(first.pts).ticks(Timescale::MPEG);
    for (was, is) in source.pictures.iter().zip(&back.pictures) {
        assert_eq!(ticks(is, &back.pictures[0]), ticks(was, &source.pictures[0]));
        assert!(is.dts <= is.pts);
    }
    for (was, is) in source.frames.iter().zip(&back.frames) {
        assert!((ticks(is, &back.pictures[0]) - ticks(was, &source.pictures[0])).abs() <= 2);
    }

    let probe = |name: &str, stream: &str| {
        let out = Command::new("ffprobe")
            .args(["-v", "warning", "-allowed_extensions", "ALL", "-select_streams", stream, "-count_frames"])
            .args(["-show_entries", "stream=nb_read_frames", "-of", "csv=p=0"])
            .arg(folder.join(name))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "", "{name}");
        String::from_utf8(out.stdout).unwrap().lines().next().unwrap_or_default().trim_end_matches(',').to_owned()
    };
    let count = source.frames.len().to_string();
    assert_eq!(probe("QualityLevels(300000)/Manifest(video,format=m3u8-aapl).m3u8", "v"), "240");
    assert_eq!(probe("QualityLevels(64000)/Manifest(audio,format=m3u8-aapl).m3u8", "a"), count);
    let muxed = "QualityLevels(300000,audiotrack=audio)/Manifest(video,format=m3u8-aapl-v3).m3u8";
    assert_eq!([probe(muxed, "v"), probe(muxed, "a")], ["240".into(), count]);
}

/// What a transport stream was read to.
#[derive(Default)]
struct Contribution {
    formats: BTreeMap<TrackId, TrackFormat>,
    pictures: Vec<AccessUnit>,
    frames: Vec<AccessUnit>,
    faults: Vec<String>,
}

impl Contribution {
    fn read(bytes: &[u8]) -> Self {
        let (mut demuxer, mut read) = (TsDemuxer::new(TsConfig::default()), Self::default());
        demuxer.push(Bytes::copy_from_slice(bytes), NOW).unwrap();
        let mut is_finished = false;
        loop {
            match demuxer.pull() {
                Some(Demuxed::Track(track)) => drop(read.formats.insert(track.id, track.format)),
                Some(Demuxed::Unit(unit)) if read.formats[&unit.track].is_video() => read.pictures.push(unit),
                Some(Demuxed::Unit(unit)) => read.frames.push(unit),
                Some(Demuxed::Fault(fault)) => read.faults.push(fault.to_string()),
                Some(_) => {}
                None if is_finished => return read,
                None => {
                    demuxer.finish();
                    is_finished = true;
                }
            }
        }
    }
}

/// The NAL units of an access unit, without delimiters and parameter sets.
fn slices(data: &Bytes) -> Vec<Bytes> {
    let is_kept = |nal: &Bytes| !matches!(nal_type(nal), NAL_AUD | NAL_SPS | NAL_PPS);
    nal_units(data, NalFraming::AnnexB).filter(is_kept).collect()
}

/// An origin and its store.
struct Host {
    origin: Origin,
    store: BTreeMap<ObjectName, Body>,
}

impl Host {
    /// The contribution as one rung and one language, moved to [`START`].
    fn of(source: &Contribution) -> Self {
        let format = |is_wanted: fn(&TrackFormat) -> bool| source.formats.values().find(|one| is_wanted(one)).unwrap();
        let mut video = format(TrackFormat::is_video).clone();
        if let TrackFormat::H264(_, config) = &mut video {
            config.framing = NalFraming::Length(4);
        }
        let tracks = vec![
            TrackSpec::video(TrackId(0), "Video_320x180_300kbps", 300_000, video, FrameRate::FPS_30),
            TrackSpec::audio(TrackId(1), "audio", 64_000, format(TrackFormat::is_audio).clone(), Language::UND),
        ];
        let shift = MediaTime::from_ticks(START, Timescale::MPEG).since(source.pictures[0].pts);
        let moved = |unit: &AccessUnit, track, data| AccessUnit {
            track: TrackId(track),
            pts: unit.pts.plus(shift),
            dts: unit.dts.plus(shift),
            data,
            ..unit.clone()
        };
        let pictures = source.pictures.iter().map(|unit| moved(unit, 0, with_lengths(&slices(&unit.data))));
        let frames = source.frames.iter().map(|unit| moved(unit, 1, unit.data.clone()));
        let (name, mut origin) = (AssetName::new("a").unwrap(), Origin::new(OriginConfig::default()));
        origin.publish("l", &name, "n").unwrap();
        let mut segmenter = Segmenter::new(tracks.clone(), SegmenterLimits::default());
        let config = AssetConfig { window: None, rewind: None, segment_duration: MediaDuration::from_secs(2) };
        let mut asset = Asset::open(name, Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH)), config);
        // The first frames of sound come before the first picture.
        let first = frames.clone().map(|unit| unit.pts).min().unwrap();
        let at = |n: i64| MediaTime::from_ticks(START + n * 180_000, Timescale::MPEG);
        (0..4).for_each(|n| segmenter.boundary(if n == 0 { first.min(at(0)) } else { at(n) }).unwrap());
        pictures.chain(frames).for_each(|unit| segmenter.push(unit.track, unit).unwrap());
        segmenter.finish(at(5));
        while let Some(sealed) = segmenter.pull() {
            asset.push(&sealed).unwrap();
        }
        asset.end();
        let mut store = BTreeMap::new();
        while let Some(output) = asset.pull() {
            match output {
                AssetOutput::Store(object) => drop(store.insert(object.name, object.body)),
                AssetOutput::Update(update) => origin.apply(&update).unwrap(),
                AssetOutput::Append(_) | AssetOutput::Grow(_) => {}
                AssetOutput::Discard(name) => panic!("{name}"),
            }
        }
        Self { origin, store }
    }

    fn get(&self, rest: &str) -> Bytes {
        let response = match self.origin.handle(&Request::get(&format!("/l/n.ism/{rest}")), NOW) {
            Reply::Response(response) => response,
            Reply::Need(need) => {
                let objects: Vec<_> = need.names().iter().map(|name| self.store.get(name).cloned()).collect();
                need.fulfil(objects)
            }
            other => panic!("{rest}: {other:?}"),
        };
        assert_eq!(response.status, 200, "{rest}");
        response.body.to_bytes()
    }

    /// The paths that a playlist lists.
    fn listed(&self, rest: &str) -> Vec<String> {
        let text = String::from_utf8(self.get(rest).to_vec()).unwrap();
        let folder = rest.rsplit_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default();
        let groups = text.lines().filter_map(|line| line.split("URI=\"").nth(1)?.split('"').next());
        let plain = text.lines().filter(|line| !line.starts_with('#'));
        groups.chain(plain).map(|path| format!("{folder}{path}")).collect()
    }

    /// What a variant states is more than any segment of it has, with the largest of the sound in its group, and not much more
    /// (RFC 8216 clause 4.3.4.2).
    fn check_bandwidth(&self, rest: &str) {
        let (_, master) = m3u8_rs::parse_master_playlist(&self.get(rest)).unwrap();
        let peak = |rest: &str| {
            let (_, read) = m3u8_rs::parse_media_playlist(&self.get(rest)).unwrap();
            let folder = rest.rsplit_once('/').unwrap().0;
            let of = |one: &m3u8_rs::MediaSegment| {
                let bytes = self.get(&format!("{folder}/{}", one.uri)).len() as f64;
                // A segment of less than half a target duration says nothing of the rate.
                if f64::from(one.duration) * 2.0 < read.target_duration as f64 {
                    0.0
                } else {
                    bytes * 8.0 / f64::from(one.duration)
                }
            };
            read.segments.iter().map(of).fold(0.0, f64::max)
        };
        let groups = master.alternatives.iter().filter_map(|one| one.uri.as_deref()).map(peak).fold(0.0, f64::max);
        for variant in &master.variants {
            let beside = if variant.resolution.is_some() && !variant.is_i_frame { groups } else { 0.0 };
            let (stated, real) = (variant.bandwidth as f64, peak(&variant.uri) + beside);
            // Of I-frames an upper bound is stated, the peak of the whole rung.
            let is_near = variant.is_i_frame || stated < real * 1.3 + 60_000.0;
            assert!(0.0 < real && real <= stated && is_near, "{}: {real} of {stated}", variant.uri);
        }
    }

    /// Writes a playlist and everything that it leads to.
    fn publish(&self, rest: &str, folder: &Path) {
        let file = folder.join(rest);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, self.get(rest)).unwrap();
        if rest.ends_with(".m3u8") {
            self.listed(rest).iter().for_each(|path| self.publish(path, folder));
        }
    }
}

fn with_lengths(nals: &[Bytes]) -> Bytes {
    let mut data = BytesMut::new();
    for nal in nals {
        data.put_u32(nal.len() as u32);
        data.put_slice(nal);
    }
    data.freeze()
}
