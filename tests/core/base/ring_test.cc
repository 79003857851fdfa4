// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/ring_test.cc - core/base/ring.h.
#include <cstring>
#include <deque>

#include <gtest/gtest.h>

#include "core/base/ring.h"
#include "tests/support/harness.h"

TEST(Ring, StartsEmpty)
{
    uint8_t data[8];
    struct ring ring;
    void *span;
    const void *used;

    ring_init(&ring, data, sizeof(data));
    EXPECT_EQ(0u, ring_used(&ring));
    EXPECT_EQ(8u, ring_free(&ring));
    EXPECT_EQ(8u, ring_free_span(&ring, &span));
    EXPECT_EQ(data, span);
    EXPECT_EQ(0u, ring_used_span(&ring, &used));
}

TEST(Ring, NoSpareSlot)
{
    uint8_t data[4];
    struct ring ring;
    void *span;

    ring_init(&ring, data, sizeof(data));
    ring_put(&ring, 4);
    EXPECT_EQ(4u, ring_used(&ring));
    EXPECT_EQ(0u, ring_free_span(&ring, &span));
}

TEST(Ring, SeededWalkAgainstDeque)
{
    harness::Random random(0x41);
    uint8_t data[64], next = 0;
    std::deque<uint8_t> model;
    struct ring ring;

    ring_init(&ring, data, sizeof(data));
    for (uint64_t step = 0; step < harness::steps(20000); step++) {
        if (random.below(2) == 0) {
            void *span;
            size_t room = ring_free_span(&ring, &span);
            size_t n = random.below(room + 1);

            for (size_t i = 0; i < n; i++) {
                static_cast<uint8_t *>(span)[i] = next;
                model.push_back(next++);
            }
            ring_put(&ring, n);
        } else {
            const void *span;
            size_t room = ring_used_span(&ring, &span);
            size_t n = random.below(room + 1);

            for (size_t i = 0; i < n; i++) {
                ASSERT_EQ(model.front(), static_cast<const uint8_t *>(span)[i]);
                model.pop_front();
            }
            ring_take(&ring, n);
        }
        ASSERT_EQ(model.size(), ring_used(&ring));
        ASSERT_EQ(sizeof(data) - model.size(), ring_free(&ring));
    }
}

CHILD(RingSizeNoPowerOfTwo)
{
    uint8_t data[6];
    struct ring ring;

    ring_init(&ring, data, sizeof(data));
}

CHILD(RingPutTooMuch)
{
    uint8_t data[4];
    struct ring ring;

    ring_init(&ring, data, sizeof(data));
    ring_put(&ring, 5);
}

CHILD(RingTakeTooMuch)
{
    uint8_t data[4];
    struct ring ring;

    ring_init(&ring, data, sizeof(data));
    ring_put(&ring, 2);
    ring_take(&ring, 3);
}

TEST(Ring, MisusePanics)
{
    EXPECT_PANIC(RingSizeNoPowerOfTwo, "is_power_of_two");
    EXPECT_PANIC(RingPutTooMuch, "ring_free");
    EXPECT_PANIC(RingTakeTooMuch, "ring_used");
}
