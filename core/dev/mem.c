/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/dev/mem.c - null, zero, full, random, urandom (null(4), full(4),
 * random(4)).
 */
#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/base/random.h"
#include "core/dev/chardev.h"

enum { MEM_MAJOR = 1, FILLER_SIZE = 4096 };
enum {
    MINOR_NULL = 3,
    MINOR_ZERO = 5,
    MINOR_FULL = 7,
    MINOR_RANDOM = 8,
    MINOR_URANDOM = 9
};

enum { EVERYBODY = 0666 };

static const uint8_t zeros[FILLER_SIZE];

static ssize_t read_null(void *data, void *to, size_t size)
{
    (void)data;
    (void)to;
    (void)size;
    return 0;
}

static ssize_t write_full(void *data, const void *from, size_t size)
{
    (void)data;
    (void)from;
    (void)size;
    return -ENOSPC;
}

static ssize_t read_random(void *data, void *to, size_t size)
{
    (void)data;
    random_bytes(to, size);
    return (ssize_t)size;
}

static ssize_t write_random(void *data, const void *from, size_t size)
{
    (void)data;
    random_mix(from, size);
    return (ssize_t)size;
}

static const struct chardev_ops null_ops = {
    .read = read_null,
    .discards = true,
};

static const struct chardev_ops zero_ops = {
    .filler = zeros,
    .filler_size = sizeof(zeros),
    .discards = true,
    .maps_anonymous = true,
};

static const struct chardev_ops full_ops = {
    .filler = zeros,
    .filler_size = sizeof(zeros),
    .write = write_full,
};

static const struct chardev_ops random_ops = {
    .read = read_random,
    .write = write_random,
};

static struct chardev devices[] = {
    {"null", MEM_MAJOR, MINOR_NULL, 1, EVERYBODY, &null_ops, NULL, {0}},
    {"zero", MEM_MAJOR, MINOR_ZERO, 1, EVERYBODY, &zero_ops, NULL, {0}},
    {"full", MEM_MAJOR, MINOR_FULL, 1, EVERYBODY, &full_ops, NULL, {0}},
    {"random", MEM_MAJOR, MINOR_RANDOM, 1, EVERYBODY, &random_ops, NULL, {0}},
    {"urandom", MEM_MAJOR, MINOR_URANDOM, 1, EVERYBODY, &random_ops, NULL, {0}},
};

int chardev_register_memory(void)
{
    int error = 0;

    for (size_t i = 0; i < COUNT_OF(devices) && error == 0; i++)
        error = chardev_register(&devices[i]);
    return error;
}
