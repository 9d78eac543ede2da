//! H.264 encode by OpenH264 (feature `openh264`).
//!
//! The raw parameters are used because the safe wrapper has no entropy mode: Main and High rungs are CABAC, Baseline is
//! CAVLC. One slice, one thread, no skipped picture and no IDR picture but the ones asked for, so that rungs stay aligned
//! and bytes do not depend on timing. A still is encoded some times and repeated without the encoder from then on
//! (`stills`). Rec. ITU-T H.264 clause 7.3.2 (parameter sets) and ISO/IEC 14496-15 clause 5.3 (length-prefixed NAL units).
//! It makes no B pictures, so decode and presentation order are the same.
//!
//! To add a parameter: a field of [`VideoEncoderConfig`] and a line in `parameters`.
#![allow(unsafe_code, reason = "OpenH264 is a C++ library behind a C function table")]

mod stills;

use std::{
    ffi::{c_int, c_void},
    ptr, slice,
};

use bytes::{Bytes, BytesMut};
use openh264_sys2::{self as sys, API};

use self::stills::Stills;
use super::{Profile, VideoEncoder, VideoEncoderConfig};
use crate::{
    error::Fault,
    media::{AccessUnit, Colour, Frame, FrameRate, H264Config, NalFraming, TrackFormat, TrackId, VideoTrack},
    time::{MediaDuration, Timescale},
};

/// One rung's encoder.
pub(super) struct OpenH264Encoder {
    library: Library,
    config: VideoEncoderConfig,
    parameter_sets: H264Config,
    /// Duration of the pictures so far: the encoder's own clock, so that its rate control does not see the channel's.
    elapsed: MediaDuration,
    stills: Stills,
}

impl OpenH264Encoder {
    /// An encoder for `config`, whose parameter sets are known at once.
    pub(super) fn new(config: &VideoEncoderConfig) -> Result<Self, Fault> {
        let profile = profile(config.profile).ok_or_else(|| fault("H.264 encoder was asked for AV1"))?;
        let library = Library::open(config, profile)?;
        let mut parameter_sets =
            H264Config { framing: NalFraming::Length(LENGTH_BYTES), sps: Vec::new(), pps: Vec::new() };
        library.parameter_sets(|nal| match nal_type(nal) {
            NAL_SPS => parameter_sets.sps.push(Bytes::copy_from_slice(nal)),
            NAL_PPS => parameter_sets.pps.push(Bytes::copy_from_slice(nal)),
            _ => {}
        })?;
        if parameter_sets.sps.is_empty() || parameter_sets.pps.is_empty() {
            return Err(fault("H.264 encoder gave no parameter sets"));
        }
        let stills = Stills::new(&parameter_sets);
        Ok(Self { library, config: config.clone(), parameter_sets, elapsed: MediaDuration::ZERO, stills })
    }
}

impl VideoEncoder for OpenH264Encoder {
    fn encode(&mut self, frame: &Frame, force_idr: bool) -> Result<Option<AccessUnit>, Fault> {
        if (frame.width, frame.height) != (self.config.width as usize, self.config.height as usize) {
            return Err(Fault::Codec {
                what: format!(
                    "H.264 encoder of {}x{} was given a picture of {}x{}",
                    self.config.width, self.config.height, frame.width, frame.height
                ),
            });
        }
        // The first picture of a stream is an IDR picture whether asked for or not.
        let mut is_idr = false;
        let mut data = BytesMut::new();
        let millis = self.elapsed.ticks(Timescale::MILLIS);
        self.elapsed = self.elapsed.plus(self.config.frame_rate.frame_duration());
        if let Some(nal) = self.stills.repeat(frame, force_idr) {
            put(&nal, &mut data);
        } else {
            let stills = &mut self.stills;
            self.library.encode(frame, millis, force_idr, |bound, nal| {
                if data.capacity() == 0 {
                    data.reserve(bound);
                }
                let kind = nal_type(nal);
                is_idr |= kind == NAL_IDR;
                if kind != NAL_SPS && kind != NAL_PPS {
                    put(&stills.follow(nal), &mut data);
                }
            })?;
        }
        if data.is_empty() {
            return Err(fault("H.264 encoder left a picture out"));
        }
        Ok(Some(AccessUnit {
            track: TrackId(0),
            pts: frame.pts,
            dts: frame.pts,
            duration: self.config.frame_rate.frame_duration(),
            is_random_access: is_idr,
            is_damaged: false,
            data: data.freeze(),
        }))
    }

