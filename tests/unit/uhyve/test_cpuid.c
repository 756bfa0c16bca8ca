/* SPDX-License-Identifier: BSD-3-Clause */
/* Which processors a checkpoint can go on with: those that lack no feature that its guest has seen.
 */
#include "uhyve/cpu_checkpoint.h"

#include "check.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct kvm_cpuid2 *make(const struct kvm_cpuid_entry2 *entries, uint32_t count)
{
	struct kvm_cpuid2 *cpuid = calloc(1, sizeof(*cpuid) + count * sizeof(*entries));

	CHECK(cpuid);
	cpuid->nent = count;
	memcpy(cpuid->entries, entries, count * sizeof(*entries));
	return cpuid;
}

/* May what has seen SAVED go on with NOW? */
static int check(const struct kvm_cpuid_entry2 *saved, const struct kvm_cpuid_entry2 *now)
{
	struct kvm_cpuid2 *then = make(saved, 1), *here = make(now, 1);
	struct uhyve_error error;
	struct blob blob = {0};

	cpu_checkpoint_save_cpuid(then, &blob);
	struct blob_reader in = {.at = blob.data, .left = blob.size};
	int err = cpu_checkpoint_check_cpuid(here, &in, &error);
	blob_destroy(&blob);
	free(then);
	free(here);
	return err;
}

/* WITH differs from WITHOUT by a feature. */
static void check_feature(struct kvm_cpuid_entry2 with, struct kvm_cpuid_entry2 without)
{
	CHECK_EQ(check(&with, &with), 0);
	CHECK_EQ(check(&without, &with), 0);
	CHECK_EQ(check(&with, &without), -ENOTSUP);
}

#define LEAF(number, part, ...)                                                                    \
	(struct kvm_cpuid_entry2)                                                                  \
	{                                                                                          \
		.function = number, .index = part, __VA_ARGS__                                     \
	}

static void test_features(void)
{
	check_feature(LEAF(1, 0, .ecx = 1u << 28), LEAF(1, 0, .ecx = 0));
	check_feature(LEAF(1, 0, .edx = 1u << 26), LEAF(1, 0, .edx = 0));
	check_feature(LEAF(7, 0, .ebx = 1u << 5), LEAF(7, 0, .ebx = 0));
	check_feature(LEAF(7, 0, .ecx = 1u << 27), LEAF(7, 0, .ecx = 0)); /* MOVDIRI */
	check_feature(LEAF(7, 1, .eax = 1u << 4), LEAF(7, 1, .eax = 0));  /* AVX-VNNI */
	check_feature(LEAF(0xd, 0, .eax = 7), LEAF(0xd, 0, .eax = 3));
	check_feature(LEAF(0xd, 1, .eax = 1), LEAF(0xd, 1, .eax = 0)); /* XSAVEOPT */
	check_feature(LEAF(0x80000001u, 0, .ecx = 1u << 5), LEAF(0x80000001u, 0, .ecx = 0));
}

/* What is no feature, or changes as the guest runs. */
static void test_others(void)
{
	CHECK_EQ(check(&LEAF(1, 0, .ecx = 1u << 27, .ebx = 9), &LEAF(1, 0, .ecx = 0)), 0);
	CHECK_EQ(check(&LEAF(7, 0, .eax = 2), &LEAF(7, 0, .eax = 1)), 0);
	CHECK_EQ(check(&LEAF(0xd, 0, .ebx = 832), &LEAF(0xd, 0, .ebx = 576)), 0);
	CHECK_EQ(check(&LEAF(0x16, 0, .eax = 3000), &LEAF(0x16, 0, .eax = 2000)), 0);
}

/* Vector registers have their places. */
static void test_places(void)
{
	CHECK_EQ(
		check(&LEAF(0xd, 2, .eax = 256, .ebx = 576), &LEAF(0xd, 2, .eax = 256, .ebx = 576)),
		0);
	CHECK_EQ(
		check(&LEAF(0xd, 2, .eax = 256, .ebx = 576), &LEAF(0xd, 2, .eax = 256, .ebx = 640)),
		-ENOTSUP);
	CHECK_EQ(check(&LEAF(0xd, 2, .eax = 256), &LEAF(0xd, 3, .eax = 256)), -ENOTSUP);
}

int main(void)
{
	test_features();
	test_others();
	test_places();
	return 0;
}
