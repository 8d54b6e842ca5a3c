#!/usr/bin/env python3
"""What neither compiler nor formatter checks: lengths, dead code, citations, metrics, sleeps.

    python3 scripts/tidy.py           one line for each fault, `file:line: what`; status 1 if any
    python3 scripts/tidy.py --wrap    breaks long comment lines of Swift and long lines of docs

scripts/tidy-exceptions.txt lists what breaks a rule today. An exception that nothing needs is a
fault too. scripts/tidy_sources.py reads the languages.
"""

import os
import re
import sys
from collections import Counter

from tidy_sources import Tree, prose
from tidy_wrap import wrap_all

# The lengths of the house's style. A line of code and one of prose have the same.
COLUMNS = 100
FUNCTION_LINES = 70
FILE_LINES = 600
EXCEPTIONS = "scripts/tidy-exceptions.txt"
# A list of planted bugs: data, of which only the comments are ours to break.
DATA = (".toml",)
# Where tests wait: everything else in Tests drives a clock or waits for a condition by these.
WAITING = "Tests/TestServers/Waiting.swift"
METRIC_PAGES = ["docs/operations.md", "docs/custody.md", "docs/signer.md"]
# Where settings are read, what a name is there, and the page whose tables have each of them.
SETTINGS = [
    ("Sources/uncross/ServeConfiguration.swift", r'\b(?:text|number|flag)\("([a-z.]+)"',
     "docs/operations.md"),
    ("Sources/uncross/Chain/ChainSettings.swift", r'^ +case (?:\w+ = "(\w+)"|([\w, ]+))$',
     "docs/custody.md"),
]
# Names of this form that are roles of Postgres.
DATABASE_ROLES = {"uncross_app", "uncross_owner", "uncross_audit"}
# Suffixes that Prometheus gives to the series of one histogram.
SERIES = ("_bucket", "_sum", "_count")

CITED = (
    r"(?:[\w.+-]+/)*[\w.+-]*\w\.(?:swift|md|js|py|sh|sql|txt|json|jsonc|toml|vy)(?![\w/])")
WORD = re.compile(r"[A-Za-z_]\w*")
DECLARATION = re.compile(
    r"\b(func|let|var|struct|enum|class|actor|protocol|typealias)\s+`?([A-Za-z_]\w*)`?")


class Exceptions:
    """Lines `rule subject [limit]: reason`; each must be needed."""

    def __init__(self, text):
        self.limits, self.lines, self.used, self.faults = {}, {}, set(), []
        for number, line in enumerate(text.split("\n"), 1):
            if not line.strip() or line.startswith("#"):
                continue
            head, _, reason = line.partition(": ")
            words = head.split()
            if len(words) not in (2, 3) or not reason.strip() or not words[2:3] == [
                    word for word in words[2:3] if word.isdigit()]:
                self.faults.append((EXCEPTIONS, number, "write `rule subject [limit]: reason`"))
                continue
            self.limits[words[0], words[1]] = int(words[2]) if len(words) == 3 else None
            self.lines[words[0], words[1]] = number

    def allows(self, rule, subject, size=None):
        key = (rule, subject)
        if key not in self.limits:
            return False
        self.used.add(key)
        return size is None or self.limits[key] is None or size <= self.limits[key]

    def unused(self):
        return self.faults + [
            (EXCEPTIONS, line, f"nothing needs the exception `{key[0]} {key[1]}`: remove it")
            for key, line in self.lines.items() if key not in self.used]


def source_lines(tree, exceptions):
    for path, source in tree.sources.items():
        data = set()
        if path.startswith("Tests/") and path in tree.swift:
            # What a test compares with is not ours to break.
            data = source.data_lines()
        elif path.endswith(DATA):
            data = set(range(len(source.lines) + 1)) - {line for line, _ in source.comments}
        for number, line in enumerate(source.lines, 1):
            if len(line) > COLUMNS and number not in data:
                yield path, number, f"{len(line)} columns, at most {COLUMNS}"


def function_lines(tree, exceptions):
    for path, source in tree.sources.items():
        for name, first, last in source.functions():
            length = last - first + 1
            if length > FUNCTION_LINES and not exceptions.allows(
                    "function", f"{path}#{name}", length):
                yield path, first, f"{name} has {length} lines, at most {FUNCTION_LINES}"


