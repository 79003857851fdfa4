#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""tools/dev run and boot behave as the program they start: status, stdin,
stdout; and nothing stays behind.

front_door.py run|boot BUILD_TREE [OPTION...]
"""
import os
import random
import subprocess
import sys

sys.dont_write_bytecode = True
ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
LIMIT_S = 300
HELLO = b"hello, world\n"


def dev(verb, options, init, stdin=b""):
    line = [os.path.join(ROOT, "tools", "dev"), verb, *options, "--", *init]
    return subprocess.run(line, input=stdin, capture_output=True,
                          timeout=LIMIT_S, check=False)


def main():
    verb, tree, options = sys.argv[1], sys.argv[2], sys.argv[3:]
    # The trees of the presets lie side by side.
    os.environ["CYPHERA_BUILD_ROOT"] = os.path.dirname(os.path.abspath(tree))
    data = random.Random(4).randbytes(1 << 20)
    bad = 0
    for init, stdin, status, out in (
            (["/hello"], b"", 0, HELLO), (["/hello", "7"], b"", 7, HELLO),
            (["/hello", "255"], b"", 255, HELLO), (["/cat"], data, 0, data),
            (["/cat"], b"", 0, b""), (["/none"], b"", 127, b""),
            (["/tmp"], b"", 126, b"")):
        result = dev(verb, options, init, stdin)
        if (result.returncode, result.stdout) != (status, out):
            bad += 1
            print(f"{' '.join(init)}: status {result.returncode}, not "
                  f"{status}; {len(result.stdout)} bytes of {len(out)}; "
                  f"stderr {result.stderr[-2000:].decode()}")
    print(f"{bad} differ")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
