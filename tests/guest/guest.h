/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/guest.h - what the guest programs share.
 *
 * Each makes system calls by hand and prints one line for each, the call as it
 * stands in the source and its result, but no address, pid or time: the output
 * is the same on Linux, hosted and bare, and that is the test. What the manual
 * says must come out is checked here too; the program then ends with 1.
 */
#ifndef TESTS_GUEST_GUEST_H
#define TESTS_GUEST_GUEST_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

enum { PAGE = 4096 };

/* An address of the kernel half, and one that is not canonical. */
#define KERNEL_ADDRESS  UINT64_C(0xffff888000000000)
#define BAD_ADDRESS     UINT64_C(0x0000900000000000)

/* The system call instruction: the kernel's own result, -errno for an error.
 * CALL(write, 1, text, 4); missing arguments are 0. */
#define CALL(name, ...) RAW(SYS_##name __VA_OPT__(, ) __VA_ARGS__)
#define RAW(number, ...) \
    RAW_PICK(__VA_ARGS__ __VA_OPT__(, ) RAW6, RAW5, RAW4, RAW3, RAW2, RAW1, \
             RAW0) \
    (number __VA_OPT__(, ) __VA_ARGS__)
#define RAW_PICK(a, b, c, d, e, f, pick, ...) pick
#define RAW0(n)                               GUEST_CALL(n, 0, 0, 0, 0, 0, 0)
#define RAW1(n, a)                            GUEST_CALL(n, a, 0, 0, 0, 0, 0)
#define RAW2(n, a, b)                         GUEST_CALL(n, a, b, 0, 0, 0, 0)
#define RAW3(n, a, b, c)                      GUEST_CALL(n, a, b, c, 0, 0, 0)
#define RAW4(n, a, b, c, d)                   GUEST_CALL(n, a, b, c, d, 0, 0)
#define RAW5(n, a, b, c, d, e)                GUEST_CALL(n, a, b, c, d, e, 0)
#define RAW6(n, a, b, c, d, e, f)             GUEST_CALL(n, a, b, c, d, e, f)
#define GUEST_CALL(n, a, b, c, d, e, f) \
    guest_call(n, (const long[]){(long)(a), (long)(b), (long)(c), (long)(d), \
                                 (long)(e), (long)(f)})

/* Makes a call, prints it, and notes a failure unless it gives want. */
#define EXPECT(want, name, ...) \
    expect(want, CALL(name __VA_OPT__(, ) __VA_ARGS__), \
           #name "(" #__VA_ARGS__ ")")

/* Prints a condition and whether it holds; it should. */
#define CHECK(condition) check(condition, #condition)

long guest_call(long number, const long args[6]);
void expect(long want, long got, const char *text);
void check(bool holds, const char *text);

/* Prints a line as printf(3) would. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Pages of anonymous memory with prot; ends the program when there are none. */
char *get_pages(size_t count, int prot);

/* A page that may be used, and behind it one that may not be touched; returns
 * the border between them. */
char *get_border(void);

/*
 * Prints what may be done with each of count pages: w write, r read only, .
 * nothing. Calls find it out, since those fail where the program itself would
 * die. The last byte of a page that can be written changes.
 */
void show_pages(const char *what, const char *at, size_t count);

/* Milliseconds of a clock of clock_gettime(2). */
int64_t clock_ms(int clock);

/*
 * Is rest_ms what is left of set_ms, which began no sooner than the monotonic
 * clock said since_ms? rest_ms may be off by grain_ms. However long the machine
 * was busy with others, it says when it should.
 */
bool is_rest(int64_t rest_ms, int64_t set_ms, int64_t since_ms,
             int64_t grain_ms);

/*
 * SIGALRM after ms, and every ms from then on, for a call that it is to
 * interrupt: one signal might come before the call. hush() ends it; those that
 * came until then have been handled, unless they are blocked.
 */
void ring_every(int ms);
void hush(void);

/* The exit status: 0 when everything was as expected. */
int finish(void);

#endif /* TESTS_GUEST_GUEST_H */
