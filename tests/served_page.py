"""A server in a thread of the test's own process, and its page in a browser."""

import threading
import time
from contextlib import contextmanager

import uvicorn

from tain.serving.app import create_app
from tain.serving.settings import Settings
from tests.browser import SLOW_MS


def running(**settings):
    """The address of a server, which ends with the block."""
    return serving(create_app(Settings(**settings)))


@contextmanager
def serving(app):
    """The address of an application, which ends with the block."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None, lifespan="auto"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + SLOW_MS / 1000
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.05)
    assert server.started
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


class Visit:
    """One person's visit to a page: what the console said, what was asked of whom, and short ways to act."""

    def __init__(self, context, address, path="/"):
        self.said, self.foreign, self.answers = [], [], []
        self.page = page = context.new_page()
        page.set_default_timeout(SLOW_MS)
        page.on("console", lambda message: self.said.append(message.text))
        page.on("pageerror", lambda error: self.said.append(str(error)))
        page.on("dialog", lambda dialog: self.said.append(f"dialog {dialog.message}"))
        page.on("request", lambda request: None if request.url.startswith((address, "blob:")) else self._far(request))
        page.on("response", lambda response: self.answers.append(response))
        page.goto(f"{address}{path}")

    def _far(self, request):
        self.foreign.append(request.url)

    def ready(self):
        self.page.wait_for_selector(".choice")
        return self

    def check(self, text):
        self.page.fill("#text", text)
        self.page.click("#check")
        return self.result()

    def result(self):
        self.page.wait_for_selector("#result:not([hidden])")
        self.page.wait_for_selector("#working", state="hidden")
        return self.page.locator("#result")
