"""The conditions of a task: what tools and rollouts wait for.

`status` puts them into the status. The reasons are constants of `model/conditions`.
"""

from cronwright.core.accept import Readiness
from cronwright.core.plan import Plan, Step
from cronwright.core.world import World
from cronwright.model import conditions
from cronwright.model.run import RunRecord, Verdict
from cronwright.model.status import Condition, ConditionStatus


def conditions_of(
    world: World, plan: Plan, ready: Readiness, last_run: RunRecord | None
) -> list[Condition]:
    """Make the conditions that should stand; `last_run` counts the records that are new."""
    settled = plan.step is not Step.WAIT
    wanted: list[tuple[str, bool, str, str]] = []
    if settled or not world.task.status.conditions:
        wanted.append((conditions.READY, ready.ok, ready.reason, ready.message))
    if last_run is not None:
        ok = last_run.verdict is Verdict.SUCCEEDED
        wanted.append((conditions.LAST_RUN_SUCCEEDED, ok, str(last_run.verdict), ""))
    if world.task.spec.suspend:
        wanted.append((conditions.SUSPENDED, True, conditions.SUSPENDED_BY_SPEC, ""))
    if plan.stall is not None and plan.stall.message is not None:
        wanted.append((conditions.STALLED, True, plan.stall.reason, plan.stall.message))
    old = {each.type: each for each in world.task.status.conditions}
    kept = [] if settled else [old[conditions.READY]] if conditions.READY in old else []
    return [*kept, *(_condition(each, old.get(each[0]), world) for each in wanted)]


def _condition(
    wanted: tuple[str, bool, str, str], old: Condition | None, world: World
) -> Condition:
    kind, true, reason, message = wanted
    status = ConditionStatus.TRUE if true else ConditionStatus.FALSE
    since = old.last_transition_time if old and old.status == status else world.now
    # Only Ready speaks of the spec; on the others a generation would mean a write for each edit.
    generation = world.task.generation if kind == conditions.READY else None
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=since,
        observed_generation=generation,
    )
