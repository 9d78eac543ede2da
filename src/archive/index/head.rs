//! The head of a page: everything that holds for its asset where the page begins, so that a run of pages opens without those
//! before it.

use std::{num::NonZeroU8, sync::Arc};

use super::{
    fields::{Fields, Record},
    track,
};
use crate::{
    archive::{AssetConfig, AssetName, Loss, kept::Kept},
    media::{CaptionService, CueFormats, CueTags, Pack, Packing, Past, Presentation},
    time::{MediaDuration, MediaTime, Utc},
};

/// What a head says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) asset: AssetName,
    pub(super) number: u64,
    pub(super) config: AssetConfig,
    pub(super) presentation: Arc<Presentation>,
    pub(super) offered: Arc<[bool]>,
    pub(super) captions: Arc<[CaptionService]>,
    pub(super) drift: MediaDuration,
    /// What is behind the newest segment of the page before; `None` where there was none.
    pub(super) past: Option<Past>,
}

impl Head {
    /// Of the page that is begun now.
    pub(super) fn of(asset: &AssetName, number: u64, kept: &Kept) -> Self {
        let timeline = kept.timeline();
        Self {
            asset: asset.clone(),
            number,
            config: kept.config(),
            presentation: Arc::clone(timeline.presentation()),
            offered: Arc::clone(timeline.offered()),
            captions: Arc::clone(timeline.captions()),
            drift: timeline.drifted(),
            past: kept.newest(),
        }
    }

    /// An asset as it is where the page begins, without the segments before.
    pub(super) fn open(&self) -> Kept {
        let mut kept = Kept::new(Arc::clone(&self.presentation), self.config);
        if let Some(past) = self.past {
            kept.go_on(past);
        }
        self.set(&mut kept);
        kept
    }

    /// What may have changed since the head of the page before.
    pub(super) fn set(&self, kept: &mut Kept) {
        let timeline = kept.timeline_mut();
        timeline.offer(&self.offered);
        timeline.caption(&self.captions);
        timeline.drift(self.drift);
    }

    pub(super) fn put(&self, record: &mut Record) {
        record.text(self.asset.as_str());
        record.uint(self.number);
        // A window of no length shows nothing and is none.
        for window in [self.config.window, self.config.rewind] {
            record.int(window.map_or(NO_WINDOW, MediaDuration::flicks));
        }
        record.int(self.config.segment_duration.flicks());
        record.int(self.presentation.epoch.unix_nanos());
        put_formats(record, self.presentation.cues);
        let Packing { segments, longest } = self.presentation.packing;
        record.byte(segments.get());
        record.int(longest.flicks());
        record.count(self.presentation.tracks.len());
        self.presentation.tracks.iter().for_each(|spec| track::put(record, spec));
        put_offered(record, &self.offered);
        put_captions(record, &self.captions);
        record.int(self.drift.flicks());
        record.flag(self.past.is_some());
        if let Some(Past { began, discontinuities, period, pack }) = self.past {
            record.int(began.flicks());
            record.uint(discontinuities);
            record.int(period.flicks());
            record.flag(pack.is_some());
            pack.into_iter().for_each(|pack| put_pack(record, pack));
        }
    }

    pub(super) fn take(fields: &mut Fields<'_>) -> Option<Self> {
        let asset = AssetName::new(fields.text()?)?;
        let number = fields.uint()?;
        let length = |flicks: i64| (flicks >= 0).then(|| MediaDuration::from_flicks(flicks));
        let window = |flicks: i64| if flicks == NO_WINDOW { Some(None) } else { length(flicks).map(Some) };
        let (window, rewind) = (window(fields.int()?)?, window(fields.int()?)?);
        let config = AssetConfig { window, rewind, segment_duration: length(fields.int()?)? };
        let epoch = Utc::from_unix_nanos(fields.int()?);
        let cues = take_formats(fields)?;
        let segments = NonZeroU8::new(fields.byte()?).filter(|segments| segments.get() <= Packing::MAX)?;
        let longest = length(fields.int()?).filter(|longest| *longest <= Packing::LONGEST)?;
        let packing = Packing { segments, longest };
        let tracks: Option<Vec<_>> = (0..fields.count()?).map(|_| track::take(fields)).collect();
        let presentation = Arc::new(Presentation { tracks: tracks?, epoch, cues, packing });
        let offered = take_offered(fields, presentation.tracks.len())?;
        let captions = take_captions(fields)?;
        let drift = MediaDuration::from_flicks(fields.int()?);
        let past = if fields.flag()? {
            let (began, discontinuities) = (MediaTime::from_flicks(fields.int()?), fields.uint()?);
            let period = MediaTime::from_flicks(fields.int()?);
            let pack = if fields.flag()? { Some(take_pack(fields)?) } else { None };
            Some(Past { began, discontinuities, period, pack })
        } else {
            None
        };
        Some(Self { asset, number, config, presentation, offered, captions, drift, past })
    }
}

