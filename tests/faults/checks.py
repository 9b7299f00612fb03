"""The single checks of a task: each finds one kind of thing that must not be."""

import json
from collections import Counter, defaultdict
from typing import Final
from uuid import UUID, uuid5

from tests.faults.account import clock, seconds, settle, tickets
from tests.faults.case import Case, Findings, JSONObject, Kind, brief, listed, with_tails
from tests.faults.evidence import ATTEMPT, REQUEST, JobSeen

_LARGEST: Final = 64 * 1024
_FIXED: Final = ("verdict", "slot", "name", "trigger", "captured", "exitCode", "reason", "result")


def records_stay(case: Case) -> Findings:
    """A record doesn't change, and a history has one of each run."""
    for status in case.statuses:
        history = status.get("history", ())
        several = {key: n for key, n in Counter(each["id"] for each in history).items() if n > 1}
        if several:
            yield Kind.TWO_VERDICTS, f"a history has several records of {list(several)}"
        for record in [*history, *with_tails(status)]:
            known = case.records[record["id"]]
            if any(known.get(key) != record.get(key) for key in _FIXED):
                yield Kind.REWRITTEN, f"{brief(known)} became {brief(record)}"


def no_slot_runs_twice(case: Case) -> Findings:
    """A slot has one Job; more where they are attempts of one run."""
    by_slot: defaultdict[tuple[int, str], list[JobSeen]] = defaultdict(list)
    for job in case.jobs:
        if job.slot is not None:
            by_slot[job.slot, job.annotations.get(ATTEMPT, "1")].append(job)
    case.figures["slots with a Job"] += len({slot for slot, _ in by_slot})
    for (slot, _), jobs in by_slot.items():
        if len(jobs) > 1:
            yield Kind.RUN_TWICE, f"{clock(slot)}: {listed(jobs)}"


def requests_run_once(case: Case) -> Findings:
    """A request runs once, and has its record, run or skipped."""
    by_request: defaultdict[tuple[str, str], list[JobSeen]] = defaultdict(list)
    for job in case.jobs:
        # A Job that was withdrawn before it ran is none that was acted on.
        if REQUEST in job.annotations and job.ran:
            by_request[job.annotations[REQUEST], job.annotations.get(ATTEMPT, "1")].append(job)
    for (request, _), jobs in by_request.items():
        if len(jobs) > 1:
            yield Kind.REQUEST_TWICE, f"{request}: {listed(jobs)}"
        if request not in case.expected.requests:
            yield Kind.NOT_DUE, f"nobody asked for {request}: {listed(jobs)}"
    case.figures["requests"] += len(case.expected.requests)
    for request in case.expected.requests:
        # The documented id of a requested run.
        run_id = str(uuid5(UUID(case.expected.uid), f"request:{request}"))
        if run_id not in case.records:
            yield Kind.REQUEST_LOST, f"{request}, run {run_id}"


def runs_have_records(case: Case) -> Findings:
    """Each Job that ran has a record, and each record a Job."""
    case.figures["Jobs that ran"] += sum(job.ran for job in case.jobs)
    for job in case.jobs:
        vanished = case.expected.vanish and job.by.endswith("cronjob-controller")
        if job.ran and job.run_id not in case.records and not vanished:
            yield Kind.NO_RECORD, f"{job}, run {job.run_id}"
    real = {(job.name, job.run_id) for job in case.jobs}
    for record in case.records.values():
        # Of a Job that its controller never spoke of, only the name is known.
        named = record.get("name"), record["id"]
        if "name" in record and not real & {named, (record["name"], "")}:
            yield Kind.INVENTED, brief(record)


