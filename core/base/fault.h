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

/* Numbers of calls lie below; the last one stands for a page fault. */
enum { FAULT_CALLS_MAX = 512, FAULT_CALL_PAGE = FAULT_CALLS_MAX - 1 };

/* A call under way, by a plan of calls; its thread's own. */
struct fault_call {
    unsigned number;
    uint64_t nth; /* the pass of this call that fails */
    uint64_t passed;
    bool has_failed;
};

enum fault_site {
    FAULT_FRAME = 1,   /* page frames */
    FAULT_OBJECT = 2,  /* object caches */
    FAULT_CONTEXT = 4, /* kernel stacks and user states */
    FAULT_ANY = 7
};

/* The plan's sites; 0: no plan. Atomic; for fault_point() alone. */
extern unsigned fault_sites;

C_DECLS_BEGIN

/* The rest of fault_point(), for a site of the plan. */
MUST_USE bool fault_pass(void);

/* Should this one fail? Counts it. Any context, any CPU. */
MUST_USE static inline bool fault_point(enum fault_site site)
{
    unsigned sites = __atomic_load_n(&fault_sites, __ATOMIC_ACQUIRE);

    return (sites & site) != 0 && fault_pass();
}

/* Makes the k-th pass (1 is the next) through any of sites fail, once; k 0
 * clears the plan. Starts counting anew. */
void fault_plan_nth(unsigned sites, uint64_t k);

/* Makes one pass in n fail, as hal_check_choose() says; n 0 clears. */
void fault_plan_rate(unsigned sites, uint64_t n);

/*
 * Makes calls fail in turn, each of a number at one pass further than the one
 * before, until one gets by with fewer; then it starts anew. So who makes a
 * call again and again, until it succeeds, has had each of its allocations
 * fail. Nothing fails outside of calls.
 */
void fault_plan_calls(unsigned sites);

/* Is that the plan? */
bool fault_is_by_call(void);

/* fn tells the call that the caller makes, or NULL. Once, at boot. */
void fault_set_current(struct fault_call *(*fn)(void));

/* Begins and ends a call of the running thread's, number < FAULT_CALLS_MAX. */
void fault_call_enter(struct fault_call *call, unsigned number);
void fault_call_leave(const struct fault_call *call);

/* Passes through the plan's sites since it was set; how many failed. */
uint64_t fault_passed(void);
uint64_t fault_failed(void);

/*
 * Reads the plan of the command line, "nth:K", "rate:N" or "calls", optionally
 * followed by ",frame", ",object" or ",context". Returns 0 or -EINVAL.
 */
MUST_USE int fault_plan_parse(const char *text);

C_DECLS_END

#endif /* CORE_BASE_FAULT_H */
