"""Whatever JSON a caller sends is read or refused, and every refusal can be answered."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cronwright.api.forms import FlatTask, ManifestMetadata, TaskManifest
from cronwright.api.problem import Kind, Problem
from cronwright.api.submission import Submission

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)


def names(*models: Any) -> st.SearchStrategy[str]:
    """Choose fields as callers write them, so that most of what is made gets past the names."""
    return st.sampled_from(
        [info.alias or name for model in models for name, info in model.model_fields.items()]
    )


KEYS = names(FlatTask, TaskManifest, ManifestMetadata) | TEXT
SPEC = st.dictionaries(names(FlatTask), JSON, max_size=6)
BODIES = st.dictionaries(KEYS, JSON | SPEC, max_size=8)


def read(body: dict[str, Any]) -> Submission | Problem:
    try:
        return Submission.read(body, lambda: "new")
    except Problem as problem:
        return problem


@given(BODIES)
def test_any_object_is_read_or_refused(body: dict[str, Any]) -> None:
    found = read(body)

    if isinstance(found, Submission):
        json.dumps(found.manifest("default"), allow_nan=False)
        return
    assert found.kind is Kind.INVALID
    document = json.loads(bytes(found.response().body))
    assert document["field"]
    assert document["remedy"]
    assert len(str(document.get("value", ""))) <= 120
