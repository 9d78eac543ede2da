//! Captions as an encoder makes them, and what a viewer reads of the coded pictures: found by a search of its own, decoded by
//! `cea608-types` and `cea708-types`.

use std::collections::{BTreeMap, VecDeque};

use bytes::Bytes;
use cea608_types::{Cea608 as Code608, Cea608State, Id, Mode, tables::Field};
use cea708_types::{CCDataParser, Cea608 as Pair608, tables::Code as Code708};

use super::Rig;

/// Byte pairs and packets, each with the time from which on it is to be sent, in ticks of 90 kHz.
#[derive(Clone, Debug, Default)]
pub struct CaptionScript {
    fields: [VecDeque<(i64, [u8; 2])>; 2],
    packets: VecDeque<(i64, Vec<u8>)>,
    /// Where fields take turns, field 1 is in the pictures of even numbers, counted from here.
    pub pictures: u64,
}

/// Text that came to stand in a service, empty where it was erased.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Shown {
    /// The picture's time.
    pub at: i64,
    /// `CC1`, `SERVICE1`.
    pub service: String,
    pub text: String,
}

const SECOND: i64 = 90_000;

impl CaptionScript {
    /// From second 1 on, every two seconds a caption: pop-on in CC1, shown for a second and a half; roll-up in CC3; a window
    /// of service 1.
    pub fn news(count: i64) -> Self {
        let mut script = Self::default();
        for n in 0..count {
            let at = SECOND + 2 * n * SECOND;
            let text = format!("CAPTION {n:02}");
            let load = [[0x14, 0x20], [0x14, 0x2E], [0x14, 0x70]].into_iter().flat_map(|code| [code; 2]);
            script.say(0, at - SECOND * 6 / 10, load.chain(letters(&text)));
            script.say(0, at, [[0x14, 0x2F]; 2]);
            script.say(0, at + SECOND * 3 / 2, [[0x14, 0x2C]; 2]);
            let roll = [[0x15, 0x25], [0x15, 0x2D], [0x14, 0x70]].into_iter().flat_map(|code| [code; 2]);
            script.say(1, at + SECOND / 2, roll.chain(letters(&text)));
            // DefineWindow 0, the text, ETX; before it, and in the end, DeleteWindows.
            let (delete, define) = ([0x8C, 0xFF], [0x98, 0x38, 60, 10, 0x60, 9, 0x11]);
            let text = [text.as_bytes(), &[3]].concat();
            for block in [&delete[..], &define, &text] {
                script.packet(at, 1, block);
            }
            script.packet(at + SECOND * 3 / 2, 1, &delete);
        }
        script
    }

    /// The pairs of a Scenarist file as field 1, a line every so many ticks from second 1 on.
    pub fn scenarist(file: &str, every: i64) -> Self {
        let mut script = Self::default();
        let lines = file.lines().filter(|line| line.starts_with(|first: char| first.is_ascii_digit()));
        for (n, line) in lines.enumerate() {
            let pair = |word: &str| u16::from_str_radix(word, 16).unwrap().to_be_bytes().map(|byte| byte & 0x7F);
            script.say(0, SECOND + n as i64 * every, line.split_whitespace().skip(1).map(pair));
        }
        script
    }

    /// What the picture at `at` carries, as an ITU-T T.35 payload: of the fields one pair each, or of one field in turn where
    /// pictures come faster than 40 a second.
    pub fn next(&mut self, at: i64, is_fast: bool) -> Vec<u8> {
        let mut constructs = Vec::new();
        let turn = self.pictures % 2;
        self.pictures += 1;
        for (field, queue) in self.fields.iter_mut().enumerate() {
            if !is_fast || turn == field as u64 {
                let due = queue.pop_front_if(|(due, _)| *due <= at).map_or([0, 0], |(_, pair)| pair);
                constructs.push([&[0xFC | field as u8][..], &due.map(odd)].concat());
            }
        }
        let count = if is_fast { 10 } else { 20 };
        while let Some((_, packet)) =
            self.packets.pop_front_if(|(due, packet)| *due <= at && constructs.len() + packet.len() / 2 <= count)
        {
            let kind = |n| if n == 0 { 0xFF } else { 0xFE };
            constructs.extend(packet.chunks(2).enumerate().map(|(n, pair)| [&[kind(n)][..], pair].concat()));
        }
        constructs.resize(count, vec![0xFA, 0, 0]);
        [&b"\xB5\x00\x31GA94\x03"[..], &[0xC0 | count as u8, 0xFF], &constructs.concat(), &[0xFF]].concat()
    }

