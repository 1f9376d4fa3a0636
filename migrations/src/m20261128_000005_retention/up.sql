-- A session that goes on leaves a used token at each refresh: those are removed when they would have run out anyway.
CREATE INDEX spent_refresh_tokens_by_time ON spent_refresh_tokens (spent_at);
-- Letters that were given up are counted every few seconds, and listed newest first; there are few.
CREATE INDEX outbox_dead ON outbox (id) WHERE dead_at IS NOT NULL;
