use super::*;
use crate::{
    codec::captions::{CcPair, insert_h264},
    media::NalFraming,
    splice::Picture,
};

const LENGTH: NalFraming = NalFraming::Length(4);
pub(super) const NULL: [u8; 2] = [0x80, 0x80];
/// Resume caption loading, end of caption, erase displayed memory, in CC1.
pub(super) const RCL: [u8; 2] = [0x94, 0x20];
const EOC: [u8; 2] = [0x94, 0x2F];
pub(super) const EDM: [u8; 2] = [0x94, 0x2C];
const ENM: [u8; 2] = [0x94, 0xAE];

/// A contribution at one rate and its output at another, frame by frame.
pub(super) struct Run {
    pub(super) track: CaptionTrack,
    pub(super) rate: FrameRate,
    /// Flicks from picture to picture of the source.
    pub(super) native: i64,
    pub(super) sent: i64,
    pub(super) shown: i64,
    pub(super) on_air: OnAir,
    pub(super) out: Vec<Vec<CcPair>>,
}

impl Run {
    pub(super) fn new(native: FrameRate, rate: FrameRate) -> Self {
        let (track, native) = (CaptionTrack::new(), native.frame_duration().flicks());
        Self { track, rate, native, sent: 0, shown: 0, on_air: OnAir::Live, out: Vec::new() }
    }

    /// A picture with these pairs comes, and the frames that it settles go out.
    pub(super) fn picture(&mut self, pairs: &[CcPair]) {
        self.come(pairs);
        self.settle();
    }

    fn come(&mut self, pairs: &[CcPair]) {
        let (at, frame) = (MediaTime::from_flicks(self.sent * self.native), self.rate.frame_duration().flicks());
        self.sent += 1;
        self.track.push(at, &read(pairs));
        let place = |at: MediaTime| MediaTime::from_flicks((at.flicks() + frame - 1).div_euclid(frame) * frame);
        self.track.place(|at| Some(place(at)));
        assert!(self.track.ledger().is_balanced(), "{:?}", self.track.ledger());
    }

    fn settle(&mut self) {
        let frame = self.rate.frame_duration().flicks();
        while self.shown * frame <= (self.sent - 1) * self.native {
            self.frame();
        }
    }

    pub(super) fn frame(&mut self) {
        let frame = self.rate.frame_duration().flicks();
        let pts = MediaTime::from_flicks(self.shown * frame);
        self.shown += 1;
        let source = (pts.flicks() % self.native == 0 && pts.flicks() / self.native < self.sent).then_some(pts);
        let picture = source.map_or(Picture::Hold, Picture::Live);
        let slot =
            Slot { pts, picture, on_air: self.on_air, loss: None, is_lost: false, source, starts_segment: false };
        let payload = self.track.frame(&slot, self.rate);
        let mut reader = CcReader::default();
        if let Some(payload) = payload {
            assert_eq!(usize::from(payload[8] & 0x1F), count(self.rate), "cc_count");
            reader.read_h264(&insert_h264(&[], LENGTH, &payload), LENGTH);
            assert_eq!(reader.broken(), 0);
        }
        self.out.push(reader.pairs().to_vec());
        assert!(self.track.ledger().is_balanced(), "{:?}", self.track.ledger());
    }

    /// What went out of this kind, without null pairs.
    fn said(&self, kind: CcKind) -> Vec<[u8; 2]> {
        let all = self.out.iter().flatten().filter(|pair| pair.kind == kind && pair.bytes != NULL);
        all.map(|pair| pair.bytes).collect()
    }
}

fn read(pairs: &[CcPair]) -> CcReader {
    let mut frame = CcFrame::new();
    pairs.iter().for_each(|pair| assert!(frame.push(*pair)));
    let mut reader = CcReader::default();
    reader.read_h264(&insert_h264(&[], LENGTH, &frame.to_t35()), LENGTH);
    reader
}

