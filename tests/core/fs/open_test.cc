// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/open_test.cc - core/fs/open.h.

#include "tests/core/fs/vfs.h"

namespace {

class OpenTest : public testing::Test {
public:
    void SetUp() override
    {
        ASSERT_EQ(0, vfs_.Dir("d"));
        vfs_.Write("f", "file");
        ASSERT_EQ(0, vfs_.Link("f", "l"));
        ASSERT_EQ(0, vfs_.Link("fresh", "dangling"));
    }
    int Try(const std::string &path, unsigned flags, uint32_t mode = 0644)
    {
        file *f;
        int error = vfs_.Open(path, flags, mode, &f);
        if (error == 0)
            file_put(f);
        return error;
    }
    Vfs vfs_;
};

TEST_F(OpenTest, Errors)
{
    EXPECT_EQ(-ENOENT, Try("none", LX_O_RDONLY));
    EXPECT_EQ(-EISDIR, Try("d", LX_O_WRONLY));
    EXPECT_EQ(-EISDIR, Try("d", LX_O_RDWR));
    EXPECT_EQ(-EISDIR, Try("d", LX_O_RDONLY | LX_O_TRUNC));
    EXPECT_EQ(-ENOTDIR, Try("f", LX_O_RDONLY | LX_O_DIRECTORY));
    EXPECT_EQ(-ELOOP, Try("l", LX_O_RDONLY | LX_O_NOFOLLOW));
    EXPECT_EQ(-EISDIR, Try("d", LX_O_CREAT | LX_O_RDONLY));
    EXPECT_EQ(-EISDIR, Try("new/", LX_O_CREAT | LX_O_RDONLY));
    EXPECT_EQ(-EEXIST, Try("f", LX_O_CREAT | LX_O_EXCL));
    EXPECT_EQ(-EEXIST, Try("l", LX_O_CREAT | LX_O_EXCL));
    EXPECT_EQ(-EEXIST, Try("dangling", LX_O_CREAT | LX_O_EXCL));
    EXPECT_EQ(-ELOOP, Try("l", LX_O_CREAT | LX_O_NOFOLLOW));
    EXPECT_EQ(-EINVAL, Try("x", LX_O_CREAT | LX_O_DIRECTORY));
    EXPECT_EQ(-EINVAL, Try("d", LX_O_TMPFILE | LX_O_RDONLY));
    EXPECT_EQ(-ENOTDIR, Try("f", LX_O_TMPFILE | LX_O_RDWR));
}

TEST_F(OpenTest, CreatesThroughALink)
{
    EXPECT_EQ(0, Try("dangling", LX_O_CREAT | LX_O_WRONLY, 0600));
    lx_stat stat = {};
    EXPECT_EQ(0, vfs_.Stat("fresh", &stat));
    EXPECT_EQ(LX_S_IFREG | 0600u, stat.st_mode);
    EXPECT_EQ(0, Try("l", LX_O_CREAT | LX_O_RDONLY));
    EXPECT_EQ("file", vfs_.Read("f"));
}

TEST_F(OpenTest, ANewFileMayBeWrittenWhateverItsMode)
{
    cred *other;
    ASSERT_EQ(0, cred_copy(vfs_.root, &other));
    ASSERT_EQ(0, cred_set_uids(other, 7, 7, 7));
    ASSERT_EQ(0, vfs_.Dir("t", 0777));
    vfs_.ask.cred = other;
    EXPECT_EQ(0, Try("t/x", LX_O_CREAT | LX_O_RDWR, 0));
    EXPECT_EQ(-EACCES, Try("t/x", LX_O_CREAT | LX_O_RDWR, 0));
    EXPECT_EQ(-EACCES, Try("t/x", LX_O_RDONLY));
    EXPECT_EQ(0, Try("t/x", LX_O_PATH));
    EXPECT_EQ(-EACCES, Try("new", LX_O_CREAT | LX_O_RDWR));
    EXPECT_EQ(-EPERM, Try("f", LX_O_RDONLY | LX_O_NOATIME));
    vfs_.ask.cred = vfs_.root;
    cred_put(other);
}

TEST_F(OpenTest, Truncates)
{
    EXPECT_EQ(0, Try("f", LX_O_WRONLY | LX_O_TRUNC));
    EXPECT_EQ("", vfs_.Read("f"));
}

TEST_F(OpenTest, AFileWithoutAName)
{
    file *f;
    ASSERT_EQ(0, vfs_.Open("d", LX_O_TMPFILE | LX_O_RDWR, 0600, &f));
    EXPECT_EQ(3, Vfs::Put(f, "abc"));
    EXPECT_EQ(0u, path_inode(&f->path)->links);
    EXPECT_TRUE(vfs_.List("d").empty());
    EXPECT_EQ(0, name_link(&f->path, &vfs_.ask, "d/named"));
    EXPECT_EQ("abc", vfs_.Read("d/named"));
    file_put(f);
    ASSERT_EQ(0,
              vfs_.Open("d", LX_O_TMPFILE | LX_O_RDWR | LX_O_EXCL, 0600, &f));
    EXPECT_EQ(-ENOENT, name_link(&f->path, &vfs_.ask, "d/other"));
    file_put(f);
}

TEST_F(OpenTest, WhatRunsIsNotWritten)
{
    path program;
    file *f;
    vfs_.Write("run", "#!", 0755);
    EXPECT_EQ(-EACCES, open_exec(&vfs_.ask, "f", &program));
    EXPECT_EQ(-EACCES, open_exec(&vfs_.ask, "d", &program));
    EXPECT_EQ(-ELOOP, open_exec(&vfs_.ask, "l", &program));
    EXPECT_EQ(-ENOENT, open_exec(&vfs_.ask, "none", &program));
    ASSERT_EQ(0, open_exec(&vfs_.ask, "run", &program));
    EXPECT_EQ(-ETXTBSY, Try("run", LX_O_WRONLY));
    EXPECT_EQ(-ETXTBSY, Try("run", LX_O_RDONLY | LX_O_TRUNC));
    EXPECT_EQ(0, Try("run", LX_O_RDONLY));
    open_end_exec(&program);
    ASSERT_EQ(0, vfs_.Open("run", LX_O_WRONLY, 0, &f));
    EXPECT_EQ(-ETXTBSY, open_exec(&vfs_.ask, "run", &program));
    file_put(f);
    ASSERT_EQ(0, open_exec(&vfs_.ask, "run", &program));
    open_end_exec(&program);
}

TEST_F(OpenTest, AReadOnlyMount)
{
    path top;
    context_root(vfs_.context, &top);
    ASSERT_EQ(0, mount_change(&top, MOUNT_READ_ONLY, true, ""));
    EXPECT_EQ(-EROFS, Try("f", LX_O_WRONLY));
    EXPECT_EQ(-EROFS, Try("new", LX_O_CREAT | LX_O_RDWR));
    EXPECT_EQ(-EROFS, vfs_.Dir("x"));
    EXPECT_EQ(-EEXIST, vfs_.Dir("d"));
    EXPECT_EQ(-EROFS, vfs_.Unlink("f"));
    EXPECT_EQ(-EROFS, vfs_.Rename("f", "g"));
    EXPECT_EQ(0, Try("f", LX_O_RDONLY));
    ASSERT_EQ(0, mount_change(&top, 0, true, ""));
    EXPECT_EQ(0, Try("f", LX_O_WRONLY));
    path_put(&top);
}

TEST_F(OpenTest, EveryAllocationMayFail)
{
    OpenTest *self = this;
    auto unlink = [self] { return self->vfs_.Unlink("new"); };
    Vfs::Sweep(
        [self, unlink] {
            int error = self->Try("new", LX_O_CREAT | LX_O_RDWR);
            if (error != 0) // the file may have been made all the same
                (void)unlink();
            return error;
        },
        unlink);
    Vfs::Sweep([self] { return self->Try("d", LX_O_TMPFILE | LX_O_RDWR); });
    Vfs::Sweep([self] { return self->Try("d", LX_O_RDONLY); });
}

} // namespace
