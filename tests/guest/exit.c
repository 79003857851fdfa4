/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/exit.c - `exit exit N` ends by exit(2) with N, `exit group N` by
 * exit_group(2).
 */
#include <stdlib.h>
#include <string.h>

#include "tests/guest/guest.h"

int main(int argc, char **argv)
{
    if (argc != 3)
        return 99;
    say("%s", argv[1]);
    if (strcmp(argv[1], "exit") == 0)
        CALL(exit, atol(argv[2]));
    else
        CALL(exit_group, atol(argv[2]));
    say("STILL ALIVE");
    return 98;
}
