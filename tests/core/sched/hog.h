// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/hog.h - threads that work, and their classes.
#ifndef TESTS_CORE_SCHED_HOG_H
#define TESTS_CORE_SCHED_HOG_H

#include "core/sync/percpu.h"
#include "hal/irq.h"
#include "tests/core/sched/kthread.h"

namespace kthread {

constexpr uint64_t kLongNs = 20000 * kMs; // what never takes so long

inline uint64_t bit(unsigned cpu)
{
    return UINT64_C(1) << cpu;
}

// The CPU that a test gives to its threads: not its own when there are more.
inline unsigned LastCpu()
{
    return hal_cpu_count() - 1;
}

inline int SetClass(struct thread *thread, enum thread_policy policy,
                    unsigned priority, int nice = 0)
{
    struct thread_params params = {policy, nice, priority};

    return thread_set_params(thread, &params);
}

// The running thread is above all others of its CPU.
class Above {
public:
    Above() { EXPECT_EQ(0, SetClass(thread_current(), THREAD_FIFO, 99)); }
    ~Above() { EXPECT_EQ(0, SetClass(thread_current(), THREAD_NORMAL, 0)); }
};

inline unsigned Here()
{
    unsigned saved = hal_irq_save(), cpu = hal_cpu_self();

    hal_irq_restore(saved);
    return cpu;
}

// Takes all the time it gets, as user code does.
inline void Work()
{
    cpu_pin();
    hal_cpu_relax();
    cpu_unpin();
}

// A thread that works until it is told to stop.
class Hog {
public:
    explicit Hog(uint64_t affinity)
        : thread_(
              [this] {
                  while (!Load(stop_)) {
                      __atomic_store_n(&cpu_, Here(), __ATOMIC_RELAXED);
                      __atomic_fetch_add(&turns_, 1, __ATOMIC_RELAXED);
                      Work();
                  }
              },
              affinity)
    {
    }
    ~Hog() { Stop(); }
    void Stop() { Store(stop_, true); } // does not wait for it
    struct thread *thread() { return thread_.thread(); }
    uint64_t ran() { return thread_run_ns(thread()); }
    uint64_t turns() { return __atomic_load_n(&turns_, __ATOMIC_RELAXED); }
    unsigned cpu() { return __atomic_load_n(&cpu_, __ATOMIC_RELAXED); }

private:
    bool stop_ = false;
    uint64_t turns_ = 0;
    unsigned cpu_ = HAL_CPUS_MAX;
    Kthread thread_;
};

} // namespace kthread

#endif // TESTS_CORE_SCHED_HOG_H
