/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/hello_bare.S - hello without a C library: write(2), exit(2).
 */
    .section .rodata
text:
    .ascii "hello, world\n"
    .set size, . - text

    .text
    .globl _start
_start:
    mov $1, %eax
    mov $1, %edi
    lea text(%rip), %rsi
    mov $size, %edx
    syscall
    mov $60, %eax
    xor %edi, %edi
    syscall
    ud2

    .section .note.GNU-stack, "", @progbits
