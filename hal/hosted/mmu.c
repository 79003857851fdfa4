/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/mmu.c - hal/mmu.h: tables in guest RAM, and the host's mappings
 * as their TLB. The model is in engine.h.
 */
#include "hal/mmu.h"

#include "core/abi/errno.h"
#include "core/base/defs.h"
#include "core/base/log.h"
#include "core/base/string.h"
#include "hal/cpu.h"
#include "hal/hosted/engine.h"
#include "hal/hosted/host.h"
#include "hal/hosted/order.h"
#include "hal/hosted/seed.h"
#include "hal/irq.h"
#include "hal/phys.h"
#include "hal/upcall.h"

/* Pages mapped around one that faulted, aligned to as many. */
enum { WINDOW_PAGES = 16 };
#define WINDOW_SIZE ((uint64_t)WINDOW_PAGES * PAGE_SIZE)

/* The host's limit (vm.max_map_count) is 65,530 mappings; a new mapping can
 * split one in three. */
enum { HOST_MAPS_MAX = 40000, HOST_MAPS_PER_MAP = 2 };

/* The host maps nothing lower for us (vm.mmap_min_addr). */
#define HOST_LOWEST UINT64_C(0x10000)

_Static_assert(HAL_USER_TOP == STUB_BASE, "control.h");
_Static_assert((int)HOSTED_CPUS_MAX < (int)STUB_BLOCKS_MAX, "control.h");
_Static_assert((int)HOSTED_PENDING_MAX + (int)WINDOW_PAGES + 1 <=
                   (int)HOSTED_ORDER_MAX,
               "an order's commands fit");
_Static_assert(sizeof(struct hal_mmu) <= PAGE_SIZE, "lies in one frame");

static const struct hal_range everything = {
    .start = 0,
    .count = HAL_USER_TOP / PAGE_SIZE,
};

static struct hosted_user_cpu user_cpus[HOSTED_CPUS_MAX];

struct hosted_user_cpu *hosted_user_cpu_at(unsigned number)
{
    ASSERT(number < HOSTED_CPUS_MAX);
    return &user_cpus[number];
}

static struct hosted_user_cpu *this_cpu(void)
{
    return hosted_user_cpu_at(hosted_cpu_self()->number);
}

static bool is_single(void)
{
    return hal_cpu_count() == 1;
}

static bool is_dead(const struct hal_mmu *mmu)
{
    return __atomic_load_n(&mmu->dead, __ATOMIC_ACQUIRE) != 0;
}

/* --- sections ------------------------------------------------------------- */

/* The count comes before the walk, for a flush that edits, then looks: both
 * by a seq_cst read-modify-write. */
void hosted_section_enter(void)
{
    (void)__atomic_fetch_add(&this_cpu()->section, 1, __ATOMIC_SEQ_CST);
}

void hosted_section_leave(void)
{
    (void)__atomic_fetch_add(&this_cpu()->section, 1, __ATOMIC_RELEASE);
}

/* Before the walk. The order that the engine gets next is the one that maps
 * what it finds. */
static void refill_enter(const struct hosted_engine *engine)
{
    struct hosted_user_cpu *cpu = this_cpu();

    if (is_single())
        return;
    __atomic_store_n(&cpu->refill_mmu, engine->mmu, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->refiller, engine->host->control, __ATOMIC_RELAXED);
    __atomic_store_n(&cpu->refill_order, engine->host->order + 1,
                     __ATOMIC_RELAXED);
    (void)__atomic_fetch_add(&cpu->refill, 1, __ATOMIC_SEQ_CST);
}

static void refill_leave(void)
{
    if (!is_single())
        (void)__atomic_fetch_add(&this_cpu()->refill, 1, __ATOMIC_RELEASE);
}

static void wait_section(struct hosted_user_cpu *cpu)
{
    uint64_t seen = __atomic_load_n(&cpu->section, __ATOMIC_ACQUIRE);

    while (seen % 2 != 0 &&
           __atomic_load_n(&cpu->section, __ATOMIC_ACQUIRE) == seen)
        hal_cpu_relax();
}

