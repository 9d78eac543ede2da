//! Who may come in: addresses and keys, as plain values that a door asks before it reads the first byte.
//!
//! [`AccessList`] of [`AddressRule`]s for addresses (A10), [`KeyRule`] of [`StreamKey`]s for names under which a publisher goes
//! on air (A7.5). Nothing here knows a channel or a protocol; the host brings the address of the socket's peer, not what a
//! header says that it is.

mod address_rule;
mod list;
mod stream_key;

pub use address_rule::{AddressRule, AddressRuleError};
pub use list::{AccessList, Door, TooManyRules};
pub use stream_key::{KeyRule, StreamKey};
