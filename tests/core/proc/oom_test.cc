// SPDX-License-Identifier: Apache-2.0
//
// tests/core/proc/oom_test.cc - core/proc/oom.h: page faults of processes while
// the test has all other frames. Run with one CPU and with four.
#include "core/abi/mman.h"
#include "core/mem/page.h"
#include "core/vm/aspace.h"
#include "hal/mmu.h"
#include "tests/core/proc/user_fixture.h"

namespace {

constexpr uaddr_t kAt = 0x20000000;
constexpr uint64_t kMost = 2000; // pages that a process may touch

class OomTest : public UserTest {
protected:
    // Everything that a user's page may be made of.
    class Hoard {
    public:
        Hoard()
        {
            while (struct page *page =
                       page_alloc(0, MEM_NOWAIT | MEM_USER, nullptr))
                pages_.push_back(page);
            EXPECT_LT(100u, pages_.size());
        }
        ~Hoard() { Free(pages_.size()); }
        void Free(size_t count)
        {
            for (; count > 0; count--) {
                page_put(pages_.back());
                pages_.pop_back();
            }
        }

    private:
        std::vector<struct page *> pages_;
    };

    // Memory that a process may touch.
    static void MapMost(struct aspace *as)
    {
        struct map_request request = {kAt,
                                      kMost * PAGE_SIZE,
                                      LX_PROT_READ | LX_PROT_WRITE,
                                      LX_MAP_PRIVATE | LX_MAP_ANONYMOUS |
                                          LX_MAP_FIXED,
                                      nullptr,
                                      0,
                                      0};
        uaddr_t out;

        EXPECT_EQ(0, aspace_map(as, &request, &out));
    }
    // A process gets memory of its own, some of it touched.
    static void Settle(Member &member, uint64_t pages)
    {
        member.Do([&] {
            struct process *process = task_current()->process;
            struct aspace *as = process->as;

            if (as == nullptr) {
                EXPECT_EQ(0, aspace_create(nullptr, &as));
                EXPECT_EQ(nullptr, process_swap_aspace(process, as));
            }
            MapMost(as);
            for (uint64_t i = 0; i < pages; i++)
                EXPECT_EQ(0, Touch(i));
        });
    }
    // A fault of the running member's.
    static int Touch(uint64_t page)
    {
        return aspace_fault(task_current()->process->as, kAt + page * PAGE_SIZE,
                            HAL_WRITE);
    }
    static int TouchBy(Member &member, uint64_t page)
    {
        int error = 1;

        member.Do([&] { error = Touch(page); });
        return error;
    }
    int StatusOf(Member &member) { return StatusOf(member.number()); }
    int StatusOf(int number)
    {
        struct wait_result result = {};

        EXPECT_EQ(1, Wait(&result, LX_WEXITED, WAIT_PID, number));
        return result.word;
    }
    // A process that shares maker's memory, of two threads; maker waits for it
    // when it is vfork(2)'s.
    struct Sharer {
        std::unique_ptr<Born> leader, thread;
    };
    Sharer MakeSharer(Member &maker, uint64_t flags)
    {
        int leader = 0, thread = 0;
        bool is_there = false;
        Sharer sharer;

        body_ = [&] {
            body_ = nullptr;
            leader = task_number(task_current());
            thread = Clone(
                Request(LX_CLONE_THREAD | LX_CLONE_SIGHAND | LX_CLONE_VM));
            kthread::Store(is_there, true);
        };
        auto make = [=] { EXPECT_LT(0, Clone(Request(flags))); };
        if ((flags & LX_CLONE_VFORK) != 0)
            maker.Begin(make);
        else
            maker.Do(make);
        Await([&] { return kthread::Load(is_there); });
        AwaitAll();
        sharer.leader = std::make_unique<Born>(leader);
        sharer.thread = std::make_unique<Born>(thread);
        return sharer;
    }
};

TEST_F(OomTest, TheLargestHasToGo)
{
    Member small(init()), large(init()), middle(init());

    Settle(small, 10);
    Settle(large, 300);
    Settle(middle, 200);
    Hoard hoard;
    EXPECT_EQ(0, TouchBy(small, 500));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(large));
    EXPECT_FALSE(middle.has_ended());
    EXPECT_FALSE(small.has_ended());
    // There is room for many more now; when it is gone, it is the next one's
    // turn.
    for (uint64_t i = 0; i < 50; i++)
        EXPECT_EQ(0, TouchBy(small, 600 + i));
    EXPECT_FALSE(middle.has_ended());
    Hoard rest;
    EXPECT_EQ(0, TouchBy(small, 700));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(middle));
    EXPECT_FALSE(small.has_ended());
}

