// SPDX-License-Identifier: Apache-2.0
//
// tests/drivers/virtqueue_test.cc - split rings, with the test as the device.
#include <gtest/gtest.h>

#include <deque>
#include <map>

#include "core/abi/errno.h"
#include "drivers/virtqueue.h"
#include "tests/support/harness.h"

namespace {

class Queue : public testing::TestWithParam<bool> {
protected:
    void SetUp() override { ASSERT_EQ(0, virtqueue_init(&q, 8, GetParam())); }
    void TearDown() override { virtqueue_fini(&q); }

    // The device uses a chain.
    void use(uint32_t id, uint32_t size)
    {
        q.used->ring[q.used->index % q.size] = {id, size};
        q.used->index++;
    }
    int add(unsigned readable, unsigned writable, void *token)
    {
        virtio_part parts[VIRTQUEUE_PARTS_MAX];

        for (unsigned i = 0; i < VIRTQUEUE_PARTS_MAX; i++)
            parts[i] = {0x1000u * (i + 1), 16};
        return virtqueue_add(&q, parts, readable, writable, token);
    }
    int take() { return virtqueue_take(&q, &token_out, &size_out); }

    virtqueue q;
    int tokens[64];
    void *token_out = nullptr;
    uint32_t size_out = 0;
};

TEST_P(Queue, DescribesAChain)
{
    ASSERT_EQ(0, add(1, 2, &tokens[0]));
    EXPECT_EQ(1, q.avail->index);
    virtq_desc *d = &q.desc[q.avail->ring[0]];
    EXPECT_EQ(0x1000u, d->address);
    EXPECT_EQ(VIRTQ_NEXT, d->flags);
    d = &q.desc[d->next];
    EXPECT_EQ(VIRTQ_NEXT | VIRTQ_WRITE, d->flags);
    d = &q.desc[d->next];
    EXPECT_EQ(0x3000u, d->address);
    EXPECT_EQ(VIRTQ_WRITE, d->flags);
}

TEST_P(Queue, IsFullThenNot)
{
    for (int i = 0; i < 4; i++)
        ASSERT_EQ(0, add(1, 1, &tokens[i]));
    EXPECT_EQ(-ENOSPC, add(1, 0, &tokens[5]));
    use(q.avail->ring[2], 3);
    ASSERT_EQ(1, take());
    EXPECT_EQ(&tokens[2], token_out);
    EXPECT_EQ(3u, size_out);
    EXPECT_EQ(0, take());
    EXPECT_EQ(-ENOSPC, add(2, 1, &tokens[5]));
    EXPECT_EQ(0, add(2, 0, &tokens[5]));
}

TEST_P(Queue, KnowsALie)
{
    struct Lie {
        const char *what;
        uint32_t id_change, size;
        uint16_t index;
    };
    const Lie lies[] = {
        {"more than is out", 0, 0, 3},
        {"far too many", 0, 0, 0x8000},
        {"an index that went back", 0, 0, 0xffff},
        {"an id past the end", 8, 0, 1},
        {"a huge id", 0xffff0000, 0, 1},
        {"the middle of a chain", 1, 0, 1},
        {"more bytes than there is room", 0, 33, 1},
        {"bytes without number", 0, UINT32_MAX, 1},
    };

    for (const Lie &lie : lies) {
        virtqueue_fini(&q);
        ASSERT_EQ(0, virtqueue_init(&q, 8, GetParam()));
        ASSERT_EQ(0, add(1, 2, &tokens[0]));
        ASSERT_EQ(0, add(1, 0, &tokens[1]));
        q.used->ring[0] = {q.avail->ring[0] + lie.id_change, lie.size};
        q.used->index = lie.index;
        EXPECT_EQ(-EIO, take()) << lie.what;
        EXPECT_EQ(2, q.out) << lie.what;
    }
}

TEST_P(Queue, TakesNothingTwice)
{
    ASSERT_EQ(0, add(1, 0, &tokens[0]));
    ASSERT_EQ(0, add(1, 0, &tokens[1]));
    uint16_t id = q.avail->ring[0];
    use(id, 0);
    ASSERT_EQ(1, take());
    use(id, 0);
    EXPECT_EQ(-EIO, take());
}

TEST_P(Queue, AsksForNotificationsAsTheDeviceWants)
{
    uint16_t *event = reinterpret_cast<uint16_t *>(&q.used->ring[q.size]);

    EXPECT_FALSE(virtqueue_must_notify(&q));
    ASSERT_EQ(0, add(1, 0, &tokens[0]));
    EXPECT_TRUE(virtqueue_must_notify(&q));
    EXPECT_FALSE(virtqueue_must_notify(&q));
    if (GetParam())
        *event = 5;
    else
        q.used->flags = VIRTQ_NO_NOTIFY;
    ASSERT_EQ(0, add(1, 0, &tokens[1]));
    EXPECT_FALSE(virtqueue_must_notify(&q));
    if (GetParam())
        *event = 2;
    else
        q.used->flags = 0;
    ASSERT_EQ(0, add(1, 0, &tokens[2]));
    EXPECT_TRUE(virtqueue_must_notify(&q));
}

TEST_P(Queue, MissesNoInterrupt)
{
    ASSERT_EQ(0, add(1, 0, &tokens[0]));
    EXPECT_FALSE(virtqueue_enable_interrupt(&q));
    use(q.avail->ring[0], 0);
    EXPECT_TRUE(virtqueue_enable_interrupt(&q));
    ASSERT_EQ(1, take());
    EXPECT_FALSE(virtqueue_enable_interrupt(&q));
    if (GetParam()) {
        EXPECT_TRUE(virtq_passes(q.avail->ring[q.size], 2, 1));
    }
    virtqueue_disable_interrupt(&q);
    if (GetParam()) {
        EXPECT_FALSE(virtq_passes(q.avail->ring[q.size], 2, 1));
    } else {
        EXPECT_EQ(VIRTQ_NO_INTERRUPT, q.avail->flags);
    }
}

// Against a list of what is out, past the point where indices wrap.
TEST_P(Queue, WalksAsTheModelDoes)
{
    harness::Random random(7);
    std::map<void *, uint32_t> out; // token: head
    std::map<void *, uint32_t> room;
    unsigned free_count = q.size;

    for (uint64_t i = 0; i < harness::steps(300000); i++) {
        unsigned readable = static_cast<unsigned>(random.below(3));
        unsigned writable = static_cast<unsigned>(random.below(3));
        void *token = &tokens[random.below(64)];

        if (random.below(2) == 0 && readable + writable > 0 &&
            out.count(token) == 0) {
            int error = add(readable, writable, token);

            ASSERT_EQ(readable + writable > free_count ? -ENOSPC : 0, error);
            if (error == 0) {
                out[token] =
                    q.avail->ring[static_cast<uint16_t>(q.avail->index - 1) %
                                  q.size];
                room[token] = 16 * writable;
                free_count -= readable + writable;
                tokens[static_cast<int *>(token) - tokens] =
                    static_cast<int>(readable + writable);
            }
        } else if (!out.empty()) {
            auto at = out.begin();
            std::advance(at, random.below(out.size()));
            uint32_t size =
                static_cast<uint32_t>(random.below(room[at->first] + 1));

            use(at->second, size);
            ASSERT_EQ(1, take());
            ASSERT_EQ(at->first, token_out);
            ASSERT_EQ(size, size_out);
            free_count += static_cast<unsigned>(*static_cast<int *>(at->first));
            out.erase(at);
        }
        ASSERT_EQ(free_count, q.free_count);
        ASSERT_EQ(out.size(), q.out);
    }
}

INSTANTIATE_TEST_SUITE_P(Rings, Queue, testing::Bool());

} // namespace
