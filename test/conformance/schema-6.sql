-- The directory of a grove at schema 6, as an unreleased Grove wrote it that had opened the one of
-- schema 1 and stored three more contributions: `grove.db` as text.

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
, own INTEGER NOT NULL DEFAULT 0) STRICT;
CREATE INDEX contribution_by_age ON contribution (created_ms, cid);
CREATE TABLE "counts" (contributions INTEGER NOT NULL) STRICT;
CREATE TABLE stub (cid BLOB NOT NULL PRIMARY KEY, since_ms REAL NOT NULL, promised_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE record (
  space TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;
CREATE TABLE epoch (id TEXT NOT NULL UNIQUE, after INTEGER NOT NULL) STRICT;
CREATE TABLE log (last_seq INTEGER NOT NULL) STRICT;
CREATE TABLE blob_file (
  hash BLOB NOT NULL PRIMARY KEY,
  size INTEGER NOT NULL,
  modified_ms REAL NOT NULL
) STRICT, WITHOUT ROWID;
CREATE VIRTUAL TABLE word_2 USING fts5 (words, facets, content = '', tokenize = 'ascii');
CREATE TABLE word_index (version INTEGER NOT NULL, built_to INTEGER NOT NULL) STRICT;
CREATE TABLE reply (cid BLOB NOT NULL PRIMARY KEY) STRICT, WITHOUT ROWID;
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
CREATE TABLE edge (
  target BLOB NOT NULL,
  type TEXT NOT NULL,
  source BLOB NOT NULL,
  metadata TEXT,
  PRIMARY KEY (target, type, source)
) STRICT, WITHOUT ROWID;
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
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (1, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 1772366400000, 2, 'local', NULL, NULL, 1772452800001, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{"notes.txt":"blake3:fd12e33e1dabeaab887c4b8bf68b9410b712410d8efc97cc59bc0e56a695d8c8"},"context":{"a:\"b\"":{"x":null,"y":[1,2]},"hardware":"H100","seed":1},"createdAt":"2026-03-01T12:00:00.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"speed":{"direction":"maximize","value":3},"val_bpb":{"direction":"minimize","unit":"bpb","value":0.99}},"summary":"Baseline: größe des Caches","tags":["ml","späte"]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (2, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2', 1772366431000, 1, 'local', NULL, NULL, 1772452800002, CAST('{"agent":{"agentId":"reviewer-1","agentName":"Ada","platform":"H100"},"artifacts":{},"createdAt":"2026-03-01T12:00:31.000Z","kind":"review","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"note":"n1"},"relationType":"reviews","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"quality":{"direction":"maximize","value":0.2}},"summary":"review 1","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (3, x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f', 1772366470000, 2, 'peer', 'grove-3', 'http://10.0.0.3:4515', 1772452800003, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:01:10.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"adopts","targetCid":"blake3:1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326"}],"summary":"adopts what is not here yet","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (4, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 1772366410000, 2, 'local', NULL, NULL, 1772452800004, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:10.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"derives_from","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"val_bpb":{"direction":"minimize","value":0.97}},"summary":"wider context, it''s better","tags":["ml"]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (5, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', 1772366420000, 2, 'local', NULL, NULL, 1772452800005, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:20.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"adopts","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"},{"relationType":"derives_from","targetCid":"blake3:48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b"}],"scores":{"_adoption":{"direction":"maximize","value":9},"val_bpb":{"direction":"maximize","value":5}},"summary":"another direction","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (6, x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', 1772366450000, 1, 'peer', 'grove-6', 'http://10.0.0.6:4515', 1772452800006, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:50.000Z","kind":"discussion","manifestVersion":1,"mode":"exploration","relations":[{"relationType":"responds_to","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"},{"relationType":"responds_to","targetCid":"blake3:48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b"}],"summary":"why so slow","tags":["tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (7, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660', 1772366432000, 1, 'local', NULL, NULL, 1772452800007, CAST('{"agent":{"agentId":"reviewer-2","agentName":"Ada","platform":"H100"},"artifacts":{},"createdAt":"2026-03-01T12:00:32.000Z","kind":"review","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"note":"n2"},"relationType":"reviews","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"quality":{"direction":"maximize","value":0.7}},"summary":"review 2","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (8, x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6', 1772366440000, 1, 'local', NULL, NULL, 1772452800008, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:40.000Z","kind":"reproduction","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"result":"confirmed"},"relationType":"reproduces","targetCid":"blake3:f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557"}],"summary":"reproduced","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (9, x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c', 1772366441000, 1, 'peer', 'grove-9', 'http://10.0.0.9:4515', 1772452800009, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:41.000Z","kind":"reproduction","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"result":"challenged"},"relationType":"reproduces","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"summary":"not reproduced","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (10, x'2ca7518c2d1eeed2fd680691126de16afa9ea50389865122671a086b9622d3b7', 1772366460000, 0, 'local', NULL, NULL, 1772452800010, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"context":{"ephemeral":true},"createdAt":"2026-03-01T12:01:00.000Z","kind":"discussion","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"val_bpb":{"direction":"minimize","value":0.1}},"summary":"passing message","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (11, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 1772366402000, 2, 'local', NULL, NULL, 1772452800011, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:02.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"val_bpb":{"direction":"minimize","value":0.98}},"summary":"arrives after its adopter","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (12, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c', 1772366500000, 2, 'local', NULL, NULL, 1772452900000, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:01:40.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"quality":{"direction":"maximize","value":2},"val_bpb":{"direction":"minimize","unit":"bits","value":0.9}},"summary":"深度学习 tuned","tags":["ml"]}' AS BLOB), 1);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (13, x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3', 1772366501000, 1, 'peer', 'grove-3', 'http://10.0.0.3:4515', 1772452901000, CAST('{"agent":{"agentId":"reviewer-3"},"artifacts":{},"createdAt":"2026-03-01T12:01:41.000Z","kind":"review","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"reviews","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"},{"relationType":"reviews","targetCid":"blake3:bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c"},{"relationType":"responds_to","targetCid":"blake3:bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c"}],"scores":{"quality":{"direction":"maximize","value":0.1}},"summary":"doubtful","tags":[]}' AS BLOB), 0);
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest, own) VALUES (14, x'9c931a534a69ddff967c9c3467cc4cf82cc948de6218286a88fa42be65916ff7', 1772366502000, 1, 'peer', 'grove-6', 'http://10.0.0.6:4515', 1772452902000, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:01:42.000Z","kind":"reproduction","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"result":"challenged"},"relationType":"reproduces","targetCid":"blake3:bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c"}],"summary":"refuted","tags":[]}' AS BLOB), 0);
INSERT INTO counts (contributions) VALUES (14);
INSERT INTO stub (cid, since_ms, promised_by) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 1772366400000, '["grove-3","grove-6"]');
INSERT INTO record (space, key, value) VALUES ('grove', 'self', '{"peerId":"grove-0123456789abcdef0123456789abcdef"}');
INSERT INTO record (space, key, value) VALUES ('peers', 'http://10.0.0.3:4515', '{"list":[null,true],"seen":2}');
INSERT INTO blob (id, hash, bytes) VALUES (1, x'fd12e33e1dabeaab887c4b8bf68b9410b712410d8efc97cc59bc0e56a695d8c8', CAST('what was tried and why
' AS BLOB));
INSERT INTO epoch (id, after) VALUES ('7a709f40e5f63dca', 0);
INSERT INTO epoch (id, after) VALUES ('25230bba87284311', 11);
INSERT INTO log (last_seq) VALUES (14);
INSERT INTO word_2 (rowid, words, facets) VALUES (1, 'baseline grosse des caches ml spate agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120746167ee80ba6d6c20746167ee80ba7370c3a4746520636f6e74657874ee80baee80a261ee80baee819cee80a262ee819cee80a2ee80a2ee80baee81bbee80a278ee80a2ee80ba6e756c6cee80acee80a279ee80a2ee80baee819b31ee80ac32ee819dee81bd20636f6e74657874ee80baee80a26861726477617265ee80a2ee80baee80a2ee8188313030ee80a220636f6e74657874ee80baee80a273656564ee80a2ee80ba31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (2, 'review 1 reviewer 1 ada h100', CAST(x'6b696e64ee80ba726576696577206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba7265766965776572ee80ad31206167656e74ee818e616d65ee80baee8181646120706c6174666f726dee80baee8188313030' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (3, 'adopts what is not here yet agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (4, 'wider context it s better ml agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120746167ee80ba6d6c' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (5, 'another direction agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (6, 'why so slow tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt agent 1', CAST(x'6b696e64ee80ba64697363757373696f6e206d6f6465ee80ba6578706c6f726174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31206861736835626136316262383465663766636533306435346662633864363837393838353030623666303031303835653464613437313164616239363738386331303463' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (7, 'review 2 reviewer 2 ada h100', CAST(x'6b696e64ee80ba726576696577206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba7265766965776572ee80ad32206167656e74ee818e616d65ee80baee8181646120706c6174666f726dee80baee8188313030' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (8, 'reproduced agent 1', CAST(x'6b696e64ee80ba726570726f64756374696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (9, 'not reproduced agent 1', CAST(x'6b696e64ee80ba726570726f64756374696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (10, 'passing message agent 1', CAST(x'6b696e64ee80ba64697363757373696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120636f6e74657874ee80baee80a2657068656d6572616cee80a2ee80ba74727565' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (11, 'arrives after its adopter agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (12, '深 度 学 习 深度 度学 学习 tuned ml agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120746167ee80ba6d6c' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (13, 'doubtful reviewer 3', CAST(x'6b696e64ee80ba726576696577206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba7265766965776572ee80ad33' AS TEXT));
INSERT INTO word_2 (rowid, words, facets) VALUES (14, 'refuted agent 1', CAST(x'6b696e64ee80ba726570726f64756374696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word_index (version, built_to) VALUES (2, 0);
INSERT INTO reply (cid) VALUES (x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37');
INSERT INTO reply (cid) VALUES (x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3');
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (1, '_recency', 'maximize', 1, 6);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (2, 'speed', 'maximize', 1, 1);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (3, 'val_bpb', 'minimize', 1, 4);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (4, '_recency', 'maximize', 0, 7);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (5, 'quality', 'maximize', 0, 3);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (6, 'val_bpb', 'maximize', 1, 1);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (7, '_adoption', 'maximize', 1, 2);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (8, '_review_score', 'maximize', 1, 2);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (9, '_reproduction', 'maximize', 1, 1);
INSERT INTO dimension (id, metric, direction, of_works, places) VALUES (10, 'quality', 'maximize', 1, 1);
INSERT INTO place (contribution, dimension, rank, cid) VALUES (12, 1, -1772366500000, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (3, 1, -1772366470000, x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (5, 1, -1772366420000, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 1, -1772366410000, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 1, -1772366402000, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 1, -1772366400000, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 2, -3, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (12, 3, 0.9, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 3, 0.97, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 3, 0.98, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 3, 0.99, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (14, 4, -1772366502000, x'9c931a534a69ddff967c9c3467cc4cf82cc948de6218286a88fa42be65916ff7');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (13, 4, -1772366501000, x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (6, 4, -1772366450000, x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (9, 4, -1772366441000, x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (8, 4, -1772366440000, x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (7, 4, -1772366432000, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (2, 4, -1772366431000, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (7, 5, -0.7, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (2, 5, -0.2, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (13, 5, -0.1, x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (5, 6, -5, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 7, -2, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 7, -1, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 8, -0.3333333333333333, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (12, 8, -0.1, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 9, -1, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (12, 10, -2, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('quality', 'maximize', '', 1, 1, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('speed', 'maximize', '', 1, 1, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('val_bpb', 'maximize', '', 1, 1, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('val_bpb', 'minimize', '', 2, 2, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('val_bpb', 'minimize', 'bits', 1, 1, x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c');
INSERT INTO score_form (metric, direction, unit, works, published, latest) VALUES ('val_bpb', 'minimize', 'bpb', 1, 1, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'adopts', x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'derives_from', x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reproduces', x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c', '{"result":"challenged"}');
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'responds_to', x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reviews', x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reviews', x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2', '{"note":"n1"}');
INSERT INTO edge (target, type, source, metadata) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reviews', x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660', '{"note":"n2"}');
INSERT INTO edge (target, type, source, metadata) VALUES (x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 'adopts', x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 'derives_from', x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 'responds_to', x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c', 'reproduces', x'9c931a534a69ddff967c9c3467cc4cf82cc948de6218286a88fa42be65916ff7', '{"result":"challenged"}');
INSERT INTO edge (target, type, source, metadata) VALUES (x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c', 'responds_to', x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c', 'reviews', x'cbacdbc4ba6de059dade36bf68fcf1d0b6bd906a926ccb45b69b40d0f51a71c3', NULL);
INSERT INTO edge (target, type, source, metadata) VALUES (x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 'reproduces', x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6', '{"result":"confirmed"}');
INSERT INTO signal_total (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 2, 0, '3fffffffffffff8p254', 3, 1, 1772366450000);
INSERT INTO signal_total (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms) VALUES (x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 1, 0, '0p0', 0, 0, NULL);
INSERT INTO signal_total (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 1, 0, '0p0', 0, 1, 1772366450000);
INSERT INTO signal_total (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms) VALUES (x'bc43242cf2a66a60a94503547da5d4779b2f1c22fcce97cf86bf7eda2e40c07c', 0, 0, '66666666666668p254', 1, 1, 1772366501000);
INSERT INTO signal_total (cid, adoption, reproduction, review_sum, review_count, replies, last_reply_ms) VALUES (x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 0, 1, '0p0', 0, 0, NULL);
INSERT INTO derivation (version) VALUES (1);

PRAGMA user_version = 6;
