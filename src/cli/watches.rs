//! What `jobguard serve` is to know of the cluster.

use clap::Args;
use clap::builder::BoolishValueParser;

use crate::engine::{NeighbourKind, NeighbourKinds};

/// Which objects beside Jobs the server is to know.
#[derive(Debug, Args)]
pub(super) struct WatchArgs {
    /// Watch the cluster's Services, for rules that ask which Pods they select
    #[arg(long, env = "JOBGUARD_WATCH_SERVICES", value_parser = BoolishValueParser::new())]
    watch_services: bool,

    /// Watch the names of the cluster's ConfigMaps, for rules on what a Job reads
    #[arg(long, env = "JOBGUARD_WATCH_CONFIG_MAPS", value_parser = BoolishValueParser::new())]
    watch_config_maps: bool,

    /// Watch the cluster's Deployments, for rules that ask which Pods they select
    #[arg(long, env = "JOBGUARD_WATCH_DEPLOYMENTS", value_parser = BoolishValueParser::new())]
    watch_deployments: bool,

    /// Watch the cluster's HorizontalPodAutoscalers, for rules that ask what they scale
    #[arg(long, env = "JOBGUARD_WATCH_HORIZONTAL_POD_AUTOSCALERS", value_parser = BoolishValueParser::new())]
    watch_horizontal_pod_autoscalers: bool,

    /// Watch the cluster's LimitRanges, for rules on what a namespace demands of Pods
    #[arg(long, env = "JOBGUARD_WATCH_LIMIT_RANGES", value_parser = BoolishValueParser::new())]
    watch_limit_ranges: bool,

    /// Watch the cluster's PersistentVolumeClaims, for rules on the volumes of a Job
    #[arg(long, env = "JOBGUARD_WATCH_PERSISTENT_VOLUME_CLAIMS", value_parser = BoolishValueParser::new())]
    watch_persistent_volume_claims: bool,

    /// Watch the cluster's PodDisruptionBudgets, for rules that ask which Pods they guard
    #[arg(long, env = "JOBGUARD_WATCH_POD_DISRUPTION_BUDGETS", value_parser = BoolishValueParser::new())]
    watch_pod_disruption_budgets: bool,

    /// Watch the cluster's ResourceQuotas, for rules on what a namespace may use
    #[arg(long, env = "JOBGUARD_WATCH_RESOURCE_QUOTAS", value_parser = BoolishValueParser::new())]
    watch_resource_quotas: bool,

    /// Watch the names of the cluster's Secrets, never what they hold, for rules on what a Job reads
    #[arg(long, env = "JOBGUARD_WATCH_SECRETS", value_parser = BoolishValueParser::new())]
    watch_secrets: bool,

    /// Watch the names of the cluster's ServiceAccounts, for rules on what a Job runs as
    #[arg(long, env = "JOBGUARD_WATCH_SERVICE_ACCOUNTS", value_parser = BoolishValueParser::new())]
    watch_service_accounts: bool,

    /// Watch the cluster's StatefulSets, for rules that ask which Pods they select
    #[arg(long, env = "JOBGUARD_WATCH_STATEFUL_SETS", value_parser = BoolishValueParser::new())]
    watch_stateful_sets: bool,
}

impl WatchArgs {
    /// The kinds that are asked for.
    pub(super) fn kinds(&self) -> NeighbourKinds {
        [
            (self.watch_services, NeighbourKind::Service),
            (self.watch_config_maps, NeighbourKind::ConfigMap),
            (self.watch_deployments, NeighbourKind::Deployment),
            (self.watch_horizontal_pod_autoscalers, NeighbourKind::HorizontalPodAutoscaler),
            (self.watch_limit_ranges, NeighbourKind::LimitRange),
            (self.watch_persistent_volume_claims, NeighbourKind::PersistentVolumeClaim),
            (self.watch_pod_disruption_budgets, NeighbourKind::PodDisruptionBudget),
            (self.watch_resource_quotas, NeighbourKind::ResourceQuota),
            (self.watch_secrets, NeighbourKind::Secret),
            (self.watch_service_accounts, NeighbourKind::ServiceAccount),
            (self.watch_stateful_sets, NeighbourKind::StatefulSet),
        ]
        .into_iter()
        .filter_map(|(asked, kind)| asked.then_some(kind))
        .collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches as _};

    use super::*;
    use crate::cluster::watch_flag;

    #[test]
    fn each_flag_asks_for_its_kind() {
        let command = || WatchArgs::augment_args(Command::new("serve"));
        for kind in NeighbourKind::ALL {
            // Namespaces are asked for elsewhere, and a ReplicaSet of a cluster is nearly always a Deployment's.
            if matches!(kind, NeighbourKind::Namespace | NeighbourKind::ReplicaSet) {
                continue;
            }
            let matches = command().try_get_matches_from(["serve", watch_flag(kind)]).unwrap();
            let kinds = WatchArgs::from_arg_matches(&matches).unwrap().kinds();
            assert_eq!(kinds.iter().collect::<Vec<_>>(), [kind]);
        }
    }
}
