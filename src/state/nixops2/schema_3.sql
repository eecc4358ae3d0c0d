-- The tables of NixOps 2 in schema 3, for tests.
CREATE TABLE SchemaVersion(version integer not null);
INSERT INTO SchemaVersion VALUES (3);
CREATE TABLE Deployments(uuid text primary key);
CREATE TABLE DeploymentAttrs(
  deployment text not null, name text not null, value text not null,
  primary key(deployment, name),
  foreign key(deployment) references Deployments(uuid) on delete cascade);
CREATE TABLE Resources(
  id integer primary key autoincrement,
  deployment text not null, name text not null, type text not null,
  foreign key(deployment) references Deployments(uuid) on delete cascade);
CREATE TABLE ResourceAttrs(
  machine integer not null, name text not null, value text not null,
  primary key(machine, name),
  foreign key(machine) references Resources(id) on delete cascade);
