CREATE TABLE entry (
  id      INTEGER PRIMARY KEY,
  key     BLOB    NOT NULL, -- digest of everything that an evaluation depends on beside outputs
  subject TEXT    NOT NULL, -- what was evaluated
  trace   BLOB    NOT NULL, -- digest of what it depended on of outputs
  used    INTEGER NOT NULL, -- number of the run that used it last
  size    INTEGER NOT NULL,
  digest  BLOB    NOT NULL, -- of all of the above but its use, and of the content
  content BLOB    NOT NULL, -- JSON
  UNIQUE (key, subject, trace)
);
CREATE INDEX entry_by_use ON entry (used, size);
