//! The rules, one file each: id `cron/never-fires` is `cron_never_fires.rs`.
//!
//! Adding a rule is adding its file and its name to the list below; everything else that lists rules (policies,
//! documentation, `jobguard rules`) is made from the declarations. A test holds files, names and ids together.

use std::sync::LazyLock;

use crate::engine::{self, Registry, Rule};
use crate::policy::Policy;
use shared::{
    ALWAYS, always, clock, coming_year, everywhere, is_the_same_every_hour, levels, quoted_name,
    zone_of_time_of_day,
};

mod cel;
mod quotas;
mod shared;

/// Declares the rule modules and the list of their `RULE`s.
macro_rules! rules {
    ($($(#[$attribute:meta])* $module:ident),* $(,)?) => {
        $($(#[$attribute])* pub mod $module;)*

        /// Every rule.
        pub static ALL: &[&Rule] = &[$(&$module::RULE),*];

        /// The file of each rule, without its ending.
        #[cfg(test)]
        const FILES: &[&str] = &[$(stringify!($module)),*];
    };
}

rules! {
    api_concurrency_policy,
    api_containers,
    api_counts,
    api_duplicate_key,
    api_field_dropped,
    api_immutable,
    api_indexed,
    api_job_control,
    api_labels,
    api_metadata,
    api_name,
    api_pod,
    api_pod_failure_policy,
    api_removed_version,
    api_resources,
    api_restart_policy,
    api_schedule,
    api_scheduling,
    api_selector,
    api_server_warning,
    api_success_policy,
    api_syntax,
    api_time_zone,
    api_type,
    api_unknown_field,
    api_volumes,
    cron_collision,
    cron_deadline_missing,
    cron_deadline_short,
    cron_dom_or_dow,
    cron_dst_repeat,
    cron_dst_skip,
    cron_every_minute_of_hour,
    cron_forbid_no_deadline,
    cron_history_zero,
    cron_host_zone,
    cron_never_fires,
    cron_overlap,
    cron_pile_up,
    cron_replace_starves,
    cron_short_months,
    cron_step_beyond_range,
    cron_suspended,
    cron_too_frequent,
    cron_ttl_vs_history,
    cron_uneven_step,
    cron_zone_missing,
    cron_zone_no_dst,
    cron_zone_sign,
    deploy_annotation_name,
    deploy_failed_hook_stays,
    deploy_generate_name,
    deploy_hook_delete_policy,
    deploy_hook_log_policy,
    deploy_hook_name,
    deploy_hook_weight,
    deploy_misplaced_metadata,
    deploy_replace_without_force,
    deploy_sync_option,
    deploy_version_in_template,
    job_child_rejected,
    job_command_never_ends,
    job_container_restart_always,
    job_deadline_before_retries,
    job_disruption_ignored_late,
    job_disruptions_count,
    job_exit_codes_hidden,
    job_failure_rule_unreachable,
    job_indexed_peers,
    job_indexed_service,
    job_max_backoff,
    job_max_completions,
    job_max_parallelism,
    job_no_deadline,
    job_onfailure_logs,
    job_parallelism_exceeds_completions,
    job_paused_by_parallelism,
    job_peer_dns,
    job_per_index_onfailure,
    job_pointless_probe,
    job_sidecar_never_ends,
    job_ttl_hook_conflict,
    job_ttl_missing,
    job_ttl_runs_again,
    job_ttl_short,
    job_work_queue_completions,
    manifest_ignored_text,
    manifest_no_jobs,
    manifest_not_judged,
    manifest_octal_number,
    manifest_too_large,
    pod_command_in_one_string,
    pod_host_port,
    pod_image_tag,
    pod_privileged,
    pod_resources,
    pod_script_not_executable,
    pod_service_account_token,
    pod_shell_arguments_ignored,
    pod_shell_syntax,
    pod_variable_order,
    pod_variable_undefined,
    ref_controller_selects_pods,
    ref_disruption_budget,
    ref_duplicate_object,
    ref_hook_order,
    ref_limit_range,
    ref_missing_key,
    ref_missing_object,
    ref_quota_exceeded,
    ref_quota_needs_resources,
    ref_service_selects_pods,
    ref_shared_claim,
    suppression_ended,
    suppression_ends_soon,
    suppression_not_allowed,
    suppression_syntax,
    suppression_too_long,
    suppression_unknown_rule,
    suppression_unused,
    template_unexpanded,
}

/// The registry of all rules, which the engine is handed ([`Context::registry`](crate::engine::Context::registry)).
pub fn registry() -> &'static Registry {
    static REGISTRY: LazyLock<Registry> = LazyLock::new(|| Registry::new(ALL));
    &REGISTRY
}

/// The registry of the rules that a policy holds: all of these, and the policy's own.
pub fn registry_of(policy: &Policy) -> &'static Registry {
    engine::registry(registry(), policy.own())
}

#[cfg(test)]
mod tests;
