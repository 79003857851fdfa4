// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/dentry_test.cc - the path cache: core/fs/dentry.h.

#include "tests/core/fs/vfs.h"

namespace {

size_t Count(Vfs &vfs)
{
    (void)vfs;
    return dentry_count();
}

TEST(DentryTest, AHitNeedsNoFileSystemAndAMissLeavesANegativeOne)
{
    Vfs vfs;
    ASSERT_EQ(0, vfs.Dir("d"));
    size_t before = Count(vfs);
    EXPECT_EQ(-ENOENT, vfs.Find("d/none"));
    EXPECT_EQ(before + 1, Count(vfs));
    EXPECT_EQ(-ENOENT, vfs.Find("d/none"));
    EXPECT_EQ(before + 1, Count(vfs));
    vfs.Write("d/none", "now"); // the negative one becomes positive
    EXPECT_EQ(before + 1, Count(vfs));
    EXPECT_EQ("now", vfs.Read("d/none"));
}

TEST(DentryTest, WhatIsGoneLeavesTheCache)
{
    Vfs vfs;
    vfs.Write("f", "x");
    size_t before = Count(vfs);
    EXPECT_EQ(0, vfs.Unlink("f"));
    EXPECT_EQ(before - 1, Count(vfs));
    EXPECT_EQ(-ENOENT, vfs.Find("f"));
}

TEST(DentryTest, ShrinkingLosesNothing)
{
    Vfs vfs;
    ASSERT_EQ(0, vfs.Dir("a"));
    ASSERT_EQ(0, vfs.Dir("a/b"));
    vfs.Write("a/b/c", "deep");
    EXPECT_LT(0u, dentry_shrink(nullptr));
    while (dentry_shrink(nullptr) > 0)
        ;
    EXPECT_EQ(0u, dentry_count());
    EXPECT_EQ("deep", vfs.Read("a/b/c"));
    EXPECT_EQ(3u, dentry_count());
}

TEST(DentryTest, ThereAreNeverMoreThanTheBound)
{
    Vfs vfs;
    for (int i = 0; i < 12000; i++)
        EXPECT_EQ(-ENOENT, vfs.Find("n" + std::to_string(i)));
    EXPECT_GT(6000u, dentry_count());
}

TEST(DentryTest, AnOpenFileKeepsItsDentry)
{
    Vfs vfs;
    file *f;
    ASSERT_EQ(0, vfs.Open("f", LX_O_CREAT | LX_O_RDWR, 0644, &f));
    while (dentry_shrink(nullptr) > 0)
        ;
    EXPECT_EQ(1u, dentry_count());
    EXPECT_FALSE(dentry_is_dropped(f->path.dentry));
    EXPECT_EQ(0, vfs.Unlink("f"));
    EXPECT_TRUE(dentry_is_dropped(f->path.dentry));
    file_put(f);
}

TEST(DentryTest, TheTreesSequenceMovesWithRenames)
{
    Vfs vfs;
    vfs.Write("f", "");
    unsigned seq = tree_seq_read();
    EXPECT_TRUE(tree_is_same(seq));
    EXPECT_EQ(0, vfs.Find("f"));
    EXPECT_TRUE(tree_is_same(seq));
    EXPECT_EQ(0, vfs.Rename("f", "g"));
    EXPECT_FALSE(tree_is_same(seq));
}

TEST(DentryTest, AnInodeKnowsAName)
{
    Vfs vfs;
    path found;
    vfs.Write("f", "");
    ASSERT_EQ(0, path_find(&vfs.ask, "f", &found));
    dentry *alias = dentry_alias(path_inode(&found));
    EXPECT_EQ(found.dentry, alias);
    dentry_put(alias);
    path_put(&found);
}

} // namespace
