//! H.264 decode by OpenH264 (feature `openh264`).
//!
//! Rec. ITU-T H.264, 8-bit 4:2:0 progressive. Fields, more bits and other chroma formats are refused from the sequence
//! parameter set (clause 7.3.2.1.1), before the library sees the picture, and so is a picture over the ceiling.
//!
//! Order: the library is fed one access unit at a time and gives pictures out in an order that it guesses from the low
//! bits of the picture order count. Here each picture carries the `pts` of its access unit through the library and waits
//! until the decode clock reaches it, which is exact for every well-formed stream and needs no guess (clause C.4.5.3 has
//! the same result by counting). To take another format, write another backend: see the module `backends`.
#![allow(unsafe_code, reason = "OpenH264 is a C++ library behind a C function table")]

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use h264_reader::nal::sps::{ChromaFormat, FrameMbsFlags, SeqParameterSet};
use h264_reader::rbsp::{BitReader, decode_nal};
use openh264_sys2::{self as sys, API};

use super::VideoDecoder;
use crate::{
    error::Fault,
    media::{AccessUnit, Frame, FramePool, H264Config, NalFraming},
    time::MediaTime,
};

/// A decoder of one H.264 track.
pub(super) struct OpenH264Decoder {
    library: Library,
    config: H264Config,
    /// Most luma samples in a picture.
    ceiling: u64,
    sample_aspect: (u32, u32),
    /// The sequence parameter set in force, as it was checked last.
    checked: Vec<u8>,
    /// Why the sequence parameter set in force is not taken.
    refused: Option<Fault>,
    /// The track's parameter sets are still to be fed.
    wants_parameter_sets: bool,
    /// The access unit in Annex B form.
    annex_b: Vec<u8>,
    /// Times of the access units in the library: a picture carries the low bits of its place here.
    times: [MediaTime; TIMES],
    fed: u64,
    /// Pictures whose turn has not come, the earliest last.
    held: Vec<Frame>,
    pool: FramePool,
}

impl OpenH264Decoder {
    /// A decoder for a track set up as `config` says, for pictures of up to `ceiling` luma samples.
    pub(super) fn new(config: &H264Config, ceiling: u64) -> Result<Self, Fault> {
        if let NalFraming::Length(bytes) = config.framing
            && !matches!(bytes, 1 | 2 | 4)
        {
            return Err(Fault::Codec { what: format!("H.264 length field of {bytes} bytes") });
        }
        let mut decoder = Self {
            library: Library::open()?,
            config: config.clone(),
            ceiling: ceiling.min(CEILING_OF_CEILINGS),
            sample_aspect: (1, 1),
            checked: Vec::new(),
            refused: None,
            wants_parameter_sets: true,
            annex_b: Vec::new(),
            times: [MediaTime::ZERO; TIMES],
            fed: 0,
            held: Vec::new(),
            pool: FramePool::new(),
        };
        for sps in &config.sps {
            decoder.check(sps);
        }
        decoder.refused.clone().map_or(Ok(decoder), Err)
    }

    /// Takes note of a sequence parameter set: whether this backend decodes it, and its sample aspect ratio.
    fn check(&mut self, sps: &[u8]) {
        if self.checked == sps {
            return;
        }
        self.checked.clear();
        self.checked.extend_from_slice(sps);
        match accept(sps, self.ceiling) {
            Ok(aspect) => (self.sample_aspect, self.refused) = (aspect, None),
            Err(fault) => self.refused = Some(fault),
        }
    }

    /// Writes `unit` to `annex_b`, after the track's parameter sets where they are due, and checks what is in band.
    fn frame_up(&mut self, unit: &AccessUnit) -> Result<(), Fault> {
        if unit.data.len() > UNIT_CEILING {
            return Err(Fault::Codec { what: format!("H.264 access unit of {} bytes", unit.data.len()) });
        }
        let mut annex_b = std::mem::take(&mut self.annex_b);
        annex_b.clear();
        if std::mem::take(&mut self.wants_parameter_sets) {
            for nal in self.config.sps.iter().chain(&self.config.pps) {
                annex_b.extend_from_slice(&START_CODE);
                annex_b.extend_from_slice(nal);
            }
        }
        let is_whole = match self.config.framing {
            NalFraming::AnnexB => {
                each_parameter_set(&unit.data, |sps| self.check(sps));
                annex_b.extend_from_slice(&unit.data);
                true
            }
            NalFraming::Length(bytes) => each_nal(&unit.data, usize::from(bytes), |nal| {
                if nal_type(nal) == NAL_SPS {
                    self.check(nal);
                }
                annex_b.extend_from_slice(&START_CODE);
                annex_b.extend_from_slice(nal);
            }),
        };
        self.annex_b = annex_b;
        match &self.refused {
            Some(fault) => Err(fault.clone()),
            None if !is_whole => Err(Fault::Codec { what: "H.264 NAL length beyond its access unit".into() }),
            None => Ok(()),
        }
    }

