-- Where assets trade. calendar: the sessions of a week in the exchange's own time zone, other hours for a while, and the
-- days on which it is closed or closes early.
CREATE TABLE exchanges (
    code       TEXT   NOT NULL PRIMARY KEY CHECK (length(code) BETWEEN 1 AND 20),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    country    TEXT   CHECK (length(country) = 2),
    time_zone  TEXT   NOT NULL CHECK (length(time_zone) BETWEEN 1 AND 40),
    currency   TEXT   CHECK (length(currency) = 3),
    calendar   {json} NOT NULL,
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL
) {strict};

-- The candles of one asset in one timeframe, where they come from, and from when on the source was asked for them. A row of candles, of which there are tens of
-- millions, names its series by a small number instead of the asset's 16 bytes; open_time there is in seconds since 1970.
CREATE TABLE candle_series (
    id           INTEGER  NOT NULL PRIMARY KEY,
    asset_id     {uuid}   NOT NULL REFERENCES assets (id),
    timeframe    TEXT     NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    source       TEXT     NOT NULL CHECK (source IN ('yahoo', 'casablanca', 'csv', 'demo')),
    refused      {bigint} NOT NULL DEFAULT 0 CHECK (refused >= 0),
    covered_from {time},
    fetched_at   {time}   NOT NULL,
    UNIQUE (asset_id, timeframe)
) {strict};

-- The last known price of each asset.
CREATE TABLE quotes (
    asset_id       {uuid}   NOT NULL PRIMARY KEY REFERENCES assets (id),
    price          {bigint} NOT NULL CHECK (price > 0),
    bid            {bigint} NOT NULL CHECK (bid > 0),
    ask            {bigint} NOT NULL CHECK (ask >= bid),
    currency       TEXT     NOT NULL CHECK (length(currency) = 3),
    previous_close {bigint} CHECK (previous_close > 0),
    exchange_time  {time}   NOT NULL,
    fetched_at     {time}   NOT NULL,
    source         TEXT     NOT NULL CHECK (source IN ('yahoo', 'casablanca', 'csv', 'demo'))
) {strict};
CREATE INDEX quotes_by_fetch ON quotes (fetched_at);

-- When somebody last asked for an asset's price: what nobody asked for is not refreshed.
CREATE TABLE asset_interest (
    asset_id {uuid} NOT NULL PRIMARY KEY REFERENCES assets (id),
    asked_at {time} NOT NULL
) {strict};

-- How each source of prices does, as the process that asked it last saw it.
CREATE TABLE market_sources (
    name            TEXT    NOT NULL PRIMARY KEY CHECK (name IN ('yahoo', 'casablanca', 'csv', 'demo')),
    breaker         TEXT    NOT NULL CHECK (breaker IN ('CLOSED', 'OPEN', 'HALF_OPEN')),
    failures        INTEGER NOT NULL CHECK (failures >= 0),
    last_success_at {time},
    last_error      TEXT    CHECK (length(last_error) <= 500),
    last_error_at   {time},
    next_try_at     {time},
    updated_at      {time}  NOT NULL
) {strict};

CREATE TABLE watchlists (
    id         {uuid} NOT NULL PRIMARY KEY,
    tenant_id  {uuid} NOT NULL REFERENCES tenants (id),
    user_id    {uuid} NOT NULL REFERENCES users (id),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    created_at {time} NOT NULL,
    updated_at {time} NOT NULL,
    UNIQUE (user_id, name)
) {strict};

CREATE TABLE watchlist_assets (
    watchlist_id {uuid} NOT NULL REFERENCES watchlists (id),
    asset_id     {uuid} NOT NULL REFERENCES assets (id),
    tenant_id    {uuid} NOT NULL REFERENCES tenants (id),
    place        INTEGER NOT NULL CHECK (place > 0),
    PRIMARY KEY (watchlist_id, asset_id)
) {strict};
CREATE INDEX watchlist_assets_by_asset ON watchlist_assets (asset_id);
