//! Whole channels on virtual time: no socket, no sleep, no clock. One file per story.

#![allow(
    unreachable_pub,
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "tests may panic, and the rig is a host"
)]

#[path = "../hls_rules/follow.rs"]
mod follow;
#[path = "../hls_rules/list/mod.rs"]
mod list;
#[path = "../rig/mod.rs"]
mod rig;

mod ad_breaks;
mod ad_marks;
mod black_frozen_silence;
mod bytes_on_rtmp;
mod captions;
mod channel_ops;
mod clock_is_set;
mod codec_change;
mod crash;
mod cues_come_first;
mod datagrams;
mod decode_times;
mod determinism;
mod door;
mod encoder_dies;
mod failover;
mod fec;
#[cfg(feature = "ffmpeg")]
mod film;
mod full_window;
mod ladder_feeds;
mod languages;
mod legs;
mod life_cycle;
mod loss_of_ingest;
mod loss_policy;
mod lost_objects;
mod manifests;
mod offers;
mod on_ad_cues;
mod one_timeline;
mod pacing;
mod packet_loss;
mod parameter_sets;
mod parked;
mod pass_through;
mod pass_through_wire;
mod preview;
mod program_clock;
mod program_maps;
mod programs;
mod real_pictures;
mod silence;
mod slates;
mod smooth_memory;
mod smooth_on_air;
mod smooth_posts;
mod sound_and_picture;
mod stamps_jump;
mod stamps_wrap;
mod stored;
mod takeover;
mod telemetry;
mod test_source;
mod thumbnails;
mod ticks;
mod time_jumps;
mod timeline;
mod transport;
mod watch;
mod watched_pictures;
