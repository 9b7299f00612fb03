"""The HTTP API as its caller sees it: what is typed, and the answer; `demo` shows it."""

import json
import os
import shutil
import subprocess
from typing import Any
from urllib import request
from urllib.error import URLError

from dev.cluster.failure import ClusterError

JSONObject = dict[str, Any]


class Caller:
    """A caller of the API, with a token once it has one."""

    def __init__(self, server: str) -> None:
        self.server = server
        self.token = ""

    def ready(self) -> bool:
        """Tell whether the API takes requests."""
        try:
            self._call("GET", "/readyz")
        except (URLError, OSError):
            return False
        return True

    def ask(self, path: str) -> JSONObject:
        """Give the answer to a GET."""
        answer: JSONObject = json.loads(self._call("GET", path))
        return answer

    def show(self, method: str, path: str, only: tuple[str, ...] = ()) -> JSONObject:
        """Call it, print the command and the answer, or the named parts of it, and give it."""
        verb = "" if method == "GET" else f" -X {method}"
        command = f'curl -sS{verb} -H "Authorization: Bearer $TOKEN" {self.server}{path}'
        print(f"$ {command}")
        # Not every machine has curl: the same is then asked from here.
        text = self._curl(command) if shutil.which("curl") else self._call(method, path)
        answer: JSONObject = json.loads(text)
        shown = {name: answer[name] for name in only} if only else answer
        print(json.dumps(shown, indent=2), flush=True)
        return answer

    def _curl(self, command: str) -> str:
        environment = {**os.environ, "TOKEN": self.token, "NO_PROXY": "*"}
        done = subprocess.run(
            ["sh", "-c", command], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise ClusterError(f"{command}: {done.stderr.strip()}")
        return done.stdout

    def _call(self, method: str, path: str) -> str:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        asked = request.Request(self.server + path, method=method, headers=headers)
        opener = request.build_opener(request.ProxyHandler({}))  # no proxy reaches loopback
        with opener.open(asked, timeout=10) as response:
            text: str = response.read().decode()
            return text
