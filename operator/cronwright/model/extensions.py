"""The bound on `spec.extensions`, which the API server can't measure.

controller/ and api/ ask here before a task is taken in.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from cronwright.errors import FieldError
from cronwright.model.depth import check_depth

# Extensions travel in an environment variable and in every CronJob; Linux takes 128 KiB for one
# variable, and 8 KiB times some thousand tasks is what an operator's memory should bear.
MAX_BYTES: Final = 8192


def check_extensions(extensions: Mapping[str, Any] | None) -> None:
    """Refuse extensions of more than 8 KiB as JSON; FieldError says how many there are."""
    if extensions is None:
        return
    check_depth("spec.extensions", extensions)
    size = len(json.dumps(extensions, ensure_ascii=False, separators=(",", ":")).encode())
    if size > MAX_BYTES:
        raise FieldError(
            "spec.extensions",
            f"{{{', '.join(extensions)}}}",
            f"{size} bytes as JSON, more than {MAX_BYTES}",
            "keep the data in a ConfigMap and name that here",
        )
