/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/cat.c - copies stdin to stdout, byte for byte. It is /cat of
 * every root. Exit status 1 after an error.
 */
#include <stdint.h>
#include <stdio.h>
#include <unistd.h>

static uint8_t buffer[65536];

/* A write may take less than it was given: write(2). */
static int write_all(const uint8_t *from, size_t size)
{
    while (size > 0) {
        ssize_t done = write(STDOUT_FILENO, from, size);

        if (done < 0)
            return -1;
        from += done;
        size -= (size_t)done;
    }
    return 0;
}

int main(void)
{
    ssize_t got;

    while ((got = read(STDIN_FILENO, buffer, sizeof(buffer))) > 0) {
        if (write_all(buffer, (size_t)got) != 0) {
            perror("cat: write");
            return 1;
        }
    }
    if (got < 0) {
        perror("cat: read");
        return 1;
    }
    return 0;
}
