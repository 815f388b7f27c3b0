#!/usr/bin/env python3
"""check_guarantees.py <guarantees.md> <directory with the tests' XML results>

Holds docs/guarantees.md to the tests. Each row of its tables is a promise and the tests that enforce it,
`Suite.Test` in backticks, or the words "not yet enforced". A test that is gone, did not run, was skipped or
failed is reported, and so is a row with neither a test nor those words.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree

NOT_ENFORCED = "not yet enforced"
TEST_NAME = re.compile(r"`([A-Za-z_]\w*\.[A-Za-z_]\w*)`")


def promises(text):
    """Yields (line number, promise, cell of tests) of each row of each table."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("|") or re.fullmatch(r"[|:\s-]+", line):
            continue
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))]
        if cells[0] == "Promise":
            continue
        yield number, cells[0], cells[-1] if len(cells) > 1 else ""


def outcome(case):
    if case.get("status") != "run":
        return "did not run"
    if case.get("result") == "skipped" or case.find("skipped") is not None:
        return "was skipped"
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "passed"


def results(directory):
    """Maps each Suite.Test to the outcomes of its instances; parameters are no part of the name."""
    outcomes = {}
    for path in sorted(pathlib.Path(directory).glob("*.xml")):
        for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
            suite = case.get("classname").split("/")
            # Instances are named Prefix/Suite and Test/parameter, those of typed tests Suite/number.
            name = suite[0] if len(suite) == 1 or suite[1].isdigit() else suite[1]
            test = f"{name}.{case.get('name').split('/')[0]}"
            outcomes.setdefault(test, set()).add(outcome(case))
    return outcomes


def check(text, outcomes):
    """Returns what is wrong, a line each."""
    faults = []
    rows = 0
    for number, promise, cell in promises(text):
        rows += 1
        tests = TEST_NAME.findall(cell)
        if not tests and NOT_ENFORCED not in cell.lower():
            faults.append(f"{number}: no test is named for: {promise}")
        for test in tests:
            if test not in outcomes:
                faults.append(f"{number}: {test} is gone or did not run")
                continue
            for bad in sorted(outcomes[test] - {"passed"}):
                faults.append(f"{number}: {test} {bad}")
    if rows == 0:
        faults.append("0: there are no promises")
    return faults


def main():
    document, directory = sys.argv[1:]
    faults = check(pathlib.Path(document).read_text(encoding="utf-8"), results(directory))
    for fault in faults:
        print(f"{document}:{fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
