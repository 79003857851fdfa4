/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/changing.c - directories that change while they are read:
 * getdents(2), getdents64(2), lseek(2).
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

enum { FILES = 200, ROUNDS = 3 };

static char buffer[PAGE];
static unsigned char seen[2 * FILES];

struct entry64 {
    uint64_t number;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

struct entry {
    uint64_t number;
    uint64_t next;
    uint16_t size;
    char name[]; /* the type is the last byte */
};

static char *name_of(int number)
{
    static char name[16];

    snprintf(name, sizeof(name), "n%d", number);
    return name;
}

static void make(int first, int end)
{
    for (int i = first; i < end; i++)
        CALL(mknod, name_of(i), S_IFREG | 0644, 0);
}

static void note(const char *name)
{
    int number;

    if (sscanf(name, "n%d", &number) == 1 && number < 2 * FILES)
        seen[number]++;
}

/* Reads on once; bytes. */
static long read_some(int fd, size_t size)
{
    long got = CALL(getdents64, fd, buffer, size);

    for (long at = 0; at < got;) {
        struct entry64 *entry = (struct entry64 *)(buffer + at);

        note(entry->name);
        at += entry->size;
    }
    return got;
}

/* How many of those from first to end were seen once, and how many more
 * often. */
static void count(const char *what, int first, int end)
{
    int once = 0, more = 0;

    for (int i = first; i < end; i++) {
        once += seen[i] == 1;
        more += seen[i] > 1;
    }
    say("%s: %d once, %d more often", what, once, more);
}

static void begin(int fd)
{
    memset(seen, 0, sizeof(seen));
    CALL(lseek, fd, 0, SEEK_SET);
}

/* What stays is seen once, whatever else goes. */
static void removal(int fd)
{
    begin(fd);
    read_some(fd, 500);
    for (int i = 1; i < FILES; i += 2)
        CALL(unlink, name_of(i));
    while (read_some(fd, 500) > 0)
        continue;
    for (int i = 1; i < FILES; i += 2)
        seen[i] = 0;
    count("those that stay", 0, FILES);
    make(0, FILES);
}

/* All go, as rm -r has it: one read, then what it gave. */
static void emptying(int fd)
{
    int gone = 0, left = 0;
    long got;

    begin(fd);
    while ((got = CALL(getdents64, fd, buffer, 300)) > 0)
        for (long at = 0; at < got;) {
            struct entry64 *entry = (struct entry64 *)(buffer + at);

            at += entry->size;
            gone += CALL(unlink, entry->name) == 0;
        }
    CALL(lseek, fd, 0, SEEK_SET);
    while (read_some(fd, PAGE) > 0)
        left++;
    say("%d gone, %d reads of the rest", gone, left);
    make(0, FILES);
}

/* New names may be seen or not, but the old ones are, once. */
static void addition(int fd)
{
    begin(fd);
    read_some(fd, 500);
    make(FILES, 2 * FILES);
    while (read_some(fd, 500) > 0)
        continue;
    count("old ones", 0, FILES);
    begin(fd);
    while (read_some(fd, 500) > 0)
        continue;
    count("all", 0, 2 * FILES);
}

/* Positions are good for returning to. */
static void positions(int fd)
{
    long at, got;
    char first[PAGE];

    begin(fd);
    read_some(fd, 1000);
    at = CALL(lseek, fd, 0, SEEK_CUR);
    got = CALL(getdents64, fd, first, 1000);
    read_some(fd, 1000);
    CHECK(CALL(lseek, fd, at, SEEK_SET) == at);
    CHECK(CALL(getdents64, fd, buffer, 1000) == got &&
          memcmp(first, buffer, got) == 0);
}

static void old_call(int fd)
{
    int entries = 0, right = 0;
    long got;

    CALL(lseek, fd, 0, SEEK_SET);
    while ((got = CALL(getdents, fd, buffer, PAGE)) > 0)
        for (long at = 0; at < got;) {
            struct entry *entry = (struct entry *)(buffer + at);
            char type = buffer[at + entry->size - 1];

            right += type == (entry->name[0] == '.' ? DT_DIR : DT_REG);
            entries++;
            at += entry->size;
        }
    say("%d entries, %d of the right type", entries, right);
    EXPECT(0, getdents, fd, buffer, PAGE);
    CALL(lseek, fd, 0, SEEK_SET);
    EXPECT(-EINVAL, getdents, fd, buffer, 10);
    EXPECT(-EFAULT, getdents, fd, KERNEL_ADDRESS, PAGE);
    EXPECT(-EBADF, getdents, 99, buffer, PAGE);
    EXPECT(-ENOTDIR, getdents, 0, buffer, PAGE);
}

static int churn(long unused)
{
    (void)unused;
    for (int i = FILES; !shared[0]; i = i < FILES + 50 ? i + 1 : FILES) {
        CALL(mknod, name_of(i), S_IFREG | 0644, 0);
        CALL(unlink, name_of(i));
        CALL(sched_yield);
    }
    return 0;
}

static void together(int fd)
{
    long pid;
    int bad = 0;

    for (int i = FILES; i < 2 * FILES; i++)
        CALL(unlink, name_of(i));
    pid = spawn(churn, 0);
    for (int round = 0; round < ROUNDS; round++) {
        begin(fd);
        while (read_some(fd, 700) > 0)
            CALL(sched_yield);
        for (int i = 0; i < FILES; i++)
            bad += seen[i] != 1;
    }
    shared[0] = 1;
    reap("churn", pid);
    say("%d not seen once", bad);
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    make(0, FILES);
    EXPECT(3, open, ".", O_RDONLY | O_DIRECTORY);
    removal(3);
    emptying(3);
    addition(3);
    positions(3);
    old_call(3);
    together(3);
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
