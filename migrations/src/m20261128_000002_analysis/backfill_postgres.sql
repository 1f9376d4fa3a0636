-- The rows of every tenant, for this transaction.
SELECT set_config('bellwether.tenant', '*', true);
-- How late a signal was is told only where its market may not have been closed since: four days more than a span after its
-- candle, the longest weekend, by when it was recorded. What was recorded in time may have changed since, which nobody knows.
UPDATE signals SET in_hindsight = source <> 'SEED'
    AND created_at > signal_time + INTERVAL '4 days' + 2 * CASE timeframe
        WHEN '1m' THEN INTERVAL '1 minute' WHEN '5m' THEN INTERVAL '5 minutes' WHEN '15m' THEN INTERVAL '15 minutes'
        WHEN '1h' THEN INTERVAL '1 hour' WHEN '4h' THEN INTERVAL '4 hours' WHEN '1d' THEN INTERVAL '24 hours'
        ELSE INTERVAL '168 hours' END;
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
