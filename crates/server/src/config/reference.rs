//! The reference of all settings, written from their table.

use std::fmt::Write as _;

use super::setting::Setting;
use super::settings::Config;

/// The settings as a Markdown page: `docs/settings.md` is this text.
pub fn markdown() -> String {
    let mut page = String::from(OPENING);
    for setting in Config::settings() {
        write_setting(&mut page, &setting);
    }
    page
}

const OPENING: &str = "# Settings\n
This page is written by `roomcast settings`. Every setting is a flag of `roomcast serve`, an \
environment variable and a key of the TOML file that `--config` or `ROOMCAST_CONFIG` names. A flag \
wins over a variable, a variable over the file, the file over the default. A list is a repeated \
flag, a variable with commas, or an array. An empty variable counts as absent. A value that can't \
be used ends the program with exit code 78 and a sentence for each.\n";

fn write_setting(page: &mut String, setting: &Setting) {
    let (key, flag, variable) = (setting.key, setting.flag(), setting.variable());
    let default = match setting.default {
        "" => "none".to_owned(),
        text => format!("`{text}`"),
    };
    let Setting { expected, doc, .. } = setting;
    writeln!(page, "\n## {key}\n\n{}\n", doc.trim()).expect("a String takes all");
    writeln!(page, "- `--{flag}` · `{variable}` · default: {default}").expect("a String takes all");
    writeln!(page, "- expected: {}", expected.replace('<', "\\<")).expect("a String takes all");
}