def file_lines(tree, exceptions):
    for path, text in tree.texts.items():
        count = text.count("\n")
        if path.endswith(DATA):
            continue
        if count > FILE_LINES and not exceptions.allows("file", path, count):
            yield path, FILE_LINES + 1, f"{count} lines, at most {FILE_LINES}"


def doc_lines(tree, exceptions):
    for path in tree.docs:
        for number, line in prose(tree.texts[path]):
            # An address, and what stands in backticks, is one word, however long.
            if len(line) > COLUMNS and not re.fullmatch(r"\s*(?:- )?(?:`[^`]*`|\S+)", line):
                yield path, number, f"{len(line)} columns, at most {COLUMNS}"


def anchors(text):
    """The anchors that GitHub makes of a page's headings."""
    for _, line in prose(text):
        if line.startswith("#"):
            title = line.lstrip("#").strip().lower()
            yield re.sub(r"[^\w\- ]", "", title).replace(" ", "-")


def citations(tree, exceptions):
    for path, line, text, is_page in commentary(tree):
        quoted = re.findall(r"`([^`\s]+)`", text)
        cited = set() if is_page else set(re.findall(r"(?<![\w/.+-])" + CITED, text))
        cited |= {word for word in quoted if re.fullmatch(r"(?:\.\./)?" + CITED, word)}
        cited |= {
            word for word in quoted
            if "/" in word and word.split("/")[0] in tree.tops
            and re.fullmatch(r"[\w./+-]+", word)}
        for name in sorted(cited):
            if not tree.exists(name, path) and not exceptions.allows("cited", name):
                yield path, line, f"there is no file `{name}`"
        for target, anchor in re.findall(r"\]\(([^)#\s:]*)(#[^)\s]*)?\)", text) if is_page else []:
            page = os.path.normpath(os.path.join(os.path.dirname(path), target)) if target else path
            if not os.path.exists(os.path.join(tree.root, page)):
                yield path, line, f"the link `{target}` leads nowhere"
            elif anchor and page in tree.texts and anchor[1:] not in anchors(tree.texts[page]):
                yield path, line, f"there is no heading `{anchor}` in {page}"


def commentary(tree):
    """Each line of pages and comments: path, line, text, whether it is a page."""
    for path, text in tree.texts.items():
        if path.endswith(".md"):
            fenced = False
            for number, line in enumerate(text.split("\n"), 1):
                fenced ^= line.lstrip().startswith("```")
                if not fenced:
                    yield path, number, line, True
        else:
            for number, comment in tree.sources[path].comments:
                for offset, line in enumerate(comment.split("\n")):
                    yield path, number + offset, line, False


def metrics(tree, exceptions):
    written, documented = {}, {}
    for path, swift in tree.swift.items():
        if path.startswith("Sources/"):
            for found in re.finditer(r'"(uncross_[a-z0-9_]*)"', swift.text):
                written.setdefault(found.group(1), (path, swift.line(found.start())))
    for path in METRIC_PAGES:
        for number, line in enumerate(tree.texts.get(path, "").split("\n"), 1):
            for name in re.findall(r"`(uncross_[a-z0-9_]+)[`{]", line):
                documented.setdefault(name, (path, number))
    for name, place in sorted(written.items()):
        if name.endswith("_"):
            yield *place, f"`{name}`: write the whole name of a metric, so that it can be found"
        elif name not in documented and name not in DATABASE_ROLES:
            yield *place, f"the metric `{name}` is in none of {', '.join(METRIC_PAGES)}"
    for name, place in sorted(documented.items()):
        bases = [name] + [name.removesuffix(suffix) for suffix in SERIES if name.endswith(suffix)]
        if name not in DATABASE_ROLES and not any(base in written for base in bases):
            yield *place, f"there is no metric `{name}`"


def settings(tree, exceptions):
    """Each setting has a row in a table of its page, and each row of such a table is a setting."""
    for path, pattern, page in SETTINGS:
        if path not in tree.swift:
            continue
        read = {}
        for found in re.finditer(pattern, tree.swift[path].text, re.MULTILINE):
            for name in re.split(r", ", found.group(1) or found.group(2)):
                read.setdefault(name, tree.swift[path].line(found.start()))
        written = {}
        for rows in tables(tree.texts.get(page, "")):
            names = {
                name: number for number, row in rows
                for name in re.findall(r"`([a-z_.]+)`", row.split("|")[1])}
            # Where half of a table's names are settings, the others ought to be.
            if 2 * len(names.keys() & read.keys()) >= len(names):
                written.update(names)
        for name, line in sorted(read.items()):
            if name not in written and not exceptions.allows("setting", name):
                yield path, line, f"the setting `{name}` is in no table of {page}"
        for name, line in sorted(written.items()):
            # `payouts.confirmations` is a name inside another.
            is_read = name in read or name.rsplit(".", 1)[-1] in read
            if not is_read and not exceptions.allows("setting", name):
                yield page, line, f"there is no setting `{name}`"


