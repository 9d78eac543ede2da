//! Flags and environment variables.

use std::{
    net::SocketAddr,
    num::{NonZeroU8, NonZeroU32},
    path::PathBuf,
    time::Duration,
};

use clap::Parser;
use headend::{
    access::{AccessList, AddressRule, KeyRule, StreamKey},
    channel::{
        AdMarkers, AudioStream, ChannelConfig, ChannelName, ConfigError, Encoding, InputRules, PassThrough,
        ProtocolRule, Standby, Takeover,
    },
    ingest::TsConfig,
    ladder::{Preset, StretchMode, Thumbnails},
    media::{CueFormats, Language},
    time::{MediaDuration, Timescale, Utc},
};

use crate::{
    choices::{
        AdMarkersChoice, AudioChoice, EncodingChoice, HlsCuesChoice, ProtocolChoice, Source, StretchChoice,
        TakeoverChoice, address, preset,
    },
    gate::ViewerOptions,
    losses::LossOptions,
    preview::PreviewOptions,
    slates::SlateOptions,
    store::{Place, place},
};

/// A live TV channel in one process: push a feed by RTMP, RTP, UDP or Smooth Streaming, play it as HLS, DASH, Smooth Streaming or HDS.
///
/// With no arguments and no encoder it plays a built-in moving test source with a tone. Open the page that it names.
#[derive(Clone, Debug, Parser)]
#[command(name = "live", version, after_help = PUSHING)]
pub(crate) struct Options {
    /// The channel's name: 1 to 32 letters, digits and hyphens
    #[arg(long, env = "HEADEND_NAME", value_name = "NAME", default_value = "main", value_parser = ChannelName::new, help_heading = CHANNEL)]
    pub(crate) name: ChannelName,

    /// standard: one feed in, the preset's ladder out. none: pass-through of a ladder that comes ready-made by RTMP (each
    /// stream name a rung) or Smooth Streaming; no slate, no test source, no MPEG-TS
    #[arg(long, env = "HEADEND_ENCODING", value_name = "standard|none", default_value = "standard", hide_possible_values = true, help_heading = CHANNEL)]
    pub(crate) encoding: EncodingChoice,

    /// The rungs to encode
    #[arg(long, env = "HEADEND_PRESET", value_name = "NAME", default_value = "Default720p", value_parser = preset, help_heading = CHANNEL)]
    pub(crate) preset: Preset,

    /// A feed of another shape than the rungs: fit keeps it and adds bars, fill stretches it
    #[arg(long, env = "HEADEND_STRETCH", value_name = "fit|fill", default_value = "fit", hide_possible_values = true, help_heading = CHANNEL)]
    pub(crate) stretch: StretchChoice,

    /// Sound that is taken, once for each of up to eight: LANG (ISO 639-2), the n-th flag takes the feed's n-th audio track;
    /// or INDEX:LANG, or INDEX:LANG:NAME with the name of the rendition. By default the first track, without a language
    #[arg(long, env = "HEADEND_AUDIO", value_name = "LANG", value_delimiter = ',', help_heading = CHANNEL)]
    pub(crate) audio: Vec<AudioChoice>,

    /// What plays while no encoder is connected: the moving test source, or none (a still slate and silence)
    #[arg(long, env = "HEADEND_SOURCE", value_name = "test|none", default_value = "test", hide_possible_values = true, help_heading = CHANNEL)]
    pub(crate) source: Source,

