//! Whose certificates are believed: the system's roots, or those of one file.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{ClientConfig, RootCertStore};

/// Roots that a server's certificate must come from. The default: the system's.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Certificates {
    pem: Option<Vec<u8>>,
}

/// Why roots can't be used.
#[derive(Debug, thiserror::Error)]
pub enum CertificatesError {
    /// The file can't be read.
    #[error("it can't be read: {0}")]
    Io(#[from] std::io::Error),
    /// It holds no certificate.
    #[error("it holds no certificate in PEM form (-----BEGIN CERTIFICATE-----)")]
    Empty,
    /// One of its certificates is broken.
    #[error("certificate {number} in it can't be used: {why}")]
    Broken {
        /// Counted from 1.
        number: usize,
        /// What is wrong.
        why: String,
    },
}

impl Certificates {
    /// The certificates of a PEM file, and no others.
    ///
    /// # Errors
    /// If it can't be read or holds what is no certificate.
    pub fn of_file(path: &Path) -> Result<Self, CertificatesError> {
        let pem = std::fs::read(path)?;
        roots_of(&pem)?;
        Ok(Self { pem: Some(pem) })
    }

    pub(crate) fn pem(&self) -> Option<&[u8]> {
        self.pem.as_deref()
    }

    /// A set-up of TLS that believes them.
    pub(crate) fn client(&self) -> Result<Arc<ClientConfig>, String> {
        choose_cryptography();
        let roots = match &self.pem {
            Some(pem) => roots_of(pem).map_err(|error| error.to_string())?,
            None => {
                let mut roots = RootCertStore::empty();
                // A broken one among the system's is none of ours to mend; the others do.
                roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
                roots
            }
        };
        let config = ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.pem {
            Some(_) => "Certificates(of a file)",
            None => "Certificates(of the system)",
        })
    }
}

/// rustls, ours and the client library's, takes its cryptography from one place in the process.
pub(crate) fn choose_cryptography() {
    // Fails if somebody has chosen before, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

fn roots_of(pem: &[u8]) -> Result<RootCertStore, CertificatesError> {
    let mut roots = RootCertStore::empty();
    for (index, certificate) in CertificateDer::pem_slice_iter(pem).enumerate() {
        let broken = |why: String| CertificatesError::Broken {
            number: index + 1,
            why,
        };
        let certificate = certificate.map_err(|error| broken(error.to_string()))?;
        roots
            .add(certificate)
            .map_err(|error| broken(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(CertificatesError::Empty);
    }
    Ok(roots)
}
