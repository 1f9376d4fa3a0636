-- trades.watched_from is the end of the candle that opened a trade: from when on prices may touch its stop and target. None
-- for a trade that a quote opened, which is watched from then on.

-- The share of the used margin at which open trades are closed, in percent; 0 for when nothing is left.
ALTER TABLE accounts ADD COLUMN stop_out_percent INTEGER NOT NULL DEFAULT 0 CHECK (stop_out_percent BETWEEN 0 AND 100);
UPDATE accounts SET stop_out_percent = 50 WHERE leverage > 1;

-- Where the rate of a fill came from and when it was that, both none where the currencies are the same; and how long the
-- candle lasted that a fill was taken from, none for a quote. quote_time is when that candle opened.
ALTER TABLE fills ADD COLUMN rate_source TEXT;
ALTER TABLE fills ADD COLUMN rate_time {time};
ALTER TABLE fills ADD COLUMN candle TEXT CHECK (candle IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w'));

-- Days on which something was filled, of 20,000 points without reading them.
CREATE INDEX equity_points_traded ON equity_points (account_id, day) WHERE traded;

-- Stop-outs look for who holds an asset that has a new price, whatever its stops and targets.
CREATE INDEX trades_held ON trades (asset_id, account_id) WHERE status = 'OPEN';

-- Up to when the candles of each series were held against what waits: those of a longer timeframe come later, and say what
-- shorter ones that are missing did not.
CREATE TABLE trading_watermarks_before AS SELECT * FROM trading_watermarks;
DROP TABLE trading_watermarks;
CREATE TABLE trading_watermarks (
    asset_id     {uuid} NOT NULL REFERENCES assets (id),
    timeframe    TEXT   NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    judged_until {time} NOT NULL,
    PRIMARY KEY (asset_id, timeframe)
) {strict};
INSERT INTO trading_watermarks (asset_id, timeframe, judged_until)
    SELECT before.asset_id, series.timeframe, before.judged_until FROM trading_watermarks_before AS before
    CROSS JOIN (SELECT '1m' AS timeframe UNION ALL SELECT '5m' UNION ALL SELECT '15m' UNION ALL SELECT '1h'
        UNION ALL SELECT '4h' UNION ALL SELECT '1d') AS series;
DROP TABLE trading_watermarks_before;
