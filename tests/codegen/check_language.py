#!/usr/bin/env python3
"""Generates every example of LANGUAGE.md that has no mistakes, compiles what comes out as one unit, and gives
protoc its .proto files.

  check_language.py LANGUAGE.md SCRATCH ACTORC PROTOC COMPILER INCLUDE_DIR...
"""
import pathlib
import re
import shutil
import subprocess
import sys

language, scratch, actorc, protoc, compiler = sys.argv[1:6]
includes = [f"-I{path}" for path in sys.argv[6:]]
scratch = pathlib.Path(scratch)
shutil.rmtree(scratch, ignore_errors=True)
files = {}
examples = []
for fence, text in re.findall(r"^```(\S+)\n(.*?)^```$", pathlib.Path(language).read_text(), re.S | re.M):
    if fence == "cpp":
        files["geo/point.h"] = "#pragma once\n" + text
    if fence != "actor":
        continue
    parts = re.split(r"^//@ (\S+)\n", text, flags=re.M)
    name = f"example{len(examples)}.actor"
    examples += [name, *parts[1::2]]
    for path, content in zip([name, *parts[1::2]], parts[0::2]):
        assert path not in files, f"two examples have a file {path}"
        files[path] = content
for path, content in files.items():
    (scratch / path).parent.mkdir(parents=True, exist_ok=True)
    (scratch / path).write_text(content)


def run(*command):
    result = subprocess.run(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if result.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{result.stdout}")


run(actorc, "generate", *examples, "-I", ".", "--cpp-include", ".", "--out", "out")
protos = [name.removesuffix(".actor") + ".proto" for name in examples]
run(protoc, "-Iout", f"--descriptor_set_out={scratch / 'out' / 'all'}", *protos)
(scratch / "all.cc").write_text("".join(f'#include "{name}.cc"\n' for name in examples))
run(compiler, "-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Wshadow", "-Werror",
    *includes, "-Iout", "-I.", "all.cc")
print(f"{len(examples)} files")
