//! What manifests say of ad breaks beside what was spliced (A14.8, A14.10).

use headend::{
    archive::{AssetName, Presentation, TimelineChange, TimelineUpdate, TrackSpec},
    channel::SpliceReport,
    splice::SpliceKind,
    time::Timescale,
};

use crate::{manifests::Viewer, rig::Rig};

/// Every HLS playlist marks every splice before the segment that begins with it, at its time to the millisecond, and the MPD and the
/// client manifest have an event at its very tick. `section` is the message of the way out, where a contribution sent one.
pub fn assert_told(rig: &Rig, reports: &[SpliceReport], section: Option<&[u8]>) {
    let asset = AssetName::new("asset").unwrap();
    let mut viewer = Viewer::new(&asset, rig.now);
    rig.updates.iter().for_each(|update| viewer.apply(update));
    let presentation = rig.presentation();
    let mpd = viewer.text("Manifest(format=mpd-time-cmaf)");
    for (n, track) in presentation.tracks.iter().enumerate() {
        let uri = format!("QualityLevels({})/Manifest({},format=m3u8-cmaf)", track.bitrate, track.url_track);
        let playlist = viewer.text(&uri);
        for report in reports {
            let starts = report.renditions[n].ticks(track.timescale);
            assert_marked(&playlist, &presentation, track, report, starts);
        }
        assert_eq!(playlist.matches("#EXT-X-DATERANGE").count(), reports.len(), "each splice once (I6)");
        if let Some(section) = section {
            let hex: String = section.iter().map(|byte| format!("{byte:02X}")).collect();
            assert!(playlist.contains(&format!("SCTE35-OUT=0x{hex}")), "{playlist}");
        }
    }
    // All of it is listed when nothing follows.
    viewer.apply(&TimelineUpdate { asset, change: TimelineChange::Ended });
    let client = viewer.text("Manifest");
    // Which counts as the pictures do, and on demand says of no entry how long it is.
    let pictures = presentation.tracks[0].timescale;
    let forms = [(&mpd, Timescale::MPEG, "<Event presentationTime"), (&client, pictures, "<c t")];
    for (n, SpliceReport { splice, .. }) in reports.iter().enumerate() {
        let is_out = matches!(splice.kind, SpliceKind::Out(_));
        // A break of the contribution that ended by itself has no message of its end.
        let ends_silently = !is_out && section.is_some();
        for (manifest, scale, event) in forms {
            let ticks = splice.achieved.ticks(scale);
            let back = reports.get(n + 1).filter(|_| is_out).map(|back| back.splice.achieved.ticks(scale));
            let lasts = match event {
                "<c t" => " d=\"0\"".into(),
                _ => back.map(|back| format!(" duration=\"{}\"", back - ticks)).unwrap_or_default(),
            };
            let event = format!("{event}=\"{ticks}\"{lasts}");
            assert_eq!(manifest.matches(&event).count(), usize::from(!ends_silently), "{splice:?}\n{manifest}");
        }
    }
}

fn assert_marked(playlist: &str, presentation: &Presentation, track: &TrackSpec, report: &SpliceReport, starts: i64) {
    let name = &track.url_track;
    let lines: Vec<&str> = playlist.lines().collect();
    let segment = format!("Fragments({name}={starts},");
    let at =
        lines.iter().position(|line| line.starts_with(&segment)).unwrap_or_else(|| panic!("{segment}\n{playlist}"));
    let from = lines[..at].iter().rposition(|line| !line.starts_with('#')).map_or(0, |before| before + 1);
    let is_out = matches!(report.splice.kind, SpliceKind::Out(_));
    let attribute = if is_out { ",START-DATE=\"" } else { ",END-DATE=\"" };
    let mark =
        lines[from..at].iter().find_map(|line| line.strip_prefix("#EXT-X-DATERANGE:ID=\"")?.split_once(attribute));
    let (id, rest) = mark.unwrap_or_else(|| panic!("{report:?}\n{playlist}"));
    assert!(id.starts_with(&format!("{}-", report.splice.id)), "{id}");
    let date = rest.split('"').next().unwrap();
    let millis = chrono::DateTime::parse_from_rfc3339(date).unwrap().timestamp_millis();
    let due = presentation.utc_at(report.splice.achieved).unix_nanos();
    assert!((millis * 1_000_000 - due).abs() <= 500_000, "{date} is not {due}");
}

/// The same of every asset: how many segments say something of an avail.
pub fn marked_segments(rig: &Rig) -> usize {
    let is_marked =
        |change: &TimelineChange| matches!(change, TimelineChange::Added(segment) if !segment.cues.is_empty());
    rig.updates.iter().filter(|update| is_marked(&update.change)).count()
}
