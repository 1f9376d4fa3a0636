-- Money is an integer of 4 decimals, prices, quantities and rates of 8, percents of 4. A change of an account raises its
-- version in the transaction that writes it, so that of two at once one must look again.
CREATE TABLE accounts (
    id              {uuid}   NOT NULL PRIMARY KEY,
    tenant_id       {uuid}   NOT NULL REFERENCES tenants (id),
    user_id         {uuid}   NOT NULL REFERENCES users (id),
    number          TEXT     NOT NULL UNIQUE CHECK (length(number) = 14),
    name            TEXT     NOT NULL CHECK (length(name) BETWEEN 1 AND 60),
    currency        TEXT     NOT NULL CHECK (length(currency) = 3),
    status          TEXT     NOT NULL CHECK (status IN ('ACTIVE', 'SUSPENDED', 'CLOSED')),
    leverage        INTEGER  NOT NULL CHECK (leverage BETWEEN 1 AND 100),
    initial_balance {bigint} NOT NULL CHECK (initial_balance > 0),
    fee_percent     {bigint} NOT NULL CHECK (fee_percent BETWEEN 0 AND 10000),
    fee_minimum     {bigint} NOT NULL CHECK (fee_minimum >= 0),
    fee_per_unit    {bigint} NOT NULL CHECK (fee_per_unit >= 0),
    when_closed     TEXT     NOT NULL CHECK (when_closed IN ('REJECT', 'WAIT')),
    max_open_trades INTEGER  CHECK (max_open_trades > 0),
    max_position    {bigint} CHECK (max_position > 0),
    protections     {json}   NOT NULL,
    version         {bigint} NOT NULL CHECK (version > 0),
    created_at      {time}   NOT NULL,
    updated_at      {time}   NOT NULL
) {strict};
CREATE INDEX accounts_by_user ON accounts (user_id, id);
CREATE INDEX accounts_by_tenant ON accounts (tenant_id, id);

