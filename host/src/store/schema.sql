-- The truth. `hash` is sha256(prev_hash ‖ payload_hash), `payload_hash` is sha256(payload). A pruned event has lost its
-- payload and keeps its hashes.
CREATE TABLE event (
    seq          INTEGER PRIMARY KEY,
    payload      TEXT,
    payload_hash BLOB NOT NULL,
    prev_hash    BLOB NOT NULL,
    hash         BLOB NOT NULL
) STRICT;

CREATE TRIGGER event_is_never_updated BEFORE UPDATE ON event
WHEN (new.seq, new.payload_hash, new.prev_hash, new.hash) IS NOT (old.seq, old.payload_hash, old.prev_hash, old.hash)
    OR new.payload IS NOT NULL
BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;

CREATE TRIGGER event_is_never_deleted BEFORE DELETE ON event
BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;

-- `INSERT OR REPLACE` deletes without firing the trigger above.
CREATE TRIGGER event_is_never_replaced BEFORE INSERT ON event
WHEN new.seq <= (SELECT max(seq) FROM event)
BEGIN SELECT raise(ABORT, 'the event log is append-only'); END;

-- Log lines stand beside the chain, which holds their digest.
CREATE TABLE log (
    id           INTEGER PRIMARY KEY,
    execution_id TEXT NOT NULL,
    task_run_id  TEXT NOT NULL,
    task_id      TEXT NOT NULL,
    time         TEXT NOT NULL,
    level        TEXT NOT NULL,
    message      TEXT NOT NULL
) STRICT;
CREATE INDEX log_by_task_run ON log (execution_id, task_run_id);

-- Contents of files stand beside the chain too; `FileWritten` events hold their digests.
CREATE TABLE content (
    digest  TEXT PRIMARY KEY,
    content BLOB NOT NULL
) STRICT;

-- Everything below is computed from `event`. `head` says how far.
CREATE TABLE head (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    seq  INTEGER NOT NULL,
    hash BLOB NOT NULL,
    time TEXT NOT NULL
) STRICT;

CREATE TABLE flow_source (
    digest   TEXT PRIMARY KEY,
    from_seq INTEGER NOT NULL,
    source   TEXT NOT NULL
) STRICT;

CREATE TABLE execution (
    started_seq  INTEGER PRIMARY KEY,
    finished_seq INTEGER,
    id           TEXT NOT NULL UNIQUE,
    namespace    TEXT NOT NULL,
    flow_id      TEXT NOT NULL,
    flow_digest  TEXT NOT NULL,
    state        TEXT NOT NULL,
    start_date   TEXT NOT NULL,
    end_date     TEXT,
    labels       TEXT NOT NULL,
    inputs       TEXT NOT NULL,
    outputs      TEXT NOT NULL DEFAULT '{}',
    parent_id    TEXT,
    error        TEXT
) STRICT;

CREATE TABLE task_run (
    execution_id TEXT NOT NULL,
    id           TEXT NOT NULL,
    started_seq  INTEGER NOT NULL,
    finished_seq INTEGER,
    task_id      TEXT NOT NULL,
    task_type    TEXT NOT NULL,
    state        TEXT NOT NULL,
    start_date   TEXT NOT NULL,
    end_date     TEXT,
    parent_id    TEXT,
    value        TEXT,
    iteration    INTEGER,
    decision     TEXT,
    attempts     INTEGER NOT NULL DEFAULT 1,
    is_stub      INTEGER NOT NULL DEFAULT 0,
    outputs      TEXT NOT NULL,
    error        TEXT,
    plugin       TEXT,
    PRIMARY KEY (execution_id, id)
) STRICT, WITHOUT ROWID;

CREATE TABLE grant_use (
    execution_id TEXT NOT NULL,
    task_id      TEXT NOT NULL,
    principal    TEXT NOT NULL,
    kind         TEXT NOT NULL,
    target       TEXT NOT NULL,
    from_seq     INTEGER NOT NULL,
    uses         INTEGER NOT NULL,
    PRIMARY KEY (execution_id, task_id, principal, kind, target)
) STRICT, WITHOUT ROWID;

