// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/pseudo_test.cc - core/fs/pseudo: tables, names, texts.

#include "core/base/format.h"
#include "core/fs/pseudo/pseudo.h"
#include "tests/core/fs/vfs.h"

namespace {

using Names = std::vector<std::string>;

int shown;
std::string stored;

int ShowCount(pseudo_inode *, text *text)
{
    text_add(text, "shown %d\n", ++shown);
    return 0;
}

int ShowMuch(pseudo_inode *, text *text)
{
    for (int i = 0; i < 20000; i++)
        text_add(text, "%d\n", i);
    return 0;
}

int ShowError(pseudo_inode *, text *)
{
    return -ESRCH;
}

int Store(pseudo_inode *, const char *bytes, size_t size)
{
    stored.assign(bytes, size);
    return stored == "bad" ? -EINVAL : 0;
}

ssize_t Target(pseudo_inode *, char *to, size_t size)
{
    return static_cast<ssize_t>(std::min(format(to, size, "count"), size));
}

int ShowNumber(pseudo_inode *inode, text *text)
{
    text_add(text, "%llu", static_cast<unsigned long long>(inode->number));
    return 0;
}

const pseudo_entry number_entry = {
    "",      LX_S_IFREG | 0444, ShowNumber, nullptr,
    nullptr, nullptr,           nullptr,    nullptr};

int LookUp(pseudo_inode *dir, const name *name, inode **out)
{
    uint64_t number;
    if (!pseudo_number(name, 30, &number) || number % 10 != 0)
        return -ENOENT;
    int error = pseudo_make(dir, &number_entry, nullptr, nullptr, out);
    if (error == 0)
        pseudo_of(*out)->number = number;
    return error;
}

bool Next(pseudo_inode *, uint64_t *position, char *text, uint32_t *type)
{
    *position = (*position + 9) / 10 * 10;
    *type = LX_S_IFREG;
    format(text, PSEUDO_NAME_MAX, "%llu",
           static_cast<unsigned long long>(*position));
    return *position <= 30;
}

const pseudo_names names = {LookUp, Next};
const pseudo_entry inner_entries[] = {
    {"much", LX_S_IFREG | 0444, ShowMuch, nullptr, nullptr, nullptr, nullptr,
     nullptr},
};
const pseudo_dir inner = {inner_entries, 1, nullptr, nullptr};
const pseudo_entry entries[] = {
    {"count", LX_S_IFREG | 0644, ShowCount, Store, nullptr, nullptr, nullptr,
     nullptr},
    {"dir", LX_S_IFDIR | 0555, nullptr, nullptr, nullptr, nullptr, nullptr,
     &inner},
    {"error", LX_S_IFREG | 0444, ShowError, nullptr, nullptr, nullptr, nullptr,
     nullptr},
    {"link", LX_S_IFLNK | 0777, nullptr, nullptr, Target, nullptr, nullptr,
     nullptr},
};
struct list registered;
const pseudo_dir root_dir = {entries, 4, &names, &registered};
const pseudo_entry root_entry = {"/",     LX_S_IFDIR | 0555, nullptr,
                                 nullptr, nullptr,           nullptr,
                                 nullptr, &root_dir};
pseudo_registration extra = {{"extra", LX_S_IFREG | 0444, ShowCount, nullptr,
                              nullptr, nullptr, nullptr, nullptr},
                             {}};
fs_type type = {"test", false, nullptr, {}};

class PseudoTest : public testing::Test {
protected:
    void SetUp() override
    {
        super *super;
        path at;
        list_init(&registered);
        pseudo_register(&registered, &extra);
        shown = 0;
        ASSERT_EQ(0, vfs_.Dir("p"));
        ASSERT_EQ(0, pseudo_create(&type, 1, &root_entry, &super));
        ASSERT_EQ(0, path_find(&vfs_.ask, "p", &at));
        ASSERT_EQ(0, mount_attach(vfs_.ns, super, &at, 0, "none"));
        super_put(super);
        path_put(&at);
    }
    Vfs vfs_;
};

TEST_F(PseudoTest, ListsTheTableTheRegisteredAndTheNames)
{
    EXPECT_EQ((Names{"count", "dir", "error", "link", "extra", "0", "10", "20",
                     "30"}),
              vfs_.List("p"));
    EXPECT_EQ((Names{"much"}), vfs_.List("p/dir"));
}

TEST_F(PseudoTest, ATextIsMadeWhenItIsReadFromTheStart)
{
    file *f;
    EXPECT_EQ("shown 1\n", vfs_.Read("p/count"));
    ASSERT_EQ(0, vfs_.Open("p/link", LX_O_RDONLY, 0, &f));
    EXPECT_EQ("show", Vfs::Get(f, 4));
    EXPECT_EQ("n 2\n", Vfs::Get(f, 100));
    EXPECT_EQ("", Vfs::Get(f, 100));
    uint64_t position = 0;
    EXPECT_EQ("shown 3\n", Vfs::Get(f, 100, &position));
    file_put(f);
    EXPECT_EQ("shown 4\n", vfs_.Read("p/extra"));
}

TEST_F(PseudoTest, LongTexts)
{
    file *f;
    std::string all;
    ASSERT_EQ(0, vfs_.Open("p/dir/much", LX_O_RDONLY, 0, &f));
    for (std::string part = "x"; !part.empty(); all += part)
        part = Vfs::Get(f, 5000);
    EXPECT_EQ(108890u, all.size());
    EXPECT_EQ("19999\n", all.substr(all.size() - 6));
    file_put(f);
}

TEST_F(PseudoTest, NamesThatComeAndGo)
{
    EXPECT_EQ("20", vfs_.Read("p/20"));
    EXPECT_EQ(-ENOENT, vfs_.Find("p/21"));
    EXPECT_EQ(-ENOENT, vfs_.Find("p/020"));
    EXPECT_EQ(-ENOENT, vfs_.Find("p/40"));
}

TEST_F(PseudoTest, WritesAndErrors)
{
    file *f;
    ASSERT_EQ(0, vfs_.Open("p/count", LX_O_WRONLY | LX_O_TRUNC, 0, &f));
    EXPECT_EQ(5, Vfs::Put(f, "value"));
    EXPECT_EQ("value", stored);
    EXPECT_EQ(-EINVAL, Vfs::Put(f, "bad"));
    file_put(f);
    EXPECT_EQ("error 3", vfs_.Read("p/error"));
    EXPECT_EQ(-ENOENT, vfs_.Open("p/new", LX_O_CREAT | LX_O_RDWR, 0644, &f));
    EXPECT_EQ(-ENOENT, vfs_.Dir("p/new"));
    EXPECT_EQ(-EPERM, vfs_.Unlink("p/count"));
}

TEST_F(PseudoTest, EveryAllocationMayFail)
{
    Vfs *vfs = &vfs_;
    Vfs::Sweep([vfs] {
        file *f;
        int error = vfs->Open("p/dir/much", LX_O_RDONLY, 0, &f);
        if (error != 0)
            return error;
        std::string data = Vfs::Get(f, 10);
        file_put(f);
        return data == "error 12" ? -ENOMEM : 0;
    });
}

} // namespace
