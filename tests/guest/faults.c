/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/faults.c - what a handler learns of a fault: number, code,
 * address; that it can mend and go on, and what comes while it is blocked.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>

#include "tests/guest/child.h"

static sigjmp_buf back;
static volatile int number, code;
static volatile long error;
static void *volatile address;
static char *page;

static void leap(int signal_number, siginfo_t *info, void *context)
{
    const ucontext_t *uc = context;

    number = signal_number;
    error = uc->uc_mcontext.gregs[REG_ERR];
    code = info->si_code;
    address = info->si_addr;
    siglongjmp(back, 1);
}

static void catch_all(void (*handler)(int, siginfo_t *, void *))
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP};
    struct sigaction action = {.sa_sigaction = handler, .sa_flags = SA_SIGINFO};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        sigaction(numbers[i], &action, NULL);
}

static void show(const char *what, const void *where)
{
    say("%s: signal %d, code %d, address %s", what, number, code,
        address == where  ? "right"
        : address == NULL ? "none"
                          : "wrong");
}

#define TRY(what, where, statement) \
    do { \
        number = code = 0; \
        address = NULL; \
        if (sigsetjmp(back, 1) == 0) { \
            statement; \
        } \
        show(what, (const void *)(where)); \
    } while (0)

static void memory(void)
{
    char *high = (char *)KERNEL_ADDRESS, *bad = (char *)BAD_ADDRESS;

    TRY("no mapping", page + PAGE, *(volatile char *)(page + PAGE));
    mprotect(page, PAGE, PROT_READ);
    TRY("read only", page + 5, *(volatile char *)(page + 5) = 1);
    mprotect(page, PAGE, PROT_NONE);
    TRY("not at all", page + 9, *(volatile char *)(page + 9));
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
    TRY("no program", page, ((void (*)(void))(void *)page)());
    TRY("kernel", high, *(volatile char *)high);
    /* Which of its pages are there is not to be seen. */
    CHECK(error == 5);
    TRY("the last page", (void *)-PAGE, *(volatile char *)(uintptr_t)-PAGE = 1);
    CHECK(error == 7);
    TRY("not canonical", NULL, *(volatile char *)bad);
    TRY("null", NULL, *(volatile char *)(void *volatile){NULL});
}

static void instructions(void)
{
    TRY("ud2", address, __asm__ volatile("ud2"));
    TRY("divide", address,
        __asm__ volatile("xor %%edx, %%edx; div %0" ::"r"(0), "a"(1)
                         : "edx"));
    TRY("int3", NULL, __asm__ volatile("int3"));
    TRY("hlt", NULL, __asm__ volatile("hlt"));
}

/* Gives the page and lets the access happen. */
static void mend(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)signal_number;
    number++;
    if (info->si_addr != page + 100 ||
        uc->uc_mcontext.gregs[REG_CR2] != (long)(uintptr_t)info->si_addr)
        code++;
    mprotect(page, PAGE, PROT_READ | PROT_WRITE);
}

/* Goes on behind the instruction, with a result. */
static void skip(int signal_number, siginfo_t *info, void *context)
{
    ucontext_t *uc = context;

    (void)signal_number;
    (void)info;
    uc->uc_mcontext.gregs[REG_RIP] += 2;
    uc->uc_mcontext.gregs[REG_RAX] = 4242;
}

static void mended(void)
{
    long result = 0;

    number = code = 0;
    catch_all(mend);
    for (int i = 0; i < 50; i++) {
        mprotect(page, PAGE, i % 2 == 0 ? PROT_NONE : PROT_READ);
        *(volatile char *)(page + 100) = (char)i;
    }
    CHECK(number == 50 && code == 0 && page[100] == 49);
    catch_all(skip);
    __asm__ volatile("ud2" : "=a"(result));
    CHECK(result == 4242);
}

static int blocked(long which)
{
    uint64_t set = ~UINT64_C(0);

    catch_all(leap);
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    if (which == 0)
        *(volatile char *)(page + PAGE) = 1;
    else
        __asm__ volatile("ud2");
    return 0;
}

static int ignored(long unused)
{
    (void)unused;
    dispose(SIGSEGV, SIG_IGN);
    CALL(kill, CALL(getpid), SIGSEGV);
    *(volatile char *)(page + PAGE) = 1;
    return 0;
}

int main(void)
{
    page = get_pages(2, PROT_READ | PROT_WRITE);
    munmap(page + PAGE, PAGE);
    catch_all(leap);
    memory();
    instructions();
    mended();
    reap("blocked", spawn(blocked, 0));
    reap("blocked", spawn(blocked, 1));
    reap("ignored", spawn(ignored, 0));
    return finish();
}
