//! TLS and logins: a Redis that wants both is spoken to as its address says, and a wrong certificate or
//! user is refused with what to change.

use std::sync::Arc;

use roomcast_broker::conformance::{
    Certificate, RedisProcess, RedisStage, redis_config, room, until,
};
use roomcast_broker::{Broker as _, ConnectError, Health, RedisBroker, RedisConfig};
use roomcast_redis::processes::free_port;
use roomcast_redis::{Address, Certificates};

/// A user with the commands that a broker needs, one by one, on our keys alone.
const USER: &str = "user app on >pass~word ~rc:* &rc:* -@all +evalsha +script|load +ping +hello \
                    +client|setname +info +ssubscribe +sunsubscribe +spublish \
                    +hmget +hset +get +set +del +xadd +xrange +xrevrange +pexpire +pttl +time +wait +unwatch";

struct Secured {
    redis: RedisProcess,
    tls_port: u16,
    certificate: Certificate,
}

/// A Redis that serves TLS besides the plain port, which only the test speaks to.
fn secured() -> Secured {
    let certificate = Certificate::make();
    let tls_port = free_port();
    let tls = certificate.settings(tls_port);
    let mut settings: Vec<&str> = vec!["--save", "", "--appendonly", "no"];
    settings.extend(tls.iter().map(String::as_str));
    let redis = RedisProcess::with(&settings);
    let rules: Vec<&str> = USER.split_whitespace().skip(1).collect();
    let set = redis.run(&[&["ACL", "SETUSER"][..], &rules].concat());
    assert_eq!(set, "+OK\r\n");
    let closed = redis.run(&[
        "ACL", "SETUSER", "default", "-@all", "+acl", "+ping", "+quit",
    ]);
    assert_eq!(closed, "+OK\r\n");
    Secured {
        redis,
        tls_port,
        certificate,
    }
}

impl Secured {
    fn config(&self, login: &str, certificates: Certificates) -> RedisConfig {
        let url = format!("rediss://{login}127.0.0.1:{}", self.tls_port);
        let address = Address::parse(&url).expect("an address");
        RedisConfig {
            addresses: vec![address.trusting(Arc::new(certificates))],
            ..redis_config("redis://unused")
        }
    }

    fn roots(&self) -> Certificates {
        Certificates::of_file(&self.certificate.root()).expect("a certificate")
    }
}

async fn refusal(config: RedisConfig) -> String {
    match RedisBroker::connect(config, 1).await {
        Ok(_) => panic!("connected"),
        Err(error) => match error {
            ConnectError::Unsuitable { .. } | ConnectError::Unreachable { .. } => error.to_string(),
            ConnectError::BadAddress { .. } => panic!("{error}"),
        },
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_redis_behind_tls_and_a_login_keeps_rooms() {
    for durable_replicas in [0, 1] {
        let secured = secured();
        let config = RedisConfig {
            durable_replicas,
            ..secured.config("app:pass~word@", secured.roots())
        };
        let mut stage = RedisStage::with(secured, config, 1).await;
        let lobby = room("lobby");
        stage.listen(&lobby).await;
        if durable_replicas == 0 {
            let said = stage.say(&lobby, "hello").await;
            assert_eq!(stage.message().await.position, said.position);
        } else {
            // No replica follows: kept, told, and not acked.
            let said = stage.try_say(&lobby, "hello").await.unwrap_err();
            assert!(said.to_string().contains("0 of 1 replicas"), "{said}");
            stage.message().await;
        }
        assert_eq!(stage.texts(&lobby).await, ["hello"]);
        until("ready", || stage.broker.health() == Health::Ready).await;
        let denied = stage.redis.redis.run(&["ACL", "LOG"]);
        assert_eq!(denied, "*0\r\n", "the rights that are named are enough");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_wrong_password_is_refused_at_once() {
    let secured = secured();
    let said = refusal(secured.config("app:canary@", secured.roots())).await;
    assert!(
        said.contains("does not accept the user and password"),
        "{said}"
    );
    assert!(!said.contains("canary"), "{said}");
}

/// It is asked again for a while, since a certificate may be renewed; here not for so long.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_certificate_of_another_root_is_refused() {
    let secured = secured();
    let other = Certificate::make();
    let roots = Certificates::of_file(&other.root()).expect("a certificate");
    let said = refusal(secured.config("app:pass~word@", roots)).await;
    assert!(said.contains("certificate"), "{said}");
}
