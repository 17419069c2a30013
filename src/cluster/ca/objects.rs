//! The Secret and the webhook configurations, as they stand, and written only where their version is still the one that was read.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::{join3, try_join3};
use k8s_openapi::ByteString;
use k8s_openapi::api::admissionregistration::v1::{
    MutatingWebhookConfiguration, ValidatingWebhookConfiguration,
};
use k8s_openapi::api::core::v1::Secret;
use kube::api::PostParams;
use kube::core::{ApiResource, DynamicObject, ObjectMeta};
use kube::{Api, Client};
use rustls_pki_types::CertificateDer;
use serde_json::Value;
use tokio::sync::Notify;

use super::changes;
use super::keys::{self, CaError, NewAuthority};
use super::options::SelfManaged;
use super::state::{Authorities, Authority, Id, View};

/// Who changes objects, in their `managedFields`.
const FIELD_MANAGER: &str = "jobguard";

/// The keys of the Secret.
const CURRENT: (&str, &str) = ("ca.crt", "ca.key");
const NEXT: (&str, &str) = ("next.crt", "next.key");
const PREVIOUS: &str = "previous.crt";

/// Whether a write was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Yes,
    /// Another writer was first.
    Conflict,
}

/// The objects of one installation.
#[derive(Clone)]
pub(super) struct Objects {
    secrets: Api<Secret>,
    mutating: Api<DynamicObject>,
    validating: Api<DynamicObject>,
    options: SelfManaged,
    /// What to put back into the Secret when it is emptied.
    remembered: Option<Remembered>,
}

/// What a Secret held when it last had a usable authority.
#[derive(Debug, Clone, PartialEq)]
struct Remembered {
    /// Of the Secret: one that was deleted and made again is another one, and starts anew.
    uid: Option<String>,
    data: BTreeMap<String, ByteString>,
}

/// What stands in the cluster, and what it was read from.
pub(super) struct Seen {
    /// What decisions are made on.
    pub(super) view: View,
    /// The `caBundle` of every webhook, in PEM.
    pub(super) bundles: Vec<Vec<u8>>,
    /// What is not there though it should be.
    pub(super) missing: Option<String>,
    secret: Option<Secret>,
    configurations: Vec<(Which, DynamicObject)>,
    certificates: BTreeMap<Id, CertificateDer<'static>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Which {
    Mutating,
    Validating,
}

impl Objects {
    pub(super) fn new(client: Client, options: SelfManaged) -> Self {
        let mutating = ApiResource::erase::<MutatingWebhookConfiguration>(&());
        let validating = ApiResource::erase::<ValidatingWebhookConfiguration>(&());
        Self {
            secrets: Api::namespaced(client.clone(), &options.namespace),
            // Read and written whole, with the fields of later versions of the API as well.
            mutating: Api::all_with(client.clone(), &mutating),
            validating: Api::all_with(client, &validating),
            options,
            remembered: None,
        }
    }

    /// Reads everything.
    pub(super) async fn look(&mut self) -> Result<Seen, CaError> {
        let (mut secret, mutating, validating) = try_join3(
            self.secrets.get_opt(&self.options.secret),
            self.find(Which::Mutating),
            self.find(Which::Validating),
        )
        .await?;
        let is_emptied = recall(secret.as_mut(), self.remembered.as_ref());
        let mut seen = Seen {
            view: View { is_emptied, expected_name: self.expected_name(), ..View::default() },
            bundles: Vec::new(),
            missing: None,
            secret,
            configurations: Vec::new(),
            certificates: BTreeMap::new(),
        };
        for (which, found) in [(Which::Mutating, mutating), (Which::Validating, validating)] {
            let (kind, name) = self.wanted(which);
            let Some(name) = name else { continue };
            let problem = match found {
                Some(found) if !webhooks(&found).is_empty() => {
                    seen.configurations.push((which, found));
                    continue;
                }
                Some(_) => format!("the {kind} {name} has no webhook"),
                None => format!("there is no {kind} {name}"),
            };
            seen.missing = Some(match seen.missing.take() {
                Some(other) => format!("{other}, and {problem}"),
                None => problem,
            });
        }
        seen.understand();
        if !is_emptied {
            self.remembered = seen.remember();
        }
        Ok(seen)
    }

