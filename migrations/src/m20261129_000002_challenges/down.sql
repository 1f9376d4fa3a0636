-- Nobody judges them any more. (Of one that was corrected by hand the ledger check of before says so.)
UPDATE accounts SET status = 'CLOSED' WHERE challenge_id IS NOT NULL;
DROP INDEX accounts_left_open;
DROP INDEX accounts_by_challenge;
ALTER TABLE accounts DROP COLUMN challenge_id;
DROP TABLE challenge_evidence;
DROP TABLE challenges;
DROP TABLE challenge_tiers;
