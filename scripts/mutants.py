#!/usr/bin/env python3
"""Planted bugs: one line each, and the test that finds each.

    python3 scripts/mutants.py check                each applies and names a test that is there
    python3 scripts/mutants.py run [--only WORD]    each makes its test fail, else status 1

scripts/mutants.toml is the list. All bugs of Swift code go into one copy of the tree as switches:
a line `a <= b` becomes `(mutant(7) ? (a < b) : (a <= b))`, and UNCROSS_MUTANT says which of them is
on. So the copy is built once. Bugs of the Worker and of the development chain are written into the
copy one at a time.

Each test first runs alone without a bug, and must pass; then once for each of its bugs, and must
fail. A test that crashes, or does not end, has failed.
"""

import argparse
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
import tomllib

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
LIST = "scripts/mutants.toml"
TREE = ".uncross/mutants"
# What an issue asked for: the list does not shrink below.
LEAST = 70
# Each has a bug at least.
PARTS = [
    "Sources/" + module
    for module in (
        "API Auction Client Custody Embedded Engine Ethereum Formats Journal Ledger Postgres Signer"
        " Tape Wire uncross"
    ).split()
] + ["worker", "devchain"]
FIELDS = {"name", "file", "line", "old", "new", "test", "why"}
FORMS = {"expression", "statement", "text"}
# A test with a bug has this long, and five times what it takes without.
PATIENCE_SECONDS = 180
# How long it waits for a condition (`patience` of Tests/TestServers/Waiting.swift): less than the
# above, so that it fails by itself, whatever it waits for several times.
WAIT_SECONDS = 30
# A bug that makes something grow without end must not take the machine's memory.
MEMORY_BYTES = 16 << 30
SWITCH = "UNCROSS_MUTANT"
FUNCTION = f"""// Which planted bug is on; written by scripts/mutants.py into a copy of the tree.

internal import Glibc

private let chosenMutant = getenv("{SWITCH}").flatMap {{ Int(String(cString: $0)) }} ?? 0

@usableFromInline
func mutant(_ number: Int) -> Bool {{ number == chosenMutant }}
"""


class Fault(Exception):
    """The list or a run is wrong; says what and where."""


# The list


def read(root):
    """The entries in order; each knows its number, from 1."""
    with open(os.path.join(root, LIST), "rb") as file:
        entries = tomllib.load(file).get("mutant", [])
    for number, entry in enumerate(entries, 1):
        entry["number"] = number
        entry.setdefault("form", "expression")
    return entries


