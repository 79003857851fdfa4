/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/id/pid.c - contract in pid.h.
 *
 * A bitmap finds the next free number, a tree the pid of a number.
 */
#include "core/id/pid.h"

#include "core/abi/errno.h"
#include "core/mem/cache.h"

static const struct lock_class pid_class = {"pids", LOCK_RANK_IDS};

static struct pid_ns root_ns;

void pid_init_all(void)
{
    refcount_init(&root_ns.refs, 1);
    spin_init(&root_ns.lock, &pid_class);
}

struct pid_ns *pid_ns_root(void)
{
    return &root_ns;
}

static size_t size_of(unsigned level)
{
    return sizeof(struct pid) + (level + 1) * sizeof(struct pid_number);
}

/* The first number in [from, to) that is free, or 0. */
static int find_free(const struct pid_ns *ns, int from, int to)
    REQUIRES(ns->lock)
{
    for (int n = from; n < to; n = (n | 63) + 1) {
        uint64_t taken = ns->used[n / 64] | ((UINT64_C(1) << (n % 64)) - 1);

        if (~taken != 0) {
            n = n / 64 * 64 + __builtin_ctzll(~taken);
            return n < to ? n : 0;
        }
    }
    return 0;
}

static int choose(struct pid_ns *ns, int wanted, int *out) REQUIRES(ns->lock)
{
    int low = ns->last < PID_RESERVED ? 1 : PID_RESERVED;

    if (wanted != 0) {
        *out = wanted;
        return (ns->used[wanted / 64] >> (wanted % 64) & 1) != 0 ? -EEXIST : 0;
    }
    *out = find_free(ns, ns->last + 1, PID_MAX);
    if (*out == 0)
        *out = find_free(ns, low, PID_MAX);
    if (*out == 0)
        return -EAGAIN;
    ns->last = *out;
    return 0;
}

static void link_number(struct pid_ns *ns, struct pid_number *at)
    REQUIRES(ns->lock)
{
    struct tree_node *node = ns->pids.root, *parent = NULL;
    int side = 0;

    while (node != NULL) {
        parent = node;
        side = at->number > container_of(node, struct pid_number, node)->number;
        node = node->child[side];
    }
    tree_insert(&ns->pids, &at->node, parent, side);
    ns->used[at->number / 64] |= UINT64_C(1) << (at->number % 64);
    ns->count++;
}

static void unlink_number(struct pid_number *at)
{
    struct pid_ns *ns = at->ns;
    unsigned saved = spin_lock_irq(&ns->lock);

    tree_remove(&ns->pids, &at->node);
    ns->used[at->number / 64] &= ~(UINT64_C(1) << (at->number % 64));
    ns->count--;
    spin_unlock_irq(&ns->lock, saved);
}

static int take_number(struct pid_ns *ns, int wanted, struct pid_number *at)
{
    unsigned saved = spin_lock_irq(&ns->lock);
    int error = choose(ns, wanted, &at->number);

    at->ns = ns;
    if (error == 0)
        link_number(ns, at);
    spin_unlock_irq(&ns->lock, saved);
    return error;
}

/* Numbers from the deepest level up; on an error none is kept. */
static int take_numbers(struct pid *pid, struct pid_ns *ns, int wanted)
{
    unsigned level = pid->level;
    int error = take_number(ns, wanted, &pid->numbers[level]);

    while (error == 0 && level > 0) {
        ns = ns->parent;
        level--;
        error = take_number(ns, 0, &pid->numbers[level]);
    }
    if (error != 0)
        for (level++; level <= pid->level; level++)
            unlink_number(&pid->numbers[level]);
    return error;
}

int pid_alloc(struct pid_ns *ns, int wanted, struct pid **out)
{
    struct pid *pid;
    int error;

    if (wanted < 0 || wanted >= PID_MAX)
        return -EINVAL;
    pid = kmem_alloc(size_of(ns->level), MEM_WAIT | MEM_ZERO, NULL);
    if (pid == NULL)
        return -ENOMEM;
    refcount_init(&pid->refs, 2);
    waitq_init(&pid->waitq);
    pid->level = ns->level;
    for (unsigned i = 0; i <= pid->level; i++)
        pid->numbers[i].pid = pid;
    for (unsigned i = 0; i < PID_USES; i++)
        list_init(&pid->members[i]);
    error = take_numbers(pid, ns, wanted);
    if (error != 0) {
        kmem_free(pid, size_of(pid->level));
        return error;
    }
    *out = pid;
    return 0;
}

void pid_retire(struct pid *pid)
{
    for (unsigned i = 0; i <= pid->level; i++)
        unlink_number(&pid->numbers[i]);
    pid_put(pid);
}

void pid_get(struct pid *pid)
{
    refcount_get(&pid->refs);
}

void pid_put(struct pid *pid)
{
    if (refcount_put(&pid->refs))
        kmem_free(pid, size_of(pid->level));
}

/* While a pid is in the tree, the reference that pid_retire() drops is there,
 * so it can be had under the lock. */
struct pid *pid_find(struct pid_ns *ns, int number)
{
    struct tree_node *node;
    struct pid *pid = NULL;
    unsigned saved;

    if (number <= 0 || number >= PID_MAX)
        return NULL;
    saved = spin_lock_irq(&ns->lock);
    node = ns->pids.root;
    while (node != NULL && pid == NULL) {
        struct pid_number *at = container_of(node, struct pid_number, node);

        if (at->number == number) {
            pid = at->pid;
            pid_get(pid);
        }
        node = node->child[number > at->number];
    }
    spin_unlock_irq(&ns->lock, saved);
    return pid;
}

struct pid *pid_next(struct pid_ns *ns, int after)
{
    unsigned saved = spin_lock_irq(&ns->lock);
    struct tree_node *node = ns->pids.root;
    struct pid *pid = NULL;

    while (node != NULL) {
        struct pid_number *at = container_of(node, struct pid_number, node);
        bool is_later = at->number > after;

        if (is_later)
            pid = at->pid;
        node = node->child[!is_later];
    }
    if (pid != NULL)
        pid_get(pid);
    spin_unlock_irq(&ns->lock, saved);
    return pid;
}

int pid_nr(const struct pid *pid, const struct pid_ns *ns)
{
    if (pid == NULL || ns->level > pid->level ||
        pid->numbers[ns->level].ns != ns)
        return 0;
    return pid->numbers[ns->level].number;
}

bool pid_is_unused(const struct pid *pid)
{
    for (unsigned i = 0; i < PID_USES; i++)
        if (!list_is_empty(&pid->members[i]))
            return false;
    return true;
}

unsigned pid_count(struct pid_ns *ns)
{
    unsigned saved = spin_lock_irq(&ns->lock), count = ns->count;

    spin_unlock_irq(&ns->lock, saved);
    return count;
}

int pid_last(struct pid_ns *ns)
{
    unsigned saved = spin_lock_irq(&ns->lock);
    int last = ns->last;

    spin_unlock_irq(&ns->lock, saved);
    return last;
}
