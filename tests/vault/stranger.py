"""Run a coroutine function as another user of this machine, in a process that gives up root once all is imported."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
CHILD = """
import asyncio, importlib, json, os, sys
import concurrent.futures.thread, dbus_fast.aio, pam
module, name, uid, arguments = sys.argv[1:]
task = getattr(importlib.import_module(module), name)
sys.stdin.readline()
os.setgroups([]); os.setgid(int(uid)); os.setuid(int(uid))
print(json.dumps(asyncio.run(task(*json.loads(arguments)))))
"""
NOBODY = 65534


def as_user(uid: int, module: str, name: str, *arguments: str) -> Any:
    """Return what `module.name(*arguments)` returns to a user without any other rights."""
    return answer(begin(uid, module, name, *arguments))


def begin(uid: int, module: str, name: str, *arguments: str) -> "subprocess.Popen[str]":
    """Start the process of `as_user`; it does nothing before its `answer` is asked for."""
    command = [sys.executable, "-c", CHILD, module, name, str(uid), json.dumps(arguments)]
    path = os.pathsep.join((str(ROOT / "tests"), str(ROOT / "src")))
    pipe = subprocess.PIPE
    environment = dict(os.environ, PYTHONPATH=path)
    return subprocess.Popen(command, env=environment, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def answer(child: "subprocess.Popen[str]") -> Any:
    """Let it go on, and return what it says; what it still does after a while is ended."""
    with child:
        try:
            said, complaint = child.communicate("go\n", timeout=60)
        finally:
            child.kill()
    assert child.returncode == 0, complaint
    return json.loads(said)
