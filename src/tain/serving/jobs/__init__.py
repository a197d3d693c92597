"""Files of texts that are scored while nobody waits.

An upload is kept in a folder (`uploads`), read once by a process of its own that may not take much (`reading`), and
scored block by block by one thread (`runner`). What was done stands in SQLite (`store`): a block's results and the
place in the file where the next one begins are written in one transaction, so a crash loses and repeats nothing.
"""
