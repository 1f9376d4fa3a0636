DROP TABLE watchlist_assets;
DROP TABLE watchlists;
DROP TABLE market_sources;
DROP TABLE asset_interest;
DROP TABLE quotes;
DROP TABLE candle_series;
DROP TABLE exchanges;
