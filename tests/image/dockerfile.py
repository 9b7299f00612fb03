"""What the Dockerfile says, read far enough to do it without a builder."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Instruction:
    """One line of a Dockerfile."""

    word: str
    text: str


def stages(text: str) -> list[list[Instruction]]:
    """Read a Dockerfile's stages; what stands before the first FROM belongs to none."""
    found: list[list[Instruction]] = []
    for line in text.splitlines():
        if not line or line.startswith("#"):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            found.append([])
        if found:
            found[-1].append(Instruction(word, rest))
    return found


def texts(stage: list[Instruction], word: str) -> list[str]:
    """Give what follows a word, line by line."""
    return [each.text for each in stage if each.word == word]


def copy_sources(stage: list[Instruction], target: Path) -> None:
    """Do a stage's COPY lines: the files that the build is going to see, and no others."""
    for text in texts(stage, "COPY"):
        *sources, place = text.split()
        for source in sources:
            end = target / place / (Path(source).name if place.endswith("/") else "")
            end.parent.mkdir(parents=True, exist_ok=True)
            copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
            copy(ROOT / source, end)


def run_step(stage: list[Instruction]) -> list[str]:
    """Give a stage's one RUN step as a list of arguments."""
    (step,) = texts(stage, "RUN")
    arguments: list[str] = json.loads(step)
    return arguments
