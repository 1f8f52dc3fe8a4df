//! Faults as they are written, read, and thrown by the dice.

use std::time::Duration;

use proptest::prelude::*;

use super::Fault;
use super::deed::Deed;
use super::plan::{check, random};
use super::standard::standard;
use super::time;
use crate::ledger::record::Cost;

fn read(written: &str) -> Fault {
    written.parse().unwrap()
}

fn error(written: &str) -> String {
    written.parse::<Fault>().unwrap_err().to_string()
}

fn nodes(count: usize) -> Vec<String> {
    (1..=count).map(|n| format!("gateway-{n}")).collect()
}

fn costs() -> impl Strategy<Value = Cost> {
    any::<(bool, bool, bool)>().prop_map(|(forgets, cuts, refuses)| Cost {
        forgets,
        cuts,
        refuses,
    })
}

fn deeds() -> impl Strategy<Value = Deed> {
    let node = "[A-Za-z0-9._-]{1,64}";
    prop_oneof![
        node.prop_map(|node| Deed::Kill { node }),
        node.prop_map(|node| Deed::Stop { node }),
        node.prop_map(|node| Deed::Drain { node }),
        node.prop_map(|node| Deed::Starve { node }),
        prop::sample::select(vec![
            Deed::CutFeed,
            Deed::CutCommands,
            Deed::RedisRestart,
            Deed::RedisFlush,
            Deed::RedisFull,
            Deed::RedisStop,
            Deed::Reconnect,
        ]),
        (1..=u32::MAX).prop_map(|clients| Deed::SlowReaders { clients }),
        (1..=u32::MAX).prop_map(|clients| Deed::HalfOpen { clients }),
        ("[^ ].{0,40}", costs()).prop_map(|(command, cost)| Deed::Run { command, cost }),
    ]
}

proptest! {
    #[test]
    fn a_fault_that_is_shown_reads_back_as_the_same(
        deed in deeds(),
        at_ms in 0..=86_400_000_u64,
        lasts_ms in 0..=86_400_000_u64,
    ) {
        let usual = deed.usual_length();
        let lasts = if deed.has_length() { Duration::from_millis(lasts_ms) } else { usual };
        let fault = Fault::new(deed, Duration::from_millis(at_ms), lasts);
        prop_assert_eq!(fault.to_string().parse::<Fault>(), Ok(fault));
    }

    #[test]
    fn no_text_makes_the_reader_panic(written in ".{0,60}") {
        let _ = written.parse::<Fault>();
    }

    #[test]
    fn the_dice_never_do_two_things_to_one_victim_and_leave_the_end_quiet(
        seed: u64,
        seconds in 0..600_u64,
        count in 0..40_usize,
        of in 0..5_usize,
    ) {
        let over = Duration::from_secs(seconds);
        let plan = random(seed, over, &nodes(of), count);
        prop_assert_eq!(&plan, &random(seed, over, &nodes(of), count));
        prop_assert!(plan.len() <= count);
        prop_assert_eq!(check(&plan), Ok(()));
        for (place, fault) in plan.iter().enumerate() {
            prop_assert!(fault.at + fault.lasts <= over / 10 * 9);
            for other in &plan[place + 1..] {
                prop_assert!(fault.at <= other.at);
                let is_apart = fault.at + fault.lasts < other.at;
                let is_same = fault.deed.node().is_some() && fault.deed.node() == other.deed.node();
                prop_assert!(is_apart || !is_same, "{} and {}", fault, other);
            }
        }
    }
}

#[test]
fn a_fault_says_what_when_and_how_long() {
    let fault = read("stop:gateway-1@15s+250ms");
    let node = "gateway-1".to_owned();
    assert_eq!(fault.deed, Deed::Stop { node });
    assert_eq!(fault.at, Duration::from_secs(15));
    assert_eq!(fault.lasts, Duration::from_millis(250));
    assert_eq!(fault.name, "stop:gateway-1@15s+250ms");
    assert_eq!(read("redis-stop@2m").lasts, Duration::from_secs(5));
    assert_eq!(read("redis-stop@120s+5000ms").name, "redis-stop@2m");
}

#[test]
fn a_command_may_hold_any_sign_and_say_what_it_costs() {
    let fault = read("run:mail ops@example.org +now: go@10s+2s");
    let Deed::Run { command, cost } = fault.deed else {
        panic!("{fault}");
    };
    assert_eq!(command, "mail ops@example.org +now: go");
    assert!(cost.cuts && cost.refuses && !cost.forgets);
    let cost = read("run[forgets]:./wipe.sh@10s").cost();
    assert!(cost.forgets && !cost.cuts && !cost.refuses);
    assert_eq!(read("run[]:true@10s").cost(), Cost::default());
}

