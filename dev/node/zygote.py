"""The process from which all containers are forked.

It is small and single-threaded, so a fork costs a millisecond, where a new interpreter would
cost twenty. The node sends it the path of a spec and a pipe for the output; it answers through a
second pipe, one JSON line each for the start and the end of the container's first process.

Whoever dies takes its children along: containers with their shim, shims with the zygote, the
zygote with the node. So nothing is left of a node that is killed.
"""

import json
import os
import signal
import socket
import sys
from typing import Any

from dev.node import sandbox, syscalls

Spec = dict[str, Any]

_MESSAGE_LIMIT = 4096
START_FAILED = 128  # what a container runtime reports for a process that could not be started


def main(descriptor: int) -> None:
    """Fork a shim for each message until the node closes the socket."""
    syscalls.die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # shims report for themselves
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    with socket.socket(fileno=descriptor) as requests:
        while True:
            message, descriptors, _, _ = socket.recv_fds(requests, _MESSAGE_LIMIT, 2)
            if not message:
                return
            if os.fork() == 0:
                requests.detach()
                _shim(message.decode(), *descriptors)
            for each in descriptors:
                os.close(each)


def _shim(path: str, output: int, reports: int) -> None:
    """Start one container, wait for its end and report both; never returns."""
    syscalls.die_with_parent()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        with open(path) as file:  # noqa: PTH123
            spec: Spec = json.load(file)
        _report(reports, _run(spec, output, reports))
    except Exception as error:
        _report(reports, {"error": str(error)})
    finally:
        os._exit(0)


def _report(reports: int, what: Spec) -> None:
    os.write(reports, json.dumps(what).encode() + b"\n")


def _run(spec: Spec, output: int, reports: int) -> Spec:
    contained = spec["isolation"] != "none"
    if spec["join"]:
        _join(spec["join"], user_namespace=spec["isolation"] == "user")
    elif contained:
        _isolate(user_namespace=spec["isolation"] == "user")
    if not contained:
        syscalls.adopt_orphans()
    trouble, told = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(trouble)
        _become_container(spec, output, told)
    os.close(told)
    os.close(output)
    with os.fdopen(trouble) as pipe:
        problem = pipe.read()  # ends at exec, which closes the other side
    if not problem:
        _report(reports, {"pid": child})
    _, status = os.waitpid(child, 0)
    if not contained:
        _end_orphans()
    if problem:
        return {"error": problem}
    if os.WIFSIGNALED(status):
        return {"exit": START_FAILED + os.WTERMSIG(status), "signal": os.WTERMSIG(status)}
    return {"exit": os.WEXITSTATUS(status), "signal": 0}


def _end_orphans() -> None:
    """Kill what a container has left behind where no PID namespace does that."""
    children = f"/proc/self/task/{os.getpid()}/children"
    while True:
        with open(children) as file:  # noqa: PTH123
            orphans = [int(pid) for pid in file.read().split()]
        if not orphans:
            return
        for pid in orphans:
            os.kill(pid, signal.SIGKILL)
        for pid in orphans:
            os.waitpid(pid, 0)


def _isolate(*, user_namespace: bool) -> None:
    user, group = os.getuid(), os.getgid()
    kinds = syscalls.CLONE_NEWNS | syscalls.CLONE_NEWPID | syscalls.CLONE_NEWUTS
    syscalls.unshare(kinds | (syscalls.CLONE_NEWUSER if user_namespace else 0))
    if user_namespace:
        for name, text in (
            ("setgroups", "deny"),
            ("uid_map", f"0 {user} 1"),
            ("gid_map", f"0 {group} 1"),
        ):
            with open(f"/proc/self/{name}", "w") as file:  # noqa: PTH123
                file.write(text)


def _join(pid: int, *, user_namespace: bool) -> None:
    """Enter a running container's namespaces and root, for a command of a probe or a hook."""
    root = os.open(f"/proc/{pid}/root", os.O_RDONLY | os.O_DIRECTORY)
    kinds = [("user", syscalls.CLONE_NEWUSER)] if user_namespace else []
    kinds += [("pid", syscalls.CLONE_NEWPID), ("uts", syscalls.CLONE_NEWUTS)]
    kinds += [("mnt", syscalls.CLONE_NEWNS)]
    # All are opened before any is entered: from inside, /proc is another.
    opened = [(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), kind) for name, kind in kinds]
    for descriptor, kind in opened:
        syscalls.setns(descriptor, kind)
        os.close(descriptor)
    os.fchdir(root)
    os.chroot(".")
    os.close(root)


def _become_container(spec: Spec, output: int, told: int) -> None:
    """Set the container up and execute its command; never returns."""
    try:
        syscalls.die_with_parent()
        os.setsid()
        for number in (signal.SIGINT, signal.SIGCHLD, signal.SIGPIPE):
            signal.signal(number, signal.SIG_DFL)
        nothing = os.open("/dev/null", os.O_RDONLY)
        for source, target in ((nothing, 0), (output, 1), (output, 2)):
            os.dup2(source, target)
        if spec["isolation"] != "none" and not spec["join"]:
            sandbox.enter(spec)
            if spec["hostname"]:
                socket.sethostname(spec["hostname"])
        os.umask(0o022)
        environment: dict[str, str] = spec["environment"]
        os.chdir(spec["workingDir"] or "/")
        if spec["isolation"] == "root":
            sandbox.become(spec)
            # Changing the user has cleared what ties this process to its parent.
            syscalls.die_with_parent()
        command: list[str] = spec["command"]
        program = sandbox.find_program(command[0], environment)
        os.set_inheritable(told, False)  # noqa: FBT003
        os.closerange(3, told)
        os.execve(program, command, environment)
    except Exception as error:
        os.write(told, str(error).encode())
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(int(sys.argv[1]))
