//! Manifests to measure with.

use std::fmt::Write as _;

/// The manifest of the file `number`: Jobs and CronJobs of several kinds, most of them fine, in one document or two.
pub(crate) fn manifest(number: usize) -> String {
    let mut text = String::new();
    let schedule = ["*/15 * * * *", "0 3 * * *", "30 6 * * 1-5", "@daily"][number % 4];
    let policy = ["Never", "OnFailure"][number / 4 % 2];
    let _ = write!(
        text,
        "# Written for a benchmark.
apiVersion: batch/v1
kind: CronJob
metadata:
  name: report-{number}
  namespace: team-{team}
  labels:
    app.kubernetes.io/name: report
    team: team-{team}
spec:
  schedule: \"{schedule}\"
  timeZone: Europe/Berlin
  concurrencyPolicy: Forbid
  startingDeadlineSeconds: 300
  jobTemplate:
    spec:
      backoffLimit: 2
      activeDeadlineSeconds: 1800
      ttlSecondsAfterFinished: 86400
      template:
        metadata:
          labels:
            app.kubernetes.io/name: report
        spec:
          restartPolicy: {policy}
          containers:
          - name: report
            image: example.com/report:{minor}.1
            args: [\"--team\", \"team-{team}\", \"--full\"]
            env:
            - name: LEVEL
              value: \"info\"
            - name: TOKEN
              valueFrom:
                secretKeyRef:
                  name: report
                  key: token
            resources:
              requests:
                cpu: 100m
                memory: 128Mi
              limits:
                memory: 256Mi
",
        team = number % 37,
        minor = number % 9,
    );
    if number.is_multiple_of(3) {
        let _ = write!(
            text,
            "---
apiVersion: batch/v1
kind: Job
metadata:
  name: backfill-{number}
spec:
  completions: 8
  parallelism: 4
  template:
    spec:
      restartPolicy: {policy}
      containers:
      - name: backfill
        image: example.com/backfill:2.0
"
        );
    }
    text
}
