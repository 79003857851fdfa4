// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/ramfs_test.cc - core/fs/ramfs/ramfs.h: bytes, sizes, limits.

#include "core/abi/mman.h"
#include "core/abi/mount.h"
#include "core/fs/ramfs/ramfs.h"
#include "core/mem/page.h"
#include "tests/core/fs/vfs.h"

namespace {

class RamfsTest : public testing::Test {
public:
    void SetUp() override
    {
        ASSERT_EQ(0, vfs_.Open("f", LX_O_CREAT | LX_O_RDWR, 0644, &f_));
    }
    void TearDown() override { file_put(f_); }
    inode *Inode() { return path_inode(&f_->path); }
    int64_t Seek(int64_t offset, unsigned whence)
    {
        mutex_lock(&f_->position_lock);
        int64_t at = f_->ops->seek(f_, offset, whence);
        mutex_unlock(&f_->position_lock);
        return at;
    }
    ssize_t PutAt(uint64_t position, const std::string &data)
    {
        return Vfs::Put(f_, data, &position);
    }
    std::string GetAt(uint64_t position, size_t size)
    {
        return Vfs::Get(f_, size, &position);
    }
    int Allocate(unsigned mode, uint64_t offset, uint64_t size)
    {
        mutex_lock(&Inode()->lock);
        int error = Inode()->ops->allocate(Inode(), mode, offset, size);
        mutex_unlock(&Inode()->lock);
        return error;
    }
    int Mount(const std::string &options)
    {
        super_source source = {"none", options.c_str(), false};
        const fs_type *type = fs_find("tmpfs");
        super *super;
        path at;
        int error = type->mount(type, &source, &super);
        if (error != 0)
            return error;
        (void)vfs_.Dir("m");
        error = path_find(&vfs_.ask, "m", &at);
        if (error == 0) {
            error = mount_attach(vfs_.ns, super, &at, 0, "none");
            path_put(&at);
        }
        super_put(super);
        return error;
    }
    Vfs vfs_;
    file *f_;
};

TEST_F(RamfsTest, HolesTakeNoPagesAndReadAsZero)
{
    EXPECT_EQ(1, PutAt(10 * PAGE_SIZE, "x"));
    EXPECT_EQ(10u * PAGE_SIZE + 1, inode_size(Inode()));
    EXPECT_EQ(8u, Inode()->blocks);
    EXPECT_EQ(std::string(5, '\0'), GetAt(3 * PAGE_SIZE, 5));
    EXPECT_EQ("x", GetAt(10 * PAGE_SIZE, 100));
    EXPECT_EQ("", GetAt(11 * PAGE_SIZE, 100));
    EXPECT_EQ(8u, Inode()->blocks);
}

TEST_F(RamfsTest, SeekDataAndHole)
{
    EXPECT_EQ(1, PutAt(2 * PAGE_SIZE, "x"));
    EXPECT_EQ(1, PutAt(5 * PAGE_SIZE, "y"));
    EXPECT_EQ(2 * PAGE_SIZE, Seek(0, LX_SEEK_DATA));
    EXPECT_EQ(2 * PAGE_SIZE + 5, Seek(2 * PAGE_SIZE + 5, LX_SEEK_DATA) + 0);
    EXPECT_EQ(0, Seek(0, LX_SEEK_HOLE));
    EXPECT_EQ(3 * PAGE_SIZE, Seek(2 * PAGE_SIZE, LX_SEEK_HOLE));
    EXPECT_EQ(5 * PAGE_SIZE + 1, Seek(5 * PAGE_SIZE, LX_SEEK_HOLE));
    EXPECT_EQ(-ENXIO, Seek(5 * PAGE_SIZE + 1, LX_SEEK_DATA));
    EXPECT_EQ(-ENXIO, Seek(-1, LX_SEEK_HOLE));
    EXPECT_EQ(5 * PAGE_SIZE + 1, Seek(0, LX_SEEK_END));
    EXPECT_EQ(-EINVAL, Seek(-1, LX_SEEK_SET));
    EXPECT_EQ(-EOVERFLOW, Seek(INT64_MAX, LX_SEEK_CUR));
    EXPECT_EQ(-EINVAL, Seek(0, 9));
}

TEST_F(RamfsTest, WhatIsCutOffReadsAsZeroWhenItGrowsAgain)
{
    EXPECT_EQ(6000, PutAt(0, std::string(6000, 'a')));
    EXPECT_EQ(0, inode_resize(Inode(), vfs_.root, 100));
    EXPECT_EQ(8u, Inode()->blocks);
    EXPECT_EQ(0, inode_resize(Inode(), vfs_.root, 6000));
    EXPECT_EQ(std::string(100, 'a') + std::string(5900, '\0'), GetAt(0, 7000));
    EXPECT_EQ(-EFBIG, inode_resize(Inode(), vfs_.root, UINT64_MAX));
}

TEST_F(RamfsTest, Append)
{
    file *more;
    EXPECT_EQ(3, PutAt(0, "abc"));
    ASSERT_EQ(0, vfs_.Open("f", LX_O_WRONLY | LX_O_APPEND, 0, &more));
    uint64_t position = 0;
    EXPECT_EQ(3, Vfs::Put(more, "def", &position));
    EXPECT_EQ("abcdef", GetAt(0, 10));
    file_put(more);
}

TEST_F(RamfsTest, Allocate)
{
    const unsigned hole = LX_FALLOC_FL_PUNCH_HOLE | LX_FALLOC_FL_KEEP_SIZE;
    EXPECT_EQ(0, Allocate(0, 0, 2 * PAGE_SIZE));
    EXPECT_EQ(2u * PAGE_SIZE, inode_size(Inode()));
    EXPECT_EQ(16u, Inode()->blocks);
    EXPECT_EQ(0, Allocate(LX_FALLOC_FL_KEEP_SIZE, 0, 4 * PAGE_SIZE));
    EXPECT_EQ(2u * PAGE_SIZE, inode_size(Inode()));
    EXPECT_EQ(32u, Inode()->blocks);
    EXPECT_EQ(8, PutAt(PAGE_SIZE - 4, "abcdefgh"));
    EXPECT_EQ(0, Allocate(hole, PAGE_SIZE, 2 * PAGE_SIZE));
    EXPECT_EQ(16u, Inode()->blocks);
    EXPECT_EQ(std::string("abcd\0\0\0\0", 8), GetAt(PAGE_SIZE - 4, 8));
    EXPECT_EQ(0, Allocate(hole, PAGE_SIZE - 3, 2));
    EXPECT_EQ(std::string("a\0\0d", 4), GetAt(PAGE_SIZE - 4, 4));
    EXPECT_EQ(-EOPNOTSUPP, Allocate(LX_FALLOC_FL_ZERO_RANGE, 0, 1));
    EXPECT_EQ(-EOPNOTSUPP, Allocate(LX_FALLOC_FL_COLLAPSE_RANGE, 0, 1));
}

TEST_F(RamfsTest, LimitsOfAMount)
{
    ASSERT_EQ(0, Mount("size=12k,nr_inodes=4,mode=711"));
    file *f;
    ASSERT_EQ(0, vfs_.Open("m/f", LX_O_CREAT | LX_O_RDWR, 0644, &f));
    EXPECT_EQ(3 * PAGE_SIZE, Vfs::Put(f, std::string(5 * PAGE_SIZE, 'x')));
    EXPECT_EQ(-ENOSPC, Vfs::Put(f, "x"));
    EXPECT_EQ(0, inode_resize(path_inode(&f->path), vfs_.root, 0));
    uint64_t position = 0;
    EXPECT_EQ(1, Vfs::Put(f, "x", &position));
    file_put(f);
    EXPECT_EQ(0, vfs_.Dir("m/a"));
    EXPECT_EQ(0, vfs_.Dir("m/b"));
    EXPECT_EQ(-ENOSPC, vfs_.Dir("m/c"));
    EXPECT_EQ(0, vfs_.Rmdir("m/a"));
    EXPECT_EQ(0, vfs_.Dir("m/c"));
    lx_stat stat = {};
    EXPECT_EQ(0, vfs_.Stat("m", &stat));
    EXPECT_EQ(LX_S_IFDIR | 0711u, stat.st_mode);
    path at;
    char shown[100] = {};
    ASSERT_EQ(0, path_find(&vfs_.ask, "m", &at));
    at.mount->super->ops->show(at.mount->super, shown, sizeof(shown));
    path_put(&at);
    EXPECT_STREQ(",size=12k,nr_inodes=4,mode=711", shown);
}

TEST_F(RamfsTest, BadOptions)
{
    for (const char *bad :
         {"size=", "size=x", "size=1001%", "mode=9", "uid=x", "uid=4294967295",
          "what", "nr_inodes=1q", "size=99999999999999g"})
        EXPECT_EQ(-EINVAL, Mount(bad)) << bad;
}

TEST_F(RamfsTest, ADeepTreeGoesWithItsFileSystem)
{
    ASSERT_EQ(0, Mount(""));
    path_ask below = vfs_.ask;
    path at, next;
    ASSERT_EQ(0, path_find(&vfs_.ask, "m", &at));
    for (int i = 0; i < 2000; i++) {
        below.start = &at;
        ASSERT_EQ(0, name_create(&below, "d", LX_S_IFDIR | 0755, 0, nullptr));
        ASSERT_EQ(0, path_find(&below, "d", &next));
        path_put(&at);
        at = next;
    }
    path_put(&at);
}

TEST_F(RamfsTest, SealsOfPagesAndModes)
{
    file *memory;
    ASSERT_EQ(0, ramfs_open_unnamed("/memfd:x", 0, vfs_.root, &memory));
    inode *in = path_inode(&memory->path);
    EXPECT_EQ(0777u, in->mode & 07777);
    EXPECT_EQ(0, inode_resize(in, vfs_.root, PAGE_SIZE));
    EXPECT_EQ(0, ramfs_add_seals(memory, LX_F_SEAL_GROW));
    uint64_t position = PAGE_SIZE - 10;
    EXPECT_EQ(10, Vfs::Put(memory, std::string(100, 'x'), &position));
    EXPECT_EQ(-EPERM, Vfs::Put(memory, "x", &position));
    EXPECT_EQ(0, ramfs_add_seals(memory, LX_F_SEAL_EXEC));
    EXPECT_EQ(LX_F_SEAL_EXEC | LX_F_SEAL_GROW | LX_F_SEAL_SHRINK |
                  LX_F_SEAL_WRITE | LX_F_SEAL_FUTURE_WRITE,
              static_cast<unsigned>(ramfs_seals(memory)));
    inode_change change = {};
    change.fields = CHANGE_MODE;
    change.mode = 0666;
    EXPECT_EQ(-EPERM, inode_apply(in, vfs_.root, &change));
    change.mode = 0711;
    EXPECT_EQ(0, inode_apply(in, vfs_.root, &change));
    file_put(memory);
    ASSERT_EQ(
        0, ramfs_open_unnamed("/memfd:y", LX_F_SEAL_EXEC, vfs_.root, &memory));
    EXPECT_EQ(0666u, path_inode(&memory->path)->mode & 07777);
    file_put(memory);
    ramfs_fini_all();
}

TEST_F(RamfsTest, Seals)
{
    file *memory;
    ASSERT_EQ(0, ramfs_open_unnamed("/memfd:x", 0, vfs_.root, &memory));
    EXPECT_EQ(0, ramfs_seals(memory));
    EXPECT_EQ(3, Vfs::Put(memory, "abc"));
    EXPECT_EQ(0, ramfs_add_seals(memory, LX_F_SEAL_GROW));
    EXPECT_EQ(-EPERM, Vfs::Put(memory, "d"));
    EXPECT_EQ(0, ramfs_add_seals(memory, LX_F_SEAL_WRITE | LX_F_SEAL_SHRINK));
    uint64_t position = 0;
    EXPECT_EQ(-EPERM, Vfs::Put(memory, "A", &position));
    EXPECT_EQ(-EPERM, inode_resize(path_inode(&memory->path), vfs_.root, 1));
    unsigned deny = 0;
    EXPECT_EQ(-EPERM, ramfs_check_map(memory, true, LX_PROT_WRITE, &deny));
    EXPECT_EQ(0, ramfs_check_map(memory, true, LX_PROT_READ, &deny));
    EXPECT_EQ(LX_PROT_WRITE + 0u, deny);
    EXPECT_EQ(0, ramfs_add_seals(memory, LX_F_SEAL_SEAL));
    EXPECT_EQ(-EPERM, ramfs_add_seals(memory, LX_F_SEAL_GROW));
    EXPECT_EQ(-EINVAL, ramfs_add_seals(memory, 0x100));
    EXPECT_EQ(LX_F_SEAL_SEAL + 0, ramfs_seals(f_));
    file_put(memory);
    ramfs_fini_all();
}

TEST_F(RamfsTest, AWriteTakesPrivilegesAway)
{
    inode_change change = {};
    change.fields = CHANGE_MODE;
    change.mode = 06755;
    ASSERT_EQ(0, inode_apply(Inode(), vfs_.root, &change));
    EXPECT_EQ(1, PutAt(0, "x")); // root keeps them
    EXPECT_EQ(06755u, inode_mode(Inode()) & 07777);
    mutex_lock(&Inode()->lock);
    inode_drop_privileges(Inode(), nullptr);
    mutex_unlock(&Inode()->lock);
    EXPECT_EQ(0755u, inode_mode(Inode()) & 07777);
}

TEST_F(RamfsTest, EveryAllocationMayFail)
{
    RamfsTest *self = this;
    std::string data(5000, 'z');
    EXPECT_EQ(5000, PutAt(100 * PAGE_SIZE, data)); // nodes stay
    EXPECT_EQ(0, inode_resize(Inode(), vfs_.root, 0));
    Vfs::Sweep([self, &data] {
        ssize_t done = self->PutAt(100 * PAGE_SIZE, data);
        EXPECT_EQ(0, inode_resize(self->Inode(), self->vfs_.root, 0));
        return done == 5000 ? 0 : -ENOMEM;
    });
    ASSERT_EQ(0, vfs_.Dir("m"));
    Vfs::Sweep([] {
        super_source source = {"none", "size=4k", false};
        const fs_type *type = fs_find("tmpfs");
        super *super;
        int error = type->mount(type, &source, &super);
        if (error == 0)
            super_put(super);
        return error;
    });
}

} // namespace
