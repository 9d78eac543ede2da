//! What a live MPD says of clocks, and of how far behind them it is meant to be played (DASH-IF, Low-Latency Modes for DASH).

use std::time::Duration;

use dash_mpd::{Latency, MPD, PlaybackRate, ProducerReferenceTime, ServiceDescription, UTCTiming};

use super::template::{OFFSET, PUBLISH_TIME};
use crate::time::MediaDuration;

/// Where a player asks what time it is (ISO/IEC 23009-1 clause 5.8.4.11). The value is relative to the MPD: dash.js and Shaka Player
/// resolve it as any other URL in there, and the origin need not know under which name it is reached. The time itself cannot stand
/// here, as an MPD is kept by caches.
pub(super) fn utc_timing() -> UTCTiming {
    UTCTiming {
        schemeIdUri: "urn:mpeg:dash:utc:http-iso:2014".into(),
        value: Some(super::TIME.into()),
        ..UTCTiming::default()
    }
}

/// Makes this live MPD one of segments that are sent part by part, each of which lasts so long.
pub(super) fn low_latency(mpd: &mut MPD, part: MediaDuration) {
    if let Some(profiles) = &mut mpd.profiles {
        profiles.push_str(",http://www.dashif.org/guidelines/low-latency-live-v5");
    }
    // The service description says it better. Shaka Player adds up the two, and players that know only this one choose for themselves.
    mpd.suggestedPresentationDelay = None;
    // Players do not begin before they hold as much.
    mpd.minBufferTime = Some(part.times(2).to_std());
    mpd.ServiceDescription = vec![service_description()];
    for set in mpd.periods.iter_mut().flat_map(|period| &mut period.adaptations) {
        set.ProducerReferenceTime = vec![reference()];
    }
}

fn service_description() -> ServiceDescription {
    let latency = |millis: u64| Duration::from_millis(millis).as_secs_f64() * 1000.0;
    ServiceDescription {
        id: Some("0".into()),
        Latency: vec![Latency {
            target: Some(latency(TARGET)),
            min: Some(latency(LEAST)),
            // Whoever goes back in the window is not to be taken to the live edge.
            max: None,
            referenceId: Some(REFERENCE.into()),
        }],
        // Below what is heard.
        PlaybackRate: vec![PlaybackRate { min: Some(0.96), max: Some(1.04) }],
        ..ServiceDescription::default()
    }
}

/// When the media of the period's start was made.
fn reference() -> ProducerReferenceTime {
    ProducerReferenceTime {
        id: Some(REFERENCE.into()),
        inband: Some(false),
        prtType: Some("encoder".into()),
        presentationTime: Some(OFFSET),
        wallClockTime: PUBLISH_TIME.parse().ok(),
        UTCTiming: Some(utc_timing()),
    }
}

const REFERENCE: &str = "0";

/// Milliseconds from the encoder to the eye. Shaka Player goes below a second where nothing is said, and dash.js to 3 s.
const TARGET: u64 = 2000;
/// Below this a player is to slow down.
const LEAST: u64 = 1000;
