/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/xattr.c - setxattr(2), getxattr(2), listxattr(2),
 * removexattr(2), of a file system without attributes.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "tests/guest/child.h"

static char value[100], long_name[300];

static void unsupported(void)
{
    EXPECT(-EOPNOTSUPP, setxattr, "f", "user.a", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, setxattr, "f", "user.a", "v", 1, XATTR_CREATE);
    EXPECT(-EOPNOTSUPP, setxattr, "f", "user.a", "v", 1, XATTR_REPLACE);
    EXPECT(-EOPNOTSUPP, setxattr, "l", "user.a", NULL, 0, 0);
    EXPECT(-EOPNOTSUPP, setxattr, "d", "trusted.a", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, setxattr, "d", "nonsense", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, lsetxattr, "f", "user.a", "v", 1, 0);
    EXPECT(-EPERM, lsetxattr, "l", "user.a", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, lsetxattr, "l", "trusted.a", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, fsetxattr, 3, "user.a", "v", 1, 0);
    EXPECT(-EOPNOTSUPP, getxattr, "f", "user.a", value, 100);
    EXPECT(-EOPNOTSUPP, getxattr, "f", "user.a", NULL, 0);
    EXPECT(-ENODATA, lgetxattr, "l", "user.a", value, 100);
    EXPECT(-EOPNOTSUPP, lgetxattr, "l", "trusted.a", value, 100);
    EXPECT(-EOPNOTSUPP, fgetxattr, 3, "user.a", value, 100);
    EXPECT(-EOPNOTSUPP, removexattr, "f", "user.a");
    EXPECT(-EPERM, lremovexattr, "l", "user.a");
    EXPECT(-EOPNOTSUPP, fremovexattr, 3, "user.a");
    EXPECT(0, listxattr, "f", value, 100);
    EXPECT(0, listxattr, "f", NULL, 0);
    EXPECT(0, llistxattr, "l", value, 0);
    EXPECT(0, flistxattr, 3, value, 100);
}

static void errors(void)
{
    char *border = get_border();

    EXPECT(-EINVAL, setxattr, "f", "user.a", "v", 1, 4);
    EXPECT(-ERANGE, setxattr, "f", "", "v", 1, 0);
    EXPECT(-ERANGE, setxattr, "f", long_name, "v", 1, 0);
    EXPECT(-E2BIG, setxattr, "f", "user.a", "v", 65537, 0);
    EXPECT(-EFAULT, setxattr, "f", NULL, "v", 1, 0);
    EXPECT(-EFAULT, setxattr, "f", "user.a", border - 1, 2, 0);
    EXPECT(-EFAULT, setxattr, NULL, "user.a", "v", 1, 0);
    EXPECT(-ENOENT, setxattr, "none", "user.a", "v", 1, 0);
    EXPECT(-EBADF, fsetxattr, 99, "user.a", "v", 1, 0);
    EXPECT(-ERANGE, getxattr, "f", "", value, 100);
    EXPECT(-EFAULT, getxattr, "f", NULL, value, 100);
    EXPECT(-ENOENT, getxattr, "none", "user.a", value, 100);
    EXPECT(-ENOENT, lgetxattr, "none", "user.a", value, 100);
    EXPECT(-EBADF, fgetxattr, 99, "user.a", value, 100);
    EXPECT(-ERANGE, removexattr, "f", long_name);
    EXPECT(-ENOENT, removexattr, "none", "user.a");
    EXPECT(-EBADF, fremovexattr, 99, "user.a");
    EXPECT(-ENOENT, listxattr, "none", value, 100);
    EXPECT(-ENOENT, llistxattr, "none", value, 100);
    EXPECT(-ENOTDIR, listxattr, "f/x", value, 100);
    EXPECT(-EBADF, flistxattr, 99, value, 100);
    EXPECT(4, open, "f", O_PATH);
    EXPECT(-EBADF, flistxattr, 4, value, 100);
    EXPECT(-EBADF, fgetxattr, 4, "user.a", value, 100);
}

static int stranger(long unused)
{
    (void)unused;
    EXPECT(0, setuid, 1000);
    EXPECT(-EPERM, setxattr, "f", "trusted.a", "v", 1, 0);
    EXPECT(-EACCES, setxattr, "f", "user.a", "v", 1, 0);
    EXPECT(-ENODATA, getxattr, "f", "trusted.a", value, 100);
    EXPECT(-EOPNOTSUPP, getxattr, "f", "user.a", value, 100);
    EXPECT(-EACCES, getxattr, "d", "user.a", value, 100);
    EXPECT(0, listxattr, "f", value, 100);
    return finish();
}

static int body(long unused)
{
    (void)unused;
    memset(long_name, 'n', sizeof(long_name) - 1);
    EXPECT(0, mkdir, "/r", 0755);
    EXPECT(0, mount, "r", "/r", "ramfs", 0, NULL);
    EXPECT(0, chdir, "/r");
    EXPECT(3, open, "f", O_CREAT | O_RDWR, 0644);
    EXPECT(0, mkdir, "d", 0700);
    EXPECT(0, symlink, "f", "l");
    unsupported();
    errors();
    reap("stranger", spawn(stranger, 0));
    EXPECT(0, close, 3);
    EXPECT(0, mount, NULL, "/r", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY, NULL);
    EXPECT(-EROFS, setxattr, "f", "user.a", "v", 1, 0);
    EXPECT(-EROFS, removexattr, "f", "user.a");
    EXPECT(-EOPNOTSUPP, getxattr, "f", "user.a", value, 100);
    return finish();
}

int main(void)
{
    CALL(umask, 022);
    share();
    return run_in_child(body);
}
