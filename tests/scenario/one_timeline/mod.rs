//! One timeline: the same instant has the same number in the URLs of HLS, DASH and Smooth Streaming, and a window of 25 hours in
//! which the 33 bits of the contribution's time stamps wrap shows it in no manifest (A17.2; FAULTS row 1 and I7).

mod read;
mod untouched;

use std::time::Duration;

use headend::{
    archive::AssetName,
    channel::{ChannelConfig, Encoding, Event, IngestId, PassThrough, ProgramConfig},
    media::Segment,
    origin::{Origin, OriginConfig, Reply, Request},
    time::{MediaDuration, MediaTime, Timescale},
};

use crate::{
    follow::FORMATS,
    list::Set,
    rig::{Rig, line::datagrams, script::Script, toy_codecs::ToyCodecs, ts_feed::TsFeed},
    stored::find,
};
use read::{Times, end};
use untouched::Untouched;

const WRAP: i64 = 1 << 33;
const MINUTE: i64 = 60 * Script::SECOND;
/// Seconds of a segment.
const SEGMENT: i64 = 10;
const WINDOW: MediaDuration = ProgramConfig::LONGEST_WINDOW;
/// Of a client manifest, which lists all but so many of the newest fragments.
const LOOK_AHEAD: usize = 2;

/// A channel with a program of the longest window, who watches it, and an encoder of a picture each second.
struct Story {
    rig: Rig,
    feed: TsFeed,
    id: IngestId,
    start: Duration,
    origin: Origin,
    seen: usize,
}

impl Story {
    /// The first picture has this time stamp.
    fn begin(first: i64) -> Self {
        let mut config = ChannelConfig::new("one").unwrap();
        let longest_segment = MediaDuration::from_secs(SEGMENT);
        config.encoding = Encoding::None(PassThrough { longest_segment, ..PassThrough::default() });
        config.gop = longest_segment;
        let mut rig = Rig::new(config, ToyCodecs::shared());
        rig.start();
        let asset = AssetName::new("asset").unwrap();
        let mut origin = Origin::new(OriginConfig::default());
        origin.publish("loc", &asset, "ch1").unwrap();
        rig.channel.run_program(ProgramConfig { window: Some(WINDOW), ..ProgramConfig::new(asset) }).unwrap();
        rig.drain();
        let mut feed = TsFeed::new(first);
        (feed.script.frame, feed.script.gop, feed.script.size) = (Script::SECOND, SEGMENT as u64, 60);
        // 8 kHz.
        (feed.script.sound, feed.adts) = (11_520, [0x6C, 0x80]);
        let id = rig.attach("ts", Box::new(Untouched::new(MediaDuration::from_secs(1))));
        let start = rig.now.monotonic;
        Self { rig, feed, id, start, origin, seen: 0 }
    }

    /// Sends everything up to so many ticks after the first picture.
    fn play_to(&mut self, ticks: i64) {
        while self.feed.script.now() < ticks {
            let sent = datagrams(&self.feed.pictures(10));
            self.rig.play(self.id, self.start, &sent);
            // What was sent long ago is no longer needed.
            let units = &mut self.feed.script.units;
            units.drain(..units.len() - 1);
            self.rig.updates[self.seen..].iter().for_each(|update| self.origin.apply(update).unwrap());
            self.seen = self.rig.updates.len();
        }
        let is_told =
            |(_, event): &&(Duration, Event)| matches!(event, Event::Fault { .. } | Event::TrackDiscontinuity { .. });
        assert_eq!(self.rig.events.iter().find(is_told), None);
    }

    fn get(&self, rest: &str) -> Vec<u8> {
        let path = format!("/loc/ch1.ism/{rest}");
        let response = match self.origin.handle(&Request::get(&path), self.rig.now) {
            Reply::Response(response) => response,
            Reply::Need(need) => {
                let bodies: Vec<_> =
                    need.names().iter().map(|name| self.rig.store.get(name.as_str()).cloned()).collect();
                need.fulfil(bodies)
            }
            other => panic!("{rest}: {other:?}"),
        };
        assert_eq!(response.status, 200, "{rest}");
        response.body.to_bytes().to_vec()
    }

    fn text(&self, rest: &str) -> String {
        String::from_utf8(self.get(rest)).unwrap()
    }

