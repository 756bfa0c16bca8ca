/* SPDX-License-Identifier: BSD-3-Clause */
/* See checkpoint_file.h. */
#include "checkpoint_file.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* Ends the open section: its size is known now. */
static void section_end(struct checkpoint_writer *writer)
{
	struct checkpoint_section last;

	if (!writer->sections || writer->table.failed)
		return;
	uint8_t *entry = writer->table.data + writer->table.size - sizeof(last);
	memcpy(&last, entry, sizeof(last));
	last.size = writer->data.size - writer->start;
	memcpy(entry, &last, sizeof(last));
}

struct blob *checkpoint_section_begin(struct checkpoint_writer *writer, enum checkpoint_type type,
				      uint32_t index)
{
	section_end(writer);
	struct checkpoint_section section = {
		.type = type, .index = index, .offset = writer->data.size};
	blob_put(&writer->table, &section, sizeof(section));
	writer->start = writer->data.size;
	writer->sections++;
	return &writer->data;
}

/* Offsets so far are those in the data. */
static void move_sections(uint8_t *table, uint32_t count, uint64_t by)
{
	for (uint32_t i = 0; i < count; i++) {
		struct checkpoint_section section;
		uint8_t *entry = table + i * sizeof(section);

		memcpy(&section, entry, sizeof(section));
		section.offset += by;
		memcpy(entry, &section, sizeof(section));
	}
}

static uint64_t file_checksum(struct checkpoint_header header, const void *rest, size_t size)
{
	header.checksum = 0;
	return blob_checksum(blob_checksum(0, &header, sizeof(header)), rest, size);
}

int checkpoint_writer_finish(struct checkpoint_writer *writer, struct blob *out)
{
	struct checkpoint_header header = {.magic = CHECKPOINT_MAGIC,
					   .version = CHECKPOINT_VERSION,
					   .sections = writer->sections};

	section_end(writer);
	if (writer->table.failed || writer->data.failed)
		return -ENOMEM;
	header.file_size = sizeof(header) + writer->table.size + writer->data.size;
	move_sections(writer->table.data, writer->sections, sizeof(header) + writer->table.size);
	blob_put(out, &header, sizeof(header));
	blob_put(out, writer->table.data, writer->table.size);
	blob_put(out, writer->data.data, writer->data.size);
	if (out->failed)
		return -ENOMEM;
	header.checksum =
		file_checksum(header, out->data + sizeof(header), out->size - sizeof(header));
	memcpy(out->data, &header, sizeof(header));
	return 0;
}

void checkpoint_writer_destroy(struct checkpoint_writer *writer)
{
	blob_destroy(&writer->table);
	blob_destroy(&writer->data);
}

static struct checkpoint_section section_at(const struct checkpoint_reader *reader, uint32_t number)
{
	struct checkpoint_section section;

	memcpy(&section, reader->data + sizeof(struct checkpoint_header) + number * sizeof(section),
	       sizeof(section));
	return section;
}

static bool section_fits(const struct checkpoint_section *section, uint64_t start, uint64_t size)
{
	return section->type && section->type < CHECKPOINT_TYPES && section->offset >= start &&
	       section->offset <= size && section->size <= size - section->offset;
}

int checkpoint_reader_open(struct checkpoint_reader *reader, const void *data, size_t size,
			   const char **reason)
{
	struct checkpoint_header header = {0};

	*reader = (struct checkpoint_reader){.data = data};
	memcpy(&header, data, size < sizeof(header) ? size : sizeof(header));
	*reason = "is no checkpoint";
	if (size < sizeof(header.magic) || header.magic != CHECKPOINT_MAGIC)
		return -EINVAL;
	*reason = "is cut off";
	if (size < sizeof(header))
		return -EINVAL;
	*reason = "is of another version";
	if (header.version != CHECKPOINT_VERSION)
		return -EINVAL;
	*reason = header.file_size > size ? "is cut off" : "has been changed";
	if (header.file_size != size || header.sections > CHECKPOINT_SECTIONS_MAX ||
	    size - sizeof(header) < header.sections * sizeof(struct checkpoint_section))
		return -EINVAL;
	if (header.checksum !=
	    file_checksum(header, (const uint8_t *)data + sizeof(header), size - sizeof(header)))
		return -EINVAL;
	*reason = "is not valid";
	reader->sections = header.sections;
	uint64_t start = sizeof(header) + header.sections * sizeof(struct checkpoint_section);
	for (uint32_t i = 0; i < header.sections; i++) {
		struct checkpoint_section section = section_at(reader, i);
		if (!section_fits(&section, start, size))
			return -EINVAL;
	}
	return 0;
}

bool checkpoint_reader_find(const struct checkpoint_reader *reader, enum checkpoint_type type,
			    uint32_t index, struct blob_reader *section)
{
	for (uint32_t i = 0; i < reader->sections; i++) {
		struct checkpoint_section found = section_at(reader, i);
		if (found.type != (uint32_t)type || found.index != index)
			continue;
		*section = (struct blob_reader){.at = reader->data + found.offset,
						.left = (size_t)found.size};
		return true;
	}
	*section = (struct blob_reader){.failed = true};
	return false;
}
