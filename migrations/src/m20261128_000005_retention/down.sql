DROP INDEX outbox_dead;
DROP INDEX spent_refresh_tokens_by_time;