    /// Milliseconds without pictures until a feed counts as lost, and the slate takes over: 100 to 60000
    #[arg(long, env = "HEADEND_LOSS_AFTER", value_name = "MS", default_value_t = 1000, help_heading = CHANNEL,
          value_parser = clap::value_parser!(u32).range(100..=60_000))]
    pub(crate) loss_after: u32,

    /// Low latency in HLS and DASH: segments go out in parts of so many milliseconds, 250 to 1000
    #[arg(long, env = "HEADEND_LOW_LATENCY", value_name = "MS", num_args = 0..=1, require_equals = true,
          default_missing_value = "333", value_parser = clap::value_parser!(u32).range(250..=1000), help_heading = CHANNEL)]
    pub(crate) low_latency: Option<u32>,

    /// Fragments that make one segment of HLS with transport streams, 1 to 10; 3 of 2 s where nothing is said
    #[arg(long, env = "HEADEND_FRAGMENTS_PER_SEGMENT", value_name = "N", help_heading = CHANNEL)]
    pub(crate) fragments_per_segment: Option<NonZeroU8>,

    /// Ticks in a second of segment times: 10000000 as Azure had it, for Smooth Streaming in old players; else 90000 and the sample rate
    #[arg(long, env = "HEADEND_TIMESCALE", value_name = "TICKS", help_heading = CHANNEL)]
    pub(crate) timescale: Option<NonZeroU32>,

    #[command(flatten)]
    pub(crate) slates: SlateOptions,

    #[command(flatten)]
    pub(crate) losses: LossOptions,

    /// From where ad breaks come: the page and the API, or SCTE-35 or onAdCue that the feed carries
    #[arg(long, env = "HEADEND_AD_MARKERS", value_name = "api|scte35", default_value = "api", hide_possible_values = true, help_heading = CHANNEL)]
    pub(crate) ad_markers: AdMarkersChoice,

    /// Let the feed be seen in ad breaks; by default the slate hides it, and its sound
    #[arg(long, env = "HEADEND_SHOW_BREAKS", help_heading = CHANNEL)]
    pub(crate) show_breaks: bool,

    /// How HLS playlists tell of ad breaks: daterange (the standard's), cue-out, oatcls or cue (Azure's). Several, with commas:
    /// daterange and one of the others
    #[arg(long, env = "HEADEND_HLS_CUES", value_name = "FORM", value_delimiter = ',', default_value = "daterange",
          hide_possible_values = true, help_heading = CHANNEL)]
    pub(crate) hls_cues: Vec<HlsCuesChoice>,

    /// In DASH, begin a period at both ends of every ad break
    #[arg(long, env = "HEADEND_DASH_PERIODS", help_heading = CHANNEL)]
    pub(crate) dash_periods: bool,

    /// Seconds from one thumbnail of the feed to the next: 1 to 3600, or 0 for none
    #[arg(long, env = "HEADEND_THUMBNAIL_SECONDS", value_name = "N", default_value_t = 5, help_heading = CHANNEL,
          value_parser = clap::value_parser!(u16).range(0..=3600))]
    pub(crate) thumbnail_seconds: u16,

    /// Width of a thumbnail in pixels: 64 to 1280
    #[arg(long, env = "HEADEND_THUMBNAIL_WIDTH", value_name = "PIXELS", default_value_t = 320, help_heading = CHANNEL,
          value_parser = clap::value_parser!(u32).range(64..=1280))]
    pub(crate) thumbnail_width: u32,

    /// Leave the feed's captions (CEA-608 and CEA-708) out of the rungs
    #[arg(long, env = "HEADEND_IGNORE_CAPTIONS", help_heading = CHANNEL)]
    pub(crate) ignore_captions: bool,

    /// UTC second from which media times count; servers that share it cut and name the same segments. By default the start
    #[arg(long, env = "HEADEND_EPOCH", value_name = "SECONDS", help_heading = CHANNEL)]
    pub(crate) epoch: Option<i64>,

    /// Address that takes RTMP (TCP), any stream key
    #[arg(long, env = "HEADEND_RTMP", value_name = "ADDR", default_value = "127.0.0.1:1935", value_parser = address, help_heading = INGEST)]
    pub(crate) rtmp: SocketAddr,

    /// Address that takes RTMP over TLS; without it 127.0.0.1:2935 where there is a certificate, and none where there is not
    #[arg(long, alias = "rtmps-port", env = "HEADEND_RTMPS", value_name = "ADDR", value_parser = address, help_heading = INGEST)]
    pub(crate) rtmps: Option<SocketAddr>,

    /// Address that takes MPEG-TS, plain or in RTP (UDP), told apart by the first byte. FEC (SMPTE ST 2022-1) is taken on
    /// the ports + 2 and + 4
    #[arg(long, env = "HEADEND_TS", value_name = "ADDR", default_value = "127.0.0.1:5004", value_parser = address, help_heading = INGEST)]
    pub(crate) ts: SocketAddr,

    /// UDP port, at the address of --ts, that takes the same RTP datagrams on a second path (SMPTE ST 2022-7)
    #[arg(long, env = "HEADEND_RTP_SECOND_PORT", value_name = "PORT", help_heading = INGEST)]
    pub(crate) rtp_second_port: Option<u16>,

    /// Which video stream of a transport stream is taken, from 0, in the order of its program map
    #[arg(long, env = "HEADEND_VIDEO_INDEX", value_name = "N", default_value_t = 0, help_heading = INGEST)]
    pub(crate) video_index: usize,

    /// Which program of a transport stream is taken, by its number; by default the first one that can be read
    #[arg(long, env = "HEADEND_PROGRAM", value_name = "N", help_heading = INGEST)]
    pub(crate) program: Option<u16>,

    /// Another encoder comes while one is on: refuse it, take it when the first has been silent for a second, or always
    #[arg(long, env = "HEADEND_TAKEOVER", value_name = "refuse|silent|always", default_value = "silent", hide_possible_values = true, help_heading = INGEST)]
    pub(crate) takeover: TakeoverChoice,

    /// Addresses that may push: 10.0.0.1, 10.0.0.1/22 or 10.0.0.1(255.255.252.0); by default everybody who can reach a port
    #[arg(long, env = "HEADEND_ALLOW", value_name = "ADDRESS", value_delimiter = ',', help_heading = INGEST)]
    pub(crate) allow: Vec<AddressRule>,

    /// Stream keys of which a publisher must have one, as its RTMP stream name, or before the publishing point of a Smooth
    /// Streaming URL: /KEY/NAME.isml/Streams(ID). By default any will do, or none. With keys, MPEG-TS is refused, which has
    /// none
    #[arg(long, env = "HEADEND_KEY", value_name = "KEY", value_delimiter = ',', hide_env_values = true, help_heading = INGEST)]
    key: Vec<String>,

    /// any: each feed may come by another protocol; fixed: the first one decides until the channel is stopped
    #[arg(long, env = "HEADEND_PROTOCOL", value_name = "any|fixed", default_value = "any", hide_possible_values = true, help_heading = INGEST)]
    pub(crate) protocol: ProtocolChoice,

    /// Address that takes RTMP from a second encoder, which sends the same and takes over when the first fails
    #[arg(long, env = "HEADEND_RTMP_SECONDARY", value_name = "ADDR", value_parser = address, help_heading = SECONDARY)]
    pub(crate) rtmp_secondary: Option<SocketAddr>,

    /// The same over TLS
    #[arg(long, env = "HEADEND_RTMPS_SECONDARY", value_name = "ADDR", value_parser = address, help_heading = SECONDARY)]
    pub(crate) rtmps_secondary: Option<SocketAddr>,

    /// Address that takes MPEG-TS, plain or in RTP, from a second encoder; FEC as with --ts
    #[arg(long, env = "HEADEND_TS_SECONDARY", value_name = "ADDR", value_parser = address, help_heading = SECONDARY)]
    pub(crate) ts_secondary: Option<SocketAddr>,

    /// Address of the page, the API and the players' URLs, and of Smooth Streaming ingest; a bare port is on 127.0.0.1, port 0 takes
    /// any that is free
    #[arg(long, env = "HEADEND_HTTP", value_name = "ADDR", default_value = "127.0.0.1:8080", value_parser = address, help_heading = VIEWERS)]
    pub(crate) http: SocketAddr,

    /// Address of the same over TLS
    #[arg(long, env = "HEADEND_HTTPS", value_name = "ADDR", value_parser = address, help_heading = VIEWERS)]
    pub(crate) https: Option<SocketAddr>,

    /// Minutes that players can rewind in the channel's own program: 5 to 1500. In memory a minute of Default720p takes about 70 MB
    #[arg(long, env = "HEADEND_WINDOW", value_name = "MINUTES", default_value_t = 5, help_heading = VIEWERS,
          value_parser = clap::value_parser!(u16).range(5..=1500))]
    pub(crate) window: u16,

    /// Start no program by itself: the page and POST /api/channels/NAME/programs do. By default one starts with the channel
    #[arg(long, env = "HEADEND_NO_PROGRAM", help_heading = VIEWERS)]
    pub(crate) no_program: bool,

    #[command(flatten)]
    pub(crate) preview: PreviewOptions,

    #[command(flatten)]
    pub(crate) viewers: ViewerOptions,

    /// Where segments are stored: memory: (by default), a folder, s3://BUCKET/PREFIX (in a build with --features s3; keys and
    /// endpoint from AWS_*), or objects:FOLDER, an object store over a folder. What is stored plays on demand after a restart,
    /// and the program goes on
    #[arg(long, env = "HEADEND_STORE", value_name = "PLACE", value_parser = place, help_heading = VIEWERS)]
    store: Option<Place>,

    /// The same as --store with a folder
    #[arg(long, env = "HEADEND_DATA", value_name = "DIR", conflicts_with = "store", help_heading = VIEWERS)]
    data: Option<PathBuf>,

    /// Certificate chain, PEM
    #[arg(long, env = "HEADEND_TLS_CERT", value_name = "FILE", requires = "tls_key", help_heading = TLS)]
    pub(crate) tls_cert: Option<PathBuf>,

    /// Key of the certificate, PEM
    #[arg(long, env = "HEADEND_TLS_KEY", value_name = "FILE", requires = "tls_cert", help_heading = TLS)]
    pub(crate) tls_key: Option<PathBuf>,

    /// Make up a certificate that no client trusts by itself
    #[arg(long, env = "HEADEND_TLS_SELF_SIGNED", conflicts_with = "tls_cert", help_heading = TLS)]
    pub(crate) tls_self_signed: bool,
}

