// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/file_fixture.h - files used without user memory.
#ifndef TESTS_CORE_FS_FILE_FIXTURE_H
#define TESTS_CORE_FS_FILE_FIXTURE_H

#include <string>

#include <gtest/gtest.h>

#include "core/abi/errno.h"
#include "core/abi/fcntl.h"
#include "core/abi/poll.h"
#include "core/abi/uio.h"
#include "core/fs/file.h"
#include "core/id/cred.h"
#include "core/vm/uaccess.h"
#include "tests/support/harness.h"

namespace files {

inline user_cursor Cursor(const void *at, size_t size, unsigned flags = 0)
{
    user_cursor cursor = {};

    cursor.kernel = const_cast<char *>(static_cast<const char *>(at));
    cursor.left = size;
    cursor.flags = flags;
    return cursor;
}

// Without waiting: bytes or -errno.
inline ssize_t Write(file *f, const std::string &bytes)
{
    user_cursor from = Cursor(bytes.data(), bytes.size(), LX_RWF_NOWAIT);

    return file_write(f, &from, nullptr);
}

inline ssize_t Read(file *f, void *to, size_t size)
{
    user_cursor cursor = Cursor(to, size, LX_RWF_NOWAIT);

    return file_read(f, &cursor, nullptr);
}

// What a read of at most size bytes gives; "!" and the error for one.
inline std::string Get(file *f, size_t size)
{
    std::string bytes(size, '\0');
    ssize_t got = Read(f, bytes.data(), size);

    if (got < 0)
        return "!" + std::to_string(-got);
    bytes.resize(static_cast<size_t>(got));
    return bytes;
}

// Root's credentials, or those of somebody without privileges.
class Identity {
public:
    explicit Identity(bool is_poor = false)
    {
        struct cred *root = nullptr;

        EXPECT_EQ(0, cred_create_root(&root));
        if (!is_poor) {
            cred_ = root;
            return;
        }
        EXPECT_EQ(0, cred_copy(root, &cred_));
        cred_put(root);
        EXPECT_EQ(0, cred_set_uids(cred_, 1000, 1000, 1000));
    }
    ~Identity() { cred_put(cred_); }
    struct cred *cred() { return cred_; }
    struct user *user() { return cred_->user; }

private:
    struct cred *cred_ = nullptr;
};

} // namespace files

#endif // TESTS_CORE_FS_FILE_FIXTURE_H
