/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * A guest that calls the real host call server in the same process: requests go in as the kernel
 * would send them, replies are kept. A call that waits is served like the proxy does it.
 */
#ifndef TEST_GUEST_H
#define TEST_GUEST_H

#include <common/hostcall_server.h>
#include <common/mount_rules.h>

struct guest_reply {
	bool arrived;
	struct hc_reply head;
	uint8_t *payload; /* HC_DATA_MAX bytes */
	size_t size;
};

#define GUEST_TAGS 64u

struct guest {
	struct hostcall_server server;
	struct file_server files;
	struct hostcall_identity identity;
	struct mount_table mounts;
	struct guest_mem mem;
	uint8_t *out;
	uint32_t next_tag;
	struct guest_reply replies[GUEST_TAGS]; /* by tag modulo GUEST_TAGS */
	unsigned events;
	uint64_t last_event;
};

/*
 * A greeted guest. MOUNTS must be filled. STD: descriptors for handles 0 to 2, taken over (NULL:
 * three times /dev/null).
 */
void guest_start(struct guest *guest, const int *std);
void guest_stop(struct guest *guest);

/* Sends a request; its tag. */
uint32_t guest_send(struct guest *guest, const struct hc_request *request, const void *payload,
		    size_t size);
/* Lets waiting calls go on for up to TIMEOUT_MS; true when the reply to TAG is there. */
bool guest_wait(struct guest *guest, uint32_t tag, int timeout_ms);
/* Result of the reply to TAG, which must be there. */
int64_t guest_result(struct guest *guest, uint32_t tag);
/* The reply to TAG. */
struct guest_reply *guest_reply(struct guest *guest, uint32_t tag);

/* One call from request to reply (10 s at most). */
struct guest_reply *guest_call(struct guest *guest, uint16_t op, uint32_t handle,
			       const uint64_t *arg, const void *payload, size_t size);

/* Short forms; the result of the reply. */
int64_t guest_open(struct guest *guest, const char *path, int flags, unsigned mode);
int64_t guest_close(struct guest *guest, uint32_t handle);
int64_t guest_read(struct guest *guest, uint32_t handle, void *data, size_t size);
int64_t guest_write(struct guest *guest, uint32_t handle, const void *data, size_t size);
/* A call with one path. */
int64_t guest_path(struct guest *guest, uint16_t op, const char *path, uint64_t arg0, uint64_t arg1,
		   uint64_t arg2);
/* A call with two. */
int64_t guest_two_paths(struct guest *guest, uint16_t op, const char *first, const char *second,
			uint64_t arg0);
/* A call on a handle without payload. */
int64_t guest_handle(struct guest *guest, uint16_t op, uint32_t handle, uint64_t arg0,
		     uint64_t arg1, uint64_t arg2);

/* Makes an empty directory below the build folder or /tmp; its real path (static per call). */
char *make_work_dir(void);
/* Removes it with all that it holds. */
void remove_work_dir(char *path);

#endif /* TEST_GUEST_H */
