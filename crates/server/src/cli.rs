//! The command line: which program is meant, and its arguments.
//!
//! The flags of `serve` are made from the table of settings; their values stay texts here and are
//! read by the configuration. Leaves running the programs to `main`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Args, Command, FromArgMatches, value_parser};

use crate::chat::ChatArgs;
use crate::config::{Config, Flags, Setting};
use crate::healthcheck::HealthcheckArgs;
use crate::rebalance::RebalanceArgs;
use crate::token::TokenArgs;

/// What the command line asks for.
#[derive(Debug)]
pub enum Program {
    /// Serve a node; also what no subcommand means.
    Serve(Flags),
    /// Sign a token.
    Token(TokenArgs),
    /// Ask a node whether it is ready.
    Healthcheck(HealthcheckArgs),
    /// Have a node let a share of its sessions go.
    Rebalance(RebalanceArgs),
    /// Talk in a room from the terminal.
    Chat(ChatArgs),
    /// Print the reference of all settings.
    Settings,
}

/// Reads the command line, the program's own name first.
///
/// # Errors
/// Clap's: a usage error, or a call for help or the version; its `exit_code` and `print` say what
/// to do.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Program, clap::Error> {
    let matches = command().try_get_matches_from(arguments)?;
    match matches.subcommand() {
        None => Ok(Program::Serve(flags(&matches))),
        Some(("serve", serve)) => Ok(Program::Serve(flags(serve))),
        Some(("token", token)) => TokenArgs::from_arg_matches(token).map(Program::Token),
        Some(("healthcheck", asked)) => {
            HealthcheckArgs::from_arg_matches(asked).map(Program::Healthcheck)
        }
        Some(("rebalance", asked)) => {
            RebalanceArgs::from_arg_matches(asked).map(Program::Rebalance)
        }
        Some(("chat", chat)) => ChatArgs::from_arg_matches(chat).map(Program::Chat),
        Some(("settings", _)) => Ok(Program::Settings),
        Some((other, _)) => unreachable!("clap knows no subcommand {other}"),
    }
}

fn command() -> Command {
    // The types' own comments would replace an earlier `about`.
    let token = TokenArgs::augment_args(Command::new("token"))
        .about("Print a signed token, for development and tests");
    let healthcheck = HealthcheckArgs::augment_args(Command::new("healthcheck"))
        .about("Exit with 0 if the node answers that it is ready");
    let rebalance = RebalanceArgs::augment_args(Command::new("rebalance"))
        .about("Have a node let a share of its sessions go, to nodes that have fewer");
    let chat = Command::new("chat").about("Talk in a room from the terminal, or from a pipe");
    serve_arguments(Command::new("roomcast"))
        .about("Rooms, presence and history over WebSocket. Without a command: serve")
        .version(env!("CARGO_PKG_VERSION"))
        .args_conflicts_with_subcommands(true)
        .subcommand(serve_arguments(Command::new("serve").about("Serve a node")))
        .subcommand(token)
        .subcommand(healthcheck)
        .subcommand(rebalance)
        .subcommand(ChatArgs::augment_args(chat))
        .subcommand(Command::new("settings").about("Print the reference of all settings"))
}

fn serve_arguments(command: Command) -> Command {
    let file = Arg::new("config")
        .long("config")
        .value_name("FILE")
        .value_parser(value_parser!(PathBuf))
        .help("A TOML file of settings [env: ROOMCAST_CONFIG]");
    command
        .arg(file)
        .args(Config::settings().iter().map(argument))
}

fn argument(setting: &Setting) -> Arg {
    let default = match setting.default {
        "" => String::new(),
        text => format!(" [default: {text}]"),
    };
    let help = format!(
        "{} [env: {}]{default}",
        setting.doc.trim(),
        setting.variable()
    );
    let argument = Arg::new(setting.key)
        .long(setting.flag())
        .value_name(setting.key.to_ascii_uppercase())
        .action(if setting.is_list {
            ArgAction::Append
        } else {
            ArgAction::Set
        })
        .allow_hyphen_values(true)
        .long_help(format!("{help}\n[expected: {}]", setting.expected))
        .help(help);
    if setting.is_switch {
        argument
            .num_args(0..=1)
            .default_missing_value("true")
            .allow_hyphen_values(false)
    } else {
        argument
    }
}

fn flags(matches: &ArgMatches) -> Flags {
    let given = Config::settings().into_iter().filter_map(|setting| {
        let texts = matches.get_many::<String>(setting.key)?.cloned().collect();
        Some((setting.key.to_owned(), texts))
    });
    Flags {
        config_file: matches.get_one::<PathBuf>("config").cloned(),
        texts: given.collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(line: &str) -> Result<Program, clap::Error> {
        parse(
            std::iter::once("roomcast")
                .chain(line.split_whitespace())
                .map(OsString::from),
        )
    }

    fn served(line: &str) -> Flags {
        let Program::Serve(flags) = parsed(line).unwrap() else {
            panic!("{line:?} serves")
        };
        flags
    }

    #[test]
    fn no_subcommand_means_serve() {
        assert!(served("").texts.is_empty());
        for line in [
            "--listen [::1]:80 --config x.toml",
            "serve --listen [::1]:80 --config x.toml",
        ] {
            let flags = served(line);
            assert_eq!(flags.texts["listen"], ["[::1]:80"], "{line}");
            assert_eq!(flags.config_file, Some("x.toml".into()), "{line}");
        }
    }

    #[test]
    fn a_list_is_a_repeated_flag_and_a_switch_may_stand_alone() {
        let flags = served("--redis redis://a --redis redis://b --allow-query-token --page false");
        assert_eq!(flags.texts["redis"], ["redis://a", "redis://b"]);
        assert_eq!(flags.texts["allow_query_token"], ["true"]);
        assert_eq!(flags.texts["page"], ["false"]);
    }

    #[test]
    fn every_setting_is_in_the_help() {
        let help = parsed("serve --help").unwrap_err().to_string();
        for setting in Config::settings() {
            assert!(
                help.contains(&format!("--{}", setting.flag())),
                "{}",
                setting.key
            );
        }
    }

    #[test]
    fn an_unknown_flag_is_refused() {
        assert!(parsed("--listn x").is_err());
        assert!(parsed("token --redis x").is_err());
    }
}
