use proptest::prelude::*;

use super::*;
use crate::error::ParseErrorKind;

/// Event 0x431356A0 out of the network, for 45 seconds.
const OUT: [u8; 40] = [
    0xFC, 0x30, 0x25, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xF0, 0x14, 0x05, 0x43, 0x13, 0x56, 0xA0, 0x7F,
    0xEF, 0xFF, 0xC8, 0x1C, 0xAC, 0x03, 0xFE, 0x00, 0x3D, 0xCC, 0x50, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x5E, 0x11,
    0x2F, 0xBD,
];

fn insert(event: InsertTimes) -> SpliceInfoSection {
    let command = SpliceInsert { event_id: 7, event_id_compliance: true, event: Some(event) };
    SpliceInfoSection::new(SpliceCommand::Insert(command))
}

fn out_at(at: Option<SpliceTime>) -> InsertTimes {
    InsertTimes {
        is_out: true,
        is_immediate: at.is_none(),
        at,
        components: None,
        duration: None,
        unique_program_id: 1,
        avail_num: 2,
        avails_expected: 3,
    }
}

/// What is written is read as it was.
fn round_trip(section: &SpliceInfoSection) {
    assert_eq!(SpliceInfoSection::parse(&section.to_bytes().unwrap()).as_ref(), Ok(section));
}

#[test]
fn an_insert_of_the_field_is_read_and_written_bit_for_bit() {
    let section = SpliceInfoSection::parse(&OUT).unwrap();
    let SpliceCommand::Insert(insert) = &section.command else { panic!("{section:?}") };
    assert_eq!((insert.event_id, section.tier), (0x4313_56A0, 0xFFF));
    let event = insert.event.as_ref().unwrap();
    assert!(event.is_out && !event.is_immediate);
    assert_eq!(event.duration, Some(BreakDuration { auto_return: true, ticks: 4_050_000 }));
    assert_eq!(section.time(), Some(SpliceTime::At(7_652_289_539)));
    assert_eq!(section.to_bytes().unwrap(), OUT[..]);
}

#[test]
fn times_are_adjusted_in_33_bits_row_5() {
    let end = 1u64 << 33;
    let signal = |pts_adjustment, at| {
        let section = SpliceInfoSection { pts_adjustment, ..SpliceInfoSection::new(SpliceCommand::TimeSignal(at)) };
        round_trip(&section);
        section.time()
    };
    assert_eq!(signal(0, SpliceTime::At(end - 5)), Some(SpliceTime::At(end - 5)));
    assert_eq!(signal(15, SpliceTime::At(end - 5)), Some(SpliceTime::At(10)));
    assert_eq!(signal(end - 1, SpliceTime::At(end - 5)), Some(SpliceTime::At(end - 6)));
    assert_eq!(signal(15, SpliceTime::Unspecified), Some(SpliceTime::Unspecified));
}

#[test]
fn an_insert_splices_a_program_its_components_at_once_or_is_cancelled() {
    let at = Some(SpliceTime::At(9));
    let apart = |times: [Option<SpliceTime>; 2], is_immediate| InsertTimes {
        is_immediate,
        components: Some(vec![(1, times[0]), (2, times[1])]),
        at: None,
        ..out_at(at)
    };
    for (event, time) in [
        (out_at(at), at),
        (out_at(None), Some(SpliceTime::Unspecified)),
        (apart([at, Some(SpliceTime::Unspecified)], false), at),
        (apart([None; 2], true), Some(SpliceTime::Unspecified)),
        (InsertTimes { components: Some(vec![]), ..out_at(None) }, Some(SpliceTime::Unspecified)),
    ] {
        let section = insert(event);
        round_trip(&section);
        assert_eq!(section.time(), time, "{section:?}");
    }
    let cancel = SpliceInsert { event_id: 7, event_id_compliance: true, event: None };
    let cancel = SpliceInfoSection::new(SpliceCommand::Insert(cancel));
    round_trip(&cancel);
    assert_eq!(cancel.time(), None);
}

