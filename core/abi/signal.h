/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/abi/signal.h - signal numbers and their bounds (signal(7)).
 */
#ifndef CORE_ABI_SIGNAL_H
#define CORE_ABI_SIGNAL_H

#define LX_SIGHUP      1
#define LX_SIGINT      2
#define LX_SIGQUIT     3
#define LX_SIGILL      4
#define LX_SIGTRAP     5
#define LX_SIGABRT     6
#define LX_SIGBUS      7
#define LX_SIGFPE      8
#define LX_SIGKILL     9
#define LX_SIGUSR1     10
#define LX_SIGSEGV     11
#define LX_SIGUSR2     12
#define LX_SIGPIPE     13
#define LX_SIGALRM     14
#define LX_SIGTERM     15
#define LX_SIGSTKFLT   16
#define LX_SIGCHLD     17
#define LX_SIGCONT     18
#define LX_SIGSTOP     19
#define LX_SIGTSTP     20
#define LX_SIGTTIN     21
#define LX_SIGTTOU     22
#define LX_SIGURG      23
#define LX_SIGXCPU     24
#define LX_SIGXFSZ     25
#define LX_SIGVTALRM   26
#define LX_SIGPROF     27
#define LX_SIGWINCH    28
#define LX_SIGIO       29
#define LX_SIGPWR      30
#define LX_SIGSYS      31
#define LX_SIGRTMIN    32 /* the kernel's; libc keeps some to itself */
#define LX_SIGRTMAX    64

#define LX_NSIG        64
#define LX_SIGSET_SIZE 8 /* bytes of a signal mask in every call */

/* how of rt_sigprocmask(2) */
#define LX_SIG_BLOCK   0
#define LX_SIG_UNBLOCK 1
#define LX_SIG_SETMASK 2

/* si_code of faults (sigaction(2)). */
#define LX_SI_USER     0
#define LX_SI_KERNEL   0x80
#define LX_ILL_ILLOPC  1
#define LX_ILL_ILLOPN  2
#define LX_FPE_INTDIV  1
#define LX_FPE_INTOVF  2
#define LX_FPE_FLTDIV  3
#define LX_FPE_FLTOVF  4
#define LX_FPE_FLTUND  5
#define LX_FPE_FLTRES  6
#define LX_FPE_FLTINV  7
#define LX_SEGV_MAPERR 1
#define LX_SEGV_ACCERR 2
#define LX_SEGV_PKUERR 4
#define LX_BUS_ADRALN  1
#define LX_BUS_ADRERR  2
#define LX_BUS_OBJERR  3
#define LX_TRAP_BRKPT  1
#define LX_TRAP_TRACE  2
#define LX_TRAP_HWBKPT 4
#define LX_SYS_SECCOMP 1

#endif /* CORE_ABI_SIGNAL_H */
