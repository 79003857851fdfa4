/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/stub/stub.c - the program of a stub: a host process that runs
 * guest user code and hands every trap to the kernel process.
 *
 * The zygote is started by execve(2), cleans its address space, sets up signal
 * handlers and seccomp, and from then on forks stubs; those inherit all of it.
 * A thread of a stub loops: hand over, wait, do the commands, resume user code.
 * A trap is a host signal whose handler stores the context in the thread's
 * block and goes into the loop again; it is never returned from.
 *
 * No libc, no data of its own, no FPU register. Sources: seccomp(2),
 * sigaction(2), sigreturn(2), futex(2), clone(2), prctl(2), mmap(2),
 * PR_SET_SYSCALL_USER_DISPATCH(2const).
 */
#include <asm/sigcontext.h>
#include <asm/siginfo.h>
#include <asm/signal.h>
#include <asm/ucontext.h>
#include <asm/unistd.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/futex.h>
#include <linux/prctl.h>
#include <linux/seccomp.h>
#include <stddef.h>

#include "hal/hosted/control.h"

#define MAP_SHARED_FIXED 0x11
#define FLAG_TRACE       0x100u
#define VECTOR_DEBUG     1
#define KICK_MASK        (1ul << (STUB_SIGNAL_KICK - 1))

enum { YIELDS = 4, OPCODE_BYTES = 4 };

/* Why a stub ends itself. */
enum { EXIT_UNMAP = 81, EXIT_HANDLER, EXIT_FILTER, EXIT_ORPHAN, EXIT_FAULT };

_Static_assert(offsetof(struct stub_control, kick) == STUB_AT_KICK, "stub.S");
_Static_assert(offsetof(struct stub_control, fpu) == STUB_AT_FPU, "stub.S");
_Static_assert(offsetof(struct stub_control, fpu_mask) == STUB_AT_MASK, "");
_Static_assert(offsetof(struct stub_control, fs_base) == STUB_AT_FS_BASE, "");
_Static_assert(offsetof(struct stub_control, gs_base) == STUB_AT_GS_BASE, "");
_Static_assert(offsetof(struct stub_control, regs) == STUB_AT_REGS, "stub.S");
_Static_assert(offsetof(struct stub_regs, rdi) == STUB_REGS_RDI, "stub.S");
_Static_assert(offsetof(struct stub_regs, rip) == STUB_REGS_RIP, "stub.S");
_Static_assert(sizeof(struct stub_control) <= STUB_FPU, "page of its own");

/* stub.S; hidden, so that no table of addresses is asked for. */
#pragma GCC visibility push(hidden)
extern const char stub_resume_end[], stub_abort[], stub_restorer[];
__attribute__((noreturn)) void stub_resume(struct stub_control *c);
long stub_fork(uint64_t offset, uint64_t len);
long stub_thread(uint64_t block);
#pragma GCC visibility pop

/* Called by stub.S. */
__attribute__((noreturn)) void stub_zygote(struct stub_control *c);
__attribute__((noreturn)) void stub_child(struct stub_control *c);
__attribute__((noreturn)) void stub_aborted(struct stub_control *c);

static long host_call6(long number, const uint64_t arg[6])
{
    register uint64_t r10 __asm__("r10") = arg[3];
    register uint64_t r8 __asm__("r8") = arg[4];
    register uint64_t r9 __asm__("r9") = arg[5];
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "a"(number), "D"(arg[0]), "S"(arg[1]), "d"(arg[2]),
                       "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
}

#define host_call(number, ...) \
    host_call6(number, (const uint64_t[6]){__VA_ARGS__})

static __attribute__((noreturn)) void leave(int status)
{
    for (;;)
        (void)host_call(__NR_exit_group, (uint64_t)status);
}

static struct stub_control *block_of(const void *pointer)
{
    uint64_t block = (uint64_t)pointer & ~(uint64_t)(STUB_BLOCK_SIZE - 1);

    return (struct stub_control *)block;
}

static uint32_t turn_of(struct stub_control *c)
{
    return __atomic_load_n(&c->turn, __ATOMIC_ACQUIRE);
}

static void hand_over(struct stub_control *c)
{
    (void)__atomic_exchange_n(&c->turn, STUB_TURN_HOST, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&c->host_sleeps, __ATOMIC_SEQ_CST))
        (void)host_call(__NR_futex, (uint64_t)&c->turn, FUTEX_WAKE, 1);
}

static void wait_for_turn(struct stub_control *c)
{
    for (int i = 0; i < YIELDS; i++) {
        (void)host_call(__NR_sched_yield, 0);
        if (turn_of(c) == STUB_TURN_STUB)
            return;
    }
    (void)__atomic_exchange_n(&c->stub_sleeps, 1, __ATOMIC_SEQ_CST);
    while (turn_of(c) != STUB_TURN_STUB)
        (void)host_call(__NR_futex, (uint64_t)&c->turn, FUTEX_WAIT,
                        STUB_TURN_HOST);
    __atomic_store_n(&c->stub_sleeps, 0, __ATOMIC_RELAXED);
}

