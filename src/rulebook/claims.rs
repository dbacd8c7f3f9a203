//! The claims of a listing: what the merchant declared of a piece, one checkable thing at a time.

use super::names::Names;
use crate::domain::appraisal::{Declared, PresentedCertificate, Size};
use crate::domain::certificate::CertificateKey;
use crate::domain::ids::{ClaimId, ComponentId};
use crate::domain::ledger::{Bound, Certainty, Claim, ClaimKind, ClaimSource, ClaimedValue};
use crate::domain::text::Name;

/// The claims that a listing makes, component by component, then of the piece. The order is that of the declaration,
/// so that reading the same listing again gives the same ids.
pub fn listed(declared: &Declared, names: &Names) -> Vec<Claim> {
    let mut claims = Claims(Vec::new());
    for part in &declared.components {
        let of = Some(&part.component);
        if let Some(material) = &part.material {
            claims.add(of, ClaimKind::Material, ClaimedValue::Name { name: material.clone() });
            claims.add_not_testable(of, material, names);
        }
        if let Some(treatment) = &part.treatment {
            claims.add(of, ClaimKind::Treatment, ClaimedValue::Name { name: treatment.clone() });
        }
        if let Some(fineness_ppm) = part.fineness_ppm {
            claims.add(of, ClaimKind::Fineness, ClaimedValue::Fineness { fineness_ppm });
        }
        if let Some(weight) = &part.weight {
            claims.add(of, ClaimKind::Weight, ClaimedValue::Weight { weight: weight.clone(), upper: None });
        }
    }
    if let Some(weight) = &declared.weight {
        claims.add(None, ClaimKind::Weight, ClaimedValue::Weight { weight: weight.clone(), upper: None });
    }
    for size in &declared.sizes {
        claims.add(None, ClaimKind::Size, size_of(size));
    }
    if let Some(presented) = &declared.presented_certificate {
        let (body, number) = (presented.body.clone(), presented.number.clone());
        claims.add(None, ClaimKind::Certificate, ClaimedValue::Certificate { body, number });
    }
    claims.0
}

/// What presented certificates print of a piece, and the number of one that nobody declared. The ids go on behind those
/// of the listing.
pub fn printed(presented: &[&PresentedCertificate], declared: &Declared, listed: usize) -> Vec<Claim> {
    let mut claims = Claims(Vec::new());
    let is_listed = |presented: &PresentedCertificate| {
        let of = |presented: &PresentedCertificate| CertificateKey::of(presented);
        declared.presented_certificate.as_ref().is_some_and(|known| of(known) == of(presented))
    };
    for presented in presented {
        if !is_listed(presented) {
            let (body, number) = (presented.body.clone(), presented.number.clone());
            claims.add(None, ClaimKind::Certificate, ClaimedValue::Certificate { body, number });
        }
        if let Some(weight) = &presented.weight {
            claims.add(None, ClaimKind::Weight, ClaimedValue::Weight { weight: weight.clone(), upper: None });
        }
        for size in &presented.sizes {
            claims.add(None, ClaimKind::Size, size_of(size));
        }
    }
    for (claim, number) in claims.0.iter_mut().zip(listed + 1..) {
        claim.source = ClaimSource::Certificate;
        claim.claim_id = ClaimId::parse(&format!("k{number}")).expect("a letter and a number are an id");
    }
    claims.0
}

fn size_of(size: &Size) -> ClaimedValue {
    ClaimedValue::Size {
        name: size.name.clone(),
        length_um: size.length_um,
        upper_um: None,
        label: size.label.clone(),
        table: size.table.clone(),
    }
}

struct Claims(Vec<Claim>);

impl Claims {
    fn add(&mut self, component: Option<&ComponentId>, kind: ClaimKind, value: ClaimedValue) {
        let claim_id = ClaimId::parse(&format!("k{}", self.0.len() + 1)).expect("a letter and a number are an id");
        self.0.push(Claim {
            claim_id,
            source: ClaimSource::Listed,
            component: component.cloned(),
            kind,
            words: None,
            span: None,
            bound: Bound::Exactly,
            value,
            negated: false,
            certainty: Certainty::High,
            also: Vec::new(),
            ambiguous: false,
        });
    }

    /// 籽料, 冰种 and their like in a material's name are claims of their own: the comparison of names leaves them out,
    /// and what is left out of a comparison must not pass in silence.
    fn add_not_testable(&mut self, component: Option<&ComponentId>, material: &Name, names: &Names) {
        for (word, kind) in names.not_testable(material.as_str()) {
            // A part of a name is a name.
            if let Ok(name) = Name::parse(&word) {
                self.add(component, kind, ClaimedValue::Name { name });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::*;
    use super::*;
    use crate::domain::appraisal::ComponentRole::*;

    #[test]
    fn a_listing_is_read_in_its_own_order() {
        let mut declared = declared(vec![
            part("c1", MainStone, "新疆和田玉籽料", Some("天然")),
            metal_part("c2", Setting, "18K金", 750_000),
        ]);
        declared.weight = Some(grams("5.60"));
        declared.sizes = vec![size("inner_diameter_mm", 56_500), ring("cn", "15")];
        declared.presented_certificate = Some(certificate("NGTC", "20261122000417"));
        let names = names();
        let claims = listed(&declared, &names);
        let short: Vec<_> = claims
            .iter()
            .map(|claim| {
                let of = claim.component.as_ref().map_or("-", |id| id.as_str());
                format!("{} {of} {:?}", claim.claim_id, claim.kind)
            })
            .collect();
        assert_eq!(
            short,
            [
                "k1 c1 Material",
                "k2 c1 Origin",
                "k3 c1 Origin",
                "k4 c1 Treatment",
                "k5 c2 Material",
                "k6 c2 Fineness",
                "k7 - Weight",
                "k8 - Size",
                "k9 - Size",
                "k10 - Certificate",
            ]
        );
        assert!(claims.iter().all(|claim| claim.source == ClaimSource::Listed && !claim.negated));
        assert_eq!(listed(&declared, &names), claims);
    }

    #[test]
    fn an_empty_listing_claims_nothing() {
        assert_eq!(listed(&declared(Vec::new()), &names()), []);
    }
}
