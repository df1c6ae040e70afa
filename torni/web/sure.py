"""What binds is asked first: the same form once more, with what follows of it, and a second press."""

from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpRequest, HttpResponse

from torni.web.rendering import page
from torni.web.store import Held

YES = "sure"


def is_sure(request: HttpRequest) -> bool:
    """Has the second press been made?"""
    return bool(request.POST.get(YES) == "yes")


def ask_first(request: HttpRequest, question: str, follows: Sequence[str], *, here: str, region: Held, yes: str, back: str) -> HttpResponse:  # fmt: skip
    """The question with what follows of it; its form holds what was sent. `yes`: the button's words, `back`: where one goes without. Nothing is
    written: call it after what was sent has been found right."""
    sent = [(name, value) for name, values in request.POST.lists() for value in values if name != YES]
    return page(
        request, "sure.html", here=here, region=region, question=question, follows=follows, sent=sent, yes=yes, back=back
    )  # fmt: skip
