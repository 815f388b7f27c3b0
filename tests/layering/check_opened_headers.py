#!/usr/bin/env python3
"""check_opened_headers.py <ninja> <source directory> <build directory>

Asks ninja which files each object of the build was compiled from, and reports those that its place in the
architecture forbids.
"""

import pathlib
import re
import subprocess
import sys

GRPC = r"^/.*/(grpc|grpcpp|grpc\+\+)/"
PROTOBUF = r"^/.*/google/protobuf/"
LIBCLANG = r"^/.*/(clang-c|clang|llvm)/[^/]*\.h$"
SQLITE = r"^/.*/sqlite3(ext)?\.h$"
LIBPQ = r"^/.*/(libpq-fe|postgres_ext)\.h$"

# Paths in the tree are relative to its root, others absolute.

# Objects (by where their source is) and what they must not open.
RULES = [
    (r"^idl/", [GRPC, PROTOBUF, LIBCLANG, r"^codegen/", r"^runtime/"]),
    (r"^codegen/", [GRPC, PROTOBUF, r"^runtime/"]),
    (r"^codegen/(?!cpp_import/)", [LIBCLANG]),
    (r"^runtime/", [LIBCLANG, r"^idl/", r"^codegen/"]),
    (r"^runtime/(?!door/reflection/|protos/)", [PROTOBUF]),
    (r"^runtime/(?!transport/grpc/)", [GRPC]),
    (r"^runtime/(?!store/sqlite/)", [SQLITE]),
    (r"^runtime/(?!store/postgres/)", [LIBPQ]),
    (r"^runtime/(base|state|wire|session)/", [r"^runtime/(actor|server|client|store|testing)/"]),
    # Generated code and its users.
    (r"^generated/|\.actor\.cc$", [GRPC, PROTOBUF, LIBCLANG, SQLITE, LIBPQ, r"^idl/", r"^codegen/", r"^runtime/(?!include/)"]),
    (r"^examples/(?!host_monitor/demo\.)", [GRPC, PROTOBUF, LIBCLANG, SQLITE, LIBPQ, r"^idl/", r"^codegen/", r"^runtime/(?!include/)"]),
]


def opened_files(ninja, build):
    """Yields each object and what it was compiled from, the source first."""
    listing = subprocess.run([ninja, "-C", build, "-t", "deps"], check=True, capture_output=True, text=True).stdout
    for block in listing.split("\n\n"):
        lines = block.strip().splitlines()
        if lines and "(VALID)" in lines[0] and lines[0].split(":")[0].endswith(".o"):
            yield [line.strip() for line in lines[1:]]


def place(path, source, build):
    """Where a file is: relative to the tree also when it was found through a link of the build's modules."""
    path = pathlib.Path(build, path).resolve()
    return path.relative_to(source).as_posix() if path.is_relative_to(source) else path.as_posix()


def main():
    ninja, source, build = sys.argv[1:]
    source = pathlib.Path(source).resolve()
    places = {}
    units = 0
    seen = [0] * len(RULES)
    faults = []
    for files in opened_files(ninja, build):
        for file in files:
            if file not in places:
                places[file] = place(file, source, build)
        unit, *opened = [places[file] for file in files]
        if not pathlib.Path(source, unit).exists():
            continue  # Its source has been removed since.
        units += 1
        for index, (objects, forbidden) in enumerate(RULES):
            if not re.search(objects, unit):
                continue
            seen[index] += 1
            for header in opened:
                if any(re.search(pattern, header) for pattern in forbidden):
                    faults.append(f"{unit} must not open {header}")
    # A rule that meets nothing would keep nothing.
    faults += [f"no object was compiled from {RULES[i][0]}" for i, count in enumerate(seen) if count == 0]
    print("\n".join(faults) or f"{units} objects checked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