    /// Waits for changes of any of the objects, for ever, and reports each to `changed`.
    pub(super) async fn watch(&self, changed: &Notify) {
        let configuration = async |which| {
            if let (kind, Some(name)) = self.wanted(which) {
                changes::report(kind, self.api(which), name, changed).await;
            }
        };
        join3(
            changes::report("Secret", &self.secrets, &self.options.secret, changed),
            configuration(Which::Mutating),
            configuration(Which::Validating),
        )
        .await;
    }

    async fn find(&self, which: Which) -> kube::Result<Option<DynamicObject>> {
        match self.wanted(which).1 {
            Some(name) => self.api(which).get_opt(name).await,
            None => Ok(None),
        }
    }

    /// The kind and the name of a configuration; no name where there is to be none.
    fn wanted(&self, which: Which) -> (&'static str, Option<&str>) {
        match which {
            Which::Mutating => ("MutatingWebhookConfiguration", self.options.mutating.as_deref()),
            Which::Validating => ("ValidatingWebhookConfiguration", self.options.validating.as_deref()),
        }
    }

    /// The host that API servers will ask for where configurations are named after their Service, as the chart does. With a
    /// certificate for it, a replica that starts while there is no configuration is ready when there is one again.
    fn expected_name(&self) -> Option<String> {
        let name = self.options.validating.as_ref().or(self.options.mutating.as_ref())?;
        Some(format!("{name}.{}.svc", self.options.namespace))
    }

    fn api(&self, which: Which) -> &Api<DynamicObject> {
        match which {
            Which::Mutating => &self.mutating,
            Which::Validating => &self.validating,
        }
    }

    /// Puts an authority into the Secret, in place of whatever unusable stands there.
    pub(super) async fn found(&self, seen: &Seen, authority: &NewAuthority) -> Result<Written, CaError> {
        self.write_secret(seen, |data| {
            *data = BTreeMap::new();
            put(data, CURRENT, &authority.certificate, &authority.key);
        })
        .await
    }

    /// Puts back what the Secret held before it was emptied.
    pub(super) async fn restore(&self, seen: &Seen) -> Result<Written, CaError> {
        // As it was read, it holds that already.
        self.write_secret(seen, |_| {}).await
    }

    /// Puts the next authority beside the current one.
    pub(super) async fn prepare(&self, seen: &Seen, authority: &NewAuthority) -> Result<Written, CaError> {
        self.write_secret(seen, |data| put(data, NEXT, &authority.certificate, &authority.key)).await
    }

    /// Makes the next authority the current one. Of the one that was, the certificate stays.
    pub(super) async fn promote(&self, seen: &Seen) -> Result<Written, CaError> {
        self.write_secret(seen, |data| {
            let mut previous = data.remove(CURRENT.0).unwrap_or_default().0;
            previous.extend(data.remove(PREVIOUS).unwrap_or_default().0);
            // Those that are published and expired are of no use: a handful is plenty.
            let kept: Vec<_> = keys::read(&previous).into_iter().take(8).map(|(der, _)| der).collect();
            data.insert(PREVIOUS.to_owned(), ByteString(pem(kept.iter()).into_bytes()));
            for (from, to) in [(NEXT.0, CURRENT.0), (NEXT.1, CURRENT.1)] {
                if let Some(value) = data.remove(from) {
                    data.insert(to.to_owned(), value);
                }
            }
        })
        .await
    }

    async fn write_secret(
        &self,
        seen: &Seen,
        change: impl FnOnce(&mut BTreeMap<String, ByteString>),
    ) -> Result<Written, CaError> {
        let params = params();
        match &seen.secret {
            Some(secret) => {
                let mut secret = secret.clone();
                change(secret.data.get_or_insert_default());
                // It carries the resourceVersion that was read.
                written(self.secrets.replace(&self.options.secret, &params, &secret).await)
            }
            None => {
                let mut secret = Secret {
                    metadata: ObjectMeta {
                        name: Some(self.options.secret.clone()),
                        namespace: Some(self.options.namespace.clone()),
                        labels: Some(
                            [("app.kubernetes.io/managed-by".to_owned(), "jobguard".to_owned())].into(),
                        ),
                        ..ObjectMeta::default()
                    },
                    type_: Some("Opaque".to_owned()),
                    ..Secret::default()
                };
                change(secret.data.get_or_insert_default());
                written(self.secrets.create(&params, &secret).await)
            }
        }
    }

