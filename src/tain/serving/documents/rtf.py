"""Rich text: its words without their dress."""

from __future__ import annotations

from tain.serving.documents.kinds import Unreadable


def rtf_text(content: bytes) -> tuple[str, dict[str, object]]:
    """The text.

    Raises:
        Unreadable: If it is damaged.
    """
    from striprtf.striprtf import rtf_to_text

    try:
        # RTF is ASCII by its rules, with an escape for everything else; bytes beyond are of the code page it names.
        text = str(rtf_to_text(content.decode("latin-1"), errors="replace"))  # type: ignore[no-untyped-call]
    except Exception as error:  # damaged files raise whatever it is that they lead to
        raise Unreadable("The RTF file is damaged. Open it and save it again.") from error
    # It spells characters beyond 16 bits as two halves.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").strip("\n"), {}
