-- From schema 2 to 3: assets and their types by number, each content kept once. The tables are computed anew from the log.
DROP TABLE asset;
DROP TABLE asset_version;
DROP TABLE asset_value;
DROP TABLE edge;
DROP TABLE asset_event;

CREATE TABLE type_name (
    number INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE
) STRICT;

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

CREATE VIEW asset_ever AS
    SELECT number, id, from_seq, to_seq, created_seq, type, namespace, display_name, description, metadata, labels,
        protected, created, updated, touched
    FROM asset
    UNION ALL SELECT asset.number, asset.id, version.from_seq, version.to_seq, version.created_seq, version.type,
        version.namespace, version.display_name, version.description, version.metadata, version.labels,
        version.protected, version.created, version.updated, version.touched
    FROM asset JOIN asset_version AS version ON version.asset = asset.number;

CREATE TABLE asset_value (
    path  TEXT NOT NULL,
    value TEXT NOT NULL,
    asset INTEGER NOT NULL,
    PRIMARY KEY (path, value, asset)
) STRICT, WITHOUT ROWID;

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

CREATE TABLE asset_event (
    asset    INTEGER NOT NULL,
    seq      INTEGER NOT NULL,
    position INTEGER NOT NULL,
    event    TEXT NOT NULL,
    type     INTEGER NOT NULL,
    PRIMARY KEY (asset, seq)
) STRICT, WITHOUT ROWID;
CREATE INDEX asset_event_by_seq ON asset_event (seq, position);
