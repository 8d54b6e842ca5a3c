"""scripts/mutants.py: what does not apply is told, and a run believes only a test that ran."""

import os
import sys
import tempfile
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import mutants

SOURCE = """struct Limit {
  func fits(_ amount: Int) -> Bool {
    amount <= 5
  }

  func spend() {
    save("a = $1 and b = $2")
    sync()
  }
}
"""
TESTS = (
    "@Suite struct LimitTests {\n  @Test func fiveFit() {}\n}\n"
    "extension Base {\n  @Suite struct Inner {}\n}\n")
WORKER_TEST = 'Deno.test("one", f);\nDeno.test(`422: ${what}`, f);\n'
CHAIN_TEST = "class ChainTests(unittest.TestCase):\n    def test_all(self) -> None:\n"
BUG = {
    "name": "limit", "file": "Sources/A/Limit.swift", "line": "amount <= 5", "old": "<= 5",
    "new": "< 5", "test": "ATests.LimitTests/fiveFit", "why": "five do not fit"}


def files(root, **changed):
    texts = {
        "Sources/A/Limit.swift": SOURCE, "Tests/ATests/LimitTests.swift": TESTS,
        "worker/src/a.js": "a = 1;\n", "worker/test/a.test.js": WORKER_TEST,
        "devchain/a.py": "a = 1\n", "devchain/tests/test_a.py": CHAIN_TEST,
    } | changed
    for path, text in texts.items():
        os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(text)


def entries(*changes):
    return [
        {"form": "expression"} | BUG | change | {"number": number}
        for number, change in enumerate(changes, 1)]


class CheckTests(unittest.TestCase):
    def faults(self, *changes, parts=(), least=0):
        with tempfile.TemporaryDirectory() as root:
            files(root)
            return mutants.check(root, entries(*changes), parts, least)

    def test_one_that_applies_is_no_fault(self):
        self.assertEqual(self.faults({}), [])
        self.assertEqual(
            self.faults({"form": "statement", "line": "sync()", "old": "sync()", "new": ""}), [])
        worker = {"file": "worker/src/a.js", "line": "a = 1;", "old": "1", "new": "2"}
        self.assertEqual(self.faults(worker | {"test": "worker/test/a.test.js: one"}), [])
        self.assertEqual(self.faults(worker | {"test": "worker/test/a.test.js: 422: an end"}), [])
        chain = {"file": "devchain/a.py", "line": "a = 1", "old": "1", "new": "2"}
        self.assertEqual(
            self.faults(chain | {"test": "devchain.tests.test_a.ChainTests.test_all"}), []
        )

    def test_what_does_not_apply_is_told(self):
        worker = {"file": "worker/src/a.js", "line": "a = 1;", "old": "1", "new": "2"}
        chain = {"file": "devchain/a.py", "line": "a = 1", "old": "1", "new": "2"}
        for change, expected in [
            ({"line": "amount < 5"}, "Sources/A/Limit.swift has its line 0 times"),
            ({"line": "}"}, "Sources/A/Limit.swift has its line 3 times"),
            ({"new": "< 5, amount > 0"}, "is no expression: it has a comma outside brackets"),
            ({"old": "> 5"}, "its line has `> 5` 0 times"),
            ({"file": "Sources/A/Gone.swift"}, "Sources/A/Gone.swift: No such file or directory"),
            ({"new": "<= 5"}, "says nothing, or changes nothing"),
            ({"why": " "}, "says nothing, or changes nothing"),
            ({"new": "< 5\n&& true"}, "is more than a line"),
            ({"form": "statement"}, "a statement is its whole line"),
            ({"form": "word"}, "has an unknown form word"),
            ({"since": 1}, "has an unknown field since"),
            (
                {"test": "LimitTests/fiveFit"},
                "its test is not written as Module.Suite/test: LimitTests/fiveFit",
            ),
            ({"test": "ATests.LimitTests/sixFit"}, "there is no test ATests.LimitTests/sixFit"),
            ({"test": "ATests.OtherTests/fiveFit"}, "there is no suite ATests.OtherTests"),
            ({"test": "ATests.Base/Inner/fiveFit"}, "there is no suite ATests.Base"),
            ({"test": "BTests.LimitTests/fiveFit"}, "there is no test BTests.LimitTests/fiveFit"),
            (
                worker | {"test": "worker/test/a.test.js: two"},
                "worker/test/a.test.js has no test two",
            ),
            (chain | {"test": "devchain.tests.test_a.ChainTests.test_none"},
             "there is no test devchain.tests.test_a.ChainTests.test_none"),
        ]:
            self.assertEqual(self.faults(change), [f"limit: {expected}"])

    def test_a_list_has_enough_of_all_parts_and_each_line_once(self):
        self.assertEqual(
            self.faults({}, {}, parts=["Sources/A", "Sources/B"], least=3),
            ["limit: two bugs have this name", "limit: two bugs are in this line",
             "2 bugs, at least 3", "Sources/B has no bug"])
        lacking = dict(BUG)
        del lacking["why"]
        with tempfile.TemporaryDirectory() as root:
            files(root)
            self.assertEqual(
                mutants.check(root, [lacking | {"number": 1, "form": "expression"}]),
                ["limit: lacks why"])


