# SPDX-License-Identifier: Apache-2.0
"""The hosted kernel as its user meets it: a process with a small root."""
import atexit
import os
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.environ["CYPHERA_ROOT"], "tools"))
from devlib.cpio import Archive  # noqa: E402

BUILD = os.environ["CYPHERA_BUILD"]
KERNEL = os.path.join(BUILD, "cyphera")
SECONDS = 60


def root_image():
    """The path of an initrd with /hello and /cat; gone when we exit."""
    archive = Archive()
    for name in ("hello", "cat"):
        with open(os.path.join(BUILD, "guest", name + "-musl"), "rb") as f:
            archive.file(name, f.read(), 0o755)
    with tempfile.NamedTemporaryFile(delete=False) as f:
        f.write(archive.close())
    atexit.register(os.unlink, f.name)
    return f.name


def run(*args, **options):
    """(status, stdout, stderr) of the kernel with these arguments."""
    options.setdefault("input", b"")
    done = subprocess.run([KERNEL, *args], capture_output=True, check=False,
                          timeout=SECONDS, **options)
    return done.returncode, done.stdout, done.stderr.decode()
