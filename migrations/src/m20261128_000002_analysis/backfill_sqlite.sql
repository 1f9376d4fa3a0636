-- How late a signal was is told only where its market may not have been closed since: four days more than a span after its
-- candle, the longest weekend, by when it was recorded. What was recorded in time may have changed since, which nobody knows.
UPDATE signals SET in_hindsight = source <> 'SEED'
    AND unixepoch(created_at) > unixepoch(signal_time) + 4 * 86400 + 2 * CASE timeframe
        WHEN '1m' THEN 60 WHEN '5m' THEN 300 WHEN '15m' THEN 900 WHEN '1h' THEN 3600 WHEN '4h' THEN 14400
        WHEN '1d' THEN 86400 ELSE 604800 END;
-- What others than the house sent was never made on simulated prices, but may have been judged by them. Candles that are not
-- stored are made of smaller ones.
UPDATE signals SET is_simulated = source = 'SEED' OR ((source = 'ENGINE' OR outcome IS NOT NULL) AND EXISTS (
    SELECT 1 FROM candle_series AS series
    WHERE series.asset_id = signals.asset_id AND series.source = 'demo' AND (
        series.timeframe = signals.timeframe
        OR NOT EXISTS (
            SELECT 1 FROM candle_series AS own
            WHERE own.asset_id = signals.asset_id AND own.timeframe = signals.timeframe)
        AND CASE signals.timeframe
            WHEN '5m' THEN series.timeframe = '1m' WHEN '15m' THEN series.timeframe IN ('5m', '1m')
            WHEN '1h' THEN series.timeframe IN ('15m', '5m', '1m') WHEN '4h' THEN series.timeframe = '1h'
            WHEN '1d' THEN series.timeframe IN ('4h', '1h') WHEN '1w' THEN series.timeframe = '1d'
            ELSE FALSE END)));
