/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/vdso/vdso.c - what runs in user mode instead of a call: vdso(7).
 *
 * Each function does what the system call of its name does; where the page
 * below the image does not say enough, it makes the call.
 */
#include "hal/common/vdso.h"
#include "core/abi/time.h"

enum {
    CALL_GETTIMEOFDAY = 96,
    CALL_TIME = 201,
    CALL_CLOCK_GETTIME = 228,
    CALL_CLOCK_GETRES = 229,
    CALL_GETCPU = 309
};

enum { NS_PER_US = 1000, FINE_NS = 1, COARSE_NS = 4000000 };
#define NS_PER_S   UINT64_C(1000000000)

/* Sets of clocks: bit number LX_CLOCK_*. */
#define SET(clock) (1u << (clock))
#define WALL_CLOCKS \
    (SET(LX_CLOCK_REALTIME) | SET(LX_CLOCK_REALTIME_COARSE) | \
     SET(LX_CLOCK_REALTIME_ALARM) | SET(LX_CLOCK_TAI))
#define BOOT_CLOCKS \
    (SET(LX_CLOCK_MONOTONIC) | SET(LX_CLOCK_MONOTONIC_RAW) | \
     SET(LX_CLOCK_MONOTONIC_COARSE) | SET(LX_CLOCK_BOOTTIME) | \
     SET(LX_CLOCK_BOOTTIME_ALARM))
#define COARSE_CLOCKS \
    (SET(LX_CLOCK_REALTIME_COARSE) | SET(LX_CLOCK_MONOTONIC_COARSE))

extern const struct vdso_data vdso_data;

#define EXPORT __attribute__((visibility("default")))

EXPORT int __vdso_clock_gettime(int32_t clock, struct lx_timespec *to);
EXPORT int __vdso_clock_getres(int32_t clock, struct lx_timespec *to);
EXPORT int __vdso_gettimeofday(struct lx_timeval *to, struct lx_timezone *zone);
EXPORT lx_time_t __vdso_time(lx_time_t *to);
EXPORT int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused);

static long call(long number, const void *a, const void *b)
{
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(a), "S"(b), "d"(0l)
                     : "rcx", "r11", "memory");
    return result;
}

static long call_clock(long number, int32_t clock, const void *to)
{
    return call(number, (const void *)(long)clock, to);
}

static unsigned set_of(int32_t clock)
{
    return (uint32_t)clock < 32 ? SET((uint32_t)clock) : 0;
}

static uint64_t read_counter(void)
{
    uint32_t low, high;

    __asm__ volatile("lfence\n\trdtsc" : "=a"(low), "=d"(high) : : "memory");
    return (uint64_t)high << 32 | low;
}

/* Nanoseconds since boot or since 1970; false: the kernel must be asked. */
static inline bool read_clock(bool is_wall, uint64_t *ns)
{
    const struct vdso_data *data = &vdso_data;
    uint32_t sequence = vdso_begin(data);

    if (!(__atomic_load_n(&data->flags, __ATOMIC_RELAXED) & VDSO_HAS_TIME))
        return false;
    *ns = vdso_ns(data, read_counter());
    if (is_wall)
        *ns += __atomic_load_n(&data->wall_ns, __ATOMIC_RELAXED);
    return vdso_is_whole(data, sequence);
}

int __vdso_clock_gettime(int32_t clock, struct lx_timespec *to)
{
    unsigned set = set_of(clock);
    uint64_t ns;

    if ((set & (WALL_CLOCKS | BOOT_CLOCKS)) == 0 ||
        !read_clock((set & WALL_CLOCKS) != 0, &ns))
        return (int)call_clock(CALL_CLOCK_GETTIME, clock, to);
    to->tv_sec = (lx_time_t)(ns / NS_PER_S);
    to->tv_nsec = (int64_t)(ns % NS_PER_S);
    return 0;
}

int __vdso_clock_getres(int32_t clock, struct lx_timespec *to)
{
    unsigned set = set_of(clock);

    if ((set & (WALL_CLOCKS | BOOT_CLOCKS)) == 0)
        return (int)call_clock(CALL_CLOCK_GETRES, clock, to);
    if (to != 0) {
        to->tv_sec = 0;
        to->tv_nsec = (set & COARSE_CLOCKS) != 0 ? COARSE_NS : FINE_NS;
    }
    return 0;
}

int __vdso_gettimeofday(struct lx_timeval *to, struct lx_timezone *zone)
{
    uint64_t ns;

    if (!read_clock(true, &ns))
        return (int)call(CALL_GETTIMEOFDAY, to, zone);
    if (to != 0) {
        to->tv_sec = (lx_time_t)(ns / NS_PER_S);
        to->tv_usec = (int64_t)(ns % NS_PER_S / NS_PER_US);
    }
    if (zone != 0)
        *zone = (struct lx_timezone){0, 0}; /* UTC, as the kernel has it */
    return 0;
}

lx_time_t __vdso_time(lx_time_t *to)
{
    uint64_t ns;
    lx_time_t now;

    if (!read_clock(true, &ns))
        return call(CALL_TIME, to, 0);
    now = (lx_time_t)(ns / NS_PER_S);
    if (to != 0)
        *to = now;
    return now;
}

int __vdso_getcpu(unsigned *cpu, unsigned *node, void *unused)
{
    uint32_t flags = __atomic_load_n(&vdso_data.flags, __ATOMIC_RELAXED);
    uint32_t number, low, high;

    (void)unused;
    if (!(flags & VDSO_HAS_CPU))
        return (int)call(CALL_GETCPU, cpu, node);
    __asm__ volatile("rdtscp" : "=c"(number), "=a"(low), "=d"(high));
    if (cpu != 0)
        *cpu = number;
    if (node != 0)
        *node = 0; /* there is one */
    return 0;
}
