//! `pod/service-account-token`

use k8s_openapi::api::core::v1::{PodSpec, VolumeProjection};

use super::levels;
use crate::engine::{Cel, Check, Docs, Example, Object, Rule, RuleContext, Sink, Symptom};
use crate::policy::{Level, RuleSpec};

/// An unused token for the API server.
pub static RULE: Rule = Rule {
    spec: RuleSpec {
        id: "pod/service-account-token",
        summary: "Pods with the default service account get a token that they do not need",
        since: "0.1.0",
        renamed_from: &[],
        levels: levels(Level::Off, Level::Off, Level::Warn),
        options: &[],
    },
    docs: Docs {
        symptoms: &[Symptom::TooMuch],
        what: "A Pod without `serviceAccountName`, or with `default`, and without `automountServiceAccountToken: \
               false`; or with it, but with a `projected` volume that mounts the same token explicitly: a \
               `serviceAccountToken` for the API server (without `audience`, or with its own). A token for \
               another audience, such as a cloud provider's, does not give access to the API server. A Pod that \
               names another service account is assumed to need its token. An `automountServiceAccountToken: \
               false` in the ServiceAccount itself is not seen here.",
        why: "The token is mounted into every container, and gives anybody who gets into one access to the API \
              server. A program that needs the API server should have a service account of its own, with only \
              the rights that it uses.",
        examples: &[
            Example::bad(
                "the default token, in every container",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "no token",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      automountServiceAccountToken: false
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
            Example::good(
                "a service account of its own",
                r#"apiVersion: batch/v1
kind: Job
metadata:
  name: import
spec:
  template:
    spec:
      serviceAccountName: importer
      restartPolicy: Never
      containers:
      - name: main
        image: example.com/app:1.0
"#,
            ),
        ],
        sources: &[
            "https://kubernetes.io/docs/tasks/configure-pod-container/configure-service-account/#opt-out-of-api-credential-automounting",
            "https://kubernetes.io/docs/concepts/storage/projected-volumes/#serviceaccounttoken",
        ],
    },
    check: Check::Object(check),
    precedence: &[],
    cel: Some(Cel::new(
        "!(has(JOB.template.spec.serviceAccountName) && !(JOB.template.spec.serviceAccountName in ['', 'default'])) && \
         (!(has(JOB.template.spec.automountServiceAccountToken) && !JOB.template.spec.automountServiceAccountToken) || \
         has(JOB.template.spec.volumes) && JOB.template.spec.volumes.exists(volume, has(volume.projected) && \
         has(volume.projected.sources) && volume.projected.sources.exists(source, has(source.serviceAccountToken) && \
         (!has(source.serviceAccountToken.audience) || \
         source.serviceAccountToken.audience.matches('^$|^(https://)?kubernetes[.]default[.]svc')))))",
    )),
};

fn check(object: &Object, _: &RuleContext<'_>, sink: &mut Sink) {
    const HELP: &str = "set automountServiceAccountToken: false; if the Pods do use the API server, give them a \
                        service account of their own";
    let Some(job) = object.job() else { return };
    let Some(pod) = job.pod() else { return };
    let named = [&pod.service_account_name, &pod.service_account]
        .into_iter()
        .find_map(|name| name.as_deref().filter(|name| !name.is_empty()));
    if named.is_some_and(|name| name != "default") {
        return;
    }
    if pod.automount_service_account_token != Some(false) {
        sink.report(
            job.path("template.spec.automountServiceAccountToken"),
            "the token of the default service account is mounted into every container",
        )
        .of_whole()
        .help(HELP);
    } else if let Some((volume, source)) = projected_token(pod) {
        sink.report(
            job.path("template.spec.volumes")
                .index(volume)
                .fields("projected.sources")
                .index(source)
                .field("serviceAccountToken"),
            "this volume holds the token of the default service account",
        )
        .of_whole()
        .help("remove it; if the Pods do use the API server, give them a service account of their own");
    }
}

/// The first volume, and the source in it, with a token for the API server.
fn projected_token(pod: &PodSpec) -> Option<(usize, usize)> {
    pod.volumes.iter().flatten().enumerate().find_map(|(index, volume)| {
        let sources = volume.projected.as_ref()?.sources.as_deref()?;
        let is_key = |source: &VolumeProjection| {
            source
                .service_account_token
                .as_ref()
                .is_some_and(|token| is_of_api_server(token.audience.as_deref()))
        };
        sources.iter().position(is_key).map(|source| (index, source))
    })
}

/// Whether a token for this audience is one for the API server: none is named, or the server's own name.
fn is_of_api_server(audience: Option<&str>) -> bool {
    let audience = audience.unwrap_or_default();
    audience.is_empty()
        || audience.strip_prefix("https://").unwrap_or(audience).starts_with("kubernetes.default.svc")
}
