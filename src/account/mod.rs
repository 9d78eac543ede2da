//! The control plane: the channels of one account and how many there may be (A25.1).
//!
//! An account holds channels by name; it runs none of them. A host with one channel needs no account.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use crate::{
    channel::{Channel, ChannelConfig, ChannelName, ChannelState, ConfigError},
    ladder::Codecs,
    time::Now,
};

/// The channels of one owner.
#[derive(Debug)]
pub struct Account {
    channels: BTreeMap<ChannelName, Channel>,
    max_channels: usize,
    /// Billed by channels that are gone.
    billed_before: Duration,
}

/// Why the account refused; it changed nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// A25.1.
    #[error("the account has {0} channels already, as many as it may")]
    ChannelQuota(usize),
    /// A1.5: names are unique.
    #[error("there is a channel {0} already")]
    ChannelExists(ChannelName),
    /// A rule that the configuration breaks.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// No channel has this name.
    #[error("there is no channel {0}")]
    NoChannel(ChannelName),
    /// A channel goes when its state is Deleting (A2.7).
    #[error("channel {name} is {state}: delete it first")]
    NotDeleted {
        /// Which one.
        name: ChannelName,
        /// The state that it is in.
        state: ChannelState,
    },
}

impl Account {
    /// Channels that an account may have unless told otherwise (A25.1).
    pub const DEFAULT_MAX_CHANNELS: usize = 5;

    /// An account without channels, which may have up to [`DEFAULT_MAX_CHANNELS`](Self::DEFAULT_MAX_CHANNELS).
    #[must_use]
    pub const fn new() -> Self {
        Self::with_max_channels(Self::DEFAULT_MAX_CHANNELS)
    }

    /// An account without channels, which may have up to `max_channels`.
    #[must_use]
    pub const fn with_max_channels(max_channels: usize) -> Self {
        Self { channels: BTreeMap::new(), max_channels, billed_before: Duration::ZERO }
    }

    /// Adds a channel in the state Stopped.
    ///
    /// # Errors
    /// The quota, a name that is taken, or a rule that `config` breaks.
    pub fn create(&mut self, config: ChannelConfig, codecs: Arc<dyn Codecs>) -> Result<&mut Channel, AccountError> {
        if self.channels.contains_key(&config.name) {
            return Err(AccountError::ChannelExists(config.name));
        }
        if self.channels.len() >= self.max_channels {
            return Err(AccountError::ChannelQuota(self.channels.len()));
        }
        let name = config.name.clone();
        let channel = Channel::new(config, codecs)?;
        Ok(self.channels.entry(name).or_insert(channel))
    }

    /// Lets go of a channel that is being deleted.
    ///
    /// # Errors
    /// There is no such channel, or it is not in the state Deleting.
    pub fn remove(&mut self, name: &ChannelName, now: Now) -> Result<(), AccountError> {
        let channel = self.channels.get(name).ok_or_else(|| AccountError::NoChannel(name.clone()))?;
        let state = channel.state();
        if state != ChannelState::Deleting {
            return Err(AccountError::NotDeleted { name: name.clone(), state });
        }
        self.billed_before += channel.meter().total(now);
        self.channels.remove(name);
        Ok(())
    }

    /// The channel of this name, to be driven.
    pub fn channel_mut(&mut self, name: &ChannelName) -> Option<&mut Channel> {
        self.channels.get_mut(name)
    }

    /// The channel of this name.
    #[must_use]
    pub fn channel(&self, name: &ChannelName) -> Option<&Channel> {
        self.channels.get(name)
    }

    /// Every channel, by name.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.channels.values()
    }

    /// Everything that was billed up to `now`, deleted channels included (A3).
    #[must_use]
    pub fn billed(&self, now: Now) -> Duration {
        self.billed_before + self.channels.values().map(|channel| channel.meter().total(now)).sum::<Duration>()
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{ladder::BuiltinCodecs, time::Utc};

    fn create(account: &mut Account, name: &str) -> Result<(), AccountError> {
        let config = ChannelConfig::new(name)?;
        account.create(config, Arc::new(BuiltinCodecs::new())).map(|_| ())
    }

    #[test]
    fn five_channels_of_different_names_a25_1() {
        let mut account = Account::new();
        for name in ["a", "b", "c", "d", "e"] {
            assert_eq!(create(&mut account, name), Ok(()));
        }
        let taken = ChannelName::new("a").unwrap();
        assert_eq!(create(&mut account, "a"), Err(AccountError::ChannelExists(taken)));
        assert_eq!(create(&mut account, "f"), Err(AccountError::ChannelQuota(5)));
        assert_eq!(account.channels().count(), 5);
    }

    #[test]
    fn a_channel_goes_only_when_it_is_deleted_a2_7() {
        let now = Now::new(Duration::ZERO, Utc::UNIX_EPOCH);
        let mut account = Account::new();
        create(&mut account, "a").unwrap();
        let name = ChannelName::new("a").unwrap();
        let refused = AccountError::NotDeleted { name: name.clone(), state: ChannelState::Stopped };
        assert_eq!(account.remove(&name, now), Err(refused));
        account.channel_mut(&name).unwrap().delete(now).unwrap();
        assert_eq!(account.remove(&name, now), Ok(()));
        assert_eq!(account.remove(&name, now), Err(AccountError::NoChannel(name)));
    }
}
