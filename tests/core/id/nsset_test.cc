// SPDX-License-Identifier: Apache-2.0
//
// tests/core/id/nsset_test.cc - core/id/nsset.h.

#include <gtest/gtest.h>

#include <string>

#include "core/id/nsset.h"
#include "core/id/pid.h"

namespace {

TEST(Nsset, RootHasOneOfEach)
{
    nsset *set = nsset_root();

    EXPECT_EQ(pid_ns_root(), set->pid);
    ASSERT_NE(nullptr, set->uts);
    nsset_get(set);
    nsset_put(set);
    nsset_put(set);
}

TEST(Nsset, Names)
{
    nsset *set = nsset_root();
    char node[UTS_NAME_MAX], domain[UTS_NAME_MAX];

    uts_get(set->uts, node, domain);
    EXPECT_STREQ("(none)", node);
    EXPECT_STREQ("(none)", domain);
    uts_set(set->uts, "a longer name", nullptr, 13);
    uts_set(set->uts, nullptr, "example.org", 7);
    uts_get(set->uts, node, domain);
    EXPECT_STREQ("a longer name", node);
    EXPECT_STREQ("example", domain);
    uts_set(set->uts, "b", nullptr, 1);
    uts_get(set->uts, node, domain);
    EXPECT_EQ(std::string("b") + std::string(UTS_NAME_MAX - 1, '\0'),
              std::string(node, sizeof(node)))
        << "nothing is left of the longer one";
    uts_set(set->uts, "(none)", nullptr, 6);
    uts_set(set->uts, nullptr, "(none)", 6);
    nsset_put(set);
}

} // namespace
