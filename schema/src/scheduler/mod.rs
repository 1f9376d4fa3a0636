//! The scheduler: its lock, its jobs and their runs, for the owner alone.

mod mutations;
mod queries;
mod subscriptions;
mod types;

pub(crate) use mutations::SchedulerMutation;
pub(crate) use queries::SchedulerQuery;
pub(crate) use subscriptions::SchedulerSubscription;
pub(crate) use types::{RunStatus, SchedulerRun};

use bellwether_domain::permission::Permission;

use crate::field::Access;

const ACCESS: Access = Access::Needs(Permission::SchedulerManage);
