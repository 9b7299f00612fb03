"""Numbers and words in a row, as a sentence has them."""

from collections.abc import Sequence


def joined(words: Sequence[str], last: str = "and") -> str:
    """Write "a, b and c"."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last} {words[-1]}"


def runs_of(values: Sequence[int]) -> list[tuple[int, int]]:
    """Return the first and last of each run of three or more neighbours, and single values."""
    runs: list[tuple[int, int]] = []
    for value in values:
        if runs and value == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], value)
        else:
            runs.append((value, value))
    return [
        run
        for first, last in runs
        for run in ([(first, first), (last, last)] if last == first + 1 else [(first, last)])
    ]


def plural(word: str, values: Sequence[int]) -> str:
    """Write "day 1", "days 1-7", "days 1 and 15"."""
    runs = [f"{first}" if first == last else f"{first}-{last}" for first, last in runs_of(values)]
    return f"{word}{'' if len(values) == 1 else 's'} {joined(runs)}"


def ordinal(number: int) -> str:
    """Write "1st", "2nd", "3rd"."""
    ending = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10)
    return f"{number}{ending or 'th'}"
