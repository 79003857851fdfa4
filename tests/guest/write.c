/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/write.c - write(2) and writev(2).
 */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/uio.h>

#include "tests/guest/guest.h"

static const char text[] = "some text\n";

static void write_errors(void)
{
    char *border = get_border();

    EXPECT(10, write, 1, text, 10);
    EXPECT(0, write, 1, text, 0);
    EXPECT(-EBADF, write, 99, text, 1);
    EXPECT(-EBADF, write, -1, text, 1);
    EXPECT(-EBADF, write, 3, text, 0);
    EXPECT(-EBADF, write, 0, text, 1);
    EXPECT(-EBADF, write, 0, text, 0);
    EXPECT(-EBADF, write, 0, KERNEL_ADDRESS, 1);
    EXPECT(-EBADF, write, 99, KERNEL_ADDRESS, 1);
    EXPECT(-EFAULT, write, 1, NULL, 1);
    EXPECT(-EFAULT, write, 1, 8, 100000);
    EXPECT(-EFAULT, write, 1, border, 1);
    EXPECT(-EFAULT, write, 1, KERNEL_ADDRESS, 1);
    EXPECT(-EFAULT, write, 1, BAD_ADDRESS, 1);
    EXPECT(-EFAULT, write, 1, text, -1);
    EXPECT(0, write, 1, NULL, 0);
    EXPECT(0, write, 1, border, 0);
    EXPECT(-EFAULT, write, 1, KERNEL_ADDRESS, 0);
    EXPECT(3, write, 0xffffffff00000001, "hi\n", 3);
}

static void write_big(void)
{
    enum { SIZE = 100000 };
    char *pages = get_pages(SIZE / PAGE + 1, PROT_READ | PROT_WRITE);
    size_t done = 0;

    for (size_t i = 0; i < SIZE; i++)
        pages[i] = i % 64 == 63 ? '\n' : (char)('0' + i % 64);
    while (done < SIZE) {
        long part = CALL(write, 1, pages + done, SIZE - done);

        if (part <= 0)
            break;
        done += (size_t)part;
    }
    say("wrote %zu", done);
}

static void vector_errors(void)
{
    char *border = get_border();
    struct iovec good[3] = {{(char *)text, 5}, {NULL, 0}, {"text\n", 5}};
    struct iovec negative[2] = {{(char *)text, 5}, {(char *)text, SIZE_MAX}};
    struct iovec kernel[2] = {{(char *)text, 5}, {NULL, 1}};
    struct iovec none[2] = {{NULL, 0}, {NULL, 0}};
    struct iovec null[1] = {{NULL, 1}};
    struct iovec *cut = (struct iovec *)(border - sizeof(*cut));

    memcpy(&kernel[1].iov_base, &(uint64_t){KERNEL_ADDRESS}, 8);
    *cut = good[0];
    EXPECT(10, writev, 1, good, 3);
    EXPECT(0, writev, 1, good, 0);
    EXPECT(0, writev, 1, NULL, 0);
    EXPECT(0, writev, 1, none, 2);
    EXPECT(-EBADF, writev, 99, good, 3);
    EXPECT(-EBADF, writev, 0, good, 3);
    EXPECT(-EBADF, writev, 0, good, 0);
    EXPECT(-EBADF, writev, 99, NULL, 1);
    EXPECT(-EFAULT, writev, 1, NULL, 1);
    EXPECT(-EFAULT, writev, 1, cut, 2);
    EXPECT(-EFAULT, writev, 1, null, 1);
    EXPECT(-EFAULT, writev, 1, kernel, 2);
    EXPECT(-EINVAL, writev, 1, negative, 2);
    EXPECT(-EINVAL, writev, 1, good, -1);
    EXPECT(-EINVAL, writev, 1, NULL, 1025);
    EXPECT(5, writev, 1, cut, 1);
}

/* The most vectors that are taken, UIO_MAXIOV of sys/uio.h. */
static void vector_limit(void)
{
    static struct iovec many[1025];

    for (size_t i = 0; i < 1025; i++)
        many[i] = (struct iovec){i % 64 == 63 ? "\n" : "*", 1};
    EXPECT(1024, writev, 1, many, 1024);
    EXPECT(-EINVAL, writev, 1, many, 1025);
}

int main(void)
{
    write_errors();
    write_big();
    vector_errors();
    vector_limit();
    return finish();
}
