//! Datagrams of RTP get lost at random (FAULTS row 20): the count is exact, what is whole is shown, the sound stays in step.

use std::collections::BTreeSet;

use headend::{error::Fault, splice::OnAir};

use crate::{
    rig::{
        line::{RtpSender, lose, over_rtp},
        script::Random,
        ts_feed::TsFeed,
    },
    timeline::{assert_seamless, count_faults, offsets, on_air},
    watch::{assert_honest, has_whole, watch},
};

#[test]
fn row_20_random_loss_is_counted_exactly_and_touches_nothing_else() {
    for (seed, one_in) in [(1, 100), (2, 100), (3, 10), (4, 10), (5, 10)] {
        let mut feed = TsFeed::new(900_000);
        // Some pictures need several datagrams, some share one with sound.
        feed.script.size = 2500;
        let sent = over_rtp(&feed.pictures(600), &mut RtpSender::default());
        let mut random = Random(seed);
        // Two seconds to come on air, and an end that shows what is missing before it.
        let begin = 120;
        let end = sent.len() - 1;
        let (kept, lost) = lose(&sent, |index, _| index > begin && index < end && random.below(one_in) == 0);
        let (rig, seen) = watch(&kept);

        assert_seamless(&rig);
        assert_eq!(on_air(&rig), [OnAir::Slate, OnAir::Live, OnAir::Slate], "seed {seed}: never a loss of the feed");
        let told = count_faults(&rig, |fault| if let Fault::Loss { lost, stream: None } = fault { *lost } else { 0 });
        assert_eq!(told, lost.len() as u64, "seed {seed}");

        // I5: what was whole is not lost, and what is broken is never passed as whole.
        let touched: BTreeSet<usize> = lost.iter().flat_map(|piece| piece.units.iter().copied()).collect();
        let units = &feed.script.units;
        assert_honest(&seen, units);
        let missing =
            units.iter().enumerate().skip(100).filter(|(n, unit)| !touched.contains(n) && !has_whole(&seen, unit));
        assert_eq!(missing.map(|(n, _)| n).collect::<Vec<_>>(), Vec::<usize>::new(), "seed {seed}");
        let damaged = seen.video.iter().filter(|unit| unit.is_damaged).count();
        let touched_pictures = touched.iter().filter(|n| units[**n].is_video).count();
        assert!(damaged <= touched_pictures, "seed {seed}: {damaged} of {touched_pictures}");
        assert!(seen.video.len() <= 600 && seen.video.len() + touched_pictures >= 600, "seed {seed}");

        // I7: beeps that came through stand by flashes that came through, to an audio frame.
        let offsets = offsets(&rig);
        let is_near = |offset: &&f64| offset.abs() <= 1024.0 / 44_100.0 + 1.0 / 30.0;
        let near = offsets.iter().filter(is_near).count();
        assert!(near + 3 >= offsets.len() && near >= 10, "seed {seed}: {offsets:?}");
    }
}
