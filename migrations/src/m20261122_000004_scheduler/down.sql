DROP INDEX spent_refresh_tokens_by_session;
DROP TABLE scheduler_job;
DROP TABLE scheduler_run;

CREATE TABLE scheduler_run (
    id            {uuid}   NOT NULL PRIMARY KEY,
    job           TEXT     NOT NULL,
    owner_id      TEXT     NOT NULL,
    fencing_token {bigint} NOT NULL,
    started_at    {time}   NOT NULL,
    finished_at   {time},
    status        TEXT     NOT NULL CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABANDONED')),
    items         {bigint} NOT NULL DEFAULT 0 CHECK (items >= 0),
    notes         TEXT,
    CHECK ((status = 'RUNNING') = (finished_at IS NULL))
) {strict};
CREATE INDEX scheduler_run_by_job ON scheduler_run (job, started_at);
CREATE INDEX scheduler_run_running ON scheduler_run (id) WHERE status = 'RUNNING';
