// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/fd_table_test.cc - descriptors: core/fs/file.h.

#include <gtest/gtest.h>

#include <map>

#include "core/abi/errno.h"
#include "core/fs/fd_table.h"
#include "core/fs/file.h"
#include "tests/support/harness.h"

namespace {

int released;

void Release(file *)
{
    released++;
}

struct Files {
    Files()
    {
        ops.release = Release;
        released = 0;
        for (file &f : files)
            file_init(&f, &ops, 0, nullptr);
    }
    file *Get(unsigned i)
    {
        file_get(&files[i]);
        return &files[i];
    }
    unsigned Refs(unsigned i) { return files[i].refs.count; }
    file_ops ops = {};
    file files[4];
};

fd_table *Table()
{
    fd_table *table = nullptr;
    EXPECT_EQ(0, fd_table_create(&table));
    return table;
}

int Install(fd_table *table, file *f, unsigned first = 0,
            uint64_t limit = FD_MAX, bool close_on_exec = false)
{
    fd_place place = {first, limit, close_on_exec};
    int fd = fd_install(table, f, &place);

    if (fd < 0)
        file_put(f);
    return fd;
}

TEST(FdTable, LowestFree)
{
    Files files;
    fd_table *table = Table();

    for (int i = 0; i < 300; i++)
        EXPECT_EQ(i, Install(table, files.Get(0)));
    EXPECT_EQ(0, fd_close(table, 70));
    EXPECT_EQ(0, fd_close(table, 5));
    EXPECT_EQ(70, Install(table, files.Get(1), 6));
    EXPECT_EQ(5, Install(table, files.Get(1)));
    EXPECT_EQ(300, Install(table, files.Get(1)));
    EXPECT_EQ(1000, Install(table, files.Get(1), 1000));
    EXPECT_EQ(1001, Install(table, files.Get(1), 1000));
    EXPECT_EQ(301, Install(table, files.Get(1)));
    fd_table_put(table);
    EXPECT_EQ(1u, files.Refs(0));
    EXPECT_EQ(1u, files.Refs(1));
}

TEST(FdTable, Limit)
{
    Files files;
    fd_table *table = Table();

    EXPECT_EQ(0, Install(table, files.Get(0), 0, 2));
    EXPECT_EQ(1, Install(table, files.Get(0), 0, 2));
    EXPECT_EQ(-EMFILE, Install(table, files.Get(0), 0, 2));
    EXPECT_EQ(-EMFILE, Install(table, files.Get(0), 5, 5));
    EXPECT_EQ(FD_MAX - 1, Install(table, files.Get(0), FD_MAX - 1));
    EXPECT_EQ(-EMFILE, Install(table, files.Get(0), FD_MAX - 1, UINT64_MAX));
    fd_table_put(table);
    EXPECT_EQ(1u, files.Refs(0));
}

TEST(FdTable, GetTakesAReference)
{
    Files files;
    fd_table *table = Table();

    EXPECT_EQ(nullptr, fd_get(table, 0));
    EXPECT_EQ(0, Install(table, files.Get(0)));
    file *f = fd_get(table, 0);
    EXPECT_EQ(&files.files[0], f);
    EXPECT_EQ(0, fd_close(table, 0));
    EXPECT_EQ(2u, files.Refs(0));
    file_put(f);
    EXPECT_EQ(nullptr, fd_get(table, 0));
    EXPECT_EQ(nullptr, fd_get(table, -1));
    EXPECT_EQ(nullptr, fd_get(table, INT32_MAX));
    EXPECT_EQ(-EBADF, fd_close(table, 0));
    EXPECT_EQ(-EBADF, fd_close(table, -1));
    fd_table_put(table);
}

TEST(FdTable, Replace)
{
    Files files;
    fd_table *table = Table();

    EXPECT_EQ(400, fd_replace(table, 400, files.Get(0), true));
    EXPECT_EQ(1, fd_closes_on_exec(table, 400));
    EXPECT_EQ(400, fd_replace(table, 400, files.Get(1), false));
    EXPECT_EQ(0, fd_closes_on_exec(table, 400));
    EXPECT_EQ(1u, files.Refs(0));
    EXPECT_EQ(2u, files.Refs(1));
    fd_table_put(table);
}

TEST(FdTable, CloseOnExec)
{
    Files files;
    fd_table *table = Table();

    EXPECT_EQ(-EBADF, fd_closes_on_exec(table, 0));
    EXPECT_EQ(-EBADF, fd_set_close_on_exec(table, 0, true));
    EXPECT_EQ(0, Install(table, files.Get(0)));
    EXPECT_EQ(1, Install(table, files.Get(1), 0, FD_MAX, true));
    EXPECT_EQ(200, Install(table, files.Get(2), 200, FD_MAX, true));
    EXPECT_EQ(0, fd_set_close_on_exec(table, 0, true));
    EXPECT_EQ(0, fd_set_close_on_exec(table, 1, false));
    fd_close_marked(table);
    EXPECT_EQ(1u, files.Refs(0));
    EXPECT_EQ(2u, files.Refs(1));
    EXPECT_EQ(1u, files.Refs(2));
    fd_table_put(table);
}

TEST(FdTable, CloseRange)
{
    Files files;
    fd_table *table = Table();

    for (int i = 0; i < 200; i++)
        EXPECT_EQ(i, Install(table, files.Get(0)));
    fd_close_range(table, 10, 150, false);
    EXPECT_EQ(1u + 59, files.Refs(0));
    fd_close_range(table, 155, UINT32_MAX, true);
    EXPECT_EQ(0, fd_closes_on_exec(table, 154));
    EXPECT_EQ(1, fd_closes_on_exec(table, 155));
    fd_close_range(table, 100000, 200000, false);
    fd_close_range(table, FD_MAX, UINT32_MAX, false);
    fd_table_put(table);
    EXPECT_EQ(1u, files.Refs(0));
}

TEST(FdTable, CopyIsItsOwn)
{
    Files files;
    fd_table *table = Table(), *copy = nullptr;

    EXPECT_EQ(3, Install(table, files.Get(0), 3));
    EXPECT_EQ(600, Install(table, files.Get(1), 600, FD_MAX, true));
    ASSERT_EQ(0, fd_table_copy(table, &copy));
    EXPECT_EQ(3u, files.Refs(0));
    EXPECT_EQ(1, fd_closes_on_exec(copy, 600));
    EXPECT_EQ(0, fd_close(copy, 3));
    EXPECT_EQ(0, fd_closes_on_exec(table, 3));
    EXPECT_EQ(0, Install(copy, files.Get(2)));
    fd_table_put(table);
    fd_table_put(copy);
    EXPECT_EQ(1u, files.Refs(1));
}

TEST(FdTable, Shared)
{
    fd_table *table = Table();

    EXPECT_FALSE(fd_table_is_shared(table));
    fd_table_get(table);
    EXPECT_TRUE(fd_table_is_shared(table));
    fd_table_put(table);
    EXPECT_FALSE(fd_table_is_shared(table));
    fd_table_put(table);
}

TEST(FdTable, TheLastReferenceReleases)
{
    Files files;
    fd_table *table = Table();

    EXPECT_EQ(0, Install(table, &files.files[0]));
    fd_table_put(table);
    EXPECT_EQ(1, released);
}

TEST(FdTable, NoMemory)
{
    Files files;

    harness::sweep_allocations([&] {
        fd_table *table = nullptr, *copy = nullptr;
        int fd, error = fd_table_create(&table);

        if (error != 0)
            return error;
        fd = Install(table, files.Get(0), 3000);
        if (fd >= 0) {
            file *f = files.Get(1);
            fd = fd_replace(table, 900, f, false);
            if (fd < 0)
                file_put(f);
        }
        if (fd >= 0)
            fd = fd_table_copy(table, &copy);
        if (copy != nullptr)
            fd_table_put(copy);
        fd_table_put(table);
        return fd;
    });
    EXPECT_EQ(1u, files.Refs(0));
    EXPECT_EQ(1u, files.Refs(1));
}

TEST(FdTable, Walk)
{
    Files files;
    fd_table *table = Table();
    std::map<int, unsigned> model;
    harness::Random random(3);

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        int fd = static_cast<int>(random.below(300));
        unsigned which = static_cast<unsigned>(random.below(4));
        int want = fd;

        switch (random.below(4)) {
        case 0:
            while (model.count(want) != 0)
                want++;
            ASSERT_EQ(want, Install(table, files.Get(which),
                                    static_cast<unsigned>(fd)));
            model[want] = which;
            break;
        case 1:
            ASSERT_EQ(fd, fd_replace(table, static_cast<unsigned>(fd),
                                     files.Get(which), false));
            model[fd] = which;
            break;
        default:
            ASSERT_EQ(model.erase(fd) != 0 ? 0 : -EBADF, fd_close(table, fd));
            break;
        }
        file *f = fd_get(table, fd);
        ASSERT_EQ(model.count(fd) != 0 ? &files.files[model[fd]] : nullptr, f);
        if (f != nullptr)
            file_put(f);
    }
    fd_table_put(table);
    for (unsigned i = 0; i < 4; i++)
        EXPECT_EQ(1u, files.Refs(i));
}

} // namespace
