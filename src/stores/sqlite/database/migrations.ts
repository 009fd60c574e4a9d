/**
 * The schema, as the steps that lead to it: `migrations[n]` turns version n into n + 1 (`PRAGMA
 * user_version`). A released step is never changed; an unreleased one may be, and who has run it
 * begins with a new directory.
 *
 * `contribution` holds what was put; everything else about it is derived and written in the same
 * transaction. Cids are 32-byte blobs, moments are Unix ms.
 * - `place`: a contribution's rank in each dimension, ascending from best to worst; the index
 *   `place_by_rank` is the frontier. `dimension` counts the places; each kind has dimensions of its
 *   own, so that the best of a kind are the first rows of the index.
 * - `direction`: who stands behind each direction of a metric (`core/ranking/directions.ts`), among
 *   works and among what is of other kinds. `direction_voice` is what its `voices` counts.
 * - `score_form`: how many works have scores of a metric in each direction and unit.
 * - `edge`: relations by target, which may be absent. `telling`, `turn` and `seq` are the place at
 *   which other groves are told of it (`core/contribution/relation.ts`); `edge_turn` counts what
 *   each host has brought of each target.
 * - `signal_total`: signals, replies and edges of each target, added up, also while it is absent.
 *   `review_sum` is exact, as `sumToText` writes it.
 * - `derivation`: by which rules the tables above were written (`writer/derivation.ts`).
 * - `reply`: contributions that answer one that is held.
 * - `log`: the number that was given last, and how many contributions there are. A contribution's
 *   row number is its number in the log, so the log needs no rows of its own; whatever else is to
 *   be numbered takes its row numbers from the same counter. `epoch`: the stretches of the log
 *   (`stores/epochs.ts`).
 * - `origin`: who has signed a contribution (`ports/origin-store.ts`). Where the signature covers
 *   others too, `path` leads from place `place` of `leaves` to what was signed. `own_key`: this
 *   grove's keys. `signer`: how many items that count in a signal of a target each key has signed,
 *   of the keys that are accepted; of the others, `refused` is 1.
 * - `counting`, `key_standing`, `key_alias`: whose word counts (`core/peers/counting.ts`), and
 *   which keys are one grove's; `version` changes with them, and `moves` whenever works leave the
 *   rankings or come back. `uncounted`: what the folds leave out, and what of it takes no places,
 *   either. `recount`: which stretch of the log is still to be judged by them.
 * - `blob_file`: what the files of large blobs looked like when they were put.
 * - `word_2`: full-text index of words (`stores/words.ts`) and facets (`stores/filter.ts`);
 *   the ASCII tokenizer leaves both as they are. It takes a new row at a fraction of what a B-tree
 *   with a row for each facet costs. `word_index` says by which version of the words it was built,
 *   and `word` is that of version 1, which goes when its successor is complete.
 */
