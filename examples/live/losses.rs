//! The loss policy as flags have it.

use std::{path::PathBuf, str::FromStr, time::Duration};

use clap::Args;
use headend::{
    splice::{LossPicture, LossPolicy, LossStage},
    time::MediaDuration,
};

use crate::slates::told;

/// What shows while the feed is lost, or is worth nothing.
#[derive(Clone, Debug, Args)]
pub(crate) struct LossOptions {
    /// What shows while the feed is lost: hold (its last picture), black, slate or a JPEG, each for so long, the last one for
    /// good, such as "hold 1s, black 2s, slate". By default the last picture for --loss-after, then the slate
    #[arg(long, env = "HEADEND_LOSS_POLICY", value_name = "STAGES", help_heading = crate::options::CHANNEL)]
    loss_policy: Option<LossChoice>,

    /// What shows while the feed's pictures are black, such as "hold 10s, slate": hold is the feed as it comes, and last in the
    /// list an alarm; "off" watches for nothing. Its sound is heard. By default "hold 10s, hold", as for the next two
    #[arg(long, env = "HEADEND_BLACK_POLICY", value_name = "STAGES", value_parser = watched, help_heading = crate::options::CHANNEL)]
    black_policy: Option<LossChoice>,

    /// The same while the feed's picture stands still
    #[arg(long, env = "HEADEND_FROZEN_POLICY", value_name = "STAGES", value_parser = watched, help_heading = crate::options::CHANNEL)]
    frozen_policy: Option<LossChoice>,

    /// The same while the feed's sound is silent, for 5 s at least
    #[arg(long, env = "HEADEND_SILENCE_POLICY", value_name = "STAGES", value_parser = silent, help_heading = crate::options::CHANNEL)]
    silence_policy: Option<LossChoice>,
}

/// Stages as a flag has them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct LossChoice(Vec<(MediaDuration, Shown)>);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Hold,
    Black,
    Slate,
    File(PathBuf),
}

impl LossOptions {
    /// The whole policy; `otherwise` is when the slate comes if nothing is asked for.
    pub(crate) fn policy(&self, otherwise: Duration) -> LossPolicy {
        let policy = self.loss_policy.as_ref().map_or_else(
            || LossPolicy::slate_after(MediaDuration::from_std(otherwise)),
            |choice| LossPolicy::same(choice.stages("--loss-policy")),
        );
        let stages = |flag: &str, choice: &Option<LossChoice>, otherwise: Vec<LossStage>| {
            choice.as_ref().map_or(otherwise, |choice| choice.stages(flag))
        };
        LossPolicy {
            black: stages("--black-policy", &self.black_policy, policy.black),
            frozen: stages("--frozen-policy", &self.frozen_policy, policy.frozen),
            silence: stages("--silence-policy", &self.silence_policy, policy.silence),
            ..policy
        }
    }
}

impl LossChoice {
    /// The stages, with their images read.
    fn stages(&self, flag: &str) -> Vec<LossStage> {
        let show = |shown: &Shown| match shown {
            Shown::Hold => LossPicture::Hold,
            Shown::Black => LossPicture::Black,
            Shown::Slate => LossPicture::Slate,
            Shown::File(path) => told(flag, path).map_or(LossPicture::Slate, LossPicture::Image),
        };
        self.0.iter().map(|(after, shown)| LossStage { after: *after, show: show(shown) }).collect()
    }
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

/// Stages of a feed that goes on coming; a first `hold` is the time until something is done.
fn watched(text: &str) -> Result<LossChoice, String> {
    if text.trim() == "off" {
        return Ok(LossChoice(Vec::new()));
    }
    let choice: LossChoice = text.parse().map_err(|error| format!("{error}; or \"off\""))?;
    Ok(match choice.0.as_slice() {
        [(_, Shown::Hold), later @ ..] if !later.is_empty() => LossChoice(later.to_vec()),
        _ => choice,
    })
}

/// The same for silence: what is shorter than five seconds are pauses.
fn silent(text: &str) -> Result<LossChoice, String> {
    let choice = watched(text)?;
    let is_late = choice.0.first().is_none_or(|(after, _)| *after >= LossPolicy::SILENCE_AFTER);
    if is_late { Ok(choice) } else { Err("begin with a hold of 5s or more, such as \"hold 10s, slate\"".into()) }
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

    #[test]
    fn a_feed_that_goes_on_coming_is_held_until_something_is_done() {
        let secs = MediaDuration::from_secs;
        assert_eq!(watched("off"), Ok(LossChoice(Vec::new())));
        assert_eq!(watched("hold 10s, hold"), Ok(LossChoice(vec![(secs(10), Shown::Hold)])));
        assert_eq!(watched("black"), Ok(LossChoice(vec![(secs(0), Shown::Black)])));
        assert_eq!(watched("hold"), Ok(LossChoice(vec![(secs(0), Shown::Hold)])));
        let stages = vec![(secs(5), Shown::Hold), (secs(9), Shown::Slate)];
        assert_eq!(silent("hold 5s, hold 4s, slate"), Ok(LossChoice(stages)));
        assert_eq!(silent(" off "), Ok(LossChoice(Vec::new())));
        assert!(watched("never").unwrap_err().contains("\"off\""));
        for early in ["slate", "hold 4999ms, slate", "hold", "black 10s, slate"] {
            assert!(silent(early).unwrap_err().contains("hold of 5s or more"), "{early}");
        }
    }
}
