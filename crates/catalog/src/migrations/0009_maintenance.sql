-- Work on tables beside imports: compaction, expiry of snapshots, jobs undone. work and report: JSON (stored/maintenance.rs).
CREATE TABLE table_tasks (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    destination_id VARCHAR(36) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    work TEXT NOT NULL,
    automatic BOOLEAN NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL,
    report TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    owner VARCHAR(255),
    epoch BIGINT NOT NULL,
    releases BIGINT NOT NULL DEFAULT 0,
    lease_until_us BIGINT,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    completed_us BIGINT,
    CHECK ((completed_us IS NULL) = (status IN ('SUBMITTED', 'IN_PROGRESS')))
);
CREATE INDEX table_tasks_newest ON table_tasks (account, created_us, id);
CREATE INDEX table_tasks_oldest ON table_tasks (status, created_us, id);
CREATE INDEX table_tasks_table ON table_tasks (destination_id, status);

-- Jobs whose rows were taken back.
CREATE TABLE undone_jobs (
    job_id VARCHAR(36) NOT NULL PRIMARY KEY,
    task_id VARCHAR(36) NOT NULL,
    row_count BIGINT NOT NULL,
    undone_us BIGINT NOT NULL
);

-- Metadata that a table had until snapshots were dropped from it: readers may still be at work on these.
CREATE TABLE retired_metadata (
    destination_id VARCHAR(36) NOT NULL,
    metadata_location VARCHAR(1000) NOT NULL,
    retired_us BIGINT NOT NULL,
    PRIMARY KEY (destination_id, metadata_location)
);