impl Options {
    /// `epoch` is from when media times count where no flag says so, to the second.
    pub(crate) fn channel(&self, epoch: Utc) -> Result<ChannelConfig, ConfigError> {
        let mut config = ChannelConfig::new(self.name.as_str())?;
        config.preset = self.preset.clone();
        config.preset.stretch = match self.stretch {
            StretchChoice::Fit => StretchMode::AutoFit,
            StretchChoice::Fill => StretchMode::Stretch,
        };
        let second = epoch.unix_nanos() / 1_000_000_000;
        config.epoch = Utc::from_unix_secs(self.epoch.unwrap_or(second));
        config.loss_after = Duration::from_millis(self.loss_after.into());
        config.loss_policy = self.losses.policy(config.loss_after);
        config.slates = self.slates.slates();
        config.standby = match self.source {
            Source::Test => Standby::TestSource,
            Source::None => Standby::Slate,
        };
        config.input = self.input_rules();
        self.preview.set(&mut config);
        config.video_index = self.video_index;
        if !self.audio.is_empty() {
            config.audio = self.audio.iter().zip(0..).map(|(choice, n)| choice.stream(n)).collect();
        }
        config.ad_markers = match self.ad_markers {
            AdMarkersChoice::Api => AdMarkers::Api,
            AdMarkersChoice::Scte35 => AdMarkers::Scte35,
        };
        config.parts = self.low_latency.map(|millis| MediaDuration::from_millis(millis.into()));
        config.timescale = self.timescale.and_then(|ticks| Timescale::new(ticks.get()));
        config.fragments_per_segment = self.fragments_per_segment;
        config.insert_slate_on_ad_marker = !self.show_breaks;
        config.cue_formats = CueFormats { periods: self.dash_periods, ..HlsCuesChoice::formats(&self.hls_cues) };
        config.thumbnails = (self.thumbnail_seconds > 0).then(|| Thumbnails {
            interval: MediaDuration::from_secs(self.thumbnail_seconds.into()),
            width: self.thumbnail_width,
            ..Thumbnails::default()
        });
        config.ignore_captions = self.ignore_captions;
        config.takeover = match self.takeover {
            TakeoverChoice::Refuse => Takeover::Refuse,
            TakeoverChoice::Silent => config.takeover,
            TakeoverChoice::Always => Takeover::Always,
        };
        if self.passes_through() {
            // The GOP that the feed shows is announced, and not more: players stay as near to the live edge as they can.
            let longest_segment = config.gop;
            config.encoding = Encoding::None(PassThrough { longest_segment, ..PassThrough::default() });
            config.audio = vec![AudioStream::new(0, Language::UND)];
        }
        Ok(config)
    }

