/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/guest/locks.c - the C library's locks among threads: mutexes of every
 * kind, read-write locks, conditions, barriers, semaphores, once, and ends of
 * threads by cancellation.
 */
#define _GNU_SOURCE
#include <pthread.h>
#include <semaphore.h>
#include <time.h>

#include "tests/guest/child.h"

enum { THREADS = 8, ROUNDS = 400, THREADS_MADE = 300 };

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_barrier_t barrier;
static pthread_key_t key;
static sem_t sem;
static long counter, twin_a, twin_b, torn, ring[4], head, tail, sum;
static volatile int onces, destroyed, cleaned;

static void count_once(void)
{
    onces++;
}

static void *add(void *arg)
{
    (void)arg;
    pthread_barrier_wait(&barrier);
    pthread_once(&once, count_once);
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        counter++;
        pthread_mutex_unlock(&mutex);
        if (i % 8 == 0) {
            pthread_rwlock_wrlock(&rwlock);
            twin_a++;
            twin_b++;
            pthread_rwlock_unlock(&rwlock);
        } else {
            pthread_rwlock_rdlock(&rwlock);
            torn += twin_a != twin_b;
            pthread_rwlock_unlock(&rwlock);
        }
        sem_wait(&sem);
        sem_post(&sem);
    }
    return NULL;
}

static void together(void *(*run)(void *arg))
{
    pthread_t threads[THREADS];

    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, run, (void *)i);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* Even ones put numbers in, odd ones take them out. */
static void *pass_on(void *arg)
{
    long me = (long)arg;

    for (long i = 1; i <= ROUNDS; i++) {
        pthread_mutex_lock(&mutex);
        if (me % 2 == 0) {
            while (head - tail == 4)
                pthread_cond_wait(&room, &mutex);
            ring[head++ % 4] = i;
            pthread_cond_signal(&full);
        } else {
            while (head == tail)
                pthread_cond_wait(&full, &mutex);
            sum += ring[tail++ % 4];
            pthread_cond_signal(&room);
        }
        pthread_mutex_unlock(&mutex);
    }
    return NULL;
}

static void kinds(void)
{
    struct timespec past = {1, 0};
    pthread_mutexattr_t attributes;
    pthread_mutex_t own;

    pthread_mutexattr_init(&attributes);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&own, &attributes);
    CHECK(pthread_mutex_lock(&own) == 0 && pthread_mutex_lock(&own) == 0);
    CHECK(pthread_mutex_unlock(&own) == 0 && pthread_mutex_unlock(&own) == 0);
    pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&own, &attributes);
    CHECK(pthread_mutex_lock(&own) == 0);
    CHECK(pthread_mutex_lock(&own) == EDEADLK);
    CHECK(pthread_mutex_unlock(&own) == 0);
    CHECK(pthread_mutex_unlock(&own) == EPERM);
    pthread_mutex_lock(&mutex);
    CHECK(pthread_mutex_trylock(&mutex) == EBUSY);
    CHECK(pthread_mutex_timedlock(&mutex, &past) == ETIMEDOUT);
    CHECK(pthread_cond_timedwait(&full, &mutex, &past) == ETIMEDOUT);
    pthread_mutex_unlock(&mutex);
    pthread_rwlock_rdlock(&rwlock);
    CHECK(pthread_rwlock_tryrdlock(&rwlock) == 0);
    CHECK(pthread_rwlock_trywrlock(&rwlock) == EBUSY);
    pthread_rwlock_unlock(&rwlock);
    pthread_rwlock_unlock(&rwlock);
}

static void note_destroyed(void *value)
{
    destroyed += value == &key;
}

static void note_cleaned(void *arg)
{
    (void)arg;
    cleaned++;
}

static void *wait_to_be_cancelled(void *arg)
{
    struct timespec t = {60, 0};

    pthread_setspecific(key, &key);
    pthread_cleanup_push(note_cleaned, NULL);
    if (arg == NULL)
        nanosleep(&t, NULL);
    else
        for (;;)
            pthread_testcancel();
    pthread_cleanup_pop(0);
    return NULL;
}

static void cancelled(void)
{
    for (long how = 0; how < 2; how++) {
        void *result = NULL;
        pthread_t thread;

        pthread_create(&thread, NULL, wait_to_be_cancelled, (void *)how);
        CHECK(pthread_cancel(thread) == 0);
        pthread_join(thread, &result);
        CHECK(result == PTHREAD_CANCELED);
    }
    CHECK(cleaned <= 2 && destroyed <= 2);
}

static void *do_nothing(void *arg)
{
    return arg;
}

/* Many come and go; their stacks are used again. */
static void many(void)
{
    long bad = 0;

    for (long i = 0; i < THREADS_MADE; i++) {
        pthread_t thread;
        void *result;

        bad += pthread_create(&thread, NULL, do_nothing, (void *)i) != 0;
        bad += pthread_join(thread, &result) != 0 || result != (void *)i;
    }
    CHECK(bad == 0);
}

int main(void)
{
    pthread_key_create(&key, note_destroyed);
    pthread_barrier_init(&barrier, NULL, THREADS);
    sem_init(&sem, 0, 3);
    together(add);
    CHECK(counter == THREADS * ROUNDS && onces == 1 && torn == 0);
    CHECK(twin_a == twin_b && twin_a == THREADS * ROUNDS / 8);
    together(pass_on);
    CHECK(sum == THREADS / 2 * (long)ROUNDS * (ROUNDS + 1) / 2);
    kinds();
    cancelled();
    many();
    return finish();
}
