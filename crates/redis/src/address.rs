//! How an operator names a Redis: one server, a master that sentinels watch, or a Cluster.
//!
//! Keeps true: what is wrong with a text is said without repeating it, and an address is shown without
//! its passwords.

use std::fmt;
use std::sync::Arc;

use percent_encoding::percent_decode_str;
use url::Url;

use crate::certificates::Certificates;
use crate::spot::Spot;

/// The port of a server without one.
const SERVER_PORT: u16 = 6_379;
/// The port of a sentinel without one.
const SENTINEL_PORT: u16 = 26_379;

/// What stands at an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One server.
    Single,
    /// A master and its replicas; the hosts are sentinels that know which is which.
    Sentinel {
        /// The name by which they know it.
        master: String,
    },
    /// A Redis Cluster; the hosts are some of its nodes.
    Cluster,
}

/// Whom to log in as; without a password nobody logs in.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Login {
    pub(crate) user: Option<String>,
    pub(crate) password: Option<String>,
}

/// Where a Redis is and how it lets one in.
#[derive(Clone)]
pub struct Address {
    pub(crate) shape: Shape,
    pub(crate) hosts: Vec<Spot>,
    pub(crate) tls: bool,
    pub(crate) login: Login,
    /// How sentinels let one in.
    pub(crate) sentinel_login: Login,
    pub(crate) db: i64,
    pub(crate) certificates: Arc<Certificates>,
}

impl Address {
    /// What parses as one.
    pub const EXPECTED: &str = "a URL such as redis://user:password@host:6379 (rediss:// with TLS), \
                                redis+sentinel://user:password@host:26379,host:26379/master-name or \
                                redis+cluster://user:password@host:6379,host:6379";

    /// Reads a URL. What is served over TLS is checked against the system's roots, unless
    /// [`Address::trusting`] says otherwise.
    ///
    /// # Errors
    /// What is wrong with it; the text itself is not repeated.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (scheme, rest) = text.split_once("://").ok_or("it has no scheme")?;
        let (tls, shape) = scheme_of(scheme)?;
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, tail) = rest.split_at(end);
        let (userinfo, hosts) = match authority.rsplit_once('@') {
            Some((userinfo, hosts)) => (format!("{userinfo}@"), hosts),
            None => (String::new(), authority),
        };
        // The rest of it has the form of any URL.
        let url = Url::parse(&format!("redis://{userinfo}host{tail}"))
            .map_err(|error| error.to_string())?;
        let port = match shape {
            Shape::Sentinel { .. } => SENTINEL_PORT,
            Shape::Single | Shape::Cluster => SERVER_PORT,
        };
        let hosts = hosts
            .split(',')
            .map(|host| spot(host, port))
            .collect::<Result<Vec<_>, _>>()?;
        if hosts.len() > 1 && shape == Shape::Single {
            return Err(
                "it names several hosts; several independent servers are several URLs, and a \
                        Cluster or sentinels have a scheme of their own"
                    .into(),
            );
        }
        let (shape, db) = path(shape, &url)?;
        Ok(Self {
            sentinel_login: query(&shape, &url)?,
            shape,
            hosts,
            tls,
            login: login(&url)?,
            db,
            certificates: Arc::default(),
        })
    }

    /// The same, believing only servers with a certificate from `certificates`.
    #[must_use]
    pub fn trusting(mut self, certificates: Arc<Certificates>) -> Self {
        self.certificates = certificates;
        self
    }

    /// What stands there.
    pub fn shape(&self) -> &Shape {
        &self.shape
    }

    /// Whether it is spoken to over TLS.
    pub fn is_tls(&self) -> bool {
        self.tls
    }

    /// The address without its passwords.
    pub fn shown(&self) -> String {
        let s = if self.tls { "s" } else { "" };
        let (scheme, path) = match &self.shape {
            Shape::Single => ("", String::new()),
            Shape::Sentinel { master } => ("+sentinel", format!("/{master}")),
            Shape::Cluster => ("+cluster", String::new()),
        };
        let user = self.login.user.as_deref().unwrap_or_default();
        let login = match &self.login.password {
            Some(_) => format!("{user}:***@"),
            None => String::new(),
        };
        let hosts: Vec<String> = self.hosts.iter().map(Spot::to_string).collect();
        let db = if self.db == 0 {
            String::new()
        } else {
            format!("/{}", self.db)
        };
        format!("redis{s}{scheme}://{login}{}{path}{db}", hosts.join(","))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown())
    }
}

