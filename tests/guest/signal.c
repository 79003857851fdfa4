/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/signal.c - dispositions, masks, and handlers: sigaction(2),
 * sigprocmask(2), kill(2), sigreturn(2).
 *
 * Argument `wild-N`: a sigreturn that is none; it ends in SIGSEGV.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>

#undef sa_handler /* a field of the kernel's struct too */
#include "core/abi/sigcontext.h"
#include "core/abi/signal.h"
#include "tests/guest/guest.h"

static volatile int order[64];
static volatile int count;
static volatile siginfo_t last;

static void note(int number, siginfo_t *info, void *context)
{
    (void)context;
    memcpy((void *)&last, info, sizeof(last));
    if (count < 64)
        order[count] = number;
    count++;
}

static void handle(int number, void (*handler)(int, siginfo_t *, void *),
                   int flags)
{
    struct sigaction action = {.sa_sigaction = handler,
                               .sa_flags = flags | SA_SIGINFO};

    CHECK(sigaction(number, &action, NULL) == 0);
}

static void show_order(void)
{
    for (int i = 0; i < count && i < 64; i++)
        say("  %d: signal %d", i, order[i]);
    count = 0;
}

static uint64_t bit(int number)
{
    return UINT64_C(1) << (number - 1);
}

static void errors(void)
{
    struct lx_sigaction action = {0};
    uint64_t set = 0;
    long self = CALL(getpid), other = 0x3fffffff;

    EXPECT(-EINVAL, rt_sigaction, SIGKILL, &action, NULL, 8);
    EXPECT(-EINVAL, rt_sigaction, SIGSTOP, &action, NULL, 8);
    EXPECT(0, rt_sigaction, SIGKILL, NULL, &action, 8);
    EXPECT(-EINVAL, rt_sigaction, 0, NULL, &action, 8);
    EXPECT(-EINVAL, rt_sigaction, 65, NULL, &action, 8);
    EXPECT(-EINVAL, rt_sigaction, SIGUSR1, NULL, &action, 16);
    EXPECT(-EFAULT, rt_sigaction, SIGUSR1, KERNEL_ADDRESS, NULL, 8);
    EXPECT(-EFAULT, rt_sigaction, SIGUSR1, NULL, KERNEL_ADDRESS, 8);
    EXPECT(-EINVAL, rt_sigprocmask, 3, &set, NULL, 8);
    EXPECT(0, rt_sigprocmask, 3, NULL, &set, 8);
    EXPECT(-EINVAL, rt_sigprocmask, SIG_BLOCK, &set, NULL, 4);
    EXPECT(-EFAULT, rt_sigprocmask, SIG_BLOCK, KERNEL_ADDRESS, NULL, 8);
    EXPECT(-EFAULT, rt_sigprocmask, SIG_BLOCK, NULL, KERNEL_ADDRESS, 8);
    EXPECT(-EINVAL, rt_sigpending, &set, 16);
    EXPECT(-EFAULT, rt_sigpending, KERNEL_ADDRESS, 8);
    EXPECT(-EINVAL, kill, self, 65);
    EXPECT(-EINVAL, kill, self, -1);
    EXPECT(-ESRCH, kill, other, 0);
    EXPECT(0, kill, self, 0);
    EXPECT(-EINVAL, tgkill, self, self, 65);
    EXPECT(-EINVAL, tgkill, 0, self, 0);
    EXPECT(-EINVAL, tgkill, self, -1, 0);
    EXPECT(-ESRCH, tgkill, self, other, 0);
    EXPECT(-ESRCH, tgkill, other, self, 0);
    EXPECT(0, tgkill, self, self, 0);
    EXPECT(-EINVAL, tkill, 0, 0);
    EXPECT(-ESRCH, tkill, other, 0);
    EXPECT(0, tkill, self, 0);
}

