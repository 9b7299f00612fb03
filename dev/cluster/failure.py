"""The one error of this package: something that a person has to look at."""


class ClusterError(Exception):
    """The cluster could not be built, started or stopped; the text says why and what to do."""
