-- Whose ranking is to be looked at again: a row for each booking that fills an order or ends an account, written with it.
CREATE TABLE ranking_queue (
    id        {uuid} NOT NULL PRIMARY KEY,
    tenant_id {uuid} NOT NULL REFERENCES tenants (id),
    user_id   {uuid} NOT NULL REFERENCES users (id)
) {strict};

-- What a trader has done on all their accounts, and under what name others see them. version goes up whenever the figures
-- are written, so that of two who compute them at once only one writes.
CREATE TABLE trader_profiles (
    user_id           {uuid}   NOT NULL PRIMARY KEY REFERENCES users (id),
    tenant_id         {uuid}   NOT NULL REFERENCES tenants (id),
    handle            TEXT     NOT NULL CHECK (length(handle) BETWEEN 1 AND 20),
    shows_name        {bool}   NOT NULL,
    version           {bigint} NOT NULL CHECK (version >= 0),
    opened            {bigint} NOT NULL CHECK (opened >= 0),
    closed            {bigint} NOT NULL CHECK (closed BETWEEN 0 AND opened),
    won               {bigint} NOT NULL CHECK (won BETWEEN 0 AND closed),
    longest_win_run   {bigint} NOT NULL CHECK (longest_win_run BETWEEN 0 AND won),
    longest_day_run   {bigint} NOT NULL CHECK (longest_day_run >= 0),
    challenges_passed {bigint} NOT NULL CHECK (challenges_passed >= 0),
    created_at        {time}   NOT NULL,
    updated_at        {time}   NOT NULL,
    UNIQUE (tenant_id, handle)
) {strict};

-- What a trader's closed trades came to, by the currency of their accounts.
CREATE TABLE trader_results (
    user_id     {uuid}   NOT NULL REFERENCES users (id),
    currency    TEXT     NOT NULL CHECK (length(currency) = 3),
    tenant_id   {uuid}   NOT NULL REFERENCES tenants (id),
    profit      {bigint} NOT NULL,
    best_trade  {bigint} NOT NULL,
    worst_trade {bigint} NOT NULL CHECK (worst_trade <= best_trade),
    PRIMARY KEY (user_id, currency)
) {strict};

-- What a trader has achieved, once and for good.
CREATE TABLE achievements (
    user_id     {uuid} NOT NULL REFERENCES users (id),
    kind        TEXT   NOT NULL CHECK (kind IN ('FIRST_TRADE', 'FIRST_PROFITABLE_TRADE', 'TEN_WINS_IN_A_ROW',
        'PROFIT_1000', 'PROFIT_10000', 'CHALLENGE_PASSED', 'TOP_TEN', 'STREAK_30_DAYS')),
    tenant_id   {uuid} NOT NULL REFERENCES tenants (id),
    unlocked_at {time} NOT NULL,
    PRIMARY KEY (user_id, kind)
) {strict};

-- What an account's trades that were closed within a period came to. begins is the day on which the period begins, such as
-- 2026-11-23; of ALL_TIME it is 1970-01-01. loss_percent is the profit with its sign turned, so that the least of (loss_percent,
-- drawdown_percent, reached_at, tiebreak) is the best; tiebreak is of the account's id, and tells nothing of it. is_best marks the
-- account that a trader is ranked by, where one may be.
CREATE TABLE leaderboard_entries (
    account_id       {uuid}   NOT NULL REFERENCES accounts (id),
    period           TEXT     NOT NULL CHECK (period IN ('WEEK', 'MONTH', 'ALL_TIME')),
    begins           TEXT     NOT NULL CHECK (length(begins) = 10),
    tenant_id        {uuid}   NOT NULL REFERENCES tenants (id),
    user_id          {uuid}   NOT NULL REFERENCES users (id),
    scope            TEXT     NOT NULL CHECK (scope IN ('PAPER', 'CHALLENGE')),
    currency         TEXT     NOT NULL CHECK (length(currency) = 3),
    trades           {bigint} NOT NULL CHECK (trades >= 0),
    wins             {bigint} NOT NULL CHECK (wins BETWEEN 0 AND trades),
    profit           {bigint} NOT NULL,
    loss_percent     {bigint} NOT NULL,
    drawdown_percent {bigint} NOT NULL CHECK (drawdown_percent >= 0),
    consistency      {bigint} CHECK (consistency BETWEEN 0 AND 1000000),
    reached_at       {time}   NOT NULL,
    tiebreak         {bigint} NOT NULL,
    is_best          {bool}   NOT NULL,
    PRIMARY KEY (account_id, period, begins)
) {strict};
CREATE INDEX leaderboard_entries_by_user ON leaderboard_entries (user_id);
CREATE INDEX leaderboard_entries_ranked ON leaderboard_entries
    (tenant_id, scope, period, begins, loss_percent, drawdown_percent, reached_at, tiebreak) WHERE is_best;

-- Those who have traded before there was a ranking are looked at first.
INSERT INTO ranking_queue (id, tenant_id, user_id)
SELECT accounts.user_id, accounts.tenant_id, accounts.user_id FROM accounts GROUP BY accounts.user_id, accounts.tenant_id;
