//! HDS through segmenter and packager (A20.5): the fragments of a rung one behind the other are a file of FLV that ffmpeg decodes to the
//! pictures that went in, each at its millisecond, whatever 32 bits of milliseconds do meanwhile. An extra: without ffmpeg it
//! prints that it was skipped.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use headend::{
    archive::{Presentation, SealedSegment, Segmenter, SegmenterLimits},
    codec::h264::{NAL_AUD, NAL_PPS, NAL_SPS, nal_type, nal_units},
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    media::{AccessUnit, FrameRate, Language, NalFraming, TrackFormat, TrackId, TrackSpec},
    package::hds,
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const NOW: Now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);

#[test]
fn every_picture_and_frame_is_decoded_at_its_time_a20_5() {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("hds_read_by_ffmpeg");
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).unwrap();
    let source = folder.join("source.ts");
    let arguments = "-v error -f lavfi -i testsrc2=s=320x180:r=30:d=8 -f lavfi -i sine=r=44100:d=8 -c:v libx264 -bf 2 \
                     -x264-params keyint=60:min-keyint=60:scenecut=0 -pix_fmt yuv420p -ac 2 -c:a aac -b:a 64k -f mpegts";
    if Command::new("ffmpeg").args(arguments.split_whitespace()).arg(&source).output().is_err() || !source.exists() {
        println!("skipped: ffmpeg is absent, or has no libx264 or no aac");
        return;
    }
    let read = Contribution::read(&fs::read(&source).unwrap());
    assert_eq!(read.pictures.len(), 240);
    // Nothing happens; the sign bit is reached after 3.1 s; the milliseconds go round after 3.1 s.
    for start in [10_000i64, (1 << 31) - 3_098, (1 << 32) - 3_096] {
        let host = Host::of(&read, start);
        let place = folder.join(start.to_string());
        host.publish(&place.join("live"), false);
        host.publish(&place.join("recorded"), true);
        let flv = place.join("rung.flv");
        fs::write(&flv, host.flv(&[0, 1])).unwrap();
        assert_eq!(pictures(&flv), pictures(&source));
        let came: Vec<MediaTime> = read.pictures.iter().map(|unit| unit.pts).collect();
        compare(&times(&flv, "v"), &sorted(came), 0);
        let frames: Vec<MediaTime> = read.frames.iter().map(|unit| unit.pts).collect();
        compare(&times(&flv, "a"), &frames, 1);
        // A language by itself.
        let flv = place.join("language.flv");
        fs::write(&flv, host.flv(&[2])).unwrap();
        compare(&times(&flv, "a"), &frames, 1);
    }
}

/// The same distances, to so many milliseconds: what is in them is rounded.
fn compare(is: &[i64], came: &[MediaTime], tolerance: i64) {
    assert_eq!(is.len(), came.len());
    for (is_at, came_at) in is.iter().zip(came) {
        let came_after = came_at.since(came[0]).ticks(Timescale::MILLIS);
        let difference = (is_at - is[0]) - came_after;
        assert!(difference.abs() <= tolerance, "{is_at} {came_at:?}");
    }
}

fn sorted(mut times: Vec<MediaTime>) -> Vec<MediaTime> {
    times.sort_unstable();
    times
}

