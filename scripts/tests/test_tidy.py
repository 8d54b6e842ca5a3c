"""scripts/tidy.py: each rule catches a planted fault, and leaves the same without it alone."""

import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import tidy
import tidy_wrap


def faults(files, rule=None):
    """What the rule says about a tree of these files, as `path:line: what`."""
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)) or root, exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        found = tidy.faults(root, tidy.RULES if rule is None else [rule])
        return [f"{path}:{line}: {what}" for path, line, what in found]


def function(name, lines, between=""):
    return f"func {name}() {{\n" + "  step()\n" * (lines - 2) + between + "}\n"


class LengthTests(unittest.TestCase):
    def test_lengths_are_the_houses(self):
        self.assertEqual((tidy.COLUMNS, tidy.FUNCTION_LINES, tidy.FILE_LINES), (100, 70, 600))

    def test_a_line_of_any_language_is_too_long(self):
        for path in [
                "Package.swift", "Makefile", "scripts/a.py", "scripts/a.sh", "worker/src/a.js",
                "devchain/a.vy", "Tests/A/A.c", "Sources/A/a.h", ".ci/run"]:
            for text in ["# " + "a" * 98, "a" * 101]:
                text = text.replace("#", "//") if path.endswith((".swift", ".js", ".c")) else text
                self.assertEqual(
                    faults({path: text[:101] + "\n" + text[:100]}, tidy.source_lines),
                    [f"{path}:1: {len(text[:101])} columns, at most 100"]
                    if len(text) > 100 else [])

    def test_of_a_list_of_data_only_comments_are_measured(self):
        text = "line = '" + "a" * 100 + "'\n# " + "a" * 99 + "\n"
        self.assertEqual(
            faults({"scripts/a.toml": text + "a = 1\n" * 700}, tidy.source_lines),
            ["scripts/a.toml:2: 101 columns, at most 100"])
        self.assertEqual(faults({"scripts/a.toml": "a = 1\n" * 700}, tidy.file_lines), [])

    def test_a_line_of_code_or_comment_is_too_long(self):
        for text in [
            "// " + "a" * 98, "let a = " + "b" * 93, 'let text = """\n' + "a" * 101 + '\n"""'
        ]:
            line = text.count("\n") and 2 or 1
            self.assertEqual(
                faults({"Sources/A/A.swift": "\n" + text}, tidy.source_lines),
                [f"Sources/A/A.swift:{line + 1}: 101 columns, at most 100"])
        self.assertEqual(faults({"Sources/A/A.swift": "// " + "a" * 97}, tidy.source_lines), [])

    def test_a_long_line_of_a_tests_golden_text_is_data(self):
        text = 'let golden = """\n' + "a" * 300 + '\n"""\n'
        self.assertEqual(faults({"Tests/A/A.swift": text}, tidy.source_lines), [])

    def test_a_function_is_too_long(self):
        self.assertEqual(
            faults({"Sources/A/A.swift": function("short", 70) + function("long", 71)},
                   tidy.function_lines),
            ["Sources/A/A.swift:71: long has 71 lines, at most 70"])

    def test_a_property_is_too_long(self):
        body = "  step()\n" * 69
        self.assertEqual(
            faults({"Sources/A/A.swift": f"var short: A? = nil\nvar long: [A] {{\n{body}}}\n"},
                   tidy.function_lines),
            ["Sources/A/A.swift:2: long has 71 lines, at most 70"])

    def test_a_function_of_python_is_too_long(self):
        text = "class A:\n" + "".join(
            f"    {word} {name}(self):\n" + "        step()\n" * lines
            for word, name, lines in [("def", "short", 69), ("def", "long", 70),
                                      ("async def", "longer", 71)])
        self.assertEqual(
            faults({"devchain/a.py": text}, tidy.function_lines),
            ["devchain/a.py:72: long has 71 lines, at most 70",
             "devchain/a.py:143: longer has 72 lines, at most 70"])

    def test_a_function_of_javascript_is_too_long(self):
        for opening, name in [
                ("function long(a) {", "long"), ("export async function long() {", "long"),
                ("  async long(a, b) {", "long"), ("  static long() {", "long"),
                ("const long = (a) => {", "long"), ('Deno.test("a", async () => {', "a function"),
                ("  return new Promise((done) => {", "a function")]:
            indent = opening[:len(opening) - len(opening.lstrip())]
            for lines in (68, 69):
                body = f"{indent}  if (a) {{\n{indent}  }}\n" * 30
                body += f"{indent}  step();\n" * (lines - 60)
                found = faults({"worker/src/a.js": f"{opening}\n{body}{indent}}}\n"},
                               tidy.function_lines)
                self.assertEqual(
                    found, [f"worker/src/a.js:1: {name} has 71 lines, at most 70"][:lines - 68])
        body = "  step();\n" * 70
        for opening in ["if (a) {", "for (const a of b) {", "class A {", "const a = {"]:
            self.assertEqual(
                faults({"worker/src/a.js": f"{opening}\n{body}}}\n"}, tidy.function_lines), [])

    def test_braces_of_strings_and_comments_do_not_count(self):
        hidden = '  a("}\\("{" + b("}"))", #"\\("}"#) // }\n  /* } */ c("""\n  }\n  """)\n'
        self.assertEqual(
            faults({"Sources/A/A.swift": function("long", 68, hidden)}, tidy.function_lines),
            ["Sources/A/A.swift:1: long has 72 lines, at most 70"])

    def test_a_requirement_has_no_body(self):
        text = "protocol P {\n  func a()\n  func b()\n}\n"
        text += "struct S {\n" + "  let c = 1\n" * 80 + "}\n"
        self.assertEqual(faults({"Sources/A/A.swift": text}, tidy.function_lines), [])

    def test_a_file_is_too_long(self):
        self.assertEqual(
            faults({"docs/a.md": "a\n" * 601, "docs/b.md": "a\n" * 600, "a.py": "a\n" * 601},
                   tidy.file_lines),
            ["a.py:601: 601 lines, at most 600", "docs/a.md:601: 601 lines, at most 600"])

    def test_a_line_of_prose_is_too_long(self):
        long = "word " * (tidy.COLUMNS // 5 + 1)
        columns, most = len(long), tidy.COLUMNS
        text = (
            f"{long}\n| {long}|\n```\n{long}\n```\n    {long}\nhttps://{'a' * 200}\n- {long}\n"
            f"- `{long}`\nsee https://{'a' * 200}\n")
        self.assertEqual(
            faults({"docs/a.md": text}, tidy.doc_lines),
            [f"docs/a.md:1: {columns} columns, at most {most}",
             f"docs/a.md:8: {columns + 2} columns, at most {most}",
             f"docs/a.md:10: 212 columns, at most {most}"])


class CitationTests(unittest.TestCase):
    def test_a_comment_cites_a_file_that_is_not_there(self):
        text = "// See docs/a.md and docs/b.md.\nlet a = \"docs/c.md\" // `d.swift`, `Sources/E/`\n"
        self.assertEqual(
            faults({"Sources/A/A.swift": text, "docs/a.md": ""}, tidy.citations),
            ["Sources/A/A.swift:1: there is no file `docs/b.md`",
             "Sources/A/A.swift:2: there is no file `Sources/E/`",
             "Sources/A/A.swift:2: there is no file `d.swift`"])

    def test_comments_of_every_language_cite(self):
        rows = {
            "Package.swift": 'let a = "docs/a.md"  // docs/b.md\n',
            "Makefile": "# docs/b.md\nall:\n\t@echo docs/a.md\n",
            "scripts/a.toml": "a = 'docs/a.md #docs/a.md'  # docs/b.md\n",
            "scripts/a.sh": "cat 'docs/a.md # docs/a.md' # docs/b.md\n",
            "scripts/a.py": "a = 'docs/a.md # docs/a.md'  # docs/b.md\n",
            "devchain/a.py": 'def a():\n    """Says\n    docs/b.md."""\n    return "docs/a.md"\n',
            "devchain/a.vy": "a: uint256  # docs/b.md\n",
            "worker/src/a.js":
                'a("docs/a.md // docs/a.md", /["`]/, `// docs/a.md`); // docs/b.md\n',
            "Tests/A/a.c": 'a("docs/a.md"); /* as\n docs/b.md */\n'}
        for path, text in rows.items():
            line = {"devchain/a.py": 3, "Tests/A/a.c": 2}.get(path, 1)
            self.assertEqual(
                faults({path: text}, tidy.citations),
                [f"{path}:{line}: there is no file `docs/b.md`"])

    def test_a_page_cites_by_root_by_its_folder_and_by_name(self):
        text = "`src/a.js`, `worker/src/a.js`, `a.js`, `/v1/orders`, `trades/auctions`, `b.js`\n"
        self.assertEqual(
            faults({"worker/README.md": text, "worker/src/a.js": ""}, tidy.citations),
            ["worker/README.md:1: there is no file `b.js`"])

    def test_a_link_leads_nowhere(self):
        pages = {
            "README.md":
                "[a](docs/a.md#what-it-is) [b](docs/a.md#post-v1ordersid) [c](docs/c.md)\n",
            "docs/a.md":
                "# What it is?\n[d](#what-it-is) [e](#nothing) [f](https://example.com/g)\n"}
        self.assertEqual(
            faults(pages, tidy.citations),
            ["README.md:1: the link `docs/c.md` leads nowhere",
             "README.md:1: there is no heading `#post-v1ordersid` in docs/a.md",
             "docs/a.md:2: there is no heading `#nothing` in docs/a.md"])


class MetricTests(unittest.TestCase):
    def test_code_and_page_name_the_same_metrics(self):
        swift = 'let names = ["uncross_a", "uncross_b", "uncross_app"] + ["uncross_c_" + name]\n'
        page = "`uncross_a` `uncross_d{code}` `uncross_audit`\n"
        self.assertEqual(
            faults({"Sources/A/A.swift": swift, "docs/operations.md": page}, tidy.metrics),
            ["Sources/A/A.swift:1: `uncross_c_`: write the whole name of a metric, so that it can"
             " be found",
             "Sources/A/A.swift:1: the metric `uncross_b` is in none of docs/operations.md,"
             " docs/custody.md, docs/signer.md",
             "docs/operations.md:1: there is no metric `uncross_d`"])

    def test_a_histogram_has_series(self):
        swift = 'let name = "uncross_seconds"\n'
        page = "`uncross_seconds` `uncross_seconds_bucket`\n"
        self.assertEqual(
            faults({"Sources/A/A.swift": swift, "docs/operations.md": page}, tidy.metrics), [])


class SettingTests(unittest.TestCase):
    def test_code_and_page_name_the_same_settings(self):
        program, chain = (path for path, _, _ in tidy.SETTINGS)
        self.assertEqual(
            faults({
                program:
                    'let a = text("api.host") ?? text("chain.file")\n'
                    'let b = number("api.port", 1)\n',
                chain:
                    '    case name, pay\n    case chainID = "chain_id"\n    case .other: break\n',
                "docs/operations.md":
                    "| `api.host`, `stand.by` | |\n| `api.port` | `chain.file` |\n\n"
                    "| `else` | |\n",
                "docs/custody.md": "| `name`, `pay.name` | |\n| `chain_id` | |\n| `poll` | |\n",
            }, tidy.settings),
            [f"{chain}:1: the setting `pay` is in no table of docs/custody.md",
             f"{program}:1: the setting `chain.file` is in no table of docs/operations.md",
             "docs/custody.md:3: there is no setting `poll`",
             "docs/operations.md:1: there is no setting `stand.by`"])


class DeadDeclarationTests(unittest.TestCase):
    def test_a_name_that_only_declarations_write_is_dead(self):
        text = (
            'func used() {}\n/// unused\nfunc unused() { print("unused \\(used())") }\n'
            "let `lone` = 1\n")
        self.assertEqual(
            faults({"Sources/A/A.swift": text}, tidy.dead_declarations),
            ["Sources/A/A.swift:3: func unused is used nowhere",
             "Sources/A/A.swift:4: let lone is used nowhere"])

        again = "func unused(_ again: Int) {}\n"
        self.assertEqual(
            faults({"Sources/A/A.swift": text, "Sources/A/B.swift": again},
                   tidy.dead_declarations)[2:],
            ["Sources/A/B.swift:1: func unused is used nowhere"])

    def test_what_only_tests_use_is_dead(self):
        program = "struct Desk {\n  func opens() {}\n  func closes() {}\n}\nlet desk = Desk()\n"
        program += "desk.closes()\n"
        test = "func opened() { desk.opens() }\nfunc helps() {}\n"
        self.assertEqual(
            faults({"Sources/A/A.swift": program, "Tests/A/A.swift": test},
                   tidy.dead_declarations),
            ["Sources/A/A.swift:2: func opens is used by tests only",
             "Tests/A/A.swift:1: func opened is used nowhere",
             "Tests/A/A.swift:2: func helps is used nowhere"])
        excused = {tidy.EXCEPTIONS: "unused opens: tests look through it\n"}
        self.assertEqual(
            faults({"Sources/A/A.swift": program, "Tests/A/A.swift": ""} | excused,
                   tidy.dead_declarations), [])

    def test_a_case_that_nothing_names_is_dead(self):
        text = (
            "enum Kind: Int {\n  case one, two(Int, by: [Int]), three = 3,\n    four\n"
            "  indirect case five(Kind)\n}\nfunc name(_ kind: Kind) {\n  switch kind {\n"
            "  case .one, .two: kind\n  case let other where other == six: name(.four)\n"
            "  case seven: name(kind)\n  }\n}\n")
        self.assertEqual(
            faults({"Sources/A/A.swift": text}, tidy.dead_declarations),
            ["Sources/A/A.swift:2: case three is used nowhere",
             "Sources/A/A.swift:4: case five is used nowhere"])

    def test_an_attribute_may_be_the_caller(self):
        text = (
            "@Suite(.serialized) struct Some {\n  @Test(arguments: [1].map { $0 }, (2))\n"
            "  private func runs() {}\n  @Test func runsToo() {}\n  func forgotten() {}\n}\n")
        self.assertEqual(
            faults({"Tests/A/A.swift": text}, tidy.dead_declarations),
            ["Tests/A/A.swift:5: func forgotten is used nowhere"])


class SleepTests(unittest.TestCase):
    def test_a_test_does_not_sleep(self):
        text = (
            'let line = "sleep (1)"\nusleep(5)\ntry await Task.sleep(for: .seconds(1))\n'
            "// sleep()\n")
        self.assertEqual(
            faults({"Tests/A/A.swift": text, "Sources/A/A.swift": text,
                    "Tests/TestServers/Waiting.swift": text}, tidy.sleeps),
            [f"Tests/A/A.swift:{line}: a test waits for a condition"
             " (Tests/TestServers/Waiting.swift)" for line in (2, 3)])


class ExceptionTests(unittest.TestCase):
    def test_an_exception_holds_to_its_limit(self):
        listed = "function Sources/A/A.swift#long 72: a table\n"
        for length, expected in [(72, []), (73, ["long has 73 lines, at most 70"])]:
            found = faults({
                "Sources/A/A.swift": function("long", length) + "let a = long\n_ = a\n",
                tidy.EXCEPTIONS: listed})
            self.assertEqual([fault.split(": ", 1)[1] for fault in found], expected)

    def test_an_exception_that_nothing_needs_is_a_fault(self):
        self.assertEqual(
            faults({tidy.EXCEPTIONS: "# why\n\nunused gone: it was called\nunused\n"}),
            ["scripts/tidy-exceptions.txt:3: nothing needs the exception `unused gone`: remove it",
             "scripts/tidy-exceptions.txt:4: write `rule subject [limit]: reason`"])


class WrapTests(unittest.TestCase):
    def wrapped(self, text, width=20):
        return tidy_wrap.wrap(
            text.split("\n"), width, tidy_wrap.comment_starts,
            lambda index, line: tidy_wrap.comment_starts(line) is None)

    def test_what_is_left_over_begins_the_next_line(self):
        self.assertEqual(
            self.wrapped("  /// one two three four\n  /// five\n  ///\n  let a = 1"),
            ["  /// one two three", "  /// four five", "  ///", "  let a = 1"])

    def test_items_and_quoted_code_stay_whole(self):
        self.assertEqual(
            self.wrapped("// - one two three four\n//   five\n// - six seven `a b c d`"),
            ["// - one two three", "//   four five", "// - six seven", "//   `a b c d`"])

    def test_a_page_keeps_its_lists_tables_and_code(self):
        page = (
            "# A heading that is too long to stay\n\nfour words and [a link](to/b.md) more\nand\n"
            "- an item of many words\n  that goes on\n- b\n\n| a table | stays as it is |\n"
            "```\ncode that is longer than that\n```\n    code that is longer still\n"
            "a sum is 1 + 2 - 3 * 4\nlast of 1. and so on\n\nthe magnitudes is |a| of a\n")
        self.assertEqual(
            tidy_wrap.page(page, 20),
            "# A heading that is too long to stay\n\nfour words and [a\nlink](to/b.md) more\nand\n"
            "- an item of many\n  words that goes on\n- b\n\n| a table | stays as it is |\n"
            "```\ncode that is longer than that\n```\n    code that is longer still\n"
            "a sum is\n1 + 2 - 3 * 4 last\nof 1. and so on\n\nthe magnitudes\nis |a| of a\n")

    def test_code_stays(self):
        self.assertEqual(self.wrapped("let a = bbbbbbbbbb // cc"), ["let a = bbbbbbbbbb // cc"])


if __name__ == "__main__":
    unittest.main()
