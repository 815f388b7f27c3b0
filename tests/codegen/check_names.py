#!/usr/bin/env python3
"""Generates what every_name.py writes and compiles it as one unit, among hostile macros; gives protoc the .proto files.

  check_names.py EVERY_NAME.PY SCRATCH ACTORC PROTOC COMPILER STANDARD INCLUDE_DIR...
"""
import pathlib
import subprocess
import sys

writer, scratch, actorc, protoc, compiler, standard = sys.argv[1:7]
scratch = pathlib.Path(scratch)


def run(*command, cwd=None):
    result = subprocess.run(command, cwd=cwd, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)[:500]}\n{result.stdout[:20000]}")
    return result.stdout


names = run(sys.executable, writer, str(scratch)).split(";")
run(actorc, "generate", *(f"{name}.actor" for name in names), "--out", "out", cwd=scratch)
run(protoc, "-Iout", f"--descriptor_set_out={scratch / 'out' / 'all'}", *(f"{name}.proto" for name in names), cwd=scratch)
run(compiler, f"-std=c++{standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow",
    "-Werror", *(f"-I{path}" for path in sys.argv[7:]), "-Iout", "-include", "hostile_macros.h", "every_name.cc",
    cwd=scratch)
print(f"{len(names)} files")
