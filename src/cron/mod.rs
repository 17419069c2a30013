//! The schedule dialect of Kubernetes CronJobs: parsing and fire times.
