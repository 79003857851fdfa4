/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/hosted/main.c - the hosted kernel: options, then the machine.
 */
#include <stdlib.h>

#include "targets/hosted/options.h"

int main(int argc, char **argv)
{
    static struct options options;
    int status;

    if (options_read(argc, argv, &options, &status) == OPTIONS_EXIT)
        return status;
    if (options.machine.seeded)
        host_machine_fix_layout(argv);
    return host_machine_run(&options.machine);
}
