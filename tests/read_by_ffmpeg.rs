//! Real H.264 and AAC through segmenter, asset and origin into a folder, and ffmpeg reads it back. An extra: without ffmpeg
//! it prints that it was skipped.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "a test may panic, and reads and writes files")]

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::Arc,
    time::Duration,
};

use bytes::{BufMut, Bytes, BytesMut};
use headend::{
    archive::{Asset, AssetConfig, AssetName, AssetOutput, Presentation, Segmenter, SegmenterLimits, TrackSpec},
    media::{
        AacConfig, AccessUnit, AudioTrack, FrameRate, H264Config, Language, NalFraming, TrackFormat, TrackId,
        VideoTrack,
    },
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};

const START: i64 = 1_800_000_000;
const PATHS: [&str; 8] = [
    "Manifest(format=m3u8-cmaf).m3u8",
    "Manifest(format=mpd-time-cmaf)",
    "QualityLevels(300000)/Manifest(video,format=m3u8-cmaf).m3u8",
    "QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf).m3u8",
    "QualityLevels(300000)/Manifest(video,format=m3u8-cmaf,type=keyframes).m3u8",
    "QualityLevels(300000)/Manifest(video,format=m3u8-aapl,type=keyframes).m3u8",
    "QualityLevels(300000)/Fragments(video=i,format=m3u8-cmaf).mp4",
    "QualityLevels(64000)/Fragments(audio=i,format=m3u8-cmaf).mp4",
];

#[test]
fn ffmpeg_reads_every_picture_and_every_sample() {
    let Some((annex_b, adts)) = encoded() else {
        println!("skipped: ffmpeg with libx264 and aac is absent");
        return;
    };
    let (video, pictures) = h264(&annex_b);
    let (audio, frames) = aac(&adts);
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("read_by_ffmpeg");
    let _ = fs::remove_dir_all(&folder);
    let segments = publish(vec![video, audio], &pictures, &frames, &folder);

    let read = |name: &str, stream: &str| {
        let out = Command::new("ffprobe")
            .args(["-v", "error", "-allowed_extensions", "ALL", "-select_streams", stream, "-count_frames"])
            .args(["-show_entries", "stream=nb_read_frames,width,height,sample_rate", "-of", "csv=p=0"])
            .arg(folder.join(name))
            .output()
            .unwrap();
        assert_eq!(String::from_utf8_lossy(&out.stderr), "");
        String::from_utf8(out.stdout).unwrap().lines().next().unwrap_or_default().to_owned()
    };
    assert_eq!(read("QualityLevels(300000)/Manifest(video,format=m3u8-cmaf).m3u8", "v"), "320,180,180");
    assert_eq!(
        read("QualityLevels(64000)/Manifest(audio,format=m3u8-cmaf).m3u8", "a"),
        format!("44100,{}", frames.len())
    );
    for format in ["m3u8-cmaf", "m3u8-aapl"] {
        let name = format!("QualityLevels(300000)/Manifest(video,format={format},type=keyframes).m3u8");
        assert_eq!(read(&name, "v"), "320,180,3");
    }
    // Of several sets ffmpeg takes the first, and does not know what an essential property is: those of key frames come last.
    assert_eq!(read("Manifest(format=mpd-time-cmaf)", "v:0"), "320,180,180");
    assert_eq!(read("Manifest(format=mpd-time-cmaf)", "v:1"), "320,180,3");
    key_frames_are_those_of_their_segments(&folder, &segments);
}

/// A20.9: a key frame by itself is one picture, and the one that its segment begins with, in every format; their playlists and the
/// trick-play set list one of each segment.
fn key_frames_are_those_of_their_segments(folder: &Path, segments: &[u64]) {
    let level = folder.join("QualityLevels(300000)");
    let init = fs::read(level.join("Fragments(video=i,format=m3u8-cmaf).mp4")).unwrap();
    let fragmented = |name: String| checksums(&[init.clone(), fs::read(level.join(name)).unwrap()].concat());
    let transport = |name: String| checksums(&fs::read(level.join(name)).unwrap());
    let mut all = Vec::new();
    for start in segments {
        let whole = fragmented(format!("Fragments(video={start},format=m3u8-cmaf).m4s"));
        assert_eq!(whole.len(), 60);
        assert_eq!(transport(format!("Fragments(video={start},format=m3u8-aapl).ts")), whole);
        let key = [
            fragmented(format!("Fragments(video={start},format=m3u8-cmaf,type=keyframes).m4s")),
            fragmented(format!("Fragments(video={start},format=mpd-time-cmaf,type=keyframes)")),
            transport(format!("Fragments(video={start},format=m3u8-aapl,type=keyframes).ts")),
        ];
        assert!(key.iter().all(|key| *key == whole[..1]), "{key:?} {}", whole[0]);
        all.push(whole[0].clone());
    }
    all.dedup();
    assert_eq!(all.len(), 3, "the pictures differ");
}

