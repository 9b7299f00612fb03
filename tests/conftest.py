"""What holds for all tests."""

from hypothesis import settings

# How long an example takes says more of the machine than of what is tested: a benchmark's matter.
settings.register_profile("cronwright", deadline=None)
settings.load_profile("cronwright")
