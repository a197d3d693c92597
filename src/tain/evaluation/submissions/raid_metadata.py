"""What RAID's leaderboard wants to know of a detector."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date

from tain.evaluation.submissions.problems import Problem, shown

REQUIRED = ("date_released", "detector_name", "contact_info")
LINKS = ("website", "paper_link", "huggingface_link", "github_link")
FIELDS = (*REQUIRED, *LINKS)
ALSO_TAKEN = "additional_metadata"
_FROM_TEMPLATE = ("Link to ", "Email Address: example@me.com", "Template")


@dataclass(frozen=True, slots=True)
class RaidMetadata:
    """The metadata of a submission. The leaderboard's maintainers want these fields, no more and no fewer.

    Attributes:
        detector_name: As the leaderboard shall show it.
        contact_info: Such as "Email Address: me@example.org".
        date_released: As 2024-05-25.
        website: A link, or nothing.
        paper_link: A link, or nothing.
        huggingface_link: A link, or nothing.
        github_link: A link, or nothing.
    """

    detector_name: str
    contact_info: str
    date_released: str
    website: str = ""
    paper_link: str = ""
    huggingface_link: str = ""
    github_link: str = ""

    def to_dict(self) -> dict[str, str]:
        """The fields by name, in the order of RAID's template."""
        values = asdict(self)
        return {name: values[name] for name in ("date_released", "detector_name", *LINKS, "contact_info")}


def metadata_problems(value: object, *, file: str) -> Iterator[Problem]:
    """What RAID's bot, or its maintainers, would refuse in the metadata.

    Args:
        value: As JSON gave it.
        file: As it was named.
    """
    if not isinstance(value, dict):
        yield Problem(file, None, f"is {shown(value)}; expected an object with {', '.join(FIELDS)}")
        return
    yield from (Problem(file, None, f"there is no {name}") for name in FIELDS if name not in value)
    for name, given in value.items():
        if reason := _reason(name, given):
            yield Problem(file, None, f"{name}: {reason}")


def _reason(name: str, given: object) -> str | None:
    if name == ALSO_TAKEN:
        return None
    if name not in FIELDS:
        return f"is no field of the metadata; expected {', '.join(FIELDS)}"
    if given is None and name in LINKS:
        return None
    if not isinstance(given, str) or (name in REQUIRED and not given.strip()):
        return f"is {shown(given)}; expected {'a text' if name in REQUIRED else 'a link, or an empty string'}"
    if given.startswith(_FROM_TEMPLATE):
        return f"is {shown(given)}, as in the template; expected your own, or an empty string for a link"
    if name == "date_released" and not _is_date(given):
        return f"is {shown(given)}; expected a date such as 2024-05-25"
    return None


def _is_date(given: str) -> bool:
    try:
        date.fromisoformat(given)
    except ValueError:
        return False
    return True
