#!/usr/bin/env python3
"""Breaks the code in each of the ways that mutants.py lists, and sees whether a test notices.

    tests/soak/mutants/run.py [--build <directory>] [name ...]

Works on a copy of the tree in `<directory>` (build/mutants), which is kept for the next run. A mutant is killed when a
test fails, crashes or does not end; one that survives makes the run fail, and so does one that no longer fits the code.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import time

from mutants import MUTANTS

ROOT = pathlib.Path(__file__).resolve().parents[3]
# In the order in which they are built and run, but for those of the mutant's own folder, which come first: the first that
# fails ends it. Seconds that they may take.
TESTS = [
    ("tests/session/session_test", 120),
    ("tests/actor/actor_test", 240),
    ("tests/state/patch_property_test", 120),
    ("tests/state/field_tree_test", 120),
    ("tests/state/view_property_test", 240),
    ("tests/actor/indexed_views_test", 240),
    ("tests/end_to_end/schema_skew_test", 120),
    ("tests/end_to_end/observe_simulated_test", 240),
    ("tests/end_to_end/end_to_end_simulated_test", 300),
]
ENVIRONMENT = dict(os.environ, ONAGER_RANDOM_PAIRS="20000")


def run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace", **options)


def prepare(work):
    tree = work / "tree"
    tree.mkdir(parents=True, exist_ok=True)
    files = run(["git", "-C", str(ROOT), "ls-files", "-co", "--exclude-standard"]).stdout.split("\n")
    kept = set()
    for name in filter(None, files):
        source, target = ROOT / name, tree / name
        if not source.is_file():
            continue
        kept.add(target)
        content = source.read_bytes()
        if not target.exists() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            target.chmod(source.stat().st_mode)
    for path in tree.rglob("*"):
        if path.is_file() and path not in kept:
            path.unlink()
    configured = run(["cmake", "-S", str(tree), "-B", str(work / "build"), "-G", "Ninja", "-DCMAKE_BUILD_TYPE=Debug", "-DCMAKE_CXX_FLAGS_DEBUG=-O0 -g0 -w",
                      "-DONAGER_BUILD_GRPC=OFF", "-DONAGER_BUILD_EXAMPLES=OFF", "-DONAGER_PRECOMPILE=ON",
                      "-DONAGER_TEST_FOLDERS=state;session;actor;end_to_end"])
    if configured.returncode != 0:
        sys.exit(configured.stdout)
    return tree


class DoesNotBuild(Exception):
    pass


def killer(work, file):
    """The test that fails, or None."""
    folder = file.split("/")[1]  # "session" of "runtime/session/…"; what is generated for states is in "include".
    folder = {"include": "state"}.get(folder, folder)
    for test, seconds in sorted(TESTS, key=lambda test: folder != test[0].split("/")[1]):
        built = run(["cmake", "--build", str(work / "build"), "--target", pathlib.Path(test).name])
        if built.returncode != 0:
            raise DoesNotBuild(built.stdout[-2000:])
        try:
            result = run([str(work / "build" / test), "--gtest_brief=1", "--gtest_fail_fast"], timeout=seconds, env=ENVIRONMENT)
        except subprocess.TimeoutExpired:
            return f"{pathlib.Path(test).name} did not end"
        if result.returncode != 0:
            failed = [line for line in result.stdout.split("\n") if line.startswith("[  FAILED  ]")]
            return failed[0].split("]")[1].strip().split(",")[0].split(" (")[0] if failed else f"{pathlib.Path(test).name} crashed"
    return None


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "mutants")
    parser.add_argument("names", nargs="*")
    arguments = parser.parse_args()
    work = arguments.build.resolve()
    tree = prepare(work)
    if noticed := killer(work, "runtime/session/"):
        sys.exit(f"without any mutant: {noticed}")
    wrong = 0
    chosen = [mutant for mutant in MUTANTS if not arguments.names or mutant[0] in arguments.names]
    for name, file, old, new in chosen:
        path = tree / file
        text = path.read_text()
        if text.count(old) != 1:
            print(f"{name}: STALE: found {text.count(old)} times in {file}", flush=True)
            wrong += 1
            continue
        began = time.monotonic()
        path.write_text(text.replace(old, new))
        try:
            by = killer(work, file)
        except DoesNotBuild as error:
            print(f"{name}: DOES NOT BUILD\n{error}", flush=True)
            wrong += 1
            continue
        finally:
            path.write_text(text)
        print(f"{name}: {'SURVIVED' if by is None else 'killed by ' + by} ({time.monotonic() - began:.0f} s)", flush=True)
        wrong += by is None
    print(f"{len(chosen) - wrong} of {len(chosen)} mutants were killed")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
