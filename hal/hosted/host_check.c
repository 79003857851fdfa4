/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_check.c - ASan, TSan and Valgrind, as far as they look into
 * the kernel.
 *
 * The options below hold unless the environment says otherwise: a report ends
 * the process with status 99.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"

#ifndef __has_feature
#define __has_feature(x) 0
#endif
#if defined(__SANITIZE_ADDRESS__) || __has_feature(address_sanitizer)
#define ASAN 1
#include <sanitizer/asan_interface.h>
#else
#define ASAN 0
#endif
#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
#define TSAN 1
#else
#define TSAN 0
#endif
#if ASAN || TSAN
#include <sanitizer/common_interface_defs.h>
#endif
#if __has_include(<valgrind/memcheck.h>)
#include <valgrind/memcheck.h>
#else
#define RUNNING_ON_VALGRIND                   0
#define VALGRIND_MAKE_MEM_NOACCESS(at, size)  ((void)(at), (void)(size))
#define VALGRIND_MAKE_MEM_UNDEFINED(at, size) ((void)(at), (void)(size))
#endif

enum {
    STACK_PLAIN = 64 << 10,
    STACK_CHECKED = 128 << 10, /* instrumented frames are larger */
    NOTE_MAX = 256
};

static __thread char last_note[NOTE_MAX]; /* of the CPU that this is */

bool host_on_valgrind(void)
{
    return RUNNING_ON_VALGRIND != 0;
}

size_t host_stack_default(void)
{
    return ASAN || TSAN ? STACK_CHECKED : STACK_PLAIN;
}

void host_poison(const void *start, size_t size)
{
#if ASAN
    __asan_poison_memory_region(start, size);
#endif
    (void)VALGRIND_MAKE_MEM_NOACCESS(start, size);
}

void host_unpoison(const void *start, size_t size)
{
#if ASAN
    __asan_unpoison_memory_region(start, size);
#endif
    (void)VALGRIND_MAKE_MEM_UNDEFINED(start, size);
}

bool host_is_watched(void)
{
    return ASAN || host_on_valgrind();
}

void host_note(const char *note)
{
    size_t i = 0;

    /* The kernel's threads on a CPU write it in turn: to TSan, a race. */
    for (; i < NOTE_MAX - 1 && note[i] != '\0'; i++)
        __atomic_store_n(&last_note[i], note[i], __ATOMIC_RELAXED);
    __atomic_store_n(&last_note[i], '\0', __ATOMIC_RELAXED);
}

#if TSAN

/* TSan's own, without a header (its valgrind-style annotations). */
void AnnotateIgnoreReadsBegin(const char *file, int line);
void AnnotateIgnoreReadsEnd(const char *file, int line);
void AnnotateIgnoreWritesBegin(const char *file, int line);
void AnnotateIgnoreWritesEnd(const char *file, int line);

void host_alone(bool alone)
{
    if (alone) {
        AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
        AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
    } else {
        AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
        AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
    }
}

#else

void host_alone(bool alone)
{
    (void)alone;
}

#endif

#if ASAN || TSAN

/* The sanitizer is about to end the process. */
static void print_note(void)
{
    static const char head[] = "cyphera: it happened in: ";

    if (last_note[0] == '\0')
        return;
    (void)!write(STDERR_FILENO, head, sizeof(head) - 1);
    (void)!write(STDERR_FILENO, last_note, strlen(last_note));
    (void)!write(STDERR_FILENO, "\n", 1);
}

__attribute__((constructor)) static void watch_death(void)
{
    __sanitizer_set_death_callback(print_note);
}

/* Their names are the sanitizers'. */
const char *__asan_default_options(void);
const char *__ubsan_default_options(void);
const char *__lsan_default_options(void);
const char *__tsan_default_options(void);

const char *__asan_default_options(void)
{
    return "exitcode=99:halt_on_error=1:detect_leaks=1:strict_string_checks=1";
}

const char *__ubsan_default_options(void)
{
    return "exitcode=99:halt_on_error=1:print_stacktrace=1";
}

const char *__lsan_default_options(void)
{
    return "exitcode=99";
}

const char *__tsan_default_options(void)
{
    return "exitcode=99:halt_on_error=1:atexit_sleep_ms=0";
}

#endif
