// SPDX-License-Identifier: Apache-2.0
//
// tests/core/fs/store_test.cc - core/fs/store.h, clause by clause.

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "core/abi/errno.h"
#include "core/abi/stat.h"
#include "core/fs/store.h"
#include "tests/support/harness.h"

namespace {

constexpr uint32_t kFile = LX_S_IFREG | 0644, kDir = LX_S_IFDIR | 0755,
                   kLink = LX_S_IFLNK | 0777;

class StoreTest : public testing::Test {
protected:
    void SetUp() override { ASSERT_EQ(0, store_init(&store_)); }
    void TearDown() override { store_fini(&store_); }

    int Make(const std::string &path, uint32_t mode,
             const std::string &data = "")
    {
        store_attributes a = {};
        a.mode = mode;
        store_node *node;
        int error = store_create(&store_, path.c_str(), &a, &node);
        if (error == 0)
            error = store_append(&store_, node, data.data(), data.size());
        return error;
    }
    int Find(const std::string &path, unsigned flags = 0)
    {
        return store_lookup(&store_, path.c_str(), flags, &found_);
    }
    std::string Read(const std::string &path)
    {
        std::string data(100, '\0');
        if (Find(path) != 0)
            return "(none)";
        data.resize(store_read(found_, 0, &data[0], data.size()));
        return data;
    }

