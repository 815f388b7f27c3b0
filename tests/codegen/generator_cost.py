#!/usr/bin/env python3
"""What generating costs, in user CPU time, which other work on the machine hardly changes.

  generator_cost.py ACTORC THOUSAND_ACTORS.PY SCRATCH [--limit SECONDS]

Four times the actors cost at most six times as much; with --limit 1,000 of them cost at most that, and a filter in
each of them three times that besides: one parse of C++.
"""
import argparse
import pathlib
import resource
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("actorc")
parser.add_argument("writer")
parser.add_argument("scratch", type=pathlib.Path)
parser.add_argument("--limit", type=float)
options = parser.parse_args()
options.scratch.mkdir(parents=True, exist_ok=True)


def cost(actors, *more, at_most=None):
    """The least of two runs, or of up to six while it is more than that: two threads of one core slow each other down."""
    file = options.scratch / f"many{actors}.actor"
    file.write_text(subprocess.run([sys.executable, options.writer, "--actors", str(actors), *more], check=True,
                                   stdout=subprocess.PIPE, text=True).stdout)
    costs = []
    while len(costs) < 2 or (at_most is not None and min(costs) > at_most and len(costs) < 6):
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        subprocess.run([options.actorc, "generate", str(file), "--out", str(options.scratch)], check=True)
        costs.append(resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before)
    return min(costs)


few, many = cost(250), cost(1000, at_most=options.limit)
filtered = cost(1000, "--filters", at_most=None if options.limit is None else many + 3 * options.limit)
print(f"250 actors: {few:.2f} s, 1000 actors: {many:.2f} s, with filters {filtered:.2f} s")
if many > 6 * few + 0.05:
    sys.exit("generating does not scale with the number of actors")
if options.limit is not None and many > options.limit:
    sys.exit(f"more than {options.limit} s")
if options.limit is not None and filtered - many > 3 * options.limit:
    sys.exit(f"filters cost more than {3 * options.limit} s")
