-- Statements that clients of Athena's API started. columns: JSON, made and read by the server.
CREATE TABLE query_executions (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    principal VARCHAR(1000) NOT NULL,
    work_group VARCHAR(128) NOT NULL,
    database_name VARCHAR(255) NOT NULL,
    statement TEXT NOT NULL,
    kind VARCHAR(32) NOT NULL,
    state VARCHAR(16) NOT NULL,
    output VARCHAR(1000) NOT NULL,
    reason TEXT NOT NULL,
    by_user BOOLEAN NOT NULL,
    columns TEXT NOT NULL,
    queue_ms BIGINT NOT NULL,
    engine_ms BIGINT NOT NULL,
    scanned_bytes BIGINT NOT NULL,
    row_count BIGINT NOT NULL,
    output_bytes BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    completed_us BIGINT,
    CHECK ((completed_us IS NULL) = (state IN ('QUEUED', 'RUNNING')))
);
CREATE INDEX query_executions_newest ON query_executions (account, created_us, id);
CREATE INDEX query_executions_open ON query_executions (state);

-- Names that an account gave to tables: resource links of Glue.
CREATE TABLE table_links (
    account VARCHAR(12) NOT NULL,
    database_name VARCHAR(255) NOT NULL,
    name VARCHAR(255) NOT NULL,
    target_namespace VARCHAR(255) NOT NULL,
    target_name VARCHAR(255) NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (account, database_name, name)
);

-- Work groups that an account made beside "primary".
CREATE TABLE work_groups (
    account VARCHAR(12) NOT NULL,
    name VARCHAR(128) NOT NULL,
    description VARCHAR(1024) NOT NULL,
    created_us BIGINT NOT NULL,
    PRIMARY KEY (account, name)
);

-- Grants of Lake Formation: taken down, and followed by nothing here.
CREATE TABLE recorded_grants (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    recorded VARCHAR(16000) NOT NULL,
    created_us BIGINT NOT NULL
);
CREATE INDEX recorded_grants_account ON recorded_grants (account, created_us);
