use super::*;

/// Fields of so many bits.
fn pack(fields: &[(u32, u32)]) -> Vec<u8> {
    let each = |(value, count): &(u32, u32)| {
        let value = *value;
        (0..*count).rev().map(move |bit| (value >> bit & 1) as u8)
    };
    let mut bits: Vec<u8> = fields.iter().flat_map(each).collect();
    bits.resize(bits.len().next_multiple_of(8), 0);
    bits.chunks(8).map(|byte| byte.iter().fold(0, |all, bit| all << 1 | bit)).collect()
}

fn header(mode: usize) -> Header {
    Header { rate: 0, length: 0, mode, has_lfe: false }
}

#[test]
fn the_gain_of_one_program_is_not_that_of_the_other() {
    let mut blocks = Blocks::new();
    let mut read = |fields: &[(u32, u32)], is_first| {
        let data = pack(fields);
        blocks.read_gains(&mut Bits::new(&data), &header(0), is_first).unwrap();
        [blocks.channels[0].gain, blocks.channels[1].gain]
    };
    // 2^1, 2^-1; then 2^2 for the first one only, and for the second one only.
    assert_eq!(read(&[(1, 1), (0x20, 8), (1, 1), (0xE0, 8)], true), [2.0, 0.5]);
    assert_eq!(read(&[(1, 1), (0x40, 8), (0, 1)], false), [4.0, 0.5]);
    assert_eq!(read(&[(0, 1), (1, 1), (0x40, 8)], false), [4.0, 4.0]);
    assert_eq!(read(&[(0, 2)], true), [1.0, 1.0]);
    // Of one program all channels have it.
    blocks.read_gains(&mut Bits::new(&pack(&[(1, 1), (0x20, 8)])), &header(7), true).unwrap();
    assert!(blocks.channels.iter().all(|channel| channel.gain == 2.0));
}

#[test]
fn a_coupling_strategy_that_is_sent_anew_keeps_leaks_and_turned_bands() {
    // In use for both channels, with phase flags, three sub-bands that are a band each.
    const STRATEGY: [(u32, u32); 6] = [(3, 2), (3, 2), (1, 1), (0, 4), (0, 4), (0, 2)];
    const SHARES: [(u32, u32); 2] = [(0b100, 3), (0, 24)];
    let allocation = |leaks: &[(u32, u32)]| {
        let head = [(1, 1), (0, 11), (1, 1), (0, 6), (0, 21)];
        pack(&[&head[..], leaks].concat())
    };
    let mut blocks = Blocks::new();
    let first = pack(&[&STRATEGY[..], &SHARES, &SHARES, &[(0b101, 3)]].concat());
    blocks.read_coupling(&mut Bits::new(&first), &header(2), true).unwrap();
    blocks.read_allocation(&mut Bits::new(&allocation(&[(1, 1), (2, 3), (3, 3)])), &header(2), true).unwrap();
    let expected = ([true, false, true], ((2 << 8) + 768, (3 << 8) + 768));
    let kept = |blocks: &Blocks| ([blocks.turned[0], blocks.turned[1], blocks.turned[2]], blocks.leaks);
    assert_eq!(kept(&blocks), expected);
    // The strategy again, without shares; then an allocation of which nothing is new.
    let again = pack(&[&STRATEGY[..], &[(0, 2)]].concat());
    blocks.read_coupling(&mut Bits::new(&again), &header(2), false).unwrap();
    blocks.read_allocation(&mut Bits::new(&[0]), &header(2), false).unwrap();
    assert!(blocks.coupled.is_some());
    assert_eq!(kept(&blocks), expected);
    // Not so at the start of a syncframe, which stands for itself.
    let missing = blocks.read_allocation(&mut Bits::new(&allocation(&[(0, 1)])), &header(2), true);
    assert_eq!(missing, Err(Broken("a first block without its coupling leaks")));
    // Shares without phase flags turn nothing.
    let plain = [(3, 2), (3, 2), (0, 1), (0, 4), (0, 4), (0, 2)];
    let plain = pack(&[&plain[..], &SHARES, &SHARES].concat());
    blocks.read_coupling(&mut Bits::new(&plain), &header(2), false).unwrap();
    assert_eq!(kept(&blocks).0, [false; 3]);
}