// Threads, processes of CLONE_VM, the child of vfork(2) and who waits for it;
// but no process that fork(2) made.
TEST_F(OomTest, AllThatShareTheMemory)
{
    Member small(init()), large(init());
    int copy;

    Settle(small, 10);
    Equip(large);
    copy = CloneBy(large, Request(0));
    Settle(large, 300);
    Sharer process = MakeSharer(large, LX_CLONE_VM);
    Sharer vforked = MakeSharer(large, LX_CLONE_VM | LX_CLONE_VFORK);
    Born stays(copy);
    EXPECT_EQ(large.process()->as, process.leader->process()->as);
    EXPECT_EQ(large.process()->as, vforked.thread->process()->as);
    {
        Hoard hoard;

        EXPECT_EQ(0, TouchBy(small, 500));
        for (auto *one : {&process, &vforked}) {
            one->leader->Join();
            one->thread->Join();
        }
        // There is room for many more.
        for (uint64_t i = 0; i < 50; i++)
            EXPECT_EQ(0, TouchBy(small, 600 + i));
    }
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(large));
    for (auto *one : {&process, &vforked}) { // init's children now
        EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(one->leader->number()));
        EXPECT_TRUE(one->leader->has_ended());
        EXPECT_TRUE(one->thread->has_ended());
    }
    EXPECT_FALSE(stays.has_ended());
    EXPECT_FALSE(small.has_ended());
}

// Whoever of them is found: here the first has given the memory up.
TEST_F(OomTest, SharersOfWhatTheMakerLeft)
{
    Member small(init()), large(init());

    Settle(small, 10);
    Equip(large);
    Settle(large, 300);
    Sharer first = MakeSharer(large, LX_CLONE_VM);
    Sharer second = MakeSharer(large, LX_CLONE_VM);
    large.End();
    EXPECT_EQ(LX_W_EXITED(0), StatusOf(large));
    {
        Hoard hoard;

        EXPECT_EQ(0, TouchBy(small, 500));
    }
    for (auto *one : {&first, &second})
        EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(one->leader->number()));
    EXPECT_FALSE(small.has_ended());
}

// Its own fault is given up.
TEST_F(OomTest, WhoNeedsItMayBeTheLargest)
{
    Member large(init());

    Settle(large, 300);
    Hoard hoard;
    EXPECT_EQ(-EINTR, TouchBy(large, 500));
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(large));
}

TEST_F(OomTest, NeverInit)
{
    Member small(init()), sharer(init());
    struct aspace *as = nullptr;

    ASSERT_EQ(0, aspace_create(nullptr, &as));
    MapMost(as);
    EXPECT_EQ(nullptr, process_swap_aspace(init()->process, as));
    for (uint64_t i = 0; i < 300; i++)
        EXPECT_EQ(0, Touch(i));
    aspace_get(as);
    sharer.Do([&] {
        EXPECT_EQ(nullptr, process_swap_aspace(task_current()->process, as));
    });
    Settle(small, 10);
    {
        Hoard hoard;

        EXPECT_EQ(-EINTR, TouchBy(small, 500));
        EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(small));
    }
    EXPECT_FALSE(sharer.has_ended());
    EXPECT_EQ(as, process_swap_aspace(init()->process, nullptr));
    aspace_put(as);
}

// Memory that comes back otherwise is as good.
TEST_F(OomTest, NobodyGoesWhereThereIsMemory)
{
    Member one(init()), other(init());

    Settle(one, 10);
    Settle(other, 300);
    {
        Hoard hoard;

        hoard.Free(50);
        for (uint64_t i = 0; i < 30; i++)
            EXPECT_EQ(0, TouchBy(one, 500 + i));
    }
    EXPECT_EQ(0, TouchBy(one, 700));
    EXPECT_FALSE(one.has_ended());
    EXPECT_FALSE(other.has_ended());
}

// Many run out at once: there is one victim, and all others get their memory.
TEST_F(OomTest, OneVictimAtATime)
{
    constexpr unsigned kCount = 4;
    std::unique_ptr<Member> small[kCount];
    Member large(init());
    int errors[kCount];

    for (auto &one : small) {
        one = std::make_unique<Member>(init());
        Settle(*one, 10);
    }
    Settle(large, 400);
    {
        Hoard hoard;
        std::unique_ptr<kthread::Kthread> callers[kCount];

        for (unsigned n = 0; n < kCount; n++)
            callers[n] = std::make_unique<kthread::Kthread>(
                [&, n] { errors[n] = TouchBy(*small[n], 500); });
    }
    for (unsigned n = 0; n < kCount; n++) {
        EXPECT_EQ(0, errors[n]);
        EXPECT_FALSE(small[n]->has_ended());
    }
    EXPECT_EQ(LX_W_SIGNALED(LX_SIGKILL), StatusOf(large));
}

} // namespace
