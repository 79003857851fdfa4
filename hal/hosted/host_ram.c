/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_ram.c - guest RAM: one memfd at one address.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hal/hosted/host_parts.h"

/* The hole that early PCs had for their buses, 15 to 16 MiB: every kernel run
 * meets RAM in two pieces when it has so much. */
#define HOLE_START (UINT64_C(15) << 20)
#define HOLE_END   (UINT64_C(16) << 20)

static int ram_fd = -1;
static uint64_t mapped; /* bytes, from physical 0 on */

int host_ram_fd(void)
{
    return ram_fd;
}

void *host_ram(void)
{
    return (void *)HOST_RAM_BASE;
}

static void lay_out(uint64_t size)
{
    struct host_facts *facts = host_facts_edit();
    uint64_t first = HOLE_START - HOST_RAM_START;

    facts->ram[0] = (struct host_range){HOST_RAM_START, size};
    facts->ram_count = 1;
    if (size > first) {
        facts->ram[0].size = first;
        facts->ram[1] = (struct host_range){HOLE_END, size - first};
        facts->ram_count = 2;
    }
}

/* Maps what the memfd holds of one range; the rest of the span stays closed. */
static int map_range(const struct host_range *range)
{
    void *at = (char *)host_ram() + range->start;

    if (mmap(at, range->size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED,
             ram_fd, (off_t)range->start) == MAP_FAILED)
        return -1;
    return 0;
}

static int map_all(void)
{
    const struct host_facts *facts = host_facts();
    const struct host_range *last = &facts->ram[facts->ram_count - 1];
    uint64_t end = last->start + last->size;
    void *base =
        mmap(host_ram(), end, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE,
             -1, 0);

    if (base == MAP_FAILED)
        return -1;
    mapped = end;
    /* A host kernel that does not know the flag takes it for a hint. */
    if (base != host_ram()) {
        munmap(base, end);
        mapped = 0;
        errno = EEXIST;
        return -1;
    }
    ram_fd = memfd_create("cyphera-ram", MFD_CLOEXEC);
    if (ram_fd >= 0)
        ram_fd = host_fd_high(ram_fd);
    if (ram_fd < 0 || ftruncate(ram_fd, (off_t)end) != 0)
        return -1;
    for (size_t i = 0; i < facts->ram_count; i++) {
        if (map_range(&facts->ram[i]) != 0)
            return -1;
    }
    return 0;
}

/* Nobody owns any of it yet, but the initrd, which ends its range, is read. */
static void poison_all(void)
{
    const struct host_facts *facts = host_facts();

    for (size_t i = 0; i < facts->ram_count; i++) {
        uint64_t start = facts->ram[i].start, size = facts->ram[i].size;

        if (facts->initrd.size != 0 && facts->initrd.start - start < size)
            size = facts->initrd.start - start;
        host_poison((char *)host_ram() + start, size);
    }
}

int host_ram_start(const struct host_options *options)
{
    uint64_t size =
        options->memory != 0 ? options->memory : HOST_MEMORY_DEFAULT;
    int error;

    lay_out(size & ~UINT64_C(0xfff));
    if (map_all() != 0)
        return host_error("guest memory", errno);
    error = host_initrd_load(options);
    if (error != 0)
        return error;
    poison_all();
    return 0;
}

void host_ram_stop(void)
{
    const struct host_facts *facts = host_facts();

    if (mapped != 0) {
        for (size_t i = 0; i < facts->ram_count; i++)
            host_unpoison((char *)host_ram() + facts->ram[i].start,
                          facts->ram[i].size);
        munmap(host_ram(), mapped);
    }
    mapped = 0;
    if (ram_fd >= 0)
        close(ram_fd);
    ram_fd = -1;
}
