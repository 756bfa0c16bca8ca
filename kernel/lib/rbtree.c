/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Red-black tree. Rules: the root is black; a red node has black children; every way from a node
 * down to a missing child passes the same number of black nodes. Left and right cases are one code,
 * with the side as an index.
 */
#include <lib/assert.h>
#include <lib/rbtree.h>

static bool is_red(const struct rb_node *node)
{
	return node && node->red;
}

static enum rb_side side_of(const struct rb_node *node)
{
	return node->parent->child[RB_RIGHT] == node ? RB_RIGHT : RB_LEFT;
}

/* Puts NEW (may be NULL) where OLD hangs below PARENT. */
static void replace_child(struct rb_tree *tree, struct rb_node *parent, const struct rb_node *old,
			  struct rb_node *new)
{
	if (!parent)
		tree->root = new;
	else
		parent->child[parent->child[RB_RIGHT] == old] = new;
	if (new)
		new->parent = parent;
}

/* NODE goes down to SIDE, its child on the other side takes its place. */
static void rotate(struct rb_tree *tree, struct rb_node *node, enum rb_side side)
{
	struct rb_node *up = node->child[!side];
	struct rb_node *inner = up->child[side];

	replace_child(tree, node->parent, node, up);
	node->child[!side] = inner;
	if (inner)
		inner->parent = node;
	up->child[side] = node;
	node->parent = up;
	if (tree->update) {
		tree->update(node);
		tree->update(up);
	}
}

void rb_update(struct rb_tree *tree, struct rb_node *node)
{
	if (!tree->update)
		return;
	for (; node; node = node->parent)
		tree->update(node);
}

/* NODE is red; repairs a red parent. */
static void insert_rebalance(struct rb_tree *tree, struct rb_node *node)
{
	while (is_red(node->parent)) {
		struct rb_node *parent = node->parent, *grand = parent->parent;
		enum rb_side side = side_of(parent);
		struct rb_node *uncle = grand->child[!side];

		if (is_red(uncle)) {
			parent->red = uncle->red = false;
			grand->red = true;
			node = grand;
			continue;
		}
		if (side_of(node) != side) {
			rotate(tree, parent, side);
			parent = node;
		}
		parent->red = false;
		grand->red = true;
		rotate(tree, grand, !side);
		break;
	}
	tree->root->red = false;
}

void rb_link(struct rb_tree *tree, struct rb_node *node, struct rb_node *parent, enum rb_side side)
{
	node->parent = parent;
	node->child[RB_LEFT] = node->child[RB_RIGHT] = NULL;
	node->red = true;
	if (parent) {
		ASSERT(!parent->child[side]);
		parent->child[side] = node;
	} else {
		ASSERT(!tree->root);
		tree->root = node;
	}
	rb_update(tree, node);
	insert_rebalance(tree, node);
}

void rb_insert(struct rb_tree *tree, struct rb_node *node,
	       bool (*less)(const struct rb_node *a, const struct rb_node *b))
{
	struct rb_node *parent = NULL, *at = tree->root;
	enum rb_side side = RB_LEFT;

	while (at) {
		parent = at;
		side = less(node, at) ? RB_LEFT : RB_RIGHT;
		at = at->child[side];
	}
	rb_link(tree, node, parent, side);
}

/* The subtree on SIDE of PARENT has one black node too few on every way. */
static void erase_rebalance(struct rb_tree *tree, struct rb_node *parent, enum rb_side side)
{
	struct rb_node *node = NULL;

	while (parent && !is_red(node)) {
		struct rb_node *sibling = parent->child[!side];

		if (is_red(sibling)) {
			sibling->red = false;
			parent->red = true;
			rotate(tree, parent, side);
			sibling = parent->child[!side];
		}
		if (!is_red(sibling->child[RB_LEFT]) && !is_red(sibling->child[RB_RIGHT])) {
			sibling->red = true;
			node = parent;
			parent = node->parent;
			if (parent)
				side = side_of(node);
			continue;
		}
		if (!is_red(sibling->child[!side])) {
			sibling->child[side]->red = false;
			sibling->red = true;
			rotate(tree, sibling, !side);
			sibling = parent->child[!side];
		}
		sibling->red = parent->red;
		parent->red = false;
		sibling->child[!side]->red = false;
		rotate(tree, parent, side);
		return;
	}
	if (node)
		node->red = false;
}

/* NODE has two children: its successor takes its place and colour, and NODE the successor's, so
 * that NODE has at most one child (the right one). */
static void swap_with_successor(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *next = node->child[RB_RIGHT], *next_parent, *next_right;
	bool red;

	while (next->child[RB_LEFT])
		next = next->child[RB_LEFT];
	next_parent = next->parent;
	next_right = next->child[RB_RIGHT];
	red = next->red;

	replace_child(tree, node->parent, node, next);
	next->red = node->red;
	next->child[RB_LEFT] = node->child[RB_LEFT];
	next->child[RB_LEFT]->parent = next;
	if (next_parent == node) {
		next->child[RB_RIGHT] = node;
		node->parent = next;
	} else {
		next->child[RB_RIGHT] = node->child[RB_RIGHT];
		next->child[RB_RIGHT]->parent = next;
		next_parent->child[RB_LEFT] = node;
		node->parent = next_parent;
	}
	node->red = red;
	node->child[RB_LEFT] = NULL;
	node->child[RB_RIGHT] = next_right;
	if (next_right)
		next_right->parent = node;
}

void rb_erase(struct rb_tree *tree, struct rb_node *node)
{
	struct rb_node *child, *parent;
	enum rb_side side = RB_LEFT;

	if (node->child[RB_LEFT] && node->child[RB_RIGHT])
		swap_with_successor(tree, node);
	child = node->child[RB_LEFT] ? node->child[RB_LEFT] : node->child[RB_RIGHT];
	parent = node->parent;
	if (parent)
		side = side_of(node);
	replace_child(tree, parent, node, child);
	rb_update(tree, parent);
	if (child)
		child->red = false; /* an only child is red */
	else if (!node->red)
		erase_rebalance(tree, parent, side);
	node->parent = node->child[RB_LEFT] = node->child[RB_RIGHT] = NULL;
}

static struct rb_node *outermost(struct rb_node *node, enum rb_side side)
{
	while (node && node->child[side])
		node = node->child[side];
	return node;
}

static struct rb_node *neighbour(const struct rb_node *node, enum rb_side side)
{
	if (node->child[side])
		return outermost(node->child[side], !side);
	while (node->parent && side_of(node) == side)
		node = node->parent;
	return node->parent;
}

struct rb_node *rb_first(const struct rb_tree *tree)
{
	return outermost(tree->root, RB_LEFT);
}

struct rb_node *rb_last(const struct rb_tree *tree)
{
	return outermost(tree->root, RB_RIGHT);
}

struct rb_node *rb_next(const struct rb_node *node)
{
	return neighbour(node, RB_RIGHT);
}

struct rb_node *rb_prev(const struct rb_node *node)
{
	return neighbour(node, RB_LEFT);
}
