"""Client guidance: from a client's facts to a proposed decision with its reasons, fee and letter. The official decides.

`decide` gives the verdict leaf by leaf, `reckon_fee` a fee line by line, `letter` the decision letter as HTML or PDF.
Nothing is stored: a client's facts come in, a value goes out.
"""

from torni.guidance.client import Client, read_client
from torni.guidance.fees import Reckoned, reckon_fee
from torni.guidance.proposal import Proposal, proposal_of

__all__ = ["Client", "Proposal", "Reckoned", "proposal_of", "read_client", "reckon_fee"]
