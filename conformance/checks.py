"""Counts checks and prints a line for each, in the words of common test runners."""

import sys
import traceback


class Checks:
    def __init__(self, title: str):
        self.title, self.passed, self.failed = title, 0, 0

    def that(self, name: str, holds: bool, evidence: object = "") -> None:
        self.passed, self.failed = self.passed + bool(holds), self.failed + (not holds)
        print(f"{'ok    ' if holds else 'FAILED'} {self.title}: {name}" + ("" if holds else f"\n       {str(evidence)[:500]}"))

    def equal(self, name: str, found: object, expected: object) -> None:
        self.that(name, found == expected, f"{found!r}, expected {expected!r}")

    def __enter__(self):
        return self

    def __exit__(self, _kind, error, _traceback):
        if error is not None:
            where = "".join(traceback.format_exception(error)[-2:])
            self.that("runs to its end", False, where)
        print(f"{self.passed} passed, {self.failed} failed")
        sys.exit(1 if self.failed else 0)
