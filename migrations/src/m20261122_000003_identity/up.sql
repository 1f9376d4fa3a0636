-- A user's open sessions and API keys, newest first.
CREATE INDEX sessions_open ON sessions (user_id, id) WHERE ended_at IS NULL;
CREATE INDEX api_keys_newest ON api_keys (user_id, id);

-- Users of a tenant, and of all, by when they registered. (By email there are the UNIQUE key and users_by_email.)
CREATE INDEX users_by_time ON users (tenant_id, created_at, id);
CREATE INDEX users_of_all_by_time ON users (created_at, id);

-- The audit log by tenant, by who did it and by what it was done to.
CREATE INDEX audit_log_by_tenant ON audit_log (tenant_id, id);
CREATE INDEX audit_log_by_actor ON audit_log (actor_id, id);
CREATE INDEX audit_log_by_subject ON audit_log (subject, id);
