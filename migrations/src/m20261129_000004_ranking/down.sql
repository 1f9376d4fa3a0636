DROP TABLE leaderboard_entries;
DROP TABLE achievements;
DROP TABLE trader_results;
DROP TABLE trader_profiles;
DROP TABLE ranking_queue;
