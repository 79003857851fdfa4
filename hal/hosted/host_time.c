/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_time.c - what time it is: hal/common/vdso.h over the host's
 * clocks.
 *
 * Where the host itself tells time by the time-stamp counter, so does the
 * kernel, by the rule that user code has in its page; both then see one time.
 * Once a second a reader in the kernel holds the rule against the host's
 * clock: the rate of the next second makes up for what has been missed, so that
 * time never goes back and never leaps, but over a gap in which the host's own
 * clock went on and the counter did not. Elsewhere, and until the rate is
 * known, the host is asked, and user code asks us.
 *
 * Not instrumented by TSan, like host_clock.c.
 */
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hal/common/vdso.h"
#include "hal/hosted/host_parts.h"

#define NS_PER_S UINT64_C(1000000000)

/* Looks at the host's clock: first and second after the start, then for ever.
 * They are the lengths of what the rate is measured over. */
static const uint64_t periods_ns[] = {NS_PER_S / 200, NS_PER_S / 10, NS_PER_S};
enum { PERIODS = sizeof(periods_ns) / sizeof(periods_ns[0]) };

enum {
    TRIES = 5,
    NARROW_NS = 2000,    /* a look that took no longer is good */
    SLEW_NS = 500000,    /* made up for in a second, at most */
    LEAP_NS = 100000000, /* behind by more: leaps */
};

/* One look at all clocks; before and after are the host's monotonic clock. */
struct look {
    uint64_t before, after, wall, counter;
};

/* lock: all but what says otherwise. */
static struct {
    struct host_lock lock;
    uint64_t boot_ns;  /* const; the host's clock at time 0 */
    uint64_t shift_ns; /* of the wall clock, by the kernel; atomic */
    uint64_t wall_ns;  /* what the host's wall clock is ahead of time 0 */
    struct look last;
    unsigned tuned;         /* how often */
    uint64_t next;          /* counter when to tune; atomic; never: ~0 */
    struct vdso_data own;   /* until user code has a page */
    struct vdso_data *data; /* atomic; what it points to by the rule */
} clocks = {.next = UINT64_MAX, .data = &clocks.own};

static uint64_t read_host(clockid_t clock)
{
    struct timespec t;

    (void)clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * NS_PER_S + (uint64_t)t.tv_nsec;
}

