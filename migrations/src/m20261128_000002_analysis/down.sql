ALTER TABLE signals DROP COLUMN is_simulated;
ALTER TABLE signals DROP COLUMN in_hindsight;