/* Does one command: its result, which is negative when it failed. */
static int64_t do_command(const struct stub_command *command)
{
    switch (command->op) {
    case STUB_OP_MAP: {
        long at =
            host_call(__NR_mmap, command->address, command->len, command->prot,
                      MAP_SHARED_FIXED, STUB_FD_RAM, command->offset);

        return at < 0 ? at : 0;
    }
    case STUB_OP_UNMAP:
        return host_call(__NR_munmap, command->address, command->len);
    case STUB_OP_FORK:
        return stub_fork(command->offset, command->len);
    case STUB_OP_THREAD:
        return stub_thread(command->address);
    case STUB_OP_TSC:
        return host_call(__NR_prctl, PR_SET_TSC, command->address);
    default:
        leave(EXIT_FAULT);
    }
}

static void do_commands(struct stub_control *c)
{
    uint32_t count = c->command_count;

    c->failed = 0;
    for (uint32_t i = 0; i < count; i++) {
        c->result = do_command(&c->commands[i]);
        if (c->result < 0) {
            c->failed = i + 1;
            c->run = 0;
            break;
        }
    }
    __atomic_store_n(&c->done, c->order, __ATOMIC_RELEASE);
}

static __attribute__((noreturn)) void serve(struct stub_control *c)
{
    for (;;) {
        hand_over(c);
        wait_for_turn(c);
        c->report.signal = STUB_SIGNAL_NONE;
        do_commands(c);
        if (!c->run)
            continue;
        c->step_rip = c->regs.rip;
        stub_resume(c);
    }
}

/* The resume was given up: nothing of the context has changed. */
void stub_aborted(struct stub_control *c)
{
    if (c->report.signal == STUB_SIGNAL_NONE)
        c->report = (struct stub_report){.signal = STUB_SIGNAL_KICK};
    serve(c);
}

/* ------------------------------------------------------------------ signals
 */

static void note_facts(struct stub_control *c, const struct sigcontext *frame)
{
    const struct _fpstate_64 *fpu = (const void *)frame->fpstate;

    c->facts = (struct stub_facts){.mxcsr_mask = fpu->mxcsr_mask};
    if (fpu->sw_reserved.magic1 == FP_XSTATE_MAGIC1) {
        c->facts.features = fpu->sw_reserved.xfeatures;
        c->facts.size = fpu->sw_reserved.xstate_size;
    }
}

/* A signal that came while the stub's own code ran. */
static void signal_inside(struct stub_control *c, int signal,
                          struct sigcontext *frame)
{
    uint64_t begin = (uint64_t)&stub_resume;
    uint64_t end = (uint64_t)stub_resume_end;

    if (signal == SIGTRAP && !c->ready) {
        note_facts(c, frame);
        return;
    }
    if (frame->rip < begin || frame->rip >= end) {
        if (signal != STUB_SIGNAL_KICK)
            leave(EXIT_FAULT);
        return; /* the next resume tests the flag */
    }
    if (signal != STUB_SIGNAL_KICK)
        c->report = (struct stub_report){.signal = (uint32_t)signal,
                                         .vector = (uint32_t)frame->trapno,
                                         .error = frame->err,
                                         .resume_fault = 1};
    frame->rip = (uint64_t)stub_abort;
}

/* The last byte of the opcode at rip, without prefixes 66 and REX. */
static unsigned opcode_at(uint64_t rip)
{
    const uint8_t *code = (const uint8_t *)rip;
    unsigned i = 0;

    while (i < OPCODE_BYTES && (code[i] == 0x66 || (code[i] & 0xf0) == 0x40))
        i++;
    return code[i];
}

/*
 * One single step is done. The guest must not see the trace flag: it is taken
 * out of what pushf has just pushed; a popf or iret that sets it ends the
 * stepping. Returns false when that or the count says to hand over.
 */
static int step_on(struct stub_control *c, struct sigcontext *frame)
{
    unsigned opcode = opcode_at(c->step_rip);

    if (opcode == 0x9c)
        *(uint16_t *)frame->rsp &= (uint16_t)~FLAG_TRACE;
    c->report.user_trace = 0;
    if ((opcode == 0x9d || opcode == 0xcf) && (frame->eflags & FLAG_TRACE)) {
        c->report.user_trace = 1;
        c->steps = 0;
        return 0;
    }
    if (--c->steps == 0)
        return 0;
    frame->eflags |= FLAG_TRACE;
    c->step_rip = frame->rip;
    return 1;
}