/// A checksum of each decoded picture.
fn pictures(file: &Path) -> Vec<String> {
    let mut command = Command::new("ffmpeg");
    command.args(["-v", "warning", "-i"]).arg(file).args("-map 0:v -fps_mode passthrough -f framemd5 -".split(' '));
    let text = silent(file, command.output().unwrap());
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// The time of each decoded picture, or frame, in milliseconds.
fn times(file: &Path, kind: &str) -> Vec<i64> {
    let mut command = Command::new("ffprobe");
    command.args(["-v", "warning", "-select_streams", kind, "-show_entries", "frame=pts", "-of", "csv=p=0"]).arg(file);
    let text = silent(file, command.output().unwrap());
    // What ffmpeg found beside a picture has a line of its own.
    let lines = text.lines().map(|line| line.trim_end_matches(',')).filter(|line| !line.is_empty());
    lines.map(|line| line.parse().unwrap()).collect()
}

/// What a program writes that has nothing to complain of.
fn silent(file: &Path, output: Output) -> String {
    assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{file:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// What a transport stream was read to.
#[derive(Default)]
struct Contribution {
    formats: BTreeMap<TrackId, TrackFormat>,
    pictures: Vec<AccessUnit>,
    frames: Vec<AccessUnit>,
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

/// A presentation of one rung and two languages, in segments.
struct Host {
    presentation: Arc<Presentation>,
    segments: Vec<SealedSegment>,
}

impl Host {
    /// The contribution, its first picture at this millisecond.
    fn of(source: &Contribution, start: i64) -> Self {
        let format = |is_wanted: fn(&TrackFormat) -> bool| source.formats.values().find(|one| is_wanted(one)).unwrap();
        let mut video = format(TrackFormat::is_video).clone();
        if let TrackFormat::H264(_, config) = &mut video {
            config.framing = NalFraming::Length(4);
        }
        let sound = format(TrackFormat::is_audio);
        let language = |id, name, code| TrackSpec {
            url_track: String::from(name),
            ..TrackSpec::audio(TrackId(id), name, 64_000, sound.clone(), Language::new(code).unwrap())
        };
        let tracks = vec![
            TrackSpec::video(TrackId(0), "Video_320x180_300kbps", 300_000, video, FrameRate::FPS_30),
            language(1, "audio", "eng"),
            language(2, "audio_deu", "deu"),
        ];
        let origin = MediaTime::ZERO.plus(MediaDuration::from_millis(start));
        let shift = origin.since(source.pictures[0].pts);
        let moved = |unit: &AccessUnit, track, data| AccessUnit {
            track: TrackId(track),
            pts: unit.pts.plus(shift),
            dts: unit.dts.plus(shift),
            data,
            ..unit.clone()
        };
        let pictures = source.pictures.iter().map(|unit| moved(unit, 0, with_lengths(&unit.data)));
        let frames = |track| source.frames.iter().map(move |unit| moved(unit, track, unit.data.clone()));
        let mut segmenter = Segmenter::new(tracks.clone(), SegmenterLimits::default());
        // The first frames of sound come before the first picture.
        let first = frames(1).map(|unit| unit.pts).min().unwrap().min(origin);
        let at = |n: i64| if n == 0 { first } else { origin.plus(MediaDuration::from_secs(2 * n)) };
        (0..4).for_each(|n| segmenter.boundary(at(n)).unwrap());
        let units = pictures.chain(frames(1)).chain(frames(2));
        units.for_each(|unit| segmenter.push(unit.track, unit).unwrap());
        segmenter.finish(at(5));
        let segments = std::iter::from_fn(|| segmenter.pull()).collect();
        Self { presentation: Arc::new(Presentation::new(tracks, Utc::UNIX_EPOCH)), segments }
    }

    /// The fragment of these tracks that a segment makes.
    fn fragment(&self, sealed: &SealedSegment, tracks: &[usize]) -> Bytes {
        let parts = tracks.iter().map(|track| (&self.presentation.tracks[*track], &sealed.fragments[*track]));
        let made = hds::fragment(&parts.collect::<Vec<_>>(), sealed.segment.start, &sealed.segment.cues).unwrap();
        made.to_bytes()
    }

    /// A file of FLV.
    fn flv(&self, tracks: &[usize]) -> Vec<u8> {
        let flags = if tracks.len() > 1 { 5 } else { 4 };
        let mut file = vec![b'F', b'L', b'V', 1, flags, 0, 0, 0, 9, 0, 0, 0, 0];
        self.segments.iter().for_each(|sealed| file.extend_from_slice(&self.fragment(sealed, tracks)[8..]));
        file
    }

    /// Writes the manifest and everything that it names under the names that it gives them, for clients to try.
    fn publish(&self, folder: &Path, is_ended: bool) {
        let mut manifest = hds::Manifest::new(Arc::clone(&self.presentation));
        self.segments.iter().for_each(|sealed| manifest.append(&sealed.segment));
        if is_ended {
            manifest.end();
        }
        let ends = (&self.segments[0].segment, &self.segments[3].segment);
        let text = manifest.render(ends, "").unwrap().to_bytes();
        let put = |name: String, bytes: Bytes| {
            let file = folder.join(name);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, bytes).unwrap();
        };
        put("Manifest(format=f4m-f4f).f4m".into(), text.clone());
        let text = String::from_utf8(text.to_vec()).unwrap();
        let urls: Vec<&str> =
            text.match_indices(" url=\"").map(|(at, _)| text[at + 6..].split('"').next().unwrap()).collect();
        for (n, url) in urls.iter().enumerate() {
            let is_language = url.contains("audio_deu");
            if url.ends_with(".abst") {
                put((*url).into(), manifest.bootstrap(if is_language { 2 } else { 0 }).unwrap().to_bytes());
                continue;
            }
            assert!(n > 1, "bootstraps come first");
            for sealed in &self.segments {
                let tracks: &[usize] = if is_language { &[2] } else { &[0, 1] };
                let number = hds::fragment_number(sealed.segment.sequence).unwrap();
                put(format!("{url}Seg1-Frag{number}"), self.fragment(sealed, tracks));
            }
        }
        assert_eq!(urls.len(), 4);
    }
}

/// NAL units with their lengths, without delimiters and parameter sets.
fn with_lengths(data: &Bytes) -> Bytes {
    let is_kept = |nal: &Bytes| !matches!(nal_type(nal), NAL_AUD | NAL_SPS | NAL_PPS);
    let mut units = BytesMut::new();
    for nal in nal_units(data, NalFraming::AnnexB).filter(is_kept) {
        units.put_u32(nal.len() as u32);
        units.put_slice(&nal);
    }
    units.freeze()
}
