-- The language that the person is written to in. An empty password_hash is that of somebody who was invited and has
-- not accepted yet; so is an empty terms_version.
ALTER TABLE users ADD COLUMN locale TEXT NOT NULL DEFAULT 'en' CHECK (locale IN ('en', 'es'));

-- Tokens that were sent to a person's address, each good for one time: using one takes its row away, and a newer one of
-- the same purpose replaces it.
CREATE TABLE user_tokens (
    user_id    {uuid}  NOT NULL REFERENCES users (id),
    purpose    TEXT    NOT NULL CHECK (purpose IN ('VERIFY_EMAIL', 'RESET_PASSWORD', 'ACCEPT_INVITATION')),
    token_hash {bytes} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    created_at {time}  NOT NULL,
    expires_at {time}  NOT NULL,
    PRIMARY KEY (user_id, purpose)
) {strict};
CREATE INDEX user_tokens_by_expiry ON user_tokens (expires_at);

-- Who used the token up: the same program may have asked twice.
ALTER TABLE spent_refresh_tokens ADD COLUMN address TEXT;
ALTER TABLE spent_refresh_tokens ADD COLUMN user_agent TEXT;

-- Limits that several processes count together (the generic cell rate algorithm): the key is SHA-256 of the limit's
-- name and of whom it counts, and full_at the microsecond since 1970 at which the whole limit is there again.
CREATE TABLE rate_limits (
    key     {bytes}  NOT NULL PRIMARY KEY CHECK (length(key) = 32),
    full_at {bigint} NOT NULL
) {strict};
CREATE INDEX rate_limits_by_time ON rate_limits (full_at);

-- For taking away what was delivered long ago.
CREATE INDEX outbox_delivered ON outbox (delivered_at) WHERE delivered_at IS NOT NULL;
