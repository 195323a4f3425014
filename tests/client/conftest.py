"""Every test of this folder leaves its loop quiet."""

from tests.upload.loops import quiet_loop

__all__ = ["quiet_loop"]
