-- What is true of the installation itself, one fact a row ("demo": when the demo data was anchored).
CREATE TABLE installation (
    key   TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) {strict};

CREATE TABLE tenants (
    id         {uuid} NOT NULL PRIMARY KEY,
    slug       TEXT   NOT NULL UNIQUE CHECK (length(slug) BETWEEN 1 AND 40),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    status     TEXT   NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED')),
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

-- email is as the person wrote it, email_key what is compared; closing an account frees the key.
CREATE TABLE users (
    id                {uuid} NOT NULL PRIMARY KEY,
    tenant_id         {uuid} NOT NULL REFERENCES tenants (id),
    email             TEXT   NOT NULL CHECK (length(email) BETWEEN 3 AND 255),
    email_key         TEXT   NOT NULL CHECK (length(email_key) BETWEEN 3 AND 255),
    password_hash     TEXT   NOT NULL,
    first_name        TEXT   NOT NULL CHECK (length(first_name) BETWEEN 1 AND 100),
    last_name         TEXT   NOT NULL CHECK (length(last_name) BETWEEN 1 AND 100),
    role              TEXT   NOT NULL CHECK (role IN ('TRADER', 'SUPPORT', 'SELLER', 'ADMIN', 'OWNER')),
    status            TEXT   NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED', 'CLOSED')),
    email_verified_at {time},
    terms_version     TEXT   NOT NULL,
    terms_accepted_at {time} NOT NULL,
    created_at        {time} NOT NULL,
    updated_at        {time} NOT NULL,
    UNIQUE (tenant_id, email_key)
) {strict};
CREATE INDEX users_by_email ON users (email_key);

CREATE TABLE sessions (
    id                 {uuid}  NOT NULL PRIMARY KEY,
    tenant_id          {uuid}  NOT NULL REFERENCES tenants (id),
    user_id            {uuid}  NOT NULL REFERENCES users (id),
    refresh_token_hash {bytes} NOT NULL UNIQUE CHECK (length(refresh_token_hash) = 32),
    remember_me        {bool}  NOT NULL,
    user_agent         TEXT,
    address            TEXT,
    created_at         {time}  NOT NULL,
    last_used_at       {time}  NOT NULL,
    expires_at         {time}  NOT NULL,
    ended_at           {time}
) {strict};
CREATE INDEX sessions_by_user ON sessions (user_id, created_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

-- Refresh tokens that were used. One that comes back was stolen, or its owner's was: the session ends.
CREATE TABLE spent_refresh_tokens (
    token_hash {bytes} NOT NULL PRIMARY KEY CHECK (length(token_hash) = 32),
    session_id {uuid}  NOT NULL REFERENCES sessions (id),
    spent_at   {time}  NOT NULL
) {strict};

CREATE TABLE api_keys (
    id           {uuid}  NOT NULL PRIMARY KEY,
    tenant_id    {uuid}  NOT NULL REFERENCES tenants (id),
    user_id      {uuid}  NOT NULL REFERENCES users (id),
    name         TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    prefix       TEXT    NOT NULL,
    token_hash   {bytes} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    scopes       {json}  NOT NULL,
    created_at   {time}  NOT NULL,
    last_used_at {time},
    expires_at   {time},
    revoked_at   {time}
) {strict};
CREATE INDEX api_keys_by_user ON api_keys (user_id, created_at);

-- Reference data of the installation, the same for every tenant.
CREATE TABLE assets (
    id         {uuid} NOT NULL PRIMARY KEY,
    symbol     TEXT   NOT NULL UNIQUE CHECK (length(symbol) BETWEEN 1 AND 20),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind       TEXT   NOT NULL CHECK (kind IN ('STOCK', 'CRYPTO', 'FOREX', 'COMMODITY', 'INDEX')),
    exchange   TEXT   NOT NULL CHECK (length(exchange) BETWEEN 1 AND 20),
    currency   TEXT   NOT NULL CHECK (length(currency) = 3),
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

-- A strategy is known from the first signal that names it.
CREATE TABLE strategies (
    id         {uuid} NOT NULL PRIMARY KEY,
    tenant_id  {uuid} NOT NULL REFERENCES tenants (id),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    created_at {time} NOT NULL,
    UNIQUE (tenant_id, name)
) {strict};

-- The tenant's last signal sequence. Its row is locked by whoever records, so sequences become visible in order.
CREATE TABLE signal_sequence (
    tenant_id {uuid}   NOT NULL PRIMARY KEY REFERENCES tenants (id),
    value     {bigint} NOT NULL CHECK (value >= 0)
) {strict};

-- Prices are integers of 8 decimals, return_percent of 4. sequence is that of the signal's last change.
CREATE TABLE signals (
    id              {uuid}   NOT NULL PRIMARY KEY,
    tenant_id       {uuid}   NOT NULL REFERENCES tenants (id),
    sequence        {bigint} NOT NULL CHECK (sequence > 0),
    idempotency_key {bytes}  NOT NULL UNIQUE CHECK (length(idempotency_key) = 32),
    author_id       {uuid}   REFERENCES users (id),
    audience        TEXT     NOT NULL CHECK (audience IN ('PRIVATE', 'TENANT')),
    asset_id        {uuid}   NOT NULL REFERENCES assets (id),
    timeframe       TEXT     NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    mode            TEXT     NOT NULL CHECK (mode IN ('SCALP', 'INTRADAY', 'SWING')),
    strategy_id     {uuid}   REFERENCES strategies (id),
    signal_time     {time}   NOT NULL,
    direction       TEXT     NOT NULL CHECK (direction IN ('BUY', 'SELL', 'HOLD')),
    confidence      INTEGER  NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    entry           {bigint} CHECK (entry > 0),
    target          {bigint} CHECK (target > 0),
    stop            {bigint} CHECK (stop > 0),
    summary         TEXT     CHECK (length(summary) <= 2000),
    reasons         {json}   NOT NULL,
    source          TEXT     NOT NULL CHECK (source IN ('ENGINE', 'WEBHOOK', 'API', 'SEED', 'PIPELINE')),
    payload         {json},
    outcome         TEXT     CHECK (outcome IN ('WIN', 'LOSS', 'EXPIRED')),
    return_percent  {bigint},
    settled_at      {time},
    created_at      {time}   NOT NULL,
    updated_at      {time}   NOT NULL,
    CHECK ((outcome IS NULL) = (settled_at IS NULL)),
    CHECK (author_id IS NOT NULL OR audience = 'TENANT')
) {strict};
CREATE UNIQUE INDEX signals_by_sequence ON signals (tenant_id, sequence);
CREATE INDEX signals_by_time ON signals (tenant_id, signal_time, id);
CREATE INDEX signals_by_confidence ON signals (tenant_id, confidence, id);
CREATE INDEX signals_by_asset ON signals (tenant_id, asset_id, signal_time, id);
CREATE INDEX signals_by_strategy ON signals (tenant_id, strategy_id, signal_time, id);
CREATE INDEX signals_latest ON signals (tenant_id, asset_id, timeframe, mode, signal_time, id);
CREATE INDEX signals_of_all_by_time ON signals (signal_time, id);
CREATE INDEX signals_of_all_by_confidence ON signals (confidence, id);

CREATE TABLE signal_sources (
    id              {uuid}  NOT NULL PRIMARY KEY,
    tenant_id       {uuid}  NOT NULL REFERENCES tenants (id),
    owner_id        {uuid}  NOT NULL REFERENCES users (id),
    name            TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    token_hash      {bytes} NOT NULL UNIQUE CHECK (length(token_hash) = 32),
    token_prefix    TEXT    NOT NULL,
    audience        TEXT    NOT NULL CHECK (audience IN ('PRIVATE', 'TENANT')),
    mode            TEXT    NOT NULL CHECK (mode IN ('SCALP', 'INTRADAY', 'SWING')),
    timeframe       TEXT    NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    strategy        TEXT    CHECK (length(strategy) BETWEEN 1 AND 60),
    confidence      INTEGER NOT NULL CHECK (confidence BETWEEN 0 AND 100),
    symbols         {json}  NOT NULL,
    max_age_seconds INTEGER NOT NULL CHECK (max_age_seconds BETWEEN 60 AND 31536000),
    cadence_seconds INTEGER CHECK (cadence_seconds BETWEEN 60 AND 31536000),
    alternates      {bool}  NOT NULL,
    last_received_at {time},
    revoked_at      {time},
    created_at      {time}  NOT NULL,
    updated_at      {time}  NOT NULL
) {strict};
CREATE INDEX signal_sources_by_tenant ON signal_sources (tenant_id, id);

-- The ingest journal: every delivery as it came, and what became of it. A null verdict waits to be judged.
CREATE TABLE signal_deliveries (
    id           {uuid}  NOT NULL PRIMARY KEY,
    tenant_id    {uuid}  NOT NULL REFERENCES tenants (id),
    source_id    {uuid}  NOT NULL REFERENCES signal_sources (id),
    received_at  {time}  NOT NULL,
    content_type TEXT,
    body         {bytes} NOT NULL CHECK (length(body) <= 65536),
    verdict      TEXT    CHECK (verdict IN ('INSERTED', 'DUPLICATE', 'STALE', 'REJECTED', 'LIMITED')),
    reason       TEXT,
    signal_id    {uuid}  REFERENCES signals (id),
    judged_at    {time},
    CHECK ((verdict IS NULL) = (judged_at IS NULL))
) {strict};
CREATE INDEX signal_deliveries_by_tenant ON signal_deliveries (tenant_id, id);
CREATE INDEX signal_deliveries_by_source ON signal_deliveries (source_id, id);
CREATE INDEX signal_deliveries_waiting ON signal_deliveries (id) WHERE verdict IS NULL;

CREATE TABLE scheduler_lock (
    lock_name     TEXT     NOT NULL PRIMARY KEY,
    owner_id      TEXT     NOT NULL,
    fencing_token {bigint} NOT NULL CHECK (fencing_token >= 0),
    acquired_at   {time}   NOT NULL,
    expires_at    {time}   NOT NULL,
    updated_at    {time}   NOT NULL
) {strict};

CREATE TABLE scheduler_run (
    id            {uuid}   NOT NULL PRIMARY KEY,
    job           TEXT     NOT NULL,
    owner_id      TEXT     NOT NULL,
    fencing_token {bigint} NOT NULL,
    started_at    {time}   NOT NULL,
    finished_at   {time},
    status        TEXT     NOT NULL CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABANDONED')),
    items         {bigint} NOT NULL DEFAULT 0 CHECK (items >= 0),
    notes         TEXT,
    CHECK ((status = 'RUNNING') = (finished_at IS NULL))
) {strict};
CREATE INDEX scheduler_run_by_job ON scheduler_run (job, started_at);
CREATE INDEX scheduler_run_running ON scheduler_run (id) WHERE status = 'RUNNING';

-- Messages written in the transaction of what they tell of, sent afterwards.
CREATE TABLE outbox (
    id              {uuid}   NOT NULL PRIMARY KEY,
    tenant_id       {uuid}   REFERENCES tenants (id),
    kind            TEXT     NOT NULL,
    message         {json}   NOT NULL,
    attempts        INTEGER  NOT NULL DEFAULT 0 CHECK (attempts >= 0),
    next_attempt_at {time}   NOT NULL,
    last_error      TEXT,
    created_at      {time}   NOT NULL,
    delivered_at    {time},
    dead_at         {time}
) {strict};
CREATE INDEX outbox_due ON outbox (next_attempt_at, id) WHERE delivered_at IS NULL AND dead_at IS NULL;

-- A hash chain a tenant: hash = SHA-256(previous_hash, canonical entry).
CREATE TABLE audit_log (
    id            {uuid}   NOT NULL PRIMARY KEY,
    tenant_id     {uuid}   NOT NULL REFERENCES tenants (id),
    sequence      {bigint} NOT NULL CHECK (sequence > 0),
    at            {time}   NOT NULL,
    actor_id      {uuid}   REFERENCES users (id),
    action        TEXT     NOT NULL,
    subject       TEXT,
    details       TEXT     NOT NULL,
    address       TEXT,
    user_agent    TEXT,
    previous_hash {bytes}  NOT NULL CHECK (length(previous_hash) = 32),
    hash          {bytes}  NOT NULL CHECK (length(hash) = 32),
    UNIQUE (tenant_id, sequence)
) {strict};
