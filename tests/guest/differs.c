/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/differs.c - prints what cannot be the same on the host: whether
 * the program has a parent.
 */
#include "tests/guest/guest.h"

int main(void)
{
    say("%s", CALL(getppid) > 0 ? "a parent" : "no parent");
    return 0;
}
