//! A media playlist, read from its lines: segments with everything that applies to them.

use super::{
    attributes::Attributes,
    date::instant,
    lines::{Document, Kind, Tagged},
};

#[derive(Default)]
pub struct Media {
    /// 1 where nothing is said.
    pub version: u64,
    pub target: Option<u64>,
    pub sequence: u64,
    pub discontinuity_sequence: u64,
    /// EVENT or VOD.
    pub kind: Option<String>,
    pub is_ended: bool,
    pub is_i_frames_only: bool,
    pub is_independent: bool,
    pub part_inf: Option<(usize, Attributes)>,
    pub control: Option<(usize, Attributes)>,
    pub start: Option<(usize, Attributes)>,
    pub skip: Option<(usize, Attributes)>,
    pub segments: Vec<Segment>,
    /// What stands behind the last URI: the segment that has only parts yet. Its position is that of the next segment.
    pub open: Segment,
    pub ranges: Vec<(usize, Attributes)>,
    pub hints: Vec<(usize, Attributes)>,
    pub reports: Vec<(usize, Attributes)>,
    pub lines: usize,
}

#[derive(Clone, Debug, Default)]
pub struct Segment {
    /// Of its URI.
    pub line: usize,
    pub uri: String,
    /// Media sequence number.
    pub number: u64,
    /// What stands behind EXTINF.
    pub inf: Option<String>,
    pub seconds: f64,
    /// Discontinuity sequence number.
    pub discontinuity: u64,
    pub is_discontinuous: bool,
    pub is_gap: bool,
    pub byte_range: Option<String>,
    pub key: Option<Attributes>,
    pub map: Option<Attributes>,
    /// Microseconds since 1970, as its own tag says.
    pub own_date: Option<i64>,
    /// The same, or counted on from the segment before.
    pub date: Option<i64>,
    pub parts: Vec<(usize, Attributes)>,
}

impl Media {
    pub fn read(document: &Document) -> Self {
        let (sequence, base) =
            (document.number("EXT-X-MEDIA-SEQUENCE"), document.number("EXT-X-DISCONTINUITY-SEQUENCE"));
        let list = |name| document.named(name).map(|(line, tagged)| (line, tagged.attributes.clone()));
        let skip = list("EXT-X-SKIP").next();
        let skipped = skip.as_ref().and_then(|(_, skip)| skip.integer("SKIPPED-SEGMENTS")).unwrap_or(0);
        let mut media = Self {
            version: document.number("EXT-X-VERSION").unwrap_or(1),
            target: document.number("EXT-X-TARGETDURATION"),
            sequence: sequence.unwrap_or(0),
            discontinuity_sequence: base.unwrap_or(0),
            kind: document.named("EXT-X-PLAYLIST-TYPE").find_map(|(_, tagged)| tagged.value.clone()),
            is_ended: document.has("EXT-X-ENDLIST"),
            is_i_frames_only: document.has("EXT-X-I-FRAMES-ONLY"),
            is_independent: document.has("EXT-X-INDEPENDENT-SEGMENTS"),
            part_inf: list("EXT-X-PART-INF").next(),
            control: list("EXT-X-SERVER-CONTROL").next(),
            start: list("EXT-X-START").next(),
            skip,
            ranges: list("EXT-X-DATERANGE").collect(),
            hints: list("EXT-X-PRELOAD-HINT").collect(),
            reports: list("EXT-X-RENDITION-REPORT").collect(),
            lines: document.lines.len(),
            ..Self::default()
        };
        media.open.number = media.sequence.saturating_add(skipped);
        media.open.discontinuity = media.discontinuity_sequence;
        for line in &document.lines {
            match &line.kind {
                Kind::Tag(tagged) => media.open.take(line.number, tagged),
                Kind::Uri => media.close(line.number, &line.text),
                Kind::Blank | Kind::Comment => {}
            }
        }
        media
    }

    /// A URI ends a segment; keys and maps go on.
    fn close(&mut self, line: usize, uri: &str) {
        let next = Segment {
            number: self.open.number.saturating_add(1),
            discontinuity: self.open.discontinuity,
            key: self.open.key.clone(),
            map: self.open.map.clone(),
            ..Segment::default()
        };
        let mut segment = std::mem::replace(&mut self.open, next);
        let before = self.segments.last().filter(|_| !segment.is_discontinuous);
        let counted = before.and_then(|before| Some(before.date? + (before.seconds * 1e6).round() as i64));
        segment.date = segment.own_date.or(counted);
        (segment.line, segment.uri) = (line, uri.into());
        self.segments.push(segment);
    }

    /// The number that the next segment will have.
    pub fn end(&self) -> u64 {
        self.open.number
    }

    pub fn seconds(&self) -> f64 {
        self.segments.iter().map(|segment| segment.seconds).sum()
    }

    pub fn find(&self, number: u64) -> Option<&Segment> {
        let first = self.segments.first()?.number;
        self.segments.get(usize::try_from(number.checked_sub(first)?).ok()?)
    }

    /// Segments with the one that is not whole yet.
    pub fn with_open(&self) -> impl Iterator<Item = &Segment> {
        self.segments.iter().chain([&self.open])
    }

    pub fn parts(&self) -> impl Iterator<Item = &(usize, Attributes)> {
        self.with_open().flat_map(|segment| &segment.parts)
    }

    pub fn has_parts(&self) -> bool {
        self.parts().next().is_some()
    }
}

impl Segment {
    fn take(&mut self, line: usize, tagged: &Tagged) {
        let value = tagged.value.clone();
        match tagged.tag.name {
            "EXTINF" => {
                let seconds = value.as_ref().and_then(|value| value.split(',').next()?.parse().ok());
                (self.seconds, self.inf) = (seconds.unwrap_or(0.0), value);
            }
            "EXT-X-BYTERANGE" => self.byte_range = value,
            "EXT-X-DISCONTINUITY" => {
                (self.is_discontinuous, self.discontinuity) = (true, self.discontinuity.saturating_add(1));
            }
            "EXT-X-GAP" => self.is_gap = true,
            "EXT-X-KEY" => self.key = Some(tagged.attributes.clone()),
            "EXT-X-MAP" => self.map = Some(tagged.attributes.clone()),
            "EXT-X-PROGRAM-DATE-TIME" => self.own_date = value.and_then(|value| instant(&value)),
            "EXT-X-PART" => self.parts.push((line, tagged.attributes.clone())),
            _ => {}
        }
    }
}
