"""How long the property tests of this folder search."""

from hypothesis import settings

settings.register_profile("protocol", max_examples=150, deadline=None)
settings.load_profile("protocol")
