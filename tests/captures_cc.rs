//! Captions of real streams and files through whole channels with real codecs: what is read in every rung is what the source
//! says (A13.1, FAULTS row 50). ffmpeg reads it, too, where it is there.
//!
//! The material lies beside the project and is not part of it; without it every test says so and passes.
#![cfg(all(feature = "openh264", feature = "aac", feature = "fdk-aac"))]
#![allow(clippy::disallowed_methods, clippy::unwrap_used, reason = "a test reads its fixtures from disk")]

#[path = "rig/mod.rs"]
mod rig;

use std::{fs, path::PathBuf, process::Command, sync::Arc, time::Duration};

use bytes::Bytes;
use headend::{
    channel::Event,
    ingest::{Demuxed, Demuxer, TsConfig, TsDemuxer},
    ladder::{BuiltinCodecs, Codecs, Profile, VideoEncoderConfig},
    media::{AccessUnit, Frame, FramePool, FrameRate, NalFraming, Track, TrackFormat, TrackId},
    splice::OnAir,
    time::{MediaDuration, MediaTime, Now, Timescale, Utc},
};
use rig::{
    Rig,
    captions::{CaptionScript, Shown, all_cc_data, read_captions, read_erased, sei, texts},
    feed::Feed,
    small_config,
};

fn media(path: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/media/captions");
    if !folder.is_dir() {
        println!("skipped: no ../shared/media");
        return None;
    }
    Some(folder.join(path))
}

/// A channel of two small rungs with real codecs, on air.
fn on_air() -> Rig {
    let mut rig = Rig::new(small_config(), Arc::new(BuiltinCodecs::new()));
    rig.start();
    rig.start_program("asset");
    rig
}

/// Everything that is in a transport stream.
fn demuxed(path: &PathBuf) -> Vec<Demuxed> {
    let mut demuxer = TsDemuxer::new(TsConfig::default());
    demuxer.push(fs::read(path).unwrap().into(), Now::new(Duration::ZERO, Utc::UNIX_EPOCH)).unwrap();
    demuxer.finish();
    std::iter::from_fn(|| demuxer.pull()).collect()
}

/// Hands in what was demultiplexed, each picture at its decode time.
fn play(rig: &mut Rig, feed: &Feed, id: headend::channel::IngestId, items: Vec<Demuxed>, video: TrackId) {
    let mut clock: Option<(MediaTime, Duration)> = None;
    for item in items {
        if let Demuxed::Unit(unit) = &item
            && unit.track == video
        {
            let (first, start) = *clock.get_or_insert((unit.dts, rig.now.monotonic));
            let due = start + unit.dts.since(first).to_std();
            rig.pass(due.saturating_sub(rig.now.monotonic));
        }
        feed.push(item);
        rig.bytes(id, vec![0; 100]);
    }
}

/// Every `cc_data()` of an access unit with start codes.
fn cc_of_annex_b(data: &Bytes) -> Vec<Vec<u8>> {
    let nals = headend::codec::h264::nal_units(data, NalFraming::AnnexB);
    let framed: Vec<u8> = nals.flat_map(|nal| [&(nal.len() as u32).to_be_bytes()[..], &nal].concat()).collect();
    all_cc_data(&framed)
}

/// When each source went on air, in ticks.
fn sources(rig: &Rig) -> Vec<(i64, OnAir)> {
    let source = |event: &Event| if let Event::OnAir { source, at } = event { Some((*at, *source)) } else { None };
    let all = rig.events.iter().filter_map(|(_, event)| source(event));
    all.map(|(at, source)| (at.ticks(Timescale::MPEG), source))
        .skip_while(|(_, source)| *source != OnAir::Live)
        .collect()
}

/// The words of a SubRip file or of a text on screen, to be compared whatever the layout.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

