/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/syslog.c - syslog(2) and /dev/kmsg. What is in the log differs
 * from Linux's; how it is asked for does not.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "tests/guest/pts.h"

static char text[1 << 20];

static void check_errors(void)
{
    EXPECT(-EINVAL, syslog, 3, NULL, 10);
    EXPECT(-EINVAL, syslog, 3, text, -1);
    EXPECT(0, syslog, 3, text, 0);
    EXPECT(-EFAULT, syslog, 3, 8, sizeof(text));
    EXPECT(-EINVAL, syslog, 11, NULL, 0);
    EXPECT(-EINVAL, syslog, -1, NULL, 0);
    EXPECT(-EINVAL, syslog, 8, NULL, 0);
    EXPECT(-EINVAL, syslog, 8, NULL, 9);
    EXPECT(0, syslog, 0, NULL, 0);
    EXPECT(0, syslog, 1, NULL, 0);
    CHECK(CALL(syslog, 10, NULL, 0) > 1000);
    CHECK(CALL(syslog, 9, NULL, 0) >= 0);
}

static void check_lines(int fd)
{
    static const char line[] = "<12>a line of the test\n";
    long size;

    EXPECT(sizeof(line) - 1, write, fd, line, sizeof(line) - 1);
    size = CALL(syslog, 3, text, sizeof(text) - 1);
    CHECK(size > 0);
    text[size > 0 ? size : 0] = '\0';
    CHECK(strstr(text, "] a line of the test\n") != NULL);
    CHECK(text[0] == '<');
}

static void check_records(int fd)
{
    static const char line[] = "<3>tab\there";
    unsigned priority = 0;
    unsigned long sequence, time;
    long size;
    char *end;

    EXPECT(0, lseek, fd, 0, SEEK_END);
    EXPECT(-EAGAIN, read, fd, text, sizeof(text));
    EXPECT(sizeof(line) - 1, write, fd, line, sizeof(line) - 1);
    EXPECT(-EINVAL, read, fd, text, 5);
    size = CALL(read, fd, text, sizeof(text) - 1);
    CHECK(size > 0);
    text[size > 0 ? size : 0] = '\0';
    CHECK(sscanf(text, "%u,%lu,%lu,", &priority, &sequence, &time) == 3);
    say("priority %u", priority);
    end = strchr(text, ';');
    say("%s", end != NULL ? end : "no text");
    EXPECT(-EAGAIN, read, fd, text, sizeof(text));
    EXPECT(0, lseek, fd, 0, SEEK_SET);
    CHECK(CALL(read, fd, text, sizeof(text)) > 0);
    EXPECT(0, lseek, fd, 0, 3 /* SEEK_DATA */);
    EXPECT(-ESPIPE, lseek, fd, 5, SEEK_SET);
    EXPECT(-EINVAL, lseek, fd, 0, SEEK_CUR);
}

static int lack_rights(long arg)
{
    (void)arg;
    EXPECT(0, setresuid, 1000, 1000, 1000);
    EXPECT(-EPERM, syslog, 2, text, 10);
    EXPECT(-EPERM, syslog, 9, NULL, 0);
    EXPECT(-EPERM, syslog, 8, NULL, 4);
    return 0;
}

int main(void)
{
    int fd;

    pts_begin();
    CALL(mknod, "/dev/kmsg", S_IFCHR | 0644, makedev(1, 11));
    fd = (int)CALL(open, "/dev/kmsg", O_RDWR | O_NONBLOCK);
    CHECK(fd >= 0);
    check_errors();
    check_lines(fd);
    check_records(fd);
    reap("somebody", spawn(lack_rights, 0));
    return pts_finish();
}
