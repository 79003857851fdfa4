/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/defs.h - the vocabulary every other file may assume.
 *
 * Depends on nothing but the freestanding C headers, and compiles as C17 and
 * as C++17 (the tests are C++), so it uses no _Atomic, no VLA and no C++
 * keyword.
 */
#ifndef CORE_BASE_DEFS_H
#define CORE_BASE_DEFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define C_DECLS_BEGIN extern "C" {
#define C_DECLS_END   }
#else
#define C_DECLS_BEGIN
#define C_DECLS_END
#endif

typedef __PTRDIFF_TYPE__ ssize_t; /* a count, or a negative errno */

#define MUST_USE        __attribute__((warn_unused_result))
#define NORETURN        __attribute__((noreturn))
#define SELDOM          __attribute__((noinline, cold)) /* keeps callers small */
#define PRINTF(fmt, at) __attribute__((format(printf, fmt, at)))

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

/* The struct of that type whose member field is *pointer. */
#define container_of(pointer, type, field) \
    ((type *)(void *)((char *)(pointer)-offsetof(type, field)))

/*
 * Lock annotations: part of a function's contract, written in the header.
 * clang -Wthread-safety proves the ones on functions ("tsa" preset). The one
 * on a field is for the reader: clang 19 cannot resolve it in C, as it takes
 * "lock" for a global instead of p->lock.
 */
#if defined(__clang__) && !defined(__cplusplus)
#define TSA(x) __attribute__((x))
#else
#define TSA(x)
#endif
#define CAPABILITY(name)      TSA(capability(name))
#define REQUIRES(lock)        TSA(requires_capability(lock))
#define ACQUIRES(...)         TSA(acquire_capability(__VA_ARGS__))
#define RELEASES(...)         TSA(release_capability(__VA_ARGS__))
#define TRY_ACQUIRES(lock)    TSA(try_acquire_capability(0, lock)) /* 0: held */
#define REQUIRES_SHARED(lock) TSA(requires_shared_capability(lock))
#define ACQUIRES_SHARED(lock) TSA(acquire_shared_capability(lock))
#define RELEASES_SHARED(lock) TSA(release_shared_capability(lock))
#define TRY_ACQUIRES_SHARED(lock) \
    TSA(try_acquire_shared_capability(0, lock)) /* 0: held */
#define EXCLUDES(lock)   TSA(locks_excluded(lock))
#define NO_TSA           TSA(no_thread_safety_analysis)
#define GUARDED_BY(lock) /* no code */

/* An invariant that only a kernel bug can break. On in every build. */
#define ASSERT(cond) \
    ((cond) ? (void)0 : assert_failed(#cond, __FILE__, __LINE__))

C_DECLS_BEGIN
NORETURN void assert_failed(const char *expr, const char *file, int line);
C_DECLS_END

static inline size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint64_t max_u64(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

/* To a multiple of a power of two; round_up wraps to 0 at the top. */
static inline uint64_t round_down(uint64_t n, uint64_t to)
{
    return n & ~(to - 1);
}

static inline uint64_t round_up(uint64_t n, uint64_t to)
{
    return (n + to - 1) & ~(to - 1);
}

static inline bool is_power_of_two(size_t n)
{
    return n != 0 && (n & (n - 1)) == 0;
}

#endif /* CORE_BASE_DEFS_H */
