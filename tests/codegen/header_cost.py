#!/usr/bin/env python3
"""What compiling the client header of 100 actors costs above an empty unit that includes what the header does of abseil.

  header_cost.py ACTORC THOUSAND_ACTORS.PY SCRATCH COMPILER LIMIT INCLUDE_DIR...

In user CPU time: the difference between the least costs of either, which are measured in turns, for other work on
the machine makes both dearer, now more and now less. The rounds end when the difference keeps the limit, and not
before the least costs have had the time to come out: one that is too high for the empty unit would hide a dear header.
"""
import pathlib
import re
import resource
import subprocess
import sys

actorc, writer, scratch, compiler, limit = sys.argv[1:6]
flags = ["-std=c++20", "-O0", "-fsyntax-only", *(f"-I{path}" for path in sys.argv[6:]), f"-I{scratch}"]
scratch = pathlib.Path(scratch)
ROUNDS_MIN, ROUNDS_MAX = 6, 20


def run(*command, **options):
    return subprocess.run(command, check=True, text=True, **options)


scratch.mkdir(parents=True, exist_ok=True)
actors = run(sys.executable, writer, "--actors", "100", stdout=subprocess.PIPE).stdout
(scratch / "many.actor").write_text(actors)
run(actorc, "generate", str(scratch / "many.actor"), "--out", str(scratch))
header = scratch / "header.cc"
header.write_text('#include "many.client.h"\n')
opened = run(compiler, *flags, "-M", str(header), stdout=subprocess.PIPE).stdout.replace("\\\n", " ").split()[2:]
abseil = set()
for name in opened:
    if "/absl/" not in name and "/c++/" not in name:
        abseil.update(re.findall(r'^#include "(absl/[^"]*)"', pathlib.Path(name).read_text(errors="replace"), re.M))
empty = scratch / "empty.cc"
empty.write_text("".join(f'#include "{name}"\n' for name in sorted(abseil)))


def cost(unit):
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    run(compiler, *flags, str(unit))
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before


empty_cost = header_cost = float("inf")
for round_number in range(1, ROUNDS_MAX + 1):
    empty_cost = min(empty_cost, cost(empty))
    header_cost = min(header_cost, cost(header))
    if round_number >= ROUNDS_MIN and header_cost - empty_cost <= float(limit):
        break
print(f"empty unit {empty_cost:.2f} s, with the client header of 100 actors {header_cost:.2f} s: "
      f"{header_cost - empty_cost:.2f} s more, in {round_number} rounds")
if header_cost - empty_cost > float(limit):
    sys.exit(f"more than {limit} s")
