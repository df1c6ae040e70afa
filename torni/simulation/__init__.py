"""Invented facts and rehearsals: what would happen if a definition were otherwise."""
