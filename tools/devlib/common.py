# SPDX-License-Identifier: Apache-2.0
"""Paths, messages and running a step."""
import os
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
BUILD = os.environ.get("CYPHERA_BUILD_ROOT", os.path.join(ROOT, "build"))

EXIT_USAGE = 125   # as the kernel binary: usage, or a host resource refused
EXIT_NO_STATUS = 120  # the machine ended without telling a status


class Failure(Exception):
    """What went wrong, as "what: why"; status is the exit status."""

    def __init__(self, message, status=1):
        super().__init__(message)
        self.status = status


def say(text):
    """A line of progress; stdout belongs to the guest."""
    print(text, file=sys.stderr, flush=True)


def path_of(name):
    """A file of the repository."""
    return os.path.join(ROOT, name)


def setup(use):
    """Installs what a use needs; quick when nothing is missing."""
    if subprocess.run([path_of("tools/setup"), use], check=False).returncode:
        raise Failure(f"setup: packages for '{use}' are missing")


def run_step(what, command, verbose=False, cwd=ROOT):
    """Runs a command quietly; shows its output when it fails."""
    if verbose:
        result = subprocess.run(command, cwd=cwd, check=False,
                                stdin=subprocess.DEVNULL, stdout=sys.stderr)
    else:
        result = subprocess.run(command, cwd=cwd, check=False,
                                stdin=subprocess.DEVNULL, text=True,
                                errors="replace", stdout=subprocess.PIPE,
                                stderr=subprocess.STDOUT)
    if result.returncode:
        if not verbose:
            sys.stderr.write("\n".join(result.stdout.splitlines()[-60:]) + "\n")
        raise Failure(f"{what}: failed: {' '.join(command)}")