#[test]
fn what_cant_be_read_is_told_by_its_part() {
    let told = [
        ("kill:gateway-1", r#""" can't be used; expected @ and when"#),
        (
            "kil:gateway-1@1s",
            r#""kil" can't be used; expected kill:<node>, stop"#,
        ),
        (
            "kill@1s",
            r#""" can't be used; expected the name of a node"#,
        ),
        (
            "kill:a b@1s",
            r#""a b" can't be used; expected the name of a node"#,
        ),
        (
            "kill:gateway-1@1",
            r#""1" can't be used; expected a time such as 250ms"#,
        ),
        ("kill:gateway-1@1s+", r#""" can't be used; expected a time"#),
        ("kill:gateway-1@25000m", r#""25000m" can't be used"#),
        (
            "kill:gateway-1@99999999999999999999s",
            "can't be used; expected a time",
        ),
        (
            "cut-feed@1s+2s",
            r#""+2s" can't be used; expected no length"#,
        ),
        (
            "cut-feed:all@1s",
            r#"":all" can't be used; expected nothing"#,
        ),
        (
            "slow-readers:0@1s",
            r#""0" can't be used; expected how many clients"#,
        ),
        (
            "half-open:many@1s",
            r#""many" can't be used; expected how many"#,
        ),
        ("run: @1s", r#"" " can't be used; expected a command"#),
        (
            "run[eats]:true@1s",
            r#""eats" can't be used; expected any of forgets"#,
        ),
        ("run[cuts:true@1s", r#""[cuts" can't be used; expected a ]"#),
    ];
    for (written, sentence) in told {
        let error = error(written);
        assert!(error.contains(sentence), "{error}");
        assert!(error.contains(&format!("fault {written:?}")), "{error}");
    }
}

#[test]
fn faults_that_dont_go_together_are_told() {
    let told = |plan: &[&str]| {
        let plan: Vec<Fault> = plan.iter().map(|written| read(written)).collect();
        check(&plan).map_err(|error| error.to_string())
    };
    let fine = [
        "kill:gateway-1@10s",
        "stop:gateway-2@10s",
        "stop:gateway-1@12s",
        "redis-stop@13s",
        "cut-feed@13s",
        "reconnect@13s",
        "slow-readers:5@13s",
    ];
    assert_eq!(told(&fine), Ok(()));
    let error = told(&["kill:gateway-1@10s", "stop:gateway-1@11s"]).unwrap_err();
    let words = "kill:gateway-1@10s and stop:gateway-1@11s don't go together: they are done to one";
    assert!(error.starts_with(words), "{error}");
    let error = told(&["redis-stop@8s", "kill:gateway-1@9s"]).unwrap_err();
    assert!(error.ends_with("needs Redis"), "{error}");
    assert!(told(&["drain:gateway-1@9s", "redis-restart@20s"]).is_err());
    assert!(told(&["redis-stop@8s", "redis-restart@9s"]).is_err());
}

#[test]
fn times_are_written_in_the_largest_unit_that_holds_them() {
    let shown = |ms| time::show(Duration::from_millis(ms));
    let all = [
        shown(0),
        shown(250),
        shown(10_000),
        shown(90_000),
        shown(120_000),
    ];
    assert_eq!(all, ["0s", "250ms", "10s", "90s", "2m"]);
}

#[test]
fn only_a_flush_may_forget_and_redis_may_cut_nobody() {
    for act in standard(&nodes(3)) {
        for fault in act.faults {
            let cost = fault.cost();
            assert_eq!(cost.forgets, fault.deed == Deed::RedisFlush, "{fault}");
            let is_redis = fault.deed.node().is_none() && !fault.is_of_the_load();
            assert_eq!(cost.cuts, !is_redis, "{fault}");
            let expects = fault.expects();
            assert_eq!(expects.cuts, cost.cuts, "{fault}");
            assert_eq!(expects.back_p99_ms_max.is_some(), cost.cuts, "{fault}");
        }
    }
}

#[test]
fn every_act_outlasts_the_return_of_those_it_cuts() {
    let acts = standard(&nodes(3));
    assert_eq!(acts.len(), 13);
    for act in &acts {
        for fault in &act.faults {
            let back_ms = fault.expects().back_p99_ms_max.unwrap_or_default();
            let left_ms = act.lasts.saturating_sub(fault.at).as_millis();
            assert!(left_ms > u128::from(back_ms), "{}", act.name);
        }
    }
}

#[test]
fn a_plan_of_half_an_hour_has_room_for_its_faults() {
    let plan = random(7, Duration::from_secs(1_800), &nodes(3), 60);
    assert!(plan.len() >= 50, "{}", plan.len());
}
