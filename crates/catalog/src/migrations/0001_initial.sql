-- The first schema. Times are microseconds since 1970-01-01 UTC; JSON columns carry their version (stored.rs).
-- Plain enough for SQLite and PostgreSQL alike.

CREATE TABLE variant_stores (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    name VARCHAR(255) NOT NULL,
    reference_arn VARCHAR(2048) NOT NULL,
    description TEXT NOT NULL,
    sse TEXT,
    tags TEXT NOT NULL,
    layout VARCHAR(16) NOT NULL,
    status VARCHAR(16) NOT NULL,
    status_message TEXT NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (account, name)
);
CREATE INDEX variant_stores_newest ON variant_stores (account, created_us, id);

-- A job outlives its store, so store_id refers to nothing.
CREATE TABLE import_jobs (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    store_id VARCHAR(36) NOT NULL,
    store_name VARCHAR(255) NOT NULL,
    role VARCHAR(2048) NOT NULL,
    left_normalize BOOLEAN NOT NULL,
    annotation_fields TEXT NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL,
    cancel_requested BOOLEAN NOT NULL,
    owner VARCHAR(255),
    epoch BIGINT NOT NULL,
    releases BIGINT NOT NULL DEFAULT 0, -- epochs given back in good order; the others were taken by a crash
    lease_until_us BIGINT,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    completed_us BIGINT,
    CHECK ((completed_us IS NULL) = (status IN ('SUBMITTED', 'IN_PROGRESS')))
);
CREATE INDEX import_jobs_newest ON import_jobs (account, created_us, id);
CREATE INDEX import_jobs_oldest ON import_jobs (status, created_us, id);
CREATE INDEX import_jobs_store ON import_jobs (store_id, status);

-- outcome and result are what a worker recorded; they become the item's status when the job ends.
CREATE TABLE import_items (
    job_id VARCHAR(36) NOT NULL REFERENCES import_jobs (id),
    position BIGINT NOT NULL,
    source TEXT NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL,
    bytes_read BIGINT NOT NULL,
    bytes_total BIGINT NOT NULL,
    records BIGINT NOT NULL,
    outcome VARCHAR(16),
    result TEXT,
    PRIMARY KEY (job_id, position)
);

CREATE TABLE reference_stores (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    name VARCHAR(127) NOT NULL,
    description TEXT,
    sse TEXT,
    tags TEXT NOT NULL,
    created_us BIGINT NOT NULL
);
CREATE INDEX reference_stores_newest ON reference_stores (account, created_us, id);

CREATE TABLE reference_import_jobs (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    store_id VARCHAR(36) NOT NULL REFERENCES reference_stores (id),
    account VARCHAR(12) NOT NULL,
    role VARCHAR(2048) NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL,
    owner VARCHAR(255),
    epoch BIGINT NOT NULL,
    lease_until_us BIGINT,
    created_us BIGINT NOT NULL,
    completed_us BIGINT
);
CREATE INDEX reference_import_jobs_oldest ON reference_import_jobs (status, created_us, id);

CREATE TABLE reference_import_sources (
    job_id VARCHAR(36) NOT NULL REFERENCES reference_import_jobs (id),
    position BIGINT NOT NULL,
    source TEXT NOT NULL,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    status VARCHAR(32) NOT NULL,
    message TEXT NOT NULL,
    reference_id VARCHAR(36),
    PRIMARY KEY (job_id, position)
);

-- References to genomes; the plain word is reserved in SQL.
CREATE TABLE reference_genomes (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    store_id VARCHAR(36) NOT NULL REFERENCES reference_stores (id),
    job_id VARCHAR(36) NOT NULL,
    name VARCHAR(255) NOT NULL,
    description TEXT,
    tags TEXT NOT NULL,
    status VARCHAR(16) NOT NULL,
    md5 VARCHAR(32) NOT NULL,
    source_path TEXT NOT NULL,
    source_bytes BIGINT NOT NULL,
    index_path TEXT NOT NULL,
    index_bytes BIGINT NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL
);
CREATE INDEX reference_genomes_newest ON reference_genomes (store_id, created_us, id);

-- What a call created, so that its repetition gets the same answer.
CREATE TABLE calls (
    principal VARCHAR(2048) NOT NULL,
    operation VARCHAR(64) NOT NULL,
    invocation_id VARCHAR(255) NOT NULL,
    body_sha256 VARCHAR(64) NOT NULL,
    resource_id VARCHAR(36) NOT NULL,
    resource_created_us BIGINT NOT NULL,
    recorded_us BIGINT NOT NULL,
    PRIMARY KEY (principal, operation, invocation_id, body_sha256)
);
CREATE INDEX calls_recorded ON calls (recorded_us);

-- The two tables below are PyIceberg's SQL catalog, column for column (pyiceberg 0.12), so that PyIceberg can read ours.
CREATE TABLE iceberg_tables (
    catalog_name VARCHAR(255) NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    metadata_location VARCHAR(1000),
    previous_metadata_location VARCHAR(1000),
    iceberg_type VARCHAR(5),
    PRIMARY KEY (catalog_name, table_namespace, table_name)
);
CREATE TABLE iceberg_namespace_properties (
    catalog_name VARCHAR(255) NOT NULL,
    namespace VARCHAR(255) NOT NULL,
    property_key VARCHAR(255) NOT NULL,
    property_value VARCHAR(1000) NOT NULL,
    PRIMARY KEY (catalog_name, namespace, property_key)
);

-- One row: the id of this catalog. A warehouse carries the id of the catalog it belongs to.
CREATE TABLE catalog_identity (
    id VARCHAR(36) NOT NULL PRIMARY KEY
);

-- Namespaces whose files the janitor took for those of a dead creation: no table may appear there any more.
CREATE TABLE buried_namespaces (
    namespace VARCHAR(255) NOT NULL PRIMARY KEY
);
