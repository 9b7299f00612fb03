"""What the pods of the tasks under test do: they say what they do, and write it down themselves.

Each line goes to the pod's output and into a file of its own on the host, `<run id>.<pod>`. A
signal is taken note of and answered between two lines, so the two are always the same.
"""

from typing import Any

from tests.cluster.tasks import IMAGE

JSONObject = dict[str, Any]

_PLACE = "/witness"
_PRELUDE = f"""
told=; trap 'told=1' TERM
say() {{
  echo "$1 $CRONWRIGHT_RUN_ID" >> "{_PLACE}/$CRONWRIGHT_RUN_ID.$HOSTNAME"
  echo "$1 $CRONWRIGHT_RUN_ID"
}}
pause() {{
  sleep "$1" & wait $!
  if [ -n "$told" ]; then say told; exit 1; fi
}}
say begin
"""

SUCCEEDS = "pause {seconds}; say end"
FAILS = "pause {seconds}; say fail; exit 3"
RESULT = 'pause {seconds}; say end; echo \'{{"result": "42"}}\' > /dev/termination-log'
CHECKPOINT = 'pause {seconds}; say end; echo \'{{"checkpoint": "far"}}\' > /dev/termination-log'


def template(body: str, witness: str, *, seconds: float = 0.3, **job: Any) -> JSONObject:
    """Make the jobTemplate of a task; `seconds` is how long a run takes, more are Job fields.

    None leaves one out.
    """
    script = _PRELUDE + body.format(seconds=seconds)
    container = {
        "name": "main",
        "image": IMAGE,
        "command": ["/bin/sh", "-c", script],
        "volumeMounts": [{"name": "witness", "mountPath": _PLACE}],
    }
    pod = {
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 5,
        "containers": [container],
        "volumes": [{"name": "witness", "hostPath": {"path": witness, "type": "Directory"}}],
    }
    given = {key: value for key, value in {"backoffLimit": 0, **job}.items() if value is not None}
    return {"spec": {**given, "template": {"spec": pod}}}
