/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/tools/echo.S - the smallest machine that tools/dev boot can talk to.
 *
 * A 32-bit PVH image without a kernel: it echoes framed input from COM1 to
 * COM1, says a line on COM2 and on the log port, and ends with status 7. Input
 * that begins with X ends it at once, without a status.
 */
    .section .note.Xen, "a", @note
    .long 4, 4, 18 /* name size, value size, XEN_ELFNOTE_PHYS32_ENTRY */
    .asciz "Xen"
    .long start

    .text
    .globl start
start:
    mov $0x3fa, %dx /* 16-byte FIFOs, 14 at a time: one is 8 times slower */
    movb $0xc1, %al
    outb %al, %dx
    mov $ready_line, %esi
    mov $0xe9, %dx
    call write_string
    call read_byte
    cmpb $'X', %al
    je off
    jmp 2f
1:
    call read_byte
2:
    cmpb $0x10, %al /* DLE */
    jne 3f
    call read_byte
    cmpb $0x04, %al /* EOT: end of file */
    je done
3:
    call write_byte
    jmp 1b

read_byte:
    mov $0x3fd, %dx
1:
    inb %dx, %al
    testb $1, %al
    jz 1b
    mov $0x3f8, %dx
    inb %dx, %al
    ret

write_byte:
    movb %al, %bl
    mov $0x3fd, %dx
1:
    inb %dx, %al
    testb $0x20, %al
    jz 1b
    movb %bl, %al
    mov $0x3f8, %dx
    outb %al, %dx
    ret

/* Writes the string at %esi to port %dx. */
write_string:
    lodsb
    testb %al, %al
    jz 1f
    outb %al, %dx
    jmp write_string
1:
    ret

done:
    mov $0x3fd, %dx
1:
    inb %dx, %al
    testb $0x40, %al
    jz 1b
    mov $error_line, %esi
    mov $0x2f8, %dx
    call write_string
    mov $log_lines, %esi
    mov $0xe9, %dx
    call write_string
off:
    mov $0xf4, %dx
    mov $0x10, %eax
    outl %eax, %dx
1:
    hlt
    jmp 1b

    .section .rodata
error_line:
    .asciz "err\n"
ready_line:
    .asciz "cyphera: console ready\n"
log_lines:
    .asciz "a log line\ncyphera: exit status 7\n"
    .section .note.GNU-stack, "", @progbits
