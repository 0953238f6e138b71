-- Stores that their owners let other accounts read.
CREATE TABLE shares (
    id VARCHAR(36) NOT NULL PRIMARY KEY,
    owner VARCHAR(12) NOT NULL,
    resource_arn VARCHAR(2048) NOT NULL,
    resource_id VARCHAR(36) NOT NULL,
    kind VARCHAR(32) NOT NULL,
    subscriber VARCHAR(12) NOT NULL,
    name VARCHAR(256) NOT NULL,
    status VARCHAR(16) NOT NULL,
    created_us BIGINT NOT NULL,
    updated_us BIGINT NOT NULL,
    UNIQUE (resource_id, subscriber)
);
CREATE INDEX shares_subscriber ON shares (subscriber, created_us, id);
CREATE INDEX shares_owner ON shares (owner, created_us, id);

-- Which store a table belongs to.
DROP VIEW destinations;
CREATE VIEW destinations AS
    SELECT id, id AS store_id, account, status, created_us, layout, table_namespace, table_name,
           table_namespace AS directory
    FROM variant_stores
    UNION ALL
    SELECT v.id, s.id, s.account, v.status, v.created_us, 'long', s.table_namespace, v.table_name, v.directory
    FROM annotation_versions v JOIN annotation_stores s ON s.id = v.store_id;

-- Deleted reference stores and references stay as marks, so that nothing new can be bound to them.
ALTER TABLE reference_stores ADD COLUMN deleted_us BIGINT;
