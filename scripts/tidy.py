#!/usr/bin/env python3
"""What neither compiler nor formatter checks: lengths, dead code, citations, metrics, sleeps.

    python3 scripts/tidy.py           one line for each fault, `file:line: what`; status 1 if any
    python3 scripts/tidy.py --wrap    breaks long comment lines of Swift and long lines of docs

scripts/tidy-exceptions.txt lists what breaks a rule today. An exception that nothing needs is a
fault too, so the list only gets shorter.
"""

import os
import re
import sys
from collections import Counter

SOURCE_COLUMNS = 100
DOC_COLUMNS = 160
FUNCTION_LINES = 70
FILE_LINES = 700
EXCEPTIONS = "scripts/tidy-exceptions.txt"
# Where tests wait: everything else in Tests drives a clock or waits for a condition by these.
WAITING = "Tests/TestServers/Waiting.swift"
METRIC_PAGES = ["docs/operations.md", "docs/custody.md", "docs/signer.md"]
# Names of this form that are roles of Postgres.
DATABASE_ROLES = {"uncross_app", "uncross_owner", "uncross_audit"}
# Suffixes that Prometheus gives to the series of one histogram.
SERIES = ("_bucket", "_sum", "_count")
TEXT_FILES = (".swift", ".md", ".py", ".js", ".sh")

CITED = r"(?:[\w.+-]+/)*[\w.+-]*\w\.(?:swift|md|js|py|sh|sql|txt|json)(?![\w/])"
DECLARATION = re.compile(
    r"\b(func|let|var|struct|enum|class|actor|protocol|typealias)\s+`?([A-Za-z_]\w*)`?")
TOKEN = re.compile(r'//[^\n]*|/\*|#*"""|#*"|[()]')


class Swift:
    """A file's code with the contents of comments and strings blanked, and its comments.

    Line numbers stay: only characters are replaced. What stands in an interpolation is code.
    """

    def __init__(self, text):
        self.text = text
        self.lines = text.split("\n")
        self.comments = []
        self.strings = []
        self._out = list(text)
        self._scan(0, False)
        self.code = "".join(self._out)

    def line(self, position):
        return self.text.count("\n", 0, position) + 1

    def _blank(self, start, end):
        for index in range(start, end):
            if self._out[index] != "\n":
                self._out[index] = " "

    def _scan(self, position, is_interpolation):
        """Scans code; within an interpolation, to the parenthesis that closes it."""
        depth = 0
        while found := TOKEN.search(self.text, position):
            token, start = found.group(), found.start()
            position = found.end()
            if token == "(":
                depth += 1
            elif token == ")":
                if is_interpolation and depth == 0:
                    return position
                depth -= 1
            elif token.startswith("//"):
                self.comments.append((self.line(start), token))
                self._blank(start, position)
            elif token == "/*":
                end = self.text.find("*/", position)
                position = len(self.text) if end < 0 else end + 2
                self.comments.append((self.line(start), self.text[start:position]))
                self._blank(start, position)
            else:
                position = self._string(start, token)
        return position

    def _string(self, start, opening):
        hashes = opening.count("#")
        quotes = opening[hashes:]
        stop = re.compile(
            r"\\" + "#" * hashes + r"(?:(\()|.)|" + quotes + "#" * hashes, re.DOTALL)
        position = start + len(opening)
        self._blank(start, position)
        while found := stop.search(self.text, position):
            self._blank(position, found.end())
            position = found.end()
            if found.group(1):
                position = self._scan(position, True)
                self._blank(position - 1, position)
            elif not found.group().startswith("\\"):
                break
        self.strings.append((start, position, quotes == '"""'))
        return position


