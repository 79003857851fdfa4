/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/storm_map.c - threads that change one address space; see storm.h.
 *
 * Each has regions of its own, whose content it knows, and all share a field
 * in which each maps anew what others touch.
 */
#include <sys/mman.h>

#include "core/abi/mman.h"
#include "tests/guest/child.h"
#include "tests/guest/storm.h"

enum { OWN_PAGES = 32, FIELD_PAGES = 256 };

static char *field;
static long repeats;

static const int rw = PROT_READ | PROT_WRITE;

/* Maps, fills, protects a part, grows, looks, and unmaps in two parts. */
static int use_own(uint32_t *random)
{
    size_t size = (2 + storm_random(random) % OWN_PAGES) * PAGE;
    size_t half = size / 2 / PAGE * PAGE;
    int shared = storm_random(random) % 2 ? MAP_SHARED : MAP_PRIVATE;
    long at = CALL(mmap, 0, size, rw, shared | MAP_ANONYMOUS, -1, 0);
    char tag = (char)storm_random(random);

    if (at < 0)
        return 1;
    for (size_t i = 0; i < size; i += PAGE)
        ((volatile char *)at)[i] = tag;
    if (CALL(mprotect, at, half, PROT_READ) != 0)
        return 1;
    if (CALL(mprotect, at, half, rw) != 0)
        return 1;
    at = CALL(mremap, at, size, 2 * size, LX_MREMAP_MAYMOVE);
    if (at < 0)
        return 1;
    for (size_t i = 0; i < size; i += PAGE)
        if (((volatile char *)at)[i] != tag)
            return 1;
    if (CALL(munmap, at, half) != 0)
        return 1;
    return CALL(munmap, at + (long)half, 2 * size - half) != 0;
}

/* Takes pages away that others are about to touch; they are always there. */
static int disturb(uint32_t *random)
{
    size_t first = storm_random(random) % FIELD_PAGES;
    size_t count = 1 + storm_random(random) % (FIELD_PAGES - first);
    char *at = field + first * PAGE;

    if (storm_random(random) % 4 == 0)
        return CALL(mmap, at, count * PAGE, rw,
                    MAP_FIXED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) < 0;
    return CALL(madvise, at, count * PAGE, MADV_DONTNEED) != 0;
}

static void touch_field(uint32_t *random)
{
    for (int i = 0; i < 16; i++) {
        size_t page = storm_random(random) % FIELD_PAGES;

        ((volatile char *)field)[page * PAGE]++;
    }
}

static int map_often(long number)
{
    uint32_t random = (uint32_t)number + 1;

    for (long i = 0; i < repeats; i++) {
        if (use_own(&random) != 0 || disturb(&random) != 0) {
            say("thread %ld, round %ld", number, i);
            return 1;
        }
        touch_field(&random);
    }
    return 0;
}

int storm_map(long count)
{
    repeats = count;
    field = get_pages(FIELD_PAGES, rw);
    return storm_threads(map_often);
}
