//! One collector, and how something is posted to it: a connection a post. Posts are seconds apart, and
//! a connection that is kept may have been dropped by whoever stands between without a word.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_TYPE, HOST};
use http::{HeaderMap, HeaderValue, Request, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, crypto};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::endpoint::Endpoint;
use super::header::Header;

/// The most of an answer that is read.
const ANSWER_BYTES_MAX: usize = 65_536;

pub(super) struct Collector {
    endpoint: Endpoint,
    headers: HeaderMap,
    tls: Option<TlsConnector>,
}

/// Why a post came to nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum PostError {
    /// The network, or TLS.
    #[error("it can't be reached: {0}")]
    Io(#[from] std::io::Error),
    /// It does not speak HTTP.
    #[error("it does not answer as HTTP wants it: {0}")]
    Http(#[from] hyper::Error),
    /// It says no.
    #[error("it answers {0}")]
    Refused(StatusCode),
    /// Its answer is broken off, or far too long.
    #[error("its answer can't be read")]
    Unreadable,
    /// Its host is no name that a certificate could have.
    #[error("its host can't be in a certificate")]
    Nameless,
    /// It took too long.
    #[error("it did not answer in time")]
    Timeout,
}

impl PostError {
    /// Whether the same may be taken a little later: as OTLP lists them.
    pub(super) fn may_pass(&self) -> bool {
        match self {
            Self::Io(_) | Self::Http(_) | Self::Timeout => true,
            Self::Refused(status) => matches!(status.as_u16(), 429 | 502 | 503 | 504),
            Self::Unreadable | Self::Nameless => false,
        }
    }
}

impl Collector {
    pub(super) fn new(endpoint: Endpoint, headers: Vec<Header>) -> Self {
        let tls = endpoint.is_tls().then(tls);
        let headers = headers.into_iter().map(|it| (it.name, it.value));
        Self {
            endpoint,
            headers: headers.collect(),
            tls,
        }
    }

    /// Posts a request; the answer to it, if that is a good one. Drop it if it takes too long.
    pub(super) async fn post(&self, body: Bytes) -> Result<Bytes, PostError> {
        let host = self.endpoint.host();
        let stream = TcpStream::connect((host.as_str(), self.endpoint.port())).await?;
        stream.set_nodelay(true)?;
        match &self.tls {
            Some(tls) => {
                let name = ServerName::try_from(host).map_err(|_| PostError::Nameless)?;
                self.exchange(tls.connect(name, stream).await?, body).await
            }
            None => self.exchange(stream, body).await,
        }
    }

    async fn exchange<S>(&self, stream: S, body: Bytes) -> Result<Bytes, PostError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
        let answer = async {
            let response = sender.send_request(self.request(body)).await?;
            let status = response.status();
            if !status.is_success() {
                return Err(PostError::Refused(status));
            }
            let answer = Limited::new(response.into_body(), ANSWER_BYTES_MAX);
            let answer = answer.collect().await;
            answer
                .map(|answer| answer.to_bytes())
                .map_err(|_| PostError::Unreadable)
        };
        tokio::select! {
            answer = answer => answer,
            // Only an end that comes before the answer does matters.
            Err(error) = connection => Err(error.into()),
        }
    }

    fn request(&self, body: Bytes) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body));
        *request.method_mut() = http::Method::POST;
        let path = self.endpoint.path().parse();
        *request.uri_mut() = path.expect("a path of a URL is one of a URI");
        let headers = request.headers_mut();
        headers.clone_from(&self.headers);
        let host = HeaderValue::from_str(self.endpoint.authority());
        headers.insert(HOST, host.expect("a host has no control characters"));
        let protobuf = HeaderValue::from_static("application/x-protobuf");
        headers.insert(CONTENT_TYPE, protobuf);
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
        request
    }
}

/// TLS that believes whom the system believes.
fn tls() -> TlsConnector {
    let mut roots = RootCertStore::empty();
    // A broken one among the system's is none of ours to mend; the others do.
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(crypto::ring::default_provider());
    let config =
        ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.expect("ring knows the versions of TLS");
    let config = config.with_root_certificates(roots).with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}
