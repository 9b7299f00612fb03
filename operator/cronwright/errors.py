"""What every layer raises when it must refuse: errors that a user can act on.

Whoever reads a field raises `FieldError`; the operator turns it into the condition
`Ready=False` of that one task, the HTTP API into a problem document.
"""


class CronwrightError(Exception):
    """Be the base of everything Cronwright raises on purpose."""


class FieldError(CronwrightError, ValueError):
    """Refuse the value of one field, and say what to write instead.

    `field` is the path in the manifest, such as `spec.timeZone`. The parts stay apart as
    attributes, so that a problem document can carry them one by one.
    """

    def __init__(self, field: str, value: object, problem: str, remedy: str) -> None:
        super().__init__(field, value, problem, remedy)
        self.field = field
        self.value = value
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        shown = "" if self.value is None else f" {_quoted(self.value)}"
        return f"{self.field}{shown}: {self.problem}; {self.remedy}"


def _quoted(value: object) -> str:
    """Show a value as it stands in a manifest, and no longer than a message can bear."""
    text = f'"{value}"' if isinstance(value, str) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
