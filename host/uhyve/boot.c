/* SPDX-License-Identifier: BSD-3-Clause */
/* See boot.h. */
#include "boot.h"

#include "channel.h"
#include "virtio_mmio.h"

#include <abi/boot_info.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(BOOT_INFO_ADDRESS + sizeof(struct boot_info) <= BOOT_CMDLINE_ADDRESS, "layout");
_Static_assert(BOOT_TABLES_ADDRESS + CPU_TABLES_SIZE <= BOOT_CLOCK_ADDRESS, "layout");
_Static_assert(BOOT_CHANNEL_ADDRESS + HC_SHM_RING_MIN + 2 * BOOT_CHANNEL_RING <= BOOT_IMAGE_MIN,
	       "layout");

static int read_fully(int fd, uint8_t *to, uint64_t size, uint64_t offset)
{
	while (size > 0) {
		ssize_t got = pread(fd, to, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			return -ENOEXEC; /* it has become shorter */
		to += got;
		size -= (uint64_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static int load_segment(const struct guest_mem *mem, int fd, const Elf64_Phdr *segment,
			struct uhyve_error *error)
{
	uint8_t *to = guest_mem_at(mem, segment->p_paddr, segment->p_memsz);

	if (segment->p_paddr < BOOT_IMAGE_MIN)
		return uhyve_fail(error, -ENOEXEC, "a segment of the image lies below 1 MiB");
	if (!to)
		return uhyve_fail(error, -ENOEXEC,
				  "a segment of the image lies outside of the memory");
	/* The rest of it is zero: nothing has been written there. */
	int err = read_fully(fd, to, segment->p_filesz, segment->p_offset);
	return err ? uhyve_fail(error, err, "the image cannot be read: %s", strerror(-err)) : 0;
}

static bool segments_overlap(const Elf64_Phdr *a, const Elf64_Phdr *b)
{
	return a->p_memsz && b->p_memsz && a->p_paddr < b->p_paddr + b->p_memsz &&
	       b->p_paddr < a->p_paddr + a->p_memsz;
}

/* Does segment NUMBER overlap one before it? Its memory must still be zero. */
static bool overlaps_earlier(const struct elf_image *image, uint32_t number)
{
	for (uint32_t i = 0; i < number; i++)
		if (image->phdr[i].p_type == PT_LOAD &&
		    segments_overlap(&image->phdr[i], &image->phdr[number]))
			return true;
	return false;
}

int boot_load_image(const struct guest_mem *mem, int fd, const struct elf_image *image,
		    struct uhyve_error *error)
{
	int err = 0;

	for (uint32_t i = 0; i < image->phnum && !err; i++) {
		if (image->phdr[i].p_type != PT_LOAD || image->phdr[i].p_memsz == 0)
			continue;
		if (overlaps_earlier(image, i))
			return uhyve_fail(error, -ENOEXEC, "segments of the image overlap");
		err = load_segment(mem, fd, &image->phdr[i], error);
	}
	if (!err && !elf_image_is_loaded(image, image->note.entry64))
		return uhyve_fail(error, -ENOEXEC, "the image's 64-bit entry is in no segment");
	return err;
}

static void describe_memory(struct boot_info *info, const struct guest_mem *mem)
{
	for (unsigned i = 0; i < mem->range_count; i++)
		info->mem[info->mem_count++] = (struct boot_mem){
			.start = mem->range[i].gpa,
			.size = mem->range[i].size,
			.type = BOOT_MEM_RAM,
			.flags = BOOT_MEM_ZEROED,
		};
}

static void describe_rest(char *cmdline, const struct boot_config *config)
{
	char card[64] = "";

	if (config->net)
		snprintf(card, sizeof(card), " virtio_mmio.device=%u@0x%x:%u", VIRTIO_MMIO_SIZE,
			 BOOT_NET_ADDRESS, BOOT_NET_IRQ);
	snprintf(cmdline, BOOT_CMDLINE_SIZE, "hermit.cpus=%u%s%s%s", config->cpus,
		 config->verbose ? " hermit.verbose=1" : "", card,
		 config->parameters ? config->parameters : "");
}

int boot_describe(const struct guest_mem *mem, const struct elf_image *image,
		  const struct boot_config *config, struct cpu_start *start,
		  struct uhyve_error *error)
{
	/* All of it lies below the image, which is in memory. */
	struct boot_info *info = guest_mem_at(mem, BOOT_INFO_ADDRESS, sizeof(*info));
	uint8_t *tables = guest_mem_at(mem, BOOT_TABLES_ADDRESS, CPU_TABLES_SIZE);
	char *cmdline = guest_mem_at(mem, BOOT_CMDLINE_ADDRESS, BOOT_CMDLINE_SIZE);

	if (!info || !tables || !cmdline)
		return uhyve_fail(error, -ENOMEM, "too little memory");
	*info = (struct boot_info){
		.magic = BOOT_INFO_MAGIC,
		.version = BOOT_INFO_VERSION,
		.platform = BOOT_PLATFORM_UHYVE,
		.cpu_count = config->cpus,
		.cmdline = BOOT_CMDLINE_ADDRESS,
		.tsc_hz = config->tsc_hz,
		.kvmclock = BOOT_CLOCK_ADDRESS,
		.console = BOOT_CONSOLE_PORT,
		.console_base = BOOT_CONSOLE_PORT_IO,
		.channel = BOOT_CHANNEL_SHM,
		.channel_base = BOOT_CHANNEL_ADDRESS,
		.channel_size = channel_memory_size(BOOT_CHANNEL_RING),
		.channel_irq = BOOT_CHANNEL_IRQ,
	};
	describe_memory(info, mem);
	for (uint32_t i = 0; i < config->cpus; i++)
		info->cpu_apic_id[i] = i;
	describe_rest(cmdline, config);
	cpu_start_tables(tables, BOOT_TABLES_ADDRESS);
	*start = (struct cpu_start){.entry = image->note.entry64,
				    .argument = BOOT_INFO_ADDRESS,
				    .tables = BOOT_TABLES_ADDRESS,
				    .clock_page = BOOT_CLOCK_ADDRESS};
	return 0;
}
