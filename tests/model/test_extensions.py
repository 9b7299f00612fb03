import pytest

from cronwright.errors import FieldError
from cronwright.model.extensions import MAX_BYTES, check_extensions


def test_extensions_up_to_the_bound_are_taken() -> None:
    check_extensions(None)
    check_extensions({})
    check_extensions({"owner": "x" * (MAX_BYTES - len('{"owner":""}'))})


def test_one_byte_more_is_refused_with_its_size() -> None:
    with pytest.raises(FieldError, match=r"spec\.extensions .*8193 bytes as JSON.*ConfigMap"):
        check_extensions({"owner": "x" * (MAX_BYTES + 1 - len('{"owner":""}'))})


def test_bytes_count_and_not_characters() -> None:
    with pytest.raises(FieldError, match="as JSON, more than 8192"):
        check_extensions({"note": "ä" * 4096})