#[test]
fn captures_say_in_every_rung_what_they_said_row_50() {
    for (file, services) in [
        ("androidx-hls-cea608.ts", &["CC1"][..]),
        ("shaka-captions-test.ts", &["CC1", "SERVICE1"]),
        ("muxjs-multi-channel-608-captions.ts", &["CC1", "CC3"]),
    ] {
        let Some(path) = media(file) else { return };
        let items = demuxed(&path);
        let video = items.iter().find_map(|item| match item {
            Demuxed::Track(track) if track.format.is_video() => Some(track.id),
            _ => None,
        });
        let video = video.unwrap();
        let units = items.iter().filter_map(|item| match item {
            Demuxed::Unit(unit) if unit.track == video => Some(unit),
            _ => None,
        });
        let said = |unit: &AccessUnit| {
            let at = unit.pts.ticks(Timescale::MPEG);
            cc_of_annex_b(&unit.data).into_iter().map(move |data| (at, data))
        };
        let mut sent: Vec<(i64, Vec<u8>)> = units.flat_map(said).collect();
        sent.sort_by_key(|(at, _)| *at);
        let expected = read_captions(sent);
        let mut rig = on_air();
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        play(&mut rig, &feed, id, items, video);
        rig.pass(Duration::from_secs(5));
        let slate = sources(&rig)[1].0;
        for rung in 0..2 {
            let shown: Vec<Shown> =
                rig.read_captions("asset", rung).into_iter().filter(|shown| shown.at < slate - 90_000).collect();
            for service in ["CC1", "CC2", "CC3", "CC4", "SERVICE1"] {
                let (found, all) = (texts(&shown, service), texts(&expected, service));
                println!("{file} {service}: {} of {}", found.len(), all.len());
                // The last pictures never got their frame, as nothing came behind them.
                assert!(all.starts_with(&found) && found.len() + 4 >= all.len(), "{file} {service}: {found:?} {all:?}");
                assert_eq!(services.contains(&service), !found.is_empty(), "{file} {service}");
            }
        }
        // What ffmpeg reads in the source, it reads in a rung.
        if let Some(found) = read_by_ffmpeg(&format!("captions_{file}.mp4"), &rig.track_file("asset", 1)) {
            let answer = fs::read_to_string(media(&format!("answers/{file}.cc.srt")).unwrap()).unwrap();
            let lines = answer.lines().filter(|line| line.contains(char::is_alphabetic));
            let wanted: Vec<String> = lines.map(|line| letters_of_line(&line.replace("\\h", " "))).collect();
            let found = found.join(" ");
            assert!(wanted.iter().all(|line| found.contains(line.as_str())), "{file}: {wanted:?} in {found}");
            println!("{file}: ffmpeg reads all {} lines of the answer in a rung", wanted.len());
        }
        let ledger = rig.channel.captions().unwrap();
        println!("{file}: {ledger:?}");
        assert!(ledger.is_balanced() && ledger.broken == 0, "{file}: {ledger:?}");
    }
}

/// A small moving picture by the encoder of the ladder, with a start code before each NAL unit and an IDR every second.
fn clip(rate: FrameRate, seconds: i64) -> (Track, Vec<AccessUnit>) {
    let (width, height) = (96, 64);
    let config = VideoEncoderConfig {
        width,
        height,
        bitrate: 100_000,
        profile: Profile::Main,
        frame_rate: rate,
        sample_aspect: (1, 1),
    };
    let mut encoder = BuiltinCodecs::new().h264_encoder(&config).unwrap();
    let TrackFormat::H264(video, sets) = encoder.format() else { panic!("no H.264") };
    let head: Vec<u8> = sets.sps.iter().chain(&sets.pps).flat_map(|set| [&[0, 0, 0, 1][..], set].concat()).collect();
    let (pool, per_second) = (FramePool::new(), rate.as_f64().round() as i64);
    let units = (0..seconds * per_second).map(|n| {
        let pts = MediaTime::ZERO.plus(rate.frame_duration().times(n));
        let frame = Frame::build(&pool, (width as usize, height as usize), pts, |y, u, v| {
            y.iter_mut().enumerate().for_each(|(at, luma)| *luma = (at as i64 + n * 3) as u8);
            u.fill(128);
            v.fill(128);
        });
        let unit = encoder.encode(&frame, n % per_second == 0).unwrap().unwrap();
        let nals = headend::codec::h264::nal_units(&unit.data, NalFraming::Length(4));
        let coded: Vec<u8> = nals.flat_map(|nal| [&[0, 0, 0, 1][..], &nal].concat()).collect();
        let data = if unit.is_random_access { [&head[..], &coded].concat() } else { coded };
        AccessUnit { track: TrackId(1), data: data.into(), ..unit }
    });
    let units = units.collect();
    let format = TrackFormat::H264(video, headend::media::H264Config { framing: NalFraming::AnnexB, ..sets });
    (Track::new(TrackId(1), Timescale::MPEG, format), units)
}