pub(super) fn first(bytes: [u8; 2]) -> CcPair {
    CcPair { kind: CcKind::Field1, bytes }
}

pub(super) fn second(bytes: [u8; 2]) -> CcPair {
    CcPair { kind: CcKind::Field2, bytes }
}

/// Two letters with their parity.
pub(super) fn text(n: u8) -> [u8; 2] {
    [0x41 + n % 26, 0x61 + n / 26 % 26].map(|byte: u8| byte | u8::from(byte.count_ones().is_multiple_of(2)) << 7)
}

/// A whole packet with a block of one service.
pub(super) fn packet(sequence: u8, service: u8, block: &[u8]) -> Vec<CcPair> {
    let mut bytes = vec![0, service << 5 | block.len() as u8];
    bytes.extend(block);
    bytes.resize(bytes.len().div_ceil(2) * 2, 0);
    bytes[0] = sequence << 6 | (bytes.len() / 2) as u8;
    let kind = |n| if n == 0 { CcKind::PacketStart } else { CcKind::PacketData };
    bytes.chunks(2).enumerate().map(|(n, pair)| CcPair { kind: kind(n), bytes: [pair[0], pair[1]] }).collect()
}

fn rate(num: u32, den: u32) -> FrameRate {
    FrameRate::new(num, den).unwrap()
}

#[test]
fn the_count_of_constructs_follows_the_frame_rate_d7() {
    for (rate, expected) in [
        (FrameRate::FPS_30, 20),
        (FrameRate::FPS_29_97, 20),
        (FrameRate::FPS_25, 24),
        (rate(24_000, 1001), 25),
        (rate(24, 1), 25),
        (rate(60_000, 1001), 10),
        (rate(60, 1), 10),
        (rate(50, 1), 12),
        (rate(12, 1), 31),
        (rate(1, 1), 31),
    ] {
        assert_eq!(count(rate), expected, "{rate:?}");
    }
}

#[test]
fn every_picture_of_thirty_keeps_its_own_captions() {
    let mut run = Run::new(FrameRate::FPS_29_97, FrameRate::FPS_29_97);
    for n in 0..30 {
        run.picture(&[first(text(n)), second(text(n + 100))]);
    }
    for (n, frame) in (0..30).zip(&run.out) {
        assert_eq!(frame[..], [first(text(n)), second(text(n + 100))]);
    }
    let ledger = run.track.ledger();
    assert_eq!((ledger.taken, ledger.moved, ledger.merged, ledger.held), (60, 60, 0, 0));
}

#[test]
fn sixty_to_thirty_and_fifty_to_twenty_five_merge_row_50() {
    for (native, out) in [(rate(60_000, 1001), FrameRate::FPS_29_97), (rate(50, 1), FrameRate::FPS_25)] {
        let mut run = Run::new(native, out);
        let mut blocks = Vec::new();
        for n in 0..60 {
            // Fields take turns, as at these rates; each picture has a packet.
            let pair = if n % 2 == 0 { first(text(n)) } else { second(text(n)) };
            let packet = packet(n & 3, 1, &[0x40 + n % 32; 5]);
            blocks.extend(packet.iter().map(|pair| pair.bytes));
            run.picture(&[&[pair][..], &packet].concat());
        }
        let ledger = run.track.ledger().clone();
        run.picture(&[]);
        // The first frame has no second field yet.
        for (n, frame) in run.out.iter().enumerate().skip(1).take(29) {
            let n = n as u8 * 2;
            assert_eq!(frame[..2], [first(text(n)), second(text(n - 1))]);
        }
        let said: Vec<_> = run.out.iter().flatten().filter(|pair| pair.kind as u8 >= 2).collect();
        assert_eq!(said.iter().map(|pair| pair.bytes).collect::<Vec<_>>(), blocks);
        // Of the last two pictures only one has had its frame.
        assert_eq!((ledger.moved, ledger.merged, ledger.held), (5 * 30, 5 * 29, 5));
        assert_eq!(ledger.dropped.len(), 0);
    }
}

