/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/mounts.c - mount(2), umount2(2): binds, flags, options, and what
 * /proc/mounts says of them.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/guest/child.h"

static char text[16384];

/* The line of /proc/mounts about a place, the last of several. */
static void show(const char *place)
{
    long size = 0, got, fd = CALL(open, "/proc/mounts", O_RDONLY);
    char *line, *found = NULL;

    while ((got = CALL(read, fd, text + size, sizeof(text) - 1 - size)) > 0)
        size += got;
    text[size] = '\0';
    CALL(close, fd);
    for (line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        char *at = strchr(line, ' ');

        if (at != NULL && strncmp(at + 1, place, strlen(place)) == 0 &&
            at[1 + strlen(place)] == ' ')
            found = line;
    }
    say("%s", found != NULL ? found : "no mount");
}

static void errors(void)
{
    EXPECT(-ENODEV, mount, "x", "/t", "nosuchfs", 0, NULL);
    EXPECT(-ENOENT, mount, "x", "/none", "tmpfs", 0, NULL);
    EXPECT(-ENOTDIR, mount, "x", "/file", "tmpfs", 0, NULL);
    EXPECT(-EFAULT, mount, "x", NULL, "tmpfs", 0, NULL);
    EXPECT(-EFAULT, mount, KERNEL_ADDRESS, "/t", "tmpfs", 0, NULL);
    EXPECT(-EINVAL, mount, "x", "/t", "tmpfs", 0, "size=many");
    EXPECT(-EINVAL, mount, "x", "/t", "tmpfs", 0, "nonsense=1");
    EXPECT(-EINVAL, mount, "x", "/t", NULL, 0, NULL);
    EXPECT(-ENOENT, mount, "/none", "/t", NULL, MS_BIND, NULL);
    EXPECT(-ENOTDIR, mount, "/file", "/t", NULL, MS_BIND, NULL);
    EXPECT(-ENOTDIR, mount, "/dir", "/file", NULL, MS_BIND, NULL);
    EXPECT(-EINVAL, mount, NULL, "/t", NULL, MS_BIND, NULL);
    EXPECT(-EINVAL, mount, NULL, "/t", NULL, MS_REMOUNT, NULL);
    EXPECT(-EINVAL, mount, "/dir", "/t", NULL, MS_MOVE, NULL);
    EXPECT(-EINVAL, mount, NULL, "/t", NULL, MS_PRIVATE, NULL);
    EXPECT(-EINVAL, umount2, "/t", 0);
    EXPECT(-ENOENT, umount2, "/none", 0);
    EXPECT(-EINVAL, umount2, "/t", 0x100);
    EXPECT(-EFAULT, umount2, NULL, 0);
}

static void options(void)
{
    struct stat st;

    EXPECT(0, mount, "named", "/t", "tmpfs", 0, NULL);
    show("/t");
    EXPECT(0, stat, "/t", &st);
    say("mode %o", st.st_mode);
    EXPECT(0, umount2, "/t", 0);
    show("/t");
    EXPECT(0, mount, "a b", "/t", "tmpfs", MS_NOSUID | MS_NODEV,
           "size=100k,nr_inodes=10,mode=0750,uid=3,gid=4");
    show("/t");
    EXPECT(0, stat, "/t", &st);
    say("mode %o, %d %d", st.st_mode, (int)st.st_uid, (int)st.st_gid);
    EXPECT(0, mount, NULL, "/t", NULL, MS_REMOUNT | MS_NOEXEC, "size=1m");
    show("/t");
    EXPECT(0, chmod, "/t", 0700);
    show("/t");
    EXPECT(0, umount2, "/t", 0);
    EXPECT(0, mount, "t", "/t", "tmpfs", MS_RDONLY | MS_NOATIME, "mode=1777");
    show("/t");
    EXPECT(-EROFS, mkdir, "/t/x", 0755);
    EXPECT(0, umount2, "/t", 0);
}

