// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/initramfs_test.cc - core/fs/initramfs.h. The machine's initrd
// is one of the test's own meanwhile.

#include "core/fs/initramfs.h"
#include "core/mem/cache.h"
#include "hal/phys.h"
#include "hal/platform.h"
#include "tests/core/fs/unpack/packing.h"
#include "tests/core/fs/vfs.h"

namespace {

// The boot facts are constant to core; here they name other bytes.
class Initrd {
public:
    explicit Initrd(const Bytes &bytes)
        : facts_(const_cast<hal_boot *>(hal_boot_facts())),
          before_(facts_->initrd), size_(bytes.size() + 1)
    {
        memory_ = kmem_alloc(size_, MEM_WAIT, nullptr);
        std::copy(bytes.begin(), bytes.end(), static_cast<uint8_t *>(memory_));
        facts_->initrd = {hal_phys_of(memory_), bytes.size()};
    }
    ~Initrd()
    {
        facts_->initrd = before_;
        kmem_free(memory_, size_);
    }
    Initrd(const Initrd &) = delete;
    Initrd &operator=(const Initrd &) = delete;

private:
    hal_boot *facts_;
    hal_span before_;
    size_t size_;
    void *memory_;
};

Member File(const std::string &name, const std::string &data,
            uint32_t mode = 0100644)
{
    Member member = {};

    member.name = name;
    member.data = data;
    member.mode = mode;
    return member;
}

Member Directory(const std::string &name, uint32_t mode = 040755)
{
    return File(name, "", mode);
}

Member Symlink(const std::string &name, const std::string &target)
{
    return File(name, target, 0120777);
}

class InitramfsTest : public testing::Test {
protected:
    int Load(const Bytes &bytes)
    {
        Initrd initrd(bytes);

        return initramfs_load(&vfs_.ask);
    }
    lx_stat Stat(const std::string &path)
    {
        lx_stat stat = {};

        EXPECT_EQ(0, vfs_.Stat(path, &stat, 0)) << path;
        return stat;
    }
    // Where memory may fail once.
    std::string ReadAll(const std::string &path)
    {
        std::string data = vfs_.Read(path);

        return data == "error 12" ? vfs_.Read(path) : data;
    }
    Vfs vfs_;
};

TEST_F(InitramfsTest, WithoutOneNothingHappens)
{
    EXPECT_EQ(0, Load({}));
    EXPECT_TRUE(vfs_.List("/").empty());
}

TEST_F(InitramfsTest, FilesAreAsTheMembersHaveThem)
{
    Member file = File("d/f", "contents", 0104751), device = {};

    file.uid = 12;
    file.gid = 34;
    file.mtime = 1000000000;
    device.name = "d/null";
    device.mode = 020640;
    device.rdev_major = 1;
    device.rdev_minor = 3;
    ASSERT_EQ(0, Load(Archive({Directory("d", 041777), file, device,
                               File("d/p", "", 010600), Symlink("l", "d/f"),
                               File("/abs", "root")})));
    EXPECT_EQ("contents", vfs_.Read("d/f"));
    EXPECT_EQ("contents", vfs_.Read("l"));
    EXPECT_EQ("root", vfs_.Read("abs"));
    EXPECT_EQ(041777u, Stat("d").st_mode);
    EXPECT_EQ(0104751u, Stat("d/f").st_mode);
    EXPECT_EQ(12u, Stat("d/f").st_uid);
    EXPECT_EQ(34u, Stat("d/f").st_gid);
    EXPECT_EQ(1000000000u, Stat("d/f").st_mtime_sec);
    EXPECT_EQ(020640u, Stat("d/null").st_mode);
    EXPECT_EQ(0x103u, Stat("d/null").st_rdev);
    EXPECT_EQ(010600u, Stat("d/p").st_mode);
    EXPECT_EQ(0120777u, Stat("l").st_mode);
}

// What is made in it later does not move it.
TEST_F(InitramfsTest, ADirectoryKeepsItsTime)
{
    Member dir = Directory("d");

    dir.mtime = 500;
    ASSERT_EQ(0, Load(Archive({dir, File("d/f", "x"), Directory("d/e")})));
    EXPECT_EQ(500u, Stat("d").st_mtime_sec);
}

TEST_F(InitramfsTest, ALaterMemberReplaces)
{
    ASSERT_EQ(0, Load(Archive({File("f", "a long one"), File("t", "x"),
                               Directory("d"), File("d/in", "kept"),
                               File("f", "short"), Symlink("t", "f"),
                               Directory("d", 040700)})));
    EXPECT_EQ("short", vfs_.Read("f"));
    EXPECT_EQ("short", vfs_.Read("t"));
    EXPECT_EQ("kept", vfs_.Read("d/in"));
    EXPECT_EQ(040700u, Stat("d").st_mode);
}

TEST_F(InitramfsTest, LinksShareAnInodeWithinAnArchive)
{
    Member first = File("a", ""), second = File("b", "both");

    first.nlink = second.nlink = 2;
    first.ino = second.ino = 7;
    ASSERT_EQ(0, Load(Archive({first, second})));
    EXPECT_EQ("both", vfs_.Read("a"));
    EXPECT_EQ("both", vfs_.Read("b"));
    EXPECT_EQ(Stat("a").st_ino, Stat("b").st_ino);
    EXPECT_EQ(2u, Stat("a").st_nlink);
}

TEST_F(InitramfsTest, NumbersMeanSomethingElseInTheNextArchive)
{
    Member first = File("a", "one"), second = File("b", "two");
    Member other = File("c", "three");

    first.nlink = second.nlink = other.nlink = 2;
    first.ino = second.ino = other.ino = 7;
    other.dev_minor = 1;
    ASSERT_EQ(0, Load(Archive({first, other}) + Archive({second})));
    EXPECT_EQ("one", vfs_.Read("a"));
    EXPECT_EQ("two", vfs_.Read("b"));
    EXPECT_EQ("three", vfs_.Read("c"));
}

// Whatever the member is: the rest comes all the same.
TEST_F(InitramfsTest, WithoutItsDirectoryAMemberIsPassedOver)
{
    for (uint32_t type : {0100000u, 040000u, 0120000u, 020000u, 010000u}) {
        EXPECT_EQ(0, Load(Archive({File("none/x", "data", type | 0644),
                                   File("after", "here")})))
            << std::oct << type;
        EXPECT_EQ("here", vfs_.Read("after")) << std::oct << type;
        EXPECT_EQ(-ENOENT, vfs_.Find("none"));
        EXPECT_EQ(0, vfs_.Unlink("after"));
    }
}

TEST_F(InitramfsTest, ATargetThatIsNoneIsPassedOver)
{
    std::string longest(LX_PATH_MAX - 1, 't'), longer(LX_PATH_MAX, 't');

    EXPECT_EQ(
        0, Load(Archive({Symlink("empty", ""), Symlink("long", longest),
                         Symlink("longer", longer), File("after", "here")})));
    EXPECT_EQ(-ENOENT, vfs_.Find("empty", 0));
    EXPECT_EQ(LX_PATH_MAX - 1, Stat("long").st_size);
    EXPECT_EQ(-ENOENT, vfs_.Find("longer", 0));
    EXPECT_EQ("here", vfs_.Read("after"));
}

TEST_F(InitramfsTest, ATypeThatIsNoneIsPassedOver)
{
    EXPECT_EQ(0, Load(Archive(
                     {File("odd", "data", 0150644), File("after", "here")})));
    EXPECT_EQ(-ENOENT, vfs_.Find("odd"));
    EXPECT_EQ("here", vfs_.Read("after"));
}

// What has no room is not cut without a word.
TEST_F(InitramfsTest, AFileThatFindsNoRoomEndsIt)
{
    super_source source = {"none", "size=8192", false};
    const fs_type *type = fs_find("tmpfs");
    super *super;
    path at;

    ASSERT_EQ(0, vfs_.Dir("m"));
    ASSERT_EQ(0, type->mount(type, &source, &super));
    ASSERT_EQ(0, path_find(&vfs_.ask, "m", &at));
    EXPECT_EQ(0, mount_attach(vfs_.ns, super, &at, 0, "none"));
    path_put(&at);
    super_put(super);
    EXPECT_EQ(0, Load(Archive({File("m/f", std::string(8192, 'x'))})));
    EXPECT_EQ(0, vfs_.Unlink("m/f"));
    EXPECT_EQ(-ENOSPC, Load(Archive({File("m/f", std::string(8193, 'x'))})));
}

TEST_F(InitramfsTest, ADamagedOneIsToldAndKeepsWhatCame)
{
    Bytes bytes = Archive({File("f", "whole")}) + Text("garbage");

    EXPECT_EQ(-EINVAL, Load(bytes));
    EXPECT_EQ("whole", vfs_.Read("f"));
    bytes = Archive({File("g", "cut off")});
    bytes.resize(bytes.size() / 2);
    EXPECT_EQ(-ENODATA, Load(bytes));
}

// A load that says it succeeded has lost nothing on the way.
TEST_F(InitramfsTest, NoMemory)
{
    std::string data(3 * PAGE_SIZE + 100, '\0');
    Member first = File("d/f", ""), second = File("d/g", "");

    for (size_t i = 0; i < data.size(); i++)
        data[i] = static_cast<char>(i % 251);
    second.data = data;
    first.nlink = second.nlink = 2;
    Initrd initrd(Archive({Directory("d"), first, second, Symlink("l", "d/f"),
                           File("d/p", "", 010600)}));
    Vfs::Sweep([&] {
        int error = initramfs_load(&vfs_.ask);

        if (error == 0) {
            EXPECT_TRUE(data == ReadAll("l"));
            EXPECT_NE(-ENOENT, vfs_.Find("d/p"));
        }
        for (const char *name : {"d/f", "d/g", "d/p", "l"})
            while (vfs_.Unlink(name) == -ENOMEM)
                continue;
        while (vfs_.Rmdir("d") == -ENOMEM)
            continue;
        return error;
    });
}

} // namespace
