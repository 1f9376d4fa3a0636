//! Letters that could not be sent, for the owner alone.

mod mutations;
mod queries;
mod types;

pub(crate) use mutations::OutboxMutation;
pub(crate) use queries::OutboxQuery;

use bellwether_domain::permission::Permission;

use crate::field::Access;

const ACCESS: Access = Access::Needs(Permission::SchedulerManage);
