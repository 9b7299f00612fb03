"""Places in concurrency groups: how many runs of several tasks may be active at once.

`slots` and `backlog` take a place right before they make a Job, and give it back once the Job is
seen, which then holds it, also while its run waits for the next attempt. Where none is free the
run waits; when one is given up, whoever is next over all tasks of the group is woken: by priority,
then by due time.

Right after a start not all tasks have been looked at. `open` is told what those want that their
statuses speak of, so that none passes by them for having been looked at first.
"""

import asyncio
import heapq
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import NamedTuple

from cronwright.controller.event import warning
from cronwright.controller.tasks import TaskKey
from cronwright.core import identity
from cronwright.core.facts import JobFacts
from cronwright.core.group_sizes import GroupSizes
from cronwright.kube import paths
from cronwright.kube.client import Client
from cronwright.kube.errors import AlreadyExists, ApiError


class Group(NamedTuple):
    """A group by its place."""

    namespace: str
    name: str


@dataclass(frozen=True, slots=True)
class Want:
    """A run that could start if its group had a place for it."""

    key: TaskKey
    group: str
    run_id: str
    priority: int
    due: datetime

    @property
    def place(self) -> Group:
        """Name the group."""
        return Group(self.key.namespace, self.group)

    @property
    def rank(self) -> tuple[int, datetime, TaskKey, str]:
        """Give what the runs of a group are ordered by."""
        return -self.priority, self.due, self.key, self.run_id


