DROP INDEX outbox_delivered;
DROP TABLE rate_limits;
ALTER TABLE spent_refresh_tokens DROP COLUMN user_agent;
ALTER TABLE spent_refresh_tokens DROP COLUMN address;
DROP TABLE user_tokens;
ALTER TABLE users DROP COLUMN locale;
