"""What scripts/tidy.py reads: the files of a tree, and of each its comments and its functions."""

import ast
import io
import os
import re
import tokenize

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

    def functions(self):
        """Name, first line and last line of each function, and of each property with a body."""
        opening = re.compile(
            r"\b(?:func\s+([^\s(<]+)|var\s+`?(\w+)`?\s*:[^={}\n]+(?=\{)"
            r"|(init|deinit|subscript)\b[?!]?\s*(?=[(<{]))")
        for found in opening.finditer(self.code):
            name = found.group(1) or found.group(2) or found.group(3)
            if found.group(3) and self.code[:found.start()].rstrip().endswith((".", "=")):
                continue
            end = body_end(self.code, found.end())
            if end is not None:
                yield name, self.line(found.start()), self.line(end)

    def data_lines(self):
        """The lines of texts in triple quotes."""
        return {
            line for start, end, is_multiline in self.strings if is_multiline
            for line in range(self.line(start), self.line(end) + 1)}


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


class Python:
    def __init__(self, text):
        self.lines = text.split("\n")
        self._tree = ast.parse(text)
        self.comments = [
            (token.start[0], token.string)
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT]
        for node in ast.walk(self._tree):
            if isinstance(
                    node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
            ) and ast.get_docstring(node, clean=False) is not None:
                self.comments.append((node.body[0].lineno, node.body[0].value.value))

    def functions(self):
        for node in ast.walk(self._tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield node.name, node.lineno, node.end_lineno


class JavaScript:
    """Also C: its comments are the same. `deno fmt` is what makes functions end at their indent."""

    # Strings and regular expressions are passed over; a template's inner code counts as its text.
    TOKEN = re.compile(
        r"(?P<comment>//[^\n]*|/\*.*?\*/)"
        r"|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`"
        r"|(?<=[(,=:\[!&|?{};])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\[\n])+/", re.DOTALL)
    FUNCTION = re.compile(
        r"(\s*)(?!(?:if|for|while|switch|catch|with)\b|\})"
        r"(?:.*\bfunction\b\*?\s*(\w*).*|(?:(?:async|static|get|set)\s+)*\*?(#?\w+)\(.*\) "
        r"|(?:.*?(\w+)\W*=\s*)?.*=> )\{")

    def __init__(self, text):
        self.lines = text.split("\n")
        self.comments = [
            (text.count("\n", 0, found.start()) + 1, found.group("comment"))
            for found in self.TOKEN.finditer(text) if found.group("comment")]

    def functions(self):
        for number, line in enumerate(self.lines, 1):
            found = self.FUNCTION.fullmatch(line)
            if not found:
                continue
            closing = found.group(1) + "}"
            for last in range(number, len(self.lines)):
                if self.lines[last].startswith(closing):
                    name = found.group(2) or found.group(3) or found.group(4)
                    yield name or "a function", number, last + 1
                    break


class Hashed:
    """A file whose comments begin with `#`: shell, Make, TOML, Vyper."""

    def __init__(self, text):
        self.lines = text.split("\n")
        self.comments = []
        for number, line in enumerate(self.lines, 1):
            bare = re.sub(r"'[^']*'|\"(?:\\.|[^\"\\])*\"", lambda it: "_" * len(it.group()), line)
            if found := re.search(r"(?<!\S)#", bare):
                self.comments.append((number, line[found.start():]))

    def functions(self):
        return []


LANGUAGES = {
    ".swift": Swift, ".py": Python, ".js": JavaScript, ".c": JavaScript, ".h": JavaScript,
    ".sh": Hashed, ".toml": Hashed, ".vy": Hashed, "Makefile": Hashed, "run": Hashed}


def language(path):
    return LANGUAGES.get(os.path.splitext(path)[1] or os.path.basename(path))


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
        self.texts = {
            path: self.read(path) for path in self.paths
            if path.endswith(".md") or language(path)}
        self.sources = {
            path: language(path)(text) for path, text in self.texts.items() if language(path)}
        self.swift = {
            path: source for path, source in self.sources.items()
            if path.startswith(("Sources/", "Tests/")) and path.endswith(".swift")}
        self.docs = [path for path in self.texts if path.endswith(".md")]

    def read(self, path):
        with open(os.path.join(self.root, path), encoding="utf-8") as file:
            return file.read()

    def exists(self, cited, by):
        """Whether a citation names a file or folder, from the root, a folder above, or by name."""
        if "/" not in cited:
            return cited in self.names
        folder = os.path.dirname(by)
        while True:
            if os.path.exists(os.path.join(self.root, folder, cited.rstrip("/"))):
                return True
            if not folder:
                return False
            folder = os.path.dirname(folder)


def prose(text):
    """The lines of a page that are neither code, nor a table, nor a mark of a test."""
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced and not line.startswith(("    ", "|", "<!--")):
            yield number, line
