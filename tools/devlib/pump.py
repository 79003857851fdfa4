# SPDX-License-Identifier: Apache-2.0
"""Moves bytes between the machine's ports and our own streams."""
import os
import re

CHUNK = 65536
DLE, EOT = b"\x10", b"\x04"
MARKER = re.compile(rb"^cyphera: exit status (\d+)\r?$")
READY = re.compile(rb"^cyphera: console ready\r?$")
READY_SECONDS = 3.0
FOLLOW_SECONDS = 0.01


def write_all(fd, data):
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]


def pump(source, target, process=None, found=None):
    """Copies source to target until its end. When nobody reads target any
    more, process ends: what it would write has no place."""
    while True:
        data = os.read(source, CHUNK)
        if not data:
            return
        try:
            write_all(target, data)
        except BrokenPipeError:
            if process:
                found["broken"] = True
                process.kill()
            return


def follow_file(path, target, process, ended, found):
    """Copies what process writes to a file, as it grows, to target, until
    ended is set. When nobody reads target any more, process ends. A file that
    never comes is empty."""
    source = None
    while True:
        is_last = ended.is_set()
        if source is None and os.path.exists(path):
            source = os.open(path, os.O_RDONLY)
        data = os.read(source, CHUNK) if source is not None else b""
        if not data:
            if is_last:
                break
            ended.wait(FOLLOW_SECONDS)
            continue
        try:
            write_all(target, data)
        except BrokenPipeError:
            found["broken"] = True
            process.kill()
            break
    if source is not None:
        os.close(source)


def escape_input(source, target, ready):
    """Copies source to the file target as framed input: DLE DLE is one DLE,
    DLE EOT the end of file. Not before the guest says that it is ready: a
    16550 drops what it holds when its FIFO is turned on."""
    ready.wait(READY_SECONDS)
    try:
        while True:
            data = os.read(source, CHUNK)
            if not data:
                break
            target.write(data.replace(DLE, DLE + DLE))
            target.flush()
        target.write(DLE + EOT)
        target.flush()
    except (BrokenPipeError, OSError):
        pass  # the machine has ended


def follow_log(source, log, found):
    """Copies the kernel log, line by line, to the file log; takes the line
    that tells the exit status, and the one that the console is ready, out."""
    rest = b""
    while True:
        data = os.read(source, CHUNK)
        lines = (rest + data).split(b"\n")
        rest = lines.pop()
        if not data and rest:
            lines, rest = [rest], b""
        for line in lines:
            marker = MARKER.match(line)
            if marker:
                found["status"] = int(marker[1])
            elif READY.match(line):
                found["ready"].set()
            else:
                log.write(line.rstrip(b"\r") + b"\n")
                log.flush()
        if not data:
            return
