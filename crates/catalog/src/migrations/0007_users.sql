-- Who may call, and the keys that requests are signed with.

CREATE TABLE users (
    name VARCHAR(64) NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    role VARCHAR(16) NOT NULL,
    created_us BIGINT NOT NULL
);

-- sealed_secret is encrypted by the server under a key that is not in this database. (PostgreSQL: BYTEA.)
CREATE TABLE access_keys (
    id VARCHAR(20) NOT NULL PRIMARY KEY,
    user_name VARCHAR(64) NOT NULL REFERENCES users (name),
    sealed_secret BLOB NOT NULL,
    created_us BIGINT NOT NULL,
    last_used_us BIGINT
);
CREATE INDEX access_keys_user ON access_keys (user_name);

-- One row, whose number grows with each change of users and keys: a server sees cheaply whether to read them again.
CREATE TABLE users_version (version BIGINT NOT NULL);
INSERT INTO users_version (version) VALUES (0);
