"""Programs that print more than anybody can keep, and what is to be kept of each.

What a script prints is known by running it here as well; what is to be kept of it is worked out
from the whole, line by line.
"""

import json
import re
import subprocess
import unicodedata

_LETTER = r"""$(printf "\\$(printf %03o $((97 + i % 26)))")"""
_LONG_LINES = f"""
i=0
while [ $i -lt 50 ]; do
  head -c 999999 /dev/zero | tr '\\0' "{_LETTER}"; echo
  i=$((i + 1))
done
"""

FLOODS = {
    "fifty-megabytes": "seq 1 6500000",
    "no-characters": r"yes $(printf 'caf\303 \377\376 na\357ve\000') | head -c 50000000",
    "long-lines": _LONG_LINES,
    "long-lines-without-end": f"{_LONG_LINES} printf 'no newline'",
    "short-after-long": f"{_LONG_LINES} seq 1 12",
    "short-after-one-huge": "head -c 50000000 /dev/zero | tr '\\0' x; echo; seq 1 20",
    "one-line": "head -c 50000000 /dev/zero | tr '\\0' y; printf z",
}

LAST_WORDS = "seq 1 300; printf 'the very end'"


def endless(line_bytes: int) -> str:
    """Write a script that prints so much 20 times a second until it is told to end."""
    return f"""
trap "{LAST_WORDS}; exit 7" TERM
echo begun; while :; do yes 'a line of many' | head -c {line_bytes}; sleep 0.05; done
"""


def printed_by(script: str) -> bytes:
    """Run a script here, and give what it prints."""
    return subprocess.run(["/bin/sh", "-c", script], stdout=subprocess.PIPE, check=False).stdout


def true_tail(output: bytes, lines: int = 100, room: int = 4096) -> str:
    """Work out what is to be kept, as docs/concepts.md says it, from a whole output."""
    text = "".join(
        each
        for each in output[-1_000_000:].decode(errors="replace")
        if each in "\n\t" or unicodedata.category(each) != "Cc"
    )
    kept = re.findall(r"[^\n]*\n|[^\n]+", text)[-lines:]
    while len(kept) > 1 and _stored("".join(kept)) > room:
        del kept[0]
    end = "".join(kept)
    while _stored(end) > room:
        end = end[max(1, len(end) - room) :]
    return end


def _stored(text: str) -> int:
    return len(json.dumps(text, ensure_ascii=False).encode()) - 2
