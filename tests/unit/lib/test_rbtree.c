/* SPDX-License-Identifier: BSD-3-Clause */
/* Red-black tree: random insertions and removals; after each the rules of the tree, the order, and
 * the value summed up per subtree are checked against the set of keys. */
#include <lib/rbtree.h>

#include "../common/unit.h"

#define KEYS 300u

struct item {
	struct rb_node node;
	unsigned key;
	uint64_t sum; /* of all keys in the subtree */
	bool present;
};

static struct item items[KEYS];

static struct item *item_of(struct rb_node *node)
{
	return rb_entry(node, struct item, node);
}

static uint64_t sum_of(struct rb_node *node)
{
	return node ? item_of(node)->sum : 0;
}

static void update(struct rb_node *node)
{
	item_of(node)->sum =
		item_of(node)->key + sum_of(node->child[RB_LEFT]) + sum_of(node->child[RB_RIGHT]);
}

static bool less(const struct rb_node *a, const struct rb_node *b)
{
	return container_of(a, struct item, node)->key < container_of(b, struct item, node)->key;
}

/* The number of black nodes on every way down. */
static unsigned check_node(struct rb_node *node, struct rb_node *parent)
{
	unsigned left, right;
	uint64_t sum;

	if (!node)
		return 1;
	CHECK(node->parent == parent);
	if (node->red)
		CHECK(parent && !parent->red);
	left = check_node(node->child[RB_LEFT], node);
	right = check_node(node->child[RB_RIGHT], node);
	CHECK_EQ(left, right);
	sum = item_of(node)->sum;
	update(node);
	CHECK_EQ(item_of(node)->sum, sum);
	return left + !node->red;
}

static void check_order(const struct rb_tree *tree)
{
	struct rb_node *node = rb_first(tree), *back = rb_last(tree);

	for (unsigned key = 0; key < KEYS; key++) {
		if (!items[key].present)
			continue;
		CHECK(node && item_of(node)->key == key);
		node = rb_next(node);
	}
	CHECK(!node);
	for (unsigned key = KEYS; key-- > 0;) {
		if (!items[key].present)
			continue;
		CHECK(back && item_of(back)->key == key);
		back = rb_prev(back);
	}
	CHECK(!back);
}

static void toggle(struct rb_tree *tree, unsigned key)
{
	struct item *item = &items[key];

	if (item->present)
		rb_erase(tree, &item->node);
	else
		rb_insert(tree, &item->node, less);
	item->present = !item->present;
	check_node(tree->root, NULL);
	check_order(tree);
}

int main(void)
{
	struct rb_tree tree = {.update = update}, plain = {0};

	for (unsigned key = 0; key < KEYS; key++)
		items[key].key = key;
	CHECK(rb_empty(&tree) && !rb_first(&tree) && !rb_last(&tree));
	for (unsigned i = 0; i < 8000; i++)
		toggle(&tree, (unsigned)unit_below(KEYS));
	for (unsigned key = 0; key < KEYS; key++) { /* ascending and descending */
		if (!items[key].present)
			toggle(&tree, key);
	}
	for (unsigned key = KEYS; key-- > 0;)
		toggle(&tree, key);
	CHECK(rb_empty(&tree));
	for (unsigned key = 0; key < KEYS; key++)
		rb_insert(&plain, &items[key].node, less);
	for (unsigned key = 0; key < KEYS; key++)
		items[key].present = true;
	check_order(&plain);
	return 0;
}
