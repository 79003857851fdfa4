// SPDX-License-Identifier: Apache-2.0
//
// tests/core/id/cred_test.cc - core/id/cred.h.

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "core/abi/errno.h"
#include "core/id/cred.h"
#include "core/id/user.h"
#include "tests/support/harness.h"

namespace {

constexpr uint32_t kKeep = UINT32_MAX;

cred *Root()
{
    cred *c = nullptr;
    EXPECT_EQ(0, cred_create_root(&c));
    return c;
}

void ExpectUids(const cred *c, std::vector<uint32_t> ids)
{
    EXPECT_EQ(ids, (std::vector<uint32_t>{c->uid, c->euid, c->suid, c->fsuid}));
}

void ExpectGids(const cred *c, std::vector<uint32_t> ids)
{
    EXPECT_EQ(ids, (std::vector<uint32_t>{c->gid, c->egid, c->sgid, c->fsgid}));
}

TEST(Cred, RootMayAll)
{
    cred *c = Root();

    ExpectUids(c, {0, 0, 0, 0});
    for (unsigned i = 0; i <= CAP_LAST; i++)
        EXPECT_TRUE(cred_is_capable(c, i));
    EXPECT_EQ(0u, c->group_count);
    cred_put(c);
}

TEST(Cred, ACopyIsItsOwn)
{
    cred *c = Root(), *copy = nullptr;

    ASSERT_EQ(0, cred_copy(c, &copy));
    ASSERT_EQ(0, cred_set_uids(copy, 5, 5, 5));
    ExpectUids(c, {0, 0, 0, 0});
    ExpectUids(copy, {5, 5, 5, 5});
    EXPECT_EQ(5u, copy->user->uid);
    cred_put(c);
    cred_put(copy);
}

TEST(Cred, GroupsAreSortedAndFound)
{
    cred *c = Root(), *copy = nullptr;
    harness::Random random(2);

    for (unsigned count : {0u, 1u, 2u, 3u, 100u, 1000u}) {
        std::vector<lx_gid_t> groups;

        groups.reserve(count + 1); // data() is no null pointer

        for (unsigned i = 0; i < count; i++)
            groups.push_back(static_cast<lx_gid_t>(random.below(3 * count)));
        ASSERT_EQ(0, cred_copy_groups(c, groups.data(), count, &copy));
        std::sort(groups.begin(), groups.end());
        EXPECT_EQ(groups,
                  std::vector<lx_gid_t>(copy->groups, copy->groups + count));
        for (lx_gid_t gid = 1; gid < 3 * count; gid++)
            EXPECT_EQ(std::binary_search(groups.begin(), groups.end(), gid),
                      cred_is_in_group(copy, gid));
        EXPECT_TRUE(cred_is_in_group(copy, 0)) << "the effective one";
        cred_put(copy);
    }
    cred_put(c);
}

TEST(Cred, RootTakesAnyIds)
{
    cred *c = Root();

    EXPECT_EQ(0, cred_set_uids(c, 1, 0, 3));
    ExpectUids(c, {1, 0, 3, 0});
    EXPECT_EQ(0, cred_set_gids(c, 4, 5, 6));
    ExpectGids(c, {4, 5, 6, 5});
    EXPECT_EQ(0, cred_set_uids(c, kKeep, kKeep, kKeep));
    ExpectUids(c, {1, 0, 3, 0});
    cred_put(c);
}

TEST(Cred, OthersTakeTheirOwn)
{
    cred *c = Root();

    ASSERT_EQ(0, cred_set_gids(c, 4, 5, 6));
    ASSERT_EQ(0, cred_set_uids(c, 1, 2, 3));
    EXPECT_EQ(-EPERM, cred_set_uids(c, 0, kKeep, kKeep));
    EXPECT_EQ(-EPERM, cred_set_uids(c, kKeep, 4, kKeep));
    EXPECT_EQ(-EPERM, cred_set_uids(c, kKeep, kKeep, 9));
    EXPECT_EQ(-EPERM, cred_set_gids(c, kKeep, kKeep, 9));
    ExpectUids(c, {1, 2, 3, 2});
    EXPECT_EQ(0, cred_set_uids(c, 3, 1, 2));
    ExpectUids(c, {3, 1, 2, 1});
    EXPECT_EQ(0, cred_set_gids(c, 6, 4, 5));
    ExpectGids(c, {6, 4, 5, 4});
    cred_put(c);
}

TEST(Cred, CapabilitiesFollowTheIds)
{
    cred *c = Root();

    ASSERT_EQ(0, cred_set_uids(c, 0, 7, 0));
    EXPECT_EQ(0u, c->effective) << "the effective id is not root's";
    EXPECT_EQ(CAPS_ALL, c->permitted);
    ASSERT_EQ(0, cred_set_uids(c, kKeep, 0, kKeep));
    EXPECT_EQ(CAPS_ALL, c->effective);
    ASSERT_EQ(0, cred_set_uids(c, 7, 7, 7));
    EXPECT_EQ(0u, c->permitted);
    EXPECT_EQ(0u, c->effective);
    cred_put(c);
    c = Root();
    c->keeps_caps = true;
    ASSERT_EQ(0, cred_set_uids(c, 7, 7, 7));
    EXPECT_EQ(CAPS_ALL, c->permitted);
    EXPECT_EQ(0u, c->effective);
    cred_put(c);
}

TEST(Cred, FileSystemIds)
{
    cred *c = Root();

    cred_set_fsuid(c, 9);
    cred_set_fsgid(c, 8);
    EXPECT_EQ(9u, c->fsuid);
    EXPECT_EQ(8u, c->fsgid);
    cred_set_fsuid(c, kKeep);
    EXPECT_EQ(9u, c->fsuid);
    ASSERT_EQ(0, cred_set_gids(c, 4, 5, 6));
    ASSERT_EQ(0, cred_set_uids(c, 1, 2, 3));
    cred_set_fsuid(c, 9);
    EXPECT_EQ(2u, c->fsuid);
    cred_set_fsuid(c, 3);
    EXPECT_EQ(3u, c->fsuid);
    cred_set_fsgid(c, 9);
    EXPECT_EQ(5u, c->fsgid);
    cred_set_fsgid(c, 4);
    EXPECT_EQ(4u, c->fsgid);
    cred_put(c);
}

TEST(Cred, Exec)
{
    cred *c = Root();

    ASSERT_EQ(0, cred_set_uids(c, 1, 2, 3));
    cred_exec(c, kKeep, kKeep);
    ExpectUids(c, {1, 2, 2, 2});
    EXPECT_EQ(0u, c->effective);
    cred_exec(c, 0, 40);
    ExpectUids(c, {1, 0, 0, 0});
    ExpectGids(c, {0, 40, 40, 40});
    EXPECT_EQ(CAPS_ALL, c->effective);
    cred_put(c);
}

TEST(Cred, Signals)
{
    cred *root = Root(), *one = nullptr, *two = nullptr;

    ASSERT_EQ(0, cred_copy(root, &one));
    ASSERT_EQ(0, cred_copy(root, &two));
    ASSERT_EQ(0, cred_set_uids(one, 1, 2, 3));
    ASSERT_EQ(0, cred_set_uids(two, 4, 5, 6));
    EXPECT_TRUE(cred_may_signal(root, one));
    EXPECT_FALSE(cred_may_signal(one, root));
    EXPECT_FALSE(cred_may_signal(one, two));
    cred_put(two);
    ASSERT_EQ(0, cred_copy(root, &two));
    ASSERT_EQ(0, cred_set_uids(two, 4, 5, 1));
    EXPECT_TRUE(cred_may_signal(one, two)) << "real to saved";
    EXPECT_FALSE(cred_may_signal(two, one));
    cred_put(one);
    cred_put(two);
    cred_put(root);
}

TEST(Cred, NoMemory)
{
    lx_gid_t groups[2] = {1, 2};

    harness::sweep_allocations([&] {
        cred *c = nullptr, *copy = nullptr;
        int error = cred_create_root(&c);

        if (error != 0)
            return error;
        error = cred_copy_groups(c, groups, 2, &copy);
        cred_put(c);
        if (error != 0)
            return error;
        error = cred_set_uids(copy, 77, 77, 77);
        if (error != 0)
            ExpectUids(copy, {0, 0, 0, 0});
        cred_put(copy);
        return error;
    });
}

} // namespace
