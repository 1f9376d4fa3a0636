DROP INDEX accounts_by_challenge;
ALTER TABLE accounts DROP COLUMN challenge_id;
DROP TABLE challenge_evidence;
DROP TABLE challenges;
DROP TABLE challenge_tiers;
