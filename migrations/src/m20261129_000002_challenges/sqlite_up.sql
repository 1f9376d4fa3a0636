-- SQLite cannot change a CHECK: the table is made anew. Ledgers point to it meanwhile, so their keys are looked at when
-- everything is back.
PRAGMA defer_foreign_keys = ON;
-- For each trade that goes, SQLite looks for what points to it.
CREATE INDEX ledger_entries_by_trade ON ledger_entries (trade_id);
CREATE INDEX trades_by_parent ON trades (parent_id);
CREATE TABLE trades_before AS SELECT * FROM trades;
DROP TABLE trades;
CREATE TABLE trades (
    id            {uuid}   NOT NULL PRIMARY KEY,
    tenant_id     {uuid}   NOT NULL REFERENCES tenants (id),
    account_id    {uuid}   NOT NULL REFERENCES accounts (id),
    asset_id      {uuid}   NOT NULL REFERENCES assets (id),
    signal_id     {uuid}   REFERENCES signals (id),
    parent_id     {uuid}   REFERENCES trades (id),
    side          TEXT     NOT NULL CHECK (side IN ('BUY', 'SELL')),
    quantity      {bigint} NOT NULL CHECK (quantity > 0),
    entry_price   {bigint} NOT NULL CHECK (entry_price > 0),
    entry_fee     {bigint} NOT NULL CHECK (entry_fee >= 0),
    margin        {bigint} NOT NULL CHECK (margin >= 0),
    notional      {bigint} NOT NULL CHECK (notional >= 0),
    stop_loss     {bigint} CHECK (stop_loss > 0),
    take_profit   {bigint} CHECK (take_profit > 0),
    status        TEXT     NOT NULL CHECK (status IN ('OPEN', 'CLOSED')),
    open_fill_id  {uuid}   NOT NULL REFERENCES fills (id),
    opened_at     {time}   NOT NULL,
    close_fill_id {uuid}   REFERENCES fills (id),
    exit_price    {bigint} CHECK (exit_price > 0),
    exit_fee      {bigint} CHECK (exit_fee >= 0),
    gross_pnl     {bigint},
    realized_pnl  {bigint},
    close_reason  TEXT     CHECK (close_reason IN ('MANUAL', 'STOP_LOSS', 'TAKE_PROFIT', 'STOP_OUT', 'CHALLENGE')),
    closed_at     {time},
    watched_from  {time},
    CHECK ((status = 'CLOSED') = (close_fill_id IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (exit_price IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (exit_fee IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (close_reason IS NOT NULL)),
    CHECK (status = 'OPEN' OR realized_pnl = gross_pnl - entry_fee - exit_fee),
    CHECK ((status = 'CLOSED') = (realized_pnl IS NOT NULL)),
    CHECK (parent_id IS NULL OR status = 'CLOSED')
) {strict};
CREATE INDEX trades_by_parent ON trades (parent_id);
INSERT INTO trades (id, tenant_id, account_id, asset_id, signal_id, parent_id, side, quantity, entry_price, entry_fee, margin,
        notional, stop_loss, take_profit, status, open_fill_id, opened_at, close_fill_id, exit_price, exit_fee, gross_pnl,
        realized_pnl, close_reason, closed_at, watched_from)
    SELECT id, tenant_id, account_id, asset_id, signal_id, parent_id, side, quantity, entry_price, entry_fee, margin,
        margin * (SELECT leverage FROM accounts WHERE accounts.id = account_id), stop_loss, take_profit, status, open_fill_id, opened_at, close_fill_id, exit_price, exit_fee, gross_pnl,
        realized_pnl, close_reason, closed_at, watched_from
    FROM trades_before;
DROP TABLE trades_before;
DROP INDEX trades_by_parent;
DROP INDEX ledger_entries_by_trade;
CREATE INDEX trades_open ON trades (account_id, id) WHERE status = 'OPEN';
CREATE INDEX trades_watched ON trades (asset_id, account_id)
    WHERE status = 'OPEN' AND (stop_loss IS NOT NULL OR take_profit IS NOT NULL);
CREATE INDEX trades_closed ON trades (account_id, closed_at, id) WHERE status = 'CLOSED';
CREATE INDEX trades_held ON trades (asset_id, account_id) WHERE status = 'OPEN';
