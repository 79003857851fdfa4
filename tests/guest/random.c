/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/random.c - getrandom(2).
 */
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "tests/guest/guest.h"

#ifndef GRND_INSECURE
#define GRND_INSECURE 4
#endif

enum { SIZE = 100000 };

static uint8_t first[SIZE], second[SIZE];

/* Each of the 256 bytes is about as frequent as the others. */
static bool is_even(const uint8_t *bytes, size_t size)
{
    size_t counts[256] = {0};

    for (size_t i = 0; i < size; i++)
        counts[bytes[i]]++;
    for (size_t i = 0; i < 256; i++)
        if (counts[i] < size / 256 / 2 || counts[i] > size / 256 * 2)
            return false;
    return true;
}

static void get_bytes(void)
{
    EXPECT(SIZE, getrandom, first, SIZE, 0);
    EXPECT(SIZE, getrandom, second, SIZE, GRND_NONBLOCK);
    CHECK(memcmp(first, second, SIZE) != 0);
    CHECK(is_even(first, SIZE));
    CHECK(is_even(second, SIZE));
    EXPECT(16, getrandom, first, 16, GRND_RANDOM);
    EXPECT(16, getrandom, first, 16, GRND_RANDOM | GRND_NONBLOCK);
    EXPECT(SIZE, getrandom, first, SIZE, GRND_INSECURE);
    EXPECT(SIZE, getrandom, second, SIZE, GRND_INSECURE | GRND_NONBLOCK);
    CHECK(memcmp(first, second, SIZE) != 0);
    EXPECT(0, getrandom, first, 0, 0);
    EXPECT(0, getrandom, NULL, 0, 0);
}

static void be_wrong(void)
{
    char *border = get_border();

    EXPECT(-EINVAL, getrandom, first, 16, 8);
    EXPECT(-EINVAL, getrandom, first, 16, GRND_RANDOM | GRND_INSECURE);
    EXPECT(-EINVAL, getrandom, NULL, 16, -1);
    EXPECT(-EFAULT, getrandom, NULL, 16, 0);
    EXPECT(-EFAULT, getrandom, KERNEL_ADDRESS, 16, 0);
    EXPECT(-EFAULT, getrandom, KERNEL_ADDRESS, 0, 0);
    EXPECT(-EFAULT, getrandom, border, 16, 0);
    EXPECT(-EFAULT, getrandom, "constant", 8, 0);
    EXPECT(16, getrandom, border - 16, 16, 0);
}

int main(void)
{
    get_bytes();
    be_wrong();
    return finish();
}
