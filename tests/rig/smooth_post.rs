//! A Smooth Streaming encoder: header boxes and fragments of the script's pictures and sound, one fragment to a GOP.

#![allow(dead_code, unreachable_pub, reason = "each test uses its own part of the rig")]

/// A track in the header boxes.
#[derive(Clone, Copy, Debug)]
pub struct Told<'a> {
    pub id: u32,
    /// `video`, `audio` or `textstream`.
    pub element: &'a str,
    pub name: &'a str,
    pub bitrate: u32,
    /// More attributes of its element.
    pub more: &'a str,
    /// Its sample entry, a whole box; see [`avc1`] and [`mp4a`].
    pub entry: &'a [u8],
}

/// One sample: duration and composition offset in ticks of 10 MHz, and its bytes.
pub type Sample<'a> = (u32, i32, &'a [u8]);

/// `ftyp`, live server manifest and `moov`.
pub fn header(tracks: &[Told<'_>]) -> Vec<u8> {
    [boxed(b"ftyp", &[b"isml\0\0\0\x01piff"]), manifest(&xml(tracks)), moov(tracks)].concat()
}

/// The live server manifest box around `xml`.
pub fn manifest(xml: &[u8]) -> Vec<u8> {
    boxed(b"uuid", &[b"\xa5\xd4\x0b\x30\xe8\x14\x11\xdd\xba\x2f\x08\x00\x20\x0c\x9a\x66", &[0; 4], xml])
}

/// `moov` with these tracks, all at 10 MHz.
pub fn moov(tracks: &[Told<'_>]) -> Vec<u8> {
    let traks: Vec<u8> = tracks.iter().flat_map(trak).collect();
    boxed(b"moov", &[&traks])
}

/// `moof` with `tfxd` and `mdat`; `index` makes the `tfxd` one of version 2.
pub fn fragment(track: u32, time: i64, samples: &[Sample<'_>], index: Option<u64>) -> Vec<u8> {
    let duration: u64 = samples.iter().map(|(duration, ..)| u64::from(*duration)).sum();
    let version = if index.is_some() { 2 } else { 1 };
    let tfxd = [
        &b"\x6d\x1d\x9b\x05\x42\xd5\x44\xe6\x80\xe2\x14\x1d\xaf\xf7\x57\xb2"[..],
        &[version, 0, 0, 0],
        &time.to_be_bytes(),
        &duration.to_be_bytes(),
        &index.map(u64::to_be_bytes).unwrap_or_default()[..if index.is_some() { 8 } else { 0 }],
    ];
    timed(track, &boxed(b"uuid", &tfxd), samples)
}

/// `moof` with any box that says its time, and `mdat`.
pub fn timed(track: u32, time: &[u8], samples: &[Sample<'_>]) -> Vec<u8> {
    let tfhd = boxed(b"tfhd", &[&[0; 4], &track.to_be_bytes()]);
    let entries: Vec<u8> = samples
        .iter()
        .flat_map(|(duration, offset, data)| [*duration, data.len() as u32, offset.cast_unsigned()])
        .flat_map(u32::to_be_bytes)
        .collect();
    let trun = |offset: u32| {
        let head = [0x0100_0B01, samples.len() as u32, offset].map(u32::to_be_bytes).concat();
        boxed(b"trun", &[&head, &entries])
    };
    let moof = |offset| {
        let traf = boxed(b"traf", &[&tfhd, &trun(offset), time]);
        boxed(b"moof", &[&boxed(b"mfhd", &[&[0; 8]]), &traf])
    };
    let offset = moof(0).len() as u32 + 8;
    let data: Vec<u8> = samples.iter().flat_map(|(.., data)| data.iter().copied()).collect();
    [moof(offset), boxed(b"mdat", &[&data])].concat()
}

/// A sample entry of H.264.
pub fn avc1(sps: &[u8], pps: &[u8]) -> Vec<u8> {
    let mut record = vec![1, sps[1], sps[2], sps[3], 0xFF, 0xE1];
    record.extend((sps.len() as u16).to_be_bytes());
    record.extend(sps);
    record.push(1);
    record.extend((pps.len() as u16).to_be_bytes());
    record.extend(pps);
    visual(b"avc1", &boxed(b"avcC", &[&record]))
}

/// A sample entry of video with this decoder set-up.
pub fn visual(kind: &[u8; 4], config: &[u8]) -> Vec<u8> {
    boxed(kind, &[&[0; 24], &320u16.to_be_bytes(), &180u16.to_be_bytes(), &[0; 50], config])
}

/// A sample entry of AAC.
pub fn mp4a(asc: &[u8]) -> Vec<u8> {
    let of = |tag: u8, payload: &[u8]| [&[tag, payload.len() as u8], payload].concat();
    let decoder = of(4, &[&[0x40, 0x15, 0, 0, 0][..], &[0; 8], &of(5, asc)].concat());
    let esds = boxed(b"esds", &[&[0; 4], &of(3, &[&[0, 0, 0][..], &decoder, &of(6, &[2])].concat())]);
    boxed(b"mp4a", &[&[0; 28], &esds])
}

pub fn boxed(kind: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let payload = parts.concat();
    [&(payload.len() as u32 + 8).to_be_bytes(), &kind[..], &payload].concat()
}

fn xml(tracks: &[Told<'_>]) -> Vec<u8> {
    let elements: String = tracks
        .iter()
        .map(|track| {
            let Told { id, element, name, bitrate, more, .. } = track;
            format!(
                "<{element} src=\"Stream\" systemBitrate=\"{bitrate}\" {more}>\
                 <param name=\"trackID\" value=\"{id}\" valuetype=\"data\"/>\
                 <param name=\"trackName\" value=\"{name}\" valuetype=\"data\"/></{element}>"
            )
        })
        .collect();
    let space = "http://www.w3.org/2001/SMIL20/Language";
    format!("<?xml version=\"1.0\"?><smil xmlns=\"{space}\"><body><switch>{elements}</switch></body></smil>").into()
}

fn trak(track: &Told<'_>) -> Vec<u8> {
    let tkhd = boxed(b"tkhd", &[&[0; 12], &track.id.to_be_bytes(), &[0; 68]]);
    // 10 MHz, `eng`.
    let mdhd = boxed(b"mdhd", &[&[0; 12], &10_000_000u32.to_be_bytes(), &[0; 4], &[0x15, 0xC7, 0, 0]]);
    let handler = match track.element {
        "video" => b"vide",
        "audio" => b"soun",
        _ => b"meta",
    };
    let hdlr = boxed(b"hdlr", &[&[0; 8], handler, &[0; 13]]);
    let stsd = boxed(b"stsd", &[&[0; 4], &1u32.to_be_bytes(), track.entry]);
    let minf = boxed(b"minf", &[&boxed(b"stbl", &[&stsd])]);
    boxed(b"trak", &[&tkhd, &boxed(b"mdia", &[&mdhd, &hdlr, &minf])])
}
