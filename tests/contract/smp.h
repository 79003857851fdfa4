/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/smp.h - a thread on each CPU, for the suites about several.
 */
#ifndef TESTS_CONTRACT_SMP_H
#define TESTS_CONTRACT_SMP_H

/* CPUs beyond these have no worker. */
enum { SMP_WORKERS_MAX = 16 };

/* How many workers there are: one per CPU that schedules. */
unsigned smp_workers(void);

/*
 * Runs work(i) in a thread on CPU i for each worker, and beside(), if there is
 * one, in the caller meanwhile. Returns when all have ended.
 */
void smp_run(void (*work)(unsigned worker), void (*beside)(void));

#endif /* TESTS_CONTRACT_SMP_H */
