#!/usr/bin/env python3
"""Provider for NixOps: entries of a ledger, kept in a file of JSON lines.

Without arguments it speaks the provider protocol, version 1, on standard input and output.
`ledger.py schema` prints the schema file of its type. The ledger is in the directory LEDGER_HOME
(~/.local/share/ledger if that is not set).
"""

import contextlib
import fcntl
import json
import os
import sys
import tempfile
import traceback
import uuid

TYPE, VERSION, PROTOCOL = "ledgerEntries", 0, 1
LARGEST_MESSAGE = 16 * 1024 * 1024  # bytes, with the line feed
DESCRIPTION = "An entry of a ledger"
STRING, OBJECT, COUNT = {"type": "string"}, {"type": "object"}, {"type": "integer", "minimum": 0}
OPTIONS = {
    "$schema": "https://json-schema.org/draft/2020-12/schema",
    "description": DESCRIPTION,
    "type": "object",
    "properties": {
        "text": {"type": "string", "description": "What the entry is about."},
        "amount": {"type": "integer", "default": 0, "description": "Amount of the entry."},
        "tags": {"type": "array", "items": STRING, "description": "Words to find it by."},
        "account": {"type": "string", "default": "cash", "x-nixops-replace": True,
                    "description": "Account that the entry is booked on."}},
    "required": ["text"]}
OUTPUTS = {
    "type": "object",
    "properties": {
        "line": {"type": "integer", "description": "Line of the entry in the file, from 1 on."},
        "file": {"type": "string", "description": "File in which the entry stands."}},
    "required": ["line", "file"]}
NATIVE = {"object": dict, "array": list, "string": str, "integer": int}
METHODS = {}  # the function and the schema of the parameters by name


class Fault(Exception):
    """Ends a request with an error of JSON-RPC."""

    def __init__(self, code, message, **more):
        super().__init__(message)
        self.error = {"code": code, "message": message, **more}


def failure(kind, message, **more):
    return Fault(1, message, data={"kind": kind, **more})


def record(optional=(), more=False, **fields):
    return {"type": "object", "properties": fields, "additionalProperties": more,
            "required": [name for name in fields if name not in optional]}


def method(called, optional=(), more=False, **params):
    return lambda function: METHODS.setdefault(called, (function, record(optional, more, **params)))[0]


def faults(schema, value, path=()):
    """What in `value` is against `schema`, of which only the words used in this file are known."""
    kind = schema.get("type")
    if kind and (not isinstance(value, NATIVE[kind]) or isinstance(value, bool)):
        yield path, f"is not of type {kind}"
    elif isinstance(value, dict):
        known = schema.get("properties", {})
        yield from (((*path, name), "is missing") for name in schema.get("required", [])
                    if name not in value)
        for name, item in value.items():
            if name in known:
                yield from faults(known[name], item, (*path, name))
            elif schema.get("additionalProperties") is False:
                yield (*path, name), "is not known"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from faults(schema.get("items", {}), item, (*path, str(index)))
    elif "minimum" in schema and value < schema["minimum"]:
        yield path, f"is less than {schema['minimum']}"


def require(code, what, schema, value):
    for path, fault in faults(schema, value):
        raise Fault(code, f"{what}: {'.'.join(path)[:200]} {fault}")


# The file

def ledger():
    home = os.environ.get("LEDGER_HOME") or os.path.expanduser("~/.local/share/ledger")
    return os.path.join(os.path.abspath(home), "ledger.jsonl")


def load():
    """The entries by line. Needs no lock, as the file is only ever replaced as a whole."""
    try:
        with open(ledger(), encoding="utf-8") as file:
            return [json.loads(line) if line.strip() else None for line in file]
    except FileNotFoundError:
        return []
    except ValueError as error:
        raise failure("other", f"{ledger()} is no file of JSON lines: {error}") from error


