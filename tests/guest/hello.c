/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/hello.c - prints one line and exits with the status its argument
 * names, 0 without one. It is /hello of every root.
 */
#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv)
{
    if (puts("hello, world") < 0 || fflush(stdout) != 0)
        return 1;
    return argc > 1 ? atoi(argv[1]) : 0;
}