static uint64_t read_counter(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

static uint64_t load(const uint64_t *word)
{
    return __atomic_load_n(word, __ATOMIC_RELAXED);
}

static void store(uint64_t *word, uint64_t value)
{
    __atomic_store_n(word, value, __ATOMIC_RELAXED);
}

static bool has_time(const struct vdso_data *data)
{
    return (__atomic_load_n(&data->flags, __ATOMIC_RELAXED) & VDSO_HAS_TIME) !=
           0;
}

/* The narrowest of some looks; one that the host interrupted is wide. */
static struct look look(void)
{
    struct look best = {.after = UINT64_MAX};

    for (int i = 0; i < TRIES; i++) {
        struct look l;

        l.before = read_host(CLOCK_MONOTONIC);
        l.counter = read_counter();
        l.wall = read_host(CLOCK_REALTIME);
        l.after = read_host(CLOCK_MONOTONIC);
        if (l.after - l.before < best.after - best.before)
            best = l;
        if (best.after - best.before <= NARROW_NS)
            break;
    }
    return best;
}

/* The host's wall clock was set when what it is ahead does not fit any more. */
static void tune_wall(const struct look *now)
{
    uint64_t least = now->wall - (now->after - clocks.boot_ns);
    uint64_t most = now->wall - (now->before - clocks.boot_ns);

    if (clocks.wall_ns - least > most - least)
        clocks.wall_ns = least + (most - least) / 2;
    store(&clocks.data->wall_ns, clocks.wall_ns + load(&clocks.shift_ns));
}

/* Ticks' worth of ns, 32.32, between two looks, and by how much more the next
 * period must run to catch up. */
static uint64_t rate_of(const struct look *from, const struct look *to,
                        int64_t behind)
{
    unsigned __int128 ns = to->before - from->before;
    uint64_t rate = (uint64_t)((ns << 32) / (to->counter - from->counter));

    behind = behind > SLEW_NS ? SLEW_NS : behind;
    behind = behind < -SLEW_NS ? -SLEW_NS : behind;
    return rate +
           (uint64_t)((__int128)rate * behind / (__int128)(int64_t)NS_PER_S);
}

/* A new stretch of the rule; lock is held. It begins with the look: whoever
 * reads the clock while it changes tries again. */
static void tune(void)
{
    struct vdso_data *data = clocks.data;
    struct look now;
    uint64_t ns, host, period;

    vdso_change(data);
    now = look();
    host = now.after - clocks.boot_ns;
    ns = has_time(data) ? vdso_ns(data, now.counter) : host;
    if (host > ns && host - ns > LEAP_NS)
        ns = host;
    store(&data->ns_per_tick,
          rate_of(&clocks.last, &now, (int64_t)(host - ns)));
    store(&data->base_ns, ns);
    store(&data->base_tsc, now.counter);
    tune_wall(&now);
    __atomic_store_n(&data->flags, VDSO_HAS_TIME, __ATOMIC_RELAXED);
    vdso_change(data);

    if (clocks.tuned + 1 < PERIODS)
        clocks.tuned++;
    period = periods_ns[clocks.tuned];
    store(&clocks.next,
          now.counter + (uint64_t)(((unsigned __int128)period << 32) /
                                   load(&data->ns_per_tick)));
    clocks.last = now;
}

/* Nobody waits to do what another does. */
static void tune_if_due(uint64_t counter)
{
    if (counter < load(&clocks.next) || !host_lock_try(&clocks.lock))
        return;
    if (counter >= load(&clocks.next))
        tune();
    host_lock_give(&clocks.lock);
}

/* Time, or the wall clock without clocks.shift_ns. */
static uint64_t read_once(const struct vdso_data *data, bool is_wall,
                          uint64_t *counter)
{
    *counter = read_counter();
    if (has_time(data))
        return vdso_ns(data, *counter) +
               (is_wall ? load(&data->wall_ns) - load(&clocks.shift_ns) : 0);
    return is_wall ? read_host(CLOCK_REALTIME)
                   : read_host(CLOCK_MONOTONIC) - clocks.boot_ns;
}

static uint64_t read_time(bool is_wall)
{
    const struct vdso_data *data;
    uint32_t sequence;
    uint64_t ns, counter;

    for (;;) {
        data = __atomic_load_n(&clocks.data, __ATOMIC_ACQUIRE);
        sequence = vdso_begin(data);
        ns = read_once(data, is_wall, &counter);
        if (vdso_is_whole(data, sequence))
            break;
        (void)sched_yield();
    }
    tune_if_due(counter);
    return ns;
}

uint64_t host_clock_now(void)
{
    return host_facts()->seeded ? host_seed_now() : read_time(false);
}

/* Without what the kernel moved it by. */
static uint64_t wall_of_host(void)
{
    /* 2024-01-01 00:00 UTC. */
    static const uint64_t seeded_start = UINT64_C(1704067200) * NS_PER_S;

    if (host_facts()->seeded)
        return seeded_start + host_seed_now();
    return read_time(true);
}

uint64_t host_clock_wall(void)
{
    return wall_of_host() + load(&clocks.shift_ns);
}

void host_clock_set_wall(uint64_t ns)
{
    uint64_t shift_ns = ns - wall_of_host();

    host_lock_take(&clocks.lock);
    vdso_change(clocks.data);
    store(&clocks.data->wall_ns,
          load(&clocks.data->wall_ns) + shift_ns - load(&clocks.shift_ns));
    store(&clocks.shift_ns, shift_ns);
    vdso_change(clocks.data);
    host_lock_give(&clocks.lock);
}

void host_clock_share(struct vdso_data *page)
{
    host_lock_take(&clocks.lock);
    *page = clocks.own;
    __atomic_store_n(&clocks.data, page, __ATOMIC_RELEASE);
    host_lock_give(&clocks.lock);
}

/* Does the host tell time by the counter? Then all its cores' are one. */
static bool counter_works(void)
{
    char name[16] = "";
    int fd = open("/sys/devices/system/clocksource/clocksource0/"
                  "current_clocksource",
                  O_RDONLY | O_CLOEXEC);

    if (fd >= 0) {
        if (read(fd, name, sizeof(name) - 1) < 0)
            name[0] = '\0';
        (void)close(fd);
    }
    return strcmp(name, "tsc\n") == 0;
}

/* Before the rate is known, a tick counts as an eighth of a nanosecond. */
void host_time_start(void)
{
    clocks.boot_ns = read_host(CLOCK_MONOTONIC);
    if (host_facts()->seeded || !counter_works())
        return;
    clocks.last = look();
    store(&clocks.next, clocks.last.counter + 8 * periods_ns[0]);
}

uint64_t host_time_boot_ns(void)
{
    return clocks.boot_ns;
}
