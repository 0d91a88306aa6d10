"""The live page: all experiments of a store, and each matrix while it fills up.

reading.py     what the store's files say, read again only where they have changed
state.py       what that means: cells, progress, what is running, how it ended
reports.py     the written reports: which there are, what they say, which files may be served
comparing.py   two experiments side by side
telling.py     all of it as texts, the same for the page and for its updates
pages.py       the pages
server.py      the server, on this machine's own address alone
"""

from outlast.watch.server import HOST, Watch, serve

__all__ = ["HOST", "Watch", "serve"]