/// With the captions of a script in every picture; what each carries.
fn embed(units: Vec<AccessUnit>, mut script: CaptionScript, is_fast: bool) -> Vec<(AccessUnit, Vec<u8>)> {
    let put = |unit: AccessUnit| {
        let payload = script.next(unit.pts.ticks(Timescale::MPEG), is_fast);
        let message = sei(&payload);
        let slice =
            unit.data.windows(5).position(|bytes| bytes.starts_with(&[0, 0, 0, 1]) && matches!(bytes[4] & 31, 1 | 5));
        let data = [&unit.data[..slice.unwrap()], &message, &unit.data[slice.unwrap()..]].concat();
        (AccessUnit { data: data.into(), ..unit }, payload[8..payload.len() - 1].to_vec())
    };
    units.into_iter().map(put).collect()
}

#[test]
fn scenarist_files_go_through_sixty_to_thirty_a_slate_and_a_loss_row_50() {
    let fast = FrameRate::new(60_000, 1001).unwrap();
    for (file, every, count) in
        [("libcaption-tos.scc", 4, 8), ("ttconv-pop-on.scc", 6, 1), ("ttconv-paint-on.scc", 6, 1)]
    {
        let Some(path) = media(file) else { return };
        let mut script = CaptionScript::scenarist(&fs::read_to_string(path).unwrap(), every * 90_000);
        // Field 1 is in the pictures that are not shown.
        script.pictures = 1;
        let (track, units) = clip(fast, 45);
        let sent = embed(units, script, true);
        let mut rig = on_air();
        let feed = Feed::default();
        let id = rig.attach("feed", feed.demuxer());
        feed.push(Demuxed::Track(track));
        // Seconds 13 to 18 are hidden by a slate, and 27 to 33 do not come.
        let second = |n: i64| MediaTime::ZERO.plus(MediaDuration::from_secs(n));
        let start = rig.now.monotonic;
        for (unit, _) in sent.iter().filter(|(unit, _)| unit.pts < second(27) || unit.pts >= second(33)) {
            let due = start + unit.pts.since(MediaTime::ZERO).to_std();
            rig.pass(due.saturating_sub(rig.now.monotonic));
            let before = unit.pts.minus(fast.frame_duration());
            let passes = |at: MediaTime| before < at && unit.pts >= at;
            if passes(second(13)) {
                rig.channel.show_slate(None, None).unwrap();
            } else if passes(second(18)) {
                rig.channel.hide_slate().unwrap();
            }
            feed.push(Demuxed::Unit(unit.clone()));
            rig.bytes(id, vec![0; 100]);
        }
        rig.pass(Duration::from_secs(4));
        let sources = sources(&rig);
        let kinds: Vec<OnAir> = sources.iter().map(|(_, source)| *source).collect();
        use OnAir::{Live, OperatorSlate, Slate};
        assert_eq!(kinds, [Live, OperatorSlate, Live, Slate, Live, Slate], "{file}");
        // Where the pictures before and after the loss stand on the channel's clock.
        let ticks = |at: MediaTime| at.ticks(Timescale::MPEG);
        let back = sent.iter().find(|(unit, _)| unit.pts >= second(33) && unit.is_random_access).unwrap().0.pts;
        let placed = sent.iter().filter_map(|(unit, data)| {
            let at = match unit.pts {
                pts if pts < second(27) => ticks(pts) + sources[0].0,
                pts if pts >= back => ticks(pts) - ticks(back) + sources[4].0,
                _ => return None,
            };
            let on_air = sources.iter().rfind(|(from, _)| *from <= at + 800).map(|(_, source)| *source);
            Some((at, (on_air == Some(Live)).then(|| data.clone())))
        });
        let mut placed: Vec<(i64, Option<Vec<u8>>)> = placed.collect();
        // The loss erases, too, between the pictures before and behind it.
        let first = placed.iter().position(|(at, _)| *at >= sources[4].0 - 800).unwrap();
        placed.insert(first, (sources[4].0, None));
        let expected = texts(&read_erased(placed), "CC1");
        assert!(expected.len() >= count, "{file}: {expected:?}");
        for rung in 0..2 {
            assert_eq!(texts(&rig.read_captions("asset", rung), "CC1"), expected, "{file}");
        }
        let ledger = rig.channel.captions().unwrap();
        println!("{file}: {} texts, {ledger:?}", expected.len());
        assert!(ledger.is_balanced() && ledger.merged > 0 && ledger.added > 0, "{file}: {ledger:?}");
        let source: Vec<u8> = sent.iter().flat_map(|(unit, _)| unit.data.to_vec()).collect();
        assert_read_by_ffmpeg(&rig, file, &source, &expected);
    }
}

