DROP INDEX audit_log_by_subject;
DROP INDEX audit_log_by_actor;
DROP INDEX audit_log_by_tenant;
DROP INDEX users_of_all_by_time;
DROP INDEX users_by_time;
DROP INDEX api_keys_newest;
DROP INDEX sessions_open;
