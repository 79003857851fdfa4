/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/signal.h - signal numbers and their bounds (signal(7)).
 */
#ifndef CORE_ABI_SIGNAL_H
#define CORE_ABI_SIGNAL_H

#include "core/abi/types.h"

#define LX_SIGHUP            1
#define LX_SIGINT            2
#define LX_SIGQUIT           3
#define LX_SIGILL            4
#define LX_SIGTRAP           5
#define LX_SIGABRT           6
#define LX_SIGBUS            7
#define LX_SIGFPE            8
#define LX_SIGKILL           9
#define LX_SIGUSR1           10
#define LX_SIGSEGV           11
#define LX_SIGUSR2           12
#define LX_SIGPIPE           13
#define LX_SIGALRM           14
#define LX_SIGTERM           15
#define LX_SIGSTKFLT         16
#define LX_SIGCHLD           17
#define LX_SIGCONT           18
#define LX_SIGSTOP           19
#define LX_SIGTSTP           20
#define LX_SIGTTIN           21
#define LX_SIGTTOU           22
#define LX_SIGURG            23
#define LX_SIGXCPU           24
#define LX_SIGXFSZ           25
#define LX_SIGVTALRM         26
#define LX_SIGPROF           27
#define LX_SIGWINCH          28
#define LX_SIGIO             29
#define LX_SIGPWR            30
#define LX_SIGSYS            31
#define LX_SIGRTMIN          32 /* the kernel's; libc keeps some to itself */
#define LX_SIGRTMAX          64

#define LX_NSIG              64
#define LX_SIGSET_SIZE       8 /* bytes of a signal mask in every call */

/* how of rt_sigprocmask(2) */
#define LX_SIG_BLOCK         0
#define LX_SIG_UNBLOCK       1
#define LX_SIG_SETMASK       2

/* Handlers that are none. */
#define LX_SIG_DFL           0
#define LX_SIG_IGN           1

/* sa_flags */
#define LX_SA_NOCLDSTOP      0x00000001u
#define LX_SA_NOCLDWAIT      0x00000002u
#define LX_SA_SIGINFO        0x00000004u
#define LX_SA_EXPOSE_TAGBITS 0x00000800u
#define LX_SA_RESTORER       0x04000000u
#define LX_SA_ONSTACK        0x08000000u
#define LX_SA_RESTART        0x10000000u
#define LX_SA_NODEFER        0x40000000u
#define LX_SA_RESETHAND      0x80000000u

/* Flags of sigaltstack(2). */
#define LX_SS_ONSTACK        1u
#define LX_SS_DISABLE        2u
#define LX_SS_AUTODISARM     0x80000000u
#define LX_MINSIGSTKSZ       2048

/* si_code: who sent it (sigaction(2)). */
#define LX_SI_USER           0
#define LX_SI_KERNEL         0x80
#define LX_SI_QUEUE          (-1)
#define LX_SI_TIMER          (-2)
#define LX_SI_MESGQ          (-3)
#define LX_SI_ASYNCIO        (-4)
#define LX_SI_SIGIO          (-5)
#define LX_SI_TKILL          (-6)

/* si_code of SIGCHLD. */
#define LX_CLD_EXITED        1
#define LX_CLD_KILLED        2
#define LX_CLD_DUMPED        3
#define LX_CLD_TRAPPED       4
#define LX_CLD_STOPPED       5
#define LX_CLD_CONTINUED     6

/* si_code of faults. */
#define LX_ILL_ILLOPC        1
#define LX_ILL_ILLOPN        2
#define LX_FPE_INTDIV        1
#define LX_FPE_INTOVF        2
#define LX_FPE_FLTDIV        3
#define LX_FPE_FLTOVF        4
#define LX_FPE_FLTUND        5
#define LX_FPE_FLTRES        6
#define LX_FPE_FLTINV        7
#define LX_SEGV_MAPERR       1
#define LX_SEGV_ACCERR       2
#define LX_SEGV_PKUERR       4
#define LX_BUS_ADRALN        1
#define LX_BUS_ADRERR        2
#define LX_BUS_OBJERR        3
#define LX_TRAP_BRKPT        1
#define LX_TRAP_TRACE        2
#define LX_TRAP_HWBKPT       4
#define LX_SYS_SECCOMP       1

/* sigev_notify of timer_create(2) */
#define LX_SIGEV_SIGNAL      0
#define LX_SIGEV_NONE        1
#define LX_SIGEV_THREAD      2
#define LX_SIGEV_THREAD_ID   4

/* As rt_sigaction(2) takes it, which is not libc's struct (a macro there, which
 * C++ tests meet). */
#undef sa_handler
struct lx_sigaction {
    uint64_t sa_handler; /* address, or LX_SIG_* */
    uint64_t sa_flags;
    uint64_t sa_restorer;
    uint64_t sa_mask;
};
LX_SIZE_IS(struct lx_sigaction, 32);

/* stack_t */
struct lx_stack {
    uint64_t ss_sp;
    uint32_t ss_flags; /* four bytes of padding follow */
    uint64_t ss_size;
};
LX_SIZE_IS(struct lx_stack, 24);

/* The variants of siginfo_t, after its three common words. */
struct lx_siginfo_from { /* kill(2), sigqueue(3) */
    lx_pid_t pid;
    lx_uid_t uid;
    uint64_t value; /* sigval_t */
};
struct lx_siginfo_timer { /* timer_create(2) */
    int32_t id;
    int32_t overrun;
    uint64_t value;
};
struct lx_siginfo_child { /* SIGCHLD */
    lx_pid_t pid;
    lx_uid_t uid;
    int32_t status;
    int32_t pad;
    int64_t utime, stime; /* clock ticks */
};
struct lx_siginfo_fault { /* SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP */
    uint64_t addr;
    int16_t addr_lsb;
    int16_t pad[3];
};
struct lx_siginfo_poll { /* SIGIO */
    int64_t band;
    int32_t fd;
    int32_t pad;
};
struct lx_siginfo_sys { /* SIGSYS */
    uint64_t call_addr;
    int32_t number;
    uint32_t arch;
};

/* siginfo_t */
struct lx_siginfo {
    int32_t si_signo;
    int32_t si_errno;
    int32_t si_code;
    int32_t pad;
    union {
        struct lx_siginfo_from from;
        struct lx_siginfo_timer timer;
        struct lx_siginfo_child child;
        struct lx_siginfo_fault fault;
        struct lx_siginfo_poll poll;
        struct lx_siginfo_sys sys;
        uint64_t words[14];
    } of;
};
LX_SIZE_IS(struct lx_siginfo, 128);

struct lx_sigevent {
    uint64_t sigev_value;
    int32_t sigev_signo;
    int32_t sigev_notify;
    lx_pid_t sigev_tid; /* of LX_SIGEV_THREAD_ID */
    int32_t pad[11];
};
LX_SIZE_IS(struct lx_sigevent, 64);

#endif /* CORE_ABI_SIGNAL_H */
