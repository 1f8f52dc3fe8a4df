//! How one gets to one Redis: TCP, TLS where it is wished, and the login.
//!
//! Keeps true: every connection of the project to a Redis is made as this file says.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll};
use std::time::Duration;

use redis::io::tcp::TcpSettings;
use redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ConnectionInfo, ErrorKind,
    IntoConnectionInfo as _, RedisConnectionInfo, RedisError, RedisResult, TlsCertificates,
};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::address::{Address, Login};
use crate::certificates::{Certificates, choose_cryptography};
use crate::connection::Connection;
use crate::spot::Spot;

/// How long to wait for a Redis, and how much may wait for it.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// For a connection.
    pub connect: Duration,
    /// For an answer.
    pub response: Duration,
    /// Commands that may wait to be written.
    pub commands: usize,
}

/// Why a stream could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum DialError {
    /// The network, or TLS.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// Nobody knows where the master is.
    #[error("{0}")]
    Redis(#[from] RedisError),
    /// It took too long.
    #[error("it did not answer in time")]
    Timeout,
}

/// How one gets in, wherever the Redis is.
#[derive(Clone, Debug)]
pub(crate) struct Door {
    tls: bool,
    pub(crate) login: Login,
    db: i64,
    certificates: Arc<Certificates>,
    /// Made once: reading the system's roots takes milliseconds.
    client: Arc<OnceLock<Arc<ClientConfig>>>,
}

impl Door {
    pub(crate) fn of(address: &Address) -> Self {
        Self {
            tls: address.tls,
            login: address.login.clone(),
            db: address.db,
            certificates: address.certificates.clone(),
            client: Arc::default(),
        }
    }

    /// The door of the sentinels at this address.
    pub(crate) fn of_sentinels(address: &Address) -> Self {
        Self {
            login: address.sentinel_login.clone(),
            db: 0,
            ..Self::of(address)
        }
    }

    /// How the client library makes a connection by itself, for a pool that wants it so.
    pub(crate) fn info(&self, spot: &Spot) -> RedisResult<ConnectionInfo> {
        let host = spot.host.clone();
        let addr = if self.tls {
            ConnectionAddr::TcpTls {
                host,
                port: spot.port,
                insecure: false,
                tls_params: None,
            }
        } else {
            ConnectionAddr::Tcp(host, spot.port)
        };
        let info = addr
            .into_connection_info()?
            .set_tcp_settings(TcpSettings::default().set_nodelay(true))
            .set_redis_settings(self.login_info());
        if !self.tls {
            return Ok(info);
        }
        choose_cryptography();
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: self.certificates.pem().map(<[u8]>::to_vec),
        };
        let client = Client::build_with_tls(info, certificates)?;
        Ok(client.get_connection_info().clone())
    }

    /// Whom the client library logs in as.
    fn login_info(&self) -> RedisConnectionInfo {
        let mut login = RedisConnectionInfo::default().set_db(self.db);
        if let Some(user) = &self.login.user {
            login = login.set_username(user);
        }
        if let Some(password) = &self.login.password {
            login = login.set_password(password);
        }
        login
    }

    /// A connection that many may share.
    pub(crate) async fn connect(&self, spot: &Spot, patience: Patience) -> RedisResult<Connection> {
        let login = self.login_info();
        let config = AsyncConnectionConfig::new()
            .set_response_timeout(Some(patience.response))
            .set_pipeline_buffer_size(patience.commands);
        let connecting = async {
            let stream = self.dial_now(spot).await?;
            Ok(Connection::over(stream, &login, config).await?)
        };
        match timeout(patience.connect, connecting).await {
            Ok(Ok(connection)) => Ok(connection),
            Ok(Err(DialError::Redis(error))) => Err(error),
            Ok(Err(DialError::Io(error))) => Err(error.into()),
            Ok(Err(DialError::Timeout)) | Err(_) => {
                Err(io::Error::from(io::ErrorKind::TimedOut).into())
            }
        }
    }

    /// A bare stream: nobody has logged in.
    pub(crate) async fn dial(&self, spot: &Spot, patience: Duration) -> Result<Stream, DialError> {
        timeout(patience, self.dial_now(spot))
            .await
            .map_err(|_| DialError::Timeout)?
    }

    async fn dial_now(&self, spot: &Spot) -> Result<Stream, DialError> {
        let stream = TcpStream::connect((spot.host.as_str(), spot.port)).await?;
        stream.set_nodelay(true)?;
        if !self.tls {
            return Ok(Stream(Kind::Plain(stream)));
        }
        let name = ServerName::try_from(spot.host.clone()).map_err(std::io::Error::other)?;
        let connector = TlsConnector::from(self.client()?);
        let stream = connector.connect(name, stream).await?;
        Ok(Stream(Kind::Tls(Box::new(stream))))
    }

    fn client(&self) -> RedisResult<Arc<ClientConfig>> {
        if let Some(client) = self.client.get() {
            return Ok(client.clone());
        }
        let client = self.certificates.client().map_err(|why| {
            RedisError::from((ErrorKind::InvalidClientConfig, "TLS can't be set up", why))
        })?;
        Ok(self.client.get_or_init(|| client).clone())
    }
}

impl std::fmt::Debug for Login {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Login")
            .field("user", &self.user)
            .finish_non_exhaustive()
    }
}

/// Bytes to and from a Redis.
#[derive(Debug)]
pub struct Stream(Kind);

#[derive(Debug)]
enum Kind {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// Calls the same on whichever it is.
macro_rules! either {
    ($stream:expr, $verb:ident($($argument:expr),*)) => {
        match &mut $stream.get_mut().0 {
            Kind::Plain(stream) => Pin::new(stream).$verb($($argument),*),
            Kind::Tls(stream) => Pin::new(stream).$verb($($argument),*),
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        either!(self, poll_read(cx, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        either!(self, poll_write(cx, bytes))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        either!(self, poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        either!(self, poll_shutdown(cx))
    }
}
