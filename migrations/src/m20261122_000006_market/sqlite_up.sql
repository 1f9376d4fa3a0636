-- SQLite cannot change a CHECK: the table is made anew. Signals point to it meanwhile, so their keys are looked at when
-- everything is back.
PRAGMA defer_foreign_keys = ON;
CREATE TABLE assets_before AS SELECT * FROM assets;
DROP TABLE assets;
CREATE TABLE assets (
    id             BLOB    NOT NULL PRIMARY KEY,
    symbol         TEXT    NOT NULL UNIQUE CHECK (length(symbol) BETWEEN 1 AND 20),
    name           TEXT    NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind           TEXT    NOT NULL CHECK (kind IN ('STOCK', 'ETF', 'INDEX', 'FX', 'CRYPTO', 'COMMODITY')),
    exchange       TEXT    NOT NULL CHECK (length(exchange) BETWEEN 1 AND 20),
    currency       TEXT    NOT NULL CHECK (length(currency) = 3),
    tick_size      INTEGER NOT NULL DEFAULT 1000000 CHECK (tick_size > 0),
    lot_size       INTEGER NOT NULL DEFAULT 100000000 CHECK (lot_size > 0),
    sector         TEXT    CHECK (length(sector) BETWEEN 1 AND 60),
    source_symbols TEXT    NOT NULL DEFAULT '{}',
    created_at     TEXT    NOT NULL,
    updated_at     TEXT    NOT NULL
) STRICT;
INSERT INTO assets (id, symbol, name, kind, exchange, currency, created_at, updated_at)
    SELECT id, symbol, name, CASE kind WHEN 'FOREX' THEN 'FX' ELSE kind END, exchange, currency, created_at, updated_at
    FROM assets_before;
DROP TABLE assets_before;

CREATE TABLE candles (
    timeframe TEXT    NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    series_id INTEGER NOT NULL,
    open_time INTEGER NOT NULL,
    open      INTEGER NOT NULL CHECK (open > 0),
    high      INTEGER NOT NULL,
    low       INTEGER NOT NULL,
    close     INTEGER NOT NULL CHECK (close > 0),
    volume    INTEGER NOT NULL CHECK (volume >= 0),
    PRIMARY KEY (timeframe, series_id, open_time),
    CHECK (high >= open AND high >= close AND low <= open AND low <= close AND low > 0)
) STRICT, WITHOUT ROWID;
