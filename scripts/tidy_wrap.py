"""Breaks long comment lines of Swift and long lines of pages, for `scripts/tidy.py --wrap`."""

import os
import re

from tidy_sources import prose

# What stands in backticks stays on one line, and so does a link. What would begin a list, a
# heading, a quotation or a table at the start of a line stays behind the word before it.
WORD = re.compile(
    r"(?:`[^`]*`|\]\([^)\s]*\)|\S)+"
    r"(?:\s+(?:(?:[-+*>]|#+|\d+[.)])(?=\s)(?:\s+(?:`[^`]*`|\S+)+)?|\|\S*))*")
ITEM = r"(?:- |\d+\. )"


def wrapped(line, width, start, next_start):
    """A line as lines of at most `width`: the first begins with `start`, others so too."""
    result, current = [], start
    for word in WORD.findall(line[len(start):]):
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
            and re.match(rf"(?!{ITEM})\S", following[len(starts[1]):])
            and not is_fixed(index, following))
        if rest and goes_on:
            lines[index] = starts[1] + over + " " + following[len(starts[1]):]
        elif rest:
            lines.insert(index, starts[1] + over)
    return result


def comment_starts(line):
    found = re.match(rf"(\s*///? ?)({ITEM})?", line)
    if not found or not found.group(1).strip():
        return None
    return found.group(), found.group(1) + " " * len(found.group(2) or "")


def page_starts(line):
    found = re.match(rf"(\s{{0,3}})({ITEM})?", line)
    return found.group(), found.group(1) + " " * len(found.group(2) or "")


def page(text, width):
    """A page with its prose wrapped; headings, tables and code stay."""
    # The numbers change while lines are broken, the lines that are prose do not.
    free = {line for _, line in prose(text) if line and not line.startswith("#")}
    code = set(text.split("\n")) - free
    return "\n".join(wrap(
        text.split("\n"), width, page_starts,
        lambda index, line: line in code or not line.strip()))


def wrap_all(tree, width):
    for path, swift in tree.swift.items():
        write(tree.root, path, swift.text, "\n".join(wrap(
            swift.lines, width, comment_starts,
            lambda index, line: comment_starts(line) is None)))
    for path in tree.docs:
        write(tree.root, path, tree.texts[path], page(tree.texts[path], width))


def write(root, path, before, after):
    if after != before:
        with open(os.path.join(root, path), "w", encoding="utf-8") as file:
            file.write(after)
