-- The rows of every tenant, for this transaction.
SELECT set_config('bellwether.tenant', '*', true);
-- What changed after it was recorded is not known of a signal that was judged: of these the recording counts.
UPDATE signals SET in_hindsight = source <> 'SEED'
    AND CASE WHEN settled_at IS NULL THEN updated_at ELSE created_at END > signal_time + 2 * CASE timeframe
        WHEN '1m' THEN INTERVAL '1 minute' WHEN '5m' THEN INTERVAL '5 minutes' WHEN '15m' THEN INTERVAL '15 minutes'
        WHEN '1h' THEN INTERVAL '1 hour' WHEN '4h' THEN INTERVAL '4 hours' WHEN '1d' THEN INTERVAL '24 hours'
        ELSE INTERVAL '168 hours' END;
UPDATE signals SET is_simulated = source = 'SEED' OR EXISTS (
    SELECT 1 FROM candle_series AS series
    WHERE series.asset_id = signals.asset_id AND series.timeframe = signals.timeframe AND series.source = 'demo');
