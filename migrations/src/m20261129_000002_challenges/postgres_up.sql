-- The rows of every tenant, for this transaction.
SELECT set_config('bellwether.tenant', '*', true);
ALTER TABLE trades DROP CONSTRAINT trades_close_reason_check;
ALTER TABLE trades ADD CONSTRAINT trades_close_reason_check
    CHECK (close_reason IN ('MANUAL', 'STOP_LOSS', 'TAKE_PROFIT', 'STOP_OUT', 'CHALLENGE'));
-- What a trade cost when it was opened; of those that are there, what they tie up by the leverage.
ALTER TABLE trades ADD COLUMN notional BIGINT CHECK (notional >= 0);
UPDATE trades SET notional = margin * accounts.leverage FROM accounts WHERE accounts.id = trades.account_id;
ALTER TABLE trades ALTER COLUMN notional SET NOT NULL;
