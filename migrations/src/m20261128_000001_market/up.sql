-- asked_at: when a source last answered with candles of the series, as against a file that brought some. covered_until:
-- when the newest of the candles opened that a source answered with; from covered_from to there it told all it had. Both
-- are empty at first, so a source is asked for all of a series once more, which fills the holes that there may be.
ALTER TABLE candle_series ADD COLUMN asked_at {time};
ALTER TABLE candle_series ADD COLUMN covered_until {time};
