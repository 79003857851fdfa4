/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/avx.c - ymm registers (xmm where there is no AVX) are kept across
 * handlers that use them, and by 64 threads that share two CPUs.
 */
#include <cpuid.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <time.h>

#include "tests/guest/child.h"

enum { THREADS = 64, ROUNDS = 60, REGISTERS = 16, BYTES = 32 };

struct image {
    uint8_t of[REGISTERS][BYTES];
} __attribute__((aligned(32)));

static bool has_avx;
static volatile int bad, alarms;

#define EACH(x) \
    x(0) x(1) x(2) x(3) x(4) x(5) x(6) x(7) x(8) x(9) x(10) x(11) x(12) x(13) \
        x(14) x(15)
#define LOAD_Y(n)  "vmovdqa " #n "*32(%[in]), %%ymm" #n "\n\t"
#define STORE_Y(n) "vmovdqa %%ymm" #n ", " #n "*32(%[out])\n\t"
#define LOAD_X(n)  "movdqa " #n "*32(%[in]), %%xmm" #n "\n\t"
#define STORE_X(n) "movdqa %%xmm" #n ", " #n "*32(%[out])\n\t"
#define CLOBBERS \
    "rax", "rcx", "r11", "memory", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", \
        "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
        "xmm13", "xmm14", "xmm15"

/* Loads all registers, spins turns times, with a call of sched_yield(2) in the
 * middle, and stores them. */
#define HOLD(load, store) \
    __asm__ volatile(EACH(load) "mov %[turns], %%rcx\n" \
                                "1: dec %%rcx\n\tjnz 1b\n\t" \
                                "mov $24, %%eax\n\tsyscall\n\t" \
                                "mov %[turns], %%rcx\n" \
                                "2: dec %%rcx\n\tjnz 2b\n\t" EACH(store) \
                     : \
                     : [in] "r"(in), [out] "r"(out), [turns] "r"(turns) \
                     : CLOBBERS)

static void hold(const struct image *in, struct image *out, uint64_t turns)
{
    if (has_avx)
        HOLD(LOAD_Y, STORE_Y);
    else
        HOLD(LOAD_X, STORE_X);
}

static void fill(struct image *image, unsigned seed)
{
    for (unsigned i = 0; i < REGISTERS; i++)
        for (unsigned j = 0; j < BYTES; j++)
            image->of[i][j] =
                has_avx || j < 16 ? (uint8_t)(seed * 7 + i * 31 + j) : 0;
}

static void hold_and_compare(unsigned seed, uint64_t turns)
{
    struct image in, out;

    fill(&in, seed);
    memset(&out, 0, sizeof(out));
    hold(&in, &out, turns);
    if (memcmp(&in, &out, sizeof(in)) != 0)
        __atomic_add_fetch(&bad, 1, __ATOMIC_SEQ_CST);
}

static void spoil(int number)
{
    (void)number;
    hold_and_compare((unsigned)alarms + 100, 100);
    alarms++;
}

/* A handler that fills all registers comes at any moment. */
static void handlers(void)
{
    struct itimerval fast = {{0, 2000}, {0, 2000}}, off = {{0, 0}, {0, 0}};

    signal(SIGALRM, spoil);
    EXPECT(0, setitimer, ITIMER_REAL, &fast, NULL);
    for (unsigned i = 0; alarms < 20; i++)
        hold_and_compare(i, 20000);
    EXPECT(0, setitimer, ITIMER_REAL, &off, NULL);
    CHECK(bad == 0);
}

static void *run(void *arg)
{
    unsigned me = (unsigned)(long)arg;
    uint64_t cpu = UINT64_C(1) << me % 2;

    /* Where there is but one CPU it stays there. */
    CALL(sched_setaffinity, 0, sizeof(cpu), &cpu);
    for (unsigned i = 0; i < ROUNDS; i++)
        hold_and_compare(me * 251 + i, 50 + me * 10);
    return NULL;
}

static void threads(void)
{
    pthread_t ids[THREADS];

    for (long i = 0; i < THREADS; i++)
        pthread_create(&ids[i], NULL, run, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(ids[i], NULL);
    CHECK(bad == 0);
}

/* fork(2) copies them. */
static int in_child(long seed)
{
    hold_and_compare((unsigned)seed, 1000);
    return bad;
}

int main(void)
{
    uint32_t a, b, c = 0, d;

    has_avx = __get_cpuid(1, &a, &b, &c, &d) != 0 && (c & bit_AVX) != 0 &&
              (c & bit_OSXSAVE) != 0;
    handlers();
    threads();
    reap("in a child", spawn(in_child, 3));
    return finish();
}
