//! Keys that tokens are checked with: one key, one algorithm.
//!
//! Written `algorithm[@kid]:material`; the material is the secret itself for `hs256` and the path
//! of a PEM file for the others. Keeps true that a key which exists can check a signature.

use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use jsonwebtoken::{Algorithm, DecodingKey};

use crate::secret::{HIDDEN, Secret};

/// The shortest HMAC secret, in bytes: as long as the hash (RFC 7518, section 3.2).
const SECRET_BYTES_MIN: usize = 32;
/// The shortest RSA public key, in bytes of its PKCS #1 form: one of 2,048 bits has 270.
const RSA_DER_BYTES_MIN: usize = 266;
/// The largest key file, in bytes.
const PEM_BYTES_MAX: u64 = 64 * 1024;
/// The longest key id, in bytes.
const KID_BYTES_MAX: usize = 256;

/// The four algorithms a token may be signed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyAlgorithm {
    /// HMAC with SHA-256.
    Hs256,
    /// RSA PKCS #1 v1.5 with SHA-256.
    Rs256,
    /// ECDSA on P-256 with SHA-256.
    Es256,
    /// Ed25519.
    EdDsa,
}

impl KeyAlgorithm {
    /// The algorithm as the token crate names it.
    pub fn jwt(self) -> Algorithm {
        match self {
            Self::Hs256 => Algorithm::HS256,
            Self::Rs256 => Algorithm::RS256,
            Self::Es256 => Algorithm::ES256,
            Self::EdDsa => Algorithm::EdDSA,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Hs256 => "hs256",
            Self::Rs256 => "rs256",
            Self::Es256 => "es256",
            Self::EdDsa => "eddsa",
        }
    }
}

/// A key as it is written in the configuration, before any file was read.
#[derive(Clone)]
pub struct KeySpec {
    /// What it signs or checks with.
    pub algorithm: KeyAlgorithm,
    /// The key id that tokens name it by.
    pub kid: Option<String>,
    /// The secret, or the path of a PEM file.
    pub material: Secret,
}

impl KeySpec {
    /// What parses as one.
    pub const EXPECTED: &str = "hs256:<secret of 32 bytes or more>, rs256:<public.pem>, \
        es256:<public.pem> or eddsa:<public.pem>, with a key id as in hs256@2024:<secret>";

    /// The path of the PEM file; none for a secret.
    pub fn path(&self) -> Option<&Path> {
        match self.algorithm {
            KeyAlgorithm::Hs256 => None,
            KeyAlgorithm::Rs256 | KeyAlgorithm::Es256 | KeyAlgorithm::EdDsa => {
                Some(Path::new(self.material.reveal()))
            }
        }
    }

    /// The bytes of a file of keys.
    ///
    /// # Errors
    /// A sentence that names the file.
    pub fn read_key_file(path: &Path) -> Result<Vec<u8>, String> {
        let unreadable = |error| format!("{} cannot be read: {error}", path.display());
        let size_bytes = std::fs::metadata(path).map_err(unreadable)?.len();
        if size_bytes > PEM_BYTES_MAX {
            return Err(format!("{} is too large for a key", path.display()));
        }
        std::fs::read(path).map_err(unreadable)
    }
}

impl FromStr for KeySpec {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (head, material) = text.split_once(':').ok_or("there is no colon in it")?;
        let (name, kid) = match head.split_once('@') {
            Some((name, kid)) => (name, Some(kid)),
            None => (head, None),
        };
        let algorithm = match name.to_ascii_lowercase().as_str() {
            "hs256" => KeyAlgorithm::Hs256,
            "rs256" => KeyAlgorithm::Rs256,
            "es256" => KeyAlgorithm::Es256,
            "eddsa" => KeyAlgorithm::EdDsa,
            _ => return Err("it begins with no known algorithm".into()),
        };
        if kid.is_some_and(|kid| kid.is_empty() || kid.len() > KID_BYTES_MAX) {
            return Err(format!("a key id has 1 to {KID_BYTES_MAX} bytes"));
        }
        if material.is_empty() {
            return Err("nothing stands behind the colon".into());
        }
        if algorithm == KeyAlgorithm::Hs256 && material.len() < SECRET_BYTES_MIN {
            let bytes = material.len();
            return Err(format!(
                "the secret has {bytes} of at least {SECRET_BYTES_MIN} bytes"
            ));
        }
        Ok(Self {
            algorithm,
            kid: kid.map(Into::into),
            material: Secret::new(material),
        })
    }
}

/// As in the configuration, the secret hidden.
impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.algorithm.name())?;
        if let Some(kid) = &self.kid {
            write!(f, "@{kid}")?;
        }
        match self.path() {
            Some(path) => write!(f, ":{}", path.display()),
            None => write!(f, ":{HIDDEN}"),
        }
    }
}

impl fmt::Debug for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A key that is ready to check tokens of its one algorithm.
#[derive(Clone)]
pub struct TokenKey {
    pub(super) algorithm: KeyAlgorithm,
    pub(super) kid: Option<String>,
    pub(super) key: DecodingKey,
    shown: String,
}

impl TokenKey {
    /// Reads the key's file, if it has one, and tries the key.
    ///
    /// # Errors
    /// A sentence that says what is wrong with it, without the secret.
    pub fn load(spec: &KeySpec) -> Result<Self, String> {
        let key = match spec.path() {
            None => DecodingKey::from_secret(spec.material.reveal().as_bytes()),
            Some(path) => public_key(spec.algorithm, path, &KeySpec::read_key_file(path)?)?,
        };
        Self::new(spec.algorithm, spec.kid.clone(), key, spec.to_string())
    }

    /// A key made elsewhere; `shown` is what logs call it.
    ///
    /// # Errors
    /// A sentence that says that the key doesn't fit its algorithm.
    pub(super) fn new(
        algorithm: KeyAlgorithm,
        kid: Option<String>,
        key: DecodingKey,
        shown: String,
    ) -> Result<Self, String> {
        // Building the check is what parses the key; the empty signature is refused either way.
        jsonwebtoken::crypto::verify("", b"", &key, algorithm.jwt())
            .map_err(|_| format!("{shown} is no key for {}", algorithm.name()))?;
        if algorithm == KeyAlgorithm::Rs256
            && key
                .try_get_as_bytes()
                .is_ok_and(|der| der.len() < RSA_DER_BYTES_MIN)
        {
            return Err(format!("{shown} has fewer than 2048 bits"));
        }
        Ok(Self {
            algorithm,
            kid,
            key,
            shown,
        })
    }
}

fn public_key(algorithm: KeyAlgorithm, path: &Path, pem: &[u8]) -> Result<DecodingKey, String> {
    let path = PathBuf::from(path);
    if pem.windows(11).any(|part| part == b"PRIVATE KEY") {
        return Err(format!(
            "{} holds a private key; give the public one",
            path.display()
        ));
    }
    let key = match algorithm {
        KeyAlgorithm::Hs256 => return Err("a secret is not read from a file".into()),
        KeyAlgorithm::Rs256 => DecodingKey::from_rsa_pem(pem),
        KeyAlgorithm::Es256 => DecodingKey::from_ec_pem(pem),
        KeyAlgorithm::EdDsa => DecodingKey::from_ed_pem(pem),
    };
    let name = algorithm.name();
    key.map_err(|_| format!("{} holds no public key for {name}, as PEM", path.display()))
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}
