//! Which streams of a program are taken, and in what place each stands among its kind.
//!
//! Video is counted over H.264, MPEG-2 and MPEG-1 video, which a reader of MPEG-2 reads, too (A6.10); sound over what A6.11
//! lists and LATM; both in the order of the program map, so that an index means the same whatever else is carried. A6.11 goes
//! by the names of stream types, and one of them is "MPEG-2 Private PES": so private PES packets (stream type 0x06) have a place
//! among the sound where no descriptor says what they are, though they are not read. Those that say it, as teletext, subtitles
//! and every registered format do, are what they say, and AC-3 among them is read. Streams of a known kind that are outside of
//! these sets (HEVC, E-AC-3, DTS) are counted behind all of them, so that no two tracks of a kind have the same index; what is
//! neither video nor sound has index 0. To take another coding, add it to [`Coding`] and to `coding`.

use super::TsConfig;
use crate::wire::ts::{Pmt, Stream, StreamType};

/// How the bytes of a stream are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    H264,
    Mpeg2,
    Adts,
    Latm,
    Ac3,
    Mpa,
    /// Sections with cues; where they are not registered, only good ones count.
    Cues {
        is_sure: bool,
    },
    /// Only its clock is read.
    Clock,
}

/// One stream of the program map and what is done with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) stream: Stream,
    pub(super) index: u32,
    /// `None`: it is passed over.
    pub(super) coding: Option<Coding>,
    /// It is told as a track that is not read.
    pub(super) is_told: bool,
}

/// Streams in the order of the program map, and the PIDs of sound that could be read and is more than is taken.
pub(super) fn lay_out(pmt: &Pmt, config: TsConfig) -> (Vec<Place>, Vec<u16>) {
    let counted = |kind: Kind| pmt.streams.iter().filter(|stream| Kind::of(stream) == (kind, true)).count() as u32;
    // Next index in the sets of A6.10 and A6.11, next behind them.
    let mut next = [(0, counted(Kind::Video)), (0, counted(Kind::Sound)), (0, 0)];
    let (mut over, mut sounds) = (Vec::new(), 0);
    let places = pmt.streams.iter().enumerate().map(|(at, stream)| {
        let (kind, is_counted) = Kind::of(stream);
        let [video, sound, other] = &mut next;
        let (inside, outside) = match kind {
            Kind::Video => video,
            Kind::Sound => sound,
            Kind::Other => other,
        };
        let index = *if is_counted { &mut *inside } else { &mut *outside };
        match (kind, is_counted) {
            (Kind::Other, _) => {}
            (_, true) => *inside += 1,
            (_, false) => *outside += 1,
        }
        let is_twice = pmt.streams.iter().take(at).any(|other| other.pid == stream.pid);
        let coding = coding(stream);
        sounds += u32::from(kind == Kind::Sound && coding.is_some());
        let is_wanted = match kind {
            Kind::Video => index as usize == config.video_index,
            Kind::Sound => sounds <= MAX_SOUND,
            Kind::Other => true,
        };
        if kind == Kind::Sound && coding.is_some() && !is_wanted {
            over.push(stream.pid);
        }
        let coding = coding.filter(|_| is_wanted && !is_twice);
        let is_told = matches!(coding, None | Some(Coding::Cues { is_sure: false }));
        Place { stream: *stream, index, coding, is_told }
    });
    let places = places.collect();
    (places, over)
}

/// Whether there is anything to take in a program.
pub(super) fn is_rich(pmt: &Pmt) -> bool {
    pmt.streams.iter().any(|stream| !matches!(coding(stream), None | Some(Coding::Cues { .. })))
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Video,
    Sound,
    Other,
}

impl Kind {
    /// The kind of a stream, and whether it is in the set that is counted first.
    fn of(stream: &Stream) -> (Self, bool) {
        match coding(stream) {
            Some(Coding::H264 | Coding::Mpeg2) => (Self::Video, true),
            Some(Coding::Adts | Coding::Latm | Coding::Ac3 | Coding::Mpa) => (Self::Sound, true),
            Some(Coding::Cues { is_sure: true } | Coding::Clock) => (Self::Other, false),
            _ if stream.is_unsaid() => (Self::Sound, true),
            _ => match stream.name() {
                "HEVC" => (Self::Video, false),
                "E-AC-3" | "DTS" | "DTS-HD" | "TrueHD" | "Opus" => (Self::Sound, false),
                _ => (Self::Other, false),
            },
        }
    }
}

fn coding(stream: &Stream) -> Option<Coding> {
    match stream.stream_type {
        StreamType::H264 => Some(Coding::H264),
        StreamType::MPEG1_VIDEO | StreamType::MPEG2_VIDEO => Some(Coding::Mpeg2),
        StreamType::AAC_ADTS => Some(Coding::Adts),
        StreamType::AAC_LATM => Some(Coding::Latm),
        StreamType::MPEG1_AUDIO | StreamType::MPEG2_AUDIO => Some(Coding::Mpa),
        _ if stream.is_ac3() => Some(Coding::Ac3),
        StreamType::SCTE_35 | StreamType::PRIVATE_SECTIONS => Some(Coding::Cues { is_sure: stream.is_cue }),
        _ => None,
    }
}

