"""Names for the invented residents. Common in Finland, put together by chance: any likeness to a real person is one too."""

from __future__ import annotations

import numpy as np
import polars as pl

from torni.simulation.year.chance import Chance

FIRST = (
    "Aino", "Anna", "Anneli", "Antti", "Eero", "Eeva", "Eino", "Elina", "Emma", "Erkki", "Hanna", "Heikki", "Helena", "Helmi", "Ilmari",
    "Irja", "Jari", "Johanna", "Juha", "Kaarina", "Kalevi", "Katri", "Kauko", "Kerttu", "Laura", "Leena", "Leo", "Liisa", "Maria",
    "Marjatta", "Matti", "Mikko", "Niilo", "Olavi", "Oskari", "Paavo", "Pekka", "Pirkko", "Raimo", "Ritva", "Saara", "Seppo", "Sirkka",
    "Sofia", "Tapani", "Tauno", "Toivo", "Tuula", "Urho", "Veikko", "Venla", "Viljo",
)  # fmt: skip
LAST = (
    "Aaltonen", "Ahonen", "Hakala", "Heikkinen", "Heinonen", "Hiltunen", "Huttunen", "Hämäläinen", "Järvinen", "Kallio", "Karjalainen",
    "Kinnunen", "Koivisto", "Korhonen", "Koskinen", "Lahtinen", "Laine", "Laitinen", "Lehtonen", "Leppänen", "Lindholm", "Manninen",
    "Mattila", "Miettinen", "Mäkelä", "Mäkinen", "Niemi", "Nieminen", "Nurmi", "Nyberg", "Ojala", "Peltonen", "Pitkänen", "Rantanen",
    "Räsänen", "Salminen", "Salo", "Savolainen", "Saarinen", "Turunen", "Tuominen", "Virtanen", "Väisänen",
)  # fmt: skip


def names(chance: Chance, client: np.ndarray) -> pl.Series:
    """A first and a last name for each client."""
    first = pl.Series(FIRST).gather(chance.whole(0, len(FIRST) - 1, "first name", client))
    last = pl.Series(LAST).gather(chance.whole(0, len(LAST) - 1, "last name", client))
    return pl.select(pl.concat_str([pl.lit(first), pl.lit(last)], separator=" ").alias("name")).to_series()
