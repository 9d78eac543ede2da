//! Flags and environment variables.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use clap::{Parser, ValueEnum};
use headend::{
    channel::{ChannelConfig, ChannelName, ConfigError, Standby},
    ladder::Preset,
    time::{MediaDuration, Now, Utc},
};

/// A live TV channel in one process: push a feed by RTMP, RTP or UDP, play an adaptive ladder as HLS and DASH.
///
/// With no arguments and no encoder it plays a built-in moving test source with a tone. Open the page that it names.
#[derive(Clone, Debug, Parser)]
#[command(name = "live", version, after_help = PUSHING)]
pub(crate) struct Options {
    /// Address of the page, the API, HLS and DASH; a bare port is on 127.0.0.1, port 0 takes any that is free
    #[arg(long, env = "HEADEND_HTTP", value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address)]
    pub(crate) http: SocketAddr,

    /// Address that takes RTMP (TCP): H.264 and AAC, any stream key
    #[arg(long, env = "HEADEND_RTMP", value_name = "ADDR", default_value = "127.0.0.1:1935", value_parser = address)]
    pub(crate) rtmp: SocketAddr,

    /// Address that takes RTMP over TLS; without it 127.0.0.1:2935 where there is a certificate, and none where there is not
    #[arg(long, alias = "rtmps-port", env = "HEADEND_RTMPS", value_name = "ADDR", value_parser = address)]
    pub(crate) rtmps: Option<SocketAddr>,

    /// Certificate chain for TLS, PEM
    #[arg(long, env = "HEADEND_TLS_CERT", value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Key of the certificate, PEM
    #[arg(long, env = "HEADEND_TLS_KEY", value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Make up a certificate for TLS that no client trusts by itself
    #[arg(long, env = "HEADEND_TLS_SELF_SIGNED", conflicts_with = "tls_cert")]
    pub(crate) tls_self_signed: bool,

    /// Address that takes MPEG-TS, plain or in RTP (UDP): H.264 and AAC, told apart by the first byte. FEC (SMPTE ST 2022-1)
    /// is taken on the ports + 2 and + 4
    #[arg(long, env = "HEADEND_TS", value_name = "ADDR", default_value = "127.0.0.1:5004", value_parser = address)]
    pub(crate) ts: SocketAddr,

    /// UDP port, at the address of --ts, that takes the same RTP datagrams on a second path (SMPTE ST 2022-7)
    #[arg(long, env = "HEADEND_RTP_SECOND_PORT", value_name = "PORT")]
    pub(crate) rtp_second_port: Option<u16>,

    /// What plays while no encoder is connected: the moving test source, or none (a still slate and silence)
    #[arg(long, env = "HEADEND_SOURCE", value_name = "test|none", default_value = "test", hide_possible_values = true)]
    pub(crate) source: Source,

    /// The rungs to encode
    #[arg(long, env = "HEADEND_PRESET", value_name = "NAME", default_value = "Default720p", value_parser = preset)]
    pub(crate) preset: Preset,

    /// Folder to store segments in; they stay there after the end. Without it they are kept in memory
    #[arg(long, env = "HEADEND_DATA", value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,

    /// The channel's name: 1 to 32 letters, digits and hyphens
    #[arg(long, env = "HEADEND_NAME", value_name = "NAME", default_value = "main", value_parser = ChannelName::new)]
    pub(crate) name: ChannelName,

    /// Minutes that players can rewind: 5 to 1500. In memory a minute of Default720p takes about 70 MB
    #[arg(long, env = "HEADEND_WINDOW", value_name = "MINUTES", default_value_t = 5,
          value_parser = clap::value_parser!(u16).range(5..=1500))]
    pub(crate) window: u16,

    /// UTC second from which media times count; servers that share it cut and name the same segments. By default the start
    #[arg(long, env = "HEADEND_EPOCH", value_name = "SECONDS")]
    pub(crate) epoch: Option<i64>,

    /// Milliseconds without pictures until the slate takes over: 100 to 60000
    #[arg(long, env = "HEADEND_LOSS_AFTER", value_name = "MS", default_value_t = 1000,
          value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub(crate) loss_after: u32,
}

/// What plays while no encoder is connected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Source {
    /// The moving test source.
    Test,
    /// The slate.
    None,
}

impl Options {
    pub(crate) fn channel(&self, now: Now) -> Result<ChannelConfig, ConfigError> {
        let mut config = ChannelConfig::new(self.name.as_str())?;
        config.preset = self.preset.clone();
        let second = now.utc.unix_nanos() / 1_000_000_000;
        config.epoch = Utc::from_unix_secs(self.epoch.unwrap_or(second));
        config.loss_after = Duration::from_millis(self.loss_after.into());
        config.standby = match self.source {
            Source::Test => Standby::TestSource,
            Source::None => Standby::Slate,
        };
        Ok(config)
    }

    /// Where RTMPS is taken, if anywhere.
    pub(crate) fn rtmps(&self) -> Option<SocketAddr> {
        let has_certificate = self.tls_cert.is_some() || self.tls_self_signed;
        self.rtmps.or_else(|| has_certificate.then(|| SocketAddr::from(([127, 0, 0, 1], 2935))))
    }

    pub(crate) fn rewind_window(&self) -> MediaDuration {
        MediaDuration::from_secs(i64::from(self.window) * 60)
    }
}

fn address(text: &str) -> Result<SocketAddr, String> {
    let full = if text.bytes().all(|b| b.is_ascii_digit()) { format!("127.0.0.1:{text}") } else { text.into() };
    full.parse().map_err(|_| "not an address: give an IP and a port, such as 0.0.0.0:8080 or [::]:8080".into())
}

fn preset(name: &str) -> Result<Preset, String> {
    Preset::named(name).ok_or_else(|| format!("no such preset; there is: {}", Preset::NAMES.join(", ")))
}

const PUSHING: &str = "\
Push a feed (while it runs):
  ffmpeg     ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f flv rtmp://127.0.0.1:1935/live/main
             ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f rtp_mpegts rtp://127.0.0.1:5004
             ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f mpegts 'udp://127.0.0.1:5004?pkt_size=1316'
  RTMPS      with --tls-cert and --tls-key, or --tls-self-signed: the first line with rtmps://127.0.0.1:2935/live/main
  OBS        Settings, Stream: service Custom, server rtmp://127.0.0.1:1935/live, stream key main;
             Settings, Output: encoder x264, keyframe interval 2 s
  GStreamer  gst-launch-1.0 -e flvmux name=mux streamable=true ! rtmp2sink location=rtmp://127.0.0.1:1935/live/main \\
               videotestsrc is-live=true ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! x264enc tune=zerolatency \\
               key-int-max=60 ! h264parse ! mux. audiotestsrc is-live=true ! avenc_aac ! aacparse ! mux.

Every flag can also be set by the environment variable that is named beside it.
Ctrl-C ends it: the open segment is closed and stored first. A second Ctrl-C ends it at once.
Exit codes: 0 ended cleanly, 1 could not start or end cleanly, 2 wrong flags.";
