//! The C++ decoder behind calls that cannot be misused.
//!
//! The crate `openh264` makes, sets up and destroys it; its own `decode` does not pass time stamps through and does not do
//! without flushing between pictures, hence the raw calls here. The borrow of a [`Picture`] keeps the library from being
//! called while its memory is read.
#![allow(unsafe_code, reason = "OpenH264 is a C++ library behind a C function table")]

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use openh264::{
    OpenH264API,
    decoder::{Decoder, DecoderConfig, Flush},
};
use openh264_sys2 as sys;

use crate::error::Fault;

/// A decoder, initialised.
pub(super) struct Library(Decoder);

/// What calls came to: a set of the library's `ds` bits.
#[derive(Clone, Copy, Default)]
pub(super) struct State(c_int);

/// A decoded picture in the library's memory: planes with their strides.
pub(super) struct Picture<'a> {
    pub(super) tag: u64,
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) y: (&'a [u8], usize),
    pub(super) u: (&'a [u8], usize),
    pub(super) v: (&'a [u8], usize),
}

impl Library {
    pub(super) fn open() -> Result<Self, Fault> {
        let refused = |_| Fault::Codec { what: "H.264 decoder could not be created".into() };
        let config = DecoderConfig::new().flush_after_decode(Flush::NoFlush);
        let mut decoder = Decoder::with_api_config(OpenH264API::from_source(), config).map_err(refused)?;
        let mut concealment = sys::ERROR_CON_SLICE_COPY as c_int;
        // SAFETY: the decoder is initialised, and ERROR_CON_IDC reads one int that outlives the call.
        unsafe {
            let value = (&raw mut concealment).cast::<c_void>();
            decoder.raw_api().set_option(sys::DECODER_OPTION_ERROR_CON_IDC, value);
        }
        Ok(Self(decoder))
    }

    /// Feeds `input`, or asks for the picture that it completed where there is none.
    pub(super) fn decode(&mut self, input: &[u8], tag: u64) -> (State, Option<Picture<'_>>) {
        let Ok(len) = c_int::try_from(input.len()) else { return (State(FATAL), None) };
        let start = if len == 0 { ptr::null() } else { input.as_ptr() };
        let (mut info, mut planes) = (sys::SBufferInfo { uiInBsTimeStamp: tag, ..Default::default() }, NO_PLANES);
        // SAFETY: the decoder is initialised; the input is read during the call only and both outputs are valid. The
        // borrow of the picture ends before the next call.
        unsafe {
            let state = self.0.raw_api().decode_frame2(start, len, planes.as_mut_ptr(), &raw mut info) as c_int;
            (State(state), picture(&info, planes))
        }
    }

    /// The next picture of those that the library holds back.
    pub(super) fn flush(&mut self) -> Option<Picture<'_>> {
        let (mut info, mut planes) = (sys::SBufferInfo::default(), NO_PLANES);
        // SAFETY: the decoder is initialised and both outputs are valid. The borrow of the picture ends before the next call.
        unsafe {
            self.0.raw_api().flush_frame(planes.as_mut_ptr(), &raw mut info);
            picture(&info, planes)
        }
    }
}

impl State {
    pub(super) const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Out of memory, misuse or an internal error: the object must be replaced.
    pub(super) const fn is_fatal(self) -> bool {
        self.0 & FATAL != 0
    }

    /// What went wrong, if anything did: a bit for each kind, and one that says that a picture was made all the same.
    pub(super) fn trouble(self) -> Option<Fault> {
        if self.0 == 0 {
            return None;
        }
        let end = if self.0 & sys::dsDataErrorConcealed as c_int == 0 { "" } else { ", concealed" };
        Some(Fault::Codec { what: format!("H.264 decoder: {}{end}", reason(self.0)) })
    }
}

/// The picture that a call gave out.
///
/// # Safety
/// `info` and `planes` were filled by a decoder that is alive and is not called again while the picture is in use.
unsafe fn picture<'a>(info: &sys::SBufferInfo, planes: [*mut u8; 3]) -> Option<Picture<'a>> {
    if info.iBufferStatus != 1 || planes.iter().any(|plane| plane.is_null()) {
        return None;
    }
    // SAFETY: the union has one member.
    let layout = unsafe { info.UsrData.sSystemBuffer };
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
    let [y, u, v] = planes;
    let (half_width, half_height) = (width.div_ceil(2), height.div_ceil(2));
    Some(Picture {
        tag: info.uiOutYuvTimeStamp,
        width,
        height,
        y: plane(y, luma, width, height)?,
        u: plane(u, chroma, half_width, half_height)?,
        v: plane(v, chroma, half_width, half_height)?,
    })
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

const NO_PLANES: [*mut u8; 3] = [ptr::null_mut(); 3];
/// Out of memory, misuse and internal errors.
const FATAL: c_int = 0x1000 | 0x2000 | 0x4000 | 0x8000;