    /// Writes the `caBundle` of one webhook.
    pub(super) async fn publish(
        &self,
        seen: &Seen,
        webhook: usize,
        bundle: &BTreeSet<Authority>,
    ) -> Result<Written, CaError> {
        let mut first = 0;
        for (which, configuration) in &seen.configurations {
            let count = webhooks(configuration).len();
            if webhook < first + count {
                let mut configuration = configuration.clone();
                let certificates = bundle.iter().filter_map(|authority| seen.certificates.get(&authority.id));
                let value = STANDARD.encode(pem(certificates));
                let entry =
                    configuration.data.pointer_mut(&format!("/webhooks/{}/clientConfig", webhook - first));
                if let Some(client) = entry.and_then(Value::as_object_mut) {
                    client.insert("caBundle".to_owned(), value.into());
                }
                let name = configuration.metadata.name.clone().unwrap_or_default();
                let replaced = self.api(*which).replace(&name, &params(), &configuration).await;
                return match written(replaced)? {
                    // The rest of the plan was made for the version before.
                    Written::Yes if count > 1 => Ok(Written::Conflict),
                    other => Ok(other),
                };
            }
            first += count;
        }
        Ok(Written::Conflict)
    }
}

impl Seen {
    /// The authority that signs: certificate and key.
    pub(super) fn signer(&self) -> Result<(&str, &str), CaError> {
        let data =
            self.secret.as_ref().and_then(|secret| secret.data.as_ref()).ok_or(CaError::NoAuthority)?;
        pair(data, CURRENT).ok_or(CaError::NoAuthority)
    }

    fn understand(&mut self) {
        let data = self.secret.as_ref().and_then(|secret| secret.data.clone()).unwrap_or_default();
        let mut authorities = |pem: &[u8]| -> Vec<Authority> {
            let read = keys::read(pem);
            let all = read.iter().map(|(_, authority)| *authority).collect();
            self.certificates.extend(read.into_iter().map(|(der, authority)| (authority.id, der)));
            all
        };
        let mut one = |names| {
            let (certificate, key) = pair(&data, names)?;
            let first = authorities(certificate.as_bytes()).first().copied()?;
            keys::is_pair(certificate, key).then_some(first)
        };
        let (current, next) = (one(CURRENT), one(NEXT));
        let previous = data.get(PREVIOUS).map(|pem| authorities(&pem.0)).unwrap_or_default();
        self.view.authorities = current.map(|current| Authorities { current, next, previous });
        for client in self.configurations.iter().flat_map(|(_, configuration)| webhooks(configuration)) {
            let bundle =
                client["caBundle"].as_str().and_then(|text| STANDARD.decode(text).ok()).unwrap_or_default();
            self.view.bundles.push(authorities(&bundle).into_iter().collect());
            self.view.names.extend(host(client));
            self.bundles.push(bundle);
        }
        self.view.is_incomplete = self.missing.is_some();
    }

    /// What to put back, should the Secret be emptied.
    fn remember(&self) -> Option<Remembered> {
        self.view.authorities.as_ref()?;
        let secret = self.secret.as_ref()?;
        Some(Remembered { uid: secret.metadata.uid.clone(), data: secret.data.clone()? })
    }
}

/// Fills a Secret that was emptied, and says whether it was. `helm upgrade --force` and `kubectl replace` do that, since the
/// manifest has no data. A Secret that holds anything at all, or that is another one, is left as it is.
fn recall(secret: Option<&mut Secret>, remembered: Option<&Remembered>) -> bool {
    let (Some(secret), Some(remembered)) = (secret, remembered) else { return false };
    let is_emptied =
        secret.data.as_ref().is_none_or(BTreeMap::is_empty) && secret.metadata.uid == remembered.uid;
    if is_emptied {
        secret.data = Some(remembered.data.clone());
    }
    is_emptied
}

/// What every write says of itself.
fn params() -> PostParams {
    PostParams { field_manager: Some(FIELD_MANAGER.to_owned()), ..PostParams::default() }
}

/// The `clientConfig` of every webhook.
fn webhooks(configuration: &DynamicObject) -> Vec<&Value> {
    let list = configuration.data.get("webhooks").and_then(Value::as_array);
    list.into_iter().flatten().map(|webhook| &webhook["clientConfig"]).collect()
}