/* A refill of mmu by that CPU is over when its engine is back, or has said
 * that the commands are done and now runs user code. */
static void wait_refill(struct hosted_user_cpu *cpu, const struct hal_mmu *mmu)
{
    uint64_t seen = __atomic_load_n(&cpu->refill, __ATOMIC_ACQUIRE);
    const struct stub_control *refiller;
    uint32_t order;

    if (seen % 2 == 0 ||
        __atomic_load_n(&cpu->refill_mmu, __ATOMIC_RELAXED) != mmu)
        return;
    refiller = __atomic_load_n(&cpu->refiller, __ATOMIC_RELAXED);
    order = __atomic_load_n(&cpu->refill_order, __ATOMIC_RELAXED);
    while (__atomic_load_n(&cpu->refill, __ATOMIC_ACQUIRE) == seen &&
           __atomic_load_n(&refiller->done, __ATOMIC_ACQUIRE) != order)
        hal_cpu_relax();
}

/* Returns when no other CPU uses what a walk found before the tables were last
 * edited. */
static void wait_others(const struct hal_mmu *mmu)
{
    unsigned self = hosted_cpu_self()->number;
    unsigned count = hal_cpu_count();
    static uint32_t order;

    (void)__atomic_fetch_add(&order, 1, __ATOMIC_SEQ_CST);
    for (unsigned number = 0; number < count; number++) {
        if (number == self)
            continue;
        wait_section(hosted_user_cpu_at(number));
        wait_refill(hosted_user_cpu_at(number), mmu);
    }
}

/* --- engines -------------------------------------------------------------- */

void hosted_mmu_break(struct hal_mmu *mmu, const char *why)
{
    if (__atomic_exchange_n(&mmu->dead, 1, __ATOMIC_SEQ_CST))
        return;
    log_error("user code lost: stub %d %s", mmu->engines[0].host->pid, why);
    host_stub_kill(mmu->stub);
}

static unsigned block_of(unsigned cpu)
{
    return is_single() ? 0 : cpu + 1;
}

/* Thread 0, for this CPU alone; returns what unlock needs. Interrupts stay off
 * meanwhile: who waits spins. */
static unsigned lock_servant(struct hal_mmu *mmu)
{
    for (;;) {
        unsigned saved = hal_irq_save();

        if (__atomic_exchange_n(&mmu->servant, 1, __ATOMIC_ACQUIRE) == 0)
            return saved;
        hal_irq_restore(saved);
        hal_cpu_relax();
    }
}

static void unlock_servant(struct hal_mmu *mmu, unsigned saved)
{
    __atomic_store_n(&mmu->servant, 0, __ATOMIC_RELEASE);
    hal_irq_restore(saved);
}

static bool has_started(const struct hosted_engine *engine)
{
    return engine->host->tid != 0;
}

static void start_engine(struct hal_mmu *mmu, unsigned cpu)
{
    unsigned saved = lock_servant(mmu);

    if (host_engine_start(mmu->stub, cpu, host_cpu_core(cpu)) != 0)
        hosted_mmu_break(mmu, "could not start a thread");
    unlock_servant(mmu, saved);
}

struct hosted_engine *hosted_mmu_engine(struct hal_mmu *mmu)
{
    unsigned cpu = hosted_cpu_self()->number;
    struct hosted_engine *engine = &mmu->engines[block_of(cpu)];

    if (!has_started(engine) && !is_dead(mmu))
        start_engine(mmu, cpu);
    return is_dead(mmu) ? NULL : engine;
}

/* --- orders --------------------------------------------------------------- */

static enum host_engine_end send(struct hosted_engine *engine,
                                 const struct hosted_order *order, bool run,
                                 bool watch)
{
    struct stub_control *c = engine->host->control;

    hosted_copy(c->commands, order->commands,
                order->count * sizeof(order->commands[0]));
    c->command_count = order->count;
    c->run = run;
    return host_engine_call(engine->host, watch);
}

