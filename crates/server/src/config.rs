//! The configuration: flags, environment and file become one typed [`Config`], or sentences that
//! say what to mend.
//!
//! Owns the table of settings (`settings.rs`), from which flags, variables, file keys and the
//! reference all derive, and the only door to the process's environment. Keeps true that a flag
//! wins over the environment, that over the file, that over the default; that an unknown key is
//! refused by name; and that neither `Debug`, errors nor [`Config::shown`] give a secret away.
//! To add a setting, add a row to the table. Leaves what the settings do to those who take them.

mod check;
mod environment;
mod file;
mod kinds;
mod nearest;
mod parse;
mod problem;
mod reference;
mod setting;
mod settings;
mod source;
mod sources;
mod table;
mod values;

pub use environment::Environment;
pub use problem::{ConfigError, EXIT_CONFIG};
pub use reference::markdown;
pub use setting::Setting;
pub use settings::Config;
pub use sources::Flags;
pub use values::{RedisRoots, RedisUrl};

use std::net::SocketAddr;

use roomcast_presence::PresenceConfig;
use roomcast_socket::negotiation::DeflateSettings;
use roomcast_socket::{Limits as SocketLimits, Rate};

use crate::accept::AcceptLimits;
use crate::auth::{Admission, Doorman, TokenRules, Verifier};
use crate::secret::Secret;
use sources::Sources;

impl Config {
    /// Merges the sources and reads every setting.
    ///
    /// # Errors
    /// All that is wrong at once, each with its key, where it came from and what was expected.
    pub fn load(flags: &Flags, environment: &Environment) -> Result<Self, ConfigError> {
        let sources = Sources::gather(&Self::settings(), flags, environment)?;
        let config = Self::read(&sources).map_err(ConfigError::new)?;
        match check::across_settings(&config) {
            problems if problems.is_empty() => Ok(config),
            problems => Err(ConfigError::new(problems)),
        }
    }

    /// The address of the ops listener alone, for a program that has only to find it.
    ///
    /// # Errors
    /// As for [`Config::load`].
    pub fn ops_listen(flags: &Flags, environment: &Environment) -> Result<SocketAddr, ConfigError> {
        let sources = Sources::gather(&Self::settings(), flags, environment)?;
        Self::read(&sources)
            .map(|config| config.ops_listen)
            .map_err(ConfigError::new)
    }

    /// The texts of `token_keys`, not read any further, for a program that signs with one.
    ///
    /// # Errors
    /// As for [`Config::load`], for the file alone.
    pub fn token_key_texts(environment: &Environment) -> Result<Vec<Secret>, ConfigError> {
        let sources = Sources::gather(&Self::settings(), &Flags::default(), environment)?;
        Ok(sources
            .find("token_keys", "")
            .texts
            .into_iter()
            .map(Secret::new)
            .collect())
    }

    /// Whether there is no key to check tokens with, so that users are believed.
    pub fn is_development(&self) -> bool {
        self.token_keys.is_empty() && self.jwks_file.is_none()
    }

    /// The doorman of a node whose public listener is bound to `bound`.
    pub fn doorman(&self, bound: SocketAddr) -> Doorman {
        let admission = if self.is_development() {
            Admission::Development
        } else {
            let listed = self.token_keys.iter();
            let in_file = self.jwks_file.iter().flat_map(|set| set.keys());
            Admission::Tokens(Verifier::new(
                listed.chain(in_file).cloned().collect(),
                TokenRules {
                    audience: self.token_audience.clone(),
                    issuer: self.token_issuer.clone(),
                    leeway_ms: self.token_leeway_ms,
                },
            ))
        };
        let origins = self.origins.clone();
        Doorman::new(
            admission,
            origins,
            self.allow_query_token,
            self.api_key.clone(),
            bound,
        )
    }

    /// The limits of the public accept loop.
    pub fn accept_limits(&self) -> AcceptLimits {
        AcceptLimits {
            connections_max: self.connections_max,
            connections_per_address_max: self.connections_per_address_max,
            handshake_ms: self.handshake_ms,
            head_bytes_max: self.head_bytes_max,
        }
    }

    /// What a client may send in its WebSocket frames: the socket's own bounds, and never less than
    /// twice what a session may say, so that haste is answered before it is slowed down.
    pub fn socket_limits(&self) -> SocketLimits {
        let least = SocketLimits::default();
        let raised = |rate: Option<Rate>| {
            rate.map(|least| Rate {
                per_second: least
                    .per_second
                    .max(self.commands_per_second.saturating_mul(2)),
                burst: least.burst.max(self.commands_burst.saturating_mul(2)),
            })
        };
        SocketLimits {
            frame_bytes_max: self.frame_bytes_max,
            message_bytes_max: self.frame_bytes_max,
            messages: raised(least.messages),
            frames: raised(least.frames),
            ..least
        }
    }

    /// The bounds and deadlines of presence.
    pub fn presence(&self) -> PresenceConfig {
        PresenceConfig {
            lease_ms: self.lease_ms,
            beat_ms: self.beat_ms,
            grace_ms: self.grace_ms,
            typing_ttl_ms: self.typing_ttl_ms,
            typing_repeat_ms: self.typing_repeat_ms,
            read_ttl_ms: self.read_marks_ms,
            last_seen_ms: self.last_seen_ms,
            rooms_max: self.rooms_max,
            occupants_max: self.occupants_max,
            sessions_listed_max: self.sessions_listed_max,
            reads_per_room_max: self.reads_per_room_max,
            bans_per_room_max: self.bans_per_room_max,
            ..PresenceConfig::default()
        }
    }

    /// How frames are compressed, if they are.
    pub fn deflate_settings(&self) -> Option<DeflateSettings> {
        self.deflate.then_some(DeflateSettings {
            bytes_min: self.deflate_bytes_min,
            level: u8::try_from(self.deflate_level).unwrap_or(u8::MAX),
        })
    }
}
