-- The header of each published file, for export. A text is kept once however many files share it.

-- text is compressed with zstd; digest is the SHA-256 of the uncompressed text, in hexadecimal. (PostgreSQL: BYTEA.)
CREATE TABLE header_texts (
    digest VARCHAR(64) NOT NULL PRIMARY KEY,
    text BLOB NOT NULL
);

-- part_records: how many records each part of the file has, joined by commas: `_record` follows from it.
CREATE TABLE item_headers (
    job_id VARCHAR(36) NOT NULL,
    position BIGINT NOT NULL,
    digest VARCHAR(64) NOT NULL REFERENCES header_texts (digest),
    samples BIGINT NOT NULL,
    part_records TEXT NOT NULL,
    PRIMARY KEY (job_id, position),
    FOREIGN KEY (job_id, position) REFERENCES import_items (job_id, position)
);
CREATE INDEX item_headers_digest ON item_headers (digest);