/* With one CPU: unmaps the range before user code next runs. */
static void add_pending(struct hal_mmu *mmu, struct hal_range range)
{
    struct hal_range *last;
    uaddr_t start, end;

    if (mmu->pending_count < HOSTED_PENDING_MAX) {
        mmu->pending[mmu->pending_count++] = range;
        return;
    }
    /* To forget more than was asked for is allowed. */
    last = &mmu->pending[HOSTED_PENDING_MAX - 1];
    start = min_u64(last->start, range.start);
    end = max_u64(last->start + last->count * PAGE_SIZE,
                  range.start + range.count * PAGE_SIZE);
    last->start = start;
    last->count = (end - start) / PAGE_SIZE;
}

static void put_unmaps(struct hal_mmu *mmu, struct hosted_order *order)
{
    if (__atomic_load_n(&mmu->host_maps, __ATOMIC_RELAXED) > HOST_MAPS_MAX) {
        __atomic_store_n(&mmu->host_maps, 1, __ATOMIC_RELAXED);
        mmu->pending_count = 0;
        hosted_order_unmap(order, everything);
    }
    for (unsigned i = 0; i < mmu->pending_count; i++)
        hosted_order_unmap(order, mmu->pending[i]);
    mmu->pending_count = 0;
}

static bool permits(const struct hal_mmu *mmu, struct hosted_access what)
{
    struct ptable_page page;

    return what.rights != 0 && what.address < HAL_USER_TOP &&
           ptable_walk(&mmu->tables, what.address, &page) &&
           (page.rights & what.rights) == what.rights;
}

bool hosted_mmu_permits(const struct hal_mmu *mmu, struct hosted_access what)
{
    bool is_permitted;

    hosted_section_enter();
    is_permitted = permits(mmu, what);
    hosted_section_leave();
    return is_permitted;
}

/*
 * Maps the window around an access that the tables permit, but for what the
 * host has mapped: mapping it again would cost a call, and faults of the
 * host's. A marked page was mapped once; that the one needed is marked shows
 * that mappings got lost here, so then all are made.
 */
static void put_window(struct hal_mmu *mmu, struct hosted_order *order,
                       struct hosted_access what)
{
    uaddr_t start = round_down(what.address, WINDOW_SIZE);
    uaddr_t end = start + WINDOW_SIZE;
    struct ptable_page page;
    unsigned before = order->count;
    bool all = ptable_mark(&mmu->tables, what.address);

    if (start < HOST_LOWEST) { /* one page at a time, where it works at all */
        start = round_down(what.address, PAGE_SIZE);
        end = start + PAGE_SIZE;
    }
    for (uaddr_t addr = start; addr < end; addr += PAGE_SIZE) {
        if (!ptable_walk(&mmu->tables, addr, &page))
            continue;
        ptable_touch(&mmu->tables, addr);
        if (!ptable_mark(&mmu->tables, addr) || all ||
            addr == round_down(what.address, PAGE_SIZE))
            hosted_order_map(order, addr, &page);
    }
    (void)__atomic_fetch_add(&mmu->host_maps,
                             HOST_MAPS_PER_MAP * (order->count - before),
                             __ATOMIC_RELAXED);
}

/* The host did not do a command. When it has no room for more mappings, all of
 * them go; anything else is the end of the stub. */
static enum hosted_round mend(struct hal_mmu *mmu, int64_t error)
{
    uint32_t maps = __atomic_exchange_n(&mmu->host_maps, HOST_MAPS_MAX + 1,
                                        __ATOMIC_RELAXED);

    if (error == -ENOMEM &&
        maps > (HOSTED_PENDING_MAX + WINDOW_PAGES) * HOST_MAPS_PER_MAP)
        return HOSTED_ROUND_AGAIN;
    log_error("the host refuses a mapping: error %d", (int)error);
    hosted_mmu_break(mmu, "cannot map its pages");
    return HOSTED_ROUND_DEAD;
}

static enum hosted_round end_round(struct hosted_engine *engine,
                                   enum host_engine_end end)
{
    struct stub_control *c = engine->host->control;

