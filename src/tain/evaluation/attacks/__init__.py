"""Attacks: what people do to a text so that a detector misses it, one attack per file.

Each takes a text and gives the attacked text, the edits and their places, and nothing outside those places changes.
The names and the default strengths of eleven of them are RAID's; where one of ours knowingly differs, its docstring
says so. One rule differs for all of them: no edit falls inside a web or e-mail address, because a person who hides a
text's origin still wants the links to work.
"""
