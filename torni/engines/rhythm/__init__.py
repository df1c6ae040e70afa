"""Watching many series day by day: has a number suddenly changed, is a promised share surely not kept?

`share` holds misses against a promised share, `change` counts against what the calendar and their own past let expect; both
gather e-values in Shiryaev-Roberts sums, with one bound on false alarms over all series and the whole year together.
`calendar` tells what of a day matters, `kernel` is the arithmetic of a day and a series. Nothing here knows what is watched.
"""

from torni.engines.rhythm.calendar import Calendar, believed
from torni.engines.rhythm.change import ChangeWatch, change_watch
from torni.engines.rhythm.share import ShareWatch, share_watch

__all__ = ["Calendar", "ChangeWatch", "ShareWatch", "believed", "change_watch", "share_watch"]
