/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Intrusive red-black tree (Guibas and Sedgewick, 1978). Insertion, removal and the steps to the
 * neighbour are O(log n). The caller locks. All zero is the empty tree.
 *
 * To look something up, walk from tree->root through child[RB_LEFT] and child[RB_RIGHT]. To insert,
 * remember the last node of that walk and the side, and call rb_link(); or use rb_insert() with a
 * comparison.
 *
 * A tree may carry a value per node that sums up the node's subtree (say, the largest gap in it):
 * tree->update(node) computes it from the node and its children and is called whenever those may
 * have changed, children first. After a change of a node's own data call rb_update().
 */
#ifndef LIB_RBTREE_H
#define LIB_RBTREE_H

#include <lib/compiler.h>

enum rb_side { RB_LEFT, RB_RIGHT };

struct rb_node {
	struct rb_node *parent; /* NULL: the root */
	struct rb_node *child[2];
	bool red;
};

struct rb_tree {
	struct rb_node *root;
	void (*update)(struct rb_node *node); /* or NULL */
};

/* Makes NODE the child of PARENT (NULL: the root of an empty tree) on SIDE, which must be free, and
 * rebalances. */
void rb_link(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent, enum rb_side side);

/* Inserts NODE in the order of LESS; behind its equals. */
void rb_insert(struct rb_tree *tree, struct rb_node *node,
	       bool (*less)(const struct rb_node *a, const struct rb_node *b));

/* Takes NODE, which must be in TREE, out. */
void rb_erase(struct rb_tree *tree, struct rb_node *node);

/* The data of NODE has changed: updates it and all nodes above it. */
void rb_update(struct rb_tree *tree, struct rb_node *node);

/* The first or last node, the next or previous one in order; NULL where there is none. */
struct rb_node *rb_first(const struct rb_tree *tree);
struct rb_node *rb_last(const struct rb_tree *tree);
struct rb_node *rb_next(const struct rb_node *node);
struct rb_node *rb_prev(const struct rb_node *node);

static inline bool rb_empty(const struct rb_tree *tree)
{
	return !tree->root;
}

#define rb_entry(node, type, member) container_of(node, type, member)

#endif /* LIB_RBTREE_H */