class Groups:
    """Count the places of all groups."""

    def __init__(self, default_size: int, wake: Callable[[TaskKey], None]) -> None:
        self._default = default_size
        self._wake = wake
        self._sizes: dict[str, GroupSizes] = {}
        self._jobs: defaultdict[Group, dict[str, JobFacts]] = defaultdict(dict)
        self._ended: set[str] = set()  # UIDs of Jobs that stand, and whose runs are over
        self._reserved: defaultdict[Group, set[str]] = defaultdict(set)
        self._wants: defaultdict[Group, dict[TaskKey, Sequence[Want]]] = defaultdict(dict)
        self._expected: defaultdict[Group, dict[TaskKey, Sequence[Want]]] = defaultdict(dict)
        self._open = True
        self._member: dict[TaskKey, Group] = {}
        self._counted: defaultdict[TaskKey, set[Group]] = defaultdict(set)  # of which it has Jobs
        self._faulty: asyncio.Queue[GroupSizes] = asyncio.Queue()

    def close(self) -> None:
        """Give no place away until it is known who wants one."""
        self._open = False

    def open(self, expected: Mapping[TaskKey, Sequence[Want]]) -> None:
        """Give places away; for what is expected of tasks, they are kept until their looks."""
        self._open = True
        for key, wants in expected.items():
            for want in wants:
                self._expected[want.place][key] = wants
            self._wake(key)
        for place in list(self._wants):
            self._wake_next(place)

    def looked(self, key: TaskKey) -> None:
        """Expect nothing of a task any more: what it wants it has told itself."""
        for place in [place for place, tasks in self._expected.items() if key in tasks]:
            del self._expected[place][key]
            if not self._expected[place]:
                del self._expected[place]
            self._wake_next(place)

    def take(self, want: Want | None) -> bool:
        """Take a place; False where none is free, or others that wait go before.

        A run without a group needs none. Whoever takes one gives it back with `release`.
        """
        if want is None:
            return True
        held = self._held(want.place)
        if want.run_id in held:
            return True
        if not self._open:
            return False
        self._expected.get(want.place, {}).pop(want.key, None)
        before = [each for each in self._wanted(want.place, held) if each.rank < want.rank]
        if self._size(want.place) - len(held) <= len(before):
            return False
        self._reserved[want.place].add(want.run_id)
        return True

    def release(self, want: Want | None) -> None:
        """Give a reserved place back: the run's Job holds it now, or there is none."""
        if want is not None:
            self._reserved[want.place].discard(want.run_id)
            self._wake_next(want.place)

    def concerns(self, key: TaskKey) -> bool:
        """Tell whether a task is in a group, or has runs that were started in one."""
        return key in self._member or key in self._counted

    def look(
        self, key: TaskKey, place: Group | None, active: Collection[str], wants: Sequence[Want]
    ) -> None:
        """Note how a task stands: its group, its active Jobs by UID, and what could start."""
        if self._member.get(key) != place:
            self.forget(key)
        if place is not None:
            self._member[key] = place
            self._wants[place].pop(key, None)
            if wants:
                self._wants[place][key] = wants
        for group in {*self._counted.get(key, ()), *([place] if place else ())}:
            jobs = self._jobs.get(group, {}).values()
            of_task = {job.uid for job in jobs if (job.namespace, job.task) == key}
            self._ended |= of_task.difference(active)
            self._wake_next(group, but=key)

    def forget(self, key: TaskKey) -> None:
        """Forget a task that is gone; its Jobs hold their places until they have gone, too."""
        self.looked(key)
        place = self._member.pop(key, None)
        if place is not None:
            self._wants[place].pop(key, None)
            self._wake_next(place)

    def job_changed(self, old: JobFacts | None, new: JobFacts | None) -> None:
        """Take in an informer's news of a Job.

        One whose run may be tried again holds its place until `look` says that the run is over.
        """
        seen = new or old
        name = seen.annotations.get(identity.GROUP) if seen else None
        if seen is None or name is None:
            return
        place, key = Group(seen.namespace, name), TaskKey(seen.namespace, seen.task)
        if new is not None and new.owner_uid and not new.deleting and _may_go_on(new):
            self._jobs[place][new.uid] = new
            self._counted[key].add(place)
            return
        self._ended.discard(seen.uid)
        if self._jobs[place].pop(seen.uid, None) is not None:
            if not any((job.namespace, job.task) == key for job in self._jobs[place].values()):
                self._counted[key].discard(place)
                if not self._counted[key]:
                    del self._counted[key]
            self._wake_next(place)

    def sizes_changed(self, old: GroupSizes | None, new: GroupSizes | None) -> None:
        """Take in an informer's news of a ConfigMap."""
        if new is not None:
            self._sizes[new.namespace] = new
            if new.faults:
                self._faulty.put_nowait(new)
        elif old is not None:
            self._sizes.pop(old.namespace, None)
        for place in list(self._wants):
            self._wake_next(place)

    async def report(self, client: Client) -> None:
        """Tell for ever, in Events, of sizes that can't be read."""
        while True:
            sizes = await self._faulty.get()
            about = {"apiVersion": "v1", "kind": "ConfigMap"}
            about |= {"namespace": sizes.namespace, "name": sizes.name, "uid": sizes.uid}
            words = f"{'; '.join(sizes.faults)[:900]}; a size of {self._default} is taken instead"
            name = f"{sizes.name}.{sizes.resource_version}"
            event = warning(name, about, "GroupSizeInvalid", words, datetime.now(UTC))
            try:
                await client.create(paths.events(sizes.namespace), event)
            except AlreadyExists:
                continue  # told before a restart
            except ApiError:
                self._faulty.put_nowait(sizes)
                await asyncio.sleep(10.0)

    def _size(self, place: Group) -> int:
        sizes = self._sizes.get(place.namespace)
        return sizes.sizes.get(place.name, self._default) if sizes else self._default

    def _held(self, place: Group) -> set[str]:
        jobs = self._jobs.get(place, {}).values()
        active = {job.run_id for job in jobs if job.uid not in self._ended}
        return active | self._reserved.get(place, set())

    def _wanted(self, place: Group, held: Set[str]) -> list[Want]:
        """List what waits for a place of a group, or is expected to."""
        everybody = *self._expected.get(place, {}).values(), *self._wants.get(place, {}).values()
        wanted = {each.run_id: each for wants in everybody for each in wants}
        return [each for run_id, each in wanted.items() if run_id not in held]

    def _wake_next(self, place: Group, but: TaskKey | None = None) -> None:
        """Wake the tasks whose runs are next, as many as there are places."""
        if not self._wants.get(place):
            return
        held = self._held(place)
        free = max(0, self._size(place) - len(held))
        for want in heapq.nsmallest(free, self._wanted(place, held), key=lambda each: each.rank):
            if want.key != but:
                self._wake(want.key)


def _may_go_on(job: JobFacts) -> bool:
    """Tell whether a Job's run is not over, as far as the Job itself says."""
    return job.finished is None or (
        not job.finished.succeeded and identity.RETRY in job.annotations
    )
