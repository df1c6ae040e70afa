"""Torni keeps a region's service promises."""
