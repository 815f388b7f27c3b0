#!/usr/bin/env python3
"""run_console.py <document.md> <server> <grpcurl>

Runs what a document shows: each `console` block holds commands, after `$ `, and what they print, where `…` stands for
anything. The server is started for it, at an address that the system chooses, which takes the place of
127.0.0.1:7000 in the commands.
"""

import pathlib
import re
import signal
import subprocess
import sys

ADDRESS = "127.0.0.1:7000"
BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def steps(text):
    for block in BLOCK.findall(text):
        for step in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, expected = step.partition("\n")
            yield command, expected


def matches(expected, printed):
    pattern = ".*?".join(re.escape(part) for part in re.sub(r"^…\n", "…", expected, flags=re.MULTILINE).split("…"))
    return re.fullmatch(pattern, printed, re.DOTALL) is not None


def main():
    document, server_program, grpcurl = sys.argv[1:]
    text = pathlib.Path(document).read_text(encoding="utf-8")
    server = subprocess.Popen([server_program, "127.0.0.1:0", "--store", "memory:"], stderr=subprocess.PIPE, text=True)
    try:
        address = ""
        while not address:
            line = server.stderr.readline()
            if not line:
                sys.exit("the server has ended")
            found = re.search(r"serving on (\S+)", line)
            address = found.group(1) if found else ""
        faults = 0
        count = 0
        for command, expected in steps(text):
            count += 1
            shell = command.replace(ADDRESS, address).replace("grpcurl", grpcurl, 1)
            run = subprocess.run(["bash", "-c", shell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                 timeout=60, check=False)
            if not matches(expected, run.stdout):
                faults += 1
                print(f"$ {command}\nexpected:\n{expected}\nprinted:\n{run.stdout}")
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(timeout=30)
    print(f"{count} commands, {faults} of them with another result")
    return 1 if faults or not count or server.returncode else 0


if __name__ == "__main__":
    sys.exit(main())