#[test]
fn where_frames_are_fields_the_fields_take_turns_d7() {
    for rate in [rate(60, 1), rate(60_000, 1001), rate(50, 1)] {
        let mut run = Run::new(rate, rate);
        for n in 0..50 {
            run.picture(&[if n % 2 == 0 { first(text(n)) } else { second(text(n)) }]);
        }
        assert_eq!(run.said(CcKind::Field1), (0..50).step_by(2).map(text).collect::<Vec<_>>());
        let behind = run.track.ledger().held;
        assert!(behind <= 1 && run.said(CcKind::Field2).len() as u64 + behind == 25, "{:?}", run.track.ledger());
        assert!(run.out.iter().all(|frame| (1..=2).contains(&frame.len())));
    }
}

#[test]
fn a_repeated_control_code_stays_next_to_the_first_where_pictures_are_held() {
    // Film: four pictures in five frames. And a source of 15.
    for native in [rate(24_000, 1001), rate(15, 1)] {
        let mut run = Run::new(native, FrameRate::FPS_29_97);
        let script = [RCL, RCL, text(1), EOC, EOC, NULL, NULL, EDM, NULL, EDM, NULL];
        script.iter().for_each(|bytes| run.picture(&[first(*bytes)]));
        (0..5).for_each(|_| run.frame());
        let field: Vec<[u8; 2]> =
            run.out.iter().flatten().filter(|pair| pair.kind == CcKind::Field1).map(|pair| pair.bytes).collect();
        for code in [RCL, EOC] {
            let at = field.iter().position(|bytes| *bytes == code).unwrap();
            assert_eq!(field[at + 1], code, "{field:x?}");
        }
        // Two commands, not one that is repeated: what stood between them stays.
        let at = field.iter().position(|bytes| *bytes == EDM).unwrap();
        let next = field[at + 1..].iter().find(|bytes| **bytes != NULL);
        assert_eq!((field[at + 1], next), (NULL, Some(&EDM)), "{field:x?}");
        assert!(run.out.iter().all(|frame| frame.iter().any(|pair| pair.kind == CcKind::Field2)));
    }
}

#[test]
fn more_than_a_frame_holds_goes_into_the_next_ones_and_what_never_fits_is_counted() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    let both: Vec<CcPair> = [packet(0, 1, &[0x41; 27]), packet(1, 2, &[0x42; 26])].concat();
    run.picture(&both);
    (0..3).for_each(|_| run.frame());
    let ends: Vec<usize> = run.out.iter().map(Vec::len).collect();
    assert_eq!((ends[0], ends[1]), (20, both.len() - 18 + 2));
    assert_eq!((run.track.ledger().moved, run.track.ledger().merged), (18, both.len() as u64 - 18));
    // Three real pairs a picture cannot go at one a frame.
    for n in 0..200 {
        run.picture(&[first(text(n)), first(text(n)), first(text(n)), second(NULL)]);
    }
    let ledger = run.track.ledger();
    assert!(ledger.dropped_for(CaptionDrop::NoRoom) > 100 && ledger.held <= Field::MOST as u64, "{ledger:?}");
    assert!(run.track.pull_trouble().is_some_and(|(reason, _)| reason == CaptionDrop::NoRoom));
    assert_eq!(run.track.pull_trouble(), None);
}

#[test]
fn slower_frames_catch_up_with_thirty_pairs_a_second() {
    // Film carries the pairs of thirty frames a second in 24 pictures.
    let mut run = Run::new(rate(24, 1), rate(24, 1));
    let mut script = (0..30).map(text);
    for n in 0..24 {
        let count = if n % 4 == 3 { 2 } else { 1 };
        let pairs: Vec<CcPair> = script.by_ref().take(count).map(first).collect();
        run.picture(&pairs);
    }
    run.frame();
    assert_eq!(run.said(CcKind::Field1), (0..30).map(text).collect::<Vec<_>>());
}