    fn say(&mut self, field: usize, at: i64, pairs: impl IntoIterator<Item = [u8; 2]>) {
        self.fields[field].extend(pairs.into_iter().map(|pair| (at, pair)));
    }

    fn packet(&mut self, at: i64, service: u8, block: &[u8]) {
        let mut packet = [&[0, service << 5 | block.len() as u8][..], block, &[0]].concat();
        packet.truncate(packet.len() / 2 * 2);
        packet[0] = (((self.packets.len() & 3) << 6) | (packet.len() / 2)) as u8;
        self.packets.push_back((at, packet));
    }
}

/// An SEI NAL unit of this payload, behind a start code.
pub fn sei(payload: &[u8]) -> Vec<u8> {
    assert!(payload.len() < 255);
    let mut nal = vec![0, 0, 0, 1, 6];
    let mut zeros = 0;
    for byte in [&[4, payload.len() as u8][..], payload, &[0x80]].concat() {
        if zeros == 2 && byte <= 3 {
            nal.push(3);
            zeros = 0;
        }
        zeros = if byte == 0 { zeros + 1 } else { 0 };
        nal.push(byte);
    }
    nal
}

/// The first `cc_data()` of an access unit: those that a channel makes have one at most.
pub fn cc_data(unit: &[u8]) -> Option<Vec<u8>> {
    let mut all = all_cc_data(unit);
    assert!(all.len() <= 1);
    all.pop()
}

/// Every `cc_data()` of an access unit with a length of four bytes before each NAL unit, without what follows the constructs.
pub fn all_cc_data(unit: &[u8]) -> Vec<Vec<u8>> {
    let (mut rest, mut all) = (unit, Vec::new());
    while rest.len() > 4 {
        let (nal, after) = rest[4..].split_at(u32::from_be_bytes(rest[..4].try_into().unwrap()) as usize);
        rest = after;
        if nal[0] & 0x1F == 6 {
            let mut plain: Vec<u8> = Vec::new();
            for byte in nal {
                if *byte == 3 && plain.ends_with(&[0, 0]) {
                    continue;
                }
                plain.push(*byte);
            }
            let heads = plain.windows(8).enumerate().filter(|(_, window)| window == b"\xB5\x00\x31GA94\x03");
            all.extend(heads.map(|(at, _)| {
                let data = &plain[at + 8..];
                data[..2 + 3 * usize::from(data[0] & 0x1F)].to_vec()
            }));
        }
    }
    all
}

impl Rig {
    /// What viewers of a rung read.
    pub fn read_captions(&self, asset: &str, track: usize) -> Vec<Shown> {
        let stored = self.stored(asset, track);
        read_captions(stored.iter().filter_map(|unit| Some((unit.pts, cc_data(&unit.data)?))))
    }
}

/// What a viewer reads of pictures in the order in which they are shown.
pub fn read_captions(pictures: impl IntoIterator<Item = (i64, Vec<u8>)>) -> Vec<Shown> {
    read_erased(pictures.into_iter().map(|(at, data)| (at, Some(data))))
}

/// The same where everything is erased at a picture that is `None`.
pub fn read_erased(pictures: impl IntoIterator<Item = (i64, Option<Vec<u8>>)>) -> Vec<Shown> {
    let mut viewer = Viewer::default();
    let mut parser = CCDataParser::new();
    parser.handle_cea608();
    for (at, data) in pictures {
        let Some(data) = data else {
            viewer.screens.values_mut().for_each(|screen| *screen = Screen::default());
            continue;
        };
        parser.push(&data).unwrap();
        for pair in parser.cea608().unwrap().to_vec() {
            viewer.pair(at, pair);
        }
        while let Some(packet) = parser.pop_packet() {
            for service in packet.services() {
                viewer.block(at, service.number(), service.codes());
            }
        }
    }
    viewer.shown
}