export const migrations: readonly string[] = [
  // Schema 1: released in 0.2.0.
  `
  CREATE TABLE contribution (
    id INTEGER PRIMARY KEY,
    cid BLOB NOT NULL UNIQUE,
    created_ms INTEGER NOT NULL,
    ranked INTEGER NOT NULL,
    origin TEXT NOT NULL,
    peer_id TEXT,
    address TEXT,
    received_ms REAL NOT NULL,
    manifest BLOB NOT NULL
  ) STRICT;
  CREATE INDEX contribution_by_age ON contribution (created_ms, cid);

  CREATE TABLE tally (contributions INTEGER NOT NULL) STRICT;
  INSERT INTO tally VALUES (0);

  CREATE TABLE dimension (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    direction TEXT NOT NULL,
    places INTEGER NOT NULL,
    UNIQUE (metric, direction)
  ) STRICT;

  CREATE TABLE place (
    contribution INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    rank REAL NOT NULL,
    cid BLOB NOT NULL,
    PRIMARY KEY (contribution, dimension)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX place_by_rank ON place (dimension, rank, cid);

  CREATE TABLE edge (
    target BLOB NOT NULL,
    type TEXT NOT NULL,
    source BLOB NOT NULL,
    metadata TEXT,
    review_sum REAL,
    review_count INTEGER NOT NULL,
    PRIMARY KEY (target, type, source)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE standing (
    cid BLOB NOT NULL PRIMARY KEY,
    adoption INTEGER NOT NULL,
    reproduction INTEGER NOT NULL,
    review_score REAL,
    replies INTEGER NOT NULL,
    last_reply_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX standing_by_replies
    ON standing (replies DESC, last_reply_ms DESC, cid) WHERE replies > 0;

  CREATE VIRTUAL TABLE word USING fts5 (words, facets, content = '', tokenize = 'ascii');

  CREATE TABLE stub (cid BLOB NOT NULL PRIMARY KEY, since_ms REAL NOT NULL,
    promised_by TEXT NOT NULL) STRICT, WITHOUT ROWID;

  CREATE TABLE record (
    space TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (space, key)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE blob (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
  `,
  // Schema 2: unreleased.
  `
  ALTER TABLE tally RENAME TO counts;
  ALTER TABLE standing RENAME TO signal_total;
  DROP INDEX standing_by_replies;
  CREATE INDEX signal_total_by_replies
    ON signal_total (replies DESC, last_reply_ms DESC, cid) WHERE replies > 0;

  CREATE TABLE epoch (id TEXT NOT NULL UNIQUE, after INTEGER NOT NULL) STRICT;
  CREATE TABLE log (last_seq INTEGER NOT NULL) STRICT;
  INSERT INTO log (last_seq) SELECT ifnull(max(id), 0) FROM contribution;
  `,
  // Schema 3: unreleased.
  `
  CREATE TABLE blob_file (
    hash BLOB NOT NULL PRIMARY KEY,
    size INTEGER NOT NULL,
    modified_ms REAL NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  // Schema 4: unreleased. Where older rows came from isn't known.
  `
  ALTER TABLE contribution ADD COLUMN own INTEGER NOT NULL DEFAULT 0;
  `,
  // Schema 5: unreleased. The new index is built beside the old one (`tables/word-index.ts`).
  `
  CREATE VIRTUAL TABLE word_2 USING fts5 (words, facets, content = '', tokenize = 'ascii');
  CREATE TABLE word_index (version INTEGER NOT NULL, built_to INTEGER NOT NULL) STRICT;
  INSERT INTO word_index VALUES (1, 0);

  CREATE TABLE reply (cid BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
  INSERT OR IGNORE INTO reply SELECT source FROM edge
    WHERE type = 'responds_to' AND target IN (SELECT cid FROM contribution);
  `,
  // Schema 6: unreleased. Its tables are filled from the manifests (`writer/derivation.ts`).
  `
  DROP TABLE place;
  DROP TABLE dimension;
  CREATE TABLE dimension (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    direction TEXT NOT NULL,
    of_works INTEGER NOT NULL,
    places INTEGER NOT NULL,
    UNIQUE (metric, direction, of_works)
  ) STRICT;
  CREATE TABLE place (
    contribution INTEGER NOT NULL,
    dimension INTEGER NOT NULL,
    rank REAL NOT NULL,
    cid BLOB NOT NULL,
    PRIMARY KEY (contribution, dimension)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX place_by_rank ON place (dimension, rank, cid);

  CREATE TABLE score_form (
    metric TEXT NOT NULL,
    direction TEXT NOT NULL,
    unit TEXT NOT NULL,
    works INTEGER NOT NULL,
    published INTEGER NOT NULL,
    latest BLOB,
    PRIMARY KEY (metric, direction, unit)
  ) STRICT, WITHOUT ROWID;

  DROP TABLE edge;
  CREATE TABLE edge (
    target BLOB NOT NULL,
    type TEXT NOT NULL,
    source BLOB NOT NULL,
    metadata TEXT,
    PRIMARY KEY (target, type, source)
  ) STRICT, WITHOUT ROWID;

  DROP TABLE signal_total;
  CREATE TABLE signal_total (
    cid BLOB NOT NULL PRIMARY KEY,
    adoption INTEGER NOT NULL,
    reproduction INTEGER NOT NULL,
    review_sum TEXT NOT NULL,
    review_count INTEGER NOT NULL,
    replies INTEGER NOT NULL,
    last_reply_ms INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX signal_total_by_replies
    ON signal_total (replies DESC, last_reply_ms DESC, cid) WHERE replies > 0;

  CREATE TABLE derivation (version INTEGER NOT NULL) STRICT;
  INSERT INTO derivation VALUES (0);
  `,
  // Schema 7: unreleased. Its ranks follow from the manifests, as those of schema 6 do.
  `
  ALTER TABLE log ADD COLUMN contributions INTEGER NOT NULL DEFAULT 0;
  UPDATE log SET contributions = (SELECT contributions FROM counts);
  DROP TABLE counts;

  DELETE FROM place;
  DROP TABLE dimension;
  CREATE TABLE dimension (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    direction TEXT NOT NULL,
    kind TEXT NOT NULL,
    places INTEGER NOT NULL,
    oldest_ms INTEGER NOT NULL,
    UNIQUE (metric, direction, kind)
  ) STRICT;
  UPDATE derivation SET version = 0;
  `,
  // Schema 8: unreleased.
  `
  ALTER TABLE contribution ADD COLUMN host TEXT;

  DROP TABLE edge;
  CREATE TABLE edge (
    target BLOB NOT NULL,
    type TEXT NOT NULL,
    source BLOB NOT NULL,
    metadata TEXT,
    telling INTEGER NOT NULL,
    turn INTEGER NOT NULL,
    seq INTEGER NOT NULL,
    PRIMARY KEY (target, type, source)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX edge_by_telling ON edge (target, telling, turn, seq);
  CREATE TABLE edge_turn (
    target BLOB NOT NULL,
    telling INTEGER NOT NULL,
    host TEXT NOT NULL,
    edges INTEGER NOT NULL,
    PRIMARY KEY (target, telling, host)
  ) STRICT, WITHOUT ROWID;

  ALTER TABLE signal_total ADD COLUMN evidence INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE signal_total ADD COLUMN edges INTEGER NOT NULL DEFAULT 0;
  UPDATE derivation SET version = 0;
  `,
  // Schema 9: unreleased.
  `
  ALTER TABLE dimension DROP COLUMN oldest_ms;
  CREATE TABLE direction (
    id INTEGER PRIMARY KEY,
    metric TEXT NOT NULL,
    direction TEXT NOT NULL,
    of_works INTEGER NOT NULL,
    published INTEGER NOT NULL,
    first_published INTEGER,
    voices INTEGER NOT NULL,
    first INTEGER NOT NULL,
    UNIQUE (metric, direction, of_works)
  ) STRICT;
  CREATE INDEX direction_by_support
    ON direction (published > 0 DESC, voices DESC, metric) WHERE of_works = 1;
  CREATE TABLE direction_voice (
    direction INTEGER NOT NULL,
    voice TEXT NOT NULL,
    PRIMARY KEY (direction, voice)
  ) STRICT, WITHOUT ROWID;
  UPDATE derivation SET version = 0;
  `,
  // Schema 10: unreleased.
  `
  CREATE TABLE origin (
    contribution INTEGER NOT NULL,
    key BLOB NOT NULL,
    at_ms INTEGER NOT NULL,
    signature BLOB NOT NULL,
    place INTEGER,
    leaves INTEGER,
    path BLOB,
    PRIMARY KEY (contribution, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE signer (
    target BLOB NOT NULL,
    signal INTEGER NOT NULL,
    key BLOB NOT NULL,
    items INTEGER NOT NULL,
    PRIMARY KEY (target, signal, key)
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE own_key (key BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
  `,
  // Schema 11: unreleased.
  `
  CREATE TABLE counting (
    admission TEXT NOT NULL,
    version INTEGER NOT NULL,
    moves INTEGER NOT NULL
  ) STRICT;
  INSERT INTO counting VALUES ('open', 0, 0);
  CREATE TABLE key_standing (
    key BLOB NOT NULL PRIMARY KEY,
    standing TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX key_trusted ON key_standing (key) WHERE standing IN ('own', 'trusted');
  CREATE TABLE uncounted (contribution INTEGER PRIMARY KEY, blocked INTEGER NOT NULL) STRICT;
  CREATE TABLE recount (after INTEGER NOT NULL, until INTEGER NOT NULL) STRICT;
  ALTER TABLE origin ADD COLUMN refused INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE direction_voice ADD COLUMN items INTEGER NOT NULL DEFAULT 1;
  UPDATE derivation SET version = 0;
  `,
  // Schema 12: unreleased.
  `
  CREATE TABLE key_alias (
    former BLOB NOT NULL PRIMARY KEY,
    present BLOB NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
]