#[test]
fn broken_pairs_and_packets_are_dropped_and_the_rest_kept() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    // Even parity; a packet that never started; one cut short by the next; a block longer than its packet; service 0.
    let stray = CcPair { kind: CcKind::PacketData, bytes: [1, 2] };
    let cut = &packet(0, 1, &[0x41; 7])[..2];
    let long = [CcPair { kind: CcKind::PacketStart, bytes: [0x02, 0x3F] }, stray];
    let zero = [CcPair { kind: CcKind::PacketStart, bytes: [0x02, 0x03] }, stray];
    let good = packet(2, 3, b"ok");
    run.picture(&[&[first([0x14, 0x2C]), first(EDM), stray][..], cut, &long, &zero, &good].concat());
    run.frame();
    assert_eq!(run.said(CcKind::Field1), [EDM]);
    assert_eq!(run.out.iter().flatten().filter(|pair| pair.kind as u8 >= 2).count(), good.len());
    let ledger = run.track.ledger();
    assert_eq!((ledger.dropped_for(CaptionDrop::Parity), ledger.dropped_for(CaptionDrop::BrokenPacket)), (1, 7));
}

#[test]
fn a_slate_erases_what_is_displayed_and_drops_what_it_hides() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    let (cc2, cc3) = ([0x1C, 0x20], [0x15, 0x20]); // resume caption loading, there
    let script = [cc2, cc2, text(1), RCL, RCL, text(2), EOC, EOC];
    let (one, two) = (packet(0, 1, &[0x41; 3]), packet(1, 2, &[0x42; 3]));
    script.iter().for_each(|bytes| run.picture(&[&[first(*bytes), second(cc3)][..], &one].concat()));
    // Half a packet is behind the last picture.
    run.picture(&two[..1]);
    let before = run.out.len();
    run.on_air = OnAir::OperatorSlate;
    (0..60).for_each(|n| run.picture(&[&[first(text(n)), second(text(n))][..], &one].concat()));
    let hidden = run.out.split_off(before);
    let field = |kind| {
        let pairs = hidden.iter().flatten().filter(move |pair| pair.kind == kind);
        pairs.map(|pair| pair.bytes).filter(|bytes| *bytes != NULL).collect::<Vec<_>>()
    };
    // CC1 was written to last: after this its channel is the current one again.
    let cc2_of = |code: u8| [0x1C, code];
    let expected = [cc2_of(0x2C), cc2_of(0x2C), EDM, EDM, cc2_of(0xAE), cc2_of(0xAE), ENM, ENM];
    assert_eq!(field(CcKind::Field1), expected);
    assert_eq!(field(CcKind::Field2), [[0x15, 0x2C], [0x15, 0x2C], [0x15, 0xAE], [0x15, 0xAE]]);
    // One packet that deletes the windows of service 1; service 2 was never written.
    assert_eq!(field(CcKind::PacketStart), [[0x03, 0x23]]);
    assert_eq!(field(CcKind::PacketData), [[0x8E, 0x8C], [0xFF, 0x00]]);
    // Nothing is written any more a second after the last of it.
    assert!(hidden[30].len() == 2 && hidden[40..].iter().all(Vec::is_empty), "{hidden:?}");
    let ledger = run.track.ledger().clone();
    assert_eq!((ledger.dropped_for(CaptionDrop::Hidden), ledger.added), (60 * 5 + 1, 8 + 4 + 3));
    // Captions go on with what comes.
    run.on_air = OnAir::Live;
    run.picture(&[&[first(text(9))][..], &one].concat());
    assert_eq!(run.out.last().unwrap()[0], first(text(9)));
    // The packet goes on in the sequence that the decoder knows: eight, and the one that deletes.
    assert_eq!(run.out.last().unwrap()[2].bytes[0] >> 6, (8 + 1) % 4);
}

