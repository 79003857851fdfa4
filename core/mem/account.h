/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/account.h - who pays for memory, and how it may be had.
 */
#ifndef CORE_MEM_ACCOUNT_H
#define CORE_MEM_ACCOUNT_H

#include "core/sync/percpu.h"

/* How an allocation may be served; exactly one of WAIT and NOWAIT. */
enum {
    MEM_WAIT = 1,   /* may sleep and reclaim; not in interrupts or spinlocks */
    MEM_NOWAIT = 2, /* must answer at once */
    MEM_ZERO = 4,
    /* How deep it may go when memory runs out; 0: the kernel's own needs, which
     * leave half of the reserve. */
    MEM_USER = 8, /* a user's page: leaves all of the reserve */
    MEM_LAST = 16 /* for who ends and frees memory soon: leaves nothing */
};

/* Bytes charged to a user or group; NULL stands for the kernel, without limit.
 * Fields are atomic. */
struct mem_account {
    uint64_t used;
    uint64_t limit;
};

/* Asserts that `how` is one of the above, and legal here: MEM_WAIT not where
 * the caller is pinned or in an interrupt. */
static inline void mem_check_how(unsigned how)
{
    unsigned patience = how & ~(unsigned)(MEM_ZERO | MEM_USER | MEM_LAST);

    ASSERT(patience == MEM_WAIT || patience == MEM_NOWAIT);
    ASSERT(patience == MEM_NOWAIT || !cpu_is_pinned());
}

C_DECLS_BEGIN

/* Charges bytes, or returns -ENOMEM and charges nothing. NULL always works. */
MUST_USE int account_charge(struct mem_account *account, uint64_t bytes);
void account_release(struct mem_account *account, uint64_t bytes);

C_DECLS_END

#endif /* CORE_MEM_ACCOUNT_H */