    store store_;
    store_node *found_ = nullptr;
};

TEST_F(StoreTest, FilesAreFoundWithTheirContent)
{
    EXPECT_EQ(0, Make("./bin", kDir));
    EXPECT_EQ(0, Make("bin/a", kFile, "alpha"));
    EXPECT_EQ(0, Make("/b", kFile, "beta"));
    EXPECT_EQ("alpha", Read("/bin/a"));
    EXPECT_EQ("alpha", Read("bin//./a"));
    EXPECT_EQ("alpha", Read("/bin/../bin/a"));
    EXPECT_EQ("beta", Read("/../b"));
    EXPECT_EQ(5u, store_size(found_) + 1);
}

TEST_F(StoreTest, LookupErrors)
{
    EXPECT_EQ(0, Make("d", kDir));
    EXPECT_EQ(0, Make("f", kFile));
    EXPECT_EQ(0, Make("loop", kLink, "loop"));
    EXPECT_EQ(0, Make("empty", kLink));
    EXPECT_EQ(0, Make("dangling", kLink, "nowhere"));
    struct {
        std::string path;
        int error;
    } table[] = {
        {"", -ENOENT},
        {"/x", -ENOENT},
        {"/d/x", -ENOENT},
        {"/x/y", -ENOENT},
        {"/f/", -ENOTDIR},
        {"/f/x", -ENOTDIR},
        {"/f/..", -ENOTDIR},
        {"/loop", -ELOOP},
        {"/loop/x", -ELOOP},
        {"/empty", -ENOENT},
        {"/dangling", -ENOENT},
        {"/" + std::string(256, 'a'), -ENAMETOOLONG},
        {std::string(4096, '/'), -ENAMETOOLONG},
        {"/d/", 0},
        {"/d/.", 0},
        {"/", 0},
    };
    for (const auto &row : table)
        EXPECT_EQ(row.error, Find(row.path)) << row.path.substr(0, 20);
}

TEST_F(StoreTest, LinksAreFollowedButTheLastWhenNotWanted)
{
    EXPECT_EQ(0, Make("d", kDir));
    EXPECT_EQ(0, Make("d/f", kFile, "data"));
    EXPECT_EQ(0, Make("abs", kLink, "/d"));
    EXPECT_EQ(0, Make("d/up", kLink, "../abs/f"));
    EXPECT_EQ("data", Read("/abs/f"));
    EXPECT_EQ("data", Read("/abs/up"));
    EXPECT_EQ(0, Find("/d/up", STORE_NOFOLLOW));
    size_t size = 0;
    const char *target = store_target(found_, &size);
    EXPECT_EQ("../abs/f", std::string(target, size));
    EXPECT_EQ(0, Find("/abs/", STORE_NOFOLLOW)); // the slash follows it
    EXPECT_EQ(LX_S_IFDIR, store_mode(found_) & LX_S_IFMT);
    EXPECT_EQ(nullptr, store_target(found_, &size));
}

TEST_F(StoreTest, FortyLinksAreFollowedAndNoMore)
{
    EXPECT_EQ(0, Make("l0", kFile, "end"));
    for (int i = 1; i <= 41; i++)
        EXPECT_EQ(0, Make("l" + std::to_string(i), kLink,
                          "l" + std::to_string(i - 1)));
    EXPECT_EQ("end", Read("/l40"));
    EXPECT_EQ(-ELOOP, Find("/l41"));
}

TEST_F(StoreTest, CreateErrors)
{
    EXPECT_EQ(0, Make("d", kDir));
    EXPECT_EQ(0, Make("f", kFile));
    EXPECT_EQ(-ENOENT, Make("x/y", kFile));
    EXPECT_EQ(-ENOTDIR, Make("f/y", kFile));
    EXPECT_EQ(-EINVAL, Make("d/../y", kFile));
    EXPECT_EQ(-EINVAL, Make("..", kFile));
    EXPECT_EQ(-EISDIR, Make("d", kFile));
    EXPECT_EQ(-EISDIR, Make("/", kFile));
    EXPECT_EQ(0, Make("d", kDir)); // kept
    EXPECT_EQ(0, Make(".", kDir));
    EXPECT_EQ(-ENAMETOOLONG, Make(std::string(256, 'n'), kFile));
    EXPECT_EQ(-ENAMETOOLONG, Make("long", kLink, std::string(4096, 't')));
    EXPECT_EQ(-EINVAL, Make("pipe", LX_S_IFIFO | 0600, "data"));
}

TEST_F(StoreTest, ALaterFileReplacesAnEarlier)
{
    EXPECT_EQ(0, Make("f", kFile, "one"));
    EXPECT_EQ(0, Make("f", kFile, "two"));
    EXPECT_EQ("two", Read("/f"));
    EXPECT_EQ(0, store_unlink(&store_, "f"));
    EXPECT_EQ(-ENOENT, Find("/f"));
    EXPECT_EQ(-ENOENT, store_unlink(&store_, "f"));
    EXPECT_EQ(-EISDIR, store_unlink(&store_, "/"));
}

TEST_F(StoreTest, NamesShareANode)
{
    EXPECT_EQ(0, Make("a", kFile, "shared"));
    EXPECT_EQ(0, Find("/a"));
    EXPECT_EQ(0, store_link(&store_, "b", found_));
    EXPECT_EQ(0, store_link(&store_, "b", found_)); // onto itself
    lx_stat st;
    store_stat(found_, &st);
    EXPECT_EQ(2u, st.st_nlink);
    EXPECT_EQ(0, store_unlink(&store_, "a"));
    EXPECT_EQ("shared", Read("/b"));
    store_stat(found_, &st);
    EXPECT_EQ(1u, st.st_nlink);
    EXPECT_EQ(-EISDIR, store_link(&store_, "/", found_));
    EXPECT_EQ(-ENOENT, store_link(&store_, "x/y", found_));
}

TEST_F(StoreTest, PagesAreServedUpToTheEndAndZeroBehindIt)
{
    std::string data(3 * PAGE_SIZE + 10, 'x');
    EXPECT_EQ(0, Make("f", kFile, data));
    EXPECT_EQ(0, Find("/f"));
    vm_object *object = store_object(found_);
    page *p = nullptr;
    ASSERT_EQ(0, object->ops->get_page(object, 3, &p));
    const char *bytes = static_cast<const char *>(page_data(p));
    EXPECT_EQ('x', bytes[9]);
    EXPECT_EQ('\0', bytes[10]);
    EXPECT_EQ('\0', bytes[PAGE_SIZE - 1]);
    page_put(p);
    EXPECT_EQ(-ENXIO, object->ops->get_page(object, 4, &p));
    EXPECT_EQ(-ENXIO, object->ops->get_page(object, UINT64_MAX / 2, &p));
}

TEST_F(StoreTest, StatTellsWhatTheArchiveSaid)
{
    store_attributes a = {};
    a.mode = LX_S_IFCHR | 0620;
    a.uid = 3;
    a.gid = 4;
    a.rdev = 5 << 8 | 1;
    a.mtime = 1234;
    store_node *node;
    lx_stat st;
    ASSERT_EQ(0, store_create(&store_, "dev", &a, &node));
    store_stat(node, &st);
    EXPECT_EQ(a.mode, st.st_mode);
    EXPECT_EQ(3u, st.st_uid);
    EXPECT_EQ(4u, st.st_gid);
    EXPECT_EQ(0x501u, st.st_rdev);
    EXPECT_EQ(0, st.st_size);
}

TEST(Store, LeavesNothingWithoutMemory)
{
    uint64_t met = harness::sweep_allocations([] {
        store s;
        store_attributes dir = {}, file = {};
        store_node *node;
        std::string data(2 * PAGE_SIZE, 'y');
        dir.mode = kDir;
        file.mode = kFile;
        int error = store_init(&s);
        if (error == 0)
            error = store_create(&s, "d", &dir, &node);
        if (error == 0)
            error = store_create(&s, "d/f", &file, &node);
        if (error == 0)
            error = store_append(&s, node, data.data(), data.size());
        if (error == 0)
            error = store_link(&s, "g", node);
        if (error == 0)
            error = store_lookup(&s, "/d/f", 0, &node);
        store_fini(&s);
        return error;
    });
    EXPECT_GE(met, 6u);
}

// Seeded: appends of random sizes, read back at random places.
TEST_F(StoreTest, ContentIsWhatWasAppended)
{
    harness::Random random(3);
    store_attributes a = {};
    store_node *node;
    std::string model;
    a.mode = kFile;
    ASSERT_EQ(0, store_create(&store_, "f", &a, &node));
    for (int i = 0; i < 300; i++) {
        std::string piece(random.below(9000), char('a' + i % 26));
        ASSERT_EQ(0, store_append(&store_, node, piece.data(), piece.size()));
        model += piece;
        uint64_t at = random.below(model.size() + 10);
        std::string got(random.below(20000), '?');
        got.resize(store_read(node, at, &got[0], got.size()));
        ASSERT_EQ(at < model.size() ? model.substr(at, got.size()) : "", got);
    }
    EXPECT_EQ(model.size(), store_size(node));
}

} // namespace
