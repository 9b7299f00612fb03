from pathlib import Path

from cronwright.model.reference import reference


def test_the_committed_page_is_what_the_models_say() -> None:
    page = Path(__file__).parents[2] / "docs/reference.md"

    assert page.read_text() == reference(), "run `make docs`"


def test_a_row_says_type_bounds_default_and_meaning() -> None:
    page = reference()

    assert (
        "| `historyLimit` | integer, 0 to 50 | `20` | How many runs status.history keeps. |" in page
    )
    assert "| `concurrencyPolicy` | `Allow`, `Forbid`, `Replace`, `Queue` | `Allow` | " in page
    assert "| `onExitCodes` | list of integer, 1 to 255; at most 50 of them |  | " in page
    assert "| `parameters` | list of [Parameter](#parameter); at most 32 of them |  | " in page
    assert "| `history` | list of [RunRecord](#runrecord) |  | " in page
    assert "| `verdict` (always there) | `Succeeded`, " in page