    fn set_frame_rate(&mut self, rate: FrameRate) {
        self.config.frame_rate = rate;
        self.library.set_frame_rate(rate.as_f64() as f32);
    }

    fn format(&self) -> TrackFormat {
        let track = VideoTrack {
            sample_aspect: self.config.sample_aspect,
            frame_rate: Some(self.config.frame_rate),
            colour: Colour::BT709,
            ..VideoTrack::new(self.config.width, self.config.height)
        };
        TrackFormat::H264(track, self.parameter_sets.clone())
    }
}

/// The C++ object, created and initialised; destroyed on drop.
struct Library(*mut sys::ISVCEncoder);

// SAFETY: the object is owned by this value alone and has no tie to the thread that made it; with `iMultipleThreadIdc` 1
// it starts no threads.
unsafe impl Send for Library {}

impl Library {
    fn open(config: &VideoEncoderConfig, profile: (sys::EProfileIdc, bool)) -> Result<Self, Fault> {
        let mut object: *mut sys::ISVCEncoder = ptr::null_mut();
        // SAFETY: the out pointer is valid; on success it holds an object that `Drop` destroys.
        let status = unsafe { sys::source::APILoader::new().WelsCreateSVCEncoder(&raw mut object) };
        if status != 0 || object.is_null() {
            return Err(fault("H.264 encoder could not be created"));
        }
        let library = Self(object);
        let table = library.table();
        let (Some(defaults), Some(set_option), Some(initialise)) =
            (table.GetDefaultParams, table.SetOption, table.InitializeExt)
        else {
            return Err(fault("H.264 encoder has no function table"));
        };
        let mut parameters = sys::SEncParamExt::default();
        // It prints to stderr while it initialises unless told before.
        let mut level: c_int = sys::WELS_LOG_QUIET as c_int;
        // SAFETY: the object is alive, the structures outlive the calls, and TRACE_LEVEL reads one int.
        let status = unsafe {
            set_option(object, sys::ENCODER_OPTION_TRACE_LEVEL, (&raw mut level).cast::<c_void>());
            defaults(object, &raw mut parameters);
            set_parameters(&mut parameters, config, profile);
            initialise(object, &raw const parameters)
        };
        if status != 0 {
            return Err(Fault::Codec {
                what: format!("H.264 encoder refused {}x{} at {} bit/s", config.width, config.height, config.bitrate),
            });
        }
        Ok(library)
    }

    fn parameter_sets(&self, each: impl FnMut(&[u8])) -> Result<(), Fault> {
        let Some(call) = self.table().EncodeParameterSets else {
            return Err(fault("H.264 encoder has no parameter sets"));
        };
        let mut info = sys::SFrameBSInfo::default();
        // SAFETY: the object is initialised and `info` outlives the call.
        if unsafe { call(self.0, &raw mut info) } != 0 {
            return Err(fault("H.264 encoder has no parameter sets"));
        }
        let mut each = each;
        // SAFETY: `info` was just filled by this object, which is not called again before `for_each_nal` is done.
        unsafe { for_each_nal(&info, |_, nal| each(nal)) };
        Ok(())
    }

    /// Tells the rate control how many pictures share a second's bits; the parameter sets do not depend on it.
    fn set_frame_rate(&mut self, mut rate: f32) {
        if let Some(set_option) = self.table().SetOption {
            // SAFETY: the object is initialised and FRAME_RATE reads one float, which outlives the call.
            unsafe { set_option(self.0, sys::ENCODER_OPTION_FRAME_RATE, (&raw mut rate).cast::<c_void>()) };
        }
    }