/// The stream is where it was.
pub(super) fn stays(old: &Stream, new: &Stream) -> bool {
    old.pid == new.pid && old.stream_type == new.stream_type
}

/// The same stream on another PID.
pub(super) fn moved(old: &Stream, new: &Stream) -> bool {
    Stream { pid: new.pid, ..*old } == *new
}

/// Another stream in place of one that is gone, unless it speaks another language.
pub(super) fn took_over(old: &Stream, new: &Stream) -> bool {
    old.language.is_none() || new.language.is_none() || old.language == new.language
}

/// Streams of sound that a channel can have (A6.2).
pub(super) const MAX_SOUND: u32 = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::ts::ProgramNumber;

    fn program(types: &[u8]) -> Pmt {
        let stream = |(at, code): (usize, &u8)| Stream { pid: 0x100 + at as u16, ..Stream::of(StreamType(*code)) };
        let streams = types.iter().enumerate().map(stream).collect();
        Pmt { program: ProgramNumber(1), pcr_pid: 0x1FFF, streams }
    }

    fn taken(types: &[u8], video_index: usize) -> Vec<(u8, u32, bool)> {
        let config = TsConfig { video_index, ..TsConfig::default() };
        let (places, _) = lay_out(&program(types), config);
        places.iter().map(|place| (place.stream.stream_type.0, place.index, place.coding.is_some())).collect()
    }

    #[test]
    fn the_nth_of_mpeg_2_and_h264_is_picked_a6_10() {
        let types = [0x24, 0x1B, 0x02, 0x1B];
        assert_eq!(taken(&types, 0), [(0x24, 3, false), (0x1B, 0, true), (0x02, 1, false), (0x1B, 2, false)]);
        // MPEG-1 video is counted and read as MPEG-2.
        assert_eq!(taken(&[0x01, 0x1B, 0x02], 0), [(0x01, 0, true), (0x1B, 1, false), (0x02, 2, false)]);
        assert_eq!(taken(&types, 1)[2], (0x02, 1, true));
        assert!(taken(&types, 3).iter().all(|(_, _, is_taken)| !is_taken));
    }

    #[test]
    fn sound_is_counted_over_the_set_of_a6_11() {
        let types = [0x87, 0x81, 0x0F, 0x06, 0x11, 0x03, 0x04];
        // Of the private stream nothing is said: it has a place, as "MPEG-2 Private PES" is in the list, and is not read.
        let expected = [
            (0x87, 6, false),
            (0x81, 0, true),
            (0x0F, 1, true),
            (0x06, 2, false),
            (0x11, 3, true),
            (0x03, 4, true),
            (0x04, 5, true),
        ];
        assert_eq!(taken(&types, 0), expected);
    }

    #[test]
    fn private_streams_that_say_what_they_are_count_as_that_a6_11() {
        let mut pmt = program(&[0x06, 0x06, 0x06, 0x06, 0x06, 0x0F]);
        let tags = [Some(0x56), Some(0x59), None, Some(0x6A), Some(0x7A)];
        pmt.streams.iter_mut().zip(tags).for_each(|(stream, tag)| stream.dvb_tag = tag);
        pmt.streams[2].registration = Some(*b"KLVA");
        let (places, _) = lay_out(&pmt, TsConfig::default());
        let found: Vec<_> = places.iter().map(|place| (place.index, place.coding)).collect();
        // Teletext, subtitles and metadata are no sound; AC-3 is read; E-AC-3 is behind all that is counted.
        let (ac3, aac) = (Some(Coding::Ac3), Some(Coding::Adts));
        assert_eq!(found, [(0, None), (0, None), (0, None), (0, ac3), (2, None), (1, aac)]);
    }

    #[test]
    fn private_streams_take_nothing_from_the_eight_that_are_read_a6_2() {
        let (places, over) = lay_out(&program(&[&[0x06; 3][..], &[0x0F; 9]].concat()), TsConfig::default());
        let taken: Vec<_> = places.iter().filter(|place| place.coding.is_some()).map(|place| place.index).collect();
        assert_eq!((taken, over), ((3..11).collect(), vec![0x10B]));
    }

    #[test]
    fn the_ninth_stream_of_sound_is_over_the_ceiling_a6_2() {
        let (places, over) = lay_out(&program(&[0x0F; 10]), TsConfig::default());
        assert_eq!((places.iter().filter(|place| place.coding.is_some()).count(), over), (8, vec![0x108, 0x109]));
        assert!(places[9].is_told && !places[7].is_told);
    }

    #[test]
    fn a_program_without_anything_to_read_is_poor() {
        assert!(!is_rich(&program(&[0x24, 0x87, 0x05, 0x06])));
        assert!(is_rich(&program(&[0x24, 0x03])));
    }
}