class Tree:
    def __init__(self, root):
        self.root = root
        self.paths = []
        for folder, folders, files in os.walk(root):
            folders[:] = sorted(
                f for f in folders
                if f == ".ci" or not f.startswith(".") and f not in ("node_modules", "__pycache__"))
            for name in sorted(files):
                self.paths.append(os.path.relpath(os.path.join(folder, name), root))
        self.names = {os.path.basename(path) for path in self.paths}
        self.tops = {path.split("/")[0] for path in self.paths if "/" in path}
        self.texts = {path: self.read(path) for path in self.paths if path.endswith(TEXT_FILES)}
        self.swift = {
            path: Swift(text) for path, text in self.texts.items()
            if path.endswith(".swift") and path.startswith(("Sources/", "Tests/"))}
        self.docs = [path for path in self.texts if path.endswith(".md")]

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def exists(self, cited, by):
        """Whether a citation names a file or folder: from the root, from a folder above, by name."""
        if "/" not in cited:
            return cited in self.names
        folder = os.path.dirname(by)
        while True:
            if os.path.exists(os.path.join(self.root, folder, cited.rstrip("/"))):
                return True
            if not folder:
                return False
            folder = os.path.dirname(folder)


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
    for path, swift in tree.swift.items():
        data = set()
        if path.startswith("Tests/"):
            # What a test compares with is not ours to break.
            for start, end, is_multiline in swift.strings:
                if is_multiline:
                    data.update(range(swift.line(start), swift.line(end) + 1))
        for number, line in enumerate(swift.lines, 1):
            if len(line) > SOURCE_COLUMNS and number not in data:
                yield path, number, f"{len(line)} columns, at most {SOURCE_COLUMNS}"


def function_lines(tree, exceptions):
    opening = re.compile(r"\b(?:func\s+([^\s(<]+)|(init|deinit|subscript)\b[?!]?\s*(?=[(<{]))")
    for path, swift in tree.swift.items():
        for found in opening.finditer(swift.code):
            name = found.group(1) or found.group(2)
            if not found.group(1) and swift.code[:found.start()].rstrip().endswith((".", "=")):
                continue
            end = body_end(swift.code, found.end())
            if end is None:
                continue
            first, last = swift.line(found.start()), swift.line(end)
            length = last - first + 1
            if length > FUNCTION_LINES and not exceptions.allows(
                    "function", f"{path}#{name}", length):
                yield path, first, f"{name} has {length} lines, at most {FUNCTION_LINES}"


def body_end(code, position):
    """The place of the brace that closes a declaration's body; None where it has no body."""
    depth = parentheses = 0
    for found in re.compile(r"[{}()]|\n[ \t]*(?=\n|\}|(?:[a-z]+ )*(?:func|var|init)\b)").finditer(
            code, position):
        token = found.group()
        if token == "(":
            parentheses += 1
        elif token == ")":
            parentheses -= 1
        elif parentheses:
            continue
        elif token == "{":
            depth += 1
        elif token == "}":
            depth -= 1
            if depth <= 0:
                return found.start() if depth == 0 else None
        elif depth == 0:
            return None
    return None


def file_lines(tree, exceptions):
    for path, text in tree.texts.items():
        count = text.count("\n")
        if count > FILE_LINES and not exceptions.allows("file", path, count):
            yield path, FILE_LINES + 1, f"{count} lines, at most {FILE_LINES}"


