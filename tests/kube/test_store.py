import pytest

from cronwright.kube.store import ObjectKey, Store
from tests.kube.world import Thing

KEY = ObjectKey("shop", "a")


class Told(list[tuple[Thing | None, Thing | None]]):
    """What a store has told."""

    def __call__(self, old: Thing | None, new: Thing | None) -> None:
        self.append((old, new))


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def store(told: Told) -> Store[Thing]:
    return Store(told, index=lambda each: each.value)


def a(version: int, *, uid: str = "first", value: int = 0) -> Thing:
    return Thing("shop", "a", uid, str(version), value)


@pytest.mark.parametrize(
    ("known", "comes", "kept", "changes"),
    [
        pytest.param(None, a(5), a(5), [(None, a(5))], id="what is new"),
        pytest.param(a(5), a(6), a(6), [(a(5), a(6))], id="what is newer"),
        pytest.param(a(9), a(10), a(10), [(a(9), a(10))], id="as a number"),
        pytest.param(a(5), a(5), a(5), [], id="what is known"),
        pytest.param(a(5), a(4), a(5), [], id="what is older"),
        pytest.param(
            a(5),
            a(6, uid="next"),
            a(6, uid="next"),
            [(a(5), None), (None, a(6, uid="next"))],
            id="another object of the name",
        ),
        pytest.param(a(5), a(4, uid="last"), a(5), [], id="one of the name that was before"),
    ],
)
def test_what_is_put(
    store: Store[Thing],
    told: Told,
    known: Thing | None,
    comes: Thing,
    kept: Thing,
    changes: list[tuple[Thing | None, Thing | None]],
) -> None:
    if known is not None:
        store.put(known)
    told.clear()

    store.put(comes)

    assert (store.get(KEY), list(store), told) == (kept, [kept], changes)


@pytest.mark.parametrize(
    ("known", "goes", "kept", "changes"),
    [
        pytest.param(a(5), a(6, value=1), None, [(a(6, value=1), None)], id="what is known"),
        pytest.param(a(7), a(6), None, [(a(6), None)], id="though more was known"),
        pytest.param(None, a(6), None, [(a(6), None)], id="what never was known"),
        pytest.param(a(7), a(6, uid="last"), a(7), [], id="one of the name that was before"),
        pytest.param(
            a(5),
            a(6, uid="next"),
            None,
            [(a(5), None), (a(6, uid="next"), None)],
            id="one that came after what is known",
        ),
    ],
)
def test_what_is_removed(
    store: Store[Thing],
    told: Told,
    known: Thing | None,
    goes: Thing,
    kept: Thing | None,
    changes: list[tuple[Thing | None, Thing | None]],
) -> None:
    if known is not None:
        store.put(known)
    told.clear()

    store.remove(goes)

    assert (store.get(KEY), told) == (kept, changes)


def test_records_are_found_by_what_the_index_says_of_them(store: Store[Thing]) -> None:
    other = Thing("shop", "b", "other", "1", 1)
    store.put(other)
    store.put(a(2, value=1))
    assert store.select(1) == [other, a(2, value=1)]

    store.put(a(3, value=2))
    assert (store.select(1), store.select(2)) == ([other], [a(3, value=2)])

    store.remove(a(4, value=7))
    assert (store.select(2), store.select(7)) == ([], [])


def test_a_store_needs_no_index(told: Told) -> None:
    store: Store[Thing] = Store(told)
    store.put(a(1))
    store.remove(a(2))

    assert (list(store), store.select(0)) == ([], [])


def test_what_is_doubted_gives_way_to_an_older_version_once(
    store: Store[Thing], told: Told
) -> None:
    store.put(a(9))
    store.doubt()
    assert store.is_doubted(a(9))
    store.put(a(5, value=1))
    assert (store.get(KEY), store.is_doubted(a(5))) == (a(5, value=1), False)
    store.put(a(4))
    assert store.get(KEY) == a(5, value=1)
    assert told == [(None, a(9)), (a(9), a(5, value=1))]


def test_what_is_doubted_and_still_so_is_not_told(store: Store[Thing], told: Told) -> None:
    store.put(a(9))
    store.doubt()
    store.put(a(9))
    assert (store.is_doubted(a(9)), told) == (False, [(None, a(9))])
