"""docs/api.md names every route and every kind of problem."""

from pathlib import Path

from cronwright.api import backfill_routes, probes, run_routes, task_routes
from cronwright.api.problem import Kind

PAGE = (Path(__file__).parents[2] / "docs/api.md").read_text()


def test_every_kind_of_problem_has_its_row() -> None:
    rows = {f"| {kind.status} | `{kind.slug}` |" for kind in Kind}

    assert {row for row in rows if row not in PAGE} == set()


def test_every_route_has_its_right() -> None:
    routers = (task_routes.router, run_routes.router, backfill_routes.router, probes.router)
    paths = {str(getattr(route, "path", "")) for router in routers for route in router.routes}
    rights = PAGE[PAGE.index("## Give a caller less") :]

    assert {
        path
        for path in paths
        if path.replace("task_id", "id").replace("run_id", "runId") not in rights
    } == set()
