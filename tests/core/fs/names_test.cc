// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/names_test.cc - core/fs/names.h: what each call says.

#include "tests/core/fs/vfs.h"

namespace {

using Names = std::vector<std::string>;

class NamesTest : public testing::Test {
public:
    void SetUp() override
    {
        ASSERT_EQ(0, vfs_.Dir("d"));
        vfs_.Write("f", "file");
    }
    unsigned Links(const std::string &path)
    {
        lx_stat stat = {};
        EXPECT_EQ(0, vfs_.Stat(path, &stat, 0));
        return static_cast<unsigned>(stat.st_nlink);
    }
    Vfs vfs_;
};

TEST_F(NamesTest, Create)
{
    EXPECT_EQ(0, vfs_.Dir("d/x/"));
    EXPECT_EQ(-EEXIST, vfs_.Dir("d"));
    EXPECT_EQ(-EEXIST, vfs_.Dir("d/."));
    EXPECT_EQ(-EEXIST, vfs_.Dir("d/.."));
    EXPECT_EQ(-EEXIST, vfs_.Dir("/"));
    EXPECT_EQ(-EEXIST, vfs_.Dir("f"));
    EXPECT_EQ(-ENOENT, vfs_.Dir("none/x"));
    EXPECT_EQ(-ENOTDIR, vfs_.Dir("f/x"));
    EXPECT_EQ(-ENOENT, vfs_.Make("y/", LX_S_IFREG | 0644));
    EXPECT_EQ(-ENAMETOOLONG, vfs_.Dir(std::string(256, 'x')));
    EXPECT_EQ(3u, Links("d"));
    EXPECT_EQ(2u, Links("d/x"));
    EXPECT_EQ(0, vfs_.Make("fifo", LX_S_IFIFO | 0644));
    EXPECT_EQ(0, vfs_.Link("anything", "d/l"));
}

TEST_F(NamesTest, UmaskAndSetGroupId)
{
    lx_stat stat = {};
    context_set_umask(vfs_.context, 027);
    ASSERT_EQ(0, vfs_.Dir("m", 0777));
    EXPECT_EQ(0, vfs_.Stat("m", &stat));
    EXPECT_EQ(LX_S_IFDIR | 0750u, stat.st_mode);
    path found;
    ASSERT_EQ(0, path_find(&vfs_.ask, "m", &found));
    inode_change change = {};
    change.fields = CHANGE_MODE | CHANGE_GID;
    change.mode = 02770;
    change.gid = 55;
    ASSERT_EQ(0, inode_apply(path_inode(&found), vfs_.root, &change));
    path_put(&found);
    vfs_.Write("m/f", "");
    ASSERT_EQ(0, vfs_.Dir("m/d"));
    EXPECT_EQ(0, vfs_.Stat("m/f", &stat));
    EXPECT_EQ(55u, stat.st_gid);
    EXPECT_EQ(0, vfs_.Stat("m/d", &stat));
    EXPECT_EQ(55u, stat.st_gid);
    EXPECT_NE(0u, stat.st_mode & LX_S_ISGID);
}

TEST_F(NamesTest, HardLinks)
{
    EXPECT_EQ(0, vfs_.HardLink("f", "d/g"));
    EXPECT_EQ(2u, Links("f"));
    EXPECT_EQ(vfs_.Number("f"), vfs_.Number("d/g"));
    EXPECT_EQ(-EEXIST, vfs_.HardLink("f", "d/g"));
    EXPECT_EQ(-EPERM, vfs_.HardLink("d", "e"));
    EXPECT_EQ(-ENOENT, vfs_.HardLink("f", "g/"));
    EXPECT_EQ(0, vfs_.Unlink("f"));
    EXPECT_EQ("file", vfs_.Read("d/g"));
    EXPECT_EQ(1u, Links("d/g"));
}

TEST_F(NamesTest, Unlink)
{
    EXPECT_EQ(-EISDIR, vfs_.Unlink("d"));
    EXPECT_EQ(-EISDIR, vfs_.Unlink("d/"));
    EXPECT_EQ(-ENOTDIR, vfs_.Unlink("f/"));
    EXPECT_EQ(-ENOENT, vfs_.Unlink("none"));
    EXPECT_EQ(-ENOENT, vfs_.Unlink("none/"));
    EXPECT_EQ(-EISDIR, vfs_.Unlink("."));
    EXPECT_EQ(-EISDIR, vfs_.Unlink("/"));
    EXPECT_EQ(0, vfs_.Unlink("f"));
    EXPECT_EQ(-ENOENT, vfs_.Unlink("f"));
}

TEST_F(NamesTest, Rmdir)
{
    ASSERT_EQ(0, vfs_.Dir("d/e"));
    EXPECT_EQ(-ENOTEMPTY, vfs_.Rmdir("d"));
    EXPECT_EQ(-ENOTDIR, vfs_.Rmdir("f"));
    EXPECT_EQ(-EINVAL, vfs_.Rmdir("d/."));
    EXPECT_EQ(-ENOTEMPTY, vfs_.Rmdir("d/.."));
    EXPECT_EQ(-EBUSY, vfs_.Rmdir("/"));
    EXPECT_EQ(-ENOENT, vfs_.Rmdir("none"));
    EXPECT_EQ(0, vfs_.Rmdir("d/e/"));
    EXPECT_EQ(2u, Links("d"));
    EXPECT_EQ(0, vfs_.Rmdir("d"));
}

TEST_F(NamesTest, NothingIsMadeInARemovedDirectory)
{
    path found;
    ASSERT_EQ(0, path_find(&vfs_.ask, "d", &found));
    ASSERT_EQ(0, vfs_.Rmdir("d"));
    path_ask below = vfs_.ask;
    below.start = &found;
    EXPECT_EQ(-ENOENT, name_create(&below, "x", LX_S_IFDIR | 0755, 0, nullptr));
    EXPECT_EQ(-ENOENT, name_create(&below, "x", LX_S_IFREG | 0644, 0, nullptr));
    path_put(&found);
}

TEST_F(NamesTest, TheStickyBit)
{
    cred *other;
    ASSERT_EQ(0, cred_copy(vfs_.root, &other));
    ASSERT_EQ(0, cred_set_uids(other, 7, 7, 7));
    ASSERT_EQ(0, vfs_.Dir("t", 01777));
    vfs_.Write("t/roots", "");
    vfs_.ask.cred = other;
    vfs_.Write("t/own", "");
    EXPECT_EQ(-EPERM, vfs_.Unlink("t/roots"));
    EXPECT_EQ(-EPERM, vfs_.Rename("t/roots", "t/x"));
    EXPECT_EQ(-EPERM, vfs_.Rename("t/own", "t/roots"));
    EXPECT_EQ(-EACCES, vfs_.Unlink("f"));
    EXPECT_EQ(-EACCES, vfs_.Dir("x"));
    EXPECT_EQ(0, vfs_.Unlink("t/own"));
    vfs_.ask.cred = vfs_.root;
    cred_put(other);
}

TEST_F(NamesTest, Rename)
{
    uint64_t number = vfs_.Number("f");
    EXPECT_EQ(0, vfs_.Rename("f", "d/g"));
    EXPECT_EQ(-ENOENT, vfs_.Find("f"));
    EXPECT_EQ(number, vfs_.Number("d/g"));
    EXPECT_EQ(0, vfs_.Rename("d/g", "d/g"));
    vfs_.Write("h", "other");
    EXPECT_EQ(0, vfs_.Rename("h", "d/g"));
    EXPECT_EQ("other", vfs_.Read("d/g"));
    EXPECT_EQ(-ENOENT, vfs_.Rename("none", "x"));
    EXPECT_EQ(-ENOTEMPTY, vfs_.Rename("d/g", "d"));
    EXPECT_EQ(-ENOTDIR, vfs_.Rename("d/g", "x/"));
    EXPECT_EQ(-EBUSY, vfs_.Rename("d/..", "x"));
    EXPECT_EQ(-EBUSY, vfs_.Rename("d", "/"));
}

TEST_F(NamesTest, RenameOfDirectories)
{
    ASSERT_EQ(0, vfs_.Dir("d/e"));
    ASSERT_EQ(0, vfs_.Dir("x"));
    EXPECT_EQ(-EINVAL, vfs_.Rename("d", "d/e/y"));
    EXPECT_EQ(-EINVAL, vfs_.Rename("d", "d/y"));
    EXPECT_EQ(-ENOTEMPTY, vfs_.Rename("d/e", "d"));
    EXPECT_EQ(-ENOTEMPTY, vfs_.Rename("x", "d"));
    EXPECT_EQ(-ENOTDIR, vfs_.Rename("d", "f"));
    EXPECT_EQ(-EISDIR, vfs_.Rename("f", "d"));
    EXPECT_EQ(0, vfs_.Rename("d/e", "x"));
    EXPECT_EQ(2u, Links("d"));
    EXPECT_EQ(0, vfs_.Rename("x", "d/x/"));
    EXPECT_EQ(3u, Links("d"));
    EXPECT_EQ(vfs_.Number("d"), vfs_.Number("d/x/.."));
}

TEST_F(NamesTest, RenameFlags)
{
    vfs_.Write("g", "gee");
    EXPECT_EQ(-EEXIST, vfs_.Rename("f", "g", LX_RENAME_NOREPLACE));
    EXPECT_EQ(0, vfs_.Rename("f", "h", LX_RENAME_NOREPLACE));
    EXPECT_EQ(-ENOENT, vfs_.Rename("h", "f", LX_RENAME_EXCHANGE));
    EXPECT_EQ(0, vfs_.Rename("h", "g", LX_RENAME_EXCHANGE));
    EXPECT_EQ("file", vfs_.Read("g"));
    EXPECT_EQ("gee", vfs_.Read("h"));
    EXPECT_EQ(0, vfs_.Rename("h", "d", LX_RENAME_EXCHANGE));
    EXPECT_EQ("gee", vfs_.Read("d"));
    EXPECT_EQ(0, vfs_.Dir("h/in"));
    EXPECT_EQ("/h/in", vfs_.Text("h/in"));
    EXPECT_EQ(-EINVAL, vfs_.Rename("h/in", "h", LX_RENAME_EXCHANGE));
}

TEST_F(NamesTest, ListsTheNewestFirstAndSurvivesChanges)
{
    for (const char *name : {"d/a", "d/b", "d/c", "d/d", "d/e"})
        vfs_.Write(name, "");
    EXPECT_EQ((Names{"e", "d", "c", "b", "a"}), vfs_.List("d"));
    file *f;
    ListSink list = {{AddName}, {}, 4};
    ASSERT_EQ(0, vfs_.Open("d", LX_O_RDONLY, 0, &f));
    mutex_lock(&f->position_lock);
    ASSERT_EQ(0, f->ops->list(f, &list.sink));
    mutex_unlock(&f->position_lock);
    EXPECT_EQ((Names{".", "..", "e", "d"}), list.names);
    vfs_.Write("d/new", "");
    EXPECT_EQ(0, vfs_.Unlink("d/c"));
    EXPECT_EQ(0, vfs_.Unlink("d/e"));
    list.names.clear();
    list.room = 9;
    mutex_lock(&f->position_lock);
    ASSERT_EQ(0, f->ops->list(f, &list.sink));
    mutex_unlock(&f->position_lock);
    EXPECT_EQ((Names{"b", "a"}), list.names);
    file_put(f);
}

TEST_F(NamesTest, EveryAllocationMayFail)
{
    Vfs *vfs = &vfs_;
    auto unlink = [vfs] { return vfs->Unlink("d/new"); };
    Vfs::Sweep([vfs] { return vfs->Dir("d/new"); },
               [vfs] { return vfs->Rmdir("d/new"); });
    Vfs::Sweep([vfs] { return vfs->Link("f", "d/new"); }, unlink);
    Vfs::Sweep([vfs] { return vfs->HardLink("f", "d/new"); }, unlink);
    Vfs::Sweep([vfs] { return vfs->Rename("f", "d/f"); },
               [vfs] { return vfs->Rename("d/f", "f"); });
    Vfs::Sweep([vfs] {
        int error = vfs->Unlink("d/none");
        return error == -ENOENT ? 0 : error;
    });
}

} // namespace