    /// Who may push, and how.
    fn input_rules(&self) -> InputRules {
        let everybody = || AccessList::allow_all();
        // Fewer rules than the shell takes words: the list's own ceiling is far above.
        let access =
            if self.allow.is_empty() { everybody() } else { AccessList::new(self.allow.clone()).unwrap_or_default() };
        let keys = self.key.iter().map(|key| StreamKey::new(key)).collect::<Vec<_>>();
        let keys = if keys.is_empty() { KeyRule::Any } else { KeyRule::OneOf(keys) };
        let protocol = match self.protocol {
            ProtocolChoice::Any => ProtocolRule::Any,
            ProtocolChoice::Fixed => ProtocolRule::FirstFixes,
        };
        InputRules { access, keys, protocol, ..InputRules::default() }
    }

    pub(crate) fn passes_through(&self) -> bool {
        self.encoding == EncodingChoice::None
    }

    pub(crate) const fn ts_config(&self) -> TsConfig {
        TsConfig { program: self.program, video_index: self.video_index }
    }

    /// Where RTMPS is taken, if anywhere.
    pub(crate) fn rtmps(&self) -> Option<SocketAddr> {
        let has_certificate = self.tls_cert.is_some() || self.tls_self_signed;
        self.rtmps.or_else(|| has_certificate.then(|| SocketAddr::from(([127, 0, 0, 1], 2935))))
    }

