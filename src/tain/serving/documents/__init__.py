"""Documents as people have them, and the text in them.

`kinds` decides by name and content what a document is; `extract` has its text taken out by a process of its own
(`reading`), which may not take much, with a module for each kind. Offsets of windows count in the text that is sent
back.
"""
