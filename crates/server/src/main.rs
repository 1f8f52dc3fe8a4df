//! The life of the process: arguments, one program, an exit code.

use std::io::Write as _;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use roomcast::chat::{self, ChatArgs};
use roomcast::cli::{self, Program};
use roomcast::config::{self, Config, EXIT_CONFIG, Environment, Flags};
use roomcast::healthcheck::{self, HealthcheckArgs};
use roomcast::serve;
use roomcast::token::{self, TokenArgs};

fn main() -> ExitCode {
    let program = match cli::parse(std::env::args_os()) {
        Ok(program) => program,
        Err(error) => {
            // Nothing is left to say when even this can't be written.
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(1));
        }
    };
    match program {
        Program::Serve(flags) => serve_node(&flags),
        Program::Token(args) => print_or_fail(signed(&args)),
        Program::Healthcheck(args) => print_or_fail(asked(&args)),
        Program::Chat(args) => print_or_fail(talked(args)),
        Program::Settings => print_or_fail(Ok(config::markdown())),
    }
}

fn serve_node(flags: &Flags) -> ExitCode {
    let environment = Environment::of_process();
    match Config::load(flags, &environment) {
        Ok(config) => match serve::run(config, &environment) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("roomcast: {error}");
                ExitCode::from(error.exit_code())
            }
        },
        Err(error) => {
            eprintln!("roomcast: {error}");
            ExitCode::from(EXIT_CONFIG)
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the edge of the program")]
fn signed(args: &TokenArgs) -> Result<String, String> {
    let texts = Config::token_key_texts(&Environment::of_process()).map_err(|e| e.to_string())?;
    let keys: Result<Vec<_>, String> = texts.iter().map(|text| text.reveal().parse()).collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|e| e.to_string())?;
    token::sign(args, &keys?, now.as_secs())
}

fn asked(args: &HealthcheckArgs) -> Result<String, String> {
    let ops = match &args.ops {
        Some(ops) => ops.clone(),
        None => Config::ops_listen(&Flags::default(), &Environment::of_process())
            .map_err(|e| e.to_string())?
            .to_string(),
    };
    healthcheck::ask(&ops).map(|()| String::new())
}

fn talked(args: ChatArgs) -> Result<String, String> {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(chat::run(args)).map(|()| String::new())
}

fn print_or_fail(result: Result<String, String>) -> ExitCode {
    let text = match result {
        Ok(text) => text,
        Err(sentence) => {
            eprintln!("roomcast: {sentence}");
            return ExitCode::FAILURE;
        }
    };
    match std::io::stdout().write_all(text.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}
