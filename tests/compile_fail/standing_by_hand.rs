//! A standing is what the machine makes of a journal; nobody writes one down or looks inside.
//!
//! error: E0423
//! error: E0532

use touchstone::domain::route::Standing;

pub fn begin() -> Standing {
    Standing::start()
}

#[cfg(fault)]
pub fn looked_into(earned: Standing) {
    let Standing(_inside) = earned;
}

#[cfg(fault)]
pub fn made_by_hand() -> Standing {
    Standing(begin())
}
