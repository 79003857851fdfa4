// SPDX-License-Identifier: Apache-2.0
//
// tests/core/base/tree_test.cc - core/base/tree.h, against std::set.
#include <cmath>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "core/base/tree.h"
#include "tests/support/harness.h"

namespace {
struct item {
    struct tree_node node;
    uint64_t key;
};
} // namespace

static uint64_t key_of(const struct tree_node *node)
{
    return container_of(node, struct item, node)->key;
}

static void insert(struct tree *tree, struct item *item)
{
    struct tree_node *parent = tree->root, *at = tree->root;
    int side = 0;

    while (at != nullptr) {
        parent = at;
        side = item->key > key_of(at);
        at = at->child[side];
    }
    tree_insert(tree, &item->node, parent, side);
}

// The tree holds exactly the model, in order both ways, and is balanced.
static void check(const struct tree *tree, const std::set<uint64_t> &model)
{
    const struct tree_node *node = tree_first(tree);

    ASSERT_TRUE(tree_is_valid(tree));
    for (uint64_t key : model) {
        ASSERT_NE(nullptr, node);
        ASSERT_EQ(key, key_of(node));
        node = tree_next(node);
    }
    ASSERT_EQ(nullptr, node);
    node = tree_last(tree);
    for (auto at = model.rbegin(); at != model.rend(); at++) {
        ASSERT_NE(nullptr, node);
        ASSERT_EQ(*at, key_of(node));
        node = tree_prev(node);
    }
    ASSERT_EQ(nullptr, node);
    if (!model.empty()) {
        double bound = 1.45 * std::log2(static_cast<double>(model.size())) + 2;

        ASSERT_LE(tree->root->height, bound);
    }
}

TEST(Tree, Empty)
{
    struct tree tree = {nullptr};

    EXPECT_EQ(nullptr, tree_first(&tree));
    EXPECT_EQ(nullptr, tree_last(&tree));
    EXPECT_TRUE(tree_is_valid(&tree));
}

TEST(Tree, AscendingAndDescendingStayBalanced)
{
    for (bool down : {false, true}) {
        std::vector<struct item> items(1000);
        std::set<uint64_t> model;
        struct tree tree = {nullptr};

        for (size_t i = 0; i < items.size(); i++) {
            items[i].key = down ? items.size() - i : i + 1;
            insert(&tree, &items[i]);
            model.insert(items[i].key);
        }
        check(&tree, model);
        for (size_t i = 0; i < items.size(); i++) {
            tree_remove(&tree, &items[i].node);
            ASSERT_TRUE(tree_is_valid(&tree));
        }
        EXPECT_EQ(nullptr, tree.root);
    }
}

// Every order of removal from every shape that small trees take.
TEST(Tree, AllSmallTrees)
{
    for (unsigned count = 1; count <= 6; count++) {
        std::vector<unsigned> order(count);

        for (unsigned i = 0; i < count; i++)
            order[i] = i;
        do {
            for (unsigned victim = 0; victim < count; victim++) {
                struct item items[6];
                std::set<uint64_t> model;
                struct tree tree = {nullptr};

                for (unsigned i : order) {
                    items[i].key = i;
                    insert(&tree, &items[i]);
                    model.insert(i);
                }
                tree_remove(&tree, &items[victim].node);
                model.erase(victim);
                check(&tree, model);
            }
        } while (std::next_permutation(order.begin(), order.end()));
    }
}

TEST(Tree, SeededWalkAgainstSet)
{
    const uint64_t count = 200;
    harness::Random random(0x7ee);
    std::vector<struct item> items(count);
    std::vector<bool> linked(count);
    std::set<uint64_t> model;
    struct tree tree = {nullptr};

    for (uint64_t i = 0; i < count; i++)
        items[i].key = i;
    for (uint64_t step = 0; step < harness::steps(6000); step++) {
        // The share of linked items drifts between few and many.
        uint64_t wanted = (step / 500) % 2 == 0 ? 3 : 1;
        uint64_t i = random.below(count);

        if (linked[i] && random.below(4) >= wanted) {
            tree_remove(&tree, &items[i].node);
            model.erase(i);
            linked[i] = false;
        } else if (!linked[i]) {
            insert(&tree, &items[i]);
            model.insert(i);
            linked[i] = true;
        }
        ASSERT_NO_FATAL_FAILURE(check(&tree, model));
    }
}

TEST(Tree, ValidSeesWhatIsWrong)
{
    struct item items[3];
    struct tree tree = {nullptr};

    for (uint64_t i = 0; i < 3; i++) {
        items[i].key = i;
        insert(&tree, &items[i]);
    }
    ASSERT_TRUE(tree_is_valid(&tree));
    tree.root->height++;
    EXPECT_FALSE(tree_is_valid(&tree));
    tree.root->height--;
    tree.root->child[0]->parent = tree.root->child[1];
    EXPECT_FALSE(tree_is_valid(&tree));
    tree.root->child[0]->parent = tree.root;
    tree.root->parent = tree.root->child[0];
    EXPECT_FALSE(tree_is_valid(&tree));
}

CHILD(TreeInsertAtTakenPlace)
{
    struct item items[3] = {};
    struct tree tree = {nullptr};

    insert(&tree, &items[0]);
    tree_insert(&tree, &items[1].node, &items[0].node, 0);
    tree_insert(&tree, &items[2].node, &items[0].node, 0);
}

CHILD(TreeRemoveTwice)
{
    struct item items[2] = {};
    struct tree tree = {nullptr};

    insert(&tree, &items[0]);
    items[1].key = 1;
    insert(&tree, &items[1]);
    tree_remove(&tree, &items[1].node);
    tree_remove(&tree, &items[1].node);
}

TEST(Tree, MisusePanics)
{
    EXPECT_PANIC(TreeInsertAtTakenPlace, "child[side]");
    EXPECT_PANIC(TreeRemoveTwice, "height > 0");
}
