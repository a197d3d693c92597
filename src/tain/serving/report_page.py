"""The Report of a served model as a page, drawn once."""

from __future__ import annotations

from html import escape
from threading import Lock

from tain.core.errors import DataError
from tain.detector.detector import JsonObject
from tain.serving.served import Served
from tain.serving.served_detector import ServedDetector

_NONE = "No Report came with {name}. tain evaluate measures a detector on labelled texts and writes one."
_UNREADABLE = "The Report of {name} was written by another version of tain, which this one cannot show."
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>body {{ font: 1.1rem/1.6 system-ui, sans-serif; max-width: 40rem; margin: 4rem auto; padding: 0 1rem; }}</style>
</head>
<body><main><h1>{title}</h1><p>{told}</p><p><a href="/">Check a text</a></p></main></body>
</html>
"""


_MOST_PAGES = 32


class ReportPages:
    """The pages of the models of a server."""

    def __init__(self) -> None:
        # One at a time: plots are drawn with settings that hold for the whole process while they are drawn.
        self._drawing = Lock()
        self._drawn: dict[str, tuple[JsonObject, str]] = {}  # by name, with what was drawn

    def page(self, model: Served) -> tuple[str, bool]:
        """The page, and whether it shows a Report.

        Args:
            model: A classifier has none.

        Cost:
            Seconds the first time, nothing after that.
        """
        name = model.id.name
        report = model.detector.report if isinstance(model, ServedDetector) else None
        if report is None:
            return _plain(_NONE.format(name=name)), False
        with self._drawing:
            known, page = self._drawn.get(name, (None, ""))
            if known is not report:  # another model may have taken the name
                try:
                    page = _render(report, name)
                except DataError:
                    return _plain(_UNREADABLE.format(name=name)), False
                self._drawn[name] = report, page
                while len(self._drawn) > _MOST_PAGES:
                    del self._drawn[next(iter(self._drawn))]
            return page, True


def _render(report: JsonObject, name: str) -> str:
    # Draws with matplotlib, which a server that only reads texts never loads.
    from tain.evaluation.html import render_html
    from tain.evaluation.schema import Report

    return render_html(Report.read(report, origin=name), title=f"{name}: how it was measured")


def _plain(told: str) -> str:
    return _PAGE.format(title="How it was measured", told=escape(told))
