-- The rows of every tenant, for this transaction.
SELECT set_config('bellwether.tenant', '*', true);
ALTER TABLE trades DROP COLUMN watched_from;
UPDATE trades SET close_reason = 'MANUAL' WHERE close_reason = 'STOP_OUT';
ALTER TABLE trades DROP CONSTRAINT trades_close_reason_check;
ALTER TABLE trades ADD CONSTRAINT trades_close_reason_check
    CHECK (close_reason IN ('MANUAL', 'STOP_LOSS', 'TAKE_PROFIT'));
