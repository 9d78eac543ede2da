//! Slate images from files.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::Args;
use headend::splice::{SlateImage, Slates};

/// The images of the channel. One that cannot be used is told of, and the channel starts with what stands for it.
#[derive(Clone, Debug, Args)]
pub(crate) struct SlateOptions {
    /// JPEG that shows in place of the feed, at most 1920x1080 and 3 MB; stretched to the display. By default a built-in one
    #[arg(long, env = "HEADEND_SLATE", value_name = "FILE", help_heading = crate::options::CHANNEL)]
    slate: Option<PathBuf>,

    /// JPEG until a first feed comes, with --source none; by default that of --slate, as for the next three
    #[arg(long, env = "HEADEND_PRE_EVENT_SLATE", value_name = "FILE", help_heading = crate::options::CHANNEL)]
    pre_event_slate: Option<PathBuf>,

    /// JPEG after a feed that its encoder ended
    #[arg(long, env = "HEADEND_POST_EVENT_SLATE", value_name = "FILE", help_heading = crate::options::CHANNEL)]
    post_event_slate: Option<PathBuf>,

    /// JPEG while the feed is lost
    #[arg(long, env = "HEADEND_ERROR_SLATE", value_name = "FILE", help_heading = crate::options::CHANNEL)]
    error_slate: Option<PathBuf>,

    /// JPEG in ad breaks
    #[arg(long, env = "HEADEND_BREAK_SLATE", value_name = "FILE", help_heading = crate::options::CHANNEL)]
    break_slate: Option<PathBuf>,
}

impl SlateOptions {
    /// Reads and checks every image.
    pub(crate) fn slates(&self) -> Slates {
        let image = |flag: &str, path: &Option<PathBuf>| path.as_deref().and_then(|path| told(flag, path));
        Slates {
            default: image("--slate", &self.slate),
            pre_event: image("--pre-event-slate", &self.pre_event_slate),
            post_event: image("--post-event-slate", &self.post_event_slate),
            error_event: image("--error-slate", &self.error_slate),
            ad_break: image("--break-slate", &self.break_slate),
        }
    }
}

/// Reads an image; one that is no slate is told of on stderr, with what to do about it.
#[allow(clippy::disallowed_methods, reason = "once, before anything runs")]
pub(crate) fn told(flag: &str, path: &Path) -> Option<SlateImage> {
    let name = path.display();
    let why = match fs::read(path) {
        Ok(jpeg) => match SlateImage::from_jpeg(&jpeg.into()) {
            Ok(image) => return Some(image),
            Err(error) => format!("{error} ({})", error.code()),
        },
        Err(error) => error.to_string(),
    };
    eprintln!("live: {flag} {name} CANNOT BE USED: {why}");
    eprintln!(
        "live: the channel starts without it; give a JPEG of at most 1920x1080 and 3 MB and start again to use it"
    );
    None
}
