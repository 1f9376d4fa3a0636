-- Strategies that a tenant switched off, and on again. What is not here is on.
CREATE TABLE strategy_switches (
    tenant_id  {uuid} NOT NULL REFERENCES tenants (id),
    strategy   TEXT   NOT NULL CHECK (length(strategy) BETWEEN 1 AND 60),
    is_on      {bool} NOT NULL,
    updated_at {time} NOT NULL,
    PRIMARY KEY (tenant_id, strategy)
) {strict};

-- The newest candle of each asset and timeframe that signals were made of.
CREATE TABLE analysis_progress (
    asset_id    {uuid} NOT NULL REFERENCES assets (id),
    timeframe   TEXT   NOT NULL CHECK (timeframe IN ('1m', '5m', '15m', '1h', '4h', '1d', '1w')),
    candle_time {time} NOT NULL,
    PRIMARY KEY (asset_id, timeframe)
) {strict};

CREATE INDEX signals_open ON signals (asset_id, timeframe, signal_time, id) WHERE outcome IS NULL;