#[test]
fn commands_and_descriptors_of_every_kind_are_written_as_they_are_read() {
    let bytes = |text: &'static [u8]| ::bytes::Bytes::from_static(text);
    let restrictions = DeliveryRestrictions {
        web_delivery_allowed: true,
        no_regional_blackout: false,
        archive_allowed: true,
        device_restrictions: 2,
    };
    let segment = Segmentation {
        components: Some(vec![(1, 90_000), (2, (1 << 33) - 1)]),
        delivery_not_restricted: false,
        restrictions,
        duration: Some((1 << 40) - 1),
        upid_type: 9,
        upid: bytes(b"SIGNAL:abc"),
        type_id: 0x34,
        segment_num: 1,
        segments_expected: 2,
        sub_segments: Some((3, 4)),
    };
    let event = |event| SegmentationDescriptor { event_id: 9, event_id_compliance: false, event };
    let sound = AudioComponent { tag: 4, language: *b"deu", mode: 5, channels: 10, is_full_service: true };
    let descriptors = vec![
        SpliceDescriptor::Avail { provider_avail_id: 309 },
        SpliceDescriptor::Dtmf { preroll: 50, chars: bytes(b"121*") },
        SpliceDescriptor::Segmentation(event(Some(segment))),
        SpliceDescriptor::Segmentation(event(None)),
        SpliceDescriptor::Time { tai_seconds: 1 << 40, tai_ns: 7, utc_offset: 37 },
        SpliceDescriptor::Audio(vec![sound; 15]),
        SpliceDescriptor::Other { tag: 0xF0, bytes: bytes(b"ABCDprivate") },
        SpliceDescriptor::Other { tag: 2, bytes: bytes(b"x") },
    ];
    let commands = [
        SpliceCommand::Null,
        SpliceCommand::BandwidthReservation,
        SpliceCommand::Schedule(bytes(&[0])),
        SpliceCommand::TimeSignal(SpliceTime::At(0)),
        SpliceCommand::Private { identifier: 1, bytes: bytes(b"data") },
        SpliceCommand::Reserved { kind: 0x40, bytes: bytes(b"later") },
    ];
    for command in commands {
        let new = SpliceInfoSection::new(command);
        let stuffing = bytes(&[0x2A; 3]);
        round_trip(&SpliceInfoSection { descriptors: descriptors.clone(), stuffing, sap_type: 1, tier: 10, ..new });
    }
    let encrypted = SpliceCommand::Encrypted { algorithm: 3, command_length: 20, bytes: bytes(b"secret") };
    let encrypted = SpliceInfoSection { cw_index: 4, pts_adjustment: 5, ..SpliceInfoSection::new(encrypted) };
    round_trip(&encrypted);
    assert_eq!(encrypted.time(), None);
}

#[test]
fn a_length_that_is_not_told_is_found_where_the_command_knows_its_end() {
    for command in [SpliceCommand::Null, SpliceCommand::TimeSignal(SpliceTime::At(1)), insert(out_at(None)).command] {
        let new = SpliceInfoSection::new(command);
        round_trip(&SpliceInfoSection { has_command_length: false, ..new });
    }
    let new = SpliceInfoSection::new(SpliceCommand::Private { identifier: 1, bytes: ::bytes::Bytes::new() });
    let told = SpliceInfoSection { has_command_length: false, ..new }.to_bytes().unwrap();
    let missing = ParseErrorKind::Missing { what: "splice_command_length" };
    assert_eq!(SpliceInfoSection::parse(&told), Err(missing));
}

#[test]
fn what_does_not_fit_its_field_is_not_written() {
    let with =
        |descriptor| SpliceInfoSection { descriptors: vec![descriptor], ..SpliceInfoSection::new(SpliceCommand::Null) };
    let bytes = |len| ::bytes::Bytes::from(vec![0; len]);
    let invalid = |what, value| Err(ParseErrorKind::Invalid { what, value });
    let chars = SpliceDescriptor::Dtmf { preroll: 0, chars: bytes(8) };
    assert_eq!(with(chars).to_bytes(), invalid("dtmf_count", 8));
    let other = SpliceDescriptor::Other { tag: 9, bytes: bytes(256) };
    assert_eq!(with(other).to_bytes(), invalid("descriptor_length", 256));
    let mut many = with(SpliceDescriptor::Other { tag: 9, bytes: bytes(255) });
    many.descriptors = vec![many.descriptors[0].clone(); 16];
    assert_eq!(many.to_bytes().unwrap_err().to_string(), "section_length: 4129 is over the ceiling of 4093");
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused_and_what_is_read_is_written(
        mut body in proptest::collection::vec(any::<u8>(), 0..120),
        at in 0usize..40, value: u8, is_known: bool,
    ) {
        if is_known {
            body = OUT[..36].to_vec();
            body[at.min(35)] = value;
        }
        let crc = crate::wire::ts::crc32(&body);
        let section = [&body[..], &crc.to_be_bytes()].concat();
        if let Ok(read) = SpliceInfoSection::parse(&section) {
            let written = read.to_bytes().unwrap();
            prop_assert_eq!(SpliceInfoSection::parse(&written).unwrap(), read);
        }
    }
}
