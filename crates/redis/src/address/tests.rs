//! Every form of an address, and what is said to those that are none.

use super::*;

fn parsed(text: &str) -> Address {
    Address::parse(text).unwrap_or_else(|why| panic!("{text}: {why}"))
}

fn hosts(address: &Address) -> Vec<String> {
    address.hosts.iter().map(Spot::to_string).collect()
}

#[test]
fn a_server_has_a_host_and_all_else_has_a_default() {
    let plain = parsed("redis://cache");
    assert_eq!(
        (hosts(&plain), plain.tls, plain.db),
        (vec!["cache:6379".into()], false, 0)
    );
    assert_eq!(plain.login.password, None);
    let full = parsed("rediss://app:p%40ss%2Fword@[::1]:7000/3");
    assert_eq!(
        (hosts(&full), full.tls, full.db),
        (vec!["[::1]:7000".into()], true, 3)
    );
    assert_eq!(full.login.user.as_deref(), Some("app"));
    assert_eq!(full.login.password.as_deref(), Some("p@ss/word"));
    let password_alone = parsed("redis://:pw@h:1");
    assert_eq!(password_alone.login.user, None);
    assert_eq!(password_alone.login.password.as_deref(), Some("pw"));
}

#[test]
fn sentinels_are_many_and_name_a_master() {
    let text = "redis+sentinel://app:pw@s1,s2:5000/main?sentinel_user=watch&sentinel_password=w";
    let address = parsed(text);
    let master = "main".to_owned();
    assert_eq!(*address.shape(), Shape::Sentinel { master });
    assert_eq!(hosts(&address), ["s1:26379", "s2:5000"]);
    assert_eq!(address.sentinel_login.user.as_deref(), Some("watch"));
    assert_eq!(parsed("rediss+sentinel://s/main/2").db, 2);
    let odd = parsed("redis+sentinel://s/main?sentinel_password=a+b%26c%3D");
    assert_eq!(odd.sentinel_login.password.as_deref(), Some("a+b&c="));
}

#[test]
fn a_cluster_is_some_of_its_nodes() {
    let address = parsed("rediss+cluster://:pw@a:7000,b:7001,c");
    assert_eq!((address.shape(), address.tls), (&Shape::Cluster, true));
    assert_eq!(hosts(&address), ["a:7000", "b:7001", "c:6379"]);
}

#[test]
fn an_address_is_shown_without_its_passwords() {
    for (text, shown) in [
        ("redis://h", "redis://h:6379"),
        ("redis://u:canary@h:1/2", "redis://u:***@h:1/2"),
        (
            "redis+sentinel://:canary@a,b/main?sentinel_password=canary",
            "redis+sentinel://:***@a:26379,b:26379/main",
        ),
        (
            "rediss+cluster://u:canary@a",
            "rediss+cluster://u:***@a:6379",
        ),
    ] {
        assert_eq!(parsed(text).shown(), shown);
        assert_eq!(format!("{:?}", parsed(text)), shown);
    }
}

#[test]
fn what_is_no_address_is_told_why_and_not_repeated() {
    for (text, why) in [
        ("", "no scheme"),
        ("canary:6379", "no scheme"),
        ("http://canary", "scheme is not redis"),
        ("unix:///canary", "scheme is not redis"),
        ("redis+ring://canary", "sentinel or cluster"),
        ("redis://", "no host"),
        ("redis://:canary@", "no host"),
        ("redis://canary:99999", "host:port"),
        ("redis://canary:0", "host:port"),
        ("redis://canary,b", "several URLs"),
        ("redis://canary@h", "without a password"),
        ("redis://h/canary", "no number"),
        ("redis://h/1/canary", "too long"),
        ("redis://h?canary=1", "nothing that is known"),
        ("redis+sentinel://canary,b", "master's name"),
        (
            "redis+sentinel://s/main?sentinel_user=canary",
            "without a sentinel_password",
        ),
        ("redis+cluster://canary/1", "database 0"),
        ("redis+cluster://a,,canary", "no host"),
    ] {
        let said = Address::parse(text).unwrap_err();
        assert!(said.contains(why), "{text}: {said}");
        assert!(!said.contains("canary"), "{text}: {said}");
    }
}
