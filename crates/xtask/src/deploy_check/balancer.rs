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
        faults.extend(told(&said, &copy));
    }
    Ok(Verdict::new("2 configurations", faults))
}

/// What it warns of or refuses, with file and line; the copy stands for the file in the tree.
fn told(said: &Said, copy: &str) -> Vec<String> {
    let lines = said.err.lines().chain(said.out.lines());
    let lines = lines.filter_map(|line| {
        let (mark, words) = line.split_once(" : ")?;
        let is_told = mark.starts_with("[ALERT]") || mark.starts_with("[WARNING]");
        is_told.then(|| format!("haproxy: {}", words.replace(copy, TLS)))
    });
    let faults: Vec<String> = lines.collect();
    if faults.is_empty() && !said.well {
        return said.faults("haproxy");
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::{Said, told};

    #[test]
    fn warnings_are_faults_and_notices_are_not() {
        let said = Said {
            well: true,
            out: "Configuration file is valid\n".into(),
            err: "[NOTICE]   (7) : haproxy version is 2.6\n\
                  [WARNING]  (7) : config : parsing [/t/copy.cfg:5] : odd\n"
                .into(),
        };
        let faults = told(&said, "/t/copy.cfg");
        assert_eq!(
            faults,
            ["haproxy: config : parsing [deploy/haproxy-tls.cfg:5] : odd"]
        );
    }
}
