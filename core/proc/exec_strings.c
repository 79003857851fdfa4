/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/proc/exec_strings.c - contract in exec_strings.h.
 */
#include "core/proc/exec_strings.h"

#include "core/abi/errno.h"
#include "core/abi/limits.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/thread.h"
#include "core/vm/uaccess.h"

enum { TABLE_SIZE = EXEC_PAGES_MAX * sizeof(struct page *) };

int exec_strings_init(struct exec_strings *strings, uint64_t limit)
{
    *strings = (struct exec_strings){.prefix_at = EXEC_PREFIX_MAX};
    strings->limit =
        (size_t)min_u64(limit, (uint64_t)EXEC_PAGES_MAX * PAGE_SIZE);
    strings->pages = kmem_alloc(TABLE_SIZE, MEM_WAIT | MEM_ZERO, NULL);
    return strings->pages != NULL ? 0 : -ENOMEM;
}

void exec_strings_fini(struct exec_strings *strings)
{
    for (size_t i = 0; strings->pages != NULL && i < EXEC_PAGES_MAX; i++) {
        if (strings->pages[i] == NULL)
            break;
        page_put(strings->pages[i]);
    }
    kmem_free(strings->pages, TABLE_SIZE);
    kmem_free(strings->prefix, EXEC_PREFIX_MAX);
}

/* The room behind the last byte in its page; NULL without memory. */
static char *room_at_end(struct exec_strings *strings, size_t *room)
{
    struct page **page = &strings->pages[strings->size / PAGE_SIZE];
    size_t used = strings->size % PAGE_SIZE;

    if (*page == NULL)
        *page = page_alloc(0, MEM_WAIT, NULL);
    if (*page == NULL)
        return NULL;
    *room = PAGE_SIZE - used;
    return (char *)page_data(*page) + used;
}

static bool is_full(const struct exec_strings *strings, size_t more)
{
    size_t pointers = sizeof(uint64_t) * (strings->argc + strings->envc);

    return more > strings->limit || pointers > strings->limit - more ||
           strings->size > strings->limit - more - pointers;
}

int exec_strings_add(struct exec_strings *strings, const char *from,
                     size_t size)
{
    if (is_full(strings, size))
        return -E2BIG;
    while (size > 0) {
        size_t room, part;
        char *to = room_at_end(strings, &room);

        if (to == NULL)
            return -ENOMEM;
        part = min_size(room, size);
        mem_copy(to, from, part);
        strings->size += part;
        from += part;
        size -= part;
    }
    return 0;
}

/* One piece of a user string, up to its end or the page's: the bytes taken;
 * *ended tells whether the NUL is among them. */
static ssize_t take_piece(struct exec_strings *strings, struct aspace *as,
                          uaddr_t from, bool *ended)
{
    size_t room;
    char *to = room_at_end(strings, &room);
    ssize_t length;

    if (to == NULL)
        return -ENOMEM;
    length = copy_string_in(as, to, from, room);
    *ended = length >= 0;
    if (length == -ENAMETOOLONG)
        return (ssize_t)room;
    return length < 0 ? length : length + 1;
}

static int take_string(struct exec_strings *strings, struct aspace *as,
                       uaddr_t from)
{
    size_t size = 0;
    bool ended = false;

    while (!ended) {
        ssize_t taken;

        if (is_full(strings, 1))
            return -E2BIG;
        taken = take_piece(strings, as, from + size, &ended);
        if (taken < 0)
            return (int)taken;
        size += (size_t)taken;
        strings->size += (size_t)taken;
        if (size > LX_MAX_ARG_STRLEN || is_full(strings, 0))
            return -E2BIG;
    }
    return 0;
}

static bool is_being_killed(void)
{
    return (__atomic_load_n(&thread_current()->work, __ATOMIC_ACQUIRE) &
            THREAD_WORK_EXIT) != 0;
}

int exec_strings_add_user(struct exec_strings *strings, struct aspace *as,
                          uaddr_t from, unsigned *count)
{
    uint64_t address;
    int error;

    if (from == 0)
        return 0;
    for (;; from += sizeof(address)) {
        error = copy_in_struct(as, &address, from);
        if (error != 0 || address == 0)
            return error;
        if (is_being_killed())
            return -EINTR;
        (*count)++;
        error = take_string(strings, as, address);
        if (error != 0)
            return error;
    }
}

size_t exec_strings_size(const struct exec_strings *strings)
{
    return EXEC_PREFIX_MAX - strings->prefix_at + strings->size -
           strings->start;
}

/* The bytes from offset on that lie together. */
static const char *span_at(const struct exec_strings *strings, size_t offset,
                           size_t *size)
{
    size_t prefix = EXEC_PREFIX_MAX - strings->prefix_at;

    if (offset < prefix) {
        *size = prefix - offset;
        return strings->prefix + strings->prefix_at + offset;
    }
    offset = offset - prefix + strings->start;
    ASSERT(offset < strings->size);
    *size = min_size(PAGE_SIZE - offset % PAGE_SIZE, strings->size - offset);
    return (char *)page_data(strings->pages[offset / PAGE_SIZE]) +
           offset % PAGE_SIZE;
}

size_t exec_strings_length(const struct exec_strings *strings, size_t offset)
{
    size_t length = 0, size, here;
    const char *span;

    do {
        span = span_at(strings, offset + length, &size);
        here = str_length(span, size);
        length += here;
    } while (here == size);
    return length + 1;
}

int exec_strings_write(const struct exec_strings *strings, struct aspace *as,
                       uaddr_t to)
{
    size_t all = exec_strings_size(strings), done = 0, size;
    int error = 0;

    while (done < all && error == 0) {
        const char *span = span_at(strings, done, &size);

        error = copy_out(as, to + done, span, size);
        done += size;
    }
    return error;
}

void exec_strings_drop_first(struct exec_strings *strings)
{
    size_t length;

    if (strings->argc == 0)
        return;
    length = exec_strings_length(strings, 0);
    if (strings->prefix_at < EXEC_PREFIX_MAX)
        strings->prefix_at += length;
    else
        strings->start += length;
    strings->argc--;
}

int exec_strings_push(struct exec_strings *strings, const char *text,
                      size_t length)
{
    if (strings->prefix == NULL)
        strings->prefix = kmem_alloc(EXEC_PREFIX_MAX, MEM_WAIT, NULL);
    if (strings->prefix == NULL)
        return -ENOMEM;
    if (length + 1 > strings->prefix_at || is_full(strings, length + 1))
        return -E2BIG;
    strings->prefix_at -= length + 1;
    mem_copy(strings->prefix + strings->prefix_at, text, length);
    strings->prefix[strings->prefix_at + length] = '\0';
    strings->argc++;
    return 0;
}