    if (end == HOST_ENGINE_DEAD) {
        hosted_mmu_break(engine->mmu, "ended, or does not answer");
        return HOSTED_ROUND_DEAD;
    }
    if (__atomic_load_n(&c->failed, __ATOMIC_RELAXED) != 0)
        return mend(engine->mmu, __atomic_load_n(&c->result, __ATOMIC_RELAXED));
    return end == HOST_ENGINE_OVERRUN ? HOSTED_ROUND_OVERRUN
                                      : HOSTED_ROUND_TRAP;
}

enum hosted_round hosted_mmu_round(struct hosted_engine *engine,
                                   struct hosted_access what, bool watch)
{
    struct hal_mmu *mmu = engine->mmu;
    struct hosted_order order = {.count = 0};
    enum hosted_round round;
    unsigned unmaps;

    refill_enter(engine);
    put_unmaps(mmu, &order);
    unmaps = order.count;
    if (permits(mmu, what))
        put_window(mmu, &order, what);
    hosted_order_trim(&order, unmaps);
    round = end_round(engine, send(engine, &order, true, watch));
    refill_leave();
    return round;
}

/* A process that waits for what it made by vfork(2) is alone again soon. */
enum { COMPANY_ENTRIES = 1024 };

bool hosted_mmu_has_company(struct hal_mmu *mmu, const struct hal_user *user)
{
    if (mmu->last_user != user && mmu->last_user != NULL)
        mmu->company = COMPANY_ENTRIES;
    else if (mmu->company > 0)
        mmu->company--;
    mmu->last_user = user;
    return mmu->company > 0;
}

/* --- hal/mmu.h ------------------------------------------------------------ */

static void unmap_now(struct hal_mmu *mmu, struct hal_range range);

/* Gives mmu a stub, which may have had a life before. */
static bool take_stub(struct hal_mmu *mmu)
{
    bool is_used;

    if (host_stub_create(&mmu->stub, host_cpu_core(hal_cpu_self()), &is_used) !=
        0)
        return false;
    for (unsigned i = 0; i < STUB_BLOCKS_MAX; i++)
        mmu->engines[i] = (struct hosted_engine){
            .mmu = mmu, .host = host_stub_engine(mmu->stub, i)};
    if (is_used && is_single())
        add_pending(mmu, everything);
    else if (is_used)
        unmap_now(mmu, everything);
    return true;
}

int hal_mmu_create(struct hal_mmu **out)
{
    paddr_t frame = core_frames_alloc(0);
    struct hal_mmu *mmu;

    if (frame == PADDR_NONE)
        return -ENOMEM;
    mmu = hal_phys(frame);
    mem_set(mmu, 0, sizeof(*mmu));
    if (ptable_create(&mmu->tables, true) != 0)
        goto free_frame;
    if (!take_stub(mmu))
        goto destroy_tables;
    *out = mmu;
    return 0;

destroy_tables:
    ptable_destroy(&mmu->tables);
free_frame:
    core_frames_free(frame, 0);
    return -ENOMEM;
}

void hal_mmu_destroy(struct hal_mmu *mmu)
{
    for (unsigned number = 0; number < hal_cpu_count(); number++)
        ASSERT(__atomic_load_n(&hosted_user_cpu_at(number)->active,
                               __ATOMIC_RELAXED) != mmu);
    if (is_dead(mmu))
        host_stub_destroy(mmu->stub);
    else
        host_stub_park(mmu->stub);
    ptable_free_tables(&mmu->spare);
    ptable_destroy(&mmu->tables);
    core_frames_free(hal_phys_of(mmu), 0);
}

int hal_mmu_reserve(struct hal_tables *out, struct hal_range range)
{
    return ptable_reserve(out, range);
}

void hal_mmu_unreserve(struct hal_tables *tables)
{
    ptable_free_tables(tables);
}

/*
 * Under a seed: takes back a page that was mapped some maps ago, so that core
 * must bring it in again. Not the last ones: whoever faulted there has not
 * resumed yet. The caller holds the lock of the tables; the tables taken out
 * are freed where none is held.
 */
