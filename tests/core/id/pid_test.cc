// SPDX-License-Identifier: Apache-2.0
//
// tests/core/id/pid_test.cc - core/id/pid.h.

#include <gtest/gtest.h>

#include <map>
#include <vector>

#include "core/abi/errno.h"
#include "core/id/pid.h"
#include "tests/support/harness.h"

namespace {

// A namespace of the test's own, as if machine and init had made it.
struct Space {
    Space()
    {
        static const struct lock_class test_class = {"pids", LOCK_RANK_IDS};

        refcount_init(&ns.refs, 1);
        spin_init(&ns.lock, &test_class);
    }
    pid *Alloc(int wanted = 0)
    {
        pid *p = nullptr;
        EXPECT_EQ(0, pid_alloc(&ns, wanted, &p));
        return p;
    }
    static void Free(pid *p)
    {
        pid_retire(p);
        pid_put(p);
    }
    pid_ns ns = {};
};

TEST(Pid, NumbersAscend)
{
    auto space = std::make_unique<Space>();
    std::vector<pid *> pids;

    for (int i = 1; i <= 200; i++) {
        pids.push_back(space->Alloc());
        EXPECT_EQ(i, pid_nr(pids.back(), &space->ns));
    }
    EXPECT_EQ(200u, pid_count(&space->ns));
    for (pid *p : pids)
        Space::Free(p);
    EXPECT_EQ(0u, pid_count(&space->ns));
}

TEST(Pid, FreedNumbersComeBackAfterTheOthers)
{
    auto space = std::make_unique<Space>();

    for (int i = 1; i < PID_MAX; i++) {
        pid *p = space->Alloc();

        EXPECT_EQ(i, pid_nr(p, &space->ns));
        Space::Free(p);
    }
    pid *p = space->Alloc();
    EXPECT_EQ(PID_RESERVED, pid_nr(p, &space->ns));
    Space::Free(p);
}

TEST(Pid, NoneFreeIsEagain)
{
    auto space = std::make_unique<Space>();
    std::vector<pid *> pids;
    pid *p = nullptr;

    for (int i = 1; i < PID_MAX; i++)
        pids.push_back(space->Alloc());
    EXPECT_EQ(-EAGAIN, pid_alloc(&space->ns, 0, &p));
    Space::Free(pids[20000]);
    p = space->Alloc();
    EXPECT_EQ(20001, pid_nr(p, &space->ns));
    pids[20000] = p;
    Space::Free(pids[5]);
    EXPECT_EQ(-EAGAIN, pid_alloc(&space->ns, 0, &p)) << "reserved";
    pids[5] = space->Alloc(6);
    for (pid *each : pids)
        Space::Free(each);
}

TEST(Pid, WantedNumbers)
{
    auto space = std::make_unique<Space>();
    pid *p = space->Alloc(), *other = nullptr;

    EXPECT_EQ(-EEXIST, pid_alloc(&space->ns, 1, &other));
    EXPECT_EQ(-EINVAL, pid_alloc(&space->ns, -1, &other));
    EXPECT_EQ(-EINVAL, pid_alloc(&space->ns, PID_MAX, &other));
    other = space->Alloc(PID_MAX - 1);
    EXPECT_EQ(PID_MAX - 1, pid_nr(other, &space->ns));
    Space::Free(other);
    other = space->Alloc();
    EXPECT_EQ(2, pid_nr(other, &space->ns)) << "the cursor did not move";
    Space::Free(other);
    Space::Free(p);
}

TEST(Pid, FindTakesAReference)
{
    auto space = std::make_unique<Space>();
    pid *p = space->Alloc();
    pid *found = pid_find(&space->ns, 1);

    EXPECT_EQ(p, found);
    Space::Free(p);
    EXPECT_EQ(nullptr, pid_find(&space->ns, 1));
    EXPECT_EQ(1, pid_nr(found, &space->ns)) << "it keeps its number";
    pid_put(found);
    EXPECT_EQ(nullptr, pid_find(&space->ns, 0));
    EXPECT_EQ(nullptr, pid_find(&space->ns, -1));
    EXPECT_EQ(nullptr, pid_find(&space->ns, PID_MAX));
    EXPECT_EQ(0, pid_nr(nullptr, &space->ns));
}

TEST(Pid, NumbersInEveryLevel)
{
    auto outer = std::make_unique<Space>(), inner = std::make_unique<Space>();

    inner->ns.level = 1;
    inner->ns.parent = &outer->ns;
    pid *first = outer->Alloc(), *second = inner->Alloc();
    EXPECT_EQ(1, pid_nr(second, &inner->ns));
    EXPECT_EQ(2, pid_nr(second, &outer->ns));
    EXPECT_EQ(0, pid_nr(first, &inner->ns));
    pid *found = pid_find(&outer->ns, 2);
    EXPECT_EQ(second, found);
    pid_put(found);
    Space::Free(second);
    EXPECT_EQ(0u, pid_count(&inner->ns));
    EXPECT_EQ(1u, pid_count(&outer->ns));
    Space::Free(first);
}

TEST(Pid, UnusedWhenNobodyBearsIt)
{
    auto space = std::make_unique<Space>();
    pid *p = space->Alloc();
    list node;

    list_init(&node);
    EXPECT_TRUE(pid_is_unused(p));
    for (auto &members : p->members) {
        list_push_back(&members, &node);
        EXPECT_FALSE(pid_is_unused(p));
        list_remove(&node);
    }
    EXPECT_TRUE(pid_is_unused(p));
    Space::Free(p);
}

TEST(Pid, NoMemory)
{
    auto space = std::make_unique<Space>();

    EXPECT_LE(1u, harness::sweep_allocations([&] {
                  pid *p = nullptr;
                  int error = pid_alloc(&space->ns, 0, &p);
                  if (error == 0)
                      Space::Free(p);
                  return error;
              }));
    EXPECT_EQ(0u, pid_count(&space->ns));
}

// Against a map.
TEST(Pid, Walk)
{
    auto space = std::make_unique<Space>();
    std::map<int, pid *> model;
    harness::Random random(1);

    for (uint64_t step = harness::steps(20000); step > 0; step--) {
        int number = static_cast<int>(random.below(PID_MAX));
        auto at = model.lower_bound(number);

        if (random.below(2) == 0 || at == model.end()) {
            pid *p = nullptr;
            int wanted = random.below(4) == 0 && number > 0 ? number : 0;
            int error = pid_alloc(&space->ns, wanted, &p);

            ASSERT_EQ(wanted != 0 && model.count(wanted) != 0 ? -EEXIST : 0,
                      error);
            if (error == 0) {
                ASSERT_EQ(0u, model.count(pid_nr(p, &space->ns)));
                model[pid_nr(p, &space->ns)] = p;
            }
        } else {
            Space::Free(at->second);
            model.erase(at);
        }
        ASSERT_EQ(model.size(), pid_count(&space->ns));
        pid *found = pid_find(&space->ns, number);
        ASSERT_EQ(model.count(number) != 0 ? model[number] : nullptr, found);
        if (found != nullptr)
            pid_put(found);
    }
    for (auto &each : model)
        Space::Free(each.second);
}

} // namespace
