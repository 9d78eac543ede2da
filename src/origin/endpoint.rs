//! The streaming endpoint that stands before an [`Origin`](super::Origin) (A19): its life, who may ask, and how much it may send.
//!
//! It is asked twice about each request: [`Endpoint::admit`] before the origin is, which refuses what does not run, whom the address list
//! or the signature keys do not know, and what the line has no room for; [`Endpoint::send`] with the answer, once it is made,
//! which charges the line for it and counts it. Between the two a request may wait, and the host reads from its store. A refusal leaves
//! nothing behind but a count (FAULTS row 55). CDN profiles and custom host names (A19.7, A19.11) are the host's.
//! To add a rule for requests: a line in `admission`, a variant of [`OriginError`](super::OriginError).

mod admission;
mod budget;
mod config;
mod error;
mod signature;
mod state;
mod traffic;

use self::budget::Budget;
pub use self::{
    admission::{Admission, Caller},
    config::{CrossSitePolicies, EndpointConfig},
    error::EndpointError,
    signature::SignatureKey,
    state::{EndpointOperation, EndpointState},
    traffic::{Traffic, TrafficRow},
};

/// A streaming endpoint (A19).
///
/// Commands (`start`, `stop`, `update`, `scale`, `delete`, and `finish` or `give_up` for what they began) say in an
/// [`EndpointError`] why they were refused, and change nothing then. Every request goes through [`admit`](Self::admit) and its
/// answer through [`send`](Self::send); both are short, and no origin is locked for them.
#[derive(Debug)]
pub struct Endpoint {
    config: EndpointConfig,
    /// What comes into force when scaling is finished.
    next: Option<EndpointConfig>,
    state: EndpointState,
    budget: Budget,
    traffic: Traffic,
}

impl Endpoint {
    /// An endpoint that is Stopped (A19.1).
    ///
    /// # Errors
    /// A rule that the configuration breaks.
    pub fn new(config: EndpointConfig) -> Result<Self, EndpointError> {
        config.check()?;
        let budget = Budget::new(config.line_rate());
        Ok(Self { config, next: None, state: EndpointState::Stopped, budget, traffic: Traffic::default() })
    }

    /// What is in force.
    #[must_use]
    pub const fn config(&self) -> &EndpointConfig {
        &self.config
    }

    /// Where it is in its life.
    #[must_use]
    pub const fn state(&self) -> EndpointState {
        self.state
    }

    /// What was sent and refused so far.
    #[must_use]
    pub const fn traffic(&self) -> &Traffic {
        &self.traffic
    }

    /// Begins to start; the host opens its doors, then [finishes](Self::finish).
    ///
    /// # Errors
    /// It is not Stopped.
    pub fn start(&mut self) -> Result<(), EndpointError> {
        self.begin(EndpointOperation::Start, EndpointState::Starting)
    }

    /// Begins to stop: nothing new is let in. The host sends what is out, then [finishes](Self::finish).
    ///
    /// # Errors
    /// It is not Running.
    pub fn stop(&mut self) -> Result<(), EndpointError> {
        self.begin(EndpointOperation::Stop, EndpointState::Stopping)
    }

    /// Changes the configuration: at once while Stopped, else when the host [finishes](Self::finish) it (A19.2).
    ///
    /// # Errors
    /// A rule that the configuration breaks, another name, or a state that is neither Stopped nor Running.
    pub fn update(&mut self, config: EndpointConfig) -> Result<(), EndpointError> {
        self.change(EndpointOperation::Update, config)
    }

    /// Changes the scale units, as [`update`](Self::update) does.
    ///
    /// # Errors
    /// More than 10 (A19.5), or a state that is neither Stopped nor Running.
    pub fn scale(&mut self, scale_units: Option<u8>) -> Result<(), EndpointError> {
        self.change(EndpointOperation::Scale, EndpointConfig { scale_units, ..self.config.clone() })
    }

    /// Begins to delete it; the host drops it.
    ///
    /// # Errors
    /// It is not Stopped, or it is the default endpoint (A19.3).
    pub fn delete(&mut self) -> Result<(), EndpointError> {
        if self.config.is_default() {
            return Err(EndpointError::Default);
        }
        self.begin(EndpointOperation::Delete, EndpointState::Deleting)
    }

    /// What was begun is done; whether there was anything.
    pub fn finish(&mut self) -> bool {
        self.state = match self.state {
            EndpointState::Starting => EndpointState::Running,
            EndpointState::Scaling => {
                if let Some(config) = self.next.take() {
                    self.apply(config);
                }
                EndpointState::Running
            }
            EndpointState::Stopping => EndpointState::Stopped,
            EndpointState::Stopped | EndpointState::Running | EndpointState::Deleting => return false,
        };
        true
    }

    /// What was begun cannot be done, and all is as it was before; whether there was anything. Stopping and deleting end only one way.
    pub fn give_up(&mut self) -> bool {
        self.state = match self.state {
            EndpointState::Starting => EndpointState::Stopped,
            EndpointState::Scaling => EndpointState::Running,
            _ => return false,
        };
        self.next = None;
        true
    }

    fn change(&mut self, operation: EndpointOperation, config: EndpointConfig) -> Result<(), EndpointError> {
        self.check(operation)?;
        config.check()?;
        if config.name != self.config.name {
            return Err(EndpointError::Renamed(self.config.name.clone()));
        }
        if self.state == EndpointState::Stopped {
            self.apply(config);
        } else {
            self.next = Some(config);
            self.state = EndpointState::Scaling;
        }
        Ok(())
    }

    fn apply(&mut self, config: EndpointConfig) {
        self.budget.set_rate(config.line_rate());
        self.config = config;
    }

    fn begin(&mut self, operation: EndpointOperation, state: EndpointState) -> Result<(), EndpointError> {
        self.check(operation)?;
        self.state = state;
        Ok(())
    }

    const fn check(&self, operation: EndpointOperation) -> Result<(), EndpointError> {
        if self.state.allows(operation) { Ok(()) } else { Err(EndpointError::State { operation, state: self.state }) }
    }
}

#[cfg(test)]
mod tests;
