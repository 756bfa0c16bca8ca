/* SPDX-License-Identifier: BSD-3-Clause */
/* What the guest finds in its memory; images that must be refused; which registers it may use. */
#include "uhyve/boot.h"

#include "check.h"

#include <abi/boot_info.h>
#include <abi/ring.h>
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define MEMORY (8ull << 20)

static int file_with(const void *data, size_t size)
{
	int fd = memfd_create("image", 0);

	CHECK(fd >= 0);
	CHECK_EQ(write(fd, data, size), (ssize_t)size);
	return fd;
}

static struct elf_image image_of(uint64_t paddr, uint64_t filesz, uint64_t memsz)
{
	return (struct elf_image){
		.size = filesz,
		.phnum = 1,
		.phdr = {{.p_type = PT_LOAD,
			  .p_paddr = paddr,
			  .p_filesz = filesz,
			  .p_memsz = memsz}},
		.note = {.entry64 = paddr},
	};
}

static int load(const struct elf_image *image, size_t file_size)
{
	static const uint8_t bytes[256] = {1, 2, 3};
	struct uhyve_error error = {""};
	struct guest_mem mem;
	int fd = file_with(bytes, file_size);

	CHECK_EQ(guest_mem_create(&mem, MEMORY, BOOT_LOW_MEMORY_MAX), 0);
	int err = boot_load_image(&mem, fd, image, &error);
	CHECK((err == 0) == (error.text[0] == '\0'));
	if (!err)
		CHECK_EQ(memcmp(mem.base + image->phdr[0].p_paddr, bytes, file_size), 0);
	guest_mem_destroy(&mem);
	close(fd);
	return err;
}

static void test_load(void)
{
	struct elf_image image = image_of(0x100000, 256, 0x1000);

	CHECK_EQ(load(&image, 256), 0);
	image = image_of(MEMORY - 256, 256, 256);
	CHECK_EQ(load(&image, 256), 0);
	image = image_of(MEMORY - 256, 256, 257); /* over the end */
	CHECK_EQ(load(&image, 256), -ENOEXEC);
	image = image_of(UINT64_MAX - 255, 256, 256);
	CHECK_EQ(load(&image, 256), -ENOEXEC);
	image = image_of(BOOT_INFO_ADDRESS, 256, 256); /* over what the host has to say */
	CHECK_EQ(load(&image, 256), -ENOEXEC);
	image = image_of(0x100000, 256, 256); /* the file has become shorter */
	CHECK_EQ(load(&image, 100), -ENOEXEC);
	image = image_of(0x100000, 256, 256);
	image.note.entry64 = 0x100100; /* behind the segment */
	CHECK_EQ(load(&image, 256), -ENOEXEC);
	image = image_of(0x100000, 256, 0x1000);
	image.phnum = 2;
	image.phdr[1] = image.phdr[0];
	image.phdr[1].p_paddr = 0x100fff;
	CHECK_EQ(load(&image, 256), -ENOEXEC);
}

static void check_info(uint64_t size, unsigned ranges, uint64_t high)
{
	struct elf_image image = image_of(0x100000, 256, 256);
	struct boot_config config = {.cpus = 3, .tsc_hz = 2000000000};
	struct uhyve_error error;
	struct cpu_start start;
	struct guest_mem mem;

	CHECK_EQ(guest_mem_create(&mem, size, BOOT_LOW_MEMORY_MAX), 0);
	CHECK_EQ(boot_describe(&mem, &image, &config, &start, &error), 0);
	const struct boot_info *info = guest_mem_at(&mem, start.argument, sizeof(*info));
	CHECK_EQ(info->magic, BOOT_INFO_MAGIC);
	CHECK_EQ(info->mem_count, ranges);
	CHECK_EQ(info->mem[0].size + (ranges > 1 ? info->mem[1].size : 0), size);
	if (ranges > 1)
		CHECK_EQ(info->mem[1].start, 1ull << 32);
	CHECK_EQ(ranges > 1 ? info->mem[1].size : 0, high);
	CHECK_EQ(info->cpu_count, 3);
	CHECK_EQ(info->cpu_apic_id[2], 2);
	CHECK_EQ(strcmp(guest_mem_at(&mem, info->cmdline, 64), "hermit.cpus=3"), 0);
	CHECK(info->channel_base + info->channel_size <= BOOT_IMAGE_MIN);
	guest_mem_destroy(&mem);
}

static void test_info(void)
{
	check_info(MEMORY + 4096, 1, 0);
	check_info(3ull << 30, 1, 0);
	check_info((3ull << 30) + 4096, 2, 4096);
	check_info(5ull << 30, 2, 2ull << 30);
}

static void test_tiny_memory(void)
{
	struct elf_image image = image_of(0x100000, 256, 256);
	struct boot_config config = {.cpus = 1};
	struct uhyve_error error;
	struct cpu_start start;
	struct guest_mem mem;

	CHECK_EQ(guest_mem_create(&mem, 0x11000, BOOT_LOW_MEMORY_MAX), 0);
	CHECK_EQ(boot_describe(&mem, &image, &config, &start, &error), -ENOMEM);
	guest_mem_destroy(&mem);
}

/* Is access to MSR granted? */
static bool granted(const struct kvm_msr_filter *filter, uint32_t msr)
{
	for (unsigned i = 0; i < KVM_MSR_FILTER_MAX_RANGES; i++) {
		const struct kvm_msr_filter_range *range = &filter->ranges[i];
		uint32_t bit = msr - range->base;
		if (bit < range->nmsrs)
			return range->bitmap[bit / 8] >> bit % 8 & 1;
	}
	return false;
}

static void test_filter(void)
{
	struct kvm_msr_filter filter;

	cpu_msr_filter(&filter);
	CHECK_EQ(filter.flags, KVM_MSR_FILTER_DEFAULT_DENY);
	CHECK(granted(&filter, 0x10) && granted(&filter, 0x6e0) && granted(&filter, 0xc0000100));
	CHECK(!granted(&filter, 0x11) && !granted(&filter, 0xc1) && !granted(&filter, 0x480));
	CHECK(!granted(&filter, 0xc0010015) && !granted(&filter, 0x4b564d02));
}

int main(void)
{
	test_load();
	test_info();
	test_tiny_memory();
	test_filter();
	return 0;
}
