#!/usr/bin/env python3
"""The check of docs/guarantees.md notices each fault that it is there for."""

import pathlib
import tempfile
import unittest

import check_guarantees

RESULTS = """<?xml version="1.0" encoding="UTF-8"?>
<testsuites><testsuite name="S">
  <testcase name="Passes" status="run" result="completed" classname="S" />
  <testcase name="Fails" status="run" result="completed" classname="S"><failure message="no" /></testcase>
  <testcase name="Skips" status="run" result="skipped" classname="S"><skipped message="why" /></testcase>
  <testcase name="Filtered" status="notrun" result="suppressed" classname="S" />
  <testcase name="Everywhere/0" status="run" result="completed" classname="Transports/P" />
  <testcase name="Everywhere/1" status="run" result="completed" classname="Transports/P" />
  <testcase name="Almost/0" status="run" result="completed" classname="Transports/P" />
  <testcase name="Almost/1" status="run" result="skipped" classname="Transports/P" />
  <testcase name="Typed" status="run" result="completed" classname="T/0" />
</testsuite></testsuites>
"""


class CheckGuaranteesTest(unittest.TestCase):
    def faults(self, cell):
        with tempfile.TemporaryDirectory() as directory:
            (pathlib.Path(directory) / "s.xml").write_text(RESULTS, encoding="utf-8")
            outcomes = check_guarantees.results(directory)
        return check_guarantees.check(f"| Promise | Tests |\n| --- | --- |\n| It holds. | {cell} |\n", outcomes)

    def test_what_passed_is_fine(self):
        for cell in ["`S.Passes`", "`P.Everywhere`, `S.Passes`", "`T.Typed`", "Not yet enforced."]:
            self.assertEqual(self.faults(cell), [], cell)

    def test_each_fault_is_noticed(self):
        for cell, fault in {
            "`S.Gone`": "S.Gone is gone",
            "`S.Fails`": "S.Fails failed",
            "`S.Skips`": "S.Skips was skipped",
            "`S.Filtered`": "S.Filtered did not run",
            "`P.Almost`": "P.Almost was skipped",
            "": "no test is named",
            "We are careful.": "no test is named",
            "`S.Passes`, `S.Gone`": "S.Gone is gone",
        }.items():
            with self.subTest(cell):
                self.assertEqual(len(self.faults(cell)), 1)
                self.assertIn(fault, self.faults(cell)[0])

    def test_a_document_without_promises_is_a_fault(self):
        self.assertNotEqual(check_guarantees.check("# Guarantees\n", {}), [])


if __name__ == "__main__":
    unittest.main()
