-- Annotation stores and their versions; what import jobs need to know of either kind of store.

CREATE TABLE annotation_stores (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    name VARCHAR(255) NOT NULL,
    reference_arn VARCHAR(2048),
    description TEXT NOT NULL,
    sse TEXT,
    tags TEXT NOT NULL,
    format VARCHAR(8) NOT NULL,
    tsv_options TEXT,
    status VARCHAR(16) NOT NULL,
    status_message TEXT NOT NULL,
    table_namespace VARCHAR(255) NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (account, name)
);
CREATE INDEX annotation_stores_newest ON annotation_stores (account, created_us, id);

CREATE TABLE annotation_versions (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    store_id VARCHAR(36) NOT NULL REFERENCES annotation_stores (id),
    name VARCHAR(255) NOT NULL,
    description TEXT NOT NULL,
    tags TEXT NOT NULL,
    tsv_options TEXT,
    status VARCHAR(16) NOT NULL,
    status_message TEXT NOT NULL,
    table_name VARCHAR(255) NOT NULL,
    directory VARCHAR(255) NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (store_id, name)
);

-- SQL finds every table of an account by its name alone, so that a name is given once, whatever the kind of store.
CREATE TABLE table_names (
    account VARCHAR(12) NOT NULL,
    name VARCHAR(255) NOT NULL,
    destination_id VARCHAR(36) NOT NULL,
    PRIMARY KEY (account, name)
);
INSERT INTO table_names (account, name, destination_id) SELECT account, name, id FROM variant_stores;

-- What a job can write to: a variant store, or a version of an annotation store. directory: where its files lie.
CREATE VIEW destinations AS
    SELECT id, account, status, created_us, layout, table_namespace, table_name, table_namespace AS directory
    FROM variant_stores
    UNION ALL
    SELECT v.id, s.account, v.status, v.created_us, 'long', s.table_namespace, v.table_name, v.directory
    FROM annotation_versions v JOIN annotation_stores s ON s.id = v.store_id;

-- version_name and format_options are there for annotation import jobs.
ALTER TABLE import_jobs RENAME COLUMN store_id TO destination_id;
ALTER TABLE import_jobs RENAME COLUMN store_name TO destination_name;
ALTER TABLE import_jobs ADD COLUMN version_name VARCHAR(255);
ALTER TABLE import_jobs ADD COLUMN format_options TEXT;

-- What is given up is a folder of the warehouse: versions have folders of their own in one namespace.
ALTER TABLE buried_namespaces RENAME TO buried_directories;
ALTER TABLE buried_directories RENAME COLUMN namespace TO directory;
