ALTER TABLE signals ADD COLUMN terms_changed_at {time};
