DROP TABLE candles;
ALTER TABLE assets
    DROP CONSTRAINT assets_kind_check,
    DROP COLUMN source_symbols,
    DROP COLUMN sector,
    DROP COLUMN lot_size,
    DROP COLUMN tick_size;
UPDATE assets SET kind = CASE kind WHEN 'FX' THEN 'FOREX' ELSE 'STOCK' END WHERE kind IN ('FX', 'ETF');
ALTER TABLE assets
    ADD CONSTRAINT assets_kind_check CHECK (kind IN ('STOCK', 'CRYPTO', 'FOREX', 'COMMODITY', 'INDEX'));