static void read_only(void)
{
    struct timespec times[2] = {{1, 0}, {2, 0}};

    EXPECT(-EROFS, open, "/t/f", O_WRONLY);
    EXPECT(-EROFS, open, "/t/f", O_RDONLY | O_TRUNC);
    EXPECT(-EROFS, open, "/t/new", O_CREAT | O_RDWR, 0600);
    EXPECT(-EEXIST, open, "/t/f", O_CREAT | O_EXCL | O_RDWR, 0600);
    EXPECT(-EROFS, chmod, "/t/f", 0600);
    EXPECT(-EROFS, chown, "/t/f", 1, 1);
    EXPECT(-EROFS, unlink, "/t/f");
    EXPECT(-EROFS, unlink, "/t/none");
    EXPECT(-EROFS, rmdir, "/t/none");
    EXPECT(-EROFS, rename, "/t/none", "/t/g");
    EXPECT(-EROFS, rmdir, "/t/d");
    EXPECT(-EROFS, rename, "/t/f", "/t/g");
    EXPECT(-EROFS, link, "/t/f", "/t/g");
    EXPECT(-EROFS, symlink, "x", "/t/s");
    EXPECT(-EEXIST, mkdir, "/t/d", 0755);
    EXPECT(-EROFS, mkdir, "/t/e", 0755);
    EXPECT(-EROFS, mknod, "/t/p", S_IFIFO | 0600, 0);
    EXPECT(-EROFS, truncate, "/t/f", 0);
    EXPECT(-EROFS, utimensat, AT_FDCWD, "/t/f", times, 0);
    EXPECT(-EROFS, access, "/t/f", W_OK);
    EXPECT(0, access, "/t/f", R_OK);
}

static void flags(void)
{
    long fd;

    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, mkdir, "/t/d", 0755);
    EXPECT(0, mknod, "/t/f", S_IFREG | 0755, 0);
    EXPECT(0, mknod, "/t/null", S_IFCHR | 0666, 0x103);
    EXPECT(0, mount, NULL, "/t", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    show("/t");
    read_only();
    EXPECT(0, mount, NULL, "/t", NULL, MS_REMOUNT | MS_BIND, NULL);
    fd = CALL(open, "/t/f", O_RDWR);
    EXPECT(-EBUSY, mount, NULL, "/t", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY,
           NULL);
    EXPECT(-EBUSY, mount, NULL, "/t", NULL, MS_REMOUNT | MS_RDONLY, NULL);
    CALL(close, fd);
    EXPECT(0, mount, NULL, "/t", NULL,
           MS_REMOUNT | MS_BIND | MS_NODEV | MS_NOEXEC | MS_NOSUID |
               MS_NODIRATIME,
           NULL);
    show("/t");
    EXPECT(-EACCES, open, "/t/null", O_RDWR);
    EXPECT(-EACCES, execve, "/t/f", NULL, NULL);
    EXPECT(-EACCES, access, "/t/f", X_OK);
    EXPECT(0, access, "/t/d", X_OK);
    EXPECT(0, mount, NULL, "/t", NULL, MS_REMOUNT | MS_BIND | MS_STRICTATIME,
           NULL);
    show("/t");
    EXPECT(-ENOEXEC, execve, "/t/f", NULL, NULL);
    EXPECT(0, umount2, "/t", 0);
}

