/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hal/hosted/host_seed.c - virtual time, the seed's choices and the trace, for
 * the one virtual CPU that runs at a time (host_baton.c).
 *
 * Not instrumented by TSan: all fibers come through here, one after the other,
 * which must not count as order among them.
 */
#include <cpuid.h>
#include <stdio.h>
#include <string.h>
#include <sys/personality.h>
#include <unistd.h>

#include "hal/check.h"
#include "hal/hosted/cpu.h"
#include "hal/hosted/host_parts.h"
#include "hal/hosted/seed.h"
#include "sim/choice.h"
#include "sim/trace.h"
#include "sim/vtime.h"

enum {
    CHARGE_NS = 100,     /* of one HAL call */
    LATENCY_NS = 1600,   /* a timer interrupt is late by less than this */
    SLICE_NS = 10000000, /* user code is stepped when an event is so near */
    EXPIRE_ONE_IN = 4,   /* steps that are over let time pass, where other
                            CPUs are ready to run */
    LINGER_ONE_IN = 16,  /* stretches that are not stepped count as long */
    STREAMS = 9
};

/* Streams of choices beside those of enum hal_choice. */
enum {
    STREAM_ENTROPY = 4,
    STREAM_LATENCY,
    STREAM_STEPS,
    STREAM_BATON,
    STREAM_DEVICE
};

static uint64_t seed;
static bool seeded, traced;
static struct sim_vtime vtime;
static struct sim_choice streams[STREAMS];
static struct sim_event deadlines[HOSTED_CPUS_MAX];
static struct sim_trace trace;

static void deadline_passed(void *arg)
{
    hosted_raise_timer((unsigned)((struct sim_event *)arg - deadlines));
}

/* The first words of a traced run: what the hash may depend on beside the
 * seed, and does not cover. */
static void print_header(void)
{
    unsigned a, b, c, d;
    char vendor[13] = "";
    unsigned signature = 0;

    if (__get_cpuid(0, &a, &b, &c, &d)) {
        memcpy(vendor, &b, 4);
        memcpy(vendor + 4, &d, 4);
        memcpy(vendor + 8, &c, 4);
    }
    if (!__get_cpuid(1, &signature, &b, &c, &d))
        c = d = 0;
    fprintf(stderr, "trace: cpuid %s %08x %08x %08x", vendor, signature, c, d);
    if (seeded)
        fprintf(stderr, " seed %llu", (unsigned long long)seed);
    fputc('\n', stderr);
}

void host_seed_start(const struct host_options *options)
{
    seeded = options->seeded;
    traced = options->trace_hash;
    seed = options->seed;
    sim_vtime_init(&vtime);
    for (uint64_t i = 0; i < STREAMS; i++)
        sim_choice_init(&streams[i], seed, i);
    for (size_t i = 0; i < HOSTED_CPUS_MAX; i++)
        deadlines[i] =
            (struct sim_event){.fire = deadline_passed, .arg = &deadlines[i]};
    sim_trace_init(&trace);
    if (traced)
        print_header();
}

uint64_t host_seed_now(void)
{
    return vtime.now;
}

void host_seed_arm(unsigned cpu, uint64_t deadline_ns)
{
    uint64_t late = sim_choice_below(&streams[STREAM_LATENCY], LATENCY_NS);

    if (deadline_ns >= HOST_NEVER - LATENCY_NS)
        sim_vtime_cancel(&vtime, &deadlines[cpu]);
    else
        (void)sim_vtime_add(&vtime, &deadlines[cpu], deadline_ns + late);
}

void host_seed_event(struct sim_event *event, uint64_t within_ns)
{
    (void)sim_vtime_add(
        &vtime, event,
        vtime.now + 1 + sim_choice_below(&streams[STREAM_DEVICE], within_ns));
}

uint64_t host_seed_choose(unsigned choice, uint64_t bound)
{
    if (bound == 0 || choice >= STREAM_ENTROPY)
        return 0;
    return sim_choice_below(&streams[choice], bound);
}

void host_seed_charge(void)
{
    sim_vtime_charge(&vtime, CHARGE_NS);
}

uint64_t host_seed_baton_choice(uint64_t bound)
{
    return sim_choice_below(&streams[STREAM_BATON], bound);
}

bool host_seed_skip(void)
{
    static bool told;

    if (sim_vtime_skip(&vtime))
        return true;
    /* Only a signal ends it now. */
    if (!told)
        host_error("virtual time stands still: all wait, and nothing is left "
                   "to happen",
                   0);
    told = true;
    return false;
}

/* Is an event near enough to come while user code runs? */
static bool is_event_near(void)
{
    uint64_t next = sim_vtime_next(&vtime);

    return next != HOST_NEVER &&
           (next <= vtime.now || next - vtime.now <= SLICE_NS);
}

/* Would anything be different had user code run for long? */
static bool is_time_of_use(unsigned cpu)
{
    return is_event_near() || host_baton_is_wanted(cpu);
}

unsigned host_seed_steps(unsigned cpu)
{
    if (!is_time_of_use(cpu))
        return 0;
    return 1 +
           (unsigned)sim_choice_below(&streams[STREAM_STEPS], HOSTED_STEPS_MAX);
}

bool host_seed_lingers(unsigned cpu)
{
    return is_time_of_use(cpu) &&
           sim_choice_below(&streams[STREAM_STEPS], LINGER_ONE_IN) == 0;
}

void host_seed_expire(unsigned cpu)
{
    /* Where CPUs only spin in user code, nothing else would move time. */
    if (!host_baton_is_wanted(cpu) ||
        (is_event_near() &&
         sim_choice_below(&streams[STREAM_STEPS], EXPIRE_ONE_IN) == 0))
        (void)sim_vtime_skip(&vtime);
}

bool host_seed_entropy(void *data, size_t size)
{
    unsigned char *at = data;

    for (size_t i = 0; i < size; i++)
        at[i] = (unsigned char)sim_choice_next(&streams[STREAM_ENTROPY]);
    return true;
}

void host_trace_event(unsigned cpu, unsigned event, uint64_t a, uint64_t b,
                      uint64_t c)
{
    uint64_t words[] = {(uint64_t)cpu << 32 | event, a, b, c};

    sim_trace_add(&trace, words, sizeof(words) / sizeof(words[0]));
}

void host_trace_unreproducible(void)
{
    sim_trace_doubt(&trace);
}

void host_seed_report(void)
{
    if (trace.unreproducible_from != 0)
        fprintf(stderr, "trace: not reproducible from event %llu\n",
                (unsigned long long)trace.unreproducible_from);
    if (traced)
        fprintf(stderr, "trace-hash: %016llx events: %llu\n",
                (unsigned long long)sim_trace_hash(&trace),
                (unsigned long long)trace.events);
    trace.unreproducible_from = 0;
    traced = false;
}

void host_machine_fix_layout(char **argv)
{
    int now = personality(0xffffffff);

    /* Under Valgrind addresses repeat as it is, and to execute again would
     * leave it. */
    if (now < 0 || (now & ADDR_NO_RANDOMIZE) != 0 || host_on_valgrind() ||
        personality((unsigned long)(now | ADDR_NO_RANDOMIZE)) < 0)
        return;
    execv("/proc/self/exe", argv);
    /* Without a /proc the run is as seeded, at other addresses. */
}
