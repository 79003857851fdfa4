/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/fault.c - contract in fault.h.
 *
 * One plan for the whole kernel. Its fields are written while no plan is in
 * force and published by fault_sites; passes are counted by one atomic, so of
 * the passes that race exactly one is the k-th.
 */
#include "core/base/fault.h"

#include "core/abi/errno.h"
#include "core/base/string.h"
#include "hal/check.h"

unsigned fault_sites;

static struct {
    uint64_t nth;    /* the pass that fails; 0: none. Atomic */
    uint64_t rate;   /* one in so many fails; 0: none. Atomic */
    uint64_t passed; /* atomic */
    uint64_t failed; /* atomic */
    bool is_by_call;
    struct fault_call *(*current)(void); /* set at boot */
} plan;

/* By call, which pass failed last; atomic. */
static uint64_t calls[FAULT_CALLS_MAX];

static bool is_chosen_in(struct fault_call *call)
{
    if (call == NULL || ++call->passed != call->nth)
        return false;
    call->has_failed = true;
    return true;
}

static bool is_chosen(uint64_t pass)
{
    uint64_t rate = __atomic_load_n(&plan.rate, __ATOMIC_RELAXED);

    if (plan.is_by_call)
        return is_chosen_in(plan.current());
    if (pass == __atomic_load_n(&plan.nth, __ATOMIC_RELAXED))
        return true;
    if (rate == 0)
        return false;
    /* Without a seed the choice is always 0: then every rate-th fails. */
    return (pass + hal_check_choose(HAL_CHOICE_FAIL, rate)) % rate == 0;
}

bool fault_pass(void)
{
    uint64_t pass = __atomic_add_fetch(&plan.passed, 1, __ATOMIC_RELAXED);

    if (!is_chosen(pass))
        return false;
    __atomic_add_fetch(&plan.failed, 1, __ATOMIC_RELAXED);
    return true;
}

void fault_call_enter(struct fault_call *call, unsigned number)
{
    ASSERT(number < FAULT_CALLS_MAX);
    *call = (struct fault_call){
        .number = number,
        .nth = __atomic_load_n(&calls[number], __ATOMIC_RELAXED) + 1,
    };
}

void fault_call_leave(const struct fault_call *call)
{
    __atomic_store_n(&calls[call->number], call->has_failed ? call->nth : 0,
                     __ATOMIC_RELAXED);
}

static void set_plan(unsigned sites, uint64_t nth, uint64_t rate)
{
    ASSERT((sites & ~(unsigned)FAULT_ANY) == 0);
    __atomic_store_n(&fault_sites, 0, __ATOMIC_RELAXED);
    plan.is_by_call = false;
    __atomic_store_n(&plan.nth, nth, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.rate, rate, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.passed, 0, __ATOMIC_RELAXED);
    __atomic_store_n(&plan.failed, 0, __ATOMIC_RELAXED);
    if (nth != 0 || rate != 0)
        __atomic_store_n(&fault_sites, sites, __ATOMIC_RELEASE);
}

void fault_plan_nth(unsigned sites, uint64_t k)
{
    set_plan(sites, k, 0);
}

void fault_plan_rate(unsigned sites, uint64_t n)
{
    set_plan(sites, 0, n);
}

void fault_plan_calls(unsigned sites)
{
    ASSERT(plan.current != NULL);
    set_plan(sites, 0, 0);
    plan.is_by_call = true;
    __atomic_store_n(&fault_sites, sites, __ATOMIC_RELEASE);
}

bool fault_is_by_call(void)
{
    return plan.is_by_call;
}

void fault_set_current(struct fault_call *(*fn)(void))
{
    plan.current = fn;
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

/* "K,frame", from behind the colon. */
static int parse_number(const char **text, uint64_t *out)
{
    char digits[24];
    size_t length = 0;

    while ((*text)[length] != '\0' && (*text)[length] != ',')
        length++;
    if (length >= sizeof(digits))
        return -EINVAL;
    mem_copy(digits, *text, length);
    digits[length] = '\0';
    *text += length;
    if (str_to_u64(digits, UINT64_MAX, out) != 0 || *out == 0)
        return -EINVAL;
    return 0;
}

int fault_plan_parse(const char *text)
{
    bool is_nth = str_starts(text, "nth:");
    bool is_by_call = takes_word(&text, "calls");
    unsigned sites;
    uint64_t n = 0;
    int error = 0;

    if (!is_by_call) {
        if (!is_nth && !str_starts(text, "rate:"))
            return -EINVAL;
        text += is_nth ? 4 : 5;
        error = parse_number(&text, &n);
    }
    if (error == 0)
        error = parse_sites(text, &sites);
    if (error != 0)
        return error;
    if (is_by_call)
        fault_plan_calls(sites);
    else
        set_plan(sites, is_nth ? n : 0, is_nth ? 0 : n);
    return 0;
}