-- What was asked for, whatever became of it. An order with closes_trade_id closes that trade, any other opens one. (Trades
-- are made by fills of orders, so one of the three can't refer to what is made after it.)
CREATE TABLE orders (
    id               {uuid}   NOT NULL PRIMARY KEY,
    tenant_id        {uuid}   NOT NULL REFERENCES tenants (id),
    account_id       {uuid}   NOT NULL REFERENCES accounts (id),
    account_version  {bigint} NOT NULL CHECK (account_version > 0),
    asset_id         {uuid}   NOT NULL REFERENCES assets (id),
    signal_id        {uuid}   REFERENCES signals (id),
    closes_trade_id  {uuid},
    client_order_id  TEXT     CHECK (length(client_order_id) BETWEEN 1 AND 64),
    request_hash     {bytes}  CHECK (length(request_hash) = 32),
    side             TEXT     NOT NULL CHECK (side IN ('BUY', 'SELL')),
    order_type       TEXT     NOT NULL CHECK (order_type IN ('MARKET', 'LIMIT', 'STOP')),
    quantity         {bigint} NOT NULL,
    limit_price      {bigint} CHECK (limit_price > 0),
    stop_price       {bigint} CHECK (stop_price > 0),
    stop_loss        {bigint} CHECK (stop_loss > 0),
    take_profit      {bigint} CHECK (take_profit > 0),
    status           TEXT     NOT NULL CHECK (status IN ('PENDING', 'FILLED', 'REJECTED', 'CANCELLED')),
    refusal_code     TEXT,
    refusal_message  TEXT,
    created_at       {time}   NOT NULL,
    done_at          {time},
    UNIQUE (account_id, client_order_id),
    CHECK ((client_order_id IS NULL) = (request_hash IS NULL)),
    CHECK ((status = 'PENDING') = (done_at IS NULL)),
    CHECK ((status = 'REJECTED') = (refusal_code IS NOT NULL)),
    CHECK (status = 'REJECTED' OR quantity > 0)
) {strict};
CREATE INDEX orders_by_account ON orders (account_id, id);
CREATE INDEX orders_pending ON orders (asset_id, account_id) WHERE status = 'PENDING';

-- How an order was executed, with everything that its price was made of.
CREATE TABLE fills (
    id                {uuid}   NOT NULL PRIMARY KEY,
    tenant_id         {uuid}   NOT NULL REFERENCES tenants (id),
    account_id        {uuid}   NOT NULL REFERENCES accounts (id),
    account_version   {bigint} NOT NULL CHECK (account_version > 0),
    order_id          {uuid}   NOT NULL UNIQUE REFERENCES orders (id),
    asset_id          {uuid}   NOT NULL REFERENCES assets (id),
    side              TEXT     NOT NULL CHECK (side IN ('BUY', 'SELL')),
    quantity          {bigint} NOT NULL CHECK (quantity > 0),
    price             {bigint} NOT NULL CHECK (price > 0),
    reference_price   {bigint} NOT NULL CHECK (reference_price > 0),
    basis             TEXT     NOT NULL CHECK (basis IN ('QUOTE', 'CANDLE')),
    quote_price       {bigint} NOT NULL CHECK (quote_price > 0),
    quote_time        {time}   NOT NULL,
    quote_source      TEXT     NOT NULL,
    rate              {bigint} NOT NULL CHECK (rate > 0),
    fee               {bigint} NOT NULL CHECK (fee >= 0),
    filled_at         {time}   NOT NULL
) {strict};
CREATE INDEX fills_by_account ON fills (account_id, account_version, id);

-- One lot from open to close. A part that is closed is a trade of its own under its parent, which keeps the rest.
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
    close_reason  TEXT     CHECK (close_reason IN ('MANUAL', 'STOP_LOSS', 'TAKE_PROFIT')),
    closed_at     {time},
    CHECK ((status = 'CLOSED') = (close_fill_id IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (closed_at IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (exit_price IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (exit_fee IS NOT NULL)),
    CHECK ((status = 'CLOSED') = (close_reason IS NOT NULL)),
    CHECK (status = 'OPEN' OR realized_pnl = gross_pnl - entry_fee - exit_fee),
    CHECK ((status = 'CLOSED') = (realized_pnl IS NOT NULL)),
    CHECK (parent_id IS NULL OR status = 'CLOSED')
) {strict};
CREATE INDEX trades_open ON trades (account_id, id) WHERE status = 'OPEN';
CREATE INDEX trades_watched ON trades (asset_id, account_id)
    WHERE status = 'OPEN' AND (stop_loss IS NOT NULL OR take_profit IS NOT NULL);
CREATE INDEX trades_closed ON trades (account_id, closed_at, id) WHERE status = 'CLOSED';

-- Every change of a balance, numbered from 1. The balance is the last entry's balance_after, and stands nowhere else;
-- margin_after is what open trades have tied up then.
CREATE TABLE ledger_entries (
    account_id    {uuid}   NOT NULL REFERENCES accounts (id),
    seq           {bigint} NOT NULL CHECK (seq > 0),
    tenant_id     {uuid}   NOT NULL REFERENCES tenants (id),
    kind          TEXT     NOT NULL CHECK (kind IN ('DEPOSIT', 'FEE', 'REALIZED_PNL', 'ADJUSTMENT', 'REFUND')),
    amount        {bigint} NOT NULL,
    balance_after {bigint} NOT NULL,
    margin_after  {bigint} NOT NULL CHECK (margin_after >= 0),
    fill_id       {uuid}   REFERENCES fills (id),
    trade_id      {uuid}   REFERENCES trades (id),
    note          TEXT     CHECK (length(note) <= 300),
    at            {time}   NOT NULL,
    PRIMARY KEY (account_id, seq),
    CHECK (kind NOT IN ('FEE', 'REALIZED_PNL') OR fill_id IS NOT NULL),
    CHECK (kind <> 'REALIZED_PNL' OR trade_id IS NOT NULL),
    CHECK (kind <> 'FEE' OR amount < 0)
) {strict};
CREATE INDEX ledger_entries_by_time ON ledger_entries (account_id, at);

-- What an account was worth: at every booking, and every few minutes while it has open trades. day is that of at, in UTC.
CREATE TABLE equity_points (
    id         {uuid}   NOT NULL PRIMARY KEY,
    tenant_id  {uuid}   NOT NULL REFERENCES tenants (id),
    account_id {uuid}   NOT NULL REFERENCES accounts (id),
    day        TEXT     NOT NULL CHECK (length(day) = 10),
    at         {time}   NOT NULL,
    version    {bigint} NOT NULL CHECK (version > 0),
    balance    {bigint} NOT NULL,
    equity     {bigint} NOT NULL,
    traded     {bool}   NOT NULL
) {strict};
CREATE INDEX equity_points_by_day ON equity_points (account_id, day, at, version);

-- Up to when candles were held against the pending orders and open trades of an asset.
CREATE TABLE trading_watermarks (
    asset_id     {uuid} NOT NULL PRIMARY KEY REFERENCES assets (id),
    judged_until {time} NOT NULL
) {strict};
