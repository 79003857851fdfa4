/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/contract.h - suites that hold a HAL to its headers, the same
 * on every machine. They run as a kernel image of their own, in one kernel
 * thread, on the real core below core/vm.
 */
#ifndef TESTS_CONTRACT_CONTRACT_H
#define TESTS_CONTRACT_CONTRACT_H

#include "core/base/defs.h"

struct contract_case {
    const char *clause; /* of the header, in words */
    void (*run)(void);
};

struct contract_suite {
    const char *name; /* of the header */
    const struct contract_case *cases;
    size_t count;
};

#define CONTRACT_SUITE(header, list) \
    const struct contract_suite contract_##header = {#header, list, \
                                                     COUNT_OF(list)}

/* Counts a failure and says where; the case goes on. Returns the truth. */
#define CHECK(cond) contract_check((cond), #cond, __FILE__, __LINE__)

/* The same for two integers, which it shows. */
#define CHECK_EQUAL(expected, got) \
    contract_check_equal((uint64_t)(expected), (uint64_t)(got), \
                         #expected " == " #got, __FILE__, __LINE__)

bool contract_check(bool truth, const char *what, const char *file, int line);
bool contract_check_equal(uint64_t expected, uint64_t got, const char *what,
                          const char *file, int line);

extern const struct contract_suite contract_bus, contract_platform,
    contract_cpu, contract_irq, contract_clock, contract_context, contract_phys,
    contract_mmu, contract_uaccess, contract_user, contract_user_fpu,
    contract_smp, contract_smp_user;

#endif /* TESTS_CONTRACT_CONTRACT_H */
