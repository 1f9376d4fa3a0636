DROP TABLE candles;
PRAGMA defer_foreign_keys = ON;
CREATE TABLE assets_before AS SELECT * FROM assets;
DROP TABLE assets;
CREATE TABLE assets (
    id         BLOB NOT NULL PRIMARY KEY,
    symbol     TEXT   NOT NULL UNIQUE CHECK (length(symbol) BETWEEN 1 AND 20),
    name       TEXT   NOT NULL CHECK (length(name) BETWEEN 1 AND 100),
    kind       TEXT   NOT NULL CHECK (kind IN ('STOCK', 'CRYPTO', 'FOREX', 'COMMODITY', 'INDEX')),
    exchange   TEXT   NOT NULL CHECK (length(exchange) BETWEEN 1 AND 20),
    currency   TEXT   NOT NULL CHECK (length(currency) = 3),
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL
) STRICT;
INSERT INTO assets (id, symbol, name, kind, exchange, currency, created_at, updated_at)
    SELECT id, symbol, name, CASE kind WHEN 'FX' THEN 'FOREX' WHEN 'ETF' THEN 'STOCK' ELSE kind END, exchange, currency,
        created_at, updated_at
    FROM assets_before;
DROP TABLE assets_before;
