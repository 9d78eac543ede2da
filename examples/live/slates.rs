//! Slate images from files, and the loss policy as a flag has it.

use std::{
    fs,
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use clap::Args;
use headend::{
    splice::{LossPicture, LossPolicy, LossStage, SlateImage, Slates},
    time::MediaDuration,
};

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

    /// What shows while the feed is lost: hold (its last picture), black, slate or a JPEG, each for so long, the last one for
    /// good, such as "hold 1s, black 2s, slate". By default the last picture for --loss-after, then the slate
    #[arg(long, env = "HEADEND_LOSS_POLICY", value_name = "STAGES", help_heading = crate::options::CHANNEL)]
    loss_policy: Option<LossChoice>,
}

/// A value of `--loss-policy`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LossChoice(Vec<(MediaDuration, Shown)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Hold,
    Black,
    Slate,
    File(PathBuf),
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

    /// What shows while the feed is lost; `otherwise` is when the slate comes if nothing is asked for.
    pub(crate) fn loss_policy(&self, otherwise: Duration) -> LossPolicy {
        let Some(LossChoice(stages)) = &self.loss_policy else {
            return LossPolicy::slate_after(MediaDuration::from_std(otherwise));
        };
        let show = |shown: &Shown| match shown {
            Shown::Hold => LossPicture::Hold,
            Shown::Black => LossPicture::Black,
            Shown::Slate => LossPicture::Slate,
            Shown::File(path) => told("--loss-policy", path).map_or(LossPicture::Slate, LossPicture::Image),
        };
        LossPolicy::same(stages.iter().map(|(after, shown)| LossStage { after: *after, show: show(shown) }).collect())
    }
}

/// Reads an image; one that is no slate is told of on stderr, with what to do about it.
#[allow(clippy::disallowed_methods, reason = "once, before anything runs")]
fn told(flag: &str, path: &Path) -> Option<SlateImage> {
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

impl FromStr for LossChoice {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        const EXAMPLE: &str = "give stages, each but the last with its time, such as \"hold 1s, black 2500ms, slate\"";
        let parts: Vec<&str> = text.split(',').map(str::trim).collect();
        if parts.len() > LossPolicy::MAX_STAGES {
            return Err(format!("at most {} stages are allowed", LossPolicy::MAX_STAGES));
        }
        let (mut after, mut stages) = (MediaDuration::ZERO, Vec::new());
        for (n, part) in parts.iter().enumerate() {
            let is_last = n + 1 == parts.len();
            let (what, time) = if is_last {
                (*part, None)
            } else {
                part.rsplit_once(' ').map(|(what, time)| (what, Some(time))).ok_or(EXAMPLE)?
            };
            let shown = match what.trim() {
                "" => return Err(EXAMPLE.into()),
                "hold" => Shown::Hold,
                "black" => Shown::Black,
                "slate" => Shown::Slate,
                file if file.ends_with(".jpg") || file.ends_with(".jpeg") => Shown::File(file.into()),
                other => return Err(format!("{other} is neither hold, black, slate nor a .jpg file; {EXAMPLE}")),
            };
            stages.push((after, shown));
            if let Some(time) = time {
                after = after.plus(duration(time).ok_or(EXAMPLE)?);
            }
        }
        Ok(Self(stages))
    }
}

/// `1s`, `1.5s` or `1500ms`, more than zero and at most a day.
fn duration(text: &str) -> Option<MediaDuration> {
    let (number, unit) = match text.strip_suffix("ms") {
        Some(number) => (number, 1.0),
        None => (text.strip_suffix('s')?, 1000.0),
    };
    let millis = number.parse::<f64>().ok()? * unit;
    (1.0..=86_400_000.0).contains(&millis).then(|| MediaDuration::from_millis(millis.round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_loss_policy_reads_as_people_say_it() {
        let LossChoice(stages) = "hold 1s, black 2500ms, off air.jpg 1.5s,slate".parse().unwrap();
        let after: Vec<i64> =
            stages.iter().map(|(after, _)| after.flicks() / MediaDuration::from_millis(1).flicks()).collect();
        assert_eq!(after, [0, 1000, 3500, 5000]);
        assert_eq!(stages[2].1, Shown::File("off air.jpg".into()));
        assert_eq!("slate".parse::<LossChoice>().unwrap().0, [(MediaDuration::ZERO, Shown::Slate)]);
        for bad in ["", "hold, slate", "hold 0s, slate", "hold 1, slate", "grey 1s, slate", "hold 1s,"] {
            assert!(bad.parse::<LossChoice>().is_err(), "{bad}");
        }
    }
}
