-- Nothing has written the table so far: it is made anew, with the time that a run was due and who asked for it.
DROP TABLE scheduler_run;

CREATE TABLE scheduler_run (
    id            {uuid}   NOT NULL PRIMARY KEY,
    job           TEXT     NOT NULL CHECK (length(job) BETWEEN 1 AND 60),
    owner_id      TEXT     NOT NULL,
    fencing_token {bigint} NOT NULL CHECK (fencing_token > 0),
    scheduled_for {time}   NOT NULL,
    requested_by  {uuid}   REFERENCES users (id),
    started_at    {time}   NOT NULL,
    finished_at   {time},
    status        TEXT     NOT NULL CHECK (status IN ('RUNNING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'ABANDONED')),
    items         {bigint} NOT NULL DEFAULT 0 CHECK (items >= 0),
    notes         TEXT     CHECK (length(notes) <= 500),
    CHECK ((status = 'RUNNING') = (finished_at IS NULL))
) {strict};
CREATE INDEX scheduler_run_by_job ON scheduler_run (job, id);
CREATE INDEX scheduler_run_by_finish ON scheduler_run (finished_at);
-- A job runs once for each time that it is due at, and once at a time, whoever believes to hold the lock.
CREATE UNIQUE INDEX scheduler_run_once ON scheduler_run (job, scheduled_for) WHERE status <> 'ABANDONED';
CREATE UNIQUE INDEX scheduler_run_alone ON scheduler_run (job) WHERE status = 'RUNNING';

-- What the owner decided about a job: that it rests, that it is to run now. A job without a row is as it was made.
CREATE TABLE scheduler_job (
    name         TEXT   NOT NULL PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 60),
    paused_at    {time},
    paused_by    {uuid} REFERENCES users (id),
    requested_at {time},
    requested_by {uuid} REFERENCES users (id),
    CHECK ((paused_at IS NULL) = (paused_by IS NULL)),
    CHECK ((requested_at IS NULL) = (requested_by IS NULL))
) {strict};

-- Sessions are removed with their spent tokens, which are found by it.
CREATE INDEX spent_refresh_tokens_by_session ON spent_refresh_tokens (session_id);
