/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/fault.h - places that can be made to fail.
 *
 * Every allocation passes a fault point before it does anything. A plan says
 * which pass fails: the k-th from now, or one in n by the seed. With no plan a
 * point costs one relaxed load.
 */
#ifndef CORE_BASE_FAULT_H
#define CORE_BASE_FAULT_H

#include "core/base/defs.h"

enum fault_site {
    FAULT_FRAME = 1,   /* page frames */
    FAULT_OBJECT = 2,  /* object caches */
    FAULT_CONTEXT = 4, /* kernel stacks and user states */
    FAULT_ANY = 7
};

C_DECLS_BEGIN

/* Should this one fail? Counts it. Any context, any CPU. */
MUST_USE bool fault_point(enum fault_site site);

/* Makes the k-th pass (1 is the next) through any of sites fail, once; k 0
 * clears the plan. Starts counting anew. */
void fault_plan_nth(unsigned sites, uint64_t k);

/* Makes one pass in n fail, as hal_check_choose() says; n 0 clears. */
void fault_plan_rate(unsigned sites, uint64_t n);

/* Passes through the plan's sites since it was set; how many failed. */
uint64_t fault_passed(void);
uint64_t fault_failed(void);

/*
 * Reads the plan of the command line, "nth:K" or "rate:N", optionally
 * ",frame", ",object" or ",context". Returns 0 or -EINVAL.
 */
MUST_USE int fault_plan_parse(const char *text);

C_DECLS_END

#endif /* CORE_BASE_FAULT_H */
