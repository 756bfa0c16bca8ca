/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Doubly linked intrusive list with a head node. The caller locks. An unlinked node has both
 * pointers NULL (list_remove leaves it so), so list_linked() can tell.
 */
#ifndef LIB_LIST_H
#define LIB_LIST_H

#include <lib/assert.h>
#include <lib/compiler.h>

struct list_node {
	struct list_node *next, *prev;
};

/* The head is a node that is always linked. */
struct list {
	struct list_node head;
};

#define LIST_INIT(name)                                                                            \
	{                                                                                          \
		{                                                                                  \
			&(name).head, &(name).head                                                 \
		}                                                                                  \
	}

static inline void list_init(struct list *list)
{
	list->head.next = list->head.prev = &list->head;
}

static inline bool list_empty(const struct list *list)
{
	return list->head.next == &list->head;
}

static inline bool list_linked(const struct list_node *node)
{
	return node->next != NULL;
}

static inline void list_insert_before(struct list_node *where, struct list_node *node)
{
	ASSERT(!list_linked(node));
	node->next = where;
	node->prev = where->prev;
	where->prev->next = node;
	where->prev = node;
}

static inline void list_push_back(struct list *list, struct list_node *node)
{
	list_insert_before(&list->head, node);
}

static inline void list_push_front(struct list *list, struct list_node *node)
{
	list_insert_before(list->head.next, node);
}

static inline void list_remove(struct list_node *node)
{
	ASSERT(list_linked(node));
	node->prev->next = node->next;
	node->next->prev = node->prev;
	node->next = node->prev = NULL;
}

/* First node, or NULL. */
static inline struct list_node *list_front(const struct list *list)
{
	return list_empty(list) ? NULL : list->head.next;
}

/* Takes the first node off; NULL when the list is empty. */
static inline struct list_node *list_pop_front(struct list *list)
{
	struct list_node *node = list_front(list);

	if (node)
		list_remove(node);
	return node;
}

/* Moves all nodes of FROM before those of TO. */
static inline void list_splice_front(struct list *to, struct list *from)
{
	struct list_node *first = from->head.next, *last = from->head.prev;

	if (list_empty(from))
		return;
	last->next = to->head.next;
	to->head.next->prev = last;
	to->head.next = first;
	first->prev = &to->head;
	list_init(from);
}

#define list_entry(node, type, member) container_of(node, type, member)

#define list_for_each_entry(pos, list, member)                                                     \
	for ((pos) = list_entry((list)->head.next, __typeof__(*(pos)), member);                    \
	     &(pos)->member != &(list)->head;                                                      \
	     (pos) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

/* The entry at POS may be removed in the body. */
#define list_for_each_entry_safe(pos, tmp, list, member)                                           \
	for ((pos) = list_entry((list)->head.next, __typeof__(*(pos)), member),                    \
	    (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member);                    \
	     &(pos)->member != &(list)->head;                                                      \
	     (pos) = (tmp), (tmp) = list_entry((pos)->member.next, __typeof__(*(pos)), member))

#endif /* LIB_LIST_H */
