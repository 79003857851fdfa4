/* SPDX-License-Identifier: Apache-2.0 */
/*
 * targets/fuzz/fuzz_ring.c - a device of any bytes behind a split ring, held to
 * what virtqueue.h promises of the driver's side: what comes back was out, once
 * each, with no more bytes written than there was room, and no descriptor is
 * lost; whatever the device writes into the rings, at any moment.
 *
 * The byte of choices: bit 0, event indices; the rest, the size of the queue.
 * Then steps, a byte for what is done and one or more for how.
 */
#include <stdlib.h>
#include <string.h>

#include "core/mem/page.h"
#include "drivers/virtqueue.h"
#include "hal/bus.h"
#include "hal/phys.h"

enum { RINGS_SIZE = 2 * PAGE_SIZE, STEPS_MAX = 4096, PART_SIZE = 256 };

/* A chain that the driver has made available. */
struct chain {
    bool is_out;
    unsigned parts;
    uint32_t room;
};

/* The run's bytes; zeros when they are used up. */
struct input {
    const uint8_t *at, *end;
};

struct run {
    struct virtqueue queue;
    struct chain chains[VIRTQUEUE_SIZE_MAX];
    struct input input;
    uint16_t used; /* that an honest device has made */
};

static struct page *rings_page; /* stands for the rings; never looked into */
static uint8_t *rings;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds)
{
    if (!holds)
        abort();
}

/* --- the machine ---------------------------------------------------------- */

void assert_failed(const char *expr, const char *file, int line)
{
    (void)expr;
    (void)file;
    (void)line;
    abort();
}

/* Memory of its own, so that ASan sees a step over either edge. */
struct page *page_alloc(unsigned order, unsigned how, struct mem_account *payer)
{
    (void)how;
    (void)payer;
    require(PAGE_SIZE << order == RINGS_SIZE && rings == NULL);
    rings = calloc(1, RINGS_SIZE);
    rings_page = malloc(1);
    require(rings != NULL && rings_page != NULL);
    return rings_page;
}

void page_put(struct page *page)
{
    require(page == rings_page);
    free(rings);
    free(rings_page);
    rings = NULL;
}

void *page_data(const struct page *page)
{
    require(page == rings_page);
    return rings;
}

struct page *page_of(paddr_t addr)
{
    require(addr == 0);
    return rings_page;
}

paddr_t hal_phys_of(const void *pointer)
{
    return (paddr_t)((const uint8_t *)pointer - rings);
}

void hal_bus_barrier(void) {}

/* --- the driver ----------------------------------------------------------- */

static unsigned next(struct input *input)
{
    return input->at < input->end ? *input->at++ : 0;
}

static unsigned next_half(struct input *input)
{
    unsigned low = next(input);

    return low | next(input) << 8;
}

static struct chain *find_free(struct run *run)
{
    for (unsigned i = 0; i < VIRTQUEUE_SIZE_MAX; i++)
        if (!run->chains[i].is_out)
            return &run->chains[i];
    return NULL;
}

static unsigned count_free(const struct run *run)
{
    unsigned count = run->queue.size;

    for (unsigned i = 0; i < VIRTQUEUE_SIZE_MAX; i++)
        if (run->chains[i].is_out)
            count -= run->chains[i].parts;
    return count;
}

static void add(struct run *run)
{
    struct virtio_part parts[VIRTQUEUE_PARTS_MAX];
    unsigned how = next(&run->input);
    unsigned readable = how % 4, writable = how / 4 % 4;
    struct chain *chain = find_free(run);
    bool fits = count_free(run) >= readable + writable;

    if (readable + writable == 0 || chain == NULL)
        return;
    *chain = (struct chain){.parts = readable + writable};
    for (unsigned i = 0; i < chain->parts; i++) {
        parts[i] = (struct virtio_part){i * PART_SIZE, PART_SIZE - how / 16};
        if (i >= readable)
            chain->room += parts[i].size;
    }
    chain->is_out =
        virtqueue_add(&run->queue, parts, readable, writable, chain) == 0;
    require(chain->is_out == fits);
}

/* Takes what there is; false: the device was found out. */
static bool take(struct run *run)
{
    uint32_t written;
    void *token;
    int got;

    while ((got = virtqueue_take(&run->queue, &token, &written)) == 1) {
        struct chain *chain = token;

        require(chain >= run->chains &&
                chain < run->chains + VIRTQUEUE_SIZE_MAX);
        require(chain->is_out && written <= chain->room);
        chain->is_out = false;
        require(run->queue.free_count == count_free(run));
    }
    return got == 0;
}

/* --- the device ----------------------------------------------------------- */

/* Uses a descriptor as if it were a chain's head; it may be one. */
static void use(struct run *run)
{
    struct virtqueue *q = &run->queue;
    unsigned how = next(&run->input);

    q->used->ring[run->used % q->size] = (struct virtq_used_item){
        .id = how, .size = how & 0x80 ? next_half(&run->input) : 0};
    q->used->index = ++run->used;
}

/* Gives the oldest chain back that it was not given back yet. */
static void use_next(struct run *run)
{
    struct virtqueue *q = &run->queue;

    if (run->used == q->avail->index)
        return;
    q->used->ring[run->used % q->size] = (struct virtq_used_item){
        .id = q->avail->ring[run->used % q->size], .size = next(&run->input)};
    q->used->index = ++run->used;
}

static void scribble(struct run *run)
{
    unsigned at = next_half(&run->input);

    rings[at % RINGS_SIZE] = (uint8_t)next(&run->input);
}

/* --- both ----------------------------------------------------------------- */

static bool step(struct run *run)
{
    switch (next(&run->input) % 8) {
    case 0:
    case 1:
        add(run);
        return true;
    case 2:
        return take(run);
    case 3:
        (void)virtqueue_must_notify(&run->queue);
        return true;
    case 4:
        if (next(&run->input) & 1)
            (void)virtqueue_enable_interrupt(&run->queue);
        else
            virtqueue_disable_interrupt(&run->queue);
        return true;
    case 5:
        use(run);
        return true;
    case 6:
        use_next(run);
        return true;
    default:
        scribble(run);
        return true;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct run run;

    if (size < 2)
        return 0;
    memset(&run, 0, sizeof(run));
    run.input = (struct input){data + 1, data + size};
    require(virtqueue_init(&run.queue, data[0] / 2 + 1, data[0] & 1) == 0);
    for (unsigned i = 0; i < STEPS_MAX && run.input.at < run.input.end; i++)
        if (!step(&run))
            break;
    require(run.queue.free_count == count_free(&run));
    virtqueue_fini(&run.queue);
    return 0;
}
