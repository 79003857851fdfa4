// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/vfs_sweeps.h - calls of a file system when memory fails.
#ifndef TESTS_CORE_FS_VFS_SWEEPS_H
#define TESTS_CORE_FS_VFS_SWEEPS_H

#include <gtest/gtest.h>

#include <functional>

#include "core/abi/errno.h"
#include "core/fs/dentry.h"
#include "core/sync/rcu.h"
#include "tests/support/harness.h"

class VfsSweeps {
public:
    // harness::sweep_allocations() of what keeps nothing but names in the
    // cache.
    static void Sweep(const std::function<int()> &call)
    {
        (void)Settle(0);
        harness::sweep_allocations([call] { return Settle(call()); });
    }
    // The same for what has to be undone: an allocation fails once, so the
    // second try works.
    static void Sweep(const std::function<int()> &call,
                      const std::function<int()> &undo)
    {
        Sweep([call, undo] {
            int error = call();
            if (error == 0 && undo() != 0) {
                EXPECT_EQ(0, undo());
                error = -ENOMEM;
            }
            return error;
        });
    }
    static int Settle(int error)
    {
        while (dentry_shrink(nullptr) > 0)
            ;
        rcu_barrier();
        return error;
    }
};

#endif // TESTS_CORE_FS_VFS_SWEEPS_H
