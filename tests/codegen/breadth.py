#!/usr/bin/env python3
"""Writes an .actor file with an actor for every type of values, whose state has every shape that the type may have.

  breadth.py FILE

breadth_test.cc holds it to the language: what may be written and is not in here fails there.
"""
import pathlib
import sys

SHAPES = {
    "plain": "{type} plain = 1;",
    "maybe": "optional {type} maybe = 2;",
    "preset": "{type} preset = 3 [default = {default}];",
    "many": "list<{type}> many = 4;",
    "by_text": "map<string, {type}> by_text = 5;",
    "keyed": "map<{type}, int32> keyed = 6;",
    "choice": "oneof choice {{ {type} one = 7; bool other = 8; }}",
    "unique": "set<{type}> unique = 9;",
    "elements": "list<{name}Element> elements = 10 [key = id];",
    "by_key": "list<{name}Keyed> by_key = 11 [key = id];",
}
EVERYWHERE = "plain maybe many by_text choice elements"
INTEGER = EVERYWHERE + " preset keyed unique by_key"

# Type, its default, and which shapes it may have.
TYPES = {
    "Bool": ("bool", "true", INTEGER),
    "Int32": ("int32", "-7", INTEGER),
    "Int64": ("int64", "-7", INTEGER),
    "Uint32": ("uint32", "7", INTEGER),
    "Uint64": ("uint64", "7", INTEGER),
    "Float": ("float", "0.5", EVERYWHERE + " preset"),
    "Double": ("double", "0.5", EVERYWHERE + " preset"),
    "String": ("string", '"seven"', INTEGER),
    "Bytes": ("bytes", '"\\xff\\0"', EVERYWHERE + " preset unique"),
    "Timestamp": ("timestamp", "absl::FromUnixSeconds(7)", EVERYWHERE + " preset"),
    "Duration": ("duration", "7ms", EVERYWHERE + " preset"),
    "Uuid": ("uuid", "", EVERYWHERE + " unique by_key"),
    "Mood": ("Mood", "LOUD", EVERYWHERE + " preset unique by_key"),
    "Pair": ("Pair", "", EVERYWHERE),
}

lines = ["/// Every type in every shape.", "package breadth.v1;", "",
         "enum Mood { CALM = 0; LOUD = 1; LEAST = -2147483648; MOST = 2147483647; }",
         "struct Pair { int32 a = 1; string b = 2; }"]
for name, (type_name, default, shapes) in TYPES.items():
    lines.append(f"struct {name}Element {{ int32 id = 1; {type_name} value = 2; optional {type_name} maybe = 3; }}")
    if "by_key" in shapes.split():
        lines.append(f"struct {name}Keyed {{ {type_name} id = 1; int32 n = 2; }}")
    lines += [f"actor {name}s(string id) {{", "  state {"]
    lines += ["    " + text.format(type=type_name, name=name, default=default)
              for shape, text in SHAPES.items() if shape in shapes.split()]
    lines += ["  }", "}"]
text = "\n".join(lines) + "\n"
path = pathlib.Path(sys.argv[1])
if not path.exists() or path.read_text() != text:
    path.write_text(text)