static void masks(void)
{
    uint64_t set = bit(SIGUSR1) | bit(SIGKILL) | bit(SIGSTOP), old = 0;
    long self = CALL(getpid);

    handle(SIGUSR1, note, 0);
    handle(SIGUSR2, note, 0);
    EXPECT(0, rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, NULL, &old, 8);
    CHECK(old == bit(SIGUSR1));
    set = bit(SIGUSR2);
    EXPECT(0, rt_sigprocmask, SIG_BLOCK, &set, &old, 8);
    CHECK(old == bit(SIGUSR1));
    EXPECT(0, kill, self, SIGUSR2);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, tkill, self, SIGUSR1);
    EXPECT(0, rt_sigpending, &set, 8);
    CHECK(set == (bit(SIGUSR1) | bit(SIGUSR2)));
    CHECK(count == 0);
    EXPECT(0, rt_sigprocmask, SIG_UNBLOCK, &set, NULL, 8);
    show_order();
    EXPECT(0, rt_sigpending, &set, 8);
    CHECK(set == 0);
}

static void infos(void)
{
    long self = CALL(getpid);

    EXPECT(0, kill, self, SIGUSR1);
    CHECK(count == 1 && last.si_signo == SIGUSR1 && last.si_code == SI_USER);
    CHECK(last.si_pid == self && last.si_uid == CALL(getuid));
    EXPECT(0, tkill, self, SIGUSR2);
    CHECK(count == 2 && last.si_signo == SIGUSR2 && last.si_code == SI_TKILL);
    count = 0;
}

static void flags(void)
{
    struct lx_sigaction action;
    long self = CALL(getpid);

    handle(SIGUSR1, note, SA_RESETHAND);
    EXPECT(0, kill, self, SIGUSR1);
    EXPECT(0, rt_sigaction, SIGUSR1, NULL, &action, 8);
    CHECK(count == 1 && action.sa_handler == 0);
    count = 0;
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    EXPECT(0, kill, self, SIGUSR1);
    CHECK(count == 0);
    CHECK(signal(SIGCHLD, SIG_DFL) == SIG_DFL);
    EXPECT(0, kill, self, SIGCHLD);
    EXPECT(0, kill, self, SIGWINCH);
    EXPECT(0, kill, self, SIGCONT);
}

/* --- handlers in handlers ------------------------------------------------- */

static int depth, deepest;

static void nest(int number, siginfo_t *info, void *context)
{
    (void)info;
    (void)context;
    if (++depth > deepest)
        deepest = depth;
    order[count++] = number;
    if (number == SIGUSR1 && depth == 1)
        CALL(kill, CALL(getpid), SIGUSR2);
    if (number == SIGUSR2 && count < 5)
        CALL(kill, CALL(getpid), SIGUSR2);
    depth--;
}

static void nested(void)
{
    handle(SIGUSR1, nest, 0);
    handle(SIGUSR2, nest, SA_NODEFER);
    EXPECT(0, kill, CALL(getpid), SIGUSR1);
    CHECK(deepest == 5);
    show_order();
    deepest = 0;
    handle(SIGUSR2, nest, 0);
    EXPECT(0, kill, CALL(getpid), SIGUSR1);
    CHECK(deepest == 2);
    show_order();
}

/* --- the frame ------------------------------------------------------------ */

static volatile uint64_t frame_sp;

static void look(int number, siginfo_t *info, void *context)
{
    struct lx_ucontext *uc = context;
    struct lx_fpstate *fp;

    (void)number;
    memcpy(&fp, &uc->uc_mcontext.fpstate, sizeof(fp));
    frame_sp = (uint64_t)uc - 8;
    CHECK((frame_sp + 8) % 16 == 0);
    CHECK((uint64_t)info == frame_sp + offsetof(struct lx_rt_sigframe, info));
    CHECK((uint64_t)fp % 64 == 0 && (uint64_t)fp > (uint64_t)(info + 1) - 1);
    CHECK(uc->uc_flags == 7);
    CHECK(uc->uc_link == 0);
    CHECK(uc->uc_mcontext.cs == 0x33 && uc->uc_mcontext.ss == 0x2b);
    CHECK(fp->sw.magic1 == LX_FP_XSTATE_MAGIC1);
    CHECK(fp->sw.extended_size == fp->sw.xstate_size + 4);
    CHECK(uc->uc_mcontext.rsp - (uint64_t)fp >= 128 + fp->sw.extended_size);
    CHECK(uc->uc_sigmask == bit(SIGTERM));
    say("stack flags %u", uc->uc_stack.ss_flags);
    uc->uc_mcontext.r12 = 0x1234;
    uc->uc_mcontext.eflags |= 0x400;
    uc->uc_sigmask = bit(SIGTERM) | bit(SIGKILL);
}