def slots_have_verdicts(case: Case) -> Findings:
    """Each due slot has one verdict, and nothing else has."""
    slots = case.expected.slots
    due = set(slots.all())
    runs: defaultdict[int, list[JSONObject]] = defaultdict(list)
    for record in case.records.values():
        if "slot" in record:
            runs[seconds(record["slot"])].append(record)
    for slot, records in runs.items():
        if len(records) > 1:
            yield Kind.TWO_VERDICTS, f"{clock(slot)}: {'; '.join(map(brief, records))}"
    fired = {job.slot for job in case.jobs if job.slot is not None}
    for slot in sorted(runs.keys() | fired):
        if slot not in due or slots.excluded(slot):
            yield Kind.NOT_DUE, f"{clock(slot)}; {_jobs_of(case, slot)}"
    account = settle(slots, set(runs), tickets(case.statuses))
    case.figures["slots due"] += sum(map(slots.sure, due))
    if not case.expected.ledger:
        case.figures["slots without a verdict, where none is promised"] += len(account.without)
        return
    for slot in account.without:
        yield Kind.NO_VERDICT, f"{clock(slot)}; {_jobs_of(case, slot)}"
    for ticket in account.surplus:
        yield Kind.TWO_VERDICTS, f"{ticket}: so many slots without a run there are not"


def _jobs_of(case: Case, slot: int) -> str:
    jobs = [job for job in case.jobs if job.slot == slot]
    return f"it had {listed(jobs)}" if jobs else "it had no Job"


def counts_agree(case: Case) -> Findings:
    """The counts by verdict are those of all records, and of all slots without a run."""
    counted: Counter[str] = Counter(each["verdict"] for each in case.records.values())
    for verdict, count in counted.items():
        case.figures[f"runs {verdict}"] += count
    for ticket in tickets(case.statuses):
        case.figures[f"slots {ticket.verdict}"] += ticket.count
        counted[ticket.verdict.split()[0]] += ticket.count
    shown = case.statuses[-1].get("counts", {}) if case.statuses else {}
    if counted != Counter(shown):
        yield Kind.COUNTS, f"shown {dict(shown)}, recorded {dict(counted)}"


def captured_is_true(case: Case) -> Findings:
    """What is kept of a run's output is what it printed, or says that it is not."""
    for record in case.records.values():
        case.figures[f"captured {record.get('captured')}"] += "name" in record
    judged: set[tuple[str, str]] = set()
    for status in case.statuses:
        for record in with_tails(status):
            tail = record.get("logTail", "")
            if (record["id"], tail) in judged:
                continue
            judged.add((record["id"], tail))
            printed = case.printed(record["id"])
            if not _true(record.get("captured"), tail, printed):
                yield (
                    Kind.UNTRUE_CAPTURE,
                    f"{brief(record)}: {tail!r} is kept, {printed!r} was printed",
                )
    case.figures["tails compared"] += len(judged)


def _true(captured: str | None, tail: str, printed: str) -> bool:
    if captured == "Full":
        return tail == printed
    return tail.strip() in printed if captured == "Partial" else not tail


def verdicts_are_true(case: Case) -> Findings:
    """A verdict is one that fits what the run's pod was last heard to do."""
    for record in case.records.values():
        if "name" in record:
            lines = case.printed(record["id"]).splitlines()
            word = lines[-1].split()[0] if lines else ""
            if record["verdict"] not in case.expected.verdicts.get(word, ()):
                yield Kind.UNTRUE_VERDICT, f"{brief(record)}: its pod's last word was {word!r}"


def nothing_is_left(case: Case) -> Findings:
    """All is done in the end, and no status was ever too large."""
    if not case.task:
        yield Kind.UNSETTLED, "the task is gone"
    active = [each["name"] for each in case.task.get("status", {}).get("active", ())]
    if active:
        yield Kind.UNSETTLED, f"{active} are said to be active"
    waiting = [each["id"] for each in case.task.get("status", {}).get("pending", ())]
    if waiting:
        yield Kind.UNSETTLED, f"the runs {waiting} wait for ever"
    annotations = case.task.get("metadata", {}).get("annotations", {})
    asked = [key for key in annotations if key.partition("/")[0].endswith(".cronwright.dev")]
    if asked:
        yield Kind.UNSETTLED, f"{asked} were not answered"
    unfinished = [job.name for job in case.jobs if job.name in case.evidence.unfinished]
    if unfinished:
        yield Kind.UNSETTLED, f"the Jobs {unfinished} have not ended"
    size = max((len(json.dumps(each)) for each in case.statuses), default=0)
    if size >= _LARGEST:
        yield Kind.TOO_LARGE, f"{size} bytes"
