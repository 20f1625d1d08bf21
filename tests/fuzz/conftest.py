"""The profile of `make fuzz`: other examples at every run, and many of them."""

import hypothesis

hypothesis.settings.register_profile(
    "fuzz", max_examples=1000, deadline=None, print_blob=True, derandomize=False, database=None
)
