/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/fault.c - contract in fault.h.
 *
 * One plan for the whole kernel. Its fields are written while no plan is in
 * force and published by `sites`; passes are counted by one atomic, so of the
 * passes that race exactly one is the k-th.
 */
#include "core/base/fault.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "hal/check.h"

static struct {
    unsigned sites;  /* that count; 0: no plan. Atomic */
    uint64_t nth;    /* the pass that fails; 0: none. Atomic */
    uint64_t rate;   /* one in so many fails; 0: none. Atomic */
    uint64_t passed; /* atomic */
    uint64_t failed; /* atomic */
} plan;

static bool is_chosen(uint64_t pass)
{
    uint64_t rate = __atomic_load_n(&plan.rate, __ATOMIC_RELAXED);

    if (pass == __atomic_load_n(&plan.nth, __ATOMIC_RELAXED))
        return true;
    if (rate == 0)
        return false;
    /* Without a seed the choice is always 0: then every rate-th fails. */
    return (pass + hal_check_choose(HAL_CHOICE_FAIL, rate)) % rate == 0;
}

bool fault_point(enum fault_site site)
{
    unsigned sites = __atomic_load_n(&plan.sites, __ATOMIC_ACQUIRE);
    uint64_t pass;

    ASSERT((site & ~(unsigned)FAULT_ANY) == 0);
    if ((sites & site) == 0)
        return false;
    pass = __atomic_add_fetch(&plan.passed, 1, __ATOMIC_RELAXED);
    if (!is_chosen(pass))
        return false;
    __atomic_add_fetch(&plan.failed, 1, __ATOMIC_RELAXED);
    return true;
}

static void set_plan(unsigned sites, uint64_t nth, uint64_t rate)
{
    ASSERT((sites & ~(unsigned)FAULT_ANY) == 0);
    __atomic_store_n(&plan.sites, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.nth, nth, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.rate, rate, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.passed, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.failed, 0, __ATOMIC_RELAXED);
    if (nth != 0 || rate != 0)
        __atomic_store_n(&plan.sites, sites, __ATOMIC_RELEASE);
}

void fault_plan_nth(unsigned sites, uint64_t k)
{
    set_plan(sites, k, 0);
}

void fault_plan_rate(unsigned sites, uint64_t n)
{
    set_plan(sites, 0, n);
}

uint64_t fault_passed(void)
{
    return __atomic_load_n(&plan.passed, __ATOMIC_RELAXED);
}

uint64_t fault_failed(void)
{
    return __atomic_load_n(&plan.failed, __ATOMIC_RELAXED);
}

/* Does text begin with word, ended by a comma or the end? */
static bool takes_word(const char **text, const char *word)
{
    size_t length = str_length(word, SIZE_MAX);

    if (!str_starts(*text, word))
        return false;
    if ((*text)[length] != '\0' && (*text)[length] != ',')
        return false;
    *text += length;
    return true;
}

/* ",frame,object" and the like, to the end; nothing means all. */
static int parse_sites(const char *text, unsigned *out)
{
    unsigned sites = 0;

    while (*text == ',') {
        text++;
        if (takes_word(&text, "frame"))
            sites |= FAULT_FRAME;
        else if (takes_word(&text, "object"))
            sites |= FAULT_OBJECT;
        else if (takes_word(&text, "context"))
            sites |= FAULT_CONTEXT;
        else
            return -EINVAL;
    }
    if (*text != '\0')
        return -EINVAL;
    *out = sites != 0 ? sites : FAULT_ANY;
    return 0;
}

int fault_plan_parse(const char *text)
{
    char digits[24];
    bool is_nth = str_starts(text, "nth:");
    size_t length = 0;
    unsigned sites;
    uint64_t n;

    if (!is_nth && !str_starts(text, "rate:"))
        return -EINVAL;
    text += is_nth ? 4 : 5;
    while (text[length] != '\0' && text[length] != ',')
        length++;
    if (length >= sizeof(digits))
        return -EINVAL;
    mem_copy(digits, text, length);
    digits[length] = '\0';
    if (str_to_u64(digits, UINT64_MAX, &n) != 0 || n == 0)
        return -EINVAL;
    if (parse_sites(text + length, &sites) != 0)
        return -EINVAL;
    set_plan(sites, is_nth ? n : 0, is_nth ? 0 : n);
    return 0;
}