    pub(crate) fn place(&self) -> Place {
        let folder = self.data.clone().map(Place::Folder);
        self.store.clone().or(folder).unwrap_or(Place::Memory)
    }

    pub(crate) fn rewind_window(&self) -> MediaDuration {
        MediaDuration::from_secs(i64::from(self.window) * 60)
    }
}

pub(crate) const CHANNEL: &str = "Channel";
const INGEST: &str = "Contribution";
const SECONDARY: &str = "Second encoder (off by default; Smooth Streaming has /NAME-secondary.isml without a flag)";
pub(crate) const VIEWERS: &str = "Page, players and storage";
const TLS: &str = "TLS, for --rtmps and --https";

const PUSHING: &str = "\
Push a feed (while it runs):
  ffmpeg     ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f flv rtmp://127.0.0.1:1935/live/main
             ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f rtp_mpegts rtp://127.0.0.1:5004
             ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -f mpegts 'udp://127.0.0.1:5004?pkt_size=1316'
             ffmpeg -re -i FILE -c:v libx264 -preset veryfast -g 60 -c:a aac -movflags isml+frag_keyframe -f ismv \\
               'http://127.0.0.1:8080/main.isml/Streams(1)'
  OBS        Settings, Stream: service Custom, server rtmp://127.0.0.1:1935/live, stream key main;
             Settings, Output: encoder x264, keyframe interval 2 s
  GStreamer  gst-launch-1.0 -e flvmux name=mux streamable=true ! rtmp2sink location=rtmp://127.0.0.1:1935/live/main \\
               videotestsrc is-live=true ! video/x-raw,format=I420,width=1280,height=720,framerate=30/1 ! x264enc tune=zerolatency \\
               key-int-max=60 ! h264parse ! mux. audiotestsrc is-live=true ! avenc_aac ! aacparse ! mux.
  RTMPS      with --tls-cert and --tls-key, or --tls-self-signed: the first line with rtmps://127.0.0.1:2935/live/main
  a ladder   with --encoding none: each rung to a stream name of its own, rtmp://127.0.0.1:1935/live/720p and so on,
             or each stream to a POST of its own, http://127.0.0.1:8080/main.isml/Streams(720p) and so on

Every flag can also be set by the environment variable that is named beside it; --audio takes commas there.
Ctrl-C ends it: the open segment is closed and stored first. A second Ctrl-C ends it at once.
Exit codes: 0 ended cleanly, 1 could not start or end cleanly, 2 wrong flags.";
