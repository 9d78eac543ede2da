//! The preview (A11): under which URL it is reached from the channel's creation on, by whom, and which asset it is now.

use std::{
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use clap::Args;
use headend::{
    access::{AccessList, AddressRule, Door},
    archive::AssetName,
    channel::ChannelConfig,
    origin::{OriginError, Request, Response},
    time::MediaDuration,
};

/// What there is to look at before viewers do.
#[derive(Clone, Debug, Args)]
pub(crate) struct PreviewOptions {
    /// Seconds that the preview goes back: 60 to 600, or 0 for no preview. It shows what the channel makes, with or without a
    /// program, and is kept in memory
    #[arg(long, env = "HEADEND_PREVIEW_SECONDS", value_name = "N", default_value_t = 60, help_heading = crate::options::VIEWERS,
          value_parser = preview_seconds)]
    preview_seconds: u16,

    /// Addresses that may play the preview, in the forms of --allow; by default everybody. --allow-viewers and --scale-units are not for it
    #[arg(long, env = "HEADEND_ALLOW_PREVIEW", value_name = "ADDRESS", value_delimiter = ',', help_heading = crate::options::VIEWERS)]
    allow_preview: Vec<AddressRule>,
}

impl PreviewOptions {
    pub(crate) fn set(&self, config: &mut ChannelConfig) {
        config.preview_window =
            (self.preview_seconds > 0).then(|| MediaDuration::from_secs(self.preview_seconds.into()));
        config.preview = self.access();
    }

    /// The place of the preview under this locator; `None` where there is to be none.
    pub(crate) fn place(&self, locator: String) -> Option<Preview> {
        let (access, asset) = (self.access(), Mutex::default());
        (self.preview_seconds > 0).then_some(Preview { locator, access, asset })
    }

    /// Fewer rules than the shell takes words: the list's own ceiling is far above.
    fn access(&self) -> AccessList {
        match self.allow_preview.as_slice() {
            [] => AccessList::unset(),
            rules => AccessList::new(rules.to_vec()).unwrap_or_default(),
        }
    }
}

fn preview_seconds(text: &str) -> Result<u16, String> {
    let seconds = text.parse().map_err(|_| "write a number of seconds")?;
    let is_good = seconds == 0 || (60..=600).contains(&seconds);
    if is_good { Ok(seconds) } else { Err("write 60 to 600 seconds, or 0 for no preview".into()) }
}

/// Where the preview is reached.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) locator: String,
    access: AccessList,
    /// Each time that the channel goes on air it is another.
    asset: Mutex<Option<AssetName>>,
}

impl Preview {
    /// The record of locators has it under this name, which no asset ever has: the URL outlives the process, what it shows does not.
    pub(crate) fn recorded(channel: &str) -> Option<AssetName> {
        AssetName::new(&format!("{channel}-preview"))
    }

    /// What is to be seen, or was last.
    pub(crate) fn asset(&self) -> Option<AssetName> {
        self.asset.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Another one is to be seen from now on; the one before.
    pub(crate) fn change(&self, to: &AssetName) -> Option<AssetName> {
        self.asset.lock().unwrap_or_else(PoisonError::into_inner).replace(to.clone())
    }

    /// Whether a request is for the preview, however its path is written.
    pub(crate) fn is_asked_for(&self, request: &Request<'_>) -> bool {
        request.locator().is_some_and(|locator| locator == self.locator)
    }

    /// The answer to who may not look (A10.3), or who looks before the channel was ever on air.
    pub(crate) fn refusal(&self, request: &Request<'_>, peer: IpAddr) -> Option<Response> {
        let refused = if !self.access.admits(Door::Preview, peer) {
            OriginError::AddressNotAllowed
        } else if self.asset().is_none() {
            OriginError::NoLiveEntries
        } else {
            return None;
        };
        Some(Response::refusal(refused, request))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_look_and_when_a10_3_a11_1() {
        let options = |allow: &[&str]| PreviewOptions {
            preview_seconds: 60,
            allow_preview: allow.iter().map(|rule| rule.parse().unwrap()).collect(),
        };
        let request = Request::get("/look%2D1/main.ism/Manifest");
        let [near, far]: [IpAddr; 2] = ["10.0.0.1", "203.0.113.7"].map(|peer| peer.parse().unwrap());
        let open = options(&[]).place("look-1".into()).unwrap();
        assert!(open.is_asked_for(&request) && !open.is_asked_for(&Request::get("/look-2/main.ism/Manifest")));
        assert_eq!(open.refusal(&request, far).unwrap().code, OriginError::NoLiveEntries.code());
        assert_eq!(open.change(&AssetName::new("a").unwrap()), None);
        assert_eq!(open.refusal(&request, far), None);
        let closed = options(&["10.0.0.0/8"]).place("look-1".into()).unwrap();
        closed.change(&AssetName::new("a").unwrap());
        assert_eq!(closed.refusal(&request, far).unwrap().status, 403);
        assert_eq!(closed.refusal(&request, near), None);
    }

    #[test]
    fn seconds_are_none_or_a_window() {
        assert_eq!(["0", "60", "600"].map(|text| preview_seconds(text).unwrap()), [0, 60, 600]);
        assert!(["", "59", "601", "-1", "x"].iter().all(|text| preview_seconds(text).is_err()));
    }
}
