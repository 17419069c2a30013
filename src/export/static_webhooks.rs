//! The webhook as files on the API server's disk (manifest-based admission control, KEP-5793): they cannot be deleted or changed
//! through the API, and they apply before the first request is answered.
//!
//! Such a file names the webhook by URL, since it may be read before there is a Service; and its objects' names end in
//! `.static.k8s.io`. Each admission plugin reads a folder of its own.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::text::quoted;

/// What a webhook configuration on an API server's disk needs to know.
#[derive(Debug, Clone)]
pub struct StaticWebhooks<'a> {
    /// Where the webhook listens, as `https://HOST:PORT`, without a path.
    pub url: &'a str,
    /// The authorities that sign its certificate, in PEM; those of the API server's system where there are none.
    pub ca_bundle: Option<&'a [u8]>,
    /// The folder on the API server's disk that holds the files.
    pub folder: &'a str,
    /// Namespaces whose objects are not sent.
    pub excluded_namespaces: &'a [String],
}

/// One file for the API server's disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaticFile {
    /// Its path, relative to the folder.
    pub path: &'static str,
    /// Its text, in YAML.
    pub text: String,
}

impl StaticWebhooks<'_> {
    /// The files: one webhook configuration for each of the two plugins, and the configuration that names their folders.
    pub fn files(&self) -> Vec<StaticFile> {
        vec![
            StaticFile { path: "admission.yaml", text: self.admission() },
            StaticFile { path: "mutating/jobguard.yaml", text: self.webhook("MutatingWebhookConfiguration") },
            StaticFile {
                path: "validating/jobguard.yaml",
                text: self.webhook("ValidatingWebhookConfiguration"),
            },
        ]
    }

    fn admission(&self) -> String {
        let mut out = String::from(
            "# Written by `jobguard policy export`, for kube-apiserver --admission-control-config-file, of Kubernetes 1.36 or later with\n\
             #   --feature-gates=ManifestBasedAdmissionControlConfig=true (1.36)\n\
             # Where there is such a file already, add the two plugins to it.\n\
             apiVersion: apiserver.config.k8s.io/v1\n\
             kind: AdmissionConfiguration\nplugins:\n",
        );
        for (plugin, folder) in
            [("MutatingAdmissionWebhook", "mutating"), ("ValidatingAdmissionWebhook", "validating")]
        {
            let folder = format!("{}/{folder}", self.folder.trim_end_matches('/'));
            let _ = write!(
                out,
                "  - name: {plugin}\n    configuration:\n      apiVersion: apiserver.config.k8s.io/v1\n      \
                 kind: WebhookAdmissionConfiguration\n      staticManifestsDir: {}\n",
                quoted(&folder)
            );
        }
        out
    }

    fn webhook(&self, kind: &str) -> String {
        let (name, path) = match kind {
            "MutatingWebhookConfiguration" => ("mutate", "mutate"),
            _ => ("validate", "validate"),
        };
        let mut out = format!(
            "# Written by `jobguard policy export`, for a folder of manifests on the API server's disk.\n\
             apiVersion: admissionregistration.k8s.io/v1\n\
             kind: {kind}\n\
             metadata:\n  name: jobguard.static.k8s.io\n\
             webhooks:\n  - name: {name}.jobguard.dev\n    clientConfig:\n      url: {}\n",
            quoted(&format!("{}/{path}", self.url.trim_end_matches('/')))
        );
        if let Some(bundle) = self.ca_bundle {
            let _ = writeln!(out, "      caBundle: {}", STANDARD.encode(bundle));
        }
        out.push_str(
            "    rules:\n      - apiGroups: [batch]\n        apiVersions: [v1]\n        operations: [CREATE, UPDATE]\n        \
             resources: [cronjobs, jobs]\n        scope: Namespaced\n    \
             admissionReviewVersions: [v1]\n    sideEffects: None\n    matchPolicy: Equivalent\n    \
             # This cannot be deleted through the API: without an answer, the API server must go on.\n    \
             failurePolicy: Ignore\n    timeoutSeconds: 5\n",
        );
        if kind == "MutatingWebhookConfiguration" {
            out.push_str("    reinvocationPolicy: IfNeeded\n");
        }
        if !self.excluded_namespaces.is_empty() {
            let names: Vec<_> = self.excluded_namespaces.iter().map(|name| quoted(name)).collect();
            let _ = write!(
                out,
                "    namespaceSelector:\n      matchExpressions:\n        - key: kubernetes.io/metadata.name\n          \
                 operator: NotIn\n          values: [{}]\n",
                names.join(", ")
            );
        }
        out.push_str(
            "    matchConditions:\n      # Objects that are being deleted must be able to lose their finalizers, even without an answer.\n      \
             - name: not-being-deleted\n        \
             expression: request.operation != 'UPDATE' || !has(oldObject.metadata.deletionTimestamp)\n",
        );
        out
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::objects;
    use super::*;

    #[test]
    fn the_files_are_what_the_api_server_reads() {
        let names = ["kube-system".to_owned()];
        let webhooks = StaticWebhooks {
            url: "https://127.0.0.1:8443/",
            ca_bundle: Some(b"-----BEGIN CERTIFICATE-----"),
            folder: "/etc/kubernetes/jobguard/",
            excluded_namespaces: &names,
        };
        let files = webhooks.files();
        let [admission, mutating, validating] = &files[..] else { panic!("{files:?}") };
        let admission = &objects(&admission.text)[0];
        assert_eq!(
            admission["plugins"][1]["configuration"]["staticManifestsDir"],
            "/etc/kubernetes/jobguard/validating"
        );
        for (file, path) in [(mutating, "mutate"), (validating, "validate")] {
            let object = &objects(&file.text)[0];
            assert!(object["metadata"]["name"].as_str().unwrap().ends_with(".static.k8s.io"));
            let webhook = &object["webhooks"][0];
            assert_eq!(webhook["clientConfig"]["url"], format!("https://127.0.0.1:8443/{path}"));
            assert_eq!(webhook["clientConfig"]["caBundle"], "LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0t");
            assert_eq!(webhook["clientConfig"]["service"], serde_json::Value::Null);
            assert_eq!(webhook["namespaceSelector"]["matchExpressions"][0]["values"][0], "kube-system");
        }
    }
}
