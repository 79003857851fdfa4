# SPDX-License-Identifier: Apache-2.0
"""Makes a GRUB image that boots a kernel by multiboot2."""
import os
import shutil

from devlib.common import run_step

CONFIG = """set timeout=0
menuentry cyphera {{
    multiboot2 /boot/cyphera.elf {words}
    module2 /boot/initrd
    boot
}}
"""


def quote(word):
    """One word of GRUB's shell, taken literally."""
    return "'" + word.replace("'", "'\\''") + "'"


def make_iso(directory, kernel, initrd, command_line):
    """An iso in directory; returns its path."""
    boot = os.path.join(directory, "iso", "boot")
    os.makedirs(os.path.join(boot, "grub"))
    shutil.copy(kernel, os.path.join(boot, "cyphera.elf"))
    shutil.copy(initrd, os.path.join(boot, "initrd"))
    words = " ".join(quote(word) for word in command_line.split())
    with open(os.path.join(boot, "grub", "grub.cfg"), "w",
              encoding="utf-8") as f:
        f.write(CONFIG.format(words=words))
    image = os.path.join(directory, "cyphera.iso")
    # Only the BIOS loader: smaller, and what QEMU's SeaBIOS starts.
    run_step("iso", ["grub-mkrescue", "-d", "/usr/lib/grub/i386-pc", "-o",
                     image, os.path.join(directory, "iso")])
    return image
