-- Changes of state, as they are told to the world. number grows; event holds the parts of the envelope that vary (stored.rs).
CREATE TABLE events (
    number BIGINT NOT NULL PRIMARY KEY,
    account VARCHAR(12) NOT NULL,
    time_us BIGINT NOT NULL,
    event TEXT NOT NULL
);
CREATE INDEX events_account ON events (account, number);
CREATE INDEX events_time ON events (time_us);

-- One row: the last number given. Old events go, their numbers do not come back.
CREATE TABLE event_counter (
    last BIGINT NOT NULL
);
INSERT INTO event_counter (last) VALUES (0);

-- How far each receiver is, and which server delivers to it until when.
CREATE TABLE event_deliveries (
    receiver VARCHAR(64) NOT NULL PRIMARY KEY,
    number BIGINT NOT NULL,
    owner VARCHAR(255),
    lease_until_us BIGINT NOT NULL
);