    /// Looks at every manifest, which lists `listed` and nothing else.
    fn check(&self, listed: &[Segment]) {
        let window = listed.last().unwrap().end().since(listed[0].start);
        let segment = MediaDuration::from_secs(SEGMENT);
        assert!(window >= WINDOW.minus(segment) && window <= WINDOW.plus(segment), "{window:?}");
        let presentation = self.rig.presentation();
        let tracks = [true, false].map(|is_video| {
            let track = presentation.tracks.iter().position(|track| track.format.is_video() == is_video).unwrap();
            let spans = listed.iter().map(|segment| segment.spans[track]);
            let times: Times = spans.map(|span| (span.start, span.duration.into())).collect();
            assert!(times.windows(2).all(|pair| end(&pair[0]) == pair[1].0 && pair[0].0 < pair[1].0));
            let track = &presentation.tracks[track];
            Track { name: track.url_track.clone(), scale: track.timescale.per_second().into(), times }
        });
        let of = |is_video: bool| &tracks[usize::from(!is_video)];
        self.check_hls(listed[0].sequence, of);
        for format in ["mpd-time-cmaf", "mpd-time-csf"] {
            let sets = read::mpd(&self.text(&format!("Manifest(format={format})")));
            assert_eq!(sets.len(), 3, "pictures, sound and key frames");
            sets.iter().for_each(|set| of(set.is_video).assert_is(set, 0, "$Time$"));
        }
        for rest in ["Manifest", "Manifest(format=fmp4-v20)"] {
            let sets = read::smooth(&self.text(rest));
            assert_eq!(sets.len(), 2);
            sets.iter().for_each(|set| of(set.is_video).assert_is(set, LOOK_AHEAD, "{start time}"));
        }
        for (set, first) in read::numbered(&self.text("Manifest(format=mpd-number-cmaf)")) {
            let (track, (offset, each)) = (of(set.is_video), set.times[0]);
            for (segment, (start, _)) in listed.iter().zip(&track.times) {
                // Both in ticks of the set; a place is half a segment off at most.
                let place = offset + (segment.sequence - first) * each;
                let off = (start * set.scale / track.scale).abs_diff(place);
                assert!(off < each / 2, "number {} is {off} off in {}", segment.sequence, track.name);
            }
        }
        self.check_hds(listed, of(true));
    }

    fn check_hls<'a>(&self, sequence: u64, of: impl Fn(bool) -> &'a Track) {
        for format in FORMATS {
            let set = Set::new(&self.get(&format!("Manifest(format={format})")));
            assert!(set.uris().len() >= 2);
            for uri in set.uris() {
                let track = of(uri.contains(&format!("/Manifest({}", of(true).name)));
                let (first, entries) = read::playlist(&self.get(uri));
                assert_eq!((first, entries.len()), (sequence, track.times.len()), "{uri}");
                for ((entry, seconds), (start, length)) in entries.iter().zip(&track.times) {
                    assert_eq!(*entry, track.url(*start), "{uri}");
                    assert!((seconds - *length as f64 / track.scale as f64).abs() < 1e-5, "{uri} {entry}");
                }
            }
        }
    }

    fn check_hds(&self, listed: &[Segment], track: &Track) {
        let urls = read::bootstraps(&self.text("Manifest(format=f4m-f4f)"));
        assert!(!urls.is_empty());
        for url in urls {
            let (first, mut times) = read::bootstrap(&self.get(&url));
            assert_eq!(u64::from(first), listed[0].sequence + 1);
            // The last run does not say how long it goes on.
            let (start, length) = *times.last().unwrap();
            times.extend((1..).map(|n| (start + n * length, length)).take(listed.len() - times.len()));
            for ((at, length), (start, lasts)) in times.iter().zip(&track.times) {
                assert!(at.abs_diff(start * 1000 / track.scale) <= 1, "{at} of {start}");
                assert!(length.abs_diff(lasts * 1000 / track.scale) <= 1);
            }
        }
    }

    /// Every form of the segment: there, at the time in its URL.
    fn fetch(&self, segment: &Segment) -> [u64; 2] {
        let presentation = self.rig.presentation();
        let mut stamps = [0; 2];
        for (track, span) in presentation.tracks.iter().zip(segment.spans.iter()) {
            let url = |format: &str| {
                format!("QualityLevels({})/Fragments({}={}{format})", track.bitrate, track.url_track, span.start)
            };
            let stored = self.get(&url(",format=m3u8-cmaf"));
            assert_eq!(find(&stored, "moof/traf/tfdt").unwrap()[4..], span.start.to_be_bytes());
            assert_eq!(self.get(&url(",format=mpd-time-cmaf")), stored);
            let by_number = format!(
                "QualityLevels({})/Fragments({}={},format=mpd-number-cmaf)",
                track.bitrate, track.url_track, segment.sequence
            );
            assert_eq!(self.get(&by_number), stored);
            assert!(self.get(&url("")).windows(8).any(|time| time == span.start.to_be_bytes()), "Smooth Streaming");
            let is_video = track.format.is_video();
            if is_video {
                let stream = self.get(&url(",format=m3u8-aapl"));
                stamps[0] = read::time_stamps(&stream)[0].unwrap();
                let sound = presentation.tracks.iter().find(|track| track.format.is_audio()).unwrap();
                let both = url(",format=m3u8-aapl-v3").replacen(')', &format!(",audiotrack={})", sound.url_track), 1);
                let [pictures, sound] = read::time_stamps(&self.get(&both));
                assert_eq!(pictures, Some(stamps[0]));
                stamps[1] = sound.unwrap();
                let number = segment.sequence + 1;
                let rung = format!("QualityLevels({})/Fragments({}", track.bitrate, track.url_track);
                assert!(!self.get(&format!("{rung},format=f4m-f4f)Seg1-Frag{number}")).is_empty());
            }
        }
        stamps
    }
}

