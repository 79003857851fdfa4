/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/virtio_devices.c - what the kinds of virtio.h do: the console, port 0
 * (virtio 1.2, 5.3), and the entropy device (5.4).
 */
#include <string.h>

#include "sim/virtio.h"

enum { QUEUE_IN, QUEUE_OUT };
enum { DLE = 0x10, EOT = 0x04, AT_ONCE = 512 /* bytes */ };

/* --- the console ---------------------------------------------------------- */

/* Doubles every DLE: from room/2 bytes to at most room. */
static size_t frame(unsigned char *to, const unsigned char *from, size_t size)
{
    size_t done = 0;

    for (size_t i = 0; i < size; i++) {
        if (from[i] == DLE)
            to[done++] = DLE;
        to[done++] = from[i];
    }
    return done;
}

/* Input for a chain of `room` bytes: how many, 0: none yet, -1: no more. */
static int get_input(struct sim_console *console, unsigned char *to,
                     size_t room)
{
    unsigned char raw[AT_ONCE];
    int got;

    if (console->has_ended || console->read == NULL)
        return -1;
    if (!console->is_framed) {
        got = console->read(to, room);
        console->has_ended = got < 0;
        return got;
    }
    got = console->read(raw, room / 2);
    if (got >= 0)
        return (int)frame(to, raw, (size_t)got);
    console->has_ended = true;
    to[0] = DLE;
    to[1] = EOT;
    return 2;
}

static void serve_input(struct sim_virtio *device)
{
    struct sim_console *console = device->state;
    unsigned char bytes[AT_ONCE];
    struct sim_chain chain;

    while (sim_virtio_take(device, QUEUE_IN, &chain)) {
        size_t room = chain.parts[0].size;
        int got = -1;

        if (chain.readable == 0 && room >= 2)
            got = get_input(console, bytes, room < AT_ONCE ? room : AT_ONCE);
        if (got <= 0) {
            sim_virtio_untake(device, QUEUE_IN);
            return;
        }
        sim_virtio_copy(chain.parts[0].data, bytes, (size_t)got);
        sim_virtio_give(device, QUEUE_IN, &chain, (uint32_t)got);
    }
}

/* Writes what is left of a chain; false: the other side is busy. */
static bool put_output(struct sim_console *console,
                       const struct sim_chain *chain)
{
    unsigned char bytes[AT_ONCE];
    uint32_t at = 0;

    for (unsigned i = 0; i < chain->readable; at += chain->parts[i++].size) {
        uint32_t size = chain->parts[i].size;

        while (console->done < at + size) {
            uint32_t from = console->done - at, part = size - from;
            int taken;

            if (part > AT_ONCE)
                part = AT_ONCE;
            sim_virtio_copy(bytes, chain->parts[i].data + from, part);
            taken = console->write(console->stream, bytes, part);
            if (taken == 0)
                return false;
            /* Nobody reads it any more: it is taken. */
            console->done += taken < 0 ? part : (uint32_t)taken;
        }
    }
    console->done = 0;
    return true;
}

static void serve_output(struct sim_virtio *device)
{
    struct sim_chain chain;

    while (sim_virtio_take(device, QUEUE_OUT, &chain)) {
        if (!put_output(device->state, &chain)) {
            sim_virtio_untake(device, QUEUE_OUT);
            return;
        }
        sim_virtio_give(device, QUEUE_OUT, &chain, 0);
    }
}

static void serve_console(struct sim_virtio *device)
{
    serve_output(device);
    serve_input(device);
}

static void reset_console(struct sim_virtio *device)
{
    struct sim_console *console = device->state;

    console->done = 0;
}

const struct sim_virtio_kind sim_virtio_console = {
    .device_id = VIRTIO_ID_CONSOLE,
    .features = VIRTIO_CONSOLE_F_SIZE,
    .queues = 2,
    .work = serve_console,
    .reset = reset_console,
};

/* --- entropy -------------------------------------------------------------- */

static void serve_rng(struct sim_virtio *device)
{
    const struct sim_rng *rng = device->state;
    unsigned char bytes[AT_ONCE];
    struct sim_chain chain;

    while (sim_virtio_take(device, 0, &chain)) {
        uint32_t size = 0;

        if (chain.readable == 0)
            size = chain.parts[0].size;
        if (size > AT_ONCE)
            size = AT_ONCE;
        if (!rng->fill(bytes, size))
            size = 0;
        sim_virtio_copy(chain.parts[0].data, bytes, size);
        sim_virtio_give(device, 0, &chain, size);
    }
}

const struct sim_virtio_kind sim_virtio_rng = {
    .device_id = VIRTIO_ID_RNG,
    .queues = 1,
    .work = serve_rng,
};
