/* SPDX-License-Identifier: Apache-2.0 */
/*
 * core/base/tree.h - balanced search tree through a field of what it holds.
 *
 * An AVL tree: the height is at most 1.45 log2(n). The caller finds the place
 * by his own key: he walks from tree->root by child[0] (smaller) and child[1]
 * (larger), and hands the parent and side to tree_insert(). The owner of the
 * tree owns its lock.
 */
#ifndef CORE_BASE_TREE_H
#define CORE_BASE_TREE_H

#include "core/base/defs.h"

struct tree_node {
    struct tree_node *parent;
    struct tree_node *child[2];
    int height; /* of the subtree; a leaf has 1 */
};

struct tree {
    struct tree_node *root;
};

C_DECLS_BEGIN

/* Links node below parent (NULL: the tree is empty) on that side, 0 or 1, which
 * must be free, and balances. */
void tree_insert(struct tree *tree, struct tree_node *node,
                 struct tree_node *parent, int side);

void tree_remove(struct tree *tree, struct tree_node *node);

/* In order; NULL past the end. */
struct tree_node *tree_first(const struct tree *tree);
struct tree_node *tree_last(const struct tree *tree);
struct tree_node *tree_next(const struct tree_node *node);
struct tree_node *tree_prev(const struct tree_node *node);

/* Is every height and parent right? For tests and checked builds. */
bool tree_is_valid(const struct tree *tree);

C_DECLS_END

#endif /* CORE_BASE_TREE_H */
