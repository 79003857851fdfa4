/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/differs.c - prints what cannot be the same on the host: which
 * kernel it is.
 */
#include <sys/utsname.h>

#include "tests/guest/guest.h"

int main(void)
{
    struct utsname name;

    CALL(uname, &name);
    say("%s", name.version);
    return 0;
}
