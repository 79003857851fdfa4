/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/rename.c - rename(2), renameat2(2).
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "tests/guest/guest.h"

enum { NOREPLACE = 1, EXCHANGE = 2, WHITEOUT = 4 };

static void files(void)
{
    EXPECT(0, rename, "/empty", "/moved");
    EXPECT(-ENOENT, rename, "/empty", "/x");
    EXPECT(0, rename, "/moved", "/moved");
    EXPECT(0, rename, "/file", "/twin");
    EXPECT(0, rename, "/moved", "/twin");
    EXPECT(0, renameat, AT_FDCWD, "twin", AT_FDCWD, "dir/t");
    EXPECT(-EISDIR, rename, "/file", "/dir");
    EXPECT(-ENOTDIR, rename, "/file", "/x/");
    EXPECT(-ENOTDIR, rename, "/file/", "/x");
    EXPECT(-ENOENT, rename, "/file", "/none/x");
    EXPECT(-EBUSY, rename, "/dir/.", "/x");
    EXPECT(-EBUSY, rename, "/file", "/dir/..");
    EXPECT(-EBUSY, rename, "/", "/x");
    EXPECT(-EFAULT, rename, NULL, "/x");
    EXPECT(0, rename, "/link", "/link2");
    EXPECT(0, rename, "/file", "/link2");
}

static void directories(void)
{
    EXPECT(0, mkdir, "/a", 0755);
    EXPECT(0, mkdir, "/a/b", 0755);
    EXPECT(0, mkdir, "/e", 0755);
    EXPECT(-EINVAL, rename, "/a", "/a/b/c");
    EXPECT(-EINVAL, rename, "/a", "/a/x");
    EXPECT(-ENOTEMPTY, rename, "/a/b", "/a");
    EXPECT(-ENOTEMPTY, rename, "/e", "/a");
    EXPECT(-ENOTDIR, rename, "/e", "/link2");
    EXPECT(0, rename, "/a/b", "/e");
    EXPECT(0, rename, "/e/", "/a/f/");
    EXPECT(0, chdir, "/a/f");
    EXPECT(0, rename, "/a", "/z");
    EXPECT(0, rmdir, "../f");
    EXPECT(0, chdir, "/");
}

static void flags(void)
{
    EXPECT(-EEXIST, renameat2, AT_FDCWD, "link2", AT_FDCWD, "dir", NOREPLACE);
    EXPECT(0, renameat2, AT_FDCWD, "link2", AT_FDCWD, "n", NOREPLACE);
    EXPECT(-ENOENT, renameat2, AT_FDCWD, "n", AT_FDCWD, "none", EXCHANGE);
    EXPECT(0, renameat2, AT_FDCWD, "n", AT_FDCWD, "dir", EXCHANGE);
    EXPECT(0, rmdir, "/z");
    EXPECT(-ENOTEMPTY, rmdir, "/n");
    EXPECT(0, unlink, "/dir");
    EXPECT(-EINVAL, renameat2, AT_FDCWD, "n", AT_FDCWD, "m", 8);
    EXPECT(-EINVAL, renameat2, AT_FDCWD, "n", AT_FDCWD, "m",
           NOREPLACE | EXCHANGE);
    EXPECT(-EINVAL, renameat2, AT_FDCWD, "n", AT_FDCWD, "m",
           WHITEOUT | EXCHANGE);
}

int main(void)
{
    files();
    directories();
    flags();
    return finish();
}
