/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Overheads of OpenMP's tasks, for one task. In each body every thread has, on average, the
 * returned number of delays to execute.
 */
#include "epcc.h"

#include <omp.h>

#define TASK_DELAY_US 0.5
#define TREE_DEPTH    6
#define TREE_LEAVES   (1u << TREE_DEPTH)
#define TREE_NODES    (2u * TREE_LEAVES - 2u) /* without the root, which is no task */

static void tasks_create(const struct epcc_run *run, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
#pragma omp task
		epcc_delay(run->delay);
	}
}

static double parallel_task(const struct epcc_run *run)
{
#pragma omp parallel
	tasks_create(run, run->inner);
	return run->inner;
}

static double master_task(const struct epcc_run *run)
{
#pragma omp parallel
#pragma omp master
	tasks_create(run, run->inner * (unsigned)run->threads);
	return run->inner;
}

static double master_task_busy_slaves(const struct epcc_run *run)
{
#pragma omp parallel
	{
		if (omp_get_thread_num() == 0)
			tasks_create(run, run->inner);
		else
			epcc_reference(run);
	}
	return run->inner;
}

static double conditional_task(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp task if (run->threads < 0)
		epcc_delay(run->delay);
	}
	return run->inner;
}

static double task_wait(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp task
		epcc_delay(run->delay);
#pragma omp taskwait
	}
	return run->inner;
}

static double task_barrier(const struct epcc_run *run)
{
#pragma omp parallel
	for (unsigned i = 0; i < run->inner; i++) {
#pragma omp task
		epcc_delay(run->delay);
#pragma omp barrier
	}
	return run->inner;
}

/* A task that creates the tasks. */
static void nest_create(const struct epcc_run *run)
{
#pragma omp task
	{
		tasks_create(run, run->inner);
#pragma omp taskwait
	}
}

static double nested_task(const struct epcc_run *run)
{
#pragma omp parallel
	nest_create(run);
	return run->inner;
}

static double nested_master_task(const struct epcc_run *run)
{
#pragma omp parallel
#pragma omp master
	for (int thread = 0; thread < run->threads; thread++)
		nest_create(run);
	return run->inner;
}

/* Each node works. */
static void branch_tree(const struct epcc_run *run, int level)
{
	if (level == 0)
		return;
	for (int child = 0; child < 2; child++) {
#pragma omp task
		{
			branch_tree(run, level - 1);
			epcc_delay(run->delay);
		}
	}
#pragma omp taskwait
}

/* Only the leaves work. */
static void leaf_tree(const struct epcc_run *run, int level)
{
	if (level == 0) {
		epcc_delay(run->delay);
		return;
	}
	for (int child = 0; child < 2; child++) {
#pragma omp task
		leaf_tree(run, level - 1);
	}
#pragma omp taskwait
}

static double branch_task_tree(const struct epcc_run *run)
{
	unsigned trees = run->inner / TREE_LEAVES;

#pragma omp parallel
	for (unsigned i = 0; i < trees; i++)
		branch_tree(run, TREE_DEPTH);
	return (double)trees * TREE_NODES;
}

static double leaf_task_tree(const struct epcc_run *run)
{
	unsigned trees = run->inner / TREE_LEAVES;

#pragma omp parallel
	for (unsigned i = 0; i < trees; i++)
		leaf_tree(run, TREE_DEPTH);
	return (double)trees * TREE_LEAVES;
}

static const struct epcc_construct constructs[] = {
	{"PARALLEL TASK", parallel_task, 0},
	{"MASTER TASK", master_task, 0},
	{"MASTER TASK BUSY SLAVES", master_task_busy_slaves, 0},
	{"CONDITIONAL TASK", conditional_task, 0},
	{"TASK WAIT", task_wait, 0},
	{"TASK BARRIER", task_barrier, 0},
	{"NESTED TASK", nested_task, 0},
	{"NESTED MASTER TASK", nested_master_task, 0},
	{"BRANCH TASK TREE", branch_task_tree, 0},
	{"LEAF TASK TREE", leaf_task_tree, 0},
	{0},
};

const struct epcc_group epcc_task = {"tasks", TASK_DELAY_US, constructs};
