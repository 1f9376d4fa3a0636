-- What challenges are offered: the installation's, the same for every tenant. phases is a JSON list of the rules of each
-- phase, as domain/src/challenges/rules.rs writes them: as text, because a hash is over its exact letters.
CREATE TABLE challenge_tiers (
    code           TEXT    NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 20),
    name           TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    place          INTEGER NOT NULL UNIQUE CHECK (place > 0),
    is_recommended {bool}  NOT NULL,
    is_offered     {bool}  NOT NULL,
    price          {bigint} CHECK (price >= 0),
    price_currency TEXT    CHECK (length(price_currency) = 3),
    is_refundable  {bool}  NOT NULL,
    phases         TEXT    NOT NULL,
    created_at     {time}  NOT NULL,
    updated_at     {time}  NOT NULL,
    CHECK ((price IS NULL) = (price_currency IS NULL))
) {strict};

-- One phase of a challenge. phases is the tier's text as it was when the challenge was granted, rules_hash the SHA-256 of it. state is what is known beside the account, and changes only with a row of evidence: seq is
-- the number of the last, and evidence_hash its hash. next_look is when the clock alone changes something.
CREATE TABLE challenges (
    id            {uuid}   NOT NULL PRIMARY KEY,
    tenant_id     {uuid}   NOT NULL REFERENCES tenants (id),
    user_id       {uuid}   NOT NULL REFERENCES users (id),
    tier_code     TEXT     NOT NULL CHECK (length(tier_code) BETWEEN 1 AND 20),
    tier_name     TEXT     NOT NULL CHECK (length(tier_name) BETWEEN 1 AND 60),
    phases        TEXT     NOT NULL,
    phase         INTEGER  NOT NULL CHECK (phase > 0),
    previous_id   {uuid}   UNIQUE REFERENCES challenges (id),
    rules_hash    {bytes}  NOT NULL CHECK (length(rules_hash) = 32),
    status        TEXT     NOT NULL
        CHECK (status IN ('PENDING', 'ACTIVE', 'PASSED', 'FAILED', 'EXPIRED', 'CANCELLED')),
    account_id    {uuid}   UNIQUE REFERENCES accounts (id),
    state         {json},
    seq           {bigint} NOT NULL CHECK (seq > 0),
    evidence_hash {bytes}  NOT NULL CHECK (length(evidence_hash) = 32),
    certificate   TEXT     UNIQUE CHECK (length(certificate) = 14),
    started_at    {time},
    expires_at    {time},
    next_look     {time},
    ended_at      {time},
    created_at    {time}   NOT NULL,
    updated_at    {time}   NOT NULL,
    CHECK ((account_id IS NULL) = (state IS NULL)),
    CHECK ((account_id IS NULL) = (started_at IS NULL)),
    CHECK (account_id IS NOT NULL OR status IN ('PENDING', 'CANCELLED')),
    CHECK (account_id IS NULL OR status <> 'PENDING'),
    CHECK ((status IN ('PENDING', 'ACTIVE')) = (ended_at IS NULL)),
    CHECK ((status = 'ACTIVE') = (next_look IS NOT NULL)),
    CHECK (certificate IS NULL OR status = 'PASSED'),
    CHECK ((phase = 1) = (previous_id IS NULL))
) {strict};
CREATE INDEX challenges_by_user ON challenges (user_id, id);
CREATE INDEX challenges_by_tenant ON challenges (tenant_id, id);
CREATE INDEX challenges_active ON challenges (id) WHERE status = 'ACTIVE';
CREATE INDEX challenges_due ON challenges (next_look) WHERE status = 'ACTIVE';

-- How a challenge was judged: a row for every look that changed anything, numbered from 1. body is JSON as text, because
-- hash is the SHA-256 of previous_hash and its exact letters; the other columns say the same, to be found by.
CREATE TABLE challenge_evidence (
    challenge_id  {uuid}   NOT NULL REFERENCES challenges (id),
    seq           {bigint} NOT NULL CHECK (seq > 0),
    tenant_id     {uuid}   NOT NULL REFERENCES tenants (id),
    at            {time}   NOT NULL,
    cause         TEXT     NOT NULL CHECK (cause IN ('GRANTED', 'STARTED', 'FILL', 'ORDER', 'QUOTE', 'CLOCK', 'ADMIN')),
    status        TEXT     NOT NULL
        CHECK (status IN ('PENDING', 'ACTIVE', 'PASSED', 'FAILED', 'EXPIRED', 'CANCELLED')),
    rule          TEXT     CHECK (rule IN ('DAILY_LOSS', 'MAX_DRAWDOWN', 'POSITION_SIZE', 'CONSISTENCY')),
    body          TEXT     NOT NULL,
    previous_hash {bytes}  NOT NULL CHECK (length(previous_hash) = 32),
    hash          {bytes}  NOT NULL CHECK (length(hash) = 32),
    PRIMARY KEY (challenge_id, seq)
) {strict};

-- The challenge that an account belongs to; none for a paper account of its owner's own. (The challenge refers to it, so it
-- can't refer back.)
ALTER TABLE accounts ADD COLUMN challenge_id {uuid};
CREATE UNIQUE INDEX accounts_by_challenge ON accounts (challenge_id) WHERE challenge_id IS NOT NULL;
CREATE INDEX accounts_left_open ON accounts (id) WHERE challenge_id IS NOT NULL AND status = 'SUSPENDED';
