/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/openat2.c - openat2(2): how paths are resolved; statx(2),
 * O_TMPFILE.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "core/abi/statx.h"
#include "tests/guest/guest.h"

enum {
    NO_XDEV = 1,
    NO_MAGICLINKS = 2,
    NO_SYMLINKS = 4,
    BENEATH = 8,
    IN_ROOT = 16
};

struct how {
    uint64_t flags, mode, resolve;
};

static long try(const char *path, uint64_t flags, uint64_t mode,
                uint64_t resolve)
{
    struct how how = {flags, mode, resolve};
    long fd = CALL(openat2, AT_FDCWD, path, &how, sizeof(how));

    if (fd >= 0)
        CALL(close, fd);
    return fd;
}

#define TRY(want, ...) \
    expect(want, try(__VA_ARGS__), "openat2(" #__VA_ARGS__ ")")

static void status(void)
{
    struct lx_statx out;

    memset(&out, 0xff, sizeof(out));
    EXPECT(0, statx, AT_FDCWD, "/file", 0, 0x7ff, &out);
    say("%o %lu %u %u %u", out.stx_mode, (unsigned long)out.stx_size,
        out.stx_nlink, out.stx_uid, out.stx_gid);
    CHECK((out.stx_mask & 0x7ff) == 0x7ff);
    EXPECT(0, statx, AT_FDCWD, "/link", AT_SYMLINK_NOFOLLOW, 0x7ff, &out);
    say("%o %lu", out.stx_mode, (unsigned long)out.stx_size);
    EXPECT(0, statx, 1, "", AT_EMPTY_PATH, 0x7ff, &out);
    EXPECT(0, statx, AT_FDCWD, "/file", AT_NO_AUTOMOUNT, 0x7ff, &out);
    EXPECT(0, statx, AT_FDCWD, "/file", 0x2000, 0x7ff, &out); /* forced */
    EXPECT(0, statx, AT_FDCWD, "/file", 0x4000, 0x7ff, &out); /* cached */
    EXPECT(-ENOENT, statx, AT_FDCWD, "/none", 0, 0x7ff, &out);
    EXPECT(-EINVAL, statx, AT_FDCWD, "/file", 0x6000, 0x7ff, &out);
    EXPECT(-EINVAL, statx, AT_FDCWD, "/file", 0, 0x80000000u, &out);
    EXPECT(-EINVAL, statx, AT_FDCWD, "/file", 1, 0x7ff, &out);
    EXPECT(-EFAULT, statx, AT_FDCWD, "/file", 0, 0x7ff, NULL);
    EXPECT(-EFAULT, stat, "/file", NULL);
    EXPECT(-EFAULT, lstat, NULL, &out);
    EXPECT(-EBADF, fstat, 99, &out);
}

int main(void)
{
    struct how how = {0};

    TRY(3, "/file", O_RDONLY, 0, 0);
    TRY(-EINVAL, "/file", O_RDONLY, 0644, 0);
    TRY(-EINVAL, "/file", 1ull << 40, 0, 0);
    TRY(-EINVAL, "/file", O_RDONLY, 0, 0x100);
    TRY(-EINVAL, "/file", O_RDONLY, 0, BENEATH | IN_ROOT);
    TRY(-EINVAL, "/file", O_PATH | O_RDWR, 0, 0);
    TRY(-EINVAL, "/new", O_CREAT | O_RDWR, 010000, 0);
    TRY(3, "/new", O_CREAT | O_RDWR, 0644, 0);
    TRY(-ELOOP, "/link", O_RDONLY, 0, NO_SYMLINKS);
    TRY(-ELOOP, "/dirlink/inner", O_RDONLY, 0, NO_SYMLINKS);
    TRY(3, "/link", O_RDONLY, 0, NO_MAGICLINKS);
    TRY(3, "dir/inner", O_RDONLY, 0, BENEATH);
    TRY(-EXDEV, "/file", O_RDONLY, 0, BENEATH);
    TRY(-EXDEV, "..", O_RDONLY, 0, BENEATH);
    TRY(-EXDEV, "dir/../../file", O_RDONLY, 0, BENEATH);
    TRY(3, "dir/../file", O_RDONLY, 0, BENEATH);
    TRY(3, "../../file", O_RDONLY, 0, IN_ROOT);
    TRY(3, "/file", O_RDONLY, 0, NO_XDEV);
    /* The directory of the call is the root, of absolute paths too. */
    EXPECT(3, open, "/dir", O_PATH | O_DIRECTORY);
    how.resolve = IN_ROOT;
    EXPECT(4, openat2, 3, "/inner", &how, sizeof(how));
    EXPECT(-ENOENT, openat2, 3, "/file", &how, sizeof(how));
    EXPECT(-EBADF, openat2, 99, "/file", &how, sizeof(how));
    CALL(close, 3);
    CALL(close, 4);
    how.resolve = 0;
    EXPECT(-EINVAL, openat2, AT_FDCWD, "/file", &how, 8);
    EXPECT(-EFAULT, openat2, AT_FDCWD, "/file", NULL, 24);
    EXPECT(-E2BIG, openat2, AT_FDCWD, "/file", &how, 5000);
    status();
    return finish();
}
