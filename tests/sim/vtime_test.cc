// SPDX-License-Identifier: Apache-2.0
//
// tests/sim/vtime_test.cc - sim/vtime.h, and a walk against a model.
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <vector>

#include "sim/choice.h"
#include "sim/vtime.h"

namespace {

struct Fixture : testing::Test {
    struct Event {
        sim_event event = {};
        Fixture *owner = nullptr;
        int number = 0;
    };

    Fixture() : time(new sim_vtime) { sim_vtime_init(time.get()); }

    Event *Make(int number)
    {
        events.push_back(std::make_unique<Event>());
        Event *e = events.back().get();
        e->owner = this;
        e->number = number;
        e->event.fire = Fire;
        e->event.arg = e;
        return e;
    }

    static void Fire(void *arg)
    {
        auto *e = static_cast<Event *>(arg);

        e->owner->fired.push_back(e->number);
        e->owner->fired_at.push_back(e->owner->time->now);
    }

    std::unique_ptr<sim_vtime> time;
    std::vector<std::unique_ptr<Event>> events;
    std::vector<int> fired;
    std::vector<uint64_t> fired_at;
};

// "in the order of their time, and of their adding where that is equal"
TEST_F(Fixture, FiresInOrder)
{
    const uint64_t at[] = {30, 10, 20, 10, 30, 20};

    for (int i = 0; i < 6; i++)
        ASSERT_TRUE(sim_vtime_add(time.get(), &Make(i)->event, at[i]));
    sim_vtime_charge(time.get(), 100);
    EXPECT_EQ((std::vector<int>{1, 3, 2, 5, 0, 4}), fired);
}

// "Moves time on by so much, then fires what is due."
TEST_F(Fixture, ChargeFiresNothingEarly)
{
    sim_vtime_add(time.get(), &Make(1)->event, 50);
    sim_vtime_charge(time.get(), 49);
    EXPECT_TRUE(fired.empty());
    sim_vtime_charge(time.get(), 1);
    EXPECT_EQ(1u, fired.size());
    EXPECT_EQ(50u, time->now);
}

// "Moves time on to the next event ... with all others of that moment."
TEST_F(Fixture, SkipGoesToTheNextMoment)
{
    EXPECT_FALSE(sim_vtime_skip(time.get()));
    sim_vtime_add(time.get(), &Make(1)->event, 70);
    sim_vtime_add(time.get(), &Make(2)->event, 70);
    sim_vtime_add(time.get(), &Make(3)->event, 71);
    EXPECT_EQ(70u, sim_vtime_next(time.get()));
    EXPECT_TRUE(sim_vtime_skip(time.get()));
    EXPECT_EQ((std::vector<int>{1, 2}), fired);
    EXPECT_EQ(70u, time->now);
    EXPECT_TRUE(sim_vtime_skip(time.get()));
    EXPECT_EQ(71u, time->now);
    EXPECT_EQ(UINT64_MAX, sim_vtime_next(time.get()));
}

// Time never goes back for an event of the past.
TEST_F(Fixture, SkipToThePastStays)
{
    sim_vtime_charge(time.get(), 100);
    sim_vtime_add(time.get(), &Make(1)->event, 5);
    EXPECT_TRUE(sim_vtime_skip(time.get()));
    EXPECT_EQ(100u, time->now);
    EXPECT_EQ(1u, fired.size());
}

// "moves it when it is queued"; "Takes event out of the queue, if it is there."
TEST_F(Fixture, AddMovesAndCancelRemoves)
{
    Event *a = Make(1), *b = Make(2);

    sim_vtime_add(time.get(), &a->event, 10);
    sim_vtime_add(time.get(), &b->event, 20);
    sim_vtime_add(time.get(), &a->event, 30);
    sim_vtime_charge(time.get(), 25);
    EXPECT_EQ((std::vector<int>{2}), fired);
    sim_vtime_cancel(time.get(), &a->event);
    sim_vtime_cancel(time.get(), &a->event);
    sim_vtime_charge(time.get(), 25);
    EXPECT_EQ(1u, fired.size());
}

// "False when the queue is full."
TEST_F(Fixture, QueueIsBounded)
{
    for (int i = 0; i < SIM_EVENTS_MAX; i++)
        ASSERT_TRUE(sim_vtime_add(time.get(), &Make(i)->event, 5));
    EXPECT_FALSE(sim_vtime_add(time.get(), &Make(-1)->event, 1));
    sim_vtime_charge(time.get(), 5);
    EXPECT_EQ(size_t{SIM_EVENTS_MAX}, fired.size());
}

// An event that queues itself for this very moment waits for the next charge.
TEST_F(Fixture, SelfQueueingEventLetsGo)
{
    struct Again {
        sim_vtime *time;
        sim_event event;
        int count;
    } again = {time.get(), {}, 0};

    again.event.fire = [](void *arg) {
        auto *a = static_cast<Again *>(arg);

        a->count++;
        sim_vtime_add(a->time, &a->event, a->time->now);
    };
    again.event.arg = &again;
    sim_vtime_add(time.get(), &again.event, 0);
    sim_vtime_charge(time.get(), 1);
    EXPECT_EQ(1, again.count);
    sim_vtime_charge(time.get(), 1);
    EXPECT_EQ(2, again.count);
}

// A seeded walk: the queue does what a sorted list would.
TEST_F(Fixture, WalkAgainstModel)
{
    constexpr int kEvents = 40;
    struct Queued {
        uint64_t at, order;
        int number;
    };
    std::vector<Queued> model;
    std::vector<int> expected;
    uint64_t order = 0;
    sim_choice choice;

    for (int i = 0; i < kEvents; i++)
        Make(i);
    sim_choice_init(&choice, 1, 0);
    for (int step = 0; step < 5000; step++) {
        int number = int(sim_choice_below(&choice, kEvents));
        sim_event *event = &events[size_t(number)]->event;
        uint64_t what = sim_choice_below(&choice, 10);
        auto same = [&](const Queued &q) { return q.number == number; };

        if (what < 8)
            model.erase(std::remove_if(model.begin(), model.end(), same),
                        model.end());
        if (what < 6) {
            uint64_t at = time->now + 1 + sim_choice_below(&choice, 50);

            ASSERT_TRUE(sim_vtime_add(time.get(), event, at));
            model.push_back({at, order++, number});
        } else if (what < 8) {
            sim_vtime_cancel(time.get(), event);
        } else {
            sim_vtime_charge(time.get(), sim_choice_below(&choice, 30));
            std::sort(model.begin(), model.end(),
                      [](const Queued &a, const Queued &b) {
                          return a.at != b.at ? a.at < b.at : a.order < b.order;
                      });
            while (!model.empty() && model.front().at <= time->now) {
                expected.push_back(model.front().number);
                model.erase(model.begin());
            }
            ASSERT_EQ(expected, fired);
            ASSERT_EQ(model.size(), time->count);
        }
    }
    EXPECT_GT(fired.size(), 500u);
}

} // namespace
