// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/vfs.h - a file system of the test's own, and who asks.
#ifndef TESTS_CORE_FS_VFS_H
#define TESTS_CORE_FS_VFS_H

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/fs/names.h"
#include "core/fs/open.h"
#include "core/fs/path.h"
#include "core/fs/root.h"
#include "core/id/cred.h"
#include "core/sync/rcu.h"
#include "core/vm/uaccess.h"
#include "tests/core/fs/vfs_list.h"
#include "tests/core/fs/vfs_sweeps.h"
#include "tests/support/harness.h"

// An empty root; all that is left of it goes at the end.
class Vfs : public VfsSweeps {
public:
    Vfs()
    {
        EXPECT_EQ(0, root_create(&ns, &context));
        EXPECT_EQ(0, cred_create_root(&root));
        context_set_umask(context, 0);
        ask.cred = root;
        ask.context = context;
    }
    ~Vfs()
    {
        context_put(context);
        mount_ns_put(ns);
        cred_put(root);
        rcu_barrier();
    }
    Vfs(const Vfs &) = delete;
    Vfs &operator=(const Vfs &) = delete;

    int Make(const std::string &path, uint32_t mode,
             const char *target = nullptr)
    {
        return name_create(&ask, path.c_str(), mode, 0, target);
    }
    int Dir(const std::string &path, uint32_t mode = 0755)
    {
        return Make(path, LX_S_IFDIR | mode);
    }
    int Link(const std::string &target, const std::string &path)
    {
        return Make(path, LX_S_IFLNK | 0777, target.c_str());
    }
    int Open(const std::string &path, unsigned flags, uint32_t mode, file **out)
    {
        open_how how = {flags, mode};
        return open_path(&ask, path.c_str(), &how, out);
    }
    // Makes or overwrites a file.
    void Write(const std::string &path, const std::string &data,
               uint32_t mode = 0644)
    {
        file *f;
        ASSERT_EQ(0,
                  Open(path, LX_O_CREAT | LX_O_TRUNC | LX_O_WRONLY, mode, &f));
        EXPECT_EQ(static_cast<ssize_t>(data.size()), Put(f, data));
        file_put(f);
    }
    static ssize_t Put(file *f, const std::string &data,
                       uint64_t *position = nullptr)
    {
        user_cursor from = {};
        from.kernel = const_cast<char *>(data.data());
        from.left = data.size();
        return file_write(f, &from, position);
    }
    static std::string Get(file *f, size_t size, uint64_t *position = nullptr)
    {
        std::string data(size, '\0');
        user_cursor to = {};
        to.kernel = &data[0];
        to.left = size;
        ssize_t got = file_read(f, &to, position);
        if (got < 0)
            return "error " + std::to_string(-got);
        data.resize(static_cast<size_t>(got));
        return data;
    }
    std::string Read(const std::string &path)
    {
        file *f;
        int error = Open(path, LX_O_RDONLY, 0, &f);
        if (error != 0)
            return "error " + std::to_string(-error);
        std::string data = Get(f, 1 << 16);
        file_put(f);
        return data;
    }
    int Find(const std::string &path, unsigned flags = PATH_FOLLOW)
    {
        path_ask whole = ask;
        ::path found;
        whole.flags |= flags;
        int error = path_find(&whole, path.c_str(), &found);
        if (error == 0)
            path_put(&found);
        return error;
    }
    int Stat(const std::string &path, lx_stat *out,
             unsigned flags = PATH_FOLLOW)
    {
        path_ask whole = ask;
        whole.flags |= flags;
        return path_stat(&whole, path.c_str(), out);
    }
    uint64_t Number(const std::string &path, unsigned flags = PATH_FOLLOW)
    {
        lx_stat stat = {};
        return Stat(path, &stat, flags) == 0 ? stat.st_ino : 0;
    }
    std::string Text(const std::string &path)
    {
        ::path found, top;
        char buffer[LX_PATH_MAX];
        const char *text = "";
        path_ask whole = ask;
        if (path_find(&whole, path.c_str(), &found) != 0)
            return "none";
        context_root(context, &top);
        EXPECT_LE(0, path_text(&found, &top, buffer, sizeof(buffer), &text));
        path_put(&found);
        path_put(&top);
        return text;
    }
    int Unlink(const std::string &path)
    {
        return name_unlink(&ask, path.c_str());
    }
    int Rmdir(const std::string &path)
    {
        return name_rmdir(&ask, path.c_str());
    }
    int Rename(const std::string &from, const std::string &to,
               unsigned flags = 0)
    {
        return name_rename(&ask, from.c_str(), &ask, to.c_str(), flags);
    }
    int HardLink(const std::string &from, const std::string &to)
    {
        ::path found;
        int error = path_find(&ask, from.c_str(), &found);
        if (error != 0)
            return error;
        error = name_link(&found, &ask, to.c_str());
        path_put(&found);
        return error;
    }
    // The names of a directory, in its order, without "." and "..".
    std::vector<std::string> List(const std::string &path);

    mount_ns *ns = nullptr;
    fs_context *context = nullptr;
    cred *root = nullptr;
    path_ask ask = {};
};

inline std::vector<std::string> Vfs::List(const std::string &path)
{
    ListSink list = {{AddName}, {}, 0};
    file *f;
    EXPECT_EQ(0, Open(path, LX_O_RDONLY | LX_O_DIRECTORY, 0, &f));
    size_t before;
    do { // two at a time
        before = list.names.size();
        list.room = 2;
        mutex_lock(&f->position_lock);
        EXPECT_EQ(0, f->ops->list(f, &list.sink));
        mutex_unlock(&f->position_lock);
    } while (list.names.size() > before);
    file_put(f);
    list.names.erase(list.names.begin(), list.names.begin() + 2);
    return list.names;
}

#endif // TESTS_CORE_FS_VFS_H
