// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/list_test.cc - core/base/list.h.
#include <list>

#include <gtest/gtest.h>

#include "core/base/list.h"
#include "tests/support/harness.h"

namespace {
struct item {
    int value;
    struct list link;
};
} // namespace

static std::list<int> values_of(struct list *head)
{
    std::list<int> values;

    list_for_each(node, head)
        values.push_back(list_entry(node, struct item, link)->value);
    return values;
}

TEST(List, EmptyAndUnlinked)
{
    struct list head, node;

    list_init(&head);
    list_init(&node);
    EXPECT_TRUE(list_is_empty(&head));
    EXPECT_FALSE(list_is_linked(&node));
    EXPECT_EQ(nullptr, list_pop_front(&head));
    list_push_back(&head, &node);
    EXPECT_FALSE(list_is_empty(&head));
    EXPECT_TRUE(list_is_linked(&node));
    list_remove(&node);
    list_remove(&node); // harmless, as the header says
    EXPECT_TRUE(list_is_empty(&head));
    EXPECT_FALSE(list_is_linked(&node));
}

TEST(List, SafeWalkMayRemove)
{
    struct item items[4];
    struct list head;

    list_init(&head);
    for (int i = 0; i < 4; i++) {
        items[i].value = i;
        list_init(&items[i].link);
        list_push_back(&head, &items[i].link);
    }
    list_for_each_safe(
        node, &head) if (list_entry(node, struct item, link)->value % 2 == 0)
        list_remove(node);
    EXPECT_EQ((std::list<int>{1, 3}), values_of(&head));
}

TEST(List, SeededWalkAgainstStdList)
{
    const size_t count = 32;
    harness::Random random(0x115);
    struct item items[count];
    std::list<int> model;
    struct list head;

    list_init(&head);
    for (size_t i = 0; i < count; i++) {
        items[i].value = static_cast<int>(i);
        list_init(&items[i].link);
    }
    for (uint64_t step = 0; step < harness::steps(5000); step++) {
        struct item *item = &items[random.below(count)];

        if (list_is_linked(&item->link)) {
            list_remove(&item->link);
            model.remove(item->value);
        } else if (random.below(2) == 0) {
            list_push_back(&head, &item->link);
            model.push_back(item->value);
        } else {
            list_push_front(&head, &item->link);
            model.push_front(item->value);
        }
        if (random.below(8) == 0 && !model.empty()) {
            struct list *node = list_pop_front(&head);

            ASSERT_NE(nullptr, node);
            EXPECT_EQ(model.front(),
                      list_entry(node, struct item, link)->value);
            model.pop_front();
        }
        ASSERT_EQ(model, values_of(&head));
    }
}

CHILD(ListInsertTwice)
{
    struct list head, node;

    list_init(&head);
    list_init(&node);
    list_push_back(&head, &node);
    list_push_back(&head, &node);
}

TEST(List, InsertingALinkedNodePanics)
{
    EXPECT_PANIC(ListInsertTwice, "list_is_linked");
}
