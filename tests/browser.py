"""A real Chromium, driven over its debugging pipe; tests that need one skip where there is none."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# It reads commands from descriptor 3 and answers on 4, whatever numbers the pipes have here.
_AS_THREE_AND_FOUR = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(end), fcntl.F_DUPFD, 10) for end in sys.argv[1:3]]
for number, end in zip((3, 4), ends):
    os.dup2(end, number)
os.execv(sys.argv[3], sys.argv[3:])
"""
_LONGEST = 60
_TROUBLE = ("Runtime.exceptionThrown", "Log.entryAdded", "Runtime.consoleAPICalled")


class Browser:
    """One tab. `trouble` is whatever the page wrote to its console, refused to load or threw."""

    def __init__(self, profile: Path) -> None:
        theirs, self._out = os.pipe()
        self._in, answers = os.pipe()
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
        flags += ["--remote-debugging-pipe"]
        command = [str(CHROMIUM), *flags, f"--user-data-dir={profile}", "about:blank"]
        self._process = subprocess.Popen(  # noqa: S603  (the browser of this machine)
            [sys.executable, "-c", _AS_THREE_AND_FOUR, str(theirs), str(answers), *command],
            pass_fds=(theirs, answers),
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs)
        os.close(answers)
        self._buffer, self._count, self._session = b"", 0, ""
        self.trouble: list[dict[str, Any]] = []
        try:
            self._attach()
        except OSError:
            self._process.kill()
            self._end()
            raise

    def _attach(self) -> None:
        targets = self._call("Target.getTargets")["targetInfos"]
        page = next(target["targetId"] for target in targets if target["type"] == "page")
        self._session = self._call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for room in ("Page", "Runtime", "Log"):
            self._call(f"{room}.enable")

    def open(self, path: Path) -> None:
        """Load a file, and wait until it is there."""
        self._call("Page.navigate", url=path.resolve().as_uri())
        loaded = 'addEventListener("load", () => r(1))'
        ready = f'new Promise(r => document.readyState === "complete" ? r(1) : {loaded})'
        self.run(ready)

    def run(self, code: str) -> Any:
        """Return what a line of script gives."""
        found = self._call("Runtime.evaluate", expression=code, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def close(self) -> None:
        """End it."""
        self._session = ""
        self._call("Browser.close")
        self._end()

    def _end(self) -> None:
        self._process.wait(20)
        os.close(self._in)
        os.close(self._out)

    def _call(self, method: str, **params: Any) -> Any:
        self._count += 1
        told = {"id": self._count, "method": method, "params": params}
        told |= {"sessionId": self._session} if self._session else {}
        os.write(self._out, json.dumps(told).encode() + b"\0")
        while True:
            answer = self._next()
            if answer.get("id") == told["id"]:
                assert "error" not in answer, answer
                return answer["result"]
            if answer.get("method") in _TROUBLE:
                self.trouble.append(answer)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._buffer:
            if not select.select([self._in], [], [], _LONGEST)[0]:
                raise OSError(f"the browser said nothing for {_LONGEST} seconds")
            read = os.read(self._in, 1 << 16)
            if not read:
                raise OSError("the browser has gone")
            self._buffer += read
        line, self._buffer = self._buffer.split(b"\0", 1)
        answer: dict[str, Any] = json.loads(line)
        return answer