/// The host that an API server expects in the certificate.
fn host(client: &Value) -> Option<String> {
    if let Some(service) = client.get("service").filter(|service| service.is_object()) {
        let part = |name: &str| service[name].as_str().filter(|text| !text.is_empty());
        return Some(format!("{}.{}.svc", part("name")?, part("namespace")?));
    }
    let url: axum::http::Uri = client["url"].as_str()?.parse().ok()?;
    let host = url.host()?;
    Some(host.trim_start_matches('[').trim_end_matches(']').to_owned())
}

fn pair<'a>(
    data: &'a BTreeMap<String, ByteString>,
    (certificate, key): (&str, &str),
) -> Option<(&'a str, &'a str)> {
    let text = |name| data.get(name).and_then(|bytes| std::str::from_utf8(&bytes.0).ok());
    Some((text(certificate)?, text(key)?))
}

fn put(data: &mut BTreeMap<String, ByteString>, names: (&str, &str), certificate: &str, key: &str) {
    for (name, text) in [(names.0, certificate), (names.1, key)] {
        data.insert(name.to_owned(), ByteString(text.as_bytes().to_vec()));
    }
}

fn pem<'a>(certificates: impl Iterator<Item = &'a CertificateDer<'static>>) -> String {
    let mut text = String::new();
    for certificate in certificates {
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        let base64 = STANDARD.encode(certificate);
        let mut rest = base64.as_str();
        while !rest.is_empty() {
            let (line, tail) = rest.split_at(rest.len().min(64));
            text.push_str(line);
            text.push('\n');
            rest = tail;
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}

/// A write that conflicts with another one is decided anew.
fn written<T>(result: kube::Result<T>) -> Result<Written, CaError> {
    match result {
        Ok(_) => Ok(Written::Yes),
        Err(kube::Error::Api(status)) if status.code == 409 || status.code == 404 => Ok(Written::Conflict),
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_as_api_servers_ask_for_them() {
        let service = json!({"service": {"name": "jobguard", "namespace": "ops", "path": "/validate"}});
        assert_eq!(host(&service).as_deref(), Some("jobguard.ops.svc"));
        let url = |url: &str| host(&json!({ "url": url }));
        assert_eq!(url("https://jobguard.example.com:8443/mutate").as_deref(), Some("jobguard.example.com"));
        assert_eq!(url("https://[::1]:8443/mutate").as_deref(), Some("::1"));
        assert_eq!(url("https://127.0.0.1/").as_deref(), Some("127.0.0.1"));
        assert_eq!(host(&json!({})), None);
    }

    #[test]
    fn only_the_same_secret_gets_back_what_it_held() {
        let secret = |uid: &str, data: serde_json::Value| -> Secret {
            serde_json::from_value(json!({"metadata": {"uid": uid}, "data": data})).unwrap()
        };
        let held = secret("one", json!({"ca.crt": "eA==", "ca.key": "eQ=="})).data;
        let known = Remembered { uid: Some("one".to_owned()), data: held.clone().unwrap() };
        for data in [json!(null), json!({})] {
            let mut emptied = secret("one", data.clone());
            assert!(recall(Some(&mut emptied), Some(&known)));
            assert_eq!(emptied.data, held);
            // Deleted and made again, which is how to do without what it held.
            let mut another = secret("two", data.clone());
            assert!(!recall(Some(&mut another), Some(&known)));
            assert_eq!(another, secret("two", data.clone()));
            assert!(!recall(Some(&mut secret("one", data)), None));
        }
        // Another writer set this: it is not ours to revert.
        let mut written = secret("one", json!({"ca.crt": "eA==", "ca.key": ""}));
        assert!(!recall(Some(&mut written), Some(&known)));
        assert_eq!(written, secret("one", json!({"ca.crt": "eA==", "ca.key": ""})));
        assert!(!recall(None, Some(&known)));
    }

    #[test]
    fn pem_is_read_as_it_was_written() {
        let made = keys::authority(1_800_000_000, &super::super::Lifetimes::default().terms()).unwrap();
        let read = keys::read(made.certificate.as_bytes());
        let again = pem(read.iter().map(|(der, _)| der));
        assert_eq!(keys::read(again.as_bytes()), read);
    }
}
