use super::{
    tests::{BASE, NOW, asset, fragments, get, made, origin, segment, text},
    *,
};

fn apply(origin: &mut Origin, change: TimelineChange) {
    origin.apply(&TimelineUpdate { asset: asset(), change }).unwrap();
}

fn waits(origin: &Origin, rest: &str) -> bool {
    matches!(origin.handle(&Request::get(&format!("/loc/ch1.ism/{rest}")), NOW), Reply::Wait(_))
}

#[test]
fn a_manifest_its_bootstrap_and_its_fragments_a20_5() {
    let mut origin = origin();
    let manifest = get(&origin, "Manifest(format=f4m-f4f)");
    assert_eq!((manifest.status, manifest.headers.get("content-type")), (200, Some("application/f4m+xml")));
    let manifest = text(&manifest);
    assert!(manifest.contains("<streamType>live</streamType>"), "{manifest}");
    let of = |name: &str| -> Vec<String> {
        let after = manifest.split(name).skip(1).filter_map(|rest| rest.split_once("url=\"")?.1.split_once('"'));
        after.map(|(url, _)| url.into()).collect()
    };
    let bootstrap = &of("<bootstrapInfo")[0];
    let answer = get(&origin, bootstrap);
    assert_eq!((answer.status, answer.headers.get("content-type")), (200, Some("video/abst")));
    assert!(answer.body.to_bytes().windows(4).any(|four| four == b"abst"));
    let [pictures, sound] = fragments().map(Some);
    let rung = &of("<media")[1];
    assert_eq!(rung, "QualityLevels(200000,audiotrack=audio)/Fragments(video,format=f4m-f4f)");
    // Numbers are those of segments, from 1 on: segment 4 is fragment 5.
    let (names, made) = made(&origin, &format!("{rung}Seg1-Frag5"), &[&pictures, &sound]);
    let ticks = |scale: u64| 2 * (BASE + 4) * scale;
    assert_eq!(
        names,
        [
            format!("asset-1/Video_340x192_200kbps/{}.m4s", ticks(90_000)),
            format!("asset-1/audio/{}.m4s", ticks(44_100))
        ]
    );
    assert_eq!((made.status, made.headers.get("content-type")), (200, Some("video/f4f")));
    assert_eq!(&made.body.to_bytes()[4..8], b"mdat");
    // 9 is the newest and has number 10; 2 left lately; 60 is no time soon, and 0 nothing.
    let status = |n: u64| get(&origin, &format!("{rung}Seg1-Frag{n}")).status;
    assert!(waits(&origin, &format!("{rung}Seg1-Frag11")));
    assert_eq!([status(12), status(60), status(0)], [412, 404, 404]);
    let lately = format!("/loc/ch1.ism/{rung}Seg1-Frag2");
    assert!(matches!(origin.handle(&Request::get(&lately), NOW), Reply::Need(_)));
    let late = get(&origin, "QualityLevels(1)/Fragments(video,format=f4m-f4f)Seg1-Frag5");
    assert!(text(&late).contains("MPE_EGRESS_TRACK_NOT_FOUND"));
    apply(&mut origin, TimelineChange::Added(segment(10)));
    let later = get(&origin, bootstrap);
    assert_ne!(later.body.to_bytes(), answer.body.to_bytes());
    apply(&mut origin, TimelineChange::Ended);
    let ended = text(&get(&origin, "Manifest(format=f4m-f4f)"));
    assert!(ended.contains("<streamType>recorded</streamType>\n<duration>16.000</duration>"), "{ended}");
    assert_eq!(get(&origin, &format!("{rung}Seg1-Frag12")).status, 404);
}

#[test]
fn bootstraps_are_told_of_filters() {
    let mut origin = origin();
    origin.set_filter(None, "all", Filter::default()).unwrap();
    let path = "/loc/ch1.ism/Manifest(format=f4m-f4f,filter=all)";
    let start = 2 * (BASE + 5);
    let query = format!("start={start}");
    let request = Request { query: Some(&query), ..Request::get(path) };
    let Reply::Response(response) = origin.handle(&request, NOW) else { panic!() };
    let url =
        format!("QualityLevels(3500000)/Manifest(video,format=f4m-f4f,filter=all).abst?start={start}.000000000\"");
    assert!(text(&response).contains(&url), "{}", text(&response));
    let path = "/loc/ch1.ism/QualityLevels(3500000)/Manifest(video,format=f4m-f4f,filter=all).abst";
    let cut = Request { query: Some(&query), ..Request::get(path) };
    let (Reply::Response(cut), whole) = (origin.handle(&cut, NOW), get(&origin, &path[13..])) else { panic!() };
    assert_eq!((cut.status, whole.status), (200, 200));
    assert_ne!(cut.body.to_bytes(), whole.body.to_bytes());
}