static void store_regs(struct stub_regs *to, const struct sigcontext *from)
{
    to->r15 = from->r15;
    to->r14 = from->r14;
    to->r13 = from->r13;
    to->r12 = from->r12;
    to->rbp = from->rbp;
    to->rbx = from->rbx;
    to->r11 = from->r11;
    to->r10 = from->r10;
    to->r9 = from->r9;
    to->r8 = from->r8;
    to->rax = from->rax;
    to->rcx = from->rcx;
    to->rdx = from->rdx;
    to->rsi = from->rsi;
    to->rdi = from->rdi;
    to->rip = from->rip;
    to->cs = from->cs;
    to->rflags = from->eflags;
    to->rsp = from->rsp;
    to->ss = from->ss;
}

static void on_signal(int signal, siginfo_t *info, struct ucontext *context)
{
    struct stub_control *c = block_of(info);
    struct sigcontext *frame = &context->uc_mcontext;
    struct stub_report report = {.signal = (uint32_t)signal};

    /* The guest's NT would make iretq fault, its AC our own accesses. */
    __asm__ volatile("pushq $0x202\n\tpopfq" : : : "memory", "cc");
    if (frame->rip - STUB_BASE < STUB_CODE_SIZE) {
        /* What someone on the host has sent means nothing here. */
        if (signal == STUB_SIGNAL_KICK || info->si_code > 0)
            signal_inside(c, signal, frame);
        return;
    }
    if (signal == SIGTRAP && frame->trapno == VECTOR_DEBUG && c->steps > 0) {
        if (step_on(c, frame))
            return;
        report.signal = STUB_SIGNAL_STEP;
        report.user_trace = c->report.user_trace;
    }
    if (signal == STUB_SIGNAL_KICK) {
        /* It blocks itself, or a storm of kicks would nest without bound; as
         * there is no sigreturn, it is unblocked by hand. */
        uint64_t mask = KICK_MASK;

        (void)host_call(__NR_rt_sigprocmask, SIG_UNBLOCK, (uint64_t)&mask, 0,
                        sizeof(mask));
    }
    store_regs(&c->regs, frame);
    c->fs_base = __builtin_ia32_rdfsbase64();
    c->gs_base = __builtin_ia32_rdgsbase64();
    c->fpu = (uint64_t)frame->fpstate;
    report.code = info->si_code;
    report.vector = (uint32_t)frame->trapno;
    report.error = frame->err;
    report.address = frame->cr2;
    if (signal == SIGSYS) {
        report.arch = info->si_arch;
        report.call_address = (uint64_t)info->si_call_addr;
    }
    c->report = report;
    serve(c);
}

/* -------------------------------------------------------------------- set-up
 */

static void install_handlers(void)
{
    static const uint8_t signals[] = {SIGSEGV, SIGBUS, SIGILL,          SIGFPE,
                                      SIGTRAP, SIGSYS, STUB_SIGNAL_KICK};
    uint64_t none = 0;

    for (unsigned i = 0; i < sizeof(signals); i++) {
        /* struct sigaction of the kernel: handler, flags, restorer, mask. */
        uint64_t action[4] = {(uint64_t)&on_signal,
                              SA_SIGINFO | SA_ONSTACK | SA_RESTORER,
                              (uint64_t)stub_restorer, 0};

        if (signals[i] != STUB_SIGNAL_KICK)
            action[1] |= SA_NODEFER;
        if (host_call(__NR_rt_sigaction, signals[i], (uint64_t)action, 0,
                      sizeof(none)))
            leave(EXIT_HANDLER);
    }
    if (host_call(__NR_rt_sigprocmask, SIG_SETMASK, (uint64_t)&none, 0,
                  sizeof(none)))
        leave(EXIT_HANDLER);
}

#define LOAD(offset)       BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offset)
#define FIELD(name)        offsetof(struct seccomp_data, name)
#define RETURN(what)       BPF_STMT(BPF_RET | BPF_K, what)
#define SKIP_IF_EQUAL(k)   BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 1, 0)
#define SKIP_IF_LEAST(k)   BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, 1, 0)
#define SKIP_IF_LESS(k)    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, 0, 1)
#define SKIP_IF_UNEQUAL(k) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, 0, 1)
#define ALLOW(number)      SKIP_IF_UNEQUAL(number), RETURN(SECCOMP_RET_ALLOW)

/*
 * Every system call traps, but for the few that the stub's own code makes. It
 * keeps accidents inside; it is no sandbox.
 */
