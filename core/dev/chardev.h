/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/chardev.h - character devices, by their numbers.
 *
 * A device gives bytes and takes them in kernel memory; core/fs/char_file.h
 * makes open files of it. One whose open files are more than that (terminals)
 * has them made by a function that a higher layer names.
 *
 * Semantics: null(4), full(4), random(4), makedev(3).
 * Lifetime: a device that was registered stays for good.
 * Locking: the registry has a spinlock of rank LOCK_RANK_IDS; what a device
 * does inside is its own business.
 */
#ifndef CORE_DEV_CHARDEV_H
#define CORE_DEV_CHARDEV_H

#include "core/base/defs.h"
#include "core/base/list.h"

struct chardev;
struct file;
struct waitq;

/* data is the device's. All may be NULL but where it is said. */
struct chardev_ops {
    /* Up to size bytes, size > 0: how many, 0 at the end, -EAGAIN, or -errno.
     * May sleep, but not for bytes. NULL: -EINVAL. */
    ssize_t (*read)(void *data, void *to, size_t size);
    /* Takes up to size bytes, size > 0: how many, -EAGAIN, or -errno. May
     * sleep, but not for room. NULL: -EINVAL. */
    ssize_t (*write)(void *data, const void *from, size_t size);
    /* LX_POLL* bits that hold now, and the queue that is woken with them. Both
     * or neither: always ready. */
    unsigned (*poll)(void *data);
    struct waitq *(*waitq)(void *data);
    /* Instead of all of the above: makes the open file of the device's
     * minor-th number, flags LX_O_*. 0 or an error of open(2). May sleep. */
    int (*open)(struct chardev *device, uint32_t minor, unsigned flags,
                struct file **out);
    /* Reads give these bytes over and over; read is not called. */
    const void *filler;
    size_t filler_size;
    /* Writes are taken whole without a look at them; write is not called. */
    bool discards;
    /* A mapping of it is anonymous memory (zero(4)). */
    bool maps_anonymous;
};

/* Filled by its owner, whose memory it is; all const once registered. */
struct chardev {
    const char *name; /* below /dev; NULL: its nodes are made otherwise */
    uint32_t major, minor;
    uint32_t minor_count; /* numbers from minor on that are its; at least 1 */
    uint32_t mode;        /* permission bits of its node in /dev */
    const struct chardev_ops *ops;
    void *data;
    struct list link; /* the registry's */
};

/* Device numbers as stat(2) and mknod(2) have them (makedev(3)). */
static inline uint64_t chardev_number(uint32_t major, uint32_t minor)
{
    return (minor & 0xffu) | (uint64_t)(major & 0xfffu) << 8 |
           (uint64_t)(minor & ~0xffu) << 12 | (uint64_t)(major & ~0xfffu) << 32;
}

static inline uint32_t chardev_major(uint64_t number)
{
    return (uint32_t)(number >> 8 & 0xfffu) |
           (uint32_t)(number >> 32 & ~UINT64_C(0xfff));
}

static inline uint32_t chardev_minor(uint64_t number)
{
    return (uint32_t)(number & 0xffu) |
           (uint32_t)(number >> 12 & ~UINT64_C(0xff));
}

C_DECLS_BEGIN

/* Once, before the first registration. */
void chardev_init_all(void);

/* Makes it known: 0, or -EBUSY when one of its numbers or its name is taken.
 * Any context. */
MUST_USE int chardev_register(struct chardev *device);

/* The device with these numbers, or NULL. Any context. */
MUST_USE struct chardev *chardev_find(uint32_t major, uint32_t minor);

/* The one that was registered after device; NULL: the first. NULL at the end.
 * Any context. */
MUST_USE struct chardev *chardev_next(struct chardev *device);

/* Registers null, zero, full, random and urandom. Once; 0 or -EBUSY. */
MUST_USE int chardev_register_memory(void);

C_DECLS_END

#endif /* CORE_DEV_CHARDEV_H */