def prose(text):
    """The lines of a page that are neither code, nor a table, nor a mark of a test."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("    ", "|", "<!--")):
            yield number, line


def doc_lines(tree, exceptions):
    for path in tree.docs:
        for number, line in prose(tree.texts[path]):
            if len(line) > DOC_COLUMNS and len(re.sub(r"https?://\S+", "", line)) > DOC_COLUMNS:
                if not exceptions.allows("doc-line", path):
                    yield path, number, f"{len(line)} columns, at most {DOC_COLUMNS}"


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
        elif path in tree.swift:
            for number, comment in tree.swift[path].comments:
                for offset, line in enumerate(comment.split("\n")):
                    yield path, number + offset, line, False
        elif not path.startswith("scripts/tests/"):
            mark = "//" if path.endswith(".js") else "#"
            for number, line in enumerate(text.split("\n"), 1):
                if line.lstrip().startswith((mark, "*")):
                    yield path, number, line, False


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


def dead_declarations(tree, exceptions):
    uses = Counter()
    for swift in tree.swift.values():
        uses.update(re.findall(r"[A-Za-z_]\w*", swift.code))
    for path, swift in tree.swift.items():
        for found in DECLARATION.finditer(swift.code):
            name = found.group(2)
            if uses[name] == 1 and not runs_by_attribute(swift.code, found.start()):
                if not exceptions.allows("unused", name):
                    line = swift.line(found.start())
                    yield path, line, f"{found.group(1)} {name} is used nowhere"


def runs_by_attribute(code, position):
    """Whether a declaration carries @Test, @Suite or @main, and so needs no caller."""
    before = code[max(0, position - 4000):position]
    for found in reversed(list(re.finditer(r"@(?:Test|Suite|main)\b", before))):
        end, depth = found.end(), 0
        if before[end:end + 1] == "(":
            for end in range(end, len(before)):
                depth += {"(": 1, ")": -1}.get(before[end], 0)
                if depth == 0:
                    break
            end += 1
        return not re.search(r"[{}]|\b(?:func|struct|let|var)\b", before[end:])
    return False


def sleeps(tree, exceptions):
    for path, swift in tree.swift.items():
        if path.startswith("Tests/") and path != WAITING:
            for found in re.finditer(r"\b\w*sleep\s*\(", swift.code):
                yield path, swift.line(found.start()), f"a test waits for a condition ({WAITING})"


RULES = [
    source_lines, function_lines, file_lines, doc_lines, citations, metrics, dead_declarations,
    sleeps]


def faults(root, rules=RULES):
    tree = Tree(root)
    listed = os.path.join(root, EXCEPTIONS)
    exceptions = Exceptions(tree.read(EXCEPTIONS) if os.path.exists(listed) else "")
    found = [fault for rule in rules for fault in rule(tree, exceptions)]
    if rules is RULES:
        found += exceptions.unused()
    return sorted(found)


def wrapped(line, width, start, next_start):
    """A line as lines of at most `width`: the first begins with `start`, others with `next_start`."""
    result, current = [], start
    # What stands in backticks stays on one line.
    for word in re.findall(r"(?:`[^`]*`|\S)+", line[len(start):]):
        glue = "" if current in (start, next_start) else " "
        if glue and len(current) + 1 + len(word) > width:
            result.append(current)
            current, glue = next_start, ""
        current += glue + word
    return result + [current]


def wrap(lines, width, paragraph, is_fixed):
    """Breaks long lines; what is left over goes to the start of the paragraph's next line."""
    lines, result, index = list(lines), [], 0
    while index < len(lines):
        line = lines[index]
        starts = None if len(line) <= width or is_fixed(index, line) else paragraph(line)
        index += 1
        if starts is None:
            result.append(line)
            continue
        first, *rest = wrapped(line, width, *starts)
        result.append(first)
        over = " ".join(part[len(starts[1]):] for part in rest)
        following = lines[index] if index < len(lines) else ""
        goes_on = (
            paragraph(following) and following.startswith(starts[1])
            and re.match(r"(?!- |\d+\. )\S", following[len(starts[1]):])
            and not is_fixed(index, following))
        if rest and goes_on:
            lines[index] = starts[1] + over + " " + following[len(starts[1]):]
        elif rest:
            lines.insert(index, starts[1] + over)
    return result


def comment_starts(line):
    found = re.match(r"(\s*///? ?)(- |\d+\. )?", line)
    if not found or not found.group(1).strip():
        return None
    return found.group(), found.group(1) + " " * len(found.group(2) or "")


def page_starts(line):
    found = re.match(r"(\s{0,3})(- |\d+\. )?", line)
    return found.group(), found.group(1) + " " * len(found.group(2) or "")


def wrap_all(root):
    tree = Tree(root)
    for path, swift in tree.swift.items():
        write(root, path, swift.text, wrap(
            swift.lines, SOURCE_COLUMNS, comment_starts,
            lambda index, line: comment_starts(line) is None))
    for path in tree.docs:
        text = tree.texts[path]
        # The numbers change while lines are broken, the lines that are prose do not.
        free = {line for _, line in prose(text) if line and not line.startswith("#")}
        code = set(text.split("\n")) - free
        write(root, path, text, wrap(
            text.split("\n"), DOC_COLUMNS, page_starts,
            lambda index, line: line in code or not line.strip()))


def write(root, path, before, lines):
    after = "\n".join(lines)
    if after != before:
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(after)


def main(arguments):
    root = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    if arguments not in ([], ["--wrap"]):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    if arguments:
        wrap_all(root)
    found = faults(root)
    for path, line, what in found:
        print(f"{path}:{line}: {what}")
    if found:
        print(f"{len(found)} faults (scripts/tidy.py says what it checks)", file=sys.stderr)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