def tables(text):
    """The tables of a page, each as its rows with their line numbers."""
    rows = []
    for number, line in enumerate(text.split("\n") + [""], 1):
        if line.startswith("|"):
            rows.append((number, line))
        elif rows:
            yield rows
            rows = []


def dead_declarations(tree, exceptions):
    """Names that only their declarations write, and names of the program that only tests use."""
    declared, written, places = {}, {}, []
    for path, swift in tree.swift.items():
        part = path.startswith("Sources/")
        written.setdefault(part, Counter()).update(WORD.findall(swift.code))
        for position, kind, name in declarations(swift.code):
            declared.setdefault(part, Counter())[name] += 1
            places.append((path, position, kind, name))
    none = Counter()
    unused_in = {
        part: written.get(part, none) - declared.get(part, none) for part in (True, False)}
    for path, position, kind, name in places:
        by_program, by_tests = (unused_in[part][name] for part in (True, False))
        if name == "_" or by_program or by_tests and not path.startswith("Sources/"):
            continue
        swift = tree.swift[path]
        if not runs_by_attribute(swift.code, position) and not exceptions.allows("unused", name):
            where = "by tests only" if by_tests else "nowhere"
            yield path, swift.line(position), f"{kind} {name} is used {where}"


def declarations(code):
    """Place, kind and name of each; of the cases of enumerations too, but not of a switch."""
    for found in DECLARATION.finditer(code):
        yield found.start(), found.group(1), found.group(2)
    name = r"\s*`?(?!(?:let|var|is|nil|true|false|try)\b)([A-Za-z_]\w*)`?"
    for found in re.finditer(r"^[ \t]*(?:indirect )?case\b", code, re.MULTILINE):
        listed, position = [], found.end()
        while case := re.compile(name).match(code, position):
            listed.append((case.start(1), "case", case.group(1)))
            position = payload_end(code, case.end())
            value = re.compile(r"[ \t]*=[ \t]*-?[\w. +]*").match(code, position)
            position = value.end() if value else position
            following = re.compile(r"[ \t]*(,|\n|\}|$)").match(code, position)
            if not following:
                break
            if following.group(1) != ",":
                yield from listed
                break
            position = following.end()


def payload_end(code, position):
    """The place behind what stands in parentheses here, if anything does."""
    if code[position:position + 1] != "(":
        return position
    depth = 0
    for end in range(position, len(code)):
        depth += {"(": 1, ")": -1}.get(code[end], 0)
        if depth == 0:
            return end + 1
    return len(code)


def runs_by_attribute(code, position):
    """Whether a declaration carries @Test, @Suite or @main, and so needs no caller."""
    before = code[max(0, position - 4000):position]
    for found in reversed(list(re.finditer(r"@(?:Test|Suite|main)\b", before))):
        end = payload_end(before, found.end())
        return not re.search(r"[{}]|\b(?:func|struct|let|var)\b", before[end:])
    return False


def sleeps(tree, exceptions):
    for path, swift in tree.swift.items():
        if path.startswith("Tests/") and path != WAITING:
            for found in re.finditer(r"\b\w*sleep\s*\(", swift.code):
                yield path, swift.line(found.start()), f"a test waits for a condition ({WAITING})"


RULES = [
    source_lines, function_lines, file_lines, doc_lines, citations, metrics, settings,
    dead_declarations, sleeps]


def faults(root, rules=RULES):
    tree = Tree(root)
    listed = os.path.join(root, EXCEPTIONS)
    exceptions = Exceptions(tree.read(EXCEPTIONS) if os.path.exists(listed) else "")
    found = [fault for rule in rules for fault in rule(tree, exceptions)]
    if rules is RULES:
        found += exceptions.unused()
    return sorted(found)


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if arguments not in ([], ["--wrap"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if arguments:
        wrap_all(Tree(root), COLUMNS)
    found = faults(root)
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    if found:
        print(f"{len(found)} faults (scripts/tidy.py says what it checks)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
