/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/dynamic.c - a program with a dynamic loader (execve(2), ld.so(8))
 * finds itself and the loader where the auxiliary vector says.
 */
#include <elf.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>

extern void _start(void);

static int count_object(struct dl_phdr_info *info, size_t size, void *count)
{
    (void)size;
    (void)info;
    ++*(int *)count;
    return 0;
}

static void check(const char *what, int holds)
{
    printf("%s: %s\n", what, holds ? "yes" : "NO");
}

int main(int argc, char **argv)
{
    const Elf64_Ehdr *loader = (const Elf64_Ehdr *)getauxval(AT_BASE);
    const Elf64_Phdr *headers = (const Elf64_Phdr *)getauxval(AT_PHDR);
    int objects = 0;

    printf("%d arguments, %s\n", argc, argv[argc - 1]);
    check("AT_BASE",
          loader != NULL && memcmp(loader->e_ident, ELFMAG, SELFMAG) == 0);
    check("AT_ENTRY", getauxval(AT_ENTRY) == (unsigned long)_start);
    check("AT_PHDR", headers[0].p_type == PT_PHDR);
    dl_iterate_phdr(count_object, &objects);
    check("objects", objects >= 2);
    free(malloc(100000));
    return 3;
}