/// The texts, as letters, that ffmpeg reads in field 1 of a file; nothing where there is no ffmpeg.
fn read_by_ffmpeg(name: &str, bytes: &[u8]) -> Option<Vec<String>> {
    let mut file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&file, bytes).unwrap();
    let run = |arguments: &[&str]| {
        let out = Command::new("ffmpeg").args(["-v", "error", "-y"]).args(arguments).output();
        out.inspect_err(|_| println!("skipped: no ffmpeg")).ok()
    };
    if name.ends_with(".h264") {
        let timed = file.with_extension("timed.mp4");
        run(&["-r", "60000/1001", "-i", file.to_str()?, "-c", "copy", timed.to_str()?])?;
        file = timed;
    }
    let graph = format!("movie={}[out0+subcc]", file.display());
    let out = run(&["-data_field", "first", "-f", "lavfi", "-i", &graph, "-map", "s", "-f", "srt", "-"])?;
    let text = String::from_utf8_lossy(&out.stdout).replace("\\h", " ");
    // Number, times, lines.
    let lines = |cue: &str| cue.lines().skip(2).map(letters_of_line).collect::<String>();
    Some(text.split("\n\n").map(lines).filter(|cue| !cue.is_empty()).collect())
}

/// Every text that ffmpeg reads in a rung is one that it reads in the source. (It cuts lines at the right edge, where one of
/// the files puts some.)
fn assert_read_by_ffmpeg(rig: &Rig, name: &str, source: &[u8], expected: &[String]) {
    let Some(said) = read_by_ffmpeg(&format!("captions_{name}.h264"), source) else { return };
    let found = read_by_ffmpeg(&format!("captions_{name}.mp4"), &rig.track_file("asset", 1)).unwrap();
    // Text that is painted on and never erased is none to it.
    if said.is_empty() {
        return;
    }
    println!(
        "{name}: ffmpeg reads {} texts in the source, {} in a rung of {}",
        said.len(),
        found.len(),
        expected.len()
    );
    assert!(!found.is_empty() && found.iter().all(|text| said.contains(text)), "{name}: {found:?} {said:?}");
}

/// Without what SubRip has around a line.
fn letters_of_line(line: &str) -> String {
    letters(&line.replace("<font face=\"Monospace\">{\\an7}", "").replace("</font>", ""))
}
