/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/mem/account.c - contract in account.h.
 */
#include "core/mem/account.h"

#include "core/abi/errno.h"

int account_charge(struct mem_account *account, uint64_t bytes)
{
    uint64_t used;

    if (account == NULL)
        return 0;
    used = __atomic_load_n(&account->used, __ATOMIC_RELAXED);
    do {
        uint64_t limit = __atomic_load_n(&account->limit, __ATOMIC_RELAXED);

        if (used > limit || bytes > limit - used)
            return -ENOMEM;
    } while (!__atomic_compare_exchange_n(&account->used, &used, used + bytes,
                                          true, __ATOMIC_RELAXED,
                                          __ATOMIC_RELAXED));
    return 0;
}

void account_release(struct mem_account *account, uint64_t bytes)
{
    uint64_t before;

    if (account == NULL)
        return;
    before = __atomic_fetch_sub(&account->used, bytes, __ATOMIC_RELAXED);
    ASSERT(before >= bytes);
}