CREATE TABLE key_value (
    namespace TEXT NOT NULL,
    key       TEXT NOT NULL,
    from_seq  INTEGER NOT NULL,
    value     TEXT NOT NULL,
    expires   TEXT,
    PRIMARY KEY (namespace, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE file (
    execution_id TEXT NOT NULL,
    name         TEXT NOT NULL,
    from_seq     INTEGER NOT NULL,
    digest       TEXT NOT NULL,
    size         INTEGER NOT NULL,
    PRIMARY KEY (execution_id, name)
) STRICT, WITHOUT ROWID;

-- The names of the types that assets have had; the tables below know them by number.
CREATE TABLE type_name (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

-- Every id that was ever an asset, the number by which the tables below know it, and the last content it has had, valid
-- in [from_seq, to_seq): an asset that is there has no `to_seq`. `touched` says when it was last declared again as it
-- was. Times are microseconds since 1970, and text where those would lose something.
CREATE TABLE asset (
    number       INTEGER PRIMARY KEY,
    id           TEXT NOT NULL UNIQUE,
    from_seq     INTEGER NOT NULL,
    to_seq       INTEGER,
    created_seq  INTEGER NOT NULL,
    type         INTEGER NOT NULL,
    namespace    TEXT,
    display_name TEXT,
    description  TEXT,
    metadata     TEXT NOT NULL,
    labels       TEXT NOT NULL,
    protected    INTEGER NOT NULL,
    created      ANY NOT NULL,
    updated      ANY NOT NULL,
    touched      ANY
) STRICT;
CREATE INDEX asset_by_type ON asset (type, created_seq) WHERE to_seq IS NULL;
CREATE INDEX asset_by_creation ON asset (created_seq) WHERE to_seq IS NULL;

-- The contents that others followed, each valid in [from_seq, to_seq).
CREATE TABLE asset_version (
    asset        INTEGER NOT NULL,
    from_seq     INTEGER NOT NULL,
    to_seq       INTEGER NOT NULL,
    created_seq  INTEGER NOT NULL,
    type         INTEGER NOT NULL,
    namespace    TEXT,
    display_name TEXT,
    description  TEXT,
    metadata     TEXT NOT NULL,
    labels       TEXT NOT NULL,
    protected    INTEGER NOT NULL,
    created      ANY NOT NULL,
    updated      ANY NOT NULL,
    touched      ANY,
    PRIMARY KEY (asset, from_seq)
) STRICT, WITHOUT ROWID;

-- Every content that any asset has had.
CREATE VIEW asset_ever AS
    SELECT number, id, from_seq, to_seq, created_seq, type, namespace, display_name, description, metadata, labels,
        protected, created, updated, touched
    FROM asset
    UNION ALL SELECT asset.number, asset.id, version.from_seq, version.to_seq, version.created_seq, version.type,
        version.namespace, version.display_name, version.description, version.metadata, version.labels,
        version.protected, version.created, version.updated, version.touched
    FROM asset JOIN asset_version AS version ON version.asset = asset.number;

-- The short texts in the metadata of each asset as it is now, so that a question for one of them needs no scan.
CREATE TABLE asset_value (
    path  TEXT NOT NULL,
    value TEXT NOT NULL,
    asset INTEGER NOT NULL,
    PRIMARY KEY (path, value, asset)
) STRICT, WITHOUT ROWID;

-- `to_asset` was made from `from_asset`.
CREATE TABLE edge (
    from_asset INTEGER NOT NULL,
    to_asset   INTEGER NOT NULL,
    from_seq   INTEGER NOT NULL,
    to_seq     INTEGER,
    PRIMARY KEY (from_asset, to_asset, from_seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX edge_by_target ON edge (to_asset, from_asset, to_seq);
CREATE INDEX edge_by_start ON edge (from_seq);
CREATE INDEX edge_by_end ON edge (to_seq) WHERE to_seq IS NOT NULL;

-- The events that bear on assets, and whom they are owed to.
CREATE TABLE asset_change (
    seq          INTEGER PRIMARY KEY,
    time         ANY NOT NULL,
    execution_id TEXT,
    flow_id      TEXT,
    task_id      TEXT,
    task_run_id  TEXT,
    user         TEXT,
    reason       TEXT
) STRICT;
CREATE INDEX asset_change_by_execution ON asset_change (execution_id) WHERE execution_id IS NOT NULL;

-- What each of them did to each of its assets.
CREATE TABLE asset_event (
    asset    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event    TEXT NOT NULL,
    type     INTEGER NOT NULL,
    PRIMARY KEY (asset, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_event_by_seq ON asset_event (seq, position);

-- The kinds of asset that people registered.
CREATE TABLE asset_type (
    name       TEXT PRIMARY KEY,
    definition TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The last event whose content was dropped; a rebuild starts from the snapshot that ends with event `seq`.
CREATE TABLE pruned (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    seq     INTEGER NOT NULL,
    through INTEGER NOT NULL
) STRICT;