static void frames(void)
{
    uint64_t set = bit(SIGTERM), r12, eflags;
    long self = CALL(getpid);

    handle(SIGUSR1, look, 0);
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
    __asm__ volatile("sub $128, %%rsp\n\t"
                     "mov $62, %%eax\n\tsyscall\n\t"
                     "pushf\n\tpop %1\n\tcld\n\t"
                     "add $128, %%rsp\n\t"
                     "mov %%r12, %0"
                     : "=&r"(r12), "=&r"(eflags)
                     : "D"(self), "S"(SIGUSR1)
                     : "rax", "rcx", "r11", "r12", "memory", "cc");
    CHECK(r12 == 0x1234 && (eflags & 0x400) != 0);
    CALL(rt_sigprocmask, SIG_BLOCK, NULL, &set, 8);
    CHECK(set == bit(SIGTERM));
    set = 0;
    CALL(rt_sigprocmask, SIG_SETMASK, &set, NULL, 8);
}

/* --- a busy loop ---------------------------------------------------------- */

static volatile int ticks;

static void tick(int number, siginfo_t *info, void *context)
{
    (void)number;
    (void)info;
    (void)context;
    /* Destroys what a handler may, and what it may not. */
    __asm__ volatile("pcmpeqd %%xmm0, %%xmm0\n\tpcmpeqd %%xmm7, %%xmm7\n\t"
                     "pcmpeqd %%xmm15, %%xmm15"
                     :
                     :
                     : "xmm0", "xmm7", "xmm15");
    ticks++;
}

static bool has_avx(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    return (c & (1u << 28)) != 0 && (c & (1u << 27)) != 0;
}

static void wreck_avx(int number, siginfo_t *info, void *context)
{
    tick(number, info, context);
    __asm__ volatile("vxorps %%ymm0, %%ymm0, %%ymm0\n\t"
                     "vxorps %%ymm7, %%ymm7, %%ymm7"
                     :
                     :
                     : "xmm0", "xmm7");
}

/* Counts down while ymm0 and ymm7 hold a pattern: true if they still do. */
__attribute__((target("avx"))) static bool spin_avx(uint64_t rounds)
{
    uint64_t pattern[4] = {1, 2, 3, 4}, out[8] = {0};

    __asm__ volatile("vmovups (%1), %%ymm0\n\tvmovups (%1), %%ymm7\n"
                     "1:\n\tdec %0\n\tjnz 1b\n\t"
                     "vmovups %%ymm0, (%2)\n\tvmovups %%ymm7, 32(%2)\n\t"
                     "vzeroupper"
                     : "+r"(rounds)
                     : "r"(pattern), "r"(out)
                     : "xmm0", "xmm7", "memory", "cc");
    return memcmp(out, pattern, 32) == 0 && memcmp(out + 4, pattern, 32) == 0;
}

static bool spin_registers(uint64_t rounds)
{
    uint64_t a = 0x1111, b = 0x2222, c = 0x3333;

    __asm__ volatile("mov %1, %%r13\n\tmov %2, %%r14\n\tmov %3, %%r15\n"
                     "1:\n\tdec %0\n\tjnz 1b\n\t"
                     "mov %%r13, %1\n\tmov %%r14, %2\n\tmov %%r15, %3"
                     : "+r"(rounds), "+r"(a), "+r"(b), "+r"(c)
                     :
                     : "r13", "r14", "r15", "cc");
    return a == 0x1111 && b == 0x2222 && c == 0x3333;
}

