"""What every definition file is made of: strict fields, identifiers, and texts in three languages."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from torni.core.language import choose, t

Identifier = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]

Whole = Annotated[int, Field(strict=True)]  # YAML's true is no number, and would be read as 1


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Range(Strict):
    """From at least so many up to below so many, in years or residents; either end may be left out."""

    below: Whole | None = Field(default=None, ge=1)
    at_least: Whole | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _someone(self) -> Self:
        if self.below is not None and self.at_least is not None and self.at_least >= self.below:
            raise ValueError(t("nobody is at least {least} and below {below}", least=self.at_least, below=self.below))
        return self


class Text(Strict):
    """A text in Finnish, Swedish and English."""

    fi: str = Field(min_length=1)
    sv: str = Field(min_length=1)
    en: str = Field(min_length=1)

    def __str__(self) -> str:
        return choose({"fi": self.fi, "sv": self.sv, "en": self.en})
