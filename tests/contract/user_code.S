/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/contract/user_code.S - pieces of user code; the suites enter at a
 * label. Position independent: it is copied to SPACE_CODE.
 */
    .section .rodata
    .balign 16
    .globl user_code, user_code_end
user_code:

    .globl code_call
code_call:
    syscall
    ud2

    .globl code_trap
code_trap:
    ud2

    .globl code_read
code_read:
    mov (%rdi), %rax
    ud2

    .globl code_write
code_write:
    mov %rax, (%rdi)
    ud2

    .globl code_jump
code_jump:
    jmp *%rdi

    .globl code_spin
code_spin:
    inc %rbx
    jmp code_spin

    /* Spins as long as (%rdi) is rsi. */
    .globl code_watch
code_watch:
    cmp %rsi, (%rdi)
    je code_watch
    ud2

    .globl code_break
code_break:
    int3
    ud2

    .globl code_divide
code_divide:
    xor %ecx, %ecx
    div %ecx
    ud2

    .globl code_halt
code_halt:
    hlt

    .globl code_int80
code_int80:
    int $0x80
    ud2

    /* Spins until one of the words at (%rdi) and (%rsi) is rdx. rdtsc is a trap
     * where time is virtual, so that this can be preempted there too. */
    .globl code_await
code_await:
    mov %rdx, %r8
3:  rdtsc
    cmp %r8, (%rdi)
    je 4f
    cmp %r8, (%rsi)
    jne 3b
4:  ud2

    /* Sets the trap flag: the instruction after the next is stepped. */
    .globl code_step
code_step:
    pushfq
    orq $0x100, (%rsp)
    popfq
    nop
    ud2

    /* Sets the direction flag and traps: the kernel must not care. */
    .globl code_string
code_string:
    std
    syscall
    ud2

    /* ymm0..ymm15 from (%rdi), then a call; MXCSR from 512(%rdi). */
    .globl code_fill
code_fill:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovdqu 32*\n(%rdi), %ymm\n
    .endr
    ldmxcsr 512(%rdi)
    syscall
    /* Falls through: whoever comes back shows what it holds. */

    .globl code_dump
code_dump:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovdqu %ymm\n, 32*\n(%rsi)
    .endr
    stmxcsr 512(%rsi)
    ud2

    /* ymm0..ymm15 from (%rsi), then spins. rdtsc is a trap where time is
     * virtual, so that this can be preempted there too. */
    .globl code_fill_spin
code_fill_spin:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovdqu 32*\n(%rsi), %ymm\n
    .endr
1:  rdtsc
    inc %rbx
    jmp 1b

    /* The same, then write(rdi, rsi, rdx) for ever. */
    .globl code_fill_call
code_fill_call:
    .irp n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vmovdqu 32*\n(%rsi), %ymm\n
    .endr
2:  mov $1, %eax
    syscall
    inc %rbx
    jmp 2b
user_code_end:
    .section .note.GNU-stack, "", @progbits
