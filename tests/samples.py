"""Reads what `/metrics` answers: values by name and labels."""

from collections.abc import Iterator, Mapping

from prometheus_client.parser import text_string_to_metric_families

Labels = Mapping[str, str]


class Samples:
    """The values of one answer."""

    def __init__(self, values: Mapping[tuple[str, frozenset[tuple[str, str]]], float]) -> None:
        self._values = values

    def __getitem__(self, key: tuple[str, Labels]) -> float:
        return self._values[_key(*key)]

    def __contains__(self, key: tuple[str, Labels]) -> bool:
        return _key(*key) in self._values

    def __iter__(self) -> Iterator[tuple[str, dict[str, str]]]:
        return ((name, dict(labels)) for name, labels in self._values)

    def get(self, name: str, labels: Labels) -> float | None:
        """Give a value; None where there is no such series."""
        return self._values.get(_key(name, labels))

    def sum(self, name: str, **labels: str) -> float:
        """Add up the series that have these labels, whatever others they have."""
        wanted = set(labels.items())
        return sum(
            value for (each, has), value in self._values.items() if each == name and wanted <= has
        )


def samples(text: str) -> Samples:
    """Read an answer in Prometheus' text format."""
    return Samples(
        {
            _key(sample.name, sample.labels): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
        }
    )


def _key(name: str, labels: Labels) -> tuple[str, frozenset[tuple[str, str]]]:
    return name, frozenset(labels.items())
