// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sync/rcu_test.cc - core/sync/rcu.h, with the scheduler below it.
// Run with one CPU and with four.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/mem/cache.h"
#include "core/sched/mutex.h"
#include "core/sched/timer.h"
#include "core/sync/percpu.h"
#include "core/sync/rcu.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Sleep;
using kthread::Store;

namespace {

struct Call {
    struct rcu_head head;
    std::vector<int> *order;
    int name;
    bool called;
};

void note_call(struct rcu_head *head)
{
    Call *call = container_of(head, Call, head);

    if (call->order != nullptr)
        call->order->push_back(call->name);
    Store(call->called, true);
}

bool has_cpus(unsigned count)
{
    return hal_cpu_count() >= count;
}

uint64_t bit(unsigned cpu)
{
    return UINT64_C(1) << cpu;
}

} // namespace

TEST(Rcu, ReadSectionsNestAndPin)
{
    EXPECT_FALSE(cpu_is_atomic());
    rcu_read_lock();
    rcu_read_lock();
    EXPECT_TRUE(cpu_is_atomic());
    EXPECT_TRUE(rcu_is_reading());
    rcu_read_unlock();
    EXPECT_TRUE(cpu_is_atomic());
    rcu_read_unlock();
    EXPECT_FALSE(cpu_is_atomic());
    EXPECT_EQ(!CHECKED, rcu_is_reading());
}

TEST(Rcu, WaitReturns)
{
    for (int i = 0; i < 10; i++)
        rcu_wait();
}

TEST(Rcu, CallsComeInOrderAndBeforeTheBarrierEnds)
{
    std::vector<int> order;
    std::vector<Call> calls(3 * RCU_BATCH);

    for (size_t i = 0; i < calls.size(); i++) {
        calls[i] = {{}, &order, static_cast<int>(i), false};
        rcu_call(&calls[i].head, note_call);
    }
    rcu_barrier();
    ASSERT_EQ(calls.size(), order.size());
    for (size_t i = 0; i < calls.size(); i++)
        ASSERT_EQ(static_cast<int>(i), order[i]);
    EXPECT_EQ(0u, rcu_backlog());
}

// Nobody waits for more than RCU_DELAY_NS, give or take a busy host.
TEST(Rcu, OneCallComesByItself)
{
    Call call = {{}, nullptr, 0, false};
    uint64_t start = hal_clock_now();

    rcu_call(&call.head, note_call);
    while (!Load(call.called) && hal_clock_now() < start + 5000 * kMs)
        Sleep(kMs);
    EXPECT_TRUE(Load(call.called));
    rcu_barrier();
}

TEST(Rcu, CallsFromAnInterruptAndUnderALock)
{
    static const struct lock_class a_class = {"a", LOCK_RANK_RUNQ};
    struct spinlock lock;
    struct timer timer;
    Call from_interrupt = {{}, nullptr, 0, false};
    Call from_lock = {{}, nullptr, 0, false};
    unsigned saved;

    spin_init(&lock, &a_class);
    saved = spin_lock_irq(&lock);
    rcu_call(&from_lock.head, note_call);
    spin_unlock_irq(&lock, saved);
    timer_init(
        &timer,
        [](void *arg) { rcu_call(&static_cast<Call *>(arg)->head, note_call); },
        &from_interrupt);
    timer_arm(&timer, 0);
    Sleep(kMs);
    (void)timer_cancel(&timer);
    rcu_barrier();
    EXPECT_TRUE(Load(from_interrupt.called));
    EXPECT_TRUE(Load(from_lock.called));
}

// A callback may add calls, also when there are too many already.
TEST(Rcu, TheBacklogIsBoundedForWhoMaySleep)
{
    std::vector<Call> calls(4 * RCU_BACKLOG_MAX);
    uint64_t most = 0;

    for (Call &call : calls) {
        call = {{}, nullptr, 0, false};
        rcu_call(&call.head, note_call);
        most = std::max(most, rcu_backlog());
    }
    EXPECT_LE(most, static_cast<uint64_t>(RCU_BACKLOG_MAX) + RCU_BATCH);
    rcu_barrier();
    for (Call &call : calls)
        ASSERT_TRUE(call.called);
}

