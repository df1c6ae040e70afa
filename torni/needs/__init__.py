"""Needs and goals: how much need a county's residents have, and what funding follows from it.

`need` computes THL's need coefficients from the published model and its shares, and takes them apart; `funding` the need-based
euros of a year. Reads shipped data and dated parameters; writes nothing.
"""

from torni.needs.model import Funding, ModelledNeed, funding, need

__all__ = ["Funding", "ModelledNeed", "funding", "need"]
