# SPDX-License-Identifier: Apache-2.0
"""Writes newc cpio archives (cpio(5)), the same bytes for the same input.

Needs no root: owners are 0, times are 0, and device nodes are plain entries.
"""
import stat


class Archive:
    """Entries in the order they were added; close() gives the bytes."""

    def __init__(self):
        self.parts = []
        self.size = 0
        self.inode = 0
        self.names = set()

    def add(self, name, mode, data=b"", links=1, device=(0, 0)):
        """One member; name is relative, as the kernel expects."""
        name = name.strip("/")
        if name in self.names:
            raise ValueError(f"{name}: added twice")
        self.names.add(name)
        self.inode += 1
        self._member(name, self.inode, mode, links, data, device)

    def directory(self, name, mode=0o755):
        self.add(name, stat.S_IFDIR | mode, links=2)

    def file(self, name, data, mode=0o644):
        self.add(name, stat.S_IFREG | mode, data)

    def twins(self, names, data, mode=0o644):
        """One file with several names; the last member carries the data."""
        self.inode += 1
        for name in names:
            self.names.add(name)
            self._member(name, self.inode, stat.S_IFREG | mode, len(names),
                         data if name == names[-1] else b"", (0, 0))

    def link(self, name, target):
        self.add(name, stat.S_IFLNK | 0o777, target.encode())

    def character_device(self, name, major, minor, mode=0o666):
        self.add(name, stat.S_IFCHR | mode, device=(major, minor))

    def close(self):
        """Ends the archive; its length is a multiple of 512."""
        self._member("TRAILER!!!", 0, 0, 1, b"", (0, 0))
        self._push(b"\0" * (-self.size % 512))
        return b"".join(self.parts)

    def _push(self, data):
        self.parts.append(data)
        self.size += len(data)

    def _member(self, name, inode, mode, links, data, device):
        encoded = name.encode() + b"\0"
        fields = (inode, mode, 0, 0, links, 0, len(data), 0, 0, *device,
                  len(encoded), 0)
        header = b"070701" + b"".join(b"%08X" % n for n in fields) + encoded
        self._push(header)
        self._push(b"\0" * (-self.size % 4))
        self._push(data)
        self._push(b"\0" * (-self.size % 4))


def argv_archive(argv):
    """The archive that carries init's arguments: its one member holds them as
    NUL-terminated strings, the first the path of init."""
    archive = Archive()
    data = b"".join(word.encode("utf-8", "surrogateescape") + b"\0"
                    for word in argv)
    archive.file("cyphera.argv", data)
    return archive.close()
