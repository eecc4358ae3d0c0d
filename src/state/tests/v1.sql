-- A state as the first version of its form has it. It stays as it is when there are newer ones.
CREATE TABLE deployments (
  uuid TEXT NOT NULL PRIMARY KEY,
  serial INTEGER NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record)),
  name TEXT AS (record ->> 'name'),
  lineage TEXT NOT NULL AS (record ->> 'lineage'),
  network TEXT NOT NULL AS (record ->> 'network')
) STRICT, WITHOUT ROWID;

CREATE TABLE resources (
  number INTEGER PRIMARY KEY,
  deployment TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE,
  type TEXT NOT NULL,
  name TEXT NOT NULL,
  deposed INTEGER NOT NULL DEFAULT 0 CHECK (deposed IN (0, 1)),
  record TEXT NOT NULL CHECK (json_valid(record)),
  sealed BLOB,
  plugin TEXT NOT NULL AS (record ->> 'plugin'),
  phase TEXT NOT NULL AS (record ->> 'phase'),
  token TEXT NOT NULL AS (record ->> 'token')
) STRICT;

CREATE UNIQUE INDEX current ON resources (deployment, type, name) WHERE deposed = 0;
CREATE UNIQUE INDEX deposed ON resources (deployment, type, name, token) WHERE deposed = 1;

CREATE VIEW needs AS
  SELECT resources.deployment, resources.type, resources.name, resources.deposed,
    need.value ->> 'type' AS needs_type, need.value ->> 'name' AS needs_name
  FROM resources, json_each(resources.record, '$.needs') AS need;

CREATE TABLE machines (
  deployment TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE,
  name TEXT NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record)),
  system TEXT AS (record ->> 'system'),
  PRIMARY KEY (deployment, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE journal (
  deployment TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE,
  number INTEGER NOT NULL,
  time INTEGER NOT NULL,
  entry TEXT NOT NULL CHECK (json_valid(entry)),
  PRIMARY KEY (deployment, number)
) STRICT, WITHOUT ROWID;

PRAGMA application_id = 1852405875;
PRAGMA user_version = 1;
PRAGMA journal_mode = wal;

INSERT INTO deployments (uuid, serial, record) VALUES ('6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11', 3,
  '{"uuid":"6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11","name":"prod","lineage":"6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11","network":"default","serial":0,"description":"","source":"git+file:///net","arguments":{"region":{"kind":"text","value":"eu"}},"created":1785665472}');
INSERT INTO resources (deployment, type, name, deposed, record, sealed) VALUES
  ('6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11', 'volumes', 'data', 0,
    '{"plugin":"cloud","version":1,"token":"t2","phase":"ready","state":{"id":"v-t2","inputs":{"size":10},"outputs":{"device":"/dev/sdb"}},"needs":[{"type":"networks","name":"lan"}],"lifecycle":{"protect":false,"retain":false,"createFirst":false,"ignoreChanges":[],"replaceOn":[],"aliases":[]}}',
    X'5A2178352F2E2A2F2E2978607A21782A3B29292D35283E78607A78393528283F392E77323528293F782727'),
  ('6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11', 'volumes', 'data', 1,
    '{"plugin":"cloud","version":1,"token":"t1","phase":"deleting","state":{"id":"v-t1","inputs":{"size":10},"outputs":{"device":"/dev/sdb"}},"needs":[],"lifecycle":{"protect":false,"retain":false,"createFirst":false,"ignoreChanges":[],"replaceOn":[],"aliases":[]}}',
    NULL);
INSERT INTO machines (deployment, name, record) VALUES ('6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11', 'web',
  '{"backend":"none","system":"/nix/store/x-web","activated":1785665500,"options":null,"legacy":{}}');
INSERT INTO journal (deployment, number, time, entry) VALUES ('6f1a43f0-2f0c-4d0e-9f1d-0c1f5a7d9b11', 3, 1785665480,
  '{"type":"volumes","name":"data","operation":"create","stage":"done","token":"t2"}');
