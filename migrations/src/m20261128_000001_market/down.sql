ALTER TABLE candle_series DROP COLUMN covered_until;
ALTER TABLE candle_series DROP COLUMN asked_at;
