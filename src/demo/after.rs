//! What follows from what happened: how merchants stand on the ladder of conduct, and what is owed.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Failure;
use super::account::{Step, Told};
use super::house::Person;
use super::journeys::Setting;
use crate::client::{Answer, Call, Client};

/// The merchant of whom all steps are told: what failed and what was suspected is theirs.
const CLIMBER: &str = "m-yungui";

/// What follows, told to somebody.
pub struct After<'a> {
    client: Client,
    setting: &'a Setting,
    tell: &'a mut (dyn FnMut(Told) + Send),
}

impl<'a> After<'a> {
    pub fn new(setting: &'a Setting, tell: &'a mut (dyn FnMut(Told) + Send)) -> Self {
        Self { client: Client::new(setting.address), setting, tell }
    }

    async fn ask(&mut self, who: &Person, call: Call) -> Result<Answer, Failure> {
        Ok(self.client.call(&call.by(&who.secret)).await?)
    }

    fn line(&mut self, code: &str, who: &str, what: String, stage: String) {
        (self.tell)(Told::Step(Step { code: code.to_owned(), who: who.to_owned(), what, stage }));
    }

    /// Each merchant's step, and the way of one up the ladder: the reason of each step, the lesson read, an appeal and
    /// its decision, and what the platform says to the recommendation.
    pub async fn ladder(&mut self) -> Result<(), Failure> {
        (self.tell)(Told::Heading(
            "The merchants' conduct: a lesson first, and stricter with whoever does it again".to_owned(),
        ));
        self.steps().await?;
        let people = self.setting.people.clone();
        let merchant = people.merchant(CLIMBER).ok_or_else(|| Failure(format!("nobody holds a key of {CLIMBER}")))?;
        let conduct = self.ask(merchant, Call::get(format!("/v1/merchants/{CLIMBER}/conduct"))).await?.json()?;
        let incidents = list(&conduct["incidents"]);
        let id_of = |incident: &Value| incident["id"].as_str().unwrap_or_default().to_owned();
        for rung in list(&conduct["steps"]) {
            let why = incidents.iter().find(|incident| incident["id"] == rung["incident"]);
            let why = why.map_or("time", |incident| incident["words"]["en"].as_str().unwrap_or_default());
            self.line(CLIMBER, "rulebook", why.to_owned(), format!("step {}", rung["step"]));
        }
        let (Some(first), Some(last)) = (incidents.first(), incidents.last()) else {
            return Err(Failure(format!("{CLIMBER} did nothing wrong, and was to")));
        };
        let at = |incident: &Value, what: &str| format!("/v1/merchants/{CLIMBER}/conduct/{}/{what}", id_of(incident));
        self.ask(merchant, Call::post(at(first, "read"), &json!({}))).await?;
        self.line(CLIMBER, merchant.title, "confirms to have read the rule".to_owned(), String::new());
        let body = json!({ "reason": "the diameter was measured over the cord" });
        self.ask(merchant, Call::post(at(first, "appeal"), &body)).await?;
        let body = json!({ "granted": false, "reason": "two persons measured it" });
        self.ask(&people.supervisor, Call::post(at(first, "decision"), &body)).await?;
        let what = "refuses the merchant's appeal against the first step".to_owned();
        self.line(CLIMBER, people.supervisor.title, what, String::new());
        let body = json!({ "reason": "spoken with; suspended for a week" });
        let lifted = self.ask(&people.platform, Call::post(at(last, "lifted"), &body)).await?;
        let stage = format!("step {}", lifted.number("/step")?);
        self.line(CLIMBER, people.platform.title, "has dealt with the recommendation".to_owned(), stage);
        Ok(())
    }

    /// Where each merchant stands now.
    pub async fn steps(&mut self) -> Result<(), Failure> {
        let people = self.setting.people.clone();
        for (id, merchant) in &people.merchants {
            let conduct = self.ask(merchant, Call::get(format!("/v1/merchants/{id}/conduct"))).await?.json()?;
            let words = conduct["words"]["en"].as_str().unwrap_or_default().to_owned();
            self.line(id, merchant.title, words, format!("step {}", conduct["step"]));
        }
        Ok(())
    }

    /// What is owed, by rule; an amount that no table knew is set, and the platform settles one.
    pub async fn owed(&mut self) -> Result<(), Failure> {
        (self.tell)(Told::Heading("What is owed, and never paid here: the platform settles it".to_owned()));
        let people = self.setting.people.clone();
        let open =
            self.ask(&people.supervisor, Call::get("/v1/obligations?state=owed&without_amount=true&limit=1")).await?;
        let id = open.text("/obligations/0/id")?;
        let body = json!({ "amount": 2_500, "reason": "by the list at the counter" });
        let set = self.ask(&people.supervisor, Call::post(format!("/v1/obligations/{id}/amount"), &body)).await?;
        let what = format!("sets what no table of fees knew: {}", set.text("/words/en")?);
        self.line("", people.supervisor.title, what, String::new());
        let settled =
            self.ask(&people.platform, Call::post(format!("/v1/obligations/{id}/settled"), &json!({}))).await?;
        self.line("", people.platform.title, "has settled it".to_owned(), settled.text("/state")?);
        let mut rules: BTreeMap<String, (usize, i64)> = BTreeMap::new();
        let mut path = "/v1/obligations?state=owed&limit=200".to_owned();
        loop {
            let page = self.ask(&people.platform, Call::get(path.as_str())).await?.json()?;
            for owed in list(&page["obligations"]) {
                let (count, amount) = rules.entry(owed["rule"].as_str().unwrap_or_default().to_owned()).or_default();
                *count += 1;
                *amount += owed["amount"].as_i64().unwrap_or_default();
            }
            match page["next_cursor"].as_str() {
                Some(cursor) => path = format!("/v1/obligations?state=owed&limit=200&cursor={cursor}"),
                None => break,
            }
        }
        for (rule, (count, amount)) in rules {
            let what = format!("{count} × {}", rule.replace('_', " "));
            self.line("", "rulebook", what, format!("CNY {}.{:02}", amount / 100, amount % 100));
        }
        Ok(())
    }
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}
