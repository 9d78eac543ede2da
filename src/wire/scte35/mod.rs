//! SCTE 35 messages: the `splice_info_section` (ANSI/SCTE 35 2023 clause 9.6), read and written bit for bit.
//!
//! Names are the standard's. What a message asks for, and when, is for whoever acts on cues. Every section that is read is
//! written again as it was, if its reserved bits are as the standard has them. To add a command, add a variant to
//! [`SpliceCommand`]; to add a descriptor, one to [`SpliceDescriptor`].

mod bytes;
mod command;
mod descriptor;
mod section;
mod segmentation;
#[cfg(test)]
mod tests;

pub use command::{BreakDuration, InsertTimes, SpliceCommand, SpliceInsert, SpliceTime};
pub use descriptor::{AudioComponent, SpliceDescriptor};
pub use section::SpliceInfoSection;
pub use segmentation::{DeliveryRestrictions, Segmentation, SegmentationDescriptor};
