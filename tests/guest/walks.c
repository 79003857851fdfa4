/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/walks.c - how far a path may go: loops and chains of symbolic
 * links, NAME_MAX, PATH_MAX, slashes and dots.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

enum { NAME = 255, PATH = 4096 };

static char path[2 * PATH], name[NAME + 2];
static struct stat st;

static void loops(void)
{
    EXPECT(0, symlink, "self", "self");
    EXPECT(0, symlink, "b", "a");
    EXPECT(0, symlink, "a", "b");
    EXPECT(-ELOOP, stat, "self", &st);
    EXPECT(-ELOOP, stat, "a", &st);
    EXPECT(-ELOOP, open, "a", O_CREAT | O_RDWR, 0600);
    EXPECT(-EEXIST, open, "a", O_CREAT | O_EXCL | O_RDWR, 0600);
    EXPECT(-ELOOP, open, "a/x", O_CREAT | O_RDWR, 0600);
    EXPECT(-EEXIST, mkdir, "a", 0755);
    EXPECT(-ELOOP, mkdir, "a/x", 0755);
    EXPECT(-ELOOP, chdir, "self");
    EXPECT(-ELOOP, unlink, "self/x");
    EXPECT(-ENOTDIR, rmdir, "self");
    EXPECT(0, lstat, "self", &st);
    EXPECT(-ELOOP, lstat, "self/", &st);
    EXPECT(3, open, "self", O_PATH | O_NOFOLLOW);
    EXPECT(-ELOOP, open, "self", O_PATH);
    EXPECT(-ELOOP, open, "self", O_RDONLY | O_NOFOLLOW);
    EXPECT(-ENOTDIR, open, "self", O_RDONLY | O_NOFOLLOW | O_DIRECTORY);
    EXPECT(0, close, 3);
    EXPECT(0, rename, "self", "other");
    EXPECT(-ENOENT, stat, "other", &st);
    EXPECT(0, unlink, "other");
}

/* Forty links are followed in one walk, wherever they are in it. */
static void chains(void)
{
    char from[16], to[16];
    size_t size = 0;

    EXPECT(0, mkdir, "c0", 0755);
    EXPECT(0, mknod, "c0/f", S_IFREG | 0644, 0);
    for (int i = 1; i <= 42; i++) {
        snprintf(from, sizeof(from), "c%d", i - 1);
        snprintf(to, sizeof(to), "c%d", i);
        CALL(symlink, from, to);
    }
    EXPECT(0, stat, "c40", &st);
    EXPECT(-ELOOP, stat, "c41", &st);
    EXPECT(0, lstat, "c41", &st);
    EXPECT(0, stat, "c40/f", &st);
    EXPECT(-ELOOP, lstat, "c41/f", &st);
    EXPECT(0, stat, "c20/../c20/f", &st);
    EXPECT(-ELOOP, stat, "c20/../c21/f", &st);
    EXPECT(0, symlink, ".", "dot");
    for (int i = 0; i < 40; i++, size += 4)
        memcpy(path + size, "dot/", 4);
    strcpy(path + size, "c0");
    EXPECT(0, stat, path, &st);
    strcpy(path + size, "dot");
    EXPECT(-ELOOP, stat, path, &st);
    EXPECT(0, lstat, path, &st);
    strcpy(path + size, "c1");
    EXPECT(-ELOOP, stat, path, &st);
    EXPECT(0, lstat, path, &st);
}

static void lengths(void)
{
    memset(name, 'n', NAME + 1);
    EXPECT(-ENAMETOOLONG, mkdir, name, 0755);
    EXPECT(-ENAMETOOLONG, stat, name, &st);
    EXPECT(-ENAMETOOLONG, open, name, O_CREAT | O_RDWR, 0644);
    name[NAME] = '\0';
    EXPECT(-ENOENT, stat, name, &st);
    EXPECT(0, mkdir, name, 0755);
    EXPECT(0, rmdir, name);
    /* A path of PATH_MAX bytes with its NUL is the longest. */
    memset(path, '/', PATH);
    path[PATH - 2] = '.';
    path[PATH - 1] = '\0';
    EXPECT(0, stat, path, &st);
    path[PATH - 1] = '.';
    path[PATH] = '\0';
    EXPECT(-ENAMETOOLONG, stat, path, &st);
    EXPECT(-ENAMETOOLONG, open, path, O_RDONLY);
    EXPECT(-ENAMETOOLONG, rename, path, "x");
    EXPECT(-ENAMETOOLONG, rename, "dot", path);
    EXPECT(-ENAMETOOLONG, symlink, path, "x");
    EXPECT(-ENAMETOOLONG, chdir, path);
}

/* Deeper than a path can say. */
static void depths(void)
{
    int levels = 0;

    while (levels < 20 && CALL(mkdir, name, 0755) == 0 &&
           CALL(chdir, name) == 0)
        levels++;
    say("%d levels", levels);
    EXPECT(-ENAMETOOLONG, getcwd, path, sizeof(path));
    EXPECT(-ENAMETOOLONG, getcwd, path, 100);
    EXPECT(0, stat, "..", &st);
    EXPECT(3, open, ".", O_RDONLY | O_DIRECTORY);
    EXPECT(0, mknodat, 3, "deep", S_IFREG | 0644, 0);
    EXPECT(0, stat, "deep", &st);
    EXPECT(0, close, 3);
    EXPECT(0, unlink, "deep");
    for (; levels > 0; levels--)
        if (CALL(chdir, "..") != 0 || CALL(rmdir, name) != 0)
            break;
    say("%d levels left", levels);
}

static void dots(void)
{
    EXPECT(0, stat, "c0/./f", &st);
    EXPECT(0, stat, "c0//f", &st);
    EXPECT(0, stat, "./c0/../c0/f", &st);
    EXPECT(-ENOTDIR, stat, "c0/f/.", &st);
    EXPECT(-ENOTDIR, stat, "c0/f/..", &st);
    EXPECT(-ENOTDIR, stat, "c0/f/", &st);
    EXPECT(-ENOENT, stat, "none/..", &st);
    EXPECT(0, stat, "/../../t/c0", &st);
    EXPECT(-EINVAL, rmdir, "c0/.");
    EXPECT(-ENOTEMPTY, rmdir, "c0/..");
    EXPECT(-EISDIR, unlink, "c0/.");
    EXPECT(-EISDIR, unlink, "c0");
    EXPECT(-EEXIST, mkdir, ".", 0755);
    EXPECT(-EEXIST, mkdir, "c0/..", 0755);
    EXPECT(-EEXIST, mkdir, "/", 0755);
    EXPECT(-EEXIST, symlink, "x", ".");
    EXPECT(0, mkdir, "made/", 0755);
    EXPECT(0, rmdir, "made///");
    EXPECT(0, symlink, "c0/f/", "slash");
    EXPECT(-ENOTDIR, stat, "slash", &st);
    EXPECT(0, symlink, "to", "maker");
    EXPECT(3, open, "maker", O_CREAT | O_RDWR, 0644);
    EXPECT(0, stat, "to", &st);
    EXPECT(-EBUSY, rmdir, "/");
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, chdir, "/t");
    loops();
    chains();
    lengths();
    depths();
    dots();
    return finish();
}

int main(void)
{
    share();
    return run_in_child(body);
}