namespace {

struct Chain {
    struct rcu_head head;
    int left;
    bool ended;
};

void go_on(struct rcu_head *head)
{
    Chain *chain = container_of(head, Chain, head);

    if (--chain->left > 0)
        rcu_call(head, go_on);
    else
        Store(chain->ended, true);
}

} // namespace

TEST(Rcu, ACallbackMayCallAgain)
{
    Chain chain = {{}, 3, false};

    rcu_call(&chain.head, go_on);
    while (!Load(chain.ended))
        rcu_barrier();
}

// A reader on another CPU: the grace period lasts as long as it does.
TEST(Rcu, AReaderElsewhereHoldsUpAGracePeriod)
{
    bool reading = false, release = false, over = false;

    if (!has_cpus(3))
        GTEST_SKIP() << "needs three CPUs";
    Kthread reader(
        [&] {
            rcu_read_lock();
            Store(reading, true);
            while (!Load(release))
                hal_cpu_relax();
            EXPECT_FALSE(Load(over));
            rcu_read_unlock();
        },
        bit(1));
    while (!Load(reading))
        Sleep(kMs / 10);
    Kthread waiter(
        [&] {
            rcu_wait();
            Store(over, true);
        },
        bit(2));
    Sleep(20 * kMs);
    EXPECT_FALSE(Load(over));
    Store(release, true);
    waiter.Join();
    EXPECT_TRUE(Load(over));
}

// A thread that never sleeps, but reads nothing, holds nothing up.
TEST(Rcu, ABusyCpuIsKickedIntoAQuietMoment)
{
    bool stop = false;

    if (!has_cpus(2))
        GTEST_SKIP() << "needs two CPUs";
    Kthread busy(
        [&] {
            while (!Load(stop)) {
                cpu_pin();
                hal_cpu_relax();
                cpu_unpin();
            }
        },
        bit(1));
    Sleep(2 * kMs);
    for (int i = 0; i < 5; i++)
        rcu_wait();
    Store(stop, true);
}

namespace {

// A timer whose handler reads on CPU 1 until it is let go.
struct SlowInterrupt {
    struct timer timer;
    bool reading = false, release = false, ended = false;
    bool was_quiet_before = false;

    static void Fire(void *arg)
    {
        auto *self = static_cast<SlowInterrupt *>(arg);

        rcu_read_lock();
        Store(self->reading, true);
        while (!Load(self->release))
            hal_cpu_relax();
        Store(self->ended, true);
        rcu_read_unlock();
    }
    void ArmHere()
    {
        timer_init(&timer, Fire, this);
        timer_arm(&timer, hal_clock_now() + 10 * kMs);
    }
    // The handler reads; a wait that begins now ends after it.
    void ExpectToHoldUp()
    {
        bool over = false;

        while (!Load(reading))
            Sleep(kMs / 10);
        Kthread waiter(
            [&] {
                rcu_wait();
                EXPECT_TRUE(Load(ended));
                Store(over, true);
            },
            bit(2));
        Sleep(20 * kMs);
        EXPECT_FALSE(Load(over));
        Store(release, true);
    }
};

} // namespace

TEST(Rcu, AnInterruptThatReadsInIdleHoldsUpAGracePeriod)
{
    SlowInterrupt slow;

    if (!has_cpus(3))
        GTEST_SKIP() << "needs three CPUs";
    // The thread arms it on CPU 1 and ends, which leaves that CPU idle.
    Kthread([&] { slow.ArmHere(); }, bit(1)).Join();
    slow.ExpectToHoldUp();
}

// What the user loop does, with a loop of relaxing in place of user code.
TEST(Rcu, AnInterruptThatReadsInUserModeHoldsUpAGracePeriod)
{
    SlowInterrupt slow;

    if (!has_cpus(3))
        GTEST_SKIP() << "needs three CPUs";
    Kthread user(
        [&] {
            slow.ArmHere();
            hal_irq_disable();
            rcu_user_enter();
            hal_irq_enable();
            while (!Load(slow.ended))
                hal_cpu_relax();
            rcu_user_exit();
        },
        bit(1));
    slow.ExpectToHoldUp();
}

