"""The live picture of all promises: collects findings from the tasks and orders them; decides nothing itself."""

from torni.tower.picture import Picture, picture

__all__ = ["Picture", "picture"]
