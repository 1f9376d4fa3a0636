ALTER TABLE assets DROP CONSTRAINT assets_kind_check;
UPDATE assets SET kind = 'FX' WHERE kind = 'FOREX';
ALTER TABLE assets
    ADD CONSTRAINT assets_kind_check CHECK (kind IN ('STOCK', 'ETF', 'INDEX', 'FX', 'CRYPTO', 'COMMODITY')),
    ADD COLUMN tick_size      BIGINT NOT NULL DEFAULT 1000000 CHECK (tick_size > 0),
    ADD COLUMN lot_size       BIGINT NOT NULL DEFAULT 100000000 CHECK (lot_size > 0),
    ADD COLUMN sector         TEXT   CHECK (length(sector) BETWEEN 1 AND 60),
    ADD COLUMN source_symbols JSONB  NOT NULL DEFAULT '{}';

-- A partition a timeframe: what is read together lies together, daily candles that stay for ever are apart from minutes
-- that come and go, and each has its own, smaller index and its own vacuum.
CREATE TABLE candles (
    timeframe TEXT    NOT NULL,
    series_id INTEGER NOT NULL,
    open_time BIGINT  NOT NULL,
    open      BIGINT  NOT NULL CHECK (open > 0),
    high      BIGINT  NOT NULL,
    low       BIGINT  NOT NULL,
    close     BIGINT  NOT NULL CHECK (close > 0),
    volume    BIGINT  NOT NULL CHECK (volume >= 0),
    PRIMARY KEY (timeframe, series_id, open_time),
    CHECK (high >= open AND high >= close AND low <= open AND low <= close AND low > 0)
) PARTITION BY LIST (timeframe);
CREATE TABLE candles_1m PARTITION OF candles FOR VALUES IN ('1m');
CREATE TABLE candles_5m PARTITION OF candles FOR VALUES IN ('5m');
CREATE TABLE candles_15m PARTITION OF candles FOR VALUES IN ('15m');
CREATE TABLE candles_1h PARTITION OF candles FOR VALUES IN ('1h');
CREATE TABLE candles_4h PARTITION OF candles FOR VALUES IN ('4h');
CREATE TABLE candles_1d PARTITION OF candles FOR VALUES IN ('1d');
CREATE TABLE candles_1w PARTITION OF candles FOR VALUES IN ('1w');
