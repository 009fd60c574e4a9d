-- The directory of a grove at schema 1, as Grove 0.2.0 wrote it: `grove.db` as text.

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
CREATE INDEX standing_by_replies ON standing (replies DESC, last_reply_ms DESC, cid) WHERE replies > 0;
CREATE VIRTUAL TABLE word USING fts5 (words, facets, content = '', tokenize = 'ascii');
CREATE TABLE stub (cid BLOB NOT NULL PRIMARY KEY, since_ms REAL NOT NULL, promised_by TEXT NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE record (
  space TEXT NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (space, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE blob (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, bytes BLOB NOT NULL) STRICT;

INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (1, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 1772366400000, 1, 'local', NULL, NULL, 1772452800001, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{"notes.txt":"blake3:fd12e33e1dabeaab887c4b8bf68b9410b712410d8efc97cc59bc0e56a695d8c8"},"context":{"a:\"b\"":{"x":null,"y":[1,2]},"hardware":"H100","seed":1},"createdAt":"2026-03-01T12:00:00.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"speed":{"direction":"maximize","value":3},"val_bpb":{"direction":"minimize","unit":"bpb","value":0.99}},"summary":"Baseline: größe des Caches","tags":["ml","späte"]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (2, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2', 1772366431000, 1, 'local', NULL, NULL, 1772452800002, CAST('{"agent":{"agentId":"reviewer-1","agentName":"Ada","platform":"H100"},"artifacts":{},"createdAt":"2026-03-01T12:00:31.000Z","kind":"review","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"note":"n1"},"relationType":"reviews","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"quality":{"direction":"maximize","value":0.2}},"summary":"review 1","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (3, x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f', 1772366470000, 1, 'peer', 'grove-3', 'http://10.0.0.3:4515', 1772452800003, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:01:10.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"adopts","targetCid":"blake3:1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326"}],"summary":"adopts what is not here yet","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (4, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 1772366410000, 1, 'local', NULL, NULL, 1772452800004, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:10.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"derives_from","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"val_bpb":{"direction":"minimize","value":0.97}},"summary":"wider context, it''s better","tags":["ml"]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (5, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', 1772366420000, 1, 'local', NULL, NULL, 1772452800005, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:20.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[{"relationType":"adopts","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"},{"relationType":"derives_from","targetCid":"blake3:48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b"}],"scores":{"_adoption":{"direction":"maximize","value":9},"val_bpb":{"direction":"maximize","value":5}},"summary":"another direction","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (6, x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', 1772366450000, 1, 'peer', 'grove-6', 'http://10.0.0.6:4515', 1772452800006, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:50.000Z","kind":"discussion","manifestVersion":1,"mode":"exploration","relations":[{"relationType":"responds_to","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"},{"relationType":"responds_to","targetCid":"blake3:48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b"}],"summary":"why so slow","tags":["tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt"]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (7, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660', 1772366432000, 1, 'local', NULL, NULL, 1772452800007, CAST('{"agent":{"agentId":"reviewer-2","agentName":"Ada","platform":"H100"},"artifacts":{},"createdAt":"2026-03-01T12:00:32.000Z","kind":"review","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"note":"n2"},"relationType":"reviews","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"scores":{"quality":{"direction":"maximize","value":0.7}},"summary":"review 2","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (8, x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6', 1772366440000, 1, 'local', NULL, NULL, 1772452800008, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:40.000Z","kind":"reproduction","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"result":"confirmed"},"relationType":"reproduces","targetCid":"blake3:f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557"}],"summary":"reproduced","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (9, x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c', 1772366441000, 1, 'peer', 'grove-9', 'http://10.0.0.9:4515', 1772452800009, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:41.000Z","kind":"reproduction","manifestVersion":1,"mode":"evaluation","relations":[{"metadata":{"result":"challenged"},"relationType":"reproduces","targetCid":"blake3:0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9"}],"summary":"not reproduced","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (10, x'2ca7518c2d1eeed2fd680691126de16afa9ea50389865122671a086b9622d3b7', 1772366460000, 0, 'local', NULL, NULL, 1772452800010, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"context":{"ephemeral":true},"createdAt":"2026-03-01T12:01:00.000Z","kind":"discussion","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"val_bpb":{"direction":"minimize","value":0.1}},"summary":"passing message","tags":[]}' AS BLOB));
INSERT INTO contribution (id, cid, created_ms, ranked, origin, peer_id, address, received_ms, manifest) VALUES (11, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 1772366402000, 1, 'local', NULL, NULL, 1772452800011, CAST('{"agent":{"agentId":"agent-1"},"artifacts":{},"createdAt":"2026-03-01T12:00:02.000Z","kind":"work","manifestVersion":1,"mode":"evaluation","relations":[],"scores":{"val_bpb":{"direction":"minimize","value":0.98}},"summary":"arrives after its adopter","tags":[]}' AS BLOB));
INSERT INTO word (rowid, words, facets) VALUES (1, 'baseline große des caches ml spate agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120746167ee80ba6d6c20746167ee80ba7370c3a4746520636f6e74657874ee80baee80a26861726477617265ee80a2ee80baee80a2ee8188313030ee80a220636f6e74657874ee80baee80a273656564ee80a2ee80ba3120636f6e74657874ee80baee80a261ee80baee819cee80a262ee819cee80a2ee80a2ee80baee81bbee80a278ee80a2ee80ba6e756c6cee80acee80a279ee80a2ee80baee819b31ee80ac32ee819dee81bd' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (2, 'review 1 reviewer 1 ada h100', CAST(x'6b696e64ee80ba726576696577206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba7265766965776572ee80ad31206167656e74ee818e616d65ee80baee8181646120706c6174666f726dee80baee8188313030' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (3, 'adopts what is not here yet agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (4, 'wider context it s better ml agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120746167ee80ba6d6c' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (5, 'another direction agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (6, 'why so slow tttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttttt agent 1', CAST(x'6b696e64ee80ba64697363757373696f6e206d6f6465ee80ba6578706c6f726174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31206861736835626136316262383465663766636533306435346662633864363837393838353030623666303031303835653464613437313164616239363738386331303463' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (7, 'review 2 reviewer 2 ada h100', CAST(x'6b696e64ee80ba726576696577206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba7265766965776572ee80ad32206167656e74ee818e616d65ee80baee8181646120706c6174666f726dee80baee8188313030' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (8, 'reproduced agent 1', CAST(x'6b696e64ee80ba726570726f64756374696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (9, 'not reproduced agent 1', CAST(x'6b696e64ee80ba726570726f64756374696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (10, 'passing message agent 1', CAST(x'6b696e64ee80ba64697363757373696f6e206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad3120636f6e74657874ee80baee80a2657068656d6572616cee80a2ee80ba74727565' AS TEXT));
INSERT INTO word (rowid, words, facets) VALUES (11, 'arrives after its adopter agent 1', CAST(x'6b696e64ee80ba776f726b206d6f6465ee80ba6576616c756174696f6e206167656e74ee818964ee80ba6167656e74ee80ad31' AS TEXT));
INSERT INTO tally (contributions) VALUES (11);
INSERT INTO dimension (id, metric, direction, places) VALUES (1, '_recency', 'maximize', 10);
INSERT INTO dimension (id, metric, direction, places) VALUES (2, 'speed', 'maximize', 1);
INSERT INTO dimension (id, metric, direction, places) VALUES (3, 'val_bpb', 'minimize', 3);
INSERT INTO dimension (id, metric, direction, places) VALUES (4, 'quality', 'maximize', 2);
INSERT INTO dimension (id, metric, direction, places) VALUES (5, '_review_score', 'maximize', 1);
INSERT INTO dimension (id, metric, direction, places) VALUES (6, '_adoption', 'maximize', 2);
INSERT INTO dimension (id, metric, direction, places) VALUES (7, 'val_bpb', 'maximize', 1);
INSERT INTO dimension (id, metric, direction, places) VALUES (8, '_reproduction', 'maximize', 1);
INSERT INTO place (contribution, dimension, rank, cid) VALUES (3, 1, -1772366470000, x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (6, 1, -1772366450000, x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (9, 1, -1772366441000, x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (8, 1, -1772366440000, x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (7, 1, -1772366432000, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (2, 1, -1772366431000, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (5, 1, -1772366420000, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 1, -1772366410000, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 1, -1772366402000, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 1, -1772366400000, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 2, -3, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 3, 0.97, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 3, 0.98, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 3, 0.99, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (7, 4, -0.7, x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (2, 4, -0.2, x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 5, -0.44999999999999996, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (1, 6, -2, x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (11, 6, -1, x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (5, 7, -5, x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7');
INSERT INTO place (contribution, dimension, rank, cid) VALUES (4, 8, -1, x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557');
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'adopts', x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'derives_from', x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reproduces', x'466df5dfaa8b9c63b1c8d2be976ccf6c7b881755ff47f77bafe854d4fb30851c', '{"result":"challenged"}', NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'responds_to', x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reviews', x'cf9aecba7d8509e7cd7b47868cf9f800f3063af82e110e010d9a90b772c973c2', '{"note":"n1"}', 0.2, 1);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 'reviews', x'f547f011b8a7f87b2e89ff21e7de17e1aa31560b1c173ce422b9ab1b80343660', '{"note":"n2"}', 0.7, 1);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 'adopts', x'774f8d18bdf6483ab6c95892efd5c4305ade64e574c9da461e5c9e0b5d92591f', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 'derives_from', x'f24ea34a11fe18a4ab9e5911215ab43fb571900ecba67623c2005477ce8367f7', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 'responds_to', x'7347163ca4e9e36dcab4a19c6cbca7d592a26c98576904426ce85af9081c6f37', NULL, NULL, 0);
INSERT INTO edge (target, type, source, metadata, review_sum, review_count) VALUES (x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 'reproduces', x'f31720218d83f2bc92937c80cc791c7356dd41a3d02fa8a06b50d50ff75498e6', '{"result":"confirmed"}', NULL, 0);
INSERT INTO standing (cid, adoption, reproduction, review_score, replies, last_reply_ms) VALUES (x'0d3fdb8e7a2c368ff3efc962ff98ee05ec8507c28f8fb5cf11c49147064c85a9', 2, 0, 0.44999999999999996, 1, 1772366450000);
INSERT INTO standing (cid, adoption, reproduction, review_score, replies, last_reply_ms) VALUES (x'1e15874e5ada96858830e70aa1d8801537c975cf3c35490b421cadc3e690a326', 1, 0, NULL, 0, NULL);
INSERT INTO standing (cid, adoption, reproduction, review_score, replies, last_reply_ms) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 1, 0, NULL, 1, 1772366450000);
INSERT INTO standing (cid, adoption, reproduction, review_score, replies, last_reply_ms) VALUES (x'f40004e510a651c01f619779fbae0aa1ff772302bf148835b12d0db0a5d95557', 0, 1, NULL, 0, NULL);
INSERT INTO stub (cid, since_ms, promised_by) VALUES (x'48fc721fbbc172e0925fa27af1671de225ba927134802998b10a1568a188652b', 1772366400000, '["grove-3","grove-6"]');
INSERT INTO record (space, key, value) VALUES ('grove', 'self', '{"peerId":"grove-0123456789abcdef0123456789abcdef"}');
INSERT INTO record (space, key, value) VALUES ('peers', 'http://10.0.0.3:4515', '{"list":[null,true],"seen":2}');
INSERT INTO blob (id, hash, bytes) VALUES (1, x'fd12e33e1dabeaab887c4b8bf68b9410b712410d8efc97cc59bc0e56a695d8c8', CAST('what was tried and why
' AS BLOB));

PRAGMA user_version = 1;
