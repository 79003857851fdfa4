/* SPDX-License-Identifier: Apache-2.0 */
/*
 * drivers/virtio_rng.c - contract in virtio_rng.h.
 *
 * One request is out at a time. Who asks may hold whatever locks: so that a
 * timer, which is due at once, makes the request.
 */
#include "drivers/virtio_rng.h"

#include "core/abi/errno.h"
#include "core/base/random.h"
#include "core/base/string.h"
#include "core/mem/cache.h"
#include "core/mem/page.h"
#include "core/sched/timer.h"
#include "drivers/virtio.h"
#include "hal/clock.h"
#include "hal/phys.h"

enum { QUEUE, QUEUES, REQUEST_SIZE = 64 };

/* Entropy may be scarce, but not so scarce. */
#define SILENCE_NS UINT64_C(60000000000)

struct virtio_rng {
    struct virtio_device device;
    uint8_t *data;    /* a frame */
    bool is_asked;    /* atomic: a request is out, or due */
    uint64_t given;   /* bytes; atomic */
    struct timer ask; /* to make the request */
    struct timer silence;
};

static struct virtio_rng *rng_of(struct virtio_device *device)
{
    return container_of(device, struct virtio_rng, device);
}

static void make_request(void *arg)
{
    struct virtio_rng *rng = arg;
    struct virtio_part part = {hal_phys_of(rng->data), REQUEST_SIZE};
    unsigned saved = spin_lock_irq(&rng->device.lock);

    if (!virtio_is_broken(&rng->device) &&
        virtqueue_add(&rng->device.queues[QUEUE], &part, 0, 1, rng) == 0)
        virtio_kick(&rng->device, QUEUE);
    spin_unlock_irq(&rng->device.lock, saved);
    timer_arm(&rng->silence, hal_clock_now() + SILENCE_NS);
}

/* What was given is used once, and not left lying about. */
static void take_entropy(struct virtio_rng *rng, uint32_t size)
{
    uint8_t bytes[REQUEST_SIZE];

    mem_copy(bytes, rng->data, size);
    mem_set(rng->data, 0, size);
    if (size > 0)
        random_add(bytes, size);
    mem_set(bytes, 0, sizeof(bytes));
    (void)__atomic_fetch_add(&rng->given, size, __ATOMIC_RELAXED);
    __atomic_store_n(&rng->is_asked, false, __ATOMIC_RELEASE);
}

static void used(struct virtio_device *device)
{
    struct virtio_rng *rng = rng_of(device);
    unsigned saved = spin_lock_irq(&device->lock);
    uint32_t size;
    void *token;

    do {
        while (virtio_take(device, QUEUE, &token, &size))
            take_entropy(rng, size);
    } while (virtqueue_enable_interrupt(&device->queues[QUEUE]) &&
             !virtio_is_broken(device));
    spin_unlock_irq(&device->lock, saved);
}

static void look_for_life(void *arg)
{
    struct virtio_rng *rng = arg;

    if (__atomic_load_n(&rng->is_asked, __ATOMIC_ACQUIRE))
        virtio_break(&rng->device, "it does not answer");
}

static const struct virtio_driver driver = {
    .name = "rng",
    .device_id = VIRTIO_ID_RNG,
    .queues = QUEUES,
    .used = used,
};

void virtio_rng_ask(struct virtio_rng *rng)
{
    if (!__atomic_exchange_n(&rng->is_asked, true, __ATOMIC_ACQ_REL))
        timer_arm(&rng->ask, 0);
}

int virtio_rng_open(const struct hal_device *where, unsigned number,
                    struct virtio_rng **out)
{
    struct virtio_rng *rng =
        kmem_alloc(sizeof(*rng), MEM_WAIT | MEM_ZERO, NULL);
    struct page *page;
    int error = -ENOMEM;

    if (rng == NULL)
        return -ENOMEM;
    page = page_alloc(0, MEM_WAIT | MEM_ZERO, NULL);
    if (page == NULL)
        goto free_rng;
    rng->data = page_data(page);
    timer_init(&rng->ask, make_request, rng);
    timer_init(&rng->silence, look_for_life, rng);
    error = virtio_open(&rng->device, where, &driver, number);
    if (error != 0)
        goto free_page;
    virtio_start(&rng->device);
    virtio_rng_ask(rng);
    *out = rng;
    return 0;

free_page:
    page_put(page);
free_rng:
    kmem_free(rng, sizeof(*rng));
    return error;
}

bool virtio_rng_is_broken(const struct virtio_rng *rng)
{
    return virtio_is_broken(&rng->device);
}

uint64_t virtio_rng_given(const struct virtio_rng *rng)
{
    return __atomic_load_n(&rng->given, __ATOMIC_RELAXED);
}

void virtio_rng_close(struct virtio_rng *rng)
{
    bool is_free;

    (void)timer_cancel(&rng->ask);
    (void)timer_cancel(&rng->silence);
    is_free = virtio_close(&rng->device);
    (void)timer_cancel(&rng->silence);
    if (!is_free)
        return;
    page_put(page_of(hal_phys_of(rng->data)));
    kmem_free(rng, sizeof(*rng));
}
