// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/vfs_list.h - listing directories of a Vfs; for vfs.h.
#ifndef TESTS_CORE_FS_VFS_LIST_H
#define TESTS_CORE_FS_VFS_LIST_H

#include <string>
#include <vector>

#include "core/fs/dir.h"

struct ListSink {
    dir_sink sink;
    std::vector<std::string> names;
    size_t room;
};

inline bool AddName(dir_sink *sink, const name *name, uint64_t, uint32_t,
                    uint64_t)
{
    ListSink *self = reinterpret_cast<ListSink *>(sink);
    if (self->room == 0)
        return false;
    self->room--;
    self->names.emplace_back(name->text, name->size);
    return true;
}

#endif // TESTS_CORE_FS_VFS_LIST_H
