"""When nothing is left to be done: all runs have ended and all records stand."""

from collections.abc import Mapping
from typing import Any

from tests.cluster.tasks import Tasks
from tests.faults.evidence import RUN_ID

JSONObject = Mapping[str, Any]
_ENDED = frozenset({"Complete", "Failed"})
_SHORT = 12  # so many digits of a run's id are kept once it has left the history


async def undone(tasks: Tasks) -> list[str]:
    """List what is not done yet."""
    everything = await tasks.all()
    jobs = await tasks.jobs()
    found = [f"{name}: {what}" for name, body in everything.items() for what in _of_task(body)]
    for job in jobs:
        name, task = job["metadata"]["name"], job["metadata"]["labels"]["cronwright.dev/task"]
        if not any(each["type"] in _ENDED for each in job["status"].get("conditions", ())):
            found.append(f"{name} runs")
        elif not _recorded(job, everything[task].get("status", {})):
            found.append(f"{name} has no record")
    return found


def _of_task(body: JSONObject) -> list[str]:
    metadata, status = body["metadata"], body.get("status", {})
    found = [f"{each['name']} is active" for each in status.get("active", ())]
    found += [f"{each['id']} waits" for each in status.get("pending", ())]
    asked = [key for key in metadata.get("annotations", {}) if ".cronwright.dev/" in key]
    found += [f"{key} is not answered" for key in asked]
    if status.get("observedGeneration") != metadata["generation"]:
        found.append("its last edit has not been seen")
    return found


def _recorded(job: JSONObject, status: JSONObject) -> bool:
    metadata = job["metadata"]
    run_id = metadata.get("annotations", {}).get(RUN_ID) or metadata["uid"]
    short = run_id.replace("-", "")[:_SHORT]
    shown = {each["id"] for each in status.get("history", ())}
    return run_id in shown or short in status.get("recorded", ())
