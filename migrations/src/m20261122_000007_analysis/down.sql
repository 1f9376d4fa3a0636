DROP INDEX signals_open;
DROP TABLE analysis_progress;
DROP TABLE strategy_switches;