/// What is shown of the source's own payloads.
pub fn read_payloads(pictures: &[(i64, Bytes)]) -> Vec<Shown> {
    read_captions(pictures.iter().map(|(at, payload)| (*at, payload[8..payload.len() - 1].to_vec())))
}

/// The texts of a service, in order, without erasures.
pub fn texts(shown: &[Shown], service: &str) -> Vec<String> {
    let of = shown.iter().filter(|shown| shown.service == service && !shown.text.is_empty());
    of.map(|shown| shown.text.clone()).collect()
}

#[derive(Default)]
struct Viewer {
    states: [Cea608State; 2],
    screens: BTreeMap<String, Screen>,
    shown: Vec<Shown>,
}

#[derive(Default)]
struct Screen {
    mode: Option<Mode>,
    front: String,
    back: String,
}

impl Viewer {
    fn pair(&mut self, at: i64, pair: Pair608) {
        let (field, bytes) = match pair {
            Pair608::Field1(a, b) => (0, [a, b]),
            Pair608::Field2(a, b) => (1, [a, b]),
        };
        let Some(said) = self.states[field].decode(bytes).expect("parity") else { return };
        let of = [Field::ONE, Field::TWO][field];
        let id = format!("{:?}", Id::from_caption_field_channel(of, said.channel()));
        let screen = self.screens.entry(id.clone()).or_default();
        let before = screen.front.clone();
        screen.take(&said);
        if screen.front != before {
            self.shown.push(Shown { at, service: id, text: screen.front.clone() });
        }
    }

    /// Text up to its end, and what deletes it.
    fn block(&mut self, at: i64, service: u8, codes: &[Code708]) {
        let id = format!("SERVICE{service}");
        let screen = self.screens.entry(id.clone()).or_default();
        for code in codes {
            match code {
                Code708::DeleteWindows(_) | Code708::ClearWindows(_) | Code708::Reset => {
                    screen.back.clear();
                    if !std::mem::take(&mut screen.front).is_empty() {
                        self.shown.push(Shown { at, service: id.clone(), text: String::new() });
                    }
                }
                Code708::ETX => {
                    screen.front = std::mem::take(&mut screen.back);
                    self.shown.push(Shown { at, service: id.clone(), text: screen.front.clone() });
                }
                code => screen.back.extend(code.char()),
            }
        }
    }
}

impl Screen {
    fn take(&mut self, said: &Code608) {
        let pops_on = matches!(self.mode, None | Some(Mode::PopOn));
        match said {
            Code608::Text(text) => {
                let to = if pops_on { &mut self.back } else { &mut self.front };
                if text.needs_backspace {
                    to.pop();
                }
                to.extend(text.char1.into_iter().chain(text.char2));
            }
            Code608::NewMode(_, mode) => self.mode = Some(*mode),
            Code608::EraseDisplay(_) => self.front.clear(),
            Code608::EraseNonDisplay(_) => self.back.clear(),
            Code608::EndOfCaption(_) => {
                self.mode = Some(Mode::PopOn);
                std::mem::swap(&mut self.front, &mut self.back);
            }
            Code608::CarriageReturn(_) => self.front.push('/'),
            Code608::Backspace(_) => drop(if pops_on { self.back.pop() } else { self.front.pop() }),
            Code608::Preamble(..) if pops_on && !self.back.is_empty() => self.back.push('/'),
            _ => {}
        }
    }
}

fn letters(text: &str) -> impl Iterator<Item = [u8; 2]> {
    text.as_bytes().chunks(2).map(|two| [two[0], two.get(1).copied().unwrap_or(0)])
}

fn odd(byte: u8) -> u8 {
    if byte.count_ones().is_multiple_of(2) { byte | 0x80 } else { byte }
}
