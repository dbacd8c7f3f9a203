//! Every stage, every command, every role, with the answer: a table that is checked in, so that a change of it is seen.

use std::fmt::Write;
use std::fs;

use touchstone::domain::actor::Role;
use touchstone::domain::command::CommandKind;
use touchstone::domain::route::Stage;

const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/commands.csv");

/// `yes`: may be asked. `two`: may be asked, and takes a second person in some cases. `not_yours`: another's part, which is
/// told first. `wrong_stage`: theirs, and the stage does not know it.
fn answer(stage: Stage, kind: CommandKind, role: Role) -> &'static str {
    match (kind.roles_in(stage).contains(&role), kind.fits(stage)) {
        (false, _) => "not_yours",
        (true, false) => "wrong_stage",
        // What came back is booked in by one clerk; what it is, two say.
        (true, true) if kind.may_need_second() && (kind, stage) != (CommandKind::TakeBack, Stage::ReturnInbound) => {
            "two"
        }
        (true, true) => "yes",
    }
}

fn table() -> String {
    let mut text = String::from("stage,command");
    for role in Role::ALL {
        write!(text, ",{role}").unwrap();
    }
    text.push('\n');
    for stage in Stage::ALL {
        for kind in CommandKind::ALL {
            write!(text, "{stage},{}", kind.as_str()).unwrap();
            for role in Role::ALL {
                write!(text, ",{}", answer(*stage, *kind, role)).unwrap();
            }
            text.push('\n');
        }
    }
    text
}

#[test]
fn the_table_of_commands_is_the_one_that_was_looked_through() {
    if std::env::var_os("TOUCHSTONE_BLESS").is_some() {
        fs::write(PATH, table()).unwrap();
        return;
    }
    let shown = fs::read_to_string(PATH).unwrap_or_default();
    assert!(
        shown == table(),
        "docs/commands.csv is not what the program answers. Look at what changed, then refresh it with:\n  \
         TOUCHSTONE_BLESS=1 cargo test --test it the_table_of_commands"
    );
}

#[test]
fn every_command_has_a_stage_and_somebody_to_ask_it() {
    for kind in CommandKind::ALL {
        let asked =
            |stage: &&Stage| Role::ALL.iter().any(|role| matches!(answer(**stage, *kind, *role), "yes" | "two"));
        assert!(Stage::ALL.iter().any(|stage| asked(&stage)), "{} can never be asked", kind.as_str());
        let closed = Role::ALL.iter().filter(|role| kind.roles_in(Stage::Closed).contains(role));
        let mut answers = closed.map(|role| answer(Stage::Closed, *kind, *role));
        assert!(answers.all(|answer| answer == "wrong_stage"), "{}", kind.as_str());
    }
}