    /// Moves the picture that the library has ready, if any, to its place among those held.
    fn collect(&mut self, picture: Option<Picture<'_>>) {
        let Some(picture) = picture else { return };
        let (width, height) = (picture.width, picture.height);
        if width == 0 || height == 0 || (width as u64).saturating_mul(height as u64) > self.ceiling {
            return;
        }
        let pts = self.times.get(picture.tag as usize % TIMES).copied().unwrap_or_default();
        let mut frame = Frame::build(&self.pool, (width, height), pts, |y, u, v| {
            copy_plane(y, width.next_multiple_of(2), picture.y, (width, height));
            let half = (width.div_ceil(2), height.div_ceil(2));
            copy_plane(u, half.0, picture.u, half);
            copy_plane(v, half.0, picture.v, half);
        });
        frame.sample_aspect = self.sample_aspect;
        let place = self.held.partition_point(|held| held.pts > pts);
        self.held.insert(place, frame);
    }

    /// Gives out what is due when the decode clock stands at `dts`: no later unit can be shown before its own `dts`.
    fn release(&mut self, dts: MediaTime, out: &mut Vec<Frame>) {
        while self.held.last().is_some_and(|frame| frame.pts <= dts || self.held.len() > MOST_HELD) {
            out.extend(self.held.pop());
        }
    }

    /// Puts a new library object in the place of one that has been drained or that lost its way.
    fn renew(&mut self) -> Result<(), Fault> {
        self.library = Library::open()?;
        self.wants_parameter_sets = true;
        Ok(())
    }
}

impl VideoDecoder for OpenH264Decoder {
    fn decode(&mut self, unit: &AccessUnit, out: &mut Vec<Frame>) -> Result<(), Fault> {
        self.frame_up(unit)?;
        let tag = self.fed % TIMES as u64;
        if let Some(time) = self.times.get_mut(tag as usize) {
            *time = unit.pts;
        }
        self.fed += 1;
        let mut annex_b = std::mem::take(&mut self.annex_b);
        // Two steps, as each may give a picture: a unit's own picture is finished by the second, which feeds nothing.
        let mut state = 0;
        for input in [annex_b.as_slice(), &[]] {
            let mut planes = Planes::default();
            state |= self.library.decode(input, tag, &mut planes);
            // SAFETY: the library is not called again before the picture has been copied.
            let picture = unsafe { planes.picture() };
            self.collect(picture);
        }
        annex_b.clear();
        self.annex_b = annex_b;
        self.release(unit.dts, out);
        if state == 0 {
            return Ok(());
        }
        // A bit for each kind of trouble, and one that says that a picture was made all the same.
        if state & FATAL != 0 {
            self.renew()?;
        }
        let end = if state & sys::dsDataErrorConcealed as c_int == 0 { "" } else { ", concealed" };
        Err(Fault::Codec { what: format!("H.264 decoder: {}{end}", reason(state)) })
    }

    fn flush(&mut self, out: &mut Vec<Frame>) -> Result<(), Fault> {
        // The library marks a picture given out by a flush as still in use for ever, hence the new object afterwards.
        for _ in 0..MOST_HELD {
            let mut planes = Planes::default();
            self.library.flush(&mut planes);
            // SAFETY: the library is not called again before the picture has been copied.
            let picture = unsafe { planes.picture() };
            if picture.is_none() {
                break;
            }
            self.collect(picture);
        }
        while let Some(frame) = self.held.pop() {
            out.push(frame);
        }
        self.renew()
    }
}

/// The C++ object, created and initialised; destroyed on drop.
struct Library(*mut sys::ISVCDecoder);

// SAFETY: the object is owned by this value alone, has no tie to the thread that made it and starts no threads.
unsafe impl Send for Library {}

/// What one call of the library gives out.
#[derive(Default)]
struct Planes {
    info: sys::SBufferInfo,
    data: [*mut u8; 3],
}

