/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/hosted/options.h - what the user asked of the hosted kernel.
 */
#ifndef TARGETS_HOSTED_OPTIONS_H
#define TARGETS_HOSTED_OPTIONS_H

#include "hal/hosted/host_machine.h"

enum { COMMAND_LINE_MAX = 4096 };

struct options {
    struct host_options machine;
    char command_line[COMMAND_LINE_MAX];
};

/* What is to be done with them. */
enum options_do { OPTIONS_RUN, OPTIONS_EXIT };

/*
 * Reads main()'s arguments into *out, which must stay where it is while
 * out->machine is in use. OPTIONS_EXIT: --help or --version was printed, or
 * an error on stderr; then *status is what to exit with.
 */
enum options_do options_read(int argc, char **argv, struct options *out,
                             int *status);

#endif /* TARGETS_HOSTED_OPTIONS_H */