static void busy(void)
{
    struct itimerval every = {{0, 2000}, {0, 2000}}, never = {{0, 0}, {0, 0}};
    bool avx = has_avx(), sound = true;

    handle(SIGALRM, avx ? wreck_avx : tick, 0);
    CHECK(setitimer(ITIMER_REAL, &every, NULL) == 0);
    while (ticks < 20)
        sound &= avx ? spin_avx(100000) : spin_registers(100000);
    while (ticks < 40)
        sound &= spin_registers(100000);
    CHECK(sound);
    CHECK(setitimer(ITIMER_REAL, &never, NULL) == 0);
    count = 0;
}

/* --- faults --------------------------------------------------------------- */

static void step_over(int number, siginfo_t *info, void *context)
{
    struct lx_ucontext *uc = context;

    say("signal %d code %d, vector %lu error %lu", number, info->si_code,
        (unsigned long)uc->uc_mcontext.trapno,
        (unsigned long)uc->uc_mcontext.err);
    last = *info;
    uc->uc_mcontext.rip = uc->uc_mcontext.rbx;
}

#define FAULT(what) \
    __asm__ volatile("lea 1f(%%rip), %%rbx\n\t" what "\n1:" \
                     : \
                     : "D"(page) \
                     : "rax", "rbx", "rcx", "rdx", "memory", "cc")

static void faults(void)
{
    static const int numbers[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP};
    char *page = get_pages(1, PROT_READ);

    for (size_t i = 0; i < 5; i++)
        handle(numbers[i], step_over, 0);
    FAULT("movb $1, (%0)");
    CHECK((char *)last.si_addr == page);
    page = NULL;
    FAULT("movb (%0), %%al");
    CHECK(last.si_addr == NULL);
    page = (char *)BAD_ADDRESS;
    FAULT("movb (%0), %%al");
    CHECK(last.si_addr == NULL);
    FAULT("ud2");
    CHECK(last.si_addr != NULL);
    FAULT("xor %%edx, %%edx\n\txor %%ecx, %%ecx\n\tdiv %%ecx");
    FAULT("int3");
    FAULT("hlt");
}

/* --- what is no frame ----------------------------------------------------- */

static void wild(int which)
{
    static struct {
        struct lx_rt_sigframe frame;
        struct lx_fpstate fp[8] __attribute__((aligned(64)));
    } area;
    struct lx_sigcontext *sc = &area.frame.uc.uc_mcontext;
    uint64_t sp = (uint64_t)&area.frame + 8;

    sc->rip = (uint64_t)&wild;
    sc->rsp = sp;
    sc->eflags = 0x3202; /* IOPL */
    switch (which) {
    case 0:
        sp = 0x1000;
        break;
    case 1:
        sp = KERNEL_ADDRESS;
        break;
    case 2:
        sp = BAD_ADDRESS;
        break;
    case 3:
        sc->rip = BAD_ADDRESS;
        break;
    case 4:
        sc->rip = KERNEL_ADDRESS;
        break;
    case 5:
        sc->fpstate = KERNEL_ADDRESS;
        break;
    case 6:
        sc->fpstate = (uint64_t)area.fp;
        area.fp[0].mxcsr = 0xffffffff;
        break;
    case 7:
        sc->fpstate = (uint64_t)area.fp;
        area.fp[0].sw.magic1 = LX_FP_XSTATE_MAGIC1;
        area.fp[0].sw.xstate_size = 0x40000000;
        area.fp[0].sw.extended_size = 0x40000004;
        sc->rip = 0;
        break;
    default:
        sc->rip = 0;
        sc->cs = 8;
        sc->ss = 16;
        sc->eflags = UINT64_MAX;
        break;
    }
    say("before");
    __asm__ volatile("mov %0, %%rsp\n\tmov $15, %%eax\n\tsyscall\n\tud2"
                     :
                     : "r"(sp)
                     : "memory");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strncmp(argv[1], "wild-", 5) == 0) {
        wild(atoi(argv[1] + 5));
        say("STILL ALIVE");
        return 1;
    }
    errors();
    masks();
    infos();
    flags();
    nested();
    frames();
    busy();
    faults();
    return finish();
}