/// What every manifest says of a track.
struct Track {
    name: String,
    /// Ticks of a second.
    scale: u64,
    times: Times,
}

impl Track {
    /// What all formats have in front of their own name in the URL of the segment that starts there.
    fn url(&self, start: u64) -> String {
        format!("Fragments({}={start}", self.name)
    }

    /// A set lists the same, but for some of the newest, and its template makes the same URLs.
    fn assert_is(&self, set: &read::Set, ahead: usize, time: &str) {
        assert_eq!((set.scale, &set.times[..]), (self.scale, &self.times[..self.times.len() - ahead]), "{}", self.name);
        let template = set.template.split_once('/').unwrap().1;
        let start = self.times[0].0;
        let url = template.replace(time, &start.to_string());
        assert_eq!(url.split([',', ')']).next(), Some(&self.url(start)[..]));
    }
}

#[test]
fn a_window_of_25_hours_crosses_the_wrap_of_33_bits_and_no_manifest_shows_it() {
    // The window is full half an hour before the wrap.
    let wrap = 25 * 60 * MINUTE + 30 * MINUTE;
    let mut story = Story::begin(WRAP - wrap);
    let is_behind = |segment: &Segment| segment.end() > MediaTime::from_ticks(WRAP, Timescale::MPEG);
    let mut behind = Vec::new();
    for at in [wrap - MINUTE, wrap - 10 * Script::SECOND, wrap, wrap + 30 * Script::SECOND, wrap + 60 * MINUTE] {
        story.play_to(at);
        let timeline = story.origin.timeline(&AssetName::new("asset").unwrap()).unwrap();
        let listed: Vec<Segment> = timeline.segments().cloned().collect();
        story.check(&listed);
        assert!((8_999..=9_001).contains(&listed.len()));
        behind.push(listed.iter().filter(|segment| is_behind(segment)).count());
    }
    // Behind the wrap are the segment that it is in, a few of the next half minute, and an hour of them.
    assert!(behind[..2] == [0, 0] && behind[4] >= 350 && behind.is_sorted() && behind[3] > behind[2], "{behind:?}");
    // Segments on both sides: the manifests' times go on, and those of transport streams, which are ten seconds later, go round.
    let segments = story.rig.segments();
    let video = story.rig.presentation().tracks.iter().position(|track| track.format.is_video()).unwrap();
    let first = segments.iter().position(|segment| segment.spans[video].start as i64 >= WRAP - 900_000).unwrap();
    assert!(segments[first + 1].spans[video].start as i64 >= WRAP - 900_000 + SEGMENT * Script::SECOND);
    let near = &segments[first - 2..first + 4];
    let stamps: Vec<[u64; 2]> = near.iter().map(|segment| story.fetch(segment)).collect();
    for (segment, [pictures, sound]) in near.iter().zip(&stamps) {
        let expected = (segment.spans[video].start + 900_000) & (WRAP as u64 - 1);
        assert_eq!(*pictures, expected, "{segment:?}");
        // Sound starts with the pictures, to a frame of it.
        let apart = (*sound as i64 - expected as i64 + WRAP + WRAP / 2) % WRAP - WRAP / 2;
        assert!(apart.abs() <= 11_520, "{apart}");
    }
    assert_eq!(stamps.windows(2).filter(|pair| pair[0][0] > pair[1][0]).count(), 1, "once round: {stamps:?}");
    assert!(near.last().unwrap().spans[video].start as i64 > WRAP && (near[0].spans[video].start as i64) < WRAP);
}
