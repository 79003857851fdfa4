// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/mount_test.cc - core/fs/mount.h.

#include "core/abi/mount.h"
#include "tests/core/fs/vfs.h"

namespace {

class MountTest : public testing::Test {
public:
    void SetUp() override
    {
        ASSERT_EQ(0, vfs_.Dir("m"));
        ASSERT_EQ(0, vfs_.Dir("d"));
        vfs_.Write("d/f", "below");
    }
    path At(const std::string &where)
    {
        path out;
        EXPECT_EQ(0, path_find(&vfs_.ask, where.c_str(), &out));
        return out;
    }
    int Tmpfs(const std::string &where, unsigned flags = 0)
    {
        super_source source = {"none", "", false};
        const fs_type *type = fs_find("tmpfs");
        super *super;
        EXPECT_EQ(0, type->mount(type, &source, &super));
        path at = At(where);
        int error = mount_attach(vfs_.ns, super, &at, flags, "none");
        path_put(&at);
        super_put(super);
        return error;
    }
    int Bind(const std::string &from, const std::string &to, bool all = false)
    {
        path a = At(from), b = At(to);
        int error = mount_bind(vfs_.ns, &a, &b, all);
        path_put(&a);
        path_put(&b);
        return error;
    }
    int Umount(const std::string &where, unsigned flags = 0)
    {
        path at = At(where);
        int error = mount_detach(vfs_.ns, &at, flags);
        path_put(&at);
        return error;
    }
    Vfs vfs_;
};

TEST_F(MountTest, CoversAndUncovers)
{
    vfs_.Write("m/hidden", "x");
    ASSERT_EQ(0, Tmpfs("m"));
    EXPECT_EQ(-ENOENT, vfs_.Find("m/hidden"));
    vfs_.Write("m/new", "y");
    EXPECT_EQ("/m/new", vfs_.Text("m/new"));
    EXPECT_EQ(vfs_.Number("/"), vfs_.Number("m/.."));
    EXPECT_EQ(-EXDEV, vfs_.Find("m/new", PATH_NO_MOUNTS));
    EXPECT_EQ(-EXDEV, vfs_.Rename("m/new", "new"));
    EXPECT_EQ(-EXDEV, vfs_.HardLink("m/new", "new"));
    EXPECT_EQ(-EBUSY, vfs_.Rmdir("m"));
    EXPECT_EQ(-EBUSY, vfs_.Rename("m", "n"));
    EXPECT_EQ(0, Umount("m"));
    EXPECT_EQ("x", vfs_.Read("m/hidden"));
    EXPECT_EQ(-EINVAL, Umount("m"));
    EXPECT_EQ(-EINVAL, Umount("/"));
}

TEST_F(MountTest, InUse)
{
    file *f;
    ASSERT_EQ(0, Tmpfs("m"));
    ASSERT_EQ(0, vfs_.Open("m/f", LX_O_CREAT | LX_O_RDWR, 0644, &f));
    EXPECT_EQ(-EBUSY, Umount("m"));
    EXPECT_EQ(0, Umount("m", LX_MNT_DETACH));
    EXPECT_EQ(-ENOENT, vfs_.Find("m/f"));
    EXPECT_EQ(2, Vfs::Put(f, "ok"));
    file_put(f);
    ASSERT_EQ(0, Tmpfs("m"));
    EXPECT_EQ(-EAGAIN, Umount("m", LX_MNT_EXPIRE));
    EXPECT_EQ(0, Umount("m", LX_MNT_EXPIRE));
}

TEST_F(MountTest, Bind)
{
    ASSERT_EQ(0, Bind("d", "m"));
    EXPECT_EQ("below", vfs_.Read("m/f"));
    vfs_.Write("m/g", "both");
    EXPECT_EQ("both", vfs_.Read("d/g"));
    EXPECT_EQ(-ENOTDIR, Bind("d/f", "m"));
    vfs_.Write("t", "");
    ASSERT_EQ(0, Bind("d/f", "t"));
    EXPECT_EQ("below", vfs_.Read("t"));
    EXPECT_EQ(0, Umount("t"));
    path at = At("m");
    ASSERT_EQ(0, mount_change(&at, MOUNT_READ_ONLY, true, ""));
    path_put(&at);
    EXPECT_EQ(-EROFS, vfs_.Unlink("m/f"));
    EXPECT_EQ(0, vfs_.Unlink("d/f"));
    EXPECT_EQ(0, Umount("m"));
}

TEST_F(MountTest, WritersKeepAMountWritable)
{
    file *writer, *reader;
    ASSERT_EQ(0, Tmpfs("m"));
    vfs_.Write("m/f", "old");
    ASSERT_EQ(0, vfs_.Open("m/f", LX_O_WRONLY, 0, &writer));
    ASSERT_EQ(0, vfs_.Open("m/f", LX_O_RDONLY, 0, &reader));
    path at = At("m");
    for (bool is_bind : {true, false})
        EXPECT_EQ(-EBUSY, mount_change(&at, MOUNT_READ_ONLY, is_bind, ""));
    EXPECT_EQ(3, Vfs::Put(writer, "new"));
    file_put(writer);
    EXPECT_EQ(-EINVAL, mount_change(&at, MOUNT_READ_ONLY, false, "what"));
    EXPECT_EQ(0, mount_may_write(at.mount)); // as it was
    EXPECT_EQ(0, mount_change(&at, MOUNT_READ_ONLY, true, ""));
    EXPECT_EQ(-EROFS, vfs_.Open("m/f", LX_O_WRONLY, 0, &writer));
    EXPECT_EQ(0u, at.mount->writers);
    EXPECT_EQ(0u, at.mount->super->writers);
    file_put(reader);
    EXPECT_EQ(0, mount_change(&at, 0, true, ""));
    EXPECT_EQ(0, mount_change(&at, MOUNT_READ_ONLY, false, ""));
    EXPECT_EQ(-EROFS, vfs_.Unlink("m/f"));
    path_put(&at);
    EXPECT_EQ(0, Umount("m"));
}

TEST_F(MountTest, RecursiveBindAndDetach)
{
    ASSERT_EQ(0, Tmpfs("d"));
    ASSERT_EQ(0, vfs_.Dir("d/in"));
    ASSERT_EQ(0, Tmpfs("d/in"));
    vfs_.Write("d/in/x", "deep");
    ASSERT_EQ(0, Bind("d", "m"));
    EXPECT_EQ(-ENOENT, vfs_.Find("m/in/x"));
    EXPECT_EQ(0, Umount("m"));
    ASSERT_EQ(0, Bind("d", "m", true));
    EXPECT_EQ("deep", vfs_.Read("m/in/x"));
    EXPECT_EQ(-EBUSY, Umount("m"));
    EXPECT_EQ(0, Umount("m", LX_MNT_DETACH));
    EXPECT_EQ("deep", vfs_.Read("d/in/x"));
}

TEST_F(MountTest, Move)
{
    ASSERT_EQ(0, Tmpfs("m"));
    vfs_.Write("m/x", "moved");
    ASSERT_EQ(0, vfs_.Dir("m/in"));
    ASSERT_EQ(0, Tmpfs("m/in"));
    path from = At("m"), to = At("d"), below = At("m/in");
    EXPECT_EQ(-ELOOP, mount_move(vfs_.ns, &from, &below));
    EXPECT_EQ(0, mount_move(vfs_.ns, &from, &to));
    path_put(&from);
    path_put(&to);
    path_put(&below);
    EXPECT_EQ("moved", vfs_.Read("d/x"));
    EXPECT_EQ(-ENOENT, vfs_.Find("m/x"));
    EXPECT_EQ("/d/in", vfs_.Text("d/in"));
}

TEST_F(MountTest, PivotRoot)
{
    ASSERT_EQ(0, Tmpfs("m"));
    path top, m = At("m");
    context_root(vfs_.context, &top);
    EXPECT_EQ(-EBUSY, mount_pivot(vfs_.ns, &top, &m, &top));
    // The first root is nobody's child: go one down first.
    context_set_root(vfs_.context, &m);
    context_set_cwd(vfs_.context, &m);
    path_put(&top);
    ASSERT_EQ(0, vfs_.Dir("new"));
    ASSERT_EQ(0, Tmpfs("new"));
    ASSERT_EQ(0, vfs_.Dir("new/old"));
    path fresh = At("new"), old = At("new/old");
    ASSERT_EQ(0, mount_pivot(vfs_.ns, &fresh, &old, &m));
    for (unsigned n = context_replace(vfs_.context, &m, &fresh); n > 0; n--)
        path_put(&m);
    EXPECT_EQ(0, vfs_.Find("/old/new"));
    EXPECT_EQ("/old/new", vfs_.Text("/old/new"));
    EXPECT_EQ(vfs_.Number("/"), vfs_.Number("/old/.."));
    path_put(&fresh);
    path_put(&old);
    path_put(&m);
}

TEST_F(MountTest, EveryAllocationMayFail)
{
    MountTest *self = this;
    path from = At("d"), to = At("m");
    Vfs::Sweep([&, self] {
        int error = mount_bind(self->vfs_.ns, &from, &to, false);
        path top = {mount_at(to.mount, to.dentry), from.dentry};
        if (error != 0)
            return error;
        path_get(&top);
        error = mount_detach(self->vfs_.ns, &top, 0);
        path_put(&top);
        return error;
    });
    path_put(&from);
    path_put(&to);
}

} // namespace
