/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/pseudo/text.c - contract in text.h.
 */
#include "core/fs/pseudo/text.h"

#include "core/base/format.h"
#include "core/base/string.h"
#include "core/mem/page.h"
#include "hal/phys.h"

enum { LINE_MAX = 512 }; /* that one text_add() makes */

static unsigned order_of(size_t size)
{
    unsigned order = 0;

    while (((size_t)PAGE_SIZE << order) < size)
        order++;
    return order;
}

static void release(char *bytes)
{
    if (bytes != NULL)
        page_put(page_of(hal_phys_of(bytes)));
}

/* Makes room for size more bytes. */
static bool grow(struct text *text, size_t size)
{
    unsigned order = order_of(text->size + size);
    struct page *page;

    if (text->has_failed)
        return false;
    if (text->size + size <= text->capacity)
        return true;
    page = text->size + size <= TEXT_MAX ? page_alloc(order, MEM_WAIT, NULL)
                                         : NULL;
    if (page == NULL) {
        text->has_failed = true;
        return false;
    }
    if (text->size > 0)
        mem_copy(page_data(page), text->bytes, text->size);
    release(text->bytes);
    text->bytes = page_data(page);
    text->capacity = (size_t)PAGE_SIZE << order;
    return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (size == 0 || !grow(text, size))
        return;
    mem_copy(text->bytes + text->size, bytes, size);
    text->size += size;
}

void text_add(struct text *text, const char *fmt, ...)
{
    char line[LINE_MAX];
    size_t size;
    va_list args;

    va_start(args, fmt);
    size = format_list(line, sizeof(line), fmt, args);
    va_end(args);
    text_add_bytes(text, line, min_size(size, sizeof(line) - 1));
}

void text_free(struct text *text)
{
    release(text->bytes);
    *text = (struct text){0};
}
