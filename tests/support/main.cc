// SPDX-License-Identifier: Apache-2.0
//
// tests/support/main.cc - main() of every unit test program: starts the hosted
// machine, sets up core in it, and runs the tests in a kernel thread.
#include <cstdlib>

#include <gtest/gtest.h>

#include "core/base/log.h"
#include "core/base/random.h"
#include "core/fs/root.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/proc/process.h"
#include "core/sched/cpus.h"
#include "core/sched/thread.h"
#include "core/sync/percpu.h"
#include "core/vm/aspace.h"
#include "hal/hosted/host_machine.h"
#include "hal/irq.h"
#include "hal/platform.h"
#include "hal/upcall.h"
#include "tests/support/child.h"
#include "tests/support/leak.h"

enum { MEMORY = 64 << 20, STACK = 1 << 20, STATUS_NO_START = 125 };

static void run_tests(void *)
{
    const char *child = getenv(harness::kChildVariable);

    cpus_start();
    // GoogleTest keeps state per host thread, which is a CPU here.
    if (thread_set_affinity(thread_current(), 1) != 0)
        hal_power_off(STATUS_NO_START);
    if (child != nullptr)
        hal_power_off(harness::call_child(child));
    hal_power_off(RUN_ALL_TESTS());
}

extern "C" void core_main(void)
{
    struct thread *thread;

    cpu_init_local(0);
    if (page_init() != 0)
        hal_power_off(STATUS_NO_START);
    cache_init_all();
    (void)random_init();
    if (aspace_init_all() != 0)
        hal_power_off(STATUS_NO_START);
    fs_init_all();
    process_init_all();
    sched_init();
    hal_irq_enable();
    if (thread_create("test", run_tests, nullptr, &thread) != 0)
        hal_power_off(STATUS_NO_START);
    thread_start(thread);
    thread_put(thread);
    sched_run();
}

int main(int argc, char **argv)
{
    // The machine makes an initrd of init's arguments.
    static char init[] = "/test";
    static char *const arguments[] = {init, nullptr};
    const char *cpus = getenv(harness::kCpusVariable);
    struct host_options options = {};

    testing::InitGoogleTest(&argc, argv);
    testing::UnitTest::GetInstance()->listeners().Append(
        new harness::LeakListener);
    options.cpus = cpus != nullptr ? static_cast<unsigned>(atoi(cpus)) : 1;
    options.memory = MEMORY;
    options.stack_size = STACK;
    options.init = arguments;
    return host_machine_run(&options);
}
