//! Which channel of an AAC stream stands where (ISO/IEC 14496-3 clauses 1.6.3.5 and 4.4.1.1).
//!
//! The library gives channels out in the order of a WAVE file's channel mask; the down-mixer has one layout for each number
//! of channels. What the down-mixer's layout lacks is silent, and the low frequency channel, which a down-mix leaves out, is
//! left out where there is no place for it. To take one more layout, add its mask to [`LAYOUTS`].

use rusty_aac::{
    config::StreamConfig,
    decode::layout::{OutputConfig, default_layout, pce_layout},
};

use crate::error::Fault;

/// Where each channel of the down-mixer's layout comes from.
pub(super) type Places = &'static [Option<usize>];

/// How many channels a stream that is set up so has, and their places.
pub(super) fn of(stream: &StreamConfig) -> Result<(usize, Places), Fault> {
    let map = match &stream.pce {
        Some(element) => Some(pce_layout(element)),
        None => default_layout(stream.channel_config, false),
    };
    let mask = map.map_or(0, |map| OutputConfig::configure(map, false).mask);
    let known = LAYOUTS.iter().find(|(known, _)| *known == mask);
    let refused = || Fault::Codec { what: format!("AAC of channel mask {mask:#x} is not supported") };
    known.map(|(mask, places)| (mask.count_ones() as usize, *places)).ok_or_else(refused)
}

/// Bits of the mask: left, right, centre, low frequency, back left and right, left and right of the centre, back centre,
/// side left and right, and above the front left and right.
const L_R: u64 = 0x3;
const C: u64 = 0x4;
const LFE: u64 = 0x8;
const BACK: u64 = 0x30;
const OF_CENTRE: u64 = 0xC0;
const BC: u64 = 0x100;
const SIDE: u64 = 0x600;
const ABOVE: u64 = 0x5000;

/// Places by mask.
const LAYOUTS: [(u64, Places); 27] = [
    (C, &[Some(0)]),
    (L_R, STEREO),
    (L_R | LFE, STEREO),
    (L_R | C, &[Some(0), Some(1), Some(2)]),
    (L_R | C | LFE, &[Some(0), Some(1), Some(2)]),
    (L_R | BC, &[Some(0), Some(1), None, Some(2)]),
    (L_R | C | BC, &[Some(0), Some(1), Some(2), Some(3)]),
    (L_R | C | LFE | BC, &[Some(0), Some(1), Some(2), Some(4)]),
    (L_R | BACK, QUAD),
    (L_R | SIDE, QUAD),
    (L_R | LFE | BACK, QUAD_LFE),
    (L_R | LFE | SIDE, QUAD_LFE),
    (L_R | C | BACK, FIVE),
    (L_R | C | SIDE, FIVE),
    (L_R | C | LFE | BACK, FIVE_ONE),
    (L_R | C | LFE | SIDE, FIVE_ONE),
    (L_R | C | BACK | BC, &[Some(0), Some(1), Some(2), None, Some(5), Some(3), Some(4)]),
    (L_R | C | BC | SIDE, &[Some(0), Some(1), Some(2), None, Some(3), Some(4), Some(5)]),
    (L_R | C | LFE | BACK | BC, &[Some(0), Some(1), Some(2), Some(3), Some(6), Some(4), Some(5)]),
    (L_R | C | LFE | BC | SIDE, &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6)]),
    (L_R | C | BACK | SIDE, SEVEN),
    (L_R | C | BACK | OF_CENTRE, SEVEN),
    (L_R | C | OF_CENTRE | SIDE, SEVEN),
    (L_R | C | LFE | BACK | SIDE, SEVEN_ONE),
    (L_R | C | LFE | BACK | OF_CENTRE, SEVEN_ONE),
    (L_R | C | LFE | OF_CENTRE | SIDE, SEVEN_ONE),
    (L_R | C | LFE | BACK | ABOVE, SEVEN_ONE),
];
const STEREO: Places = &[Some(0), Some(1)];
const QUAD: Places = &[Some(0), Some(1), None, Some(2), Some(3)];
const QUAD_LFE: Places = &[Some(0), Some(1), None, Some(3), Some(4)];
const FIVE: Places = &[Some(0), Some(1), Some(2), Some(3), Some(4)];
const FIVE_ONE: Places = &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5)];
const SEVEN: Places = &[Some(0), Some(1), Some(2), None, Some(3), Some(4), Some(5), Some(6)];
const SEVEN_ONE: Places = &[Some(0), Some(1), Some(2), Some(3), Some(4), Some(5), Some(6), Some(7)];

#[cfg(test)]
mod tests {
    use rusty_aac::config;

    use super::*;

    #[test]
    fn channels_find_their_places_whatever_the_configuration_a12_15() {
        let lc = |configuration| of(&StreamConfig::lc(2, 48_000, configuration));
        for configuration in 1..=6 {
            let (count, places) = lc(configuration).unwrap();
            assert_eq!(count, usize::from(configuration));
            assert!(places.iter().enumerate().all(|(n, place)| *place == Some(n)), "{configuration}");
        }
        // 6.1: left, right, centre, low frequency, back left, back right, back centre.
        let back_centre = [Some(0), Some(1), Some(2), Some(3), Some(6), Some(4), Some(5)];
        assert_eq!(lc(11), Ok((7, &back_centre[..])));
        for configuration in [7, 12, 14] {
            assert_eq!(lc(configuration), Ok((8, SEVEN_ONE)), "{configuration}");
        }
        for configuration in [0, 13] {
            let refused = lc(configuration).unwrap_err().to_string();
            assert!(refused.contains("mask"), "{refused}");
        }
    }

    #[test]
    fn a_program_config_element_says_where_channels_are() {
        let quad = element(&[(1, 0), (1, 1)], [1, 0, 1, 0]);
        assert_eq!(of(&config::parse(&quad).unwrap()), Ok((4, QUAD)));
        let low = element(&[(1, 0), (1, 1), (2, 0)], [1, 0, 1, 1]);
        assert_eq!(of(&config::parse(&low).unwrap()), Ok((5, QUAD_LFE)));
    }

    /// A set-up of LC at 48 kHz with a program config element; kinds of elements: 0 single, 1 pair, 2 low frequency.
    fn element(elements: &[(u32, u32)], [front, side, back, low]: [u32; 4]) -> Vec<u8> {
        let mut fields = vec![
            (2, 5),
            (3, 4),
            (0, 4),
            (0, 3),
            (0, 4),
            (1, 2),
            (3, 4),
            (front, 4),
            (side, 4),
            (back, 4),
            (low, 2),
            (0, 3),
            (0, 4),
        ];
        fields.extend([(0, 1), (0, 1), (0, 1)]);
        for (kind, tag) in elements {
            if *kind < 2 {
                fields.push((*kind, 1));
            }
            fields.push((*tag, 4));
        }
        let mut bits: Vec<u8> = Vec::new();
        for (value, count) in fields {
            bits.extend((0..count).rev().map(|bit| (value >> bit & 1) as u8));
        }
        bits.resize(bits.len().next_multiple_of(8) + 32, 0);
        bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect()
    }
}
