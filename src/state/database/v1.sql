-- What is kept of things is JSON, as the types of `state` have it; what is looked for stands in columns
-- that SQLite makes of it.

CREATE TABLE deployments (
  uuid TEXT NOT NULL PRIMARY KEY,
  serial INTEGER NOT NULL,
  record TEXT NOT NULL CHECK (json_valid(record)),
  name TEXT AS (record ->> 'name'),
  lineage TEXT NOT NULL AS (record ->> 'lineage'),
  network TEXT NOT NULL AS (record ->> 'network')
) STRICT, WITHOUT ROWID;

-- Resources, and the machines that backends made. Those that others have replaced, and that are still to
-- be deleted, are deposed: they are told apart by their token.
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

-- What had to be there before a resource.
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

-- The number of a line is the serial that its deployment has with it.
CREATE TABLE journal (
  deployment TEXT NOT NULL REFERENCES deployments ON DELETE CASCADE,
  number INTEGER NOT NULL,
  time INTEGER NOT NULL,
  entry TEXT NOT NULL CHECK (json_valid(entry)),
  PRIMARY KEY (deployment, number)
) STRICT, WITHOUT ROWID;
