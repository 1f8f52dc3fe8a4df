//! A collector of traces that tests read: takes OTLP over HTTP on loopback, or refuses to.

use std::io::{BufRead as _, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::trace::v1::Span;
use prost::Message as _;
use roomcast_redis::processes::Certificate;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

use crate::node::until;

/// How the double answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// It takes everything.
    Takes,
    /// It takes all but one span of each post.
    TakesButOne,
    /// It answers with this status.
    Refuses(u16),
    /// It takes the connection and says nothing.
    IsSilent,
}

/// A span, and the node that it is of.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) node: String,
    pub(crate) span: Span,
}

/// The double.
pub(crate) struct Collector {
    url: String,
    seen: Arc<Mutex<Seen>>,
}

struct Seen {
    mood: Mood,
    spans: Vec<Told>,
    /// The heads of all posts.
    heads: Vec<String>,
}

impl Told {
    /// A text or number it has under this name.
    pub(crate) fn fact(&self, key: &str) -> Option<String> {
        fact(&self.span.attributes, key)
    }
}

impl Collector {
    pub(crate) fn start(mood: Mood) -> Self {
        Self::behind(mood, "http", |stream| stream)
    }

    /// One that shows this certificate.
    pub(crate) fn start_with(certificate: &Certificate) -> Self {
        let chain = CertificateDer::pem_file_iter(certificate.certificate()).unwrap();
        let chain = chain.collect::<Result<_, _>>().unwrap();
        let key = PrivateKeyDer::from_pem_file(certificate.key()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider);
        let config = config.with_safe_default_protocol_versions().unwrap();
        let config = config.with_no_client_auth().with_single_cert(chain, key);
        let config = Arc::new(config.unwrap());
        Self::behind(Mood::Takes, "https", move |stream| {
            StreamOwned::new(ServerConnection::new(config.clone()).unwrap(), stream)
        })
    }

    fn behind<S: Read + Write + Send + 'static>(
        mood: Mood,
        scheme: &'static str,
        door: impl Fn(TcpStream) -> S + Send + 'static,
    ) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Seen {
            mood,
            spans: Vec::new(),
            heads: Vec::new(),
        }));
        let shared = seen.clone();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let shared = shared.clone();
                let stream = door(stream);
                // Whoever hangs up in the middle has told nothing.
                thread::spawn(move || serve(stream, &shared).unwrap_or(()));
            }
        });
        Self {
            url: format!("{scheme}://{address}"),
            seen,
        }
    }

    pub(crate) fn url(&self) -> String {
        self.url.clone()
    }

    pub(crate) fn set_mood(&self, mood: Mood) {
        self.seen.lock().unwrap().mood = mood;
    }

    pub(crate) fn spans(&self) -> Vec<Told> {
        self.seen.lock().unwrap().spans.clone()
    }

    pub(crate) fn heads(&self) -> Vec<String> {
        self.seen.lock().unwrap().heads.clone()
    }

    /// Waits until it has spans that are enough.
    pub(crate) fn until(&self, what: &str, enough: impl Fn(&[Told]) -> bool) -> Vec<Told> {
        until(what, || {
            let spans = self.spans();
            enough(&spans).then_some(spans)
        })
    }
}

fn serve(mut stream: impl Read + Write, seen: &Mutex<Seen>) -> std::io::Result<()> {
    let mut reader = BufReader::new(&mut stream);
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        if reader.read_line(&mut head)? == 0 {
            return Ok(());
        }
    }
    let length = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        let is_it = name.eq_ignore_ascii_case("content-length");
        is_it.then(|| value.trim().parse().ok())?
    });
    let mut body = vec![0; length.expect("a post says how long it is")];
    reader.read_exact(&mut body)?;
    let request = ExportTraceServiceRequest::decode(&*body).expect("it is OTLP");
    let mood = seen.lock().unwrap().mood;
    seen.lock().unwrap().heads.push(head);
    let rejected_spans = match mood {
        Mood::Takes => 0,
        Mood::TakesButOne => 1,
        Mood::Refuses(status) => {
            let answer = format!("HTTP/1.1 {status} No\r\nContent-Length: 0\r\n\r\n");
            return stream.write_all(answer.as_bytes());
        }
        Mood::IsSilent => {
            thread::sleep(Duration::from_secs(3_600));
            return Ok(());
        }
    };
    seen.lock().unwrap().spans.extend(told(request));
    let partial = (rejected_spans > 0).then(|| ExportTracePartialSuccess {
        rejected_spans,
        error_message: "too old".into(),
    });
    let answer = ExportTraceServiceResponse {
        partial_success: partial,
    };
    let answer = answer.encode_to_vec();
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n",
        answer.len()
    );
    stream.write_all(&[head.as_bytes(), &answer].concat())
}

fn told(request: ExportTraceServiceRequest) -> Vec<Told> {
    let mut told = Vec::new();
    for of_node in request.resource_spans {
        let resource = of_node.resource.expect("who it is of");
        let fact = |key| fact(&resource.attributes, key).expect(key);
        assert_eq!(fact("service.name"), "roomcast");
        assert_eq!(fact("service.version"), env!("CARGO_PKG_VERSION"));
        let node = fact("service.instance.id");
        let spans = of_node
            .scope_spans
            .into_iter()
            .flat_map(|scope| scope.spans);
        told.extend(spans.map(|span| Told {
            node: node.clone(),
            span,
        }));
    }
    told
}

fn fact(attributes: &[KeyValue], key: &str) -> Option<String> {
    let found = attributes.iter().find(|attribute| attribute.key == key)?;
    match found.value.as_ref()?.value.as_ref()? {
        Value::StringValue(text) => Some(text.clone()),
        Value::IntValue(number) => Some(number.to_string()),
        Value::BoolValue(is_so) => Some(is_so.to_string()),
        other => panic!("{key} is {other:?}"),
    }
}
