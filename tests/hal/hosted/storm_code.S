/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/hal/hosted/storm_code.S - user code that keeps a value of its own in
 * every register and checks each of them, round after round; a wrong one ends
 * in ud2. It makes no call. Position independent.
 *
 * r8 comes in as the thread's value; the others are made from it. Data, at
 * STORM_DATA + (r8 & 0xff) * 64: rounds, scratch for flags and MXCSR.
 */
#include "tests/hal/hosted/storm_layout.h"

    .section .rodata
    .globl storm_code, storm_code_end, storm_sse, storm_avx, storm_avx512
    .balign 16
storm_code:

/* rbx is r8 times 3, and so on; rax is scratch. */
.macro make factor, register
    imul $\factor, %r8, \register
.endm

.macro check factor, register
    imul $\factor, %r8, %rax
    cmp %rax, \register
    jne 9f
.endm

.macro each what
    \what 3, %rbx
    \what 5, %rcx
    \what 7, %rdx
    \what 11, %rsi
    \what 13, %rdi
    \what 17, %rbp
    \what 19, %r9
    \what 23, %r10
    \what 29, %r11
    \what 31, %r12
    \what 37, %r13
    \what 41, %r14
.endm

/* r15 is the data; the stack pointer its end. */
.macro begin
    movzbl %r8b, %r15d
    shl $6, %r15d
    add $STORM_DATA, %r15
    lea STORM_FRAME(%r15), %rsp
    each make
    wrfsbase %rbx
    wrgsbase %rbp
    movl $STORM_MXCSR, 8(%r15)
    ldmxcsr 8(%r15)
    fninit
    fldpi
    std
.endm

.macro verify
    each check
    lea STORM_FRAME(%r15), %rax
    cmp %rax, %rsp
    jne 9f
    rdfsbase %rax
    cmp %rbx, %rax
    jne 9f
    rdgsbase %rax
    cmp %rbp, %rax
    jne 9f
    pushfq
    pop %rax
    and $STORM_FLAGS, %eax
    cmp $STORM_DIRECTION, %eax
    jne 9f
    stmxcsr 8(%r15)
    cmpl $STORM_MXCSR, 8(%r15)
    jne 9f
    fldpi
    fcomip %st(1), %st
    jne 9f
    incq (%r15)
.endm

storm_sse:
    begin
    movq %r8, %xmm0
    punpcklqdq %xmm0, %xmm0
    movdqa %xmm0, %xmm7
    movdqa %xmm0, %xmm15
1:  verify
    movq %r8, %xmm1
    punpcklqdq %xmm1, %xmm1
    movdqa %xmm1, %xmm2
    pcmpeqd %xmm7, %xmm1
    pcmpeqd %xmm15, %xmm2
    pand %xmm2, %xmm1
    pmovmskb %xmm1, %eax
    cmp $0xffff, %eax
    jne 9f
    jmp 1b
9:  ud2

storm_avx:
    begin
    vmovq %r8, %xmm0
    vpunpcklqdq %xmm0, %xmm0, %xmm0
    vinsertf128 $1, %xmm0, %ymm0, %ymm7
    vmovaps %ymm7, %ymm15
1:  verify
    vmovq %r8, %xmm0
    vpunpcklqdq %xmm0, %xmm0, %xmm0
    vinsertf128 $1, %xmm0, %ymm0, %ymm0
    vxorps %ymm7, %ymm0, %ymm1
    vxorps %ymm15, %ymm0, %ymm2
    vorps %ymm2, %ymm1, %ymm1
    vptest %ymm1, %ymm1
    jne 9f
    jmp 1b
9:  ud2

storm_avx512:
    begin
    vpbroadcastq %r8, %zmm7
    vpbroadcastq %r8, %zmm17
    vpbroadcastq %r8, %zmm31
    mov $0x55aa, %eax
    kmovw %eax, %k5
1:  verify
    vpbroadcastq %r8, %zmm0
    vpcmpeqq %zmm7, %zmm0, %k1
    vpcmpeqq %zmm17, %zmm0, %k2{%k1}
    vpcmpeqq %zmm31, %zmm0, %k3{%k2}
    kmovw %k3, %eax
    cmp $0xff, %eax
    jne 9f
    kmovw %k5, %eax
    cmp $0x55aa, %eax
    jne 9f
    jmp 1b
9:  ud2
storm_code_end:

    .section .note.GNU-stack, "", @progbits
