//! The few facts about a certificate that TLS libraries keep to themselves.

use rustls_pki_types::CertificateDer;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What there is to know of a certificate besides its signature. Times are seconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Valid from here on.
    pub(crate) not_before: i64,
    /// Valid until here.
    pub(crate) not_after: i64,
    /// The subject's common names, then the DNS names.
    pub(crate) names: Vec<String>,
    /// Whether it may sign others.
    pub(crate) is_ca: bool,
}

/// Reads a certificate; none for what is no X.509 certificate.
pub(crate) fn facts(certificate: &CertificateDer<'_>) -> Option<Facts> {
    let (rest, parsed) = X509Certificate::from_der(certificate).ok()?;
    if !rest.is_empty() {
        return None;
    }
    let mut names: Vec<String> = parsed
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok())
        .map(str::to_owned)
        .collect();
    if let Ok(Some(alternatives)) = parsed.subject_alternative_name() {
        names.extend(alternatives.value.general_names.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            _ => None,
        }));
    }
    Some(Facts {
        not_before: parsed.validity().not_before.timestamp(),
        not_after: parsed.validity().not_after.timestamp(),
        names,
        is_ca: parsed.is_ca(),
    })
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, DnType, KeyPair};

    use super::*;

    #[test]
    fn reads_validity_and_names() {
        let mut params = CertificateParams::new(vec!["a.test".to_owned(), "10.0.0.1".to_owned()]).unwrap();
        params.distinguished_name.push(DnType::CommonName, "front-proxy");
        params.not_before = rcgen::date_time_ymd(2026, 1, 1);
        params.not_after = rcgen::date_time_ymd(2027, 1, 1);
        let certificate = params.self_signed(&KeyPair::generate().unwrap()).unwrap();
        let read = facts(certificate.der()).unwrap();
        assert_eq!((read.not_before, read.not_after), (1_767_225_600, 1_798_761_600));
        assert!(read.names.contains(&"a.test".to_owned()) && read.names.contains(&"front-proxy".to_owned()));
        assert!(!read.is_ca);
        assert_eq!(facts(&CertificateDer::from(vec![48, 0])), None);
    }
}
