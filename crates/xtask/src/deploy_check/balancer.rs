//! Part `balancer`: HAProxy reads its configuration, with and without TLS.
//!
//! Keeps true: the certificate that it reads is made here, in the target folder; the tree holds none.

use std::fs;

use super::verdict::Verdict;
use super::workshop::{Said, Workshop, read};

const PLAIN: &str = "deploy/haproxy.cfg";
const TLS: &str = "deploy/haproxy-tls.cfg";
/// Where the container finds its certificate.
const CERTIFICATE: &str = "/run/tls/edge.pem";

/// Runs `haproxy -c` on what docker-compose.yml starts.
pub(super) fn check(workshop: &Workshop) -> Result<Verdict, String> {
    let folder = workshop.empty_folder("haproxy")?;
    let certificate = folder.join("edge.pem").display().to_string();
    let make = [
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "1",
        "-subj",
        "/CN=localhost",
        "-keyout",
        &certificate,
        "-out",
    ];
    let public = folder.join("edge.crt").display().to_string();
    let made = workshop.run(
        "openssl.out",
        "openssl",
        &[&make[..], &[&public]].concat(),
        &[],
    )?;
    if !made.well {
        return Ok(Verdict::new("no certificate", made.faults("openssl")));
    }
    let both = read(certificate.as_ref())? + &read(public.as_ref())?;
    let cannot = |why| format!("can't write into {}: {why}", folder.display());
    fs::write(&certificate, both).map_err(cannot)?;
    let tls = read(&workshop.root().join(TLS))?.replace(CERTIFICATE, &certificate);
    let copy = folder.join("haproxy-tls.cfg").display().to_string();
    fs::write(&copy, tls).map_err(cannot)?;

    let mut faults = Vec::new();
    for files in [&["-f", PLAIN][..], &["-f", PLAIN, "-f", &copy]] {
        let words = [&["-c"], files].concat();
        let said = workshop.run("haproxy.out", "haproxy", &words, &[])?;
        if !said.well {
            faults.extend(told(&said, &copy));
        }
    }
    Ok(Verdict::new("2 configurations", faults))
}

/// Its words name the file and the line; the copy stands for the file in the tree.
fn told(said: &Said, copy: &str) -> Vec<String> {
    let faults = said.faults("haproxy");
    faults
        .iter()
        .map(|fault| fault.replace(copy, TLS))
        .collect()
}
