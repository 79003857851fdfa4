/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/layout.h - addresses, selectors and offsets that C and assembly
 * share. The offsets are asserted where the structs are declared.
 */
#ifndef HAL_X86_64_LAYOUT_H
#define HAL_X86_64_LAYOUT_H

#ifdef __ASSEMBLER__
#define LAYOUT_U64(n) n
#else
#include <stdint.h>
#define LAYOUT_U64(n) UINT64_C(n)
#endif

/* The kernel's half of every address space. */
#define DIRECT_BASE           LAYOUT_U64(0xffff800000000000) /* RAM, NX */
#define DIRECT_SIZE           LAYOUT_U64(0x0000400000000000) /* 64 TiB */
#define STACK_BASE            LAYOUT_U64(0xffffc00000000000) /* kernel stacks */
#define KERNEL_BASE           LAYOUT_U64(0xffffffff80000000) /* the image */
#define DEVICE_BASE           LAYOUT_U64(0xffffffffc0000000) /* register blocks */

/* How boot.S tells boot_main() who started it. */
#define BOOT_MAGIC_PVH        0x50564821
#define BOOT_MAGIC_MULTIBOOT2 0x36d76289

/*
 * Segment selectors. User code sees Linux's values; the order of the last
 * three is the one SYSRET derives from STAR (SDM volume 3, 5.8.8).
 */
#define SEL_KERNEL_CODE       0x10
#define SEL_KERNEL_DATA       0x18
#define SEL_USER_STAR         0x23
#define SEL_USER_DATA         0x2b
#define SEL_USER_CODE         0x33
#define SEL_TSS               0x40

/* Interrupt stack table entries (SDM volume 3, 6.14.5). */
#define IST_NMI               1
#define IST_DEBUG             2
#define IST_DOUBLE            3
#define IST_MACHINE           4
#define IST_COUNT             4

/* struct cpu_block, at the kernel's GS base. */
#define CPU_SELF              0
#define CPU_SCRATCH           8
#define CPU_USER_TOP          16
#define CPU_RUN_SP            24
#define CPU_LOCAL             32
#define CPU_VECTOR            40

/* struct start_order of smp.h. */
#define START_ROOT            0
#define START_STACK           8
#define START_BLOCK           16
#define START_APIC            24

/* struct hal_user; its frame is what interrupts push downwards from TOP. */
#define USER_WHOLE            0
#define USER_REGS             8
#define USER_EFLAGS           (USER_REGS + 18 * 8)
#define USER_TOP              (USER_REGS + 21 * 8)

/* What user_enter() returns beside an exception's vector. */
#define EXIT_SYSCALL          0x100
#define EXIT_INTERRUPT        0x101

/* Interrupt vectors. */
#define VECTOR_INT80          0x80
#define VECTOR_LINES          0x30 /* first of the I/O APIC's lines */
#define VECTOR_MESSAGES       0x90 /* first of those for messages */
#define VECTOR_TIMER          0xf0
#define VECTOR_KICK           0xf1 /* core_kick() */
#define VECTOR_SHOOT          0xf2 /* shoot.h */
#define VECTOR_NUDGE          0xf3 /* look at what user code is told */
#define VECTOR_SPURIOUS       0xff

/* RFLAGS: SDM volume 1, 3.4.3. */
#define RFLAGS_FIXED          0x2
#define RFLAGS_TF             0x100
#define RFLAGS_IF             0x200
#define RFLAGS_DF             0x400
#define RFLAGS_IOPL           0x3000
#define RFLAGS_NT             0x4000
#define RFLAGS_RF             0x10000
#define RFLAGS_AC             0x40000

#endif /* HAL_X86_64_LAYOUT_H */