static void binds(void)
{
    long fd;

    EXPECT(0, mount, "t", "/t", "tmpfs", 0, NULL);
    EXPECT(0, mkdir, "/t/d", 0755);
    EXPECT(0, mkdir, "/t/d/sub", 0755);
    EXPECT(0, mount, "s", "/t/d/sub", "tmpfs", 0, "size=4k");
    EXPECT(0, mknod, "/t/d/sub/inner", S_IFREG | 0644, 0);
    EXPECT(0, mount, "/t/d", "/u", NULL, MS_BIND, NULL);
    EXPECT(-ENOENT, access, "/u/sub/inner", F_OK);
    show("/u");
    show("/u/sub");
    EXPECT(0, umount2, "/u", 0);
    EXPECT(0, mount, "/t/d", "/u", NULL, MS_BIND | MS_REC, NULL);
    EXPECT(0, access, "/u/sub/inner", F_OK);
    show("/u/sub");
    EXPECT(-EBUSY, umount2, "/u", 0);
    EXPECT(-EBUSY, rmdir, "/u/sub");
    EXPECT(-EBUSY, rename, "/u/sub", "/u/other");
    EXPECT(-EXDEV, rename, "/u/sub/inner", "/u/inner");
    EXPECT(-EXDEV, link, "/u/sub/inner", "/u/inner");
    EXPECT(0, umount2, "/u", MNT_DETACH);
    EXPECT(0, access, "/t/d/sub/inner", F_OK);
    /* A file over a file. */
    EXPECT(0, mknod, "/t/over", S_IFREG | 0644, 0);
    EXPECT(0, mount, "/twin", "/t/over", NULL, MS_BIND, NULL);
    fd = CALL(open, "/t/over", O_RDONLY);
    EXPECT(8, read, fd, text, 100);
    EXPECT(-EBUSY, unlink, "/t/over");
    EXPECT(-EBUSY, umount2, "/t/over", 0);
    CALL(close, fd);
    EXPECT(0, umount2, "/t/over", 0);
    EXPECT(0, unlink, "/t/over");
    /* A move takes along what is below. */
    EXPECT(0, mount, "/t", "/u", NULL, MS_MOVE, NULL);
    EXPECT(0, access, "/u/d/sub/inner", F_OK);
    EXPECT(-ENOENT, access, "/t/d", F_OK);
    EXPECT(-ELOOP, mount, "/u", "/u/d", NULL, MS_MOVE, NULL);
    EXPECT(0, umount2, "/u/d/sub", 0);
    EXPECT(0, umount2, "/u", 0);
}

static void umounts(void)
{
    EXPECT(0, mount, "one", "/t", "tmpfs", 0, NULL);
    EXPECT(0, mount, "two", "/t", "tmpfs", 0, NULL);
    show("/t");
    EXPECT(0, symlink, "/t", "/u/link");
    EXPECT(-EINVAL, umount2, "/u/link", UMOUNT_NOFOLLOW);
    EXPECT(0, umount2, "/t", UMOUNT_NOFOLLOW);
    EXPECT(0, mount, "two", "/t", "tmpfs", 0, NULL);
    EXPECT(-EINVAL, umount2, "/t", MNT_EXPIRE | MNT_DETACH);
    EXPECT(-EAGAIN, umount2, "/t", MNT_EXPIRE);
    EXPECT(0, umount2, "/t", MNT_EXPIRE);
    show("/t");
    EXPECT(0, chdir, "/t");
    EXPECT(-EBUSY, umount2, "/t", 0);
    EXPECT(-EBUSY, umount2, "/u/link", MNT_EXPIRE);
    EXPECT(0, umount2, "/t", MNT_DETACH);
    EXPECT(0, mknod, "left", S_IFREG | 0644, 0);
    EXPECT(0, chdir, "/");
    EXPECT(-EINVAL, umount2, "/t", 0);
    EXPECT(0, unlink, "/u/link");
}

static void propagation(void)
{
    EXPECT(0, mount, "p", "/t", "tmpfs", MS_SILENT | MS_RELATIME, NULL);
    EXPECT(0, mount, NULL, "/t", NULL, MS_PRIVATE, NULL);
    EXPECT(0, mount, NULL, "/t", NULL, MS_PRIVATE | MS_REC, NULL);
    EXPECT(0, mount, NULL, "/t", NULL, MS_SLAVE, NULL);
    EXPECT(-EINVAL, mount, NULL, "/t", NULL, MS_PRIVATE | MS_SLAVE, NULL);
    EXPECT(-EINVAL, mount, NULL, "/t", NULL, MS_PRIVATE | MS_RDONLY, NULL);
    EXPECT(0, umount2, "/t", MNT_FORCE);
}

static int stranger(long unused)
{
    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, mount, "x", "/t", "tmpfs", 0, NULL);
    EXPECT(-EPERM, umount2, "/proc", 0);
    EXPECT(-ENOENT, mount, "x", "/none", "tmpfs", 0, NULL);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    EXPECT(0, mkdir, "/proc", 0755);
    EXPECT(0, mkdir, "/t", 0755);
    EXPECT(0, mkdir, "/u", 0755);
    EXPECT(0, mount, "proc", "/proc", "proc", 0, NULL);
    errors();
    options();
    flags();
    binds();
    umounts();
    propagation();
    reap("stranger", spawn(stranger, 0));
    EXPECT(0, umount2, "/proc", 0);
    return finish();
}

int main(void)
{
    CALL(umask, 022);
    share();
    return run_in_child(body);
}
