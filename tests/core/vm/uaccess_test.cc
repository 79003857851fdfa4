// SPDX-License-Identifier: Apache-2.0
// tests/core/vm/uaccess_test.cc - core/vm/uaccess.h.

#include <numeric>

#include "tests/core/vm/vm_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;
constexpr uaddr_t kEnd = kAt + 4 * kPage;

class UaccessTest : public VmTest {
protected:
    void SetUp() override
    {
        VmTest::SetUp();
        MapAt(kAt, 3 * kPage, kRW);
        MapAt(kAt + 3 * kPage, kPage, kR);
        std::iota(data_.begin(), data_.end(), uint8_t{1});
    }

    std::vector<uint8_t> data_ = std::vector<uint8_t>(5 * kPage);
    std::vector<uint8_t> back_ = std::vector<uint8_t>(5 * kPage);
};

TEST_F(UaccessTest, CopiesOverPagesThatAreNotThereYet)
{
    EXPECT_EQ(0, copy_out(as_, kAt + 100, data_.data(), 2 * kPage));
    EXPECT_EQ(3u, Resident());
    EXPECT_EQ(0, copy_in(as_, back_.data(), kAt + 100, 2 * kPage));
    EXPECT_TRUE(
        std::equal(back_.begin(), back_.begin() + 2 * kPage, data_.begin()));
    EXPECT_EQ(0, clear_out(as_, kAt + 101, kPage));
    EXPECT_EQ(0, copy_in(as_, back_.data(), kAt + 100, kPage + 2));
    EXPECT_EQ(data_[0], back_[0]);
    EXPECT_EQ(0, back_[1]);
    EXPECT_EQ(0, back_[kPage]);
    EXPECT_EQ(data_[kPage + 1], back_[kPage + 1]);
    EXPECT_EQ(0, copy_in(as_, back_.data(), 0, 0)); // nothing is no fault
    EXPECT_EQ(0, copy_out(as_, UINT64_MAX, data_.data(), 0));
    EXPECT_EQ(0, clear_out(as_, 0, 0));
}

TEST_F(UaccessTest, FaultsEndACopy)
{
    EXPECT_EQ(-EFAULT, copy_in(as_, back_.data(), 0, 1));
    EXPECT_EQ(-EFAULT, copy_in(as_, back_.data(), kEnd - 8, 9));
    EXPECT_EQ(-EFAULT, copy_in(as_, back_.data(), HAL_USER_TOP, 1));
    EXPECT_EQ(-EFAULT, copy_in(as_, back_.data(), UINT64_MAX, 2));
    EXPECT_EQ(-EFAULT, copy_out(as_, kAt + 3 * kPage, data_.data(), 1));
    EXPECT_EQ(-EFAULT, copy_out(as_, UINT64_MAX - 2, data_.data(), 8));
    EXPECT_EQ(-EFAULT, clear_out(as_, kAt + 3 * kPage - 1, 2));
    EXPECT_EQ(-EFAULT, clear_out(as_, HAL_USER_TOP - 1, 2));
    EXPECT_EQ(8u, copy_in_some(as_, back_.data(), kEnd - 8, 9));
    EXPECT_EQ(0u, copy_in_some(as_, back_.data(), kEnd, 9));
    EXPECT_EQ(5u, copy_out_some(as_, kAt + 3 * kPage - 5, data_.data(), 9));
    EXPECT_EQ(9u, copy_out_some(as_, kAt, data_.data(), 9));
}

TEST_F(UaccessTest, StructsTakeTheirSizeFromTheObject)
{
    struct {
        uint64_t a, b;
    } out = {1, 2}, in = {0, 0};

    EXPECT_EQ(0, copy_out_struct(as_, kAt + kPage - 8, &out));
    EXPECT_EQ(0, copy_in_struct(as_, &in, kAt + kPage - 8));
    EXPECT_EQ(1u, in.a);
    EXPECT_EQ(2u, in.b);
    EXPECT_EQ(-EFAULT, copy_in_struct(as_, &in, kEnd - 8));
}

TEST_F(UaccessTest, Strings)
{
    const char text[] = "over the edge of a page";
    char back[64];
    constexpr uaddr_t at = kAt + kPage - 5;

    EXPECT_EQ(0, copy_out(as_, at, text, sizeof(text)));
    EXPECT_EQ(ssize_t{sizeof(text) - 1},
              copy_string_in(as_, back, at, sizeof(back)));
    EXPECT_STREQ(text, back);
    EXPECT_EQ(ssize_t{sizeof(text) - 1},
              copy_string_in(as_, back, at, sizeof(text)));
    EXPECT_EQ(-ENAMETOOLONG, copy_string_in(as_, back, at, sizeof(text) - 1));
    EXPECT_EQ(-ENAMETOOLONG, copy_string_in(as_, back, at, 0));
    EXPECT_EQ(0, copy_string_in(as_, back, kEnd - 1, 1)); // the empty one
    EXPECT_EQ(0, copy_out(as_, kAt + 3 * kPage - 3, "abc", 3));
    EXPECT_EQ(3, copy_string_in(as_, back, kAt + 3 * kPage - 3, 64));
    EXPECT_EQ(0, aspace_unmap(as_, kAt + 3 * kPage, kPage));
    EXPECT_EQ(-EFAULT, copy_string_in(as_, back, kAt + 3 * kPage - 3, 64));
    EXPECT_EQ(-ENAMETOOLONG, copy_string_in(as_, back, kAt + 3 * kPage - 3, 3));
    EXPECT_EQ(-EFAULT, copy_string_in(as_, back, HAL_USER_TOP, 64));
}

TEST_F(UaccessTest, CursorsGoOnByWhatWasMoved)
{
    struct user_cursor to = {}, from = {};

    to.as = from.as = as_;
    to.at = kAt;
    to.left = 2 * kPage;
    from.at = kEnd - 6;
    from.left = 100;

    EXPECT_EQ(kPage, cursor_copy_out(&to, data_.data(), kPage));
    EXPECT_EQ(kAt + kPage, to.at);
    EXPECT_EQ(kPage, cursor_copy_out(&to, data_.data(), 2 * kPage));
    EXPECT_EQ(0u, to.left);
    EXPECT_EQ(0u, cursor_copy_out(&to, data_.data(), 1));
    EXPECT_EQ(4u, cursor_copy_in(&from, back_.data(), 4));
    EXPECT_EQ(2u, cursor_copy_in(&from, back_.data(), 4));
    EXPECT_EQ(94u, from.left);
    EXPECT_EQ(kEnd, from.at);
    EXPECT_EQ(0u, cursor_copy_in(&from, back_.data(), 4));
}

} // namespace
