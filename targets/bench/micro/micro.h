/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/micro.h - guest program: an init that measures what
 * calls cost, row by row, for any kernel with Linux's system calls.
 *
 * Every row runs a body with a fixed number of rounds in a child of its own.
 * The body lies between marks, instructions without effect that the counting
 * plugin of QEMU (targets/bench/count.c) knows. With -icount shift=0 a TSC tick
 * is an instruction.
 *
 * On standard output, fields parted by tabs: "KBS index name" before a row,
 * "KB name unit ticks-per-operation operations" when it is done, "KBF name
 * reason" when it failed, "KBE text" for an error, "KBDONE" at the end.
 *
 * One thread per process but where a row says otherwise; no locking.
 */
#ifndef TARGETS_BENCH_MICRO_MICRO_H
#define TARGETS_BENCH_MICRO_MICRO_H

#include <stddef.h>
#include <stdint.h>

enum { MICRO_PAGE = 4096, MICRO_MIB = 1 << 20 };

/* A directory of a tmpfs, empty at the start. */
#define MICRO_TMP "/tmp/kb"

/* Does a row's work so many times. Returns the ticks of the parts it timed
 * itself (part_start(), part_end()), 0: all of it counts. */
typedef uint64_t micro_body(uint64_t rounds, void *arg);

struct micro_row {
    const char *name;
    const char *unit; /* of one operation */
    void (*run)(const struct micro_row *row);
    uint64_t rounds;     /* measured; a tenth of them warms up */
    uint64_t operations; /* in a round */
    long parameter;      /* of run */
};

extern const struct micro_row micro_rows[];
extern const unsigned micro_row_count;

/* Prints the error, errno included, and ends this process. */
__attribute__((noreturn, format(printf, 1, 2))) void micro_die(const char *how,
                                                               ...);

/* Warms up, measures and prints the row. */
void micro_measure(const struct micro_row *row, micro_body *body, void *arg);

/* Brackets what counts of a body; the second returns the ticks between. */
uint64_t micro_part_start(void);
uint64_t micro_part_end(uint64_t start);

/* Anonymous private memory without huge pages; never NULL. */
char *micro_map(size_t size);

/* The rows of the table in rows.c. */
void micro_run_call(const struct micro_row *row);
void micro_run_loop(const struct micro_row *row);
void micro_run_clock(const struct micro_row *row);
void micro_run_signal(const struct micro_row *row);
void micro_run_fork(const struct micro_row *row);
void micro_run_thread(const struct micro_row *row);
void micro_run_futex(const struct micro_row *row);
void micro_run_touch(const struct micro_row *row);
void micro_run_memory(const struct micro_row *row);
void micro_run_parallel(const struct micro_row *row);
void micro_run_exec(const struct micro_row *row);
void micro_run_read(const struct micro_row *row);
void micro_run_write(const struct micro_row *row);
void micro_run_stat(const struct micro_row *row);
void micro_run_open(const struct micro_row *row);
void micro_run_files(const struct micro_row *row);
void micro_run_names(const struct micro_row *row);
void micro_run_content(const struct micro_row *row);
void micro_run_list(const struct micro_row *row);
void micro_run_select(const struct micro_row *row);
void micro_run_poll(const struct micro_row *row);
void micro_run_epoll(const struct micro_row *row);
void micro_run_bells(const struct micro_row *row);
void micro_run_pipe_close(const struct micro_row *row);
void micro_run_pipe_latency(const struct micro_row *row);
void micro_run_pipe_flow(const struct micro_row *row);
void micro_run_ring(const struct micro_row *row);

/* Bodies that rows share; arg of the second is a size in bytes, as a pointer
 * to it. */
micro_body micro_body_getppid;
micro_body micro_body_touch_small;
micro_body micro_body_fork;

/* What micro_run_* do of their kind: `parameter`. */
enum { MICRO_CLOCK_LIBRARY, MICRO_CLOCK_CALL };
enum { MICRO_SIGNAL_INSTALL, MICRO_SIGNAL_DELIVER, MICRO_SIGNAL_FAULT };
enum { MICRO_FUTEX_WAKE_NONE, MICRO_FUTEX_PING_PONG };
enum {
    MICRO_MAP_UNMAP,
    MICRO_UNMAP_TOUCHED,
    MICRO_BRK,
    MICRO_PROTECT,
    MICRO_DONTNEED
};
enum {
    MICRO_TWO_GETPPID,
    MICRO_TWO_TOUCH_PROCESSES,
    MICRO_TWO_TOUCH_THREADS,
    MICRO_TWO_FORK
};
enum { MICRO_EXEC_NOTHING, MICRO_EXEC_SHELL, MICRO_SPAWN };
enum { MICRO_STAT, MICRO_STAT_DEEP, MICRO_STAT_NOTHING, MICRO_FSTAT };
enum { MICRO_MKDIR, MICRO_RENAME };
enum { MICRO_FILL, MICRO_READ_ALL, MICRO_READ_PAGE };
/* Beside the size of each file: removing them is what counts. */
enum { MICRO_REMOVAL = 1 << 30 };

#endif /* TARGETS_BENCH_MICRO_MICRO_H */
