#!/usr/bin/env python3
"""check_documents.py <root of the repository>

Holds the documents to the repository: a code block after a line `<!-- file: path -->` is that very file, all
files of examples/counter are shown in README.md so, and relative links lead somewhere.
"""

import pathlib
import re
import sys

SHOWN_FILE = re.compile(r"^<!-- file: (\S+) -->\n+```\w*\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


def check_shown_files(root, document, text):
    shown = set()
    for name, block in SHOWN_FILE.findall(text):
        shown.add(name)
        path = root / name
        if not path.is_file():
            yield f"{document}: shows {name}, which does not exist"
        elif path.read_text(encoding="utf-8") != block:
            yield f"{document}: what it shows of {name} is not what that file holds"
    if document == "README.md":
        for path in sorted((root / "examples/counter").iterdir()):
            name = path.relative_to(root).as_posix()
            if path.name != "README.md" and name not in shown:
                yield f"{document}: does not show {name}"


def check_links(root, document, text):
    for target in LINK.findall(text):
        if "://" not in target and not target.startswith("mailto:"):
            if not ((root / document).parent / target).exists():
                yield f"{document}: links to {target}, which does not exist"


def main():
    root = pathlib.Path(sys.argv[1])
    folders = ["", "docs", "examples", "idl", "codegen", "runtime", "templates", "tests", "bench", "cmake"]
    documents = {path for folder in folders for path in (root / folder).glob("**/*.md" if folder else "*.md")}
    faults = []
    for path in sorted(documents):
        document = path.relative_to(root).as_posix()
        text = path.read_text(encoding="utf-8")
        faults += check_shown_files(root, document, text)
        faults += check_links(root, document, text)
    print("\n".join(faults) or f"{len(documents)} documents checked")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