#[test]
fn an_erasure_that_a_second_slate_overtakes_still_goes_out() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    [RCL, RCL, EOC, EOC].iter().for_each(|bytes| run.picture(&[first(*bytes)]));
    for _ in 0..3 {
        run.on_air = OnAir::BreakSlate;
        run.picture(&[first(text(1))]);
        run.on_air = OnAir::Live;
        run.picture(&[first(text(2))]);
    }
    (0..4).for_each(|_| run.frame());
    assert_eq!(run.said(CcKind::Field1)[4..8], [EDM, EDM, ENM, ENM]);
}

#[test]
fn a_cut_and_a_jump_leave_nothing_of_the_old_contribution_behind() {
    let mut run = Run::new(FrameRate::FPS_30, FrameRate::FPS_30);
    [RCL, RCL, text(1), EOC, EOC].iter().for_each(|bytes| run.picture(&[first(*bytes)]));
    // A picture came that is not shown before the contribution goes.
    run.come(&[first(text(2))]);
    run.track.cut(CaptionDrop::OffAir);
    run.settle();
    (0..4).for_each(|_| run.picture(&[]));
    assert_eq!(run.said(CcKind::Field1)[5..], [EDM, EDM, ENM, ENM]);
    assert_eq!(run.track.ledger().dropped_for(CaptionDrop::OffAir), 1);
    // A jump: what is due before it goes out, then the erasure, then what comes.
    [RCL, RCL, text(3)].iter().for_each(|bytes| run.picture(&[first(*bytes)]));
    run.come(&[first(text(4))]);
    let frame = FrameRate::FPS_30.frame_duration().flicks();
    run.come(&[first(text(5))]);
    run.track.jump(MediaTime::from_flicks((run.sent - 1) * frame));
    run.come(&[first(text(6))]);
    run.settle();
    (0..8).for_each(|_| run.picture(&[]));
    assert_eq!(run.said(CcKind::Field1)[9..], [RCL, RCL, text(3), text(4), EDM, EDM, ENM, ENM, text(6)]);
    assert_eq!(run.track.ledger().dropped_for(CaptionDrop::Jumped), 1);
}

#[test]
fn pictures_in_decode_order_carry_captions_in_presentation_order_row_50() {
    let mut track = CaptionTrack::new();
    let at = |n: i64| MediaTime::from_flicks(n * FrameRate::FPS_30.frame_duration().flicks());
    for n in [0, 4, 2, 1, 3, 8, 6, 5, 7] {
        track.push(at(n), &read(&[first(text(n as u8))]));
    }
    // As long as the rate is being measured, nothing has a place.
    track.place(|_| None);
    assert_eq!(track.ledger().held, 9);
    track.place(Some);
    let mut said = Vec::new();
    for n in 0..9 {
        let (pts, source) = (at(n), Some(at(n)));
        let slot = Slot {
            pts,
            picture: Picture::Live(pts),
            on_air: OnAir::Live,
            loss: None,
            is_lost: false,
            source,
            starts_segment: false,
        };
        let payload = track.frame(&slot, FrameRate::FPS_30).unwrap();
        said.push([payload[11], payload[12]]);
    }
    assert_eq!(said, (0..9).map(text).collect::<Vec<_>>());
    assert_eq!(track.ledger().moved, 9);
}

#[test]
fn hostile_pictures_wait_in_bounded_numbers() {
    let mut track = CaptionTrack::new();
    let flood: Vec<CcPair> = (0..31).map(|n| first(text(n))).collect();
    for n in 0..1000 {
        track.push(MediaTime::from_flicks(n), &read(&flood));
        track.place(|at| (n % 2 == 0).then_some(at));
    }
    let ledger = track.ledger();
    assert!(ledger.held <= 4096 && ledger.is_balanced(), "{ledger:?}");
    track.cut(CaptionDrop::OffAir);
    assert_eq!(track.ledger().held, 0);
}
