/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/common/vdso.h - the page that tells the vDSO how to read the clock.
 *
 * It lies right below the vDSO's image, read-only for user code; the HAL alone
 * writes it, and reads its own clock by the same rule.
 *
 * **Changing.** `sequence` is odd while the rest changes, and has another value
 * afterwards. User code that meets a change asks the kernel instead; it never
 * waits for a writer that may not run.
 */
#ifndef HAL_COMMON_VDSO_H
#define HAL_COMMON_VDSO_H

#include <stdbool.h>
#include <stdint.h>

/* How far below the image. */
#define VDSO_DATA_SIZE 0x1000

/* Bits of flags. */
enum {
    VDSO_HAS_TIME = 1, /* what follows is so; else the kernel must be asked */
    VDSO_HAS_CPU = 2   /* rdtscp tells the CPU's number */
};

/* At time-stamp counter t, hal_clock_now() is
 * base_ns + (t - base_tsc) * ns_per_tick; hal_clock_wall() is wall_ns more. */
struct vdso_data {
    uint32_t sequence; /* atomic, as all that follows */
    uint32_t flags;
    uint64_t base_tsc;
    uint64_t base_ns;
    uint64_t ns_per_tick; /* 32.32 fixed point */
    uint64_t wall_ns;     /* the sum may wrap */
};

static inline uint64_t vdso_multiply(uint64_t n, uint64_t factor)
{
    return (uint64_t)((unsigned __int128)n * factor >> 32);
}

static inline uint64_t vdso_ns(const struct vdso_data *data, uint64_t tsc)
{
    return __atomic_load_n(&data->base_ns, __ATOMIC_RELAXED) +
           vdso_multiply(tsc -
                             __atomic_load_n(&data->base_tsc, __ATOMIC_RELAXED),
                         __atomic_load_n(&data->ns_per_tick, __ATOMIC_RELAXED));
}

static inline uint32_t vdso_begin(const struct vdso_data *data)
{
    return __atomic_load_n(&data->sequence, __ATOMIC_ACQUIRE);
}

/* Did nothing change since vdso_begin() returned sequence? The processor loads
 * in order (SDM volume 3, 9.2.2), so only the compiler is told. */
static inline bool vdso_is_whole(const struct vdso_data *data,
                                 uint32_t sequence)
{
    __atomic_signal_fence(__ATOMIC_ACQUIRE);
    return sequence % 2 == 0 &&
           __atomic_load_n(&data->sequence, __ATOMIC_RELAXED) == sequence;
}

/* Around a change, under the writer's lock. */
static inline void vdso_change(struct vdso_data *data)
{
    (void)__atomic_fetch_add(&data->sequence, 1, __ATOMIC_SEQ_CST);
}

#endif /* HAL_COMMON_VDSO_H */
