ALTER TABLE signals DROP COLUMN terms_changed_at;
