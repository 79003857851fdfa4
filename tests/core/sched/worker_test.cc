// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/worker_test.cc - core/sched/worker.h. Run with one CPU and
// with four.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "core/sched/mutex.h"
#include "core/sched/timer.h"
#include "core/sched/worker.h"
#include "core/sync/percpu.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

using kthread::kMs;
using kthread::Kthread;
using kthread::Load;
using kthread::Sleep;
using kthread::Store;

namespace {

struct Job {
    struct work work;
    std::vector<int> *order = nullptr;
    int name = 0;
    unsigned runs = 0;
    unsigned cpu = HAL_CPUS_MAX;
    bool by_worker = false;

    explicit Job(std::vector<int> *o = nullptr, int n = 0) : order(o), name(n)
    {
        work_init(&work, Run);
    }
    static void Run(struct work *work)
    {
        Job *self = container_of(work, Job, work);

        cpu_pin();
        self->cpu = cpu_this()->number;
        cpu_unpin();
        self->by_worker = worker_is_current();
        if (self->order != nullptr)
            self->order->push_back(self->name);
        self->runs++;
    }
};

} // namespace

TEST(Worker, RunsOnTheCpuItIsGivenInOrder)
{
    for (unsigned cpu = 0; cpu < hal_cpu_count(); cpu++) {
        std::vector<int> order;
        Job a(&order, 1), b(&order, 2), c(&order, 3);

        for (Job *job : {&a, &b, &c})
            EXPECT_TRUE(worker_queue(cpu, &job->work));
        worker_flush(cpu);
        EXPECT_EQ((std::vector<int>{1, 2, 3}), order);
        EXPECT_EQ(cpu, b.cpu);
        EXPECT_TRUE(b.by_worker);
    }
    EXPECT_FALSE(worker_is_current());
}

TEST(Worker, FlushOfNothingReturns)
{
    worker_flush(0);
}

TEST(Worker, QueuedTwiceRunsOnce)
{
    Job job;

    cpu_pin(); // the worker of this CPU cannot begin
    EXPECT_TRUE(worker_queue(cpu_this()->number, &job.work));
    EXPECT_FALSE(worker_queue(cpu_this()->number, &job.work));
    cpu_unpin();
    worker_flush(0);
    EXPECT_EQ(1u, job.runs);
    EXPECT_TRUE(worker_queue(0, &job.work));
    worker_flush(0);
    EXPECT_EQ(2u, job.runs);
}

TEST(Worker, FromAnInterrupt)
{
    struct timer timer;
    Job job;

    timer_init(
        &timer,
        [](void *arg) {
            (void)worker_queue(0, &static_cast<Job *>(arg)->work);
        },
        &job);
    timer_arm(&timer, 0);
    Sleep(kMs);
    (void)timer_cancel(&timer);
    worker_flush(0);
    EXPECT_EQ(1u, job.runs);
}

namespace {

struct Again {
    struct work work;
    int left;

    static void Run(struct work *work)
    {
        Again *self = container_of(work, Again, work);

        if (--self->left > 0) {
            EXPECT_TRUE(worker_queue(0, work));
        }
    }
};

} // namespace

TEST(Worker, WorkMayQueueItselfAgain)
{
    Again again = {{}, 3};

    work_init(&again.work, Again::Run);
    EXPECT_TRUE(worker_queue(0, &again.work));
    for (int i = 0; i < 3; i++)
        worker_flush(0);
    EXPECT_EQ(0, again.left);
}

// All CPUs queue for all: nothing is lost, nothing runs twice.
TEST(Worker, StormFromAllCpus)
{
    unsigned cpus = hal_cpu_count();
    uint64_t rounds = harness::steps(200);
    uint64_t queued = 0, ran = 0;

    {
        std::vector<std::unique_ptr<Kthread>> threads;

        for (unsigned n = 0; n < cpus; n++)
            threads.push_back(std::make_unique<Kthread>(
                [&, n] {
                    for (uint64_t i = 0; i < rounds; i++) {
                        Job job;
                        unsigned cpu = static_cast<unsigned>((n + i) % cpus);

                        if (worker_queue(cpu, &job.work))
                            __atomic_add_fetch(&queued, 1, __ATOMIC_RELAXED);
                        worker_flush(cpu);
                        __atomic_add_fetch(&ran, job.runs, __ATOMIC_RELAXED);
                    }
                },
                UINT64_C(1) << n));
    }
    EXPECT_EQ(cpus * rounds, queued);
    EXPECT_EQ(queued, ran);
}

CHILD(WorkerFlushItself)
{
    static struct work work;

    work_init(&work, [](struct work *) { worker_flush(0); });
    (void)worker_queue(0, &work);
    worker_flush(0);
}

CHILD(WorkerCpuTooLarge)
{
    worker_flush(HAL_CPUS_MAX);
}

TEST(Worker, MisusePanics)
{
    EXPECT_PANIC(WorkerFlushItself, "worker_is_current");
    EXPECT_PANIC(WorkerCpuTooLarge, "cpu < HAL_CPUS_MAX");
}

#if CHECKED
CHILD(WorkerKeepsALock)
{
    static const struct lock_class kept_class = {"kept", LOCK_RANK_INODE};
    static struct mutex kept;
    static struct work work;

    mutex_init(&kept, &kept_class);
    work_init(&work, [](struct work *) { mutex_lock(&kept); });
    (void)worker_queue(0, &work);
    worker_flush(0);
}

TEST(Worker, CheckedBuildsFindALockThatIsKept)
{
    EXPECT_PANIC(WorkerKeepsALock, "lock kept: held at the end of its work");
}
#endif