def contents(root, path):
    try:
        with open(os.path.join(root, path), encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise Fault(f"{path}: {error.strerror}") from error


def is_swift(entry):
    return entry["file"].endswith(".swift")


def check(root, entries, parts=(), least=0):
    """What is wrong with the list, a sentence each."""
    faults = []
    names, lines = set(), set()
    for entry in entries:
        name = entry.get("name", f"number {entry['number']}")
        try:
            check_entry(root, entry)
        except Fault as fault:
            faults.append(f"{name}: {fault}")
            continue
        if name in names:
            faults.append(f"{name}: two bugs have this name")
        if (entry["file"], entry["line"]) in lines:
            faults.append(f"{name}: two bugs are in this line")
        names.add(name)
        lines.add((entry["file"], entry["line"]))
    if len(entries) < least:
        faults.append(f"{len(entries)} bugs, at least {least}")
    for part in parts:
        if not any(entry.get("file", "").startswith(part + "/") for entry in entries):
            faults.append(f"{part} has no bug")
    return faults


def check_entry(root, entry):
    if missing := FIELDS - entry.keys():
        raise Fault(f"lacks {', '.join(sorted(missing))}")
    if unknown := entry.keys() - FIELDS - {"form", "number"}:
        raise Fault(f"has an unknown field {', '.join(sorted(unknown))}")
    if entry["form"] not in FORMS:
        raise Fault(f"has an unknown form {entry['form']}")
    if entry["form"] == "statement" and entry["old"] != entry["line"]:
        raise Fault("a statement is its whole line")
    if any("\n" in entry[field] for field in ("line", "old", "new")):
        raise Fault("is more than a line")
    if not entry["why"].strip() or entry["old"] == entry["new"]:
        raise Fault("says nothing, or changes nothing")
    if is_swift(entry) and entry["form"] == "expression" and (
        splits(entry["old"]) or splits(entry["new"])
    ):
        raise Fault("is no expression: it has a comma outside brackets")
    place(contents(root, entry["file"]), entry)
    check_test(root, entry)


def splits(code):
    """Whether a comma stands outside brackets; those in strings count too."""
    depth = 0
    for character in code:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            return True
    return False


def place(text, entry):
    """Which line it is, and where in it `old` begins."""
    found = [index for index, line in enumerate(text.split("\n")) if line.strip() == entry["line"]]
    if len(found) != 1:
        raise Fault(f"{entry['file']} has its line {len(found)} times")
    line = text.split("\n")[found[0]]
    if line.count(entry["old"]) != 1:
        raise Fault(f"its line has `{entry['old']}` {line.count(entry['old'])} times")
    return found[0], line.index(entry["old"])


def check_test(root, entry):
    test = entry["test"]
    if entry["file"].startswith("worker/"):
        file, _, name = test.partition(": ")
        text = contents(root, file)
        # A name may be made of a template: `422 inconsistent: ${what}`.
        templates = [
            re.sub(r"\\\$\\\{[^`]*?\\\}", ".+", re.escape(template))
            for template in re.findall("`([^`\n]+)`", text)]
        if f'"{name}"' not in text and not any(re.fullmatch(t, name) for t in templates):
            raise Fault(f"{file} has no test {name}")
    elif entry["file"].startswith("devchain/"):
        file, suite, name = test.replace(".", "/").rsplit("/", 2)
        text = contents(root, file + ".py")
        if f"class {suite}(" not in text or f"def {name}(self)" not in text:
            raise Fault(f"there is no test {test}")
    else:
        match = re.fullmatch(r"(\w+Tests)\.(\w+(?:/\w+)*)/(\w+)", test)
        if not match:
            raise Fault(f"its test is not written as Module.Suite/test: {test}")
        module, suites, name = match.groups()
        folder = os.path.join(root, "Tests", module)
        files = sorted(os.listdir(folder)) if os.path.isdir(folder) else []
        texts = [
            contents(root, f"Tests/{module}/{file}") for file in files if file.endswith(".swift")
        ]
        if not any(re.search(rf"\bfunc `?{name}`?\s*[(<]", text) for text in texts):
            raise Fault(f"there is no test {test}")
        for suite in suites.split("/"):
            if not any(
                re.search(rf"\b(struct|enum|class|actor) {suite}\b", text) for text in texts
            ):
                raise Fault(f"there is no suite {module}.{suite}")


# Applying


def switched(entry, number):
    """What stands in the place of `old` where all bugs are switches."""
    old, new = entry["old"], entry["new"]
    match entry["form"]:
        case "expression":
            return f"(mutant({number}) ? ({new}) : ({old}))"
        case "statement":
            return f"if mutant({number}) {{ {new} }} else {{ {old} }}"
        case "text":
            return f'\\(mutant({number}) ? "{new}" : "{old}")'
    raise Fault(f"has an unknown form {entry['form']}")


def replaced(text, entry, replacement):
    index, column = place(text, entry)
    lines = text.split("\n")
    line = lines[index]
    lines[index] = line[:column] + replacement + line[column + len(entry["old"]) :]
    return "\n".join(lines)


def write(path, text):
    """Only where it differs: what is unchanged is not built again."""
    data = text if isinstance(text, bytes) else text.encode()
    try:
        with open(path, "rb") as file:
            if file.read() == data:
                return
    except OSError:
        os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(data)


def prepare(root, tree, entries):
    """Brings the copy to the present tree, with every bug of Swift code as a switch."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=root, check=True, capture_output=True)
    paths = [path for path in listed.stdout.decode().split("\0") if path]
    changed = {}
    for entry in filter(is_swift, entries):
        text = changed.get(entry["file"]) or contents(root, entry["file"])
        changed[entry["file"]] = replaced(text, entry, switched(entry, entry["number"]))
    for module in {entry["file"].split("/")[1] for entry in entries if is_swift(entry)}:
        changed[f"Sources/{module}/Mutant.swift"] = FUNCTION
    wanted = set(paths) | changed.keys()
    for path in sorted(wanted):
        source = os.path.join(root, path)
        if path in changed:
            write(os.path.join(tree, path), changed[path])
        elif os.path.isfile(source):
            with open(source, "rb") as file:
                write(os.path.join(tree, path), file.read())
            shutil.copymode(source, os.path.join(tree, path))
        else:
            wanted.discard(path)
    for folder, folders, files in os.walk(tree):
        folders[:] = [
            name for name in folders if not name.startswith(".") and name != "__pycache__"
        ]
        for name in files:
            path = os.path.relpath(os.path.join(folder, name), tree)
            if path not in wanted and path.split("/")[0] in ("Sources", "Tests"):
                os.unlink(os.path.join(tree, path))


# Running


class Runner:
    """Runs named tests in the copy."""

    def __init__(self, root, tree):
        venv = os.path.join(root, ".uncross/venv/bin")
        self.tree = tree
        self.deno = os.environ.get("UNCROSS_DENO") or os.path.join(venv, "deno")
        self.python = os.environ.get("UNCROSS_PYTHON") or os.path.join(venv, "python")

    def build(self):
        if subprocess.run(
            ["swift", "build", "--build-tests"], cwd=self.tree, check=False
        ).returncode:
            raise Fault("the copy with all switches does not build")

    def command(self, test, file):
        """What runs a test, and what its output says if that test ran."""
        if file.startswith("worker/"):
            path, _, name = test.partition(": ")
            # Deno takes `/.../` for a regular expression of JavaScript.
            pattern = re.sub(r"([\\/.*+?^${}()|\[\]])", r"\\\1", name)
            return (
                [
                    self.deno,
                    "test",
                    "--no-prompt",
                    "--allow-all",
                    "--filter",
                    f"/^{pattern}$/",
                    path[len("worker/") :],
                ],
                "worker", rf"^{re.escape(name)} \.\.\.")
        if file.startswith("devchain/"):
            name = test.rsplit(".", 1)[1]
            return [self.python, "-B", "-m", "unittest", "-v", test], ".", rf"^{name} \("
        binary = ".build/debug/uncrossPackageTests.xctest"
        suite, name = test.rsplit("/", 1)
        pattern = rf"^{re.escape(suite)}/{name}\("
        return (
            [binary, "--testing-library", "swift-testing", "--filter", pattern], ".",
            rf"Test (\"|{name}\().* started")

    def run(self, entry, number, seconds):
        """What became of the test, its output, and how long it took."""
        command, folder, sign = self.command(entry["test"], entry["file"])
        environment = os.environ | {
            SWITCH: str(number), "SWIFT_BACKTRACE": "enable=no", "NO_COLOR": "1",
            "UNCROSS_DENO": self.deno, "UNCROSS_PYTHON": self.python}
        if number:
            environment["UNCROSS_PATIENCE"] = str(WAIT_SECONDS)
        began = time.monotonic()
        process = subprocess.Popen(
            command, cwd=os.path.join(self.tree, folder), env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
            preexec_fn=bound_memory if is_swift(entry) else None)
        try:
            output = process.communicate(timeout=seconds)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output = process.communicate()[0].decode(errors="replace")
            return "does not end", output, seconds
        spent = time.monotonic() - began
        if not re.search(sign, output, re.MULTILINE):
            return "did not run", output, spent
        if process.returncode == 0:
            return "passes", output, spent
        return "fails" if process.returncode > 0 else "crashes", output, spent

    def compiles(self, path):
        """Whether a changed file can be read at all: else its test fails for another reason."""
        if path.endswith(".py"):
            command = [
                self.python,
                "-B",
                "-c",
                "import sys; compile(open(sys.argv[1]).read(), 'it', 'exec')",
            ]
        else:
            command = [self.deno, "fmt", "--quiet", "-"]
            with open(path, "rb") as file:
                return subprocess.run(
                    command + ["--ext", "js"], stdin=file, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, check=False).returncode == 0
        return subprocess.run(
            command + [path], stderr=subprocess.DEVNULL, check=False
        ).returncode == 0

    def with_bug(self, entry, seconds):
        if is_swift(entry):
            return self.run(entry, entry["number"], seconds)
        path = os.path.join(self.tree, entry["file"])
        text = contents(self.tree, entry["file"])
        write(path, replaced(text, entry, entry["new"]))
        try:
            if not self.compiles(path):
                raise Fault(f"{entry['name']}: with it {entry['file']} is no program")
            return self.run(entry, 0, seconds)
        finally:
            write(path, text)


def bound_memory():
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def run(runner, entries, log):
    """A row for each bug; answers how many were found."""
    seconds = {}
    for entry in entries:
        if entry["test"] in seconds:
            continue
        outcome, output, spent = runner.run(entry, 0, 600)
        if outcome != "passes":
            print(output[-4_000:], file=sys.stderr)
            raise Fault(f"without a bug {entry['test']} {outcome}")
        seconds[entry["test"]] = PATIENCE_SECONDS + 5 * spent
    print(f"{len(seconds)} tests pass without a bug", flush=True)
    found = 0
    for entry in entries:
        outcome, output, spent = runner.with_bug(entry, seconds[entry["test"]])
        with open(os.path.join(log, f"{entry['name']}.log"), "w", encoding="utf-8") as file:
            file.write(output)
        if outcome == "did not run":
            raise Fault(f"{entry['name']}: {entry['test']} did not run")
        found += outcome != "passes"
        sign = "LEFT " if outcome == "passes" else "found"
        print(f"{sign} {entry['name']:<34} {entry['test']} {outcome} ({spent:.1f} s)", flush=True)
    return found


def main(arguments):
    parser = argparse.ArgumentParser(description="planted bugs, and the test that finds each")
    parser.add_argument("verb", choices=["check", "prepare", "run"])
    parser.add_argument(
        "--only", action="append", default=[], help="bugs whose name or file begins with this"
    )
    parser.add_argument("--tree", default=os.path.join(ROOT, TREE), help="where the copy is")
    parser.add_argument("--built", action="store_true", help="the copy is prepared and built")
    given = parser.parse_args(arguments)
    entries = read(ROOT)
    if faults := check(ROOT, entries, PARTS, LEAST):
        print("\n".join(f"{LIST}: {fault}" for fault in faults))
        return 1
    chosen = [
        entry for entry in entries
        if not given.only
        or any(entry[field].startswith(word) for word in given.only for field in ("name", "file"))]
    if given.verb == "check":
        print(f"{len(entries)} planted bugs, each applies and names its test")
        return 0
    tree = os.path.abspath(given.tree)
    runner = Runner(ROOT, tree)
    if not given.built:
        prepare(ROOT, tree, entries)
    if given.verb == "prepare":
        return 0
    if not given.built and any(map(is_swift, chosen)):
        runner.build()
    log = os.path.join(tree, ".log")
    os.makedirs(log, exist_ok=True)
    found = run(runner, chosen, log)
    print(f"{found} of {len(chosen)} found; what each test said is in {log}")
    return 0 if found == len(chosen) else 1


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Fault as fault:
        sys.exit(f"mutants: {fault}")
