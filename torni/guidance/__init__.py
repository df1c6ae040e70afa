"""Client guidance: from a client's facts to a proposed decision with its reasons, fee and letter. The official decides.

`decide` gives the verdict leaf by leaf, `reckon_fee` a fee line by line, `letter` the decision letter as HTML or PDF.
Nothing is stored: a client's facts come in, a value goes out.
"""

from torni.guidance.client import Client, read_client
from torni.guidance.decide import Decision, decide
from torni.guidance.fees import Reckoned, reckon_fee

__all__ = ["Client", "Decision", "Reckoned", "decide", "read_client", "reckon_fee"]
