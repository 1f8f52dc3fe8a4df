//! A certificate of a test's own, made by the openssl program.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

/// A root of one's own, and a certificate from it for 127.0.0.1.
pub struct Certificate {
    directory: TempDir,
}

impl Certificate {
    /// Makes them.
    ///
    /// # Panics
    /// If the openssl program isn't installed.
    pub fn make() -> Self {
        let made = Self {
            directory: tempfile::tempdir().expect("a temporary directory"),
        };
        let (root, root_key) = (made.root(), made.path("root.key"));
        let (request, names) = (made.path("request"), made.path("names"));
        std::fs::write(&names, "subjectAltName=IP:127.0.0.1\n").expect("a file");
        let key = [
            "-newkey",
            "ec",
            "-pkeyopt",
            "ec_paramgen_curve:prime256v1",
            "-nodes",
        ];
        openssl(
            &[
                &["req", "-x509", "-days", "2", "-subj", "/CN=test root"][..],
                &key,
            ]
            .concat(),
            &[("-out", &root), ("-keyout", &root_key)],
        );
        openssl(
            &[&["req", "-subj", "/CN=test"][..], &key].concat(),
            &[("-out", &request), ("-keyout", &made.key())],
        );
        openssl(
            &["x509", "-req", "-days", "2", "-CAcreateserial"],
            &[
                ("-in", &request),
                ("-CA", &root),
                ("-CAkey", &root_key),
                ("-extfile", &names),
                ("-out", &made.certificate()),
            ],
        );
        made
    }

    /// The file of the root.
    pub fn root(&self) -> PathBuf {
        self.path("root.pem")
    }

    /// What stands in it.
    ///
    /// # Panics
    /// If it can't be read.
    pub fn root_text(&self) -> String {
        std::fs::read_to_string(self.root()).expect("a file")
    }

    /// Settings by which a Redis serves TLS alone on this port, and asks nobody for a certificate.
    pub fn settings(&self, port: u16) -> Vec<String> {
        let path = |path: PathBuf| path.to_str().expect("a plain path").to_owned();
        [
            ("--tls-port", port.to_string()),
            ("--tls-cert-file", path(self.certificate())),
            ("--tls-key-file", path(self.key())),
            ("--tls-ca-cert-file", path(self.root())),
            ("--tls-auth-clients", "no".to_owned()),
        ]
        .into_iter()
        .flat_map(|(name, value)| [name.to_owned(), value])
        .collect()
    }

    /// The file of the certificate.
    pub fn certificate(&self) -> PathBuf {
        self.path("certificate.pem")
    }

    /// The file of its key.
    pub fn key(&self) -> PathBuf {
        self.path("key.pem")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

fn openssl(words: &[&str], files: &[(&str, &Path)]) {
    let mut command = Command::new("openssl");
    command.args(words);
    for (flag, file) in files {
        command.arg(flag).arg(file);
    }
    let done = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    assert!(
        done.is_ok_and(|done| done.success()),
        "openssl {}",
        words.join(" ")
    );
}
