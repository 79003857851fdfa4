/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sim/loop.c - libuv behind the few names of sim/loop.h.
 */
#include "sim/loop.h"

#include <stdlib.h>
#include <uv.h>

struct sim_watch {
    uv_poll_t poll; /* first: libuv hands its address back */
    void (*ready)(void *arg);
    void *arg;
};

struct sim_loop {
    uv_loop_t uv;
    uv_async_t stop;
};

static void stop_now(uv_async_t *async)
{
    uv_stop(async->loop);
}

int sim_loop_create(struct sim_loop **out)
{
    struct sim_loop *loop = calloc(1, sizeof(*loop));
    int error;

    if (loop == NULL)
        return UV_ENOMEM;
    error = uv_loop_init(&loop->uv);
    if (error != 0)
        goto free_loop;
    error = uv_async_init(&loop->uv, &loop->stop, stop_now);
    if (error != 0)
        goto close_loop;
    *out = loop;
    return 0;
close_loop:
    uv_loop_close(&loop->uv);
free_loop:
    free(loop);
    return error;
}

static void free_watch(uv_handle_t *handle)
{
    free(handle);
}

static void close_handle(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        uv_close(handle, handle->type == UV_POLL ? free_watch : NULL);
    (void)arg;
}

void sim_loop_destroy(struct sim_loop *loop)
{
    uv_walk(&loop->uv, close_handle, NULL);
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    uv_loop_close(&loop->uv);
    free(loop);
}

static void poll_ready(uv_poll_t *poll, int status, int events)
{
    struct sim_watch *watch = (struct sim_watch *)poll;

    (void)status;
    (void)events;
    watch->ready(watch->arg);
}

int sim_loop_watch(struct sim_loop *loop, int fd, void (*ready)(void *arg),
                   void *arg)
{
    struct sim_watch *watch = calloc(1, sizeof(*watch));
    int error;

    if (watch == NULL)
        return UV_ENOMEM;
    watch->ready = ready;
    watch->arg = arg;
    error = uv_poll_init(&loop->uv, &watch->poll, fd);
    if (error != 0) {
        free(watch);
        return error;
    }
    return uv_poll_start(&watch->poll, UV_READABLE, poll_ready);
}

void sim_loop_run(struct sim_loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void sim_loop_stop(struct sim_loop *loop)
{
    uv_async_send(&loop->stop);
}
