/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/tty_storm.c - many pseudo-terminals at once, each with a process
 * at either end, and sessions that come and go.
 */
#include <string.h>

#include "tests/guest/pts.h"

enum { PAIRS = 6, ROUNDS = 3, BYTES = 60000, CHUNK = 999 };

/* Answers every byte with its successor, until the end of file. */
static int answer(long slave)
{
    unsigned char bytes[CHUNK];
    long got;

    while ((got = CALL(read, slave, bytes, sizeof(bytes))) > 0) {
        for (long i = 0; i < got; i++)
            bytes[i]++;
        for (long at = 0; at < got;) {
            long done = CALL(write, slave, bytes + at, got - at);

            if (done <= 0)
                return 1;
            at += done;
        }
    }
    return 0;
}

/* Types a pattern, a chunk at a time, and checks what comes back. */
static int ask(int master, int salt)
{
    unsigned char out[CHUNK], in[CHUNK];

    for (int at = 0; at < BYTES; at += CHUNK) {
        int got = 0;

        for (int i = 0; i < CHUNK; i++)
            out[i] = (unsigned char)(at + i * 7 + salt);
        if (CALL(write, master, out, CHUNK) != CHUNK)
            return 1;
        while (got < CHUNK) {
            long more = CALL(read, master, in + got, CHUNK - got);

            if (more <= 0)
                return 2;
            got += (int)more;
        }
        for (int i = 0; i < CHUNK; i++)
            if (in[i] != (unsigned char)(out[i] + 1))
                return 3;
    }
    return 0;
}

static int use_pair(long salt)
{
    struct pts p = pts_open();
    long pid;
    int result, status = 0;

    make_raw(p.slave, 1, 0);
    pid = CALL(fork);
    if (pid == 0) {
        CALL(close, p.master);
        pts_lead(&p);
        CALL(exit_group, answer(p.slave));
    }
    result = ask(p.master, (int)salt);
    pts_close(&p);
    CALL(wait4, pid, &status, 0, NULL);
    /* The end of the master is the end of the session. */
    if (!WIFSIGNALED(status) && status != 0)
        result += 10;
    return result;
}

int main(void)
{
    int failures = 0;

    pts_begin();
    for (int round = 0; round < ROUNDS; round++) {
        for (long i = 0; i < PAIRS; i++)
            spawn(use_pair, i);
        for (int i = 0; i < PAIRS; i++) {
            int status = -1;

            CALL(wait4, -1, &status, 0, NULL);
            failures += status != 0;
        }
    }
    say("%d of %d failed", failures, PAIRS * ROUNDS);
    return pts_finish();
}
