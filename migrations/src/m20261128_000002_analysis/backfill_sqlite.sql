-- What changed after it was recorded is not known of a signal that was judged: of these the recording counts.
UPDATE signals SET in_hindsight = source <> 'SEED'
    AND unixepoch(CASE WHEN settled_at IS NULL THEN updated_at ELSE created_at END) > unixepoch(signal_time) + 2 * CASE timeframe
        WHEN '1m' THEN 60 WHEN '5m' THEN 300 WHEN '15m' THEN 900 WHEN '1h' THEN 3600 WHEN '4h' THEN 14400
        WHEN '1d' THEN 86400 ELSE 604800 END;
UPDATE signals SET is_simulated = source = 'SEED' OR EXISTS (
    SELECT 1 FROM candle_series AS series
    WHERE series.asset_id = signals.asset_id AND series.timeframe = signals.timeframe AND series.source = 'demo');
