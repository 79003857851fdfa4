/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/control.h - the pages that a stub and the kernel process share.
 *
 * A stub is the host process of one user address space: its own code and
 * blocks lie from STUB_BASE up, guest pages below, nothing else. Block 0
 * belongs to the main thread of the stub; see hal/hosted/host_user.h for who
 * uses which. A block is
 *
 *   0x0000  struct stub_control
 *   0x1000  an FPU image that the kernel process puts there
 *   0x3000  stack and alternate signal stack of the thread, growing down from
 *           the end of the block; signal frames with the FPU image lie on it
 *
 * **Handing over.** `turn` tells whose turn it is; only that side touches the
 * rest, but for `kick` and `done`. A side that goes to sleep on `turn` says so
 * in `host_sleeps` or `stub_sleeps` (set it with an exchange, then look at
 * `turn` again), so that the other makes the system call only when needed.
 *
 * For the kernel process all of it is hostile input: guest code can write
 * here. It copies each field once and believes none.
 *
 * **What user code can reach.** It is a test vehicle, not a sandbox. User code
 * can read the stub's code, read and write the blocks of its own address space
 * and jump into the code; no address there faults as it does on a machine.
 * What it spoils so is its own stub: the kernel process ends that, and core
 * sees a machine check (vector 18) of that thread. Only code that aims at it
 * gets further: the system calls that the filter in stub.c leaves to the stub
 * include mmap, and with it all of guest RAM. Beyond that, user code sees the
 * host's CPUID, rdrand and rdpid, and selectors loaded into ds, es, fs and gs
 * do not outlive a trap.
 *
 * The assembler reads this file too.
 */
#ifndef HAL_HOSTED_CONTROL_H
#define HAL_HOSTED_CONTROL_H

#define STUB_BASE        0x7fffffe00000 /* HAL_USER_TOP */
#define STUB_CODE_SIZE   0x4000
#define STUB_BLOCKS      0x7fffffe08000
#define STUB_BLOCK_SIZE  0x8000         /* a power of two: sp tells the block */
#define STUB_HOST_TOP    0x7ffffffff000 /* end of a process's addresses */
#define STUB_BLOCKS_MAX  17

/* Where the program is loaded before it moves to STUB_BASE. */
#define STUB_LOAD        0x400000

/* Inside a block. */
#define STUB_FPU         0x1000
#define STUB_FPU_MAX     0x2000
#define STUB_STACK       0x3000
#define STUB_ABORT_STACK 0x6000 /* below the frame of the last signal */

/* Descriptors that the stub starts with. */
#define STUB_FD_PROGRAM  3
#define STUB_FD_RAM      4
#define STUB_FD_CONTROL  5 /* the zygote's only; its offset: the first block */

/* Offsets in struct stub_control for stub.S. */
#define STUB_AT_KICK     0xc0
#define STUB_AT_FPU      0x140
#define STUB_AT_MASK     0x148
#define STUB_AT_FS_BASE  0x150
#define STUB_AT_GS_BASE  0x158
#define STUB_AT_REGS     0x160

/* struct stub_regs: where the part that iretq takes begins, and rdi. */
#define STUB_REGS_RDI    0x70
#define STUB_REGS_RIP    0x78

#ifndef __ASSEMBLER__

#include <stdint.h>

enum { STUB_TURN_STUB, STUB_TURN_HOST };

enum stub_op {
    STUB_OP_MAP,   /* mmap len bytes of RAM from offset on at address */
    STUB_OP_UNMAP, /* munmap */
    STUB_OP_FORK,  /* zygote: a new stub; offset: its blocks; len: their size */
    STUB_OP_THREAD, /* a thread for the block at address */
    STUB_OP_TSC     /* prctl(PR_SET_TSC, address) */
};

/* prot is that of mmap(2). */
struct stub_command {
    uint32_t op;
    uint32_t prot;
    uint64_t address;
    uint64_t len;
    uint64_t offset;
};

enum { STUB_COMMANDS_MAX = 64 };

/* In the order that stub.S loads them; the last five are iretq's frame. */
struct stub_regs {
    uint64_t r15, r14, r13, r12, rbp, rbx, r11, r10, r9, r8;
    uint64_t rax, rcx, rdx, rsi, rdi;
    uint64_t rip, cs, rflags, rsp, ss;
};

/* The signal of a report: a host's number, or one of these. */
enum {
    STUB_SIGNAL_NONE = 0,  /* only commands were done */
    STUB_SIGNAL_KICK = 10, /* SIGUSR1: stopped by a kick */
    STUB_SIGNAL_STEP = 64  /* the single steps are over */
};

/* How user code stopped. The FPU image lies at stub_control.fpu. */
struct stub_report {
    uint32_t signal;
    int32_t code;          /* si_code */
    uint32_t arch;         /* si_arch of SIGSYS */
    uint32_t vector;       /* of the exception */
    uint64_t error;        /* its error code */
    uint64_t address;      /* CR2 */
    uint64_t call_address; /* si_call_addr of SIGSYS */
    uint32_t resume_fault; /* 1: the registers could not be loaded */
    uint32_t user_trace;   /* stepping met a popf that sets TF itself */
};

/* What the host's signal frames look like; the zygote finds out. */
struct stub_facts {
    uint64_t features; /* XSAVE components in a frame */
    uint32_t size;     /* of the image, without the second magic */
    uint32_t mxcsr_mask;
};

struct stub_control {
    uint32_t turn __attribute__((aligned(64)));
    uint32_t host_sleeps __attribute__((aligned(64)));
    uint32_t stub_sleeps __attribute__((aligned(64)));
    uint32_t kick __attribute__((aligned(64))); /* stop user code */
    uint32_t done __attribute__((aligned(64))); /* order whose commands are */

    /* From the kernel process, with its turn. */
    uint64_t fpu __attribute__((aligned(64))); /* address of an FPU image; the
                                                  stub changes it at a trap */
    uint64_t fpu_mask;                         /* components to load */
    uint64_t fs_base;                          /* this and regs: both ways */
    uint64_t gs_base;
    struct stub_regs regs;
    uint32_t order;         /* number of this order; not 0 */
    uint32_t run;           /* 1: resume user code after the commands */
    uint32_t command_count; /* done first */
    uint32_t steps;         /* run that many instructions; 0: no limit */
    uint32_t host_pid;      /* whose death ends the stub */

    /* From the stub, with its turn. */
    uint32_t ready;  /* 1 once the thread has come up */
    uint32_t tid;    /* its thread number */
    uint32_t failed; /* number of the command that failed, from 1; 0: none */
    int64_t result;  /* of that command or of the last */
    uint64_t step_rip;
    struct stub_report report;
    struct stub_facts facts;
    struct stub_command commands[STUB_COMMANDS_MAX];
};

#endif /* __ASSEMBLER__ */

#endif /* HAL_HOSTED_CONTROL_H */
