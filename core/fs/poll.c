/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/fs/poll.c - contract in poll.h.
 */
#include "core/fs/poll.h"

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "core/fs/file.h"
#include "core/mem/cache.h"

enum { CHUNK_COUNT = 60 };

struct poll_chunk {
    struct poll_chunk *next;
    unsigned count;
    struct poll_watch watches[CHUNK_COUNT];
};

void poll_watches_init(struct poll_watches *watches)
{
    wait_set_init(&watches->set);
    watches->count = 0;
    watches->more = NULL;
}

unsigned poll_interest(unsigned events)
{
    events |= LX_POLLERR | LX_POLLHUP;
    if ((events & LX_POLLRDNORM) != 0)
        events |= LX_POLLIN;
    if ((events & LX_POLLWRNORM) != 0)
        events |= LX_POLLOUT;
    return events;
}

/* Room for another, or NULL. */
static struct poll_watch *new_watch(struct poll_watches *watches)
{
    struct poll_chunk *chunk = watches->more;

    if (watches->count < POLL_FEW)
        return &watches->few[watches->count++];
    if (chunk == NULL || chunk->count == CHUNK_COUNT) {
        chunk = kmem_alloc(sizeof(*chunk), MEM_WAIT, NULL);
        if (chunk == NULL)
            return NULL;
        chunk->next = watches->more;
        chunk->count = 0;
        watches->more = chunk;
    }
    return &chunk->watches[chunk->count++];
}

int poll_add(struct poll_watches *watches, struct file *file, unsigned events)
{
    struct poll_watch *watch;

    if (file->ops->waitq == NULL)
        return 0;
    watch = new_watch(watches);
    if (watch == NULL)
        return -ENOMEM;
    file_get(file);
    watch->file = file;
    wait_set_waiter(&watches->set, &watch->waiter, poll_interest(events));
    waitq_add(file->ops->waitq(file), &watch->waiter);
    return 0;
}

static void end_watches(struct poll_watch *watch, unsigned count)
{
    for (; count > 0; watch++, count--) {
        waitq_remove(&watch->waiter);
        file_put(watch->file);
    }
}

void poll_watches_fini(struct poll_watches *watches)
{
    end_watches(watches->few, watches->count);
    while (watches->more != NULL) {
        struct poll_chunk *chunk = watches->more;

        watches->more = chunk->next;
        end_watches(chunk->watches, chunk->count);
        kmem_free(chunk, sizeof(*chunk));
    }
}
