//! The buyer's word. A link may be shown to a friend, so whoever decides shows first that it is theirs to decide: by the
//! token of the notice that was sent to them alone, or by the last digits of the order's phone.

use jiff::Timestamp;

use super::{Desk, Error};
use crate::domain::ids::{OrderId, PersonId};
use crate::store::{queries, tries};
use crate::vault;

/// The purpose of the token of a buyer's personal notice.
const ACT: &str = "act";

/// Wrong tries until the digits are not asked for any more (`interfaces.md`, "Buyer and public").
pub const TRIES: i32 = 5;

/// What a few digits have shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Digits {
    Right,
    /// So many tries are left.
    Wrong(i32),
    /// None is left: only the personal notice helps.
    Locked,
    /// The order has no phone, or its buyer was erased.
    NoPhone,
}

impl Desk {
    /// The token of the personal notice. It follows from the order and need not be stored.
    pub fn action_token(&self, order_id: OrderId) -> String {
        self.vault().token(ACT, order_id.0, 0)
    }

    /// Whether this is the token of the personal notice; told in constant time.
    pub fn is_action_token(&self, order_id: OrderId, token: &str) -> bool {
        vault::same(&self.action_token(order_id), token)
    }

    /// Whether an order's register of links means exactly this one; told in constant time.
    pub fn is_view_token(&self, order_id: OrderId, generation: i32, token: &str) -> bool {
        let own = self.vault().token(super::place::VIEW, order_id.0, generation.unsigned_abs());
        vault::same(&own, token)
    }

    /// How many tries are left for the last digits of an order's phone; none where it has no phone.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn tries_left(&self, order_id: OrderId, buyer: PersonId) -> Result<Option<i32>, Error> {
        if self.last_digits(buyer).await?.is_none() {
            return Ok(None);
        }
        Ok(Some(TRIES - tries::made(self.store().reader(), order_id.0).await?))
    }

    /// Holds four digits against the end of the buyer's phone. The try counts before it is looked at, and counts after
    /// a restart, too.
    ///
    /// # Errors
    ///
    /// Those of the store.
    pub async fn try_digits(
        &self,
        order_id: OrderId,
        buyer: PersonId,
        digits: &str,
        now: Timestamp,
    ) -> Result<Digits, Error> {
        let Some(expected) = self.last_digits(buyer).await? else { return Ok(Digits::NoPhone) };
        let txn = self.store().begin().await?;
        let left = tries::take(&*txn, order_id.0, TRIES, now.as_microsecond()).await?;
        txn.commit().await?;
        let Some(left) = left else { return Ok(Digits::Locked) };
        if !vault::same(&expected, digits) {
            return Ok(if left == 0 { Digits::Locked } else { Digits::Wrong(left) });
        }
        let txn = self.store().begin().await?;
        tries::forget(&*txn, order_id.0).await?;
        txn.commit().await?;
        Ok(Digits::Right)
    }

    async fn last_digits(&self, buyer: PersonId) -> Result<Option<String>, Error> {
        let Some(row) = queries::person(self.store().reader(), buyer.0).await? else { return Ok(None) };
        let phone = super::people::open(self.vault(), &row)?.and_then(|details| details.phone);
        Ok(phone.as_deref().and_then(last_four))
    }
}

/// The last four digits of a phone number, however it is written.
fn last_four(phone: &str) -> Option<String> {
    let digits: Vec<char> = phone.chars().filter(char::is_ascii_digit).collect();
    digits.len().checked_sub(4).map(|from| digits.iter().skip(from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_four_digits_are_found_however_a_phone_is_written() {
        let check = |phone: &str, expected: Option<&str>| assert_eq!(last_four(phone).as_deref(), expected, "{phone}");
        check("17000001234", Some("1234"));
        check("+86 170-0000-12 34", Some("1234"));
        check("(020) 7946 0 958", Some("0958"));
        check("12", None);
        check("", None);
    }
}
