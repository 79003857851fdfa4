/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/args.c - what a program finds on its stack when it starts:
 * arguments, environment and auxiliary vector (psABI 3.4.1, getauxval(3)).
 */
#include <elf.h>
#include <stdlib.h>
#include <string.h>

#include "tests/guest/guest.h"

extern char **environ;
extern const Elf64_Ehdr __ehdr_start;
extern void _start(void);

static const Elf64_auxv_t *vector;

static uint64_t value_of(uint64_t type)
{
    for (const Elf64_auxv_t *at = vector; at->a_type != AT_NULL; at++)
        if (at->a_type == type)
            return at->a_un.a_val;
    return 0;
}

static bool has(uint64_t type)
{
    for (const Elf64_auxv_t *at = vector; at->a_type != AT_NULL; at++)
        if (at->a_type == type)
            return true;
    return false;
}

static void show_strings(int argc, char **argv)
{
    say("argc %d", argc);
    for (int i = 0; i < argc; i++)
        say("argv[%d] %zu: %.80s", i, strlen(argv[i]), argv[i]);
    CHECK(argv[argc] == NULL);
    CHECK(environ == argv + argc + 1);
    for (char **at = environ; *at != NULL; at++)
        say("environ: %s", *at);
}

/* The strings follow each other, in order. */
static void check_strings(int argc, char **argv)
{
    const char *next = argv[0];
    bool in_order = true;

    for (int i = 0; i < argc; i++) {
        in_order = in_order && argv[i] == next;
        next = argv[i] + strlen(argv[i]) + 1;
    }
    for (char **at = environ; *at != NULL; at++) {
        in_order = in_order && *at == next;
        next = *at + strlen(*at) + 1;
    }
    CHECK(in_order);
}

static void find_vector(void)
{
    char **at = environ;

    while (*at != NULL)
        at++;
    vector = (const Elf64_auxv_t *)(at + 1);
}

static void check_vector(void)
{
    CHECK(value_of(AT_PAGESZ) == PAGE);
    CHECK(value_of(AT_CLKTCK) == 100);
    CHECK(value_of(AT_PHENT) == sizeof(Elf64_Phdr));
    CHECK(value_of(AT_PHNUM) == __ehdr_start.e_phnum);
    CHECK(value_of(AT_PHDR) == (uintptr_t)&__ehdr_start + __ehdr_start.e_phoff);
    CHECK(value_of(AT_ENTRY) == (uintptr_t)_start);
    CHECK(has(AT_BASE) && value_of(AT_BASE) == 0);
    CHECK(has(AT_FLAGS) && value_of(AT_FLAGS) == 0);
    CHECK(has(AT_UID) && value_of(AT_UID) == 0);
    CHECK(has(AT_EUID) && value_of(AT_EUID) == 0);
    CHECK(has(AT_GID) && value_of(AT_GID) == 0);
    CHECK(has(AT_EGID) && value_of(AT_EGID) == 0);
    CHECK(has(AT_SECURE) && value_of(AT_SECURE) == 0);
    CHECK(value_of(AT_HWCAP) != 0);
    CHECK(value_of(AT_MINSIGSTKSZ) >= 1024);
    CHECK(strcmp((const char *)value_of(AT_PLATFORM), "x86_64") == 0);
    say("AT_EXECFN: %s", (const char *)value_of(AT_EXECFN));
}

/* CPUID leaf 1, EDX. */
static void check_hardware(void)
{
    uint32_t a = 1, b, c = 0, d;

    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    CHECK(value_of(AT_HWCAP) == d);
}

/* Bit 1 of AT_HWCAP2 tells of rdfsbase. */
static void check_base(void)
{
    if ((value_of(AT_HWCAP2) & 2) != 0) {
        uint64_t base;

        __asm__ volatile("rdfsbase %0" : "=r"(base));
        CHECK(base != 0);
    } else {
        say("base != 0: yes");
    }
}

static void check_random(void)
{
    const uint8_t *bytes = (const uint8_t *)value_of(AT_RANDOM);
    unsigned sum = 0;

    CHECK(bytes != NULL);
    for (size_t i = 0; i < 16; i++)
        sum |= bytes[i];
    CHECK(sum != 0);
}

int main(int argc, char **argv)
{
    show_strings(argc, argv);
    check_strings(argc, argv);
    find_vector();
    check_vector();
    check_base();
    if (argc > 1 && strcmp(argv[1], "hardware") == 0)
        check_hardware();
    check_random();
    return finish();
}