/// A checksum of each picture that comes out.
fn checksums(media: &[u8]) -> Vec<String> {
    let mut run = Command::new("ffmpeg")
        .args(["-v", "error", "-i", "pipe:0", "-map", "0:v", "-fps_mode", "passthrough", "-f", "framemd5", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    run.stdin.take().unwrap().write_all(media).unwrap();
    let out = run.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&out.stderr), "");
    let text = String::from_utf8(out.stdout).unwrap();
    let lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit(',').next().unwrap().trim().to_owned()).collect()
}

/// Six seconds of moving picture at 30 fps with an IDR every 60 frames, and a tone.
fn encoded() -> Option<(Vec<u8>, Vec<u8>)> {
    let run = |arguments: &str| {
        let out = Command::new("ffmpeg").args(arguments.split(' ')).output().ok()?;
        Some(out.stdout).filter(|bytes| !bytes.is_empty())
    };
    let video = "-v error -f lavfi -i testsrc2=s=320x180:r=30:d=6 -c:v libx264 -preset veryfast -bf 0 \
                 -x264-params aud=1:keyint=60:min-keyint=60:scenecut=0:sliced-threads=0 -pix_fmt yuv420p -f h264 -";
    let audio = "-v error -f lavfi -i sine=r=44100:d=6 -ac 2 -c:a aac -b:a 64k -f adts -";
    Some((run(video)?, run(audio)?))
}

/// The rung, and its access units with lengths instead of start codes and without parameter sets.
fn h264(annex_b: &[u8]) -> (TrackSpec, Vec<AccessUnit>) {
    let (mut sps, mut pps, mut units) = (Vec::new(), Vec::new(), Vec::<(BytesMut, bool)>::new());
    let starts: Vec<_> = (0..annex_b.len() - 3).filter(|at| annex_b[*at..].starts_with(&[0, 0, 1])).collect();
    for (n, start) in starts.iter().enumerate() {
        let end = starts.get(n + 1).map_or(annex_b.len(), |next| if annex_b[next - 1] == 0 { next - 1 } else { *next });
        let nal = &annex_b[start + 3..end];
        match nal[0] & 0x1F {
            9 => units.push((BytesMut::new(), false)),
            7 => sps = vec![Bytes::copy_from_slice(nal)],
            8 => pps = vec![Bytes::copy_from_slice(nal)],
            kind => {
                let (unit, is_idr) = units.last_mut().unwrap();
                unit.put_u32(nal.len() as u32);
                unit.put_slice(nal);
                *is_idr |= kind == 5;
            }
        }
    }
    let track = VideoTrack::new(320, 180);
    let format = TrackFormat::H264(track, H264Config { framing: NalFraming::Length(4), sps, pps });
    let spec = TrackSpec::video(TrackId(0), "Video_320x180_300kbps", 300_000, format, FrameRate::FPS_30);
    let at = |n: i64| MediaTime::from_ticks(START * 90_000 + n * 3000, Timescale::MPEG);
    let units = units.into_iter().zip(0..).map(|((data, is_idr), n)| unit(0, at(n), is_idr, data.freeze()));
    (spec, units.collect())
}

