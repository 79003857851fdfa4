// SPDX-License-Identifier: Apache-2.0
//
// tests/core/sched/waitq_events_test.cc - waiters and events:
// core/sched/waitq.h.

#include <vector>

#include "core/abi/errno.h"
#include "core/abi/poll.h"
#include "tests/core/sched/kthread.h"
#include "tests/support/harness.h"

namespace {

// A waiter that keeps a list of those that were called.
struct Caller {
    Caller(std::vector<int> *to, int n, unsigned interest,
           bool is_exclusive = false, bool takes_notice = true)
        : called(to), number(n), takes(takes_notice)
    {
        waiter_init(&waiter, interest, Wake, this);
        waiter.is_exclusive = is_exclusive;
    }
    static bool Wake(struct waiter *waiter, struct wake *wake)
    {
        auto *self = static_cast<Caller *>(waiter->arg);

        self->called->push_back(self->number);
        if (self->relay != nullptr)
            wake_later(wake, self->relay);
        return self->takes;
    }
    std::vector<int> *called;
    int number;
    bool takes;
    wait_relay *relay = nullptr;
    struct waiter waiter;
};

using Numbers = std::vector<int>;

TEST(WaitqEvents, EventsPassByWhoIsNotInterested)
{
    struct waitq q;
    Numbers called;
    Caller in(&called, 1, LX_POLLIN), out(&called, 2, LX_POLLOUT);

    waitq_init(&q);
    EXPECT_FALSE(waitq_has_waiters(&q));
    waitq_add(&q, &in.waiter);
    waitq_add(&q, &out.waiter);
    EXPECT_TRUE(waitq_has_waiters(&q));
    EXPECT_TRUE(waitq_is_watched(&q));
    waitq_wake(&q, LX_POLLIN | LX_POLLRDNORM);
    EXPECT_EQ((Numbers{1}), called);
    waitq_wake(&q, LX_POLLOUT);
    EXPECT_EQ((Numbers{1, 2}), called);
    waitq_wake_all(&q);
    EXPECT_EQ((Numbers{1, 2, 2, 1}), called); // the latest first
    waitq_remove(&in.waiter);
    waitq_remove(&in.waiter); // it hangs nowhere
    waitq_remove(&out.waiter);
    EXPECT_FALSE(waitq_is_watched(&q));
    waitq_wake_all(&q);
    EXPECT_EQ(4u, called.size());
}

TEST(WaitqEvents, OneExclusiveWaiterTakesNotice)
{
    struct waitq q;
    Numbers called;
    Caller first(&called, 1, LX_POLLIN, true, false);
    Caller second(&called, 2, LX_POLLIN, true);
    Caller third(&called, 3, LX_POLLIN, true);
    Caller plain(&called, 4, LX_POLLIN);

    waitq_init(&q);
    for (Caller *c : {&first, &second, &third, &plain})
        waitq_add(&q, &c->waiter);
    waitq_wake(&q, LX_POLLIN);
    EXPECT_EQ((Numbers{4, 1, 2}), called); // the first did not care
    called.clear();
    waitq_wake_all(&q);
    EXPECT_EQ((Numbers{4, 1, 2, 3}), called);
    for (Caller *c : {&first, &second, &third, &plain})
        waitq_remove(&c->waiter);
}

TEST(WaitqEvents, RelaysAreWokenAfterwards)
{
    struct waitq q;
    wait_relay relays[2];
    Numbers called;
    Caller source(&called, 1, WAKE_ANY), middle(&called, 2, LX_POLLIN);
    Caller last(&called, 3, LX_POLLIN), other(&called, 4, LX_POLLOUT);

    waitq_init(&q);
    for (wait_relay &relay : relays)
        wait_relay_init(&relay, LX_POLLIN);
    source.relay = &relays[0];
    middle.relay = &relays[1];
    waitq_add(&q, &source.waiter);
    waitq_wake(&q, LX_POLLPRI);
    EXPECT_EQ((Numbers{1}), called); // nobody waits at the relay
    waitq_add(&relays[0].queue, &middle.waiter);
    waitq_add(&relays[1].queue, &last.waiter);
    waitq_add(&relays[1].queue, &other.waiter);
    waitq_wake(&q, LX_POLLPRI);
    EXPECT_EQ((Numbers{1, 1, 2, 3}), called);
    for (Caller *c : {&source, &middle, &last, &other})
        waitq_remove(&c->waiter);
}

TEST(WaitqEvents, SetsHearOfAnyQueue)
{
    struct waitq queues[3];
    waiter waiters[3];
    wait_set set;

    wait_set_init(&set);
    for (int i = 0; i < 3; i++) {
        waitq_init(&queues[i]);
        wait_set_waiter(&set, &waiters[i], LX_POLLIN);
        waitq_add(&queues[i], &waiters[i]);
    }
    EXPECT_EQ(-ETIMEDOUT, wait_set_sleep(&set, hal_clock_now() + kthread::kMs));
    waitq_wake(&queues[1], LX_POLLOUT);
    EXPECT_EQ(-ETIMEDOUT, wait_set_sleep(&set, hal_clock_now() + kthread::kMs));
    waitq_wake(&queues[2], LX_POLLIN);
    EXPECT_EQ(0, wait_set_sleep(&set, WAIT_FOREVER));
    EXPECT_EQ(0, wait_set_sleep(&set, WAIT_FOREVER)); // not reset yet
    wait_set_reset(&set);
    {
        kthread::Kthread waker([&] {
            kthread::Sleep(kthread::kMs);
            waitq_wake(&queues[0], LX_POLLIN);
        });
        EXPECT_EQ(0, wait_set_sleep(&set, WAIT_FOREVER));
    }
    for (waiter &w : waiters)
        waitq_remove(&w);
}

// Whatever comes between a reset and a sleep is not lost.
TEST(WaitqEvents, NoWakeIsLost)
{
    struct waitq q;
    unsigned made = 0, seen = 0;
    const unsigned rounds = static_cast<unsigned>(harness::steps(3000));

    waitq_init(&q);
    kthread::Kthread maker([&] {
        for (unsigned i = 0; i < rounds; i++) {
            __atomic_add_fetch(&made, 1, __ATOMIC_SEQ_CST);
            if (waitq_is_watched(&q))
                waitq_wake(&q, LX_POLLIN);
            if (i % 16 == 0)
                thread_yield();
        }
    });
    while (seen < rounds) {
        wait_set set;
        waiter w;

        wait_set_init(&set);
        wait_set_waiter(&set, &w, LX_POLLIN);
        waitq_add(&q, &w);
        wait_set_reset(&set);
        unsigned now = __atomic_load_n(&made, __ATOMIC_SEQ_CST);
        if (now == seen) {
            EXPECT_EQ(0, wait_set_sleep(&set, hal_clock_now() +
                                                  10000 * kthread::kMs));
        }
        seen = __atomic_load_n(&made, __ATOMIC_SEQ_CST);
        waitq_remove(&w);
    }
    maker.Join();
}

} // namespace