    /// Encodes `frame` and hands out each NAL unit without start code, beside a bound on the bytes of all of them.
    fn encode(
        &mut self,
        frame: &Frame,
        millis: i64,
        force_idr: bool,
        each: impl FnMut(usize, &[u8]),
    ) -> Result<(), Fault> {
        let table = self.table();
        let (Some(force), Some(encode)) = (table.ForceIntraFrame, table.EncodeFrame) else {
            return Err(fault("H.264 encoder has no function table"));
        };
        let planes = [frame.y(), frame.u(), frame.v()];
        let mut picture = sys::SSourcePicture {
            iColorFormat: sys::videoFormatI420 as c_int,
            iPicWidth: frame.width as c_int,
            iPicHeight: frame.height as c_int,
            uiTimeStamp: millis,
            ..Default::default()
        };
        for (i, plane) in planes.iter().enumerate() {
            picture.iStride[i] = plane.stride as c_int;
            picture.pData[i] = plane.data.as_ptr().cast_mut();
        }
        let mut info = sys::SFrameBSInfo::default();
        // SAFETY: the object is initialised for this size (the caller checked it); the planes live as long as `frame` and
        // the encoder only reads them, copying them into its own picture before it returns.
        let status = unsafe {
            if force_idr {
                force(self.0, true);
            }
            encode(self.0, &raw const picture, &raw mut info)
        };
        if status != 0 {
            return Err(Fault::Codec { what: format!("H.264 encoder failed with code {status}") });
        }
        // SAFETY: `info` was just filled by this object, which is not called again before `for_each_nal` is done.
        unsafe { for_each_nal(&info, each) };
        Ok(())
    }

    fn table(&self) -> &sys::ISVCEncoderVtbl {
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
            sys::source::APILoader::new().WelsDestroySVCEncoder(self.0);
        }
    }
}

/// The library's name of a profile, and whether its entropy coding is CABAC.
const fn profile(profile: Profile) -> Option<(sys::EProfileIdc, bool)> {
    match profile {
        Profile::Baseline => Some((sys::PRO_BASELINE, false)),
        Profile::Main => Some((sys::PRO_MAIN, true)),
        Profile::High => Some((sys::PRO_HIGH, true)),
        Profile::Av1Main => None,
    }
}

fn set_parameters(
    p: &mut sys::SEncParamExt,
    config: &VideoEncoderConfig,
    (profile, is_cabac): (sys::EProfileIdc, bool),
) {
    let (width, height) = (config.width as c_int, config.height as c_int);
    let bitrate = c_int::try_from(config.bitrate).unwrap_or(c_int::MAX);
    let rate = config.frame_rate.as_f64() as f32;
    p.iUsageType = sys::CAMERA_VIDEO_REAL_TIME;
    p.iPicWidth = width;
    p.iPicHeight = height;
    p.iTargetBitrate = bitrate;
    p.iMaxBitrate = sys::UNSPECIFIED_BIT_RATE as c_int;
    p.iRCMode = sys::RC_BITRATE_MODE;
    p.fMaxFrameRate = rate;
    p.iTemporalLayerNum = 1;
    p.iSpatialLayerNum = 1;
    p.iComplexityMode = COMPLEXITY;
    p.uiIntraPeriod = 0;
    p.iNumRefFrame = 1;
    p.eSpsPpsIdStrategy = sys::CONSTANT_ID;
    p.iEntropyCodingModeFlag = c_int::from(is_cabac);
    p.bEnableFrameSkip = false;
    // A minimum of 0 would be rewritten to the range 12 to 42, which lets small rungs overshoot.
    p.iMinQp = 12;
    p.iMaxQp = 51;
    p.iMultipleThreadIdc = 1;
    p.bEnableSceneChangeDetect = false;
    p.bEnableAdaptiveQuant = false;
    let layer = &mut p.sSpatialLayers[0];
    layer.iVideoWidth = width;
    layer.iVideoHeight = height;
    layer.fFrameRate = rate;
    layer.iSpatialBitrate = bitrate;
    layer.iMaxSpatialBitrate = sys::UNSPECIFIED_BIT_RATE as c_int;
    layer.uiProfileIdc = profile;
    layer.sSliceArgument.uiSliceMode = sys::SM_SINGLE_SLICE;
    // Scaling keeps the colours of an HD contribution. Without a word in the VUI players guess BT.601 for small rungs,
    // and colours would change with every switch.
    layer.bVideoSignalTypePresent = true;
    layer.uiVideoFormat = sys::VF_UNDEF as u8;
    layer.bFullRange = false;
    layer.bColorDescriptionPresent = true;
    layer.uiColorPrimaries = sys::CP_BT709 as u8;
    layer.uiTransferCharacteristics = sys::TRC_BT709 as u8;
    layer.uiColorMatrix = sys::CM_BT709 as u8;
    layer.bAspectRatioPresent = true;
    let (horizontal, vertical) = config.sample_aspect;
    match (u16::try_from(horizontal), u16::try_from(vertical)) {
        (Ok(w), Ok(h)) if w != h && w != 0 && h != 0 => {
            layer.eAspectRatio = sys::ASP_EXT_SAR;
            layer.sAspectRatioExtWidth = w;
            layer.sAspectRatioExtHeight = h;
        }
        _ => layer.eAspectRatio = sys::ASP_1x1,
    }
}