@contextlib.contextmanager
def changing():
    """The entries for changing; a lock keeps other processes from doing so meanwhile."""
    os.makedirs(os.path.dirname(ledger()), exist_ok=True)
    with open(ledger() + ".lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        lines = load()
        yield lines
        with tempfile.TemporaryDirectory(dir=os.path.dirname(ledger())) as directory:
            with open(os.path.join(directory, "new"), "w", encoding="utf-8") as file:
                file.writelines(json.dumps(line) + "\n" for line in lines)
                file.flush()
                os.fsync(file.fileno())  # what is answered must not be lost in a crash
            os.replace(file.name, ledger())


def position(lines, key, value):
    return next((index for index, entry in enumerate(lines)
                 if isinstance(entry, dict) and entry.get(key) == value), None)


def present(lines, identity):
    index = position(lines, "id", identity)
    if index is None:
        raise failure("notFound", f"the ledger has no entry {identity}")
    return index


# Entries

def settled(inputs):
    """Inputs with defaults and without what is unset; what the schema does not name is left out."""
    values = {name: option.get("default") if inputs.get(name) is None else inputs[name]
              for name, option in OPTIONS["properties"].items()}
    return {name: value for name, value in values.items() if value is not None}


def diagnostics(values):
    found = [{"path": path, "message": f"{path[0]} {fault}"} for path, fault in faults(OPTIONS, values)]
    if not found and values["account"] == "cash" and values["amount"] < 0:
        found.append({"path": ["amount"], "message": "the amount of account cash is negative"})
    return found


def accepted(inputs):
    if wrong := diagnostics(settled(inputs)):
        raise failure("invalid", "the inputs of the entry are wrong", diagnostics=wrong)
    return settled(inputs)


def differences(old, new):
    return [{"path": [name], "replace": option.get("x-nixops-replace", False),
             "kind": "add" if name not in old else "update" if name in new else "remove"}
            for name, option in OPTIONS["properties"].items() if old.get(name) != new.get(name)]


def outputs(index):
    return {"line": index + 1, "file": ledger()}


def created(lines, index):
    return {"id": lines[index]["id"], "outputs": outputs(index)}


# The protocol

def encoded(message):
    line = json.dumps({"jsonrpc": "2.0", **message}).encode() + b"\n"
    if len(line) <= LARGEST_MESSAGE:
        return line
    return encoded({"id": message["id"], "error": failure("other", "the answer is too long").error})


def error(number, code, message):
    return encoded({"id": number, "error": {"code": code, "message": message}})


REQUEST = record(jsonrpc=STRING, id=COUNT, method=STRING, params=OBJECT)
REF = record(type=STRING, name=STRING, deployment=STRING)
STATE = record(("inputs", "outputs", "private"), id=STRING, inputs=OBJECT, outputs=OBJECT, private={})
RANGE, PROGRAM = record(oldest=COUNT, newest=COUNT), record(name=STRING, version=STRING)


class Provider:
    """A conversation. Messages are handled one after the other until the input ends."""

    greeted = False

    @method("hello", more=True, protocol=RANGE, client=PROGRAM)
    def hello(self, protocol, **_later):
        if not protocol["oldest"] <= PROTOCOL <= protocol["newest"]:
            raise failure("unsupported", f"this provider speaks only version {PROTOCOL} of the protocol")
        self.greeted = True
        return {"protocol": PROTOCOL, "provider": {"name": "ledger", "version": "1.0"},
                "types": {TYPE: {"kind": "resource", "version": VERSION}}}

    @method("schema")
    def schema(self):
        return {"types": {TYPE: {"description": DESCRIPTION, "kind": "resource", "version": VERSION,
                                 "options": OPTIONS, "outputs": OUTPUTS}}}

    @method("validate", resource=REF, inputs=OBJECT)
    def validate(self, resource, inputs):
        return {"diagnostics": diagnostics(settled(inputs))}

    @method("create", resource=REF, inputs=OBJECT, token=STRING)
    def create(self, resource, inputs, token):
        with changing() as lines:
            index = position(lines, "token", token)
            if index is None:
                index = len(lines)
                lines.append({"id": uuid.uuid4().hex, "token": token, "name": resource["name"],
                              "deployment": resource["deployment"], **accepted(inputs)})
        return created(lines, index)

    @method("find", type=STRING, token=STRING)
    def find(self, type, token):
        index = position(lines := load(), "token", token)
        return {"resource": None if index is None else created(lines, index)}

    @method("read", type=STRING, resources={"type": "array", "items": STATE})
    def read(self, type, resources):
        places = {str(entry.get("id")): {"outputs": outputs(index)}
                  for index, entry in enumerate(load()) if isinstance(entry, dict)}
        return {"resources": [places.get(state["id"]) for state in resources]}

    @method("diff", resource=REF, prior=STATE, inputs=OBJECT)
    def diff(self, resource, prior, inputs):
        """Compares with the file, not with `prior`, so that changes by hand are seen too."""
        entry = (lines := load())[present(lines, prior["id"])]
        return {"changes": differences(settled(entry), accepted(inputs)), "stable": ["line", "file"]}

    @method("update", resource=REF, prior=STATE, inputs=OBJECT)
    def update(self, resource, prior, inputs):
        new = accepted(inputs)
        with changing() as lines:
            index = present(lines, prior["id"])
            if any(change["replace"] for change in differences(settled(lines[index]), new)):
                raise failure("unsupported", "an entry cannot move to another account")
            kept = lines[index].keys() - OPTIONS["properties"].keys()
            lines[index] = {**{key: lines[index][key] for key in sorted(kept)}, **new}
        return {"outputs": outputs(index)}

    @method("delete", resource=REF, prior=STATE)
    def delete(self, resource, prior):
        with changing() as lines:
            if (index := position(lines, "id", prior["id"])) is not None:
                lines[index] = None  # the line stays, so that the others keep their numbers
        return {}

    @method("import", resource=REF, id=STRING)
    def take_over(self, resource, id):
        index = present(lines := load(), id)
        return {"inputs": settled(lines[index]), "outputs": outputs(index)}

    @method("upgrade", type=STRING, version=COUNT, state=STATE)
    def upgrade(self, type, version, state):
        if version > VERSION:
            raise failure("unsupported", "the entry was kept by a newer provider")
        return {"state": state}

    @method("action", ["arguments"], resource=REF, prior=STATE, action=STRING, arguments=OBJECT)
    def action(self, **_params):
        raise failure("unsupported", "an entry of a ledger has no actions")

    def result(self, message):
        require(-32600, "no request", REQUEST, message)
        name, params = message["method"], message["params"]
        if message["jsonrpc"] != "2.0" or not (self.greeted or name == "hello"):
            raise Fault(-32600, "the request is not of JSON-RPC 2.0, or comes before hello")
        if name not in METHODS:
            raise Fault(-32601, f"there is no method {name[:200]}")
        function, schema = METHODS[name]
        require(-32602, name, schema, params)
        if name != "hello" and params.get("resource", params).get("type", TYPE) != TYPE:
            raise failure("unsupported", f"this provider has no type but {TYPE}")
        return function(self, **params)

    def answer(self, line):
        """What to write about a line that was read."""
        try:
            message = json.loads(line.decode(), parse_constant=int)  # which refuses NaN and the like
        except (ValueError, RecursionError) as problem:
            return error(None, -32700, f"the line is no JSON, or too long: {problem}")
        if isinstance(message, dict) and "id" not in message and "method" in message:
            if message["method"] == "cancel":
                return b""  # when this is read, the request has been answered already
            log = {"level": "warning", "message": "a notification was not understood"}
            return encoded({"method": "log", "params": log})
        number = message.get("id") if isinstance(message, dict) else None
        if any(faults(COUNT, number)) or number >= 2**64:
            return error(None, -32600, "no request: the id is no whole number from 0 on")
        try:
            return encoded({"id": number, "result": self.result(message)})
        except Fault as fault:
            return encoded({"id": number, "error": fault.error})
        except OSError as problem:
            fault = failure("other", f"the ledger cannot be used: {problem}")
            return encoded({"id": number, "error": fault.error})
        except Exception as defect:  # must cost one request, not all that follow
            traceback.print_exc()
            return error(number, -32603, f"defect of the provider: {defect!r}")

    def serve(self, source, sink):
        while line := source.readline(LARGEST_MESSAGE):
            rest = line
            while len(rest) == LARGEST_MESSAGE and not rest.endswith(b"\n"):
                line, rest = b"", source.readline(LARGEST_MESSAGE)  # too long: none of it is taken
            sink.write(self.answer(line))
            sink.flush()


if __name__ == "__main__":
    if sys.argv[1:] == ["schema"]:
        print(json.dumps({**OPTIONS, "x-nixops-kind": "resource", "x-nixops-version": VERSION,
                          "x-nixops-outputs": OUTPUTS}, indent=2))
    elif sys.argv[1:]:
        sys.exit("usage: ledger.py [schema]")
    else:
        Provider().serve(sys.stdin.buffer, sys.stdout.buffer)