fn scheme_of(scheme: &str) -> Result<(bool, Shape), String> {
    let (base, kind) = scheme.split_once('+').unwrap_or((scheme, ""));
    let tls = match base {
        "redis" => false,
        "rediss" => true,
        _ => return Err("its scheme is not redis".into()),
    };
    match kind {
        "" => Ok((tls, Shape::Single)),
        "sentinel" => Ok((
            tls,
            Shape::Sentinel {
                master: String::new(),
            },
        )),
        "cluster" => Ok((tls, Shape::Cluster)),
        _ => Err("after the + of its scheme comes sentinel or cluster".into()),
    }
}

fn spot(text: &str, port: u16) -> Result<Spot, String> {
    if text.is_empty() {
        return Err("it names no host".into());
    }
    let wrong = || "a host in it is none; each is host:port".to_owned();
    // A scheme of the web's would drop the port 80.
    let url = Url::parse(&format!("redis://{text}")).map_err(|_| wrong())?;
    let host = url.host_str().unwrap_or_default();
    if host.is_empty() || url.port() == Some(0) {
        return Err(wrong());
    }
    Ok(Spot {
        host: host.trim_matches(['[', ']']).to_owned(),
        port: url.port().unwrap_or(port),
    })
}

/// The master's name and the number of the database.
fn path(shape: Shape, url: &Url) -> Result<(Shape, i64), String> {
    let mut parts = url.path().split('/').filter(|part| !part.is_empty());
    let shape = match shape {
        Shape::Sentinel { .. } => {
            let master = parts
                .next()
                .ok_or("after its hosts comes the master's name, as in /mymaster")?;
            Shape::Sentinel {
                master: decoded(master)?,
            }
        }
        other => other,
    };
    let db = match parts.next() {
        None => 0,
        Some(part) => part
            .parse::<i64>()
            .ok()
            .filter(|db| *db >= 0)
            .ok_or("its path is no number of a database")?,
    };
    if parts.next().is_some() {
        return Err("its path is too long".into());
    }
    if shape == Shape::Cluster && db != 0 {
        return Err("a Cluster has database 0 alone".into());
    }
    Ok((shape, db))
}

fn login(url: &Url) -> Result<Login, String> {
    let user = Some(url.username())
        .filter(|user| !user.is_empty())
        .map(decoded)
        .transpose()?;
    let password = url.password().map(decoded).transpose()?;
    if user.is_some() && password.is_none() {
        return Err("it names a user without a password; a password alone is :password@".into());
    }
    Ok(Login { user, password })
}

/// What sentinels are told: `?sentinel_user=&sentinel_password=`. A `+` is one: this is no form.
fn query(shape: &Shape, url: &Url) -> Result<Login, String> {
    let mut login = Login::default();
    let pairs = url.query().unwrap_or_default().split('&');
    for pair in pairs.filter(|pair| !pair.is_empty()) {
        let is_sentinel = matches!(shape, Shape::Sentinel { .. });
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        match key {
            "sentinel_user" if is_sentinel => login.user = Some(decoded(value)?),
            "sentinel_password" if is_sentinel => login.password = Some(decoded(value)?),
            _ => {
                return Err(
                    "its query says nothing that is known: sentinels have sentinel_user \
                            and sentinel_password, others have none"
                        .into(),
                );
            }
        }
    }
    if login.user.is_some() && login.password.is_none() {
        return Err("it names a sentinel_user without a sentinel_password".into());
    }
    Ok(login)
}

fn decoded(text: &str) -> Result<String, String> {
    let text = percent_decode_str(text).decode_utf8();
    text.map(|text| text.into_owned())
        .map_err(|_| "what is written with % in it is not UTF-8".into())
}

#[cfg(test)]
mod tests;