static const struct sock_filter filter[] = {
    LOAD(FIELD(instruction_pointer) + sizeof(uint32_t)),
    SKIP_IF_EQUAL((uint32_t)(STUB_BASE >> 32)),
    RETURN(SECCOMP_RET_TRAP),
    LOAD(FIELD(instruction_pointer)),
    SKIP_IF_LEAST((uint32_t)STUB_BASE),
    RETURN(SECCOMP_RET_TRAP),
    SKIP_IF_LESS((uint32_t)(STUB_BASE + STUB_CODE_SIZE)),
    RETURN(SECCOMP_RET_TRAP),
    LOAD(FIELD(arch)),
    SKIP_IF_EQUAL(AUDIT_ARCH_X86_64),
    RETURN(SECCOMP_RET_TRAP),
    LOAD(FIELD(nr)),
    ALLOW(__NR_sched_yield),
    ALLOW(__NR_futex),
    ALLOW(__NR_mmap),
    ALLOW(__NR_munmap),
    ALLOW(__NR_rt_sigprocmask),
    ALLOW(__NR_rt_sigreturn),
    ALLOW(__NR_clone),
    ALLOW(__NR_prctl),
    ALLOW(__NR_sigaltstack),
    ALLOW(__NR_gettid),
    ALLOW(__NR_getppid),
    ALLOW(__NR_close),
    ALLOW(__NR_exit_group),
    RETURN(SECCOMP_RET_TRAP),
};

static void install_filter(void)
{
    /* struct sock_fprog: the count, the instructions. */
    uint64_t program[2] = {sizeof(filter) / sizeof(filter[0]),
                           (uint64_t)filter};

    if (host_call(__NR_prctl, PR_SET_NO_NEW_PRIVS, 1) ||
        host_call(__NR_seccomp, SECCOMP_SET_MODE_FILTER,
                  SECCOMP_FILTER_FLAG_SPEC_ALLOW, (uint64_t)program))
        leave(EXIT_FILTER);
}

static void name_process(const char *name)
{
    (void)host_call(__NR_prctl, PR_SET_NAME, (uint64_t)name);
}

/* A process dies with the kernel process, also when that is gone already. */
static void follow_host(const struct stub_control *c)
{
    if (host_call(__NR_prctl, PR_SET_PDEATHSIG, SIGKILL) ||
        host_call(__NR_getppid, 0) != (long)c->host_pid)
        leave(EXIT_ORPHAN);
}

/* A fork inherits this; a new thread does not. */
static void use_signal_stack(struct stub_control *c)
{
    /* stack_t: start, flags, size. */
    uint64_t stack[3] = {(uint64_t)c + STUB_STACK, 0,
                         STUB_BLOCK_SIZE - STUB_STACK};

    if (host_call(__NR_sigaltstack, (uint64_t)stack, 0))
        leave(EXIT_HANDLER);
}

/*
 * Linux from 6.14 on lets calls 335 and 336 (uretprobe, uprobe) past seccomp;
 * they do not get past this. The filter stays for what this does not see, as
 * calls through the vsyscall page, and for hosts that lack it (before 5.11).
 * Neither a fork nor a thread inherits it.
 */
static void dispatch_calls(void)
{
    (void)host_call(__NR_prctl, PR_SET_SYSCALL_USER_DISPATCH,
                    PR_SYS_DISPATCH_ON, STUB_BASE, STUB_CODE_SIZE, 0);
}

static __attribute__((noreturn)) void come_up(struct stub_control *c)
{
    dispatch_calls();
    c->tid = (uint32_t)host_call(__NR_gettid, 0);
    c->ready = 1;
    serve(c);
}

void stub_child(struct stub_control *c)
{
    if ((uint64_t)c == STUB_BLOCKS) {
        follow_host(c);
        name_process("cyphera-stub");
        (void)host_call(__NR_close, STUB_FD_CONTROL);
    } else {
        use_signal_stack(c);
    }
    come_up(c);
}

/* Leaves nothing mapped but the program and the blocks. */
static void clean_addresses(void)
{
    uint64_t code_end = STUB_BASE + STUB_CODE_SIZE;
    uint64_t blocks_end = STUB_BLOCKS + STUB_BLOCK_SIZE;

    if (host_call(__NR_munmap, 0, STUB_BASE) ||
        host_call(__NR_munmap, code_end, STUB_BLOCKS - code_end) ||
        host_call(__NR_munmap, blocks_end, STUB_HOST_TOP - blocks_end))
        leave(EXIT_UNMAP);
}

void stub_zygote(struct stub_control *c)
{
    clean_addresses();
    follow_host(c);
    name_process("cyphera-zygote");
    (void)host_call(__NR_close_range, 0, STUB_FD_PROGRAM, 0);
    (void)host_call(__NR_close_range, STUB_FD_CONTROL + 1, ~0u, 0);
    use_signal_stack(c);
    install_handlers();
    __asm__ volatile("int3"); /* for note_facts() */
    install_filter();
    come_up(c);
}
