/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/guardian/guardian.h - what the kernel process tells the guardian
 * through its pipe.
 */
#ifndef HAL_HOSTED_GUARDIAN_GUARDIAN_H
#define HAL_HOSTED_GUARDIAN_GUARDIAN_H

enum {
    GUARDIAN_TERMINAL = 'T', /* GUARDIAN_TERMINAL_STATE bytes follow */
    GUARDIAN_GROUP = 'G',    /* an int follows: the stubs' process group */
    GUARDIAN_QUIT = 'Q'      /* what ends now ends in order */
};

/* At least what ioctl(TCGETS) writes: struct termios, 36 bytes. */
enum { GUARDIAN_TERMINAL_STATE = 64 };

#endif /* HAL_HOSTED_GUARDIAN_GUARDIAN_H */
