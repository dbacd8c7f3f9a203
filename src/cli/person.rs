//! `touchstone person`: the data of people.

use jiff::Timestamp;
use touchstone::config::Args;
use touchstone::demo::Outcome;
use touchstone::desk::Request;
use touchstone::domain::actor::{By, Role};
use touchstone::domain::ids::{CommandId, KeyId, PersonId};
use touchstone::store::{Store, queries};
use touchstone::vault;
use uuid::Uuid;
use zeroize::Zeroizing;

use super::{Done, Trouble, block_on, open, say};

pub const EXAMPLES: &str = "Example:
  TOUCHSTONE_OPERATOR_KEY=ts_… touchstone person erase 0193d1c5-8a10-7c55-9d1e-2f6f0c9a4b11 --yes";

#[derive(Debug, clap::Subcommand)]
pub enum Person {
    Erase(Erase),
}

impl Person {
    pub fn run(self) -> Done {
        match self {
            Person::Erase(command) => command.run(),
        }
    }
}

/// Destroy the keys under which a person's data and texts lie; every journal still verifies
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:
  TOUCHSTONE_OPERATOR_KEY=ts_… touchstone person erase 0193d1c5-8a10-7c55-9d1e-2f6f0c9a4b11 --yes

An erasure is an event that names the key of whoever ordered it, so an operator's key is needed. It comes from
the environment: what stands on a command line is shown to every user of the machine.")]
pub struct Erase {
    /// The person's id
    id: Uuid,
    /// Erase without being asked again; it cannot be undone
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    settings: Args,
}

const OPERATOR_KEY: &str = "TOUCHSTONE_OPERATOR_KEY";

impl Erase {
    fn run(self) -> Done {
        if !self.yes {
            return Err(Trouble::Usage(format!(
                "erasing {} destroys their name, addresses and texts for good: say --yes if that is meant",
                self.id
            )));
        }
        let secret = std::env::var(OPERATOR_KEY).ok().filter(|secret| !secret.is_empty()).map(Zeroizing::new);
        let secret = secret.ok_or_else(|| {
            Trouble::Usage(format!("{OPERATOR_KEY} is not set: give the key of the operator who orders the erasure"))
        })?;
        block_on(async move {
            let (store, desk) = open::house(&self.settings).await?;
            let now = Timestamp::now();
            let by = operator(&store, &secret, now).await?;
            let request = Request {
                by,
                idempotency_key: Uuid::now_v7().to_string(),
                part: String::new(),
                target: format!("POST /v1/persons/{}/erase", self.id),
                body: b"{}".to_vec(),
                digested: Vec::new(),
                if_match: None,
                command_id: CommandId(Uuid::now_v7()),
                now,
                confirms: None,
            };
            desk.erase_person(PersonId(self.id), &request).await?;
            open::close(store, desk).await?;
            say(&format!("person {} is erased", self.id));
            Ok(Outcome::Good)
        })
    }
}

/// Whose key it is, if it is a good one of an operator.
async fn operator(store: &Store, secret: &str, now: Timestamp) -> Result<By, Trouble> {
    let row = queries::key_by_hash(store.reader(), &vault::hash_secret(secret)).await?;
    let is_good = |expires_at: Option<i64>| expires_at.is_none_or(|at| now.as_microsecond() < at);
    let row =
        row.filter(|row| row.role == Role::Operator.as_str() && row.revoked_at.is_none() && is_good(row.expires_at));
    let row = row.ok_or_else(|| {
        Trouble::Failed(format!("{OPERATOR_KEY} is no good key of an operator: make one with touchstone key create"))
    })?;
    Ok(By { person: PersonId(row.person_id), key: KeyId(row.id), role: Role::Operator, proposer: None })
}
