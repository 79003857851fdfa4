/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/guest.c - contract in guest.h.
 */
#include "tests/guest/guest.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <time.h>

static int failures;

long guest_call(long number, const long args[6])
{
    register long r10 __asm__("r10") = args[3];
    register long r8 __asm__("r8") = args[4];
    register long r9 __asm__("r9") = args[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(args[0]), "S"(args[1]), "d"(args[2]),
                       "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

static void put(const char *text, size_t size)
{
    while (size > 0) {
        long done = CALL(write, 1, text, size);

        if (done <= 0)
            CALL(exit_group, 1);
        text += done;
        size -= (size_t)done;
    }
}

void say(const char *format, ...)
{
    char line[1024];
    va_list args;
    int size;

    va_start(args, format);
    size = vsnprintf(line, sizeof(line) - 1, format, args);
    va_end(args);
    if (size >= (int)sizeof(line) - 1)
        size = (int)sizeof(line) - 2;
    line[size] = '\n';
    put(line, (size_t)size + 1);
}

/* The names of the errors that the tests meet. */
static const char *name_of(long error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {E2BIG, "E2BIG"},         {ELIBBAD, "ELIBBAD"},
        {EMFILE, "EMFILE"},       {ENOEXEC, "ENOEXEC"},
        {ECHILD, "ECHILD"},       {EACCES, "EACCES"},
        {EAGAIN, "EAGAIN"},       {EBADF, "EBADF"},
        {EBUSY, "EBUSY"},         {EEXIST, "EEXIST"},
        {EFAULT, "EFAULT"},       {EINVAL, "EINVAL"},
        {ELOOP, "ELOOP"},         {ENAMETOOLONG, "ENAMETOOLONG"},
        {ENODEV, "ENODEV"},       {ENOENT, "ENOENT"},
        {ENOMEM, "ENOMEM"},       {ENOSYS, "ENOSYS"},
        {ENOTDIR, "ENOTDIR"},     {ENOTTY, "ENOTTY"},
        {ENXIO, "ENXIO"},         {EOPNOTSUPP, "EOPNOTSUPP"},
        {EDEADLK, "EDEADLK"},     {EINTR, "EINTR"},
        {ETIMEDOUT, "ETIMEDOUT"}, {EPERM, "EPERM"},
        {EPIPE, "EPIPE"},         {ESRCH, "ESRCH"},
        {EFBIG, "EFBIG"},         {EISDIR, "EISDIR"},
        {EMLINK, "EMLINK"},       {ENODATA, "ENODATA"},
        {ENOSPC, "ENOSPC"},       {ENOTEMPTY, "ENOTEMPTY"},
        {EOVERFLOW, "EOVERFLOW"}, {ERANGE, "ERANGE"},
        {EROFS, "EROFS"},         {ESPIPE, "ESPIPE"},
        {ETXTBSY, "ETXTBSY"},     {EXDEV, "EXDEV"},
    };

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (names[i].number == -error)
            return names[i].name;
    return NULL;
}

static void describe(long value, char *to, size_t size)
{
    const char *name = value < 0 && value > -4096 ? name_of(value) : NULL;

    if (name != NULL)
        snprintf(to, size, "-%s", name);
    else
        snprintf(to, size, "%ld", value);
}

void expect(long want, long got, const char *text)
{
    char wanted[32], shown[32];

    describe(got, shown, sizeof(shown));
    describe(want, wanted, sizeof(wanted));
    if (got == want) {
        say("%s = %s", text, shown);
    } else {
        say("%s = %s, EXPECTED %s", text, shown, wanted);
        failures++;
    }
}

void check(bool holds, const char *text)
{
    say("%s: %s", text, holds ? "yes" : "NO");
    failures += !holds;
}

char *get_pages(size_t count, int prot)
{
    void *at =
        mmap(NULL, count * PAGE, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (at == MAP_FAILED) {
        say("no memory for %zu pages", count);
        CALL(exit_group, 1);
    }
    return at;
}

char *get_border(void)
{
    char *pages = get_pages(2, PROT_READ | PROT_WRITE);

    if (mprotect(pages + PAGE, PAGE, PROT_NONE) != 0)
        CALL(exit_group, 1);
    return pages + PAGE;
}

void show_pages(const char *what, const char *at, size_t count)
{
    char line[64];

    for (size_t i = 0; i < count && i < sizeof(line); i++) {
        const char *page = at + i * PAGE;

        line[i] = '.';
        if (CALL(newfstatat, -1, page, NULL, 0) != -EFAULT)
            line[i] = 'r';
        if (CALL(getrandom, page + PAGE - 1, 1, 0) == 1)
            line[i] = 'w';
    }
    say("%s: %.*s", what, (int)count, line);
}

int64_t clock_ms(int clock)
{
    struct timespec t = {0, 0};

    CALL(clock_gettime, clock, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

bool is_rest(int64_t rest_ms, int64_t set_ms, int64_t since_ms,
             int64_t grain_ms)
{
    int64_t passed = clock_ms(CLOCK_MONOTONIC) - since_ms + 1;

    return rest_ms - grain_ms <= set_ms &&
           rest_ms + grain_ms >= set_ms - passed;
}

void ring_every(int ms)
{
    struct itimerval often = {{0, ms * 1000}, {0, ms * 1000}};

    CALL(setitimer, ITIMER_REAL, &often, NULL);
}

void hush(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};

    CALL(setitimer, ITIMER_REAL, &never, NULL);
}

int finish(void)
{
    if (failures > 0)
        say("%d not as expected", failures);
    return failures > 0;
}
