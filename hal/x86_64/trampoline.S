/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/trampoline.S - from the real mode in which a CPU starts to
 * cpu_start_main().
 *
 * smp.c copies the code between trampoline and trampoline_end to a page below
 * 1 MiB, which the startup message names and CS holds; the page after it is the
 * root of tables that map this page at its physical address and the kernel
 * where it is.
 */
#include "hal/x86_64/layout.h"

#define AT(label) ((label) - trampoline)

    .section .rodata.trampoline, "a"
    .balign 16
    .globl trampoline, trampoline_end
    .code16
trampoline:
    cli
    cld
    movw %cs, %ax
    movw %ax, %ds
    movzwl %ax, %ebx
    shll $4, %ebx               /* where we are */
    leal AT(trampoline_gdt)(%ebx), %eax
    movl %eax, AT(trampoline_gdtr) + 2
    leal AT(trampoline_32)(%ebx), %eax
    movl %eax, AT(far_32)
    leal AT(trampoline_64)(%ebx), %eax
    movl %eax, AT(far_64)
    lgdtl AT(trampoline_gdtr)
    movl %cr0, %eax
    orl $1, %eax                /* PE */
    movl %eax, %cr0
    ljmpl *AT(far_32)

    .code32
trampoline_32:
    movl $SEL_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    movl %cr4, %eax
    orl $0x20, %eax             /* PAE */
    movl %eax, %cr4
    leal 4096(%ebx), %eax
    movl %eax, %cr3
    movl $0xc0000080, %ecx      /* EFER */
    rdmsr
    orl $0x901, %eax            /* SCE, LME, NXE */
    wrmsr
    movl $0x80010033, %eax      /* PG, WP, NE, ET, MP, PE; caches on */
    movl %eax, %cr0
    ljmpl *AT(far_64)(%ebx)

    .code64
trampoline_64:
    movabsq $cpu_start_high, %rax
    jmp *%rax

    .balign 8
trampoline_gdt:
    .quad 0
    .quad 0x00cf9b000000ffff    /* 8: 32-bit code */
    .quad 0x00af9b000000ffff    /* SEL_KERNEL_CODE */
    .quad 0x00cf93000000ffff    /* SEL_KERNEL_DATA */
trampoline_gdtr:
    .short 31
    .long 0
far_32:
    .long 0
    .short 8
far_64:
    .long 0
    .short SEL_KERNEL_CODE
trampoline_end:

/*
 * In the kernel, still on the trampoline's tables and without a stack. Only the
 * CPU that was asked for goes on, and only as long as it is waited for: one
 * that comes too late finds the order taken back.
 */
    .text
    .type cpu_start_high, @function
cpu_start_high:
    movl $1, %eax
    cpuid
    shrl $24, %ebx              /* its APIC's number */
    cmpl cpu_start_order + START_APIC(%rip), %ebx
    jne 1f
    xorl %edi, %edi
    xchgq %rdi, cpu_start_order + START_BLOCK(%rip)
    testq %rdi, %rdi
    jz 1f
    movq cpu_start_order + START_STACK(%rip), %rsp
    movq cpu_start_order + START_ROOT(%rip), %rax
    movq %rax, %cr3
    xorl %ebp, %ebp
    call cpu_start_main
    ud2
1:  cli
    hlt
    jmp 1b
    .size cpu_start_high, . - cpu_start_high

    .section .note.GNU-stack, "", @progbits
