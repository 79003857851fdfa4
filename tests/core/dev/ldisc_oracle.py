#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the cases of ldisc_cases.inc on the host's pseudo-terminals.

ldisc_oracle.py [--write] ldisc_cases.inc

Prints each case whose transcript is not the host's, and exits 1 if there is
one; with --write puts the host's in its place. The language of scripts and
transcripts is described in ldisc_cases.inc.
"""
import fcntl
import os
import re
import struct
import sys
import termios
import time

# For the host to take bytes from one side to the other. A busy one needs more:
# a transcript that differs is none before the longest.
PAUSES_S = (0.02, 0.08, 0.3, 1)
ROW = re.compile(r'CASE\("([^"]*)",\s*R"\((.*?)\)",\s*R"\((.*?)\)"\)', re.S)
TOKEN = re.compile(rb"\\x([0-9a-f]{2})|\^(.)|\\(.)|\{([^}]*)\}|(.)", re.S)
FIONREAD = 0x541B
# By attribute: c_iflag, c_oflag, c_lflag; some the module does not know.
FLAGS = (
    (0, "ISTRIP INLCR IGNCR ICRNL IXON IXANY IXOFF PARMRK IMAXBEL",
     {"IUCLC": 0o1000, "IUTF8": 0o40000}),
    (1, "OPOST ONLCR OCRNL ONOCR ONLRET",
     {"OLCUC": 0o2, "XTABS": 0o14000}),
    (3, "ISIG ICANON ECHO ECHOE ECHOK ECHONL NOFLSH IEXTEN",
     {"ECHOCTL": 0o1000, "ECHOPRT": 0o2000, "ECHOKE": 0o4000}),
)


def flag_of(name):
    """(index in the attributes, bits) of a flag's name."""
    for index, known, more in FLAGS:
        if name in known.split():
            return index, getattr(termios, name)
        if name in more:
            return index, more[name]
    raise ValueError(name)


def unescape(data):
    """[bytes or command] of a script."""
    out = []
    for number, control, plain, command, byte in TOKEN.findall(data):
        if command:
            out.append(command.decode())
            continue
        if number:
            byte = bytes([int(number, 16)])
        elif control:
            byte = b"\x7f" if control == b"?" else bytes([control[0] & 0x1f])
        elif plain:
            byte = plain
        if out and isinstance(out[-1], bytes):
            out[-1] += byte
        else:
            out.append(byte)
    return out


def escape(data):
    return "".join(chr(b) if 0x21 <= b < 0x7f and chr(b) not in "\\<>#.)\""
                   else f"\\x{b:02x}" for b in data)


class Terminal:
    def __init__(self, pause):
        self.pause = pause
        self.master, self.slave = os.openpty()
        for fd in (self.master, self.slave):
            os.set_blocking(fd, False)
        self.transcript = []

    def close(self):
        os.close(self.slave)
        os.close(self.master)

    def show_output(self):
        time.sleep(self.pause)
        try:
            self.transcript.append(">" + escape(os.read(self.master, 65536)))
        except BlockingIOError:
            pass

    def read(self, size):
        """Shows a read; returns whether there may be more."""
        try:
            data = os.read(self.slave, size)
            self.transcript.append("<" + escape(data))
            return True
        except BlockingIOError:
            self.transcript.append(".")
            return False

    def set(self, words):
        attributes = termios.tcgetattr(self.slave)
        for word in words.split():
            if "=" in word:
                name, value = word.split("=")
                value = (ord(value[1]) & 0x1f if value[0] == "^"
                         else int(value))
                attributes[6][getattr(termios, name)] = bytes([value])
                continue
            index, bits = flag_of(word[1:])
            if word[0] == "+":
                attributes[index] |= bits
            else:
                attributes[index] &= ~bits
        termios.tcsetattr(self.slave, termios.TCSANOW, attributes)

    def count(self):
        word = fcntl.ioctl(self.slave, FIONREAD, b"\0" * 4)
        self.transcript.append(f"#{struct.unpack('i', word)[0]}")

    def command(self, text):
        what, rest = text[0], text[2:] if text[1:2] == " " else text[1:]
        if what == "R":
            self.read(int(rest or 4096))
        elif what == "S":
            self.set(rest)
        elif what == "W":
            for part in unescape(rest.encode()):
                os.write(self.slave, part)
        elif what == "F":
            termios.tcflush(self.slave, int(rest))
        elif what == "T":
            termios.tcflow(self.slave, int(rest))
        elif what == "Q":
            self.count()
        self.show_output()


def run(script, pause):
    terminal = Terminal(pause)
    for part in unescape(script.encode("latin-1")):
        if isinstance(part, bytes):
            os.write(terminal.master, part)
            terminal.show_output()
        else:
            terminal.command(part)
    for _ in range(4):
        if not terminal.read(4096):
            break
    terminal.close()
    return " ".join(terminal.transcript)


def main(words):
    write = "--write" in words
    path = [w for w in words if not w.startswith("--")][0]
    with open(path, encoding="latin-1") as f:
        text = f.read()
    wrong = 0

    def check(match):
        nonlocal wrong
        name, script, wanted = match.groups()
        for pause in PAUSES_S:
            got = run(script, pause)
            if " ".join(wanted.split()) == got:
                return match.group(0)
        wrong += 1
        if not write:
            print(f"{name}: {script}\n  expected {wanted}\n  host     {got}")
        return f'CASE("{name}",\n     R"({script})",\n     R"({got})")'

    text = ROW.sub(check, text)
    if write:
        with open(path, "w", encoding="latin-1") as f:
            f.write(text)
    else:
        print(f"{wrong} differ")
    return wrong > 0 and not write


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