// In user mode without a tick, nothing is waited for.
TEST(Rcu, UserModeIsQuiet)
{
    bool inside = false, stop = false;

    if (!has_cpus(2))
        GTEST_SKIP() << "needs two CPUs";
    Kthread user(
        [&] {
            hal_irq_disable();
            rcu_user_enter();
            Store(inside, true);
            while (!Load(stop)) // interrupts stay off: no kick gets through
                hal_cpu_relax();
            rcu_user_exit();
            hal_irq_enable();
        },
        bit(1));
    while (!Load(inside))
        Sleep(kMs / 10);
    rcu_wait();
    rcu_wait();
    Store(stop, true);
}

namespace {

struct Node {
    struct rcu_head head;
    uint64_t a, b; // equal while it is alive
};

struct Shared {
    struct mem_cache cache;
    Node *node;
    bool stop;
};

Shared shared;

void free_node(struct rcu_head *head)
{
    Node *node = container_of(head, Node, head);

    node->a = UINT64_C(0xdead);
    mem_free(&shared.cache, node);
}

Node *make_node(uint64_t value)
{
    Node *node =
        static_cast<Node *>(mem_alloc(&shared.cache, MEM_WAIT, nullptr));

    if (node != nullptr)
        node->a = node->b = value;
    return node;
}

void read_on()
{
    while (!Load(shared.stop)) {
        rcu_read_lock();
        const Node *node = RCU_LOAD(shared.node);
        EXPECT_EQ(node->a, node->b);
        hal_cpu_relax();
        EXPECT_EQ(node->a, node->b);
        rcu_read_unlock();
        hal_cpu_relax();
    }
}

} // namespace

// Readers on all CPUs never see a node that was freed.
TEST(Rcu, ReadersNeverSeeAFreedNode)
{
    cache_init(&shared.cache, "rcu-node", sizeof(Node), 8);
    shared.stop = false;
    shared.node = make_node(0);
    {
        std::vector<std::unique_ptr<Kthread>> readers;

        for (unsigned i = 1; i < hal_cpu_count(); i++)
            readers.push_back(std::make_unique<Kthread>(read_on, bit(i)));
        for (uint64_t i = 1; i <= harness::steps(3000); i++) {
            Node *old = shared.node, *node = make_node(i);

            ASSERT_NE(nullptr, node);
            RCU_STORE(shared.node, node);
            if (i % 64 == 0) {
                rcu_wait();
                free_node(&old->head);
            } else {
                rcu_call(&old->head, free_node);
            }
        }
        Store(shared.stop, true);
    }
    rcu_barrier();
    mem_free(&shared.cache, shared.node);
    cache_fini(&shared.cache);
}

CHILD(RcuSleepInSection)
{
    rcu_read_lock();
    Sleep(kMs);
}

CHILD(RcuYieldInSection)
{
    rcu_read_lock();
    thread_yield();
}

CHILD(RcuWaitInSection)
{
    rcu_read_lock();
    rcu_wait();
}

CHILD(RcuMutexInSection)
{
    static const struct lock_class mutex_class = {"m", LOCK_RANK_INODE};
    struct mutex m;

    mutex_init(&m, &mutex_class);
    rcu_read_lock();
    mutex_lock(&m);
}

CHILD(RcuUserInSection)
{
    rcu_read_lock();
    hal_irq_disable();
    rcu_user_enter();
}

CHILD(RcuBarrierInCallback)
{
    static struct rcu_head head;

    rcu_call(&head, [](struct rcu_head *) { rcu_barrier(); });
    rcu_barrier();
}

TEST(Rcu, MisusePanics)
{
    EXPECT_PANIC(RcuSleepInSection, "cpu_is_atomic");
    EXPECT_PANIC(RcuYieldInSection, "pinned) == 1");
    EXPECT_PANIC(RcuWaitInSection, "cpu_is_atomic");
    EXPECT_PANIC(RcuMutexInSection,
                 CHECKED ? "in an atomic context" : "cpu_is_atomic");
    EXPECT_PANIC(RcuUserInSection, "pinned) == 0");
    EXPECT_PANIC(RcuBarrierInCallback, "is_worker");
}

#if CHECKED
CHILD(RcuUnlockTooMany)
{
    rcu_read_unlock();
}

CHILD(RcuReadInUserMode)
{
    hal_irq_disable();
    rcu_user_enter();
    rcu_read_lock();
}

TEST(Rcu, CheckedBuildsFindMisuse)
{
    EXPECT_PANIC(RcuUnlockTooMany, "reading) > 0");
    EXPECT_PANIC(RcuReadInUserMode, "rcu_count_is_quiet");
}
#endif
