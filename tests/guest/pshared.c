/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/pshared.c - a mutex, a condition, a barrier and semaphores that
 * processes share through MAP_SHARED | MAP_ANONYMOUS.
 */
#include <pthread.h>
#include <semaphore.h>
#include <sys/mman.h>
#include <time.h>

#include "tests/guest/child.h"

enum { WORKERS = 4, ROUNDS = 500 };

struct area {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    pthread_barrier_t barrier;
    sem_t ping, pong, room;
    long count; /* only under the mutex */
    int turn;   /* whose; under the mutex */
};

static struct area *area;

static void init(void)
{
    pthread_mutexattr_t mutex;
    pthread_condattr_t cond;
    pthread_barrierattr_t barrier;

    area = mmap(NULL, sizeof(*area), PROT_READ | PROT_WRITE,
                MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_init(&mutex);
    pthread_mutexattr_setpshared(&mutex, PTHREAD_PROCESS_SHARED);
    pthread_condattr_init(&cond);
    pthread_condattr_setpshared(&cond, PTHREAD_PROCESS_SHARED);
    pthread_barrierattr_init(&barrier);
    pthread_barrierattr_setpshared(&barrier, PTHREAD_PROCESS_SHARED);
    CHECK(pthread_mutex_init(&area->mutex, &mutex) == 0);
    CHECK(pthread_cond_init(&area->changed, &cond) == 0);
    CHECK(pthread_barrier_init(&area->barrier, &barrier, WORKERS) == 0);
    CHECK(sem_init(&area->ping, 1, 0) == 0);
    CHECK(sem_init(&area->pong, 1, 0) == 0);
    CHECK(sem_init(&area->room, 1, 2) == 0);
}

static int add(long unused)
{
    (void)unused;
    pthread_barrier_wait(&area->barrier);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&area->mutex);
        area->count = area->count + 1;
        pthread_mutex_unlock(&area->mutex);
    }
    return pthread_barrier_wait(&area->barrier) > 0;
}

static int take_turns(long me)
{
    for (int i = 0; i < 50; i++) {
        pthread_mutex_lock(&area->mutex);
        while (area->turn != me)
            pthread_cond_wait(&area->changed, &area->mutex);
        area->turn = (int)(me + 1) % WORKERS;
        pthread_cond_broadcast(&area->changed);
        pthread_mutex_unlock(&area->mutex);
    }
    return 0;
}

static int answer(long unused)
{
    (void)unused;
    for (int i = 0; i < ROUNDS; i++) {
        if (sem_wait(&area->ping) != 0)
            return 1;
        sem_post(&area->pong);
    }
    return 0;
}

static void workers(const char *what, int (*body)(long arg))
{
    long pids[WORKERS];

    for (int i = 0; i < WORKERS; i++)
        pids[i] = spawn(body, i);
    for (int i = 0; i < WORKERS; i++)
        reap(what, pids[i]);
}

static void semaphores(void)
{
    struct timespec past = {1, 0};
    long pid = spawn(answer, 0);
    int value = -1;

    for (int i = 0; i < ROUNDS; i++) {
        sem_post(&area->ping);
        sem_wait(&area->pong);
    }
    reap("answers", pid);
    CHECK(sem_getvalue(&area->ping, &value) == 0 && value == 0);
    CHECK(sem_trywait(&area->ping) == -1 && errno == EAGAIN);
    CHECK(sem_timedwait(&area->ping, &past) == -1 && errno == ETIMEDOUT);
    CHECK(sem_wait(&area->room) == 0 && sem_wait(&area->room) == 0);
    CHECK(sem_trywait(&area->room) == -1);
}

int main(void)
{
    init();
    workers("adds", add);
    CHECK(area->count == WORKERS * ROUNDS);
    workers("takes turns", take_turns);
    CHECK(area->turn == 0);
    semaphores();
    return finish();
}