/// A decoded picture in the library's memory.
struct Picture<'a> {
    tag: u64,
    width: usize,
    height: usize,
    y: (&'a [u8], usize),
    u: (&'a [u8], usize),
    v: (&'a [u8], usize),
}

impl Library {
    fn open() -> Result<Self, Fault> {
        let refused = || Fault::Codec { what: "H.264 decoder could not be created".into() };
        let mut object: *mut sys::ISVCDecoder = ptr::null_mut();
        // SAFETY: the out pointer is valid; on success it holds an object that `Drop` destroys.
        let status = unsafe { sys::source::APILoader::new().WelsCreateDecoder(&raw mut object) };
        if status != 0 || object.is_null() {
            return Err(refused());
        }
        let library = Self(object);
        let table = library.table();
        let (Some(set_option), Some(initialise)) = (table.SetOption, table.Initialize) else { return Err(refused()) };
        let mut parameters = sys::SDecodingParam::default();
        parameters.sVideoProperty.eVideoBsType = sys::VIDEO_BITSTREAM_AVC;
        parameters.eEcActiveIdc = sys::ERROR_CON_SLICE_COPY;
        let mut level = sys::WELS_LOG_QUIET as c_int;
        // SAFETY: the object is alive, the structures outlive the calls, and TRACE_LEVEL reads one int.
        let status = unsafe {
            set_option(object, sys::DECODER_OPTION_TRACE_LEVEL, (&raw mut level).cast::<c_void>());
            initialise(object, &raw const parameters)
        };
        if status == 0 { Ok(library) } else { Err(refused()) }
    }

    /// Feeds `input`, or asks for the picture that it completed where there is none; the answer is a set of `ds` bits.
    fn decode(&mut self, input: &[u8], tag: u64, planes: &mut Planes) -> c_int {
        let Some(call) = self.table().DecodeFrame2 else { return FATAL };
        let Ok(len) = c_int::try_from(input.len()) else { return FATAL };
        let start = if len == 0 { ptr::null() } else { input.as_ptr() };
        planes.info.uiInBsTimeStamp = tag;
        // SAFETY: the object is initialised; the input is read during the call only and both outputs are valid.
        unsafe { call(self.0, start, len, planes.data.as_mut_ptr(), &raw mut planes.info) as c_int }
    }

    fn flush(&mut self, planes: &mut Planes) {
        if let Some(call) = self.table().FlushFrame {
            // SAFETY: the object is initialised and both outputs are valid.
            unsafe { call(self.0, planes.data.as_mut_ptr(), &raw mut planes.info) };
        }
    }

    fn table(&self) -> &sys::ISVCDecoderVtbl {
        // SAFETY: an object starts with a pointer to its function table, which is static.
        unsafe { &**self.0 }
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        // SAFETY: the object is alive, ours alone, and not used afterwards.
        unsafe {
            if let Some(uninitialise) = self.table().Uninitialize {
                uninitialise(self.0);
            }
            sys::source::APILoader::new().WelsDestroyDecoder(self.0);
        }
    }
}

impl Planes {
    /// The picture that the last call gave out.
    ///
    /// # Safety
    /// The library that filled this must not be called while the picture is in use.
    unsafe fn picture(&self) -> Option<Picture<'_>> {
        if self.info.iBufferStatus != 1 || self.data.iter().any(|plane| plane.is_null()) {
            return None;
        }
        // SAFETY: the union has one member.
        let layout = unsafe { self.info.UsrData.sSystemBuffer };
        let (width, height) = (usize::try_from(layout.iWidth).ok()?, usize::try_from(layout.iHeight).ok()?);
        let [luma, chroma] = layout.iStride.map(|stride| usize::try_from(stride).unwrap_or(0));
        let plane = |data: *mut u8, stride: usize, width: usize, height: usize| {
            if stride < width || height == 0 {
                return None;
            }
            let len = stride.checked_mul(height - 1)?.checked_add(width)?;
            // SAFETY: the library says that `height` rows of `width` samples lie there, `stride` bytes apart.
            Some((unsafe { slice::from_raw_parts(data.cast_const(), len) }, stride))
        };
        let [y, u, v] = self.data;
        let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
        Some(Picture {
            tag: self.info.uiOutYuvTimeStamp,
            width,
            height,
            y: plane(y, luma, width, height)?,
            u: plane(u, chroma, half_width, half_height)?,
            v: plane(v, chroma, half_width, half_height)?,
        })
    }
}

/// Whether this backend decodes pictures of this sequence parameter set; if so, their sample aspect ratio.
fn accept(sps: &[u8], ceiling: u64) -> Result<(u32, u32), Fault> {
    let unreadable = || Fault::Codec { what: "H.264 sequence parameter set cannot be read".into() };
    let rbsp = decode_nal(sps).map_err(|_| unreadable())?;
    let sps = SeqParameterSet::from_bits(BitReader::new(&*rbsp)).map_err(|_| unreadable())?;
    let needs = |what: String| Err(Fault::Codec { what: format!("{what} needs the feature ffmpeg (to come)") });
    let chroma = &sps.chroma_info;
    let bits = chroma.bit_depth_luma_minus8.max(chroma.bit_depth_chroma_minus8).saturating_add(8);
    if bits > 8 {
        return needs(format!("H.264 of {bits} bits"));
    }
    if !matches!(chroma.chroma_format, ChromaFormat::YUV420) {
        return needs(format!("H.264 of chroma format {:?}", chroma.chroma_format));
    }
    if matches!(sps.frame_mbs_flags, FrameMbsFlags::Fields { .. }) {
        return needs("Interlaced H.264".into());
    }
    let (width, height) = (macroblocks(sps.pic_width_in_mbs_minus1), macroblocks(sps.pic_height_in_map_units_minus1));
    if width.saturating_mul(height) > ceiling {
        let what = format!("H.264 picture of {width}x{height} is over the ceiling of {ceiling} samples");
        return Err(Fault::Codec { what });
    }
    sps.pixel_dimensions().map_err(|_| unreadable())?;
    let aspect = sps.vui_parameters.as_ref().and_then(|vui| vui.aspect_ratio_info.as_ref()?.get());
    Ok(match aspect {
        Some((w, h)) if w != 0 && h != 0 => (w.into(), h.into()),
        _ => (1, 1),
    })
}

/// Luma samples in `minus1 + 1` macroblocks.
fn macroblocks(minus1: u32) -> u64 {
    (u64::from(minus1) + 1) * 16
}

fn copy_plane(to: &mut [u8], to_stride: usize, (from, from_stride): (&[u8], usize), (width, height): (usize, usize)) {
    for (to, from) in to.chunks_exact_mut(to_stride).zip(from.chunks(from_stride)).take(height) {
        if let (Some(to), Some(from)) = (to.get_mut(..width), from.get(..width)) {
            to.copy_from_slice(from);
        }
    }
}

/// Hands out the sequence parameter sets of an Annex B access unit. They come before the first slice (clause 7.4.1.2.3),
/// so the search ends there and does not read the bulk of the unit.
fn each_parameter_set(unit: &[u8], mut each: impl FnMut(&[u8])) {
    let mut rest = unit;
    let mut open: Option<&[u8]> = None;
    loop {
        let next = rest.windows(3).position(|bytes| bytes == [0, 0, 1]);
        if let Some(nal) = open.take() {
            let end = next.map_or(nal.len(), |at| nal.len() - rest.len() + at);
            let mut sps = nal.get(..end).unwrap_or(nal);
            while let [head @ .., 0] = sps {
                sps = head;
            }
            each(sps);
        }
        let Some(nal) = next.and_then(|at| rest.get(at + 3..)) else { return };
        match nal_type(nal) {
            NAL_SPS => open = Some(nal),
            1..=5 => return,
            _ => {}
        }
        rest = nal;
    }
}

/// Hands out the NAL units of a length-prefixed access unit; `false` where a length points beyond its end.
fn each_nal(mut unit: &[u8], length_bytes: usize, mut each: impl FnMut(&[u8])) -> bool {
    while !unit.is_empty() {
        let Some((length, rest)) = unit.split_at_checked(length_bytes) else { return false };
        let length = length.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
        let Some((nal, tail)) = rest.split_at_checked(length) else { return false };
        if !nal.is_empty() {
            each(nal);
        }
        unit = tail;
    }
    true
}

fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

fn reason(state: c_int) -> &'static str {
    const REASONS: [(u32, &str); 5] = [
        (sys::dsNoParamSets as u32, "no parameter sets"),
        (sys::dsBitstreamError as u32, "broken bit stream"),
        (sys::dsRefLost as u32, "a reference picture is missing"),
        (sys::dsRefListNullPtrs as u32, "a reference picture is missing"),
        (sys::dsDepLayerLost as u32, "a layer is missing"),
    ];
    REASONS.iter().find(|(bit, _)| state as u32 & bit != 0).map_or("refused", |(_, text)| text)
}

const START_CODE: [u8; 4] = [0, 0, 0, 1];
const NAL_SPS: u8 = 7;
/// Access units whose times are remembered: more than the 16 pictures that a decoder may hold back, with room to spare.
const TIMES: usize = 64;
/// Most pictures held for their turn (Table A-1 allows 16 in the decoded picture buffer).
const MOST_HELD: usize = 17;
/// Largest access unit taken, in bytes (FAULTS.md section 4).
const UNIT_CEILING: usize = 8 << 20;
/// Most luma samples that any configuration may allow.
const CEILING_OF_CEILINGS: u64 = 4096 * 2304;
/// Out of memory, misuse and internal errors: the object is replaced.
const FATAL: c_int = 0x1000 | 0x2000 | 0x4000 | 0x8000;

#[cfg(test)]
mod tests;