pub(super) fn put_offered(record: &mut Record, offered: &[bool]) {
    offered.iter().for_each(|is_offered| record.flag(*is_offered));
}

pub(super) fn take_offered(fields: &mut Fields<'_>, tracks: usize) -> Option<Arc<[bool]>> {
    (0..tracks).map(|_| fields.flag()).collect()
}

pub(super) fn put_captions(record: &mut Record, captions: &[CaptionService]) {
    record.count(captions.len());
    for service in captions {
        let (kind, number) = match service {
            CaptionService::Cea608(number) => (0, number),
            CaptionService::Cea708(number) => (1, number),
        };
        record.byte(kind);
        record.byte(*number);
    }
}

pub(super) fn take_captions(fields: &mut Fields<'_>) -> Option<Arc<[CaptionService]>> {
    let service = |fields: &mut Fields<'_>| match fields.byte()? {
        0 => fields.byte().map(CaptionService::Cea608),
        1 => fields.byte().map(CaptionService::Cea708),
        _ => None,
    };
    (0..fields.count()?).map(|_| service(fields)).collect()
}

pub(super) fn put_losses(record: &mut Record, losses: &[Loss]) {
    record.count(losses.len());
    for loss in losses {
        record.uint(loss.sequence);
        record.count(loss.track);
    }
}

/// Of a presentation of so many tracks. What is gone by now may be among them.
pub(super) fn take_losses(fields: &mut Fields<'_>, tracks: usize) -> Option<Vec<Loss>> {
    let loss = |fields: &mut Fields<'_>| {
        let sequence = fields.uint()?;
        let track = usize::try_from(fields.uint()?).ok().filter(|track| *track < tracks)?;
        Some(Loss { sequence, track })
    };
    (0..fields.count()?).map(|_| loss(fields)).collect()
}

fn put_formats(record: &mut Record, cues: CueFormats) {
    let CueFormats { date_ranges, cue_tags, event_stream, in_band, periods, sparse_track } = cues;
    [date_ranges, event_stream, in_band, periods, sparse_track].into_iter().for_each(|flag| record.flag(flag));
    record.byte(match cue_tags {
        CueTags::None => 0,
        CueTags::CueOut => 1,
        CueTags::Oatcls => 2,
        CueTags::Cue => 3,
    });
}

fn take_formats(fields: &mut Fields<'_>) -> Option<CueFormats> {
    let (date_ranges, event_stream) = (fields.flag()?, fields.flag()?);
    let (in_band, periods, sparse_track) = (fields.flag()?, fields.flag()?, fields.flag()?);
    let cue_tags = match fields.byte()? {
        0 => CueTags::None,
        1 => CueTags::CueOut,
        2 => CueTags::Oatcls,
        3 => CueTags::Cue,
        _ => return None,
    };
    Some(CueFormats { date_ranges, cue_tags, event_stream, in_band, periods, sparse_track })
}

fn put_pack(record: &mut Record, pack: Pack) {
    record.uint(pack.number);
    record.byte(pack.place);
    record.int(pack.start.flicks());
}

fn take_pack(fields: &mut Fields<'_>) -> Option<Pack> {
    let number = fields.uint()?;
    let (place, start) = (fields.byte()?, MediaTime::from_flicks(fields.int()?));
    // It is counted on from there.
    (number <= u64::MAX / 2).then_some(Pack { number, place, start })
}

const NO_WINDOW: i64 = -1;
