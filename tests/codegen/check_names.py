#!/usr/bin/env python3
"""Generates what every_name.py writes and compiles it, one small unit after the other, among hostile macros; gives
protoc the .proto files.

  check_names.py EVERY_NAME.PY EVERY SCRATCH ACTORC PROTOC COMPILER STANDARD INCLUDE_DIR...

Each name stands in every EVERYth position, with 1 in all of them. A unit that needs more than 4 GB fails.
"""
import pathlib
import resource
import subprocess
import sys

writer, every, scratch, actorc, protoc, compiler, standard = sys.argv[1:8]
scratch = pathlib.Path(scratch)
MEMORY_MAX = 4 << 30


def run(*command):
    return subprocess.run(command, cwd=scratch, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX)))


def must(result):
    if result.returncode != 0:
        sys.exit(f"{' '.join(result.args)[:500]}\n{result.stdout[:20000]}")
    return result.stdout


scratch.mkdir(parents=True, exist_ok=True)
count = int(must(run(sys.executable, writer, ".", "--every", every)))
names = [f"names_{n}" for n in range(count)]
must(run(actorc, "generate", *(f"{name}.actor" for name in names), "--out", "out"))
must(run(protoc, "-Iout", "--descriptor_set_out=out/all", *(f"{name}.proto" for name in names)))
failures = 0
for name in names:
    result = run(compiler, f"-std=c++{standard}", "-fsyntax-only", "-Wall", "-Wextra", "-Wpedantic", "-Wconversion",
                 "-Wshadow", "-Werror", *(f"-I{path}" for path in sys.argv[8:]), "-I.", "-Iout", "-include",
                 "hostile_macros.h", f"out/{name}.actor.cc")
    if result.returncode != 0:
        failures += 1
        print(f"{name}.actor does not compile:\n{result.stdout[:8000]}")
used = resource.getrusage(resource.RUSAGE_CHILDREN)
print(f"{count} units, {failures} failed; {used.ru_utime:.0f} s of CPU, at most {used.ru_maxrss >> 10} MB")
sys.exit(failures != 0)
