/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/virtio.h - models of virtio devices over MMIO (virtio 1.2, 4.2) with
 * split rings in guest memory.
 *
 * A model is driven from outside: registers are read and written, and
 * sim_virtio_work() lets it serve its queues; who calls that, and when, makes
 * it one of real or of virtual time. What the driver put into memory is
 * checked: a driver that errs finds the device in need of a reset.
 *
 * A hostile model tells, by its seed, one lie in so many answers: a used index,
 * an identifier or a length that cannot be, a storm of changes of its
 * configuration, or silence for ever.
 *
 * Locking: none; one call at a time for each device.
 */
#ifndef SIM_VIRTIO_H
#define SIM_VIRTIO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/base/virtio.h"
#include "sim/choice.h"

enum {
    SIM_VIRTIO_QUEUES = 2,
    SIM_VIRTIO_CONFIG = 8, /* bytes */
    SIM_VIRTIO_QUEUE_SIZE = 64,
    SIM_CHAIN_PARTS = 8
};

struct sim_virtio;

/* What the device is. */
struct sim_virtio_kind {
    uint32_t device_id;
    uint64_t features;
    unsigned queues;
    /* Serves the queues as far as it can. */
    void (*work)(struct sim_virtio *device);
    void (*reset)(struct sim_virtio *device); /* or NULL */
};

struct sim_queue {
    uint32_t size, ready;
    uint64_t desc, avail, used; /* guest addresses */
    uint16_t seen;              /* chains taken from the driver */
    uint16_t index;             /* chains given back */
};

enum sim_lie {
    SIM_LIE_INDEX,
    SIM_LIE_ID,
    SIM_LIE_SIZE,
    SIM_LIE_CONFIG,
    SIM_LIE_SILENCE,
    SIM_LIES
};

struct sim_virtio {
    const struct sim_virtio_kind *kind;
    void *state; /* of the kind */
    /* Guest memory of that place; NULL where there is none. */
    void *(*memory)(uint64_t start, uint64_t size);
    void (*interrupt)(void *arg); /* raises its line */
    void *arg;

    uint64_t driver_features;
    uint32_t device_sel, driver_sel, queue_sel;
    uint32_t status, isr, generation;
    uint8_t config[SIM_VIRTIO_CONFIG];
    struct sim_queue queues[SIM_VIRTIO_QUEUES];

    struct sim_choice lies;
    uint64_t one_in; /* answers is a lie; 0: none ever is */
    unsigned told;   /* lies, a bit for each kind */
    bool is_silent, is_storming;
};

/* What the driver made available, with its memory. */
struct sim_chain {
    uint16_t head;
    unsigned count, readable; /* parts */
    struct {
        uint8_t *data;
        uint32_t size;
    } parts[SIM_CHAIN_PARTS];
};

#ifdef __cplusplus
extern "C" {
#endif

/* A device after a reset; memory, interrupt and arg are the caller's to set. */
void sim_virtio_init(struct sim_virtio *device,
                     const struct sim_virtio_kind *kind, void *state);

/* From now on it lies, by that seed. */
void sim_virtio_be_hostile(struct sim_virtio *device, uint64_t seed,
                           uint64_t one_in);

/* An access of 1, 2, 4 or 8 bytes to its registers. The write returns whether
 * there may be work to do. */
uint64_t sim_virtio_read(struct sim_virtio *device, uint64_t offset,
                         unsigned size);
bool sim_virtio_write(struct sim_virtio *device, uint64_t offset, unsigned size,
                      uint64_t value);

/* Serves the queues, when the driver said that it may. */
void sim_virtio_work(struct sim_virtio *device);

/* Copies new bytes into the configuration and tells the driver. */
void sim_virtio_set_config(struct sim_virtio *device, unsigned offset,
                           const void *from, unsigned size);

/* For a kind's work: the next chain; false: there is none. */
bool sim_virtio_take(struct sim_virtio *device, unsigned queue,
                     struct sim_chain *out);

/* Puts the chain taken last back, as if it had not been. */
void sim_virtio_untake(struct sim_virtio *device, unsigned queue);

/* Gives a chain back with so many bytes written. */
void sim_virtio_give(struct sim_virtio *device, unsigned queue,
                     const struct sim_chain *chain, uint32_t written);

/* memcpy(3) that no sanitizer takes for the kernel's. */
void sim_virtio_copy(void *to, const void *from, size_t size);

/* --- the kinds ------------------------------------------------------------ */

/* A console's streams, as hal/platform.h has them; -1: the end. */
struct sim_console {
    int (*read)(void *data, size_t size); /* NULL: no input */
    int (*write)(int stream, const void *data, size_t size);
    int stream;     /* that it writes to */
    bool is_framed; /* core/dev/console_stream.h */
    bool has_ended; /* the end was told */
    uint32_t done;  /* bytes of the chain in hand that were written */
};
extern const struct sim_virtio_kind sim_virtio_console;

/* An entropy device. */
struct sim_rng {
    bool (*fill)(void *data, size_t size);
};
extern const struct sim_virtio_kind sim_virtio_rng;

#ifdef __cplusplus
}
#endif

#endif /* SIM_VIRTIO_H */
