DROP TABLE trading_watermarks;
DROP TABLE equity_points;
DROP TABLE ledger_entries;
DROP TABLE trades;
DROP TABLE fills;
DROP TABLE orders;
DROP TABLE accounts;