class SwitchTests(unittest.TestCase):
    def test_each_form_keeps_what_was_there(self):
        for change, expected in [
            (
                {"old": "amount <= 5", "new": "amount < 5"},
                "    (mutant(1) ? (amount < 5) : (amount <= 5))",
            ),
            ({"form": "statement", "line": "sync()", "old": "sync()", "new": ""},
             "    if mutant(1) {  } else { sync() }"),
            ({"form": "text", "line": 'save("a = $1 and b = $2")', "old": " and b = $2", "new": ""},
             '    save("a = $1\\(mutant(1) ? "" : " and b = $2")")'),
        ]:
            [entry] = entries(change)
            text = mutants.replaced(SOURCE, entry, mutants.switched(entry, 1))
            self.assertIn(expected, text.split("\n"))
            self.assertEqual(len(text.split("\n")), len(SOURCE.split("\n")))


class Runner:
    """Gives outcomes as told: by name of the bug, none being the run without one."""

    def __init__(self, **outcomes):
        self.outcomes = outcomes
        self.ran = []

    def run(self, entry, number, seconds):
        self.ran.append((entry["test"], number))
        return self.outcomes.get("none", "passes"), "said", 1.0

    def with_bug(self, entry, seconds):
        return self.outcomes[entry["name"]], "said", 1.0


class RunTests(unittest.TestCase):
    def found(self, runner, *changes):
        with tempfile.TemporaryDirectory() as log, open(os.devnull, "w") as quiet:
            before, sys.stdout, sys.stderr = (sys.stdout, sys.stderr), quiet, quiet
            try:
                return mutants.run(runner, entries(*changes), log)
            finally:
                sys.stdout, sys.stderr = before

    def test_failed_crashed_and_endless_count_as_found(self):
        runner = Runner(a="fails", b="crashes", c="does not end", d="passes")
        self.assertEqual(self.found(runner, *({"name": name} for name in "abcd")), 3)
        # Without a bug a test runs once, whatever it finds.
        self.assertEqual(runner.ran, [("ATests.LimitTests/fiveFit", 0)])

    def test_a_test_that_did_not_run_finds_nothing(self):
        for runner in [Runner(a="did not run"), Runner(none="did not run"), Runner(none="fails")]:
            with self.assertRaises(mutants.Fault):
                self.found(runner, {"name": "a"})

    def test_an_outcome_is_what_the_test_said(self):
        with tempfile.TemporaryDirectory() as tree:
            runner = mutants.Runner(tree, tree)
            [entry] = entries({"file": "devchain/a.py"})
            for script, expected in [
                ("echo test_all; exit 0", "passes"), ("echo test_all; exit 1", "fails"),
                ("exit 1", "did not run"), ("exit 0", "did not run"), (
                    "echo test_all; kill -9 $$", "crashes"
                ),
                ("echo test_all; sleep 60", "does not end"),
            ]:
                runner.command = lambda test, file, script=script: (
                    ["sh", "-c", script], ".", "^test_all$"
                )
                self.assertEqual(runner.run(entry, 0, 1)[0], expected)


class PrepareTests(unittest.TestCase):
    def test_only_what_differs_is_written(self):
        with tempfile.TemporaryDirectory() as folder:
            root, tree = os.path.join(folder, "root"), os.path.join(folder, "tree")
            files(root)
            git = types.SimpleNamespace(stdout="\0".join(
                os.path.relpath(os.path.join(place, name), root)
                for place, _, names in os.walk(root) for name in names).encode())
            before, mutants.subprocess.run = mutants.subprocess.run, lambda *_, **__: git
            try:
                mutants.prepare(root, tree, entries({"old": "amount <= 5", "new": "amount < 5"}))
                limit = os.path.join(tree, "Sources/A/Limit.swift")
                os.utime(limit, (1, 1))
                stale = os.path.join(tree, "Sources/A/Stale.swift")
                with open(stale, "w") as file:
                    file.write("let a = 1\n")
                mutants.prepare(root, tree, entries({"old": "amount <= 5", "new": "amount < 5"}))
            finally:
                mutants.subprocess.run = before
            self.assertEqual(os.stat(limit).st_mtime, 1)
            self.assertFalse(os.path.exists(stale))
            self.assertIn("mutant(1)", mutants.contents(tree, "Sources/A/Limit.swift"))
            self.assertIn("UNCROSS_MUTANT", mutants.contents(tree, "Sources/A/Mutant.swift"))
            self.assertEqual(mutants.contents(tree, "worker/src/a.js"), "a = 1;\n")


if __name__ == "__main__":
    unittest.main()
