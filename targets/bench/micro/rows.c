/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/rows.c - the table of rows. The names are those of the
 * reference, targets/bench/linux_6_1_tuned.tsv.
 */
#include "targets/bench/micro/micro.h"

const struct micro_row micro_rows[] = {
    {"ctl_user_loop", "1k", micro_run_loop, 5000, 1, 0},
    {"sys_getppid", "op", micro_run_call, 50000, 1, 0},
    {"clock_gettime", "op", micro_run_clock, 50000, 1, MICRO_CLOCK_LIBRARY},
    {"clock_gettime_syscall", "op", micro_run_clock, 30000, 1,
     MICRO_CLOCK_CALL},
    {"sig_install", "op", micro_run_signal, 20000, 1, MICRO_SIGNAL_INSTALL},
    {"sig_deliver", "op", micro_run_signal, 5000, 1, MICRO_SIGNAL_DELIVER},
    {"sig_segv", "op", micro_run_signal, 5000, 1, MICRO_SIGNAL_FAULT},
    {"fork_exit", "op", micro_run_fork, 150, 1, 0},
    {"fork_exit_16M", "op", micro_run_fork, 30, 1, 16 * MICRO_MIB},
    {"thread_create_join", "op", micro_run_thread, 400, 1, 0},
    {"futex_wake_none", "op", micro_run_futex, 30000, 1, MICRO_FUTEX_WAKE_NONE},
    {"futex_pingpong", "rt", micro_run_futex, 3000, 1, MICRO_FUTEX_PING_PONG},
    {"pf_anon_4k", "page", micro_run_touch, 30, 256, MICRO_MIB},
    {"touch_anon_16M_default", "MiB", micro_run_touch, 4, 16, 16 * MICRO_MIB},
    {"mmap_munmap_64k", "op", micro_run_memory, 5000, 1, MICRO_MAP_UNMAP},
    {"munmap_1M_touched", "page", micro_run_memory, 30, 256,
     MICRO_UNMAP_TOUCHED},
    {"brk_grow_touch_shrink", "op", micro_run_memory, 3000, 1, MICRO_BRK},
    {"mprotect_toggle", "pair", micro_run_memory, 3000, 1, MICRO_PROTECT},
    {"madv_dontneed_retouch", "op", micro_run_memory, 5000, 1, MICRO_DONTNEED},
    {"par2_getppid", "op", micro_run_parallel, 20000, 2, MICRO_TWO_GETPPID},
    {"par2_pf_procs", "page", micro_run_parallel, 40, 128,
     MICRO_TWO_TOUCH_PROCESSES},
    {"par2_pf_threads", "page", micro_run_parallel, 40, 128,
     MICRO_TWO_TOUCH_THREADS},
    {"par2_fork_exit", "op", micro_run_parallel, 50, 2, MICRO_TWO_FORK},
};

const unsigned micro_row_count = sizeof(micro_rows) / sizeof(micro_rows[0]);