fn aac(adts: &[u8]) -> (TrackSpec, Vec<AccessUnit>) {
    let scale = Timescale::new(44_100).unwrap();
    let (mut rest, mut units) = (adts, Vec::new());
    while rest.len() > 7 {
        let len = usize::from(rest[3] & 3) << 11 | usize::from(rest[4]) << 3 | usize::from(rest[5]) >> 5;
        let at = MediaTime::from_ticks(START * 44_100 + 1024 * units.len() as i64, scale);
        units.push(unit(1, at, true, Bytes::copy_from_slice(&rest[7..len])));
        rest = &rest[len..];
    }
    let track = AudioTrack { sample_rate: 44_100, channels: 2 };
    let format = TrackFormat::Aac(track, AacConfig { asc: Bytes::from_static(&[0x12, 0x10]) });
    (TrackSpec::audio(TrackId(1), "audio", 64_000, format, Language::UND), units)
}

fn unit(track: u32, pts: MediaTime, is_random_access: bool, data: Bytes) -> AccessUnit {
    let (track, duration) = (TrackId(track), MediaDuration::ZERO);
    AccessUnit { track, pts, dts: pts, duration, is_random_access, is_damaged: false, data }
}

/// Writes what an origin answers under the paths at which it does. The times at which the segments of the rung begin.
fn publish(tracks: Vec<TrackSpec>, pictures: &[AccessUnit], frames: &[AccessUnit], folder: &Path) -> Vec<u64> {
    let presentation = Arc::new(Presentation::new(tracks.clone(), Utc::UNIX_EPOCH));
    let name = AssetName::new("a").unwrap();
    let mut origin = Origin::new(OriginConfig::default());
    origin.publish("l", &name, "n").unwrap();
    let config = AssetConfig { window: None, rewind: None, segment_duration: MediaDuration::from_secs(2) };
    let mut asset = Asset::open(name, presentation, config);
    let mut segmenter = Segmenter::new(tracks, SegmenterLimits::default());
    let at = |secs| MediaTime::ZERO.plus(MediaDuration::from_secs(START + secs));
    (0..3).for_each(|n| segmenter.boundary(at(2 * n)).unwrap());
    pictures.iter().chain(frames).for_each(|unit| segmenter.push(unit.track, unit.clone()).unwrap());
    segmenter.finish(at(7));
    while let Some(sealed) = segmenter.pull() {
        assert_eq!(sealed.faults, []);
        asset.push(&sealed).unwrap();
    }
    asset.end();
    let mut store = std::collections::BTreeMap::new();
    while let Some(output) = asset.pull() {
        match output {
            AssetOutput::Store(object) => drop(store.insert(object.name, object.body)),
            AssetOutput::Update(update) => origin.apply(&update).unwrap(),
            AssetOutput::Append(_) | AssetOutput::Grow(_) => {}
            AssetOutput::Discard(name) => panic!("{name}"),
        }
    }
    let timeline = origin.timeline(asset.name()).unwrap();
    let spans = timeline
        .segments()
        .flat_map(|segment| [("300000", "video"), ("64000", "audio")].into_iter().zip(segment.spans.to_vec()));
    let fragments = spans.flat_map(|((bitrate, track), span)| {
        ["m3u8-cmaf).m4s", "mpd-time-cmaf)"]
            .map(|format| format!("QualityLevels({bitrate})/Fragments({track}={},format={format}", span.start))
    });
    let inits = ["QualityLevels(300000)/Fragments(video=i", "QualityLevels(64000)/Fragments(audio=i"]
        .map(|init| format!("{init},format=mpd-time-cmaf)"));
    let starts: Vec<u64> = timeline.segments().map(|segment| segment.spans[0].start).collect();
    let others = starts.iter().flat_map(|start| {
        [
            "m3u8-aapl).ts",
            "m3u8-cmaf,type=keyframes).m4s",
            "m3u8-aapl,type=keyframes).ts",
            "mpd-time-cmaf,type=keyframes)",
        ]
        .map(|format| format!("QualityLevels(300000)/Fragments(video={start},format={format}"))
    });
    for rest in PATHS.into_iter().map(String::from).chain(fragments).chain(others).chain(inits) {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let response = match origin.handle(&Request::get(&format!("/l/n.ism/{rest}")), now) {
            Reply::Response(response) => response,
            Reply::Need(need) => {
                let objects: Vec<_> = need.names().iter().map(|name| store.get(name).cloned()).collect();
                need.fulfil(objects)
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(response.status, 200, "{rest}");
        let file = folder.join(&rest);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, response.body.to_bytes()).unwrap();
    }
    starts
}
