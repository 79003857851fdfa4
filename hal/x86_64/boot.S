/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/x86_64/boot.S - from the loader's 32-bit entry to boot_main().
 *
 * PVH (Xen's start-of-day ABI for 32-bit entry by an ELF note) and multiboot2
 * (specification 2.0) both enter in flat protected mode without paging, with
 * their information below 4 GiB at ebx. The tables made here map the first
 * 4 GiB at 0 and the first 2 GiB at KERNEL_BASE, all of it writable and
 * executable; boot_main() replaces them. Never a multiboot1 header: QEMU's
 * -kernel refuses a 64-bit ELF file that has one.
 */
#include "hal/x86_64/layout.h"

#define PHYS(x)         ((x) - KERNEL_BASE)

#define MB2_MAGIC       0xe85250d6
#define ENTRY_FLAGS     0x3  /* present, writable */
#define LARGE_FLAGS     0x83 /* and 2 MiB */
#define EARLY_STACK     16384

    .section .note.Xen, "a", @note
    .balign 4
    .long 4                     /* size of the name */
    .long 4                     /* size of the value */
    .long 18                    /* XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long boot_pvh

    .section .multiboot2, "a"
    .balign 8
multiboot2_header:
    .long MB2_MAGIC, 0
    .long multiboot2_end - multiboot2_header
    .long -(MB2_MAGIC + (multiboot2_end - multiboot2_header))
    .short 6, 0                 /* modules begin at a page */
    .long 8
    .short 0, 0                 /* end of the tags */
    .long 8
multiboot2_end:

    .section .boot, "ax"
    .code32
    .globl boot_pvh, boot_multiboot2
boot_pvh:
    movl $BOOT_MAGIC_PVH, %eax
boot_multiboot2:
    cli
    cld
    movl %eax, %esi
    movl %ebx, %edi
    movl $PHYS(early_stack_top), %esp

    /* Long mode at all? Before anything that only it has. */
    movl $0x80000000, %eax
    cpuid
    cmpl $0x80000001, %eax
    jb no_long_mode
    movl $0x80000001, %eax
    cpuid
    btl $29, %edx
    jnc no_long_mode
    btl $20, %edx               /* NX, which the kernel's tables need */
    jnc no_long_mode

    /* 4 GiB in 2 MiB pages, four tables that follow each other. */
    movl $PHYS(early_pd), %ebx
    movl $LARGE_FLAGS, %eax
    xorl %ecx, %ecx
1:  movl %eax, (%ebx, %ecx, 8)
    movl $0, 4(%ebx, %ecx, 8)
    addl $0x200000, %eax
    incl %ecx
    cmpl $2048, %ecx
    jne 1b

    movl $PHYS(early_pdpt), %ebx
    movl $(PHYS(early_pd) + ENTRY_FLAGS), %eax
    movl %eax, (%ebx)
    movl %eax, 510 * 8(%ebx)
    addl $0x1000, %eax
    movl %eax, 8(%ebx)
    movl %eax, 511 * 8(%ebx)
    addl $0x1000, %eax
    movl %eax, 16(%ebx)
    addl $0x1000, %eax
    movl %eax, 24(%ebx)
    movl $PHYS(early_pml4), %ebx
    movl $(PHYS(early_pdpt) + ENTRY_FLAGS), (%ebx)
    movl $(PHYS(early_pdpt) + ENTRY_FLAGS), 511 * 8(%ebx)

    movl %ebx, %cr3
    movl %cr4, %eax
    orl $0x20, %eax             /* PAE */
    movl %eax, %cr4
    movl $0xc0000080, %ecx      /* EFER */
    rdmsr
    orl $0x901, %eax            /* SCE, LME, NXE */
    wrmsr
    movl %cr0, %eax
    orl $0x80010001, %eax       /* PG, WP, PE */
    movl %eax, %cr0
    lgdt boot_gdtr
    ljmp $SEL_KERNEL_CODE, $boot_long

    /* No kernel yet that could say it: COM1 and the debug port hear it, then
     * isa-debug-exit ends QEMU; elsewhere the machine stands still. */
no_long_mode:
    movl $no_long_text, %esi
1:  lodsb
    testb %al, %al
    jz 3f
    outb %al, $0xe9
    movl %eax, %ecx
    movw $0x3f8 + 5, %dx
    movl $100000, %ebx
2:  inb %dx, %al
    decl %ebx
    jz 4f
    testb $0x20, %al
    jz 2b
4:  movl %ecx, %eax
    movw $0x3f8, %dx
    outb %al, %dx
    jmp 1b
3:  movl $125, %eax
    movw $0xf4, %dx
    outl %eax, %dx
5:  hlt
    jmp 5b
no_long_text:
    .ascii "cyphera: this processor lacks long mode or NX\n"
    .asciz "cyphera: exit status 125\n"

    .code64
boot_long:
    movl $SEL_KERNEL_DATA, %eax
    movl %eax, %ds
    movl %eax, %es
    movl %eax, %ss
    xorl %eax, %eax
    movl %eax, %fs
    movl %eax, %gs
    movabsq $boot_high, %rax
    jmp *%rax

    .balign 8
boot_gdt:
    .quad 0, 0
    .quad 0x00af9b000000ffff    /* SEL_KERNEL_CODE: 64-bit */
    .quad 0x00cf93000000ffff    /* SEL_KERNEL_DATA */
boot_gdtr:
    .short 31
    .long boot_gdt

    .text
boot_high:
    movq $early_stack_top, %rsp
    xorl %ebp, %ebp
    movl %edi, %eax             /* where the information lies */
    movl %esi, %edi             /* who started us */
    movl %eax, %esi
    call boot_main
    ud2

/* boot_on_stack(top, entry): goes on in entry() on another stack. */
    .globl boot_on_stack
    .type boot_on_stack, @function
boot_on_stack:
    movq %rdi, %rsp
    xorl %ebp, %ebp
    call *%rsi
    ud2

    .section .early, "aw", @nobits
    .balign 4096
early_pml4:
    .skip 4096
early_pdpt:
    .skip 4096
early_pd:
    .skip 4 * 4096
    .skip EARLY_STACK
early_stack_top:

    .section .note.GNU-stack, "", @progbits
