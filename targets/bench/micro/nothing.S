/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/bench/micro/nothing.S - the program that exec rows run: exit(2) with
 * status 0, at once. It has what every program has: headers, code, constants.
 */
    .section .rodata
    .long 0

    .text
    .globl _start
_start:
    mov $60, %eax
    xor %edi, %edi
    syscall
    ud2

    .section .note.GNU-stack, "", @progbits
