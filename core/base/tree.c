/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/tree.c - contract in tree.h.
 *
 * After a change the path from there to the root is walked until a subtree
 * has the height it had before. G. M. Adelson-Velsky and E. M. Landis, "An
 * algorithm for the organization of information", 1962.
 */
#include "core/base/tree.h"

static int height_of(const struct tree_node *node)
{
    return node != NULL ? node->height : 0;
}

static int balance_of(const struct tree_node *node)
{
    return height_of(node->child[1]) - height_of(node->child[0]);
}

static void update_height(struct tree_node *node)
{
    int left = height_of(node->child[0]), right = height_of(node->child[1]);

    node->height = 1 + (left > right ? left : right);
}

static void set_child(struct tree_node *parent, int side,
                      struct tree_node *child)
{
    parent->child[side] = child;
    if (child != NULL)
        child->parent = parent;
}

/* Puts next, perhaps NULL, in the place that node has below its parent. */
static void replace_node(struct tree *tree, const struct tree_node *node,
                         struct tree_node *next)
{
    struct tree_node *parent = node->parent;

    if (parent == NULL) {
        ASSERT(tree->root == node);
        tree->root = next;
        if (next != NULL)
            next->parent = NULL;
        return;
    }
    ASSERT(parent->child[0] == node || parent->child[1] == node);
    set_child(parent, parent->child[1] == node, next);
}

/* Lifts node's child on that side above it; returns the child. */
static struct tree_node *lift_child(struct tree *tree, struct tree_node *node,
                                    int side)
{
    struct tree_node *child = node->child[side];

    replace_node(tree, node, child);
    set_child(node, side, child->child[!side]);
    set_child(child, !side, node);
    update_height(node);
    update_height(child);
    return child;
}

/* Makes one subtree right; returns its root, perhaps another than before. */
static struct tree_node *balance_node(struct tree *tree, struct tree_node *node)
{
    int balance = balance_of(node);
    int side = balance > 0;

    ASSERT(balance >= -2 && balance <= 2);
    if (balance >= -1 && balance <= 1) {
        update_height(node);
        return node;
    }
    /* A child that leans inwards is turned first. */
    if (balance_of(node->child[side]) * balance < 0)
        (void)lift_child(tree, node->child[side], !side);
    return lift_child(tree, node, side);
}

static void balance_up(struct tree *tree, struct tree_node *node)
{
    while (node != NULL) {
        int before = node->height;

        node = balance_node(tree, node);
        if (node->height == before)
            return;
        node = node->parent;
    }
}

void tree_insert(struct tree *tree, struct tree_node *node,
                 struct tree_node *parent, int side)
{
    node->parent = parent;
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->height = 1;
    if (parent == NULL) {
        ASSERT(tree->root == NULL);
        tree->root = node;
        return;
    }
    ASSERT(side == 0 || side == 1);
    ASSERT(parent->child[side] == NULL);
    parent->child[side] = node;
    balance_up(tree, parent);
}

static struct tree_node *outermost(struct tree_node *node, int side)
{
    while (node != NULL && node->child[side] != NULL)
        node = node->child[side];
    return node;
}

/* Takes out a node that has two children: its successor gets its place. */
static void remove_inner(struct tree *tree, struct tree_node *node)
{
    struct tree_node *next = outermost(node->child[1], 0);
    struct tree_node *from = next->parent;

    ASSERT(next->child[0] == NULL);
    if (from == node) {
        from = next;
    } else {
        set_child(from, 0, next->child[1]);
        set_child(next, 1, node->child[1]);
    }
    set_child(next, 0, node->child[0]);
    next->height = node->height;
    replace_node(tree, node, next);
    balance_up(tree, from);
}

void tree_remove(struct tree *tree, struct tree_node *node)
{
    struct tree_node *parent = node->parent;

    ASSERT(node->height > 0);
    if (node->child[0] != NULL && node->child[1] != NULL) {
        remove_inner(tree, node);
    } else {
        replace_node(tree, node, node->child[node->child[0] == NULL]);
        balance_up(tree, parent);
    }
    node->parent = NULL;
    node->child[0] = NULL;
    node->child[1] = NULL;
    node->height = 0; /* in no tree */
}

struct tree_node *tree_first(const struct tree *tree)
{
    return outermost(tree->root, 0);
}

struct tree_node *tree_last(const struct tree *tree)
{
    return outermost(tree->root, 1);
}

/* The neighbour on that side: 1 the next, 0 the one before. */
static struct tree_node *neighbour(const struct tree_node *node, int side)
{
    const struct tree_node *from = node;
    struct tree_node *at;

    ASSERT(node->height > 0);
    if (node->child[side] != NULL)
        return outermost(node->child[side], !side);
    for (at = node->parent; at != NULL && at->child[side] == from;
         at = at->parent)
        from = at;
    return at;
}

struct tree_node *tree_next(const struct tree_node *node)
{
    return neighbour(node, 1);
}

struct tree_node *tree_prev(const struct tree_node *node)
{
    return neighbour(node, 0);
}

/* Goes down as far as heights descend, so a broken tree cannot hold it. */
static bool subtree_is_valid(const struct tree_node *node,
                             const struct tree_node *parent)
{
    int left, right;

    if (node == NULL)
        return true;
    left = height_of(node->child[0]);
    right = height_of(node->child[1]);
    if (node->parent != parent || left < 0 || right < 0)
        return false;
    if (left - right > 1 || right - left > 1)
        return false;
    if (node->height != 1 + (left > right ? left : right))
        return false;
    return subtree_is_valid(node->child[0], node) &&
           subtree_is_valid(node->child[1], node);
}

bool tree_is_valid(const struct tree *tree)
{
    return subtree_is_valid(tree->root, NULL);
}
