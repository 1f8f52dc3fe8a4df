//! What the program shows of itself.

use crate::called::{call, words};

#[tokio::test]
async fn help_lists_every_scenario_and_no_inner_command() {
    let help = call(&words("--help"), &[]).await;
    assert_eq!(help.code, Some(0), "{help}");
    for scenario in [
        "idle",
        "fanout",
        "chatter",
        "saturate",
        "reconnect-storm",
        "rolling-drain",
        "slow-readers",
        "soak",
        "faults",
        "audit",
    ] {
        let line = format!("\n  {scenario} ");
        assert!(help.said.contains(&line), "{scenario}: {help}");
    }
    assert!(!help.said.contains("worker"), "{help}");
}

#[tokio::test]
async fn help_of_a_scenario_lists_its_flags_in_groups() {
    let help = call(&words("chatter --help"), &[]).await;
    assert_eq!(help.code, Some(0), "{help}");
    let group = |name: &str| {
        let at = help.said.find(&format!("\n{name}:\n"));
        at.unwrap_or_else(|| panic!("{name}: {help}"))
    };
    let groups = ["Where", "Who", "What", "Faults", "How"].map(group);
    assert!(groups.is_sorted(), "{help}");
    let flag = |name: &str| help.said.find(&format!("--{name} ")).unwrap();
    let [place, who, what, faults, how] = groups;
    for (name, from, to) in [
        ("target", place, who),
        ("clients", who, what),
        ("rate", what, faults),
        ("fault", faults, how),
        ("seed", how, help.said.len()),
    ] {
        assert!((from..to).contains(&flag(name)), "{name}: {help}");
    }
}
