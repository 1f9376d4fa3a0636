-- The rows of every tenant, for this transaction.
SELECT set_config('bellwether.tenant', '*', true);
UPDATE trades SET close_reason = 'MANUAL' WHERE close_reason = 'CHALLENGE';
ALTER TABLE trades DROP CONSTRAINT trades_close_reason_check;
ALTER TABLE trades ADD CONSTRAINT trades_close_reason_check
    CHECK (close_reason IN ('MANUAL', 'STOP_LOSS', 'TAKE_PROFIT', 'STOP_OUT'));
ALTER TABLE trades DROP COLUMN notional;
