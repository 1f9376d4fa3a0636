CREATE TABLE trading_watermarks_before AS
    SELECT asset_id, MAX(judged_until) AS judged_until FROM trading_watermarks GROUP BY asset_id;
DROP TABLE trading_watermarks;
CREATE TABLE trading_watermarks (
    asset_id     {uuid} NOT NULL PRIMARY KEY REFERENCES assets (id),
    judged_until {time} NOT NULL
) {strict};
INSERT INTO trading_watermarks (asset_id, judged_until) SELECT asset_id, judged_until FROM trading_watermarks_before;
DROP TABLE trading_watermarks_before;
DROP INDEX trades_held;
DROP INDEX equity_points_traded;
ALTER TABLE fills DROP COLUMN candle;
ALTER TABLE fills DROP COLUMN rate_time;
ALTER TABLE fills DROP COLUMN rate_source;
ALTER TABLE accounts DROP COLUMN stop_out_percent;