static void forget_some(struct hal_mmu *mmu, uaddr_t mapped)
{
    struct hal_gather gather = {.mmu = mmu, .tables = mmu->spare};
    uaddr_t *oldest = &mmu->recent[mmu->recent_count % HOSTED_RECENT_MAX];
    struct hal_range victim = {.start = *oldest, .count = 1};
    bool full = mmu->recent_count >= HOSTED_RECENT_MAX;

    if (!hosted_seed_on() || !is_single())
        return;
    *oldest = mapped;
    mmu->recent_count++;
    if (!hosted_seed_forget() || !full || victim.start == mapped)
        return;
    ptable_unmap(&mmu->tables, victim, &gather);
    mmu->spare = gather.tables;
    if (gather.span.count > 0)
        add_pending(mmu, gather.span);
}

void hal_mmu_map(struct hal_mmu *mmu, struct hal_range range, paddr_t page,
                 unsigned rights, enum hal_memory type, struct hal_tables *from)
{
    struct ptable_page what = {.page = page, .rights = rights, .type = type};
    bool stale = ptable_map(&mmu->tables, range, what, from);

    (void)stale; /* rights that were added reach the host by the next fault */
    forget_some(mmu, range.start);
}

void hal_mmu_unmap(struct hal_gather *gather, struct hal_range range)
{
    ptable_unmap(&gather->mmu->tables, range, gather);
}

void hal_mmu_protect(struct hal_gather *gather, struct hal_range range,
                     unsigned rights)
{
    ptable_protect(&gather->mmu->tables, range, rights, gather);
}

static void unmap_by(struct hosted_engine *engine, struct hal_range range)
{
    struct hosted_order order = {.count = 0};

    hosted_order_unmap(&order, range);
    if (send(engine, &order, false, false) == HOST_ENGINE_DEAD ||
        __atomic_load_n(&engine->host->control->failed, __ATOMIC_RELAXED) != 0)
        hosted_mmu_break(engine->mmu, "could not unmap pages");
}

/* The host takes the pages from all engines, whichever asks for it. */
static void unmap_now(struct hal_mmu *mmu, struct hal_range range)
{
    unsigned saved = hal_irq_save(); /* stays on this CPU, with its engine */
    unsigned cpu = hosted_cpu_self()->number;
    struct hosted_engine *engine = &mmu->engines[block_of(cpu)];
    unsigned nested;

    if (!is_dead(mmu)) {
        if (has_started(engine)) {
            unmap_by(engine, range);
        } else {
            nested = lock_servant(mmu);
            host_engine_move(mmu->engines[0].host, host_cpu_core(cpu));
            unmap_by(&mmu->engines[0], range);
            unlock_servant(mmu, nested);
        }
    }
    hal_irq_restore(saved);
}

void hal_mmu_flush(struct hal_gather *gather)
{
    ASSERT(!hal_irq_are_off());
    hosted_seed_charge();
    if (gather->span.count > 0) {
        if (is_single()) {
            add_pending(gather->mmu, gather->span);
        } else {
            wait_others(gather->mmu);
            if (__atomic_load_n(&gather->mmu->host_maps, __ATOMIC_RELAXED) != 0)
                unmap_now(gather->mmu, gather->span);
        }
    }
    gather->span = (struct hal_range){.count = 0};
    ptable_free_tables(&gather->tables);
    ptable_free_tables(&gather->mmu->spare);
}

bool hal_mmu_query(struct hal_mmu *mmu, uaddr_t addr, struct hal_mapping *out)
{
    /* Where the host goes on using its mapping, the next access of a page is
     * noticed only when that was forgotten: "accessed" is a hint. */
    return ptable_query(&mmu->tables, addr, out);
}

struct hal_mmu *hosted_mmu_active(void)
{
    return this_cpu()->active;
}

void hal_mmu_activate(struct hal_mmu *mmu)
{
    struct hosted_user_cpu *cpu = this_cpu();

    ASSERT(hal_irq_are_off());
    if (cpu->active == mmu)
        return;
    hosted_engine_put_away(hosted_cpu_self());
    __atomic_store_n(&cpu->active, mmu, __ATOMIC_RELAXED);
}