/// Hands out the NAL units of `info` without their start codes, each with the sum of all sizes.
///
/// # Safety
/// `info` was filled by an encoder that is alive and has not been called since.
unsafe fn for_each_nal(info: &sys::SFrameBSInfo, mut each: impl FnMut(usize, &[u8])) {
    let layers = usize::try_from(info.iLayerNum).unwrap_or(0);
    let bound = usize::try_from(info.iFrameSizeInBytes).unwrap_or(0);
    for layer in info.sLayerInfo.iter().take(layers) {
        let count = usize::try_from(layer.iNalCount).unwrap_or(0);
        if layer.pBsBuf.is_null() || layer.pNalLengthInByte.is_null() {
            continue;
        }
        // SAFETY: the library wrote `iNalCount` lengths, and as many bytes as they add up to.
        let lengths = unsafe { slice::from_raw_parts(layer.pNalLengthInByte, count) };
        let total = lengths.iter().map(|len| usize::try_from(*len).unwrap_or(0)).sum();
        // SAFETY: as above.
        let mut rest = unsafe { slice::from_raw_parts(layer.pBsBuf, total) };
        for len in lengths {
            let Some((nal, tail)) = rest.split_at_checked(usize::try_from(*len).unwrap_or(0)) else { break };
            rest = tail;
            each(bound, strip_start_code(nal));
        }
    }
}

/// Adds a NAL unit behind its length.
fn put(nal: &[u8], data: &mut BytesMut) {
    let len = u32::try_from(nal.len()).unwrap_or(u32::MAX);
    data.extend_from_slice(&len.to_be_bytes());
    data.extend_from_slice(nal);
}

fn strip_start_code(nal: &[u8]) -> &[u8] {
    match nal {
        [0, 0, 0, 1, rest @ ..] | [0, 0, 1, rest @ ..] => rest,
        _ => nal,
    }
}

fn nal_type(nal: &[u8]) -> u8 {
    nal.first().map_or(0, |header| header & 0x1f)
}

fn fault(what: &str) -> Fault {
    Fault::Codec { what: what.into() }
}

/// Bytes of the length before each NAL unit.
const LENGTH_BYTES: u8 = 4;
/// How hard it searches: by `benches/ladder.rs` `MEDIUM` costs about a sixth more for up to 0.16 dB of SSIM on its clip.
/// `HIGH` gives the same bytes as `MEDIUM`.
const COMPLEXITY: sys::ECOMPLEXITY_MODE = sys::LOW_COMPLEXITY;
const NAL_IDR: u8 = 5;
const NAL_SPS: u8 = 7;
const NAL_PPS: u8 = 8;

#[cfg(test)]
mod stills_tests;
#[cfg(test)]
pub(in crate::ladder) mod tests;
