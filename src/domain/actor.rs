//! Who acts, and on whose behalf.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::ids::{KeyId, MerchantId, PersonId, TenantId, WarehouseId};

/// The part in which somebody acts. Keys carry the first seven; the last three never hold one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Platform,
    Merchant,
    Clerk,
    Inspector,
    Supervisor,
    Auditor,
    Operator,
    Buyer,
    Carrier,
    /// A deadline that passed, or what the desk itself does in the commit of another's command.
    Desk,
}

impl Role {
    pub const ALL: [Role; 10] = [
        Role::Platform,
        Role::Merchant,
        Role::Clerk,
        Role::Inspector,
        Role::Supervisor,
        Role::Auditor,
        Role::Operator,
        Role::Buyer,
        Role::Carrier,
        Role::Desk,
    ];

    /// The roles that a key may carry.
    pub const OF_KEYS: [Role; 7] =
        [Role::Platform, Role::Merchant, Role::Clerk, Role::Inspector, Role::Supervisor, Role::Auditor, Role::Operator];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Platform => "platform",
            Role::Merchant => "merchant",
            Role::Clerk => "clerk",
            Role::Inspector => "inspector",
            Role::Supervisor => "supervisor",
            Role::Auditor => "auditor",
            Role::Operator => "operator",
            Role::Buyer => "buyer",
            Role::Carrier => "carrier",
            Role::Desk => "desk",
        }
    }

    /// The role of a key by its name.
    pub fn of_key(text: &str) -> Option<Self> {
        Self::OF_KEYS.into_iter().find(|role| role.as_str() == text)
    }

    /// Whether this one works inside the warehouse.
    pub fn is_staff(self) -> bool {
        matches!(self, Role::Clerk | Role::Inspector | Role::Supervisor)
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How far a caller sees.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Scope {
    /// Everything of one platform.
    Tenant(TenantId),
    /// What one merchant of one platform sold.
    Merchant(TenantId, MerchantId),
    /// What is bound for, in, or from one warehouse.
    Warehouse(WarehouseId),
    /// Everything but personal data.
    Everything,
    /// No order at all: an operator keeps keys, devices and warehouses.
    Nothing,
}

impl Scope {
    /// Whether what belongs to these three lies within this scope.
    pub fn covers(&self, tenant: &TenantId, merchant: &MerchantId, warehouse: &WarehouseId) -> bool {
        match self {
            Scope::Tenant(own) => own == tenant,
            Scope::Merchant(platform, own) => platform == tenant && own == merchant,
            Scope::Warehouse(own) => own == warehouse,
            Scope::Everything => true,
            Scope::Nothing => false,
        }
    }
}

/// One person with the key they used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Witness {
    pub person_id: PersonId,
    pub key_id: KeyId,
}

/// On whose word a command is carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    pub person: PersonId,
    pub key: KeyId,
    pub role: Role,
    /// The person who proposed what this one confirms.
    pub proposer: Option<Witness>,
}

impl By {
    /// What the house does by itself, on nobody's word: a clock that ran out, a notice that was accepted.
    pub fn desk() -> Self {
        By { person: PersonId::NONE, key: KeyId::NONE, role: Role::Desk, proposer: None }
    }

    /// The other of two different people, where there is one. Two keys of one person are one person.
    pub fn second(&self) -> Option<Witness> {
        self.proposer.filter(|proposer| proposer.person_id != self.person)
    }
}
