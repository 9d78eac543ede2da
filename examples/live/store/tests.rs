use std::{env, fs, path::PathBuf, process, sync::Arc};

use headend::{
    archive::{
        Asset, AssetConfig, AssetOutput, Pack, Presentation, Recovered, SealedSegment, Segment, Span, TimelineChange,
        TrackSpec,
    },
    media::{AacConfig, AudioTrack, Language, TrackFormat, TrackId},
    time::{MediaDuration, MediaTime, Utc},
};

use super::{backend::Listed, *};

/// A folder of this test alone, which is gone when it ends.
struct Temporary(PathBuf);

impl Temporary {
    fn new(name: &str) -> Self {
        let folder = env::temp_dir().join(format!("headend-{name}-{}", process::id()));
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn asset() -> AssetName {
    AssetName::new("main-1").unwrap()
}

fn object(n: u64, len: usize) -> Object {
    let body = Body::from(vec![Bytes::from(vec![n as u8; len / 2]), Bytes::from(vec![7; len - len / 2])]);
    Object { name: ObjectName::fragment(&asset(), &track(), n), content_type: "audio/mp4", body }
}

fn track() -> TrackSpec {
    let format = AacConfig { asc: Bytes::from_static(&[0x11, 0x90]) };
    let format = TrackFormat::Aac(AudioTrack { sample_rate: 48_000, channels: 2 }, format);
    TrackSpec::audio(TrackId(0), "audio", 64_000, format, Language::UND)
}

fn places(folder: &Temporary) -> [Place; 2] {
    [Place::Folder(folder.0.join("files")), Place::Objects(Some(folder.0.join("objects")))]
}

#[tokio::test]
async fn every_backend_does_the_same() {
    let folder = Temporary::new("backends");
    for place in places(&folder).into_iter().chain([Place::Objects(None)]) {
        let backend = place.open().unwrap().unwrap();
        let (one, two) = (object(1, 10), object(2, 20));
        for object in [&one, &two] {
            backend.put(object.name.as_str(), &object.body).await.unwrap();
        }
        assert_eq!(backend.read(one.name.as_str()).await.unwrap().unwrap(), one.body.to_bytes());
        assert_eq!(backend.read("main-1/audio/3.m4s").await.unwrap(), None);
        let page = Bytes::from_static(b"head, first, torn");
        backend.grow("main-1/index/00000000.idx", 0, &page).await.unwrap();
        backend.grow("main-1/index/00000000.idx", 11, &Bytes::from_static(b"head, first, second")).await.unwrap();
        assert_eq!(backend.read("main-1/index/00000000.idx").await.unwrap().unwrap(), "head, first, second");
        backend.put("a-record", &Body::from(page)).await.unwrap();
        let listed = backend.list("").await.unwrap();
        assert_eq!((listed.folders, listed.objects), (vec!["main-1".into()], vec!["a-record".into()]));
        assert_eq!(backend.list("main-1").await.unwrap().folders, ["audio", "index"]);
        assert_eq!(backend.list("main-1/index").await.unwrap().objects, ["00000000.idx"]);
        assert_eq!(backend.list("main-1/audio").await.unwrap().objects, ["1.m4s", "2.m4s"]);
        assert_eq!(backend.list("nowhere").await.unwrap(), Listed::default());
        for name in [one.name.as_str(), one.name.as_str(), "nowhere/1"] {
            backend.remove(name).await.unwrap();
        }
        assert_eq!(backend.read(one.name.as_str()).await.unwrap(), None);
    }
}

#[tokio::test]
async fn what_is_written_opens_in_another_run() {
    let folder = Temporary::new("reopened");
    for place in places(&folder) {
        let config = AssetConfig { window: None, rewind: None, segment_duration: MediaDuration::from_secs(2) };
        let presentation = Presentation::new(vec![track()], Utc::UNIX_EPOCH);
        let mut written = Asset::open(asset(), Arc::new(presentation), config);
        written.drift(MediaDuration::from_millis(250));
        written.end();
        let store = Store::open(&place).unwrap();
        store.start();
        while let Some(output) = written.pull() {
            match output {
                AssetOutput::Store(object) => store.put(object),
                AssetOutput::Grow(growth) => store.grow(growth),
                AssetOutput::Append(append) => store.append(&append),
                AssetOutput::Discard(name) => store.discard(&name),
                AssetOutput::Update(_) => {}
            }
        }
        store.record("locators.json", Bytes::from_static(b"{}"));
        store.settled().await;
        assert_eq!((store.unwritten(), store.waiting()), (0, 0));
        let again = Store::open(&place).unwrap();
        assert_eq!(again.assets().await.unwrap(), [asset()], "the record has a name that an asset might have");
        let recovered = Recovered::open(&asset(), &again.pages(&asset()).await.unwrap()).unwrap();
        assert_eq!(recovered.updates().last().unwrap().change, TimelineChange::Ended);
        assert_eq!(again.read_record("locators.json").await.unwrap().unwrap(), "{}");
    }
}

#[tokio::test]
async fn row_59_what_was_never_written_is_a_gap_in_another_run() {
    let folder = Temporary::new("absent");
    for place in places(&folder) {
        let segment_duration = MediaDuration::from_secs(2);
        let config = AssetConfig { window: None, rewind: None, segment_duration };
        let mut written = Asset::open(asset(), Arc::new(Presentation::new(vec![track()], Utc::UNIX_EPOCH)), config);
        for sequence in 0..6 {
            let segment = Segment {
                sequence,
                start: MediaTime::ZERO.plus(segment_duration.times(sequence as i64)),
                duration: segment_duration,
                is_discontinuous: false,
                spans: [Span { start: sequence, duration: 1, bytes: 10 }].into(),
                cues: Arc::default(),
                pack: Pack::default(),
            };
            let fragments = vec![object(sequence, 10).body];
            written.push(&SealedSegment { segment, fragments, parts: vec![], faults: vec![] }).unwrap();
        }
        let store = Store::open(&place).unwrap();
        store.start();
        while let Some(output) = written.pull() {
            match output {
                // As if it had been refused.
                AssetOutput::Store(object) if object.name == self::object(3, 0).name => {}
                AssetOutput::Store(object) => store.put(object),
                AssetOutput::Append(append) => store.append(&append),
                _ => {}
            }
        }
        store.settled().await;
        let again = Store::open(&place).unwrap();
        let mut recovered = Recovered::open(&asset(), &again.pages(&asset()).await.unwrap()).unwrap();
        let absent = again.absent(&recovered).await.unwrap();
        assert_eq!(absent, [object(3, 0).name]);
        assert_eq!(recovered.lose(&absent), 1);
        assert_eq!(again.absent(&recovered).await.unwrap(), []);
        assert!(
            recovered.timeline().segments().all(|segment| segment.spans[0].is_missing() == (segment.sequence == 3))
        );
    }
}

#[test]
fn row_59_players_read_what_waits_and_what_is_refused() {
    let mut queue = Queue::default();
    let objects: Vec<Object> = (0..4).map(|n| object(n, 100)).collect();
    objects.iter().for_each(|object| queue.store(object.clone()));
    for object in &objects {
        let (write, _, body) = queue.next().unwrap();
        assert_eq!((&write, &body), (&Write::Store(object.name.clone()), &object.body));
        if object.name == objects[1].name { queue.refused(write) } else { queue.done(write) }
    }
    assert!(queue.next().is_none());
    assert_eq!(queue.unwritten(), 1);
    assert!(objects.iter().all(|object| queue.held(&object.name).as_ref() == Some(&object.body)));
    queue.remove(&objects[1].name);
    assert_eq!((queue.unwritten(), queue.held(&objects[1].name)), (0, None));
}

#[test]
fn row_59_a_backend_that_hangs_costs_no_more_than_a_ceiling_and_the_newest_stay() {
    let mut queue = Queue::default();
    let objects: Vec<Object> = (0..80).map(|n| object(n, 8 << 20)).collect();
    objects.iter().for_each(|object| queue.store(object.clone()));
    assert_eq!((queue.len(), queue.unwritten()), (32, 48));
    // Whoever tells players of gaps hears of each once.
    let given_up: Vec<ObjectName> = objects[..48].iter().map(|object| object.name.clone()).collect();
    assert_eq!((queue.take_lost(), queue.take_lost()), (given_up, vec![]));
    let held = objects.iter().filter(|object| queue.held(&object.name).is_some());
    assert_eq!(
        held.map(|object| object.name.clone()).collect::<Vec<_>>(),
        objects[48..].iter().map(|o| o.name.clone()).collect::<Vec<_>>()
    );
    // They are refused at last: as much is held on.
    while let Some((write, ..)) = queue.next() {
        queue.refused(write);
    }
    assert_eq!(queue.unwritten(), 80);
    assert!(queue.held(&objects[79].name).is_some());
    assert!(queue.take_lost().is_empty(), "what is refused and still held can be played");
    // More is refused than can be held.
    queue.store(object(80, 8 << 20));
    let (write, ..) = queue.next().unwrap();
    queue.refused(write);
    assert_eq!(queue.take_lost(), [objects[48].name.clone()]);
    assert_eq!((queue.held(&objects[48].name), queue.unwritten()), (None, 81));
}

#[test]
fn a_page_is_written_as_far_as_it_was_then_and_catches_up() {
    let mut queue = Queue::default();
    let name = ObjectName::index_page(&asset(), 0);
    let append = |at, bytes: &'static [u8]| Append { name: name.clone(), at, bytes: Bytes::from_static(bytes) };
    queue.know(name.clone(), b"whole, torn");
    queue.append(&append(5, b", one"));
    queue.append(&append(10, b", two"));
    let (write, page, _) = queue.next().unwrap();
    assert_eq!((page, queue.written(&name)), (Bytes::from_static(b"whole, one"), 5));
    queue.refused(write);
    let (write, page, _) = queue.next().unwrap();
    assert_eq!((page, queue.written(&name)), (Bytes::from_static(b"whole, one, two"), 5));
    queue.done(write);
    assert_eq!(queue.written(&name), 15);
}
