/* SPDX-License-Identifier: BSD-3-Clause */
/*
 * Host calls: the request/response protocol between kernel (guest) and proxy (host).
 *
 * One byte stream in each direction (virtio console port, shared ring or TCP, the protocol does not
 * care). Both sides send frames; every frame starts with a fixed header that holds its whole
 * length. All integers are little-endian, all structures have the same layout on both sides
 * (asserted below).
 *
 *   guest -> host   struct hc_request + payload
 *   host  -> guest  struct hc_reply   + payload
 *
 * Rules
 *   - The first request MUST be HC_HELLO. Before its reply nothing else is sent. A proxy that gets
 *     anything else, or a HELLO of another HC_VERSION, closes the channel.
 *   - Each request has a tag that the guest chooses; tags of requests in flight are distinct and
 * not HC_TAG_EVENT. Each request gets exactly one reply with its tag, in any order. HC_EXIT and
 *     HC_CANCEL get no reply.
 *   - hc_reply.result is >= 0 (meaning depends on the call) or a negated Linux errno.
 *   - The host may send events at any time after the HELLO reply: a reply with tag HC_TAG_EVENT.
 *   - A frame is never longer than HC_FRAME_MAX. A side that sees a longer one, or one shorter than
 *     its header, closes the channel.
 *   - The host treats everything that arrives as hostile. A malformed request gets -EBADMSG (or
 *     closes the channel where framing is lost) and has no effect.
 *   - Guest memory by reference: where HC_FEAT_SHM was granted, READ/PREAD/WRITE/PWRITE may carry,
 *     instead of data, HC_FLAG_SEGS and an array of struct hc_seg that names guest physical memory.
 *     A guest-physical address is an integer to the host, never a pointer: the host checks every
 *     segment against the guest's memory before it touches it.
 *
 * Paths are absolute paths of the guest's name space, without NUL, up to HC_PATH_MAX bytes. The
 * host resolves "..", "." and symbolic links itself, inside the guest's name space. When the
 * resolution reaches a path that the guest itself serves (see hc_hello_reply.guest_fs), the host
 * answers with result HC_REDIRECT and the remaining absolute path as payload (for two-path calls:
 * which of them in val[0], 0 or 1); the guest then starts again with that path in its own file
 * systems.
 */
#ifndef ABI_HOSTCALL_H
#define ABI_HOSTCALL_H

#include <stddef.h>
#include <stdint.h>

#define HC_VERSION   1u
#define HC_MAGIC     0x4d524548u  /* "HERM" */
#define HC_FRAME_MAX (1u << 20)	  /* bytes, header included */
#define HC_DATA_MAX  (512u << 10) /* bytes of inline file data in one frame */
#define HC_PATH_MAX  4096u	  /* bytes, terminating NUL not included and not sent */
#define HC_SEGS_MAX  1024u	  /* segments in one request */
#define HC_IO_MAX    (64u << 20)  /* bytes moved by one request with segments */
#define HC_TAG_EVENT 0xffffffffu
#define HC_AT_CWD    (-100) /* unused today: paths are absolute */

/* hc_reply.result: "go on with the path in the payload"; outside the errno range. */
#define HC_REDIRECT (-5000)

enum hc_op {
	/* handle, arg[0..3] and payload of the request; result, val[0..1] and payload of the reply
	 */
	HC_HELLO = 1, /* arg0 = HC_MAGIC, arg1 = HC_VERSION, arg2 = wanted HC_FEAT_*, arg3 = guest
		       * memory bytes; payload: the value of hermit.token of the kernel's command
		       * line, where it has one: on a channel that others can reach as well it
		       * shows who speaks; reply: struct hc_hello_reply and its strings */
	HC_EXIT, /* arg0 = status (0..255), arg1 = signal number or 0, arg2 = HC_EXIT_*; no reply */
	HC_CANCEL, /* arg0 = tag of a request in flight: it is to end soon, with -EINTR; no reply */
	HC_OPEN,   /* payload: path; arg0 = Linux O_* flags, arg1 = mode (the guest has applied
		    * its umask, here and in HC_MKDIR), arg2 = HC_OPEN_*;
		    * result = handle, val0 = HC_HANDLE_* attributes, val1 = st_mode; payload of the
		    * reply: the resolved absolute guest path (for getcwd and openat) */
	HC_CLOSE,  /* handle */
	HC_READ,  /* handle, arg0 = bytes wanted; at the host's own file offset; blocks on pipes and
		   * terminals; result = bytes, payload = data (or in the segments) */
	HC_WRITE, /* handle, payload = data or segments; at the host's own offset (O_APPEND obeyed);
		   * result = bytes, val0 = file offset afterwards or -1 */
	HC_PREAD, /* handle, arg0 = bytes wanted, arg1 = offset */
	HC_PWRITE,   /* handle, arg1 = offset; payload = data or segments */
	HC_LSEEK,    /* handle, arg0 = offset, arg1 = whence (SEEK_DATA and SEEK_HOLE too); result =
			offset */
	HC_FSTAT,    /* handle; reply payload: struct hc_stat */
	HC_STAT,     /* payload: path; arg0 = HC_NOFOLLOW or 0; reply payload: struct hc_stat */
	HC_GETDENTS, /* handle, arg0 = buffer bytes; reply payload: struct linux_dirent64 records;
		      * the host's handle holds the position; arg1 != 0: rewind first to the cookie
		      * arg2 */
	HC_UNLINK,   /* payload: path; arg0 = AT_REMOVEDIR or 0; reply payload: the resolved path */
	HC_RENAME,   /* payload: old path, NUL, new path; arg0 = RENAME_* flags; reply payload: the
		      * resolved old path, NUL, the resolved new path (open directories move with it)
		      */
	HC_MKDIR,    /* payload: path; arg0 = mode */
	HC_READLINK, /* payload: path; reply payload: target; result = its length */
	HC_SYMLINK,  /* payload: target, NUL, path of the link */
	HC_LINK,     /* payload: old path, NUL, new path; arg0 = AT_SYMLINK_FOLLOW or 0 */
	HC_ACCESS,   /* payload: path; arg0 = R_OK|W_OK|X_OK, arg1 = HC_NOFOLLOW or 0 */
	HC_CHMOD,    /* payload: path; arg0 = mode, arg1 = HC_NOFOLLOW or 0 */
	HC_FCHMOD,   /* handle; arg0 = mode */
	HC_CHOWN,    /* payload: path; arg0 = uid, arg1 = gid (-1: keep), arg2 = HC_NOFOLLOW or 0 */
	HC_FCHOWN,   /* handle; arg0 = uid, arg1 = gid */
	HC_UTIMENS,  /* payload: struct hc_time[2] (access, modification), then path; arg0 =
			HC_NOFOLLOW */
	HC_FUTIMENS, /* handle; payload: struct hc_time[2] */
	HC_TRUNCATE, /* payload: path; arg0 = length */
	HC_FTRUNCATE, /* handle; arg0 = length */
	HC_FALLOCATE, /* handle; arg0 = mode, arg1 = offset, arg2 = length */
	HC_FSYNC,     /* handle; arg0 = 1: fdatasync */
	HC_STATFS,    /* payload: path; reply payload: struct hc_statfs */
	HC_FSTATFS,   /* handle; reply payload: struct hc_statfs */
	HC_FLOCK,     /* handle; arg0 = LOCK_* (the host turns a blocking lock into a polled one) */
	HC_IOCTL, /* handle; arg0 = TCGETS, TCSETS*, TIOCGWINSZ, FIONREAD ...: only a fixed list;
		   * payload = argument in, reply payload = argument out */
	HC_POLL, /* handle; arg0 = POLLIN|POLLOUT...; replies when one of them (or POLLERR, POLLHUP)
		  * holds; arg1 = 1: at once, with what holds now; result = revents */
	HC_REPORT,  /* payload: text (UTF-8, not terminated) for the user's stderr, such as a crash
		     * report; result 0 */
	HC_TIME,    /* reply: val0 = CLOCK_REALTIME of the host in ns */
	HC_STRINGS, /* arg0 = offset into the string block of the HELLO reply; reply payload: bytes
		     * from there on, at most HC_DATA_MAX; result = their number, 0 at the end */
	HC_SETFL,   /* handle; arg0 = O_APPEND or 0: whether writes go to the end from now on */
	HC_FLINK, /* handle; payload: new path: another name for the open file. -EXDEV unless it was
		   * opened by a path of a writable mount */
	HC_CHECKPOINT, /* saves the machine; result 0: saved, 1: this is the saved machine,
			* restored; -EOPNOTSUPP: the host does not keep checkpoints */
	HC_OP_COUNT
};

/* Events (host -> guest): hc_reply.tag = HC_TAG_EVENT, hc_reply.op = one of these. */
enum hc_event {
	HC_EVENT_SIGNAL = 0x8001, /* val0 = signal number for the application's process */
};

/* HC_EXIT arg2: why. */
#define HC_EXIT_NORMAL 0u /* exit_group */
#define HC_EXIT_SIGNAL 1u /* killed by a signal: the proxy ends with 128 + arg1 */
#define HC_EXIT_PANIC  2u /* kernel panic: the proxy ends with 255 */

/* HC_HELLO features. */
#define HC_FEAT_SHM 1u /* host can reach guest memory: HC_FLAG_SEGS allowed */

/* hc_request.flags */
#define HC_FLAG_SEGS   1u /* payload is struct hc_seg[]; the count is payload bytes / sizeof */
#define HC_FLAG_NOWAIT 2u /* READ, WRITE: -EAGAIN instead of waiting; WRITE may end short */
#define HC_FLAG_APPEND 4u /* WRITE, PWRITE: at the end of the file, as if it were O_APPEND */
/*
 * WRITE of inline data to a stream: nobody waits for the reply. Request and reply may take their
 * time (milliseconds) where the transport saves notifications by it. The host writes all data of
 * lazy requests to a handle in the order of the requests, also where the stream blocks, and before
 * an HC_EXIT that follows.
 */
#define HC_FLAG_LAZY 8u

#define HC_NOFOLLOW  1u

/* HC_OPEN arg2 */
#define HC_OPEN_DIR_ONLY 1u /* as for chdir: fail with ENOTDIR unless it is a directory */
#define HC_OPEN_NO_LINKS 2u /* a symbolic link on the way: -ELOOP */

/* HC_OPEN val0: what the handle is. */
#define HC_HANDLE_SEEKABLE 1u /* regular file or block device: PREAD/PWRITE work */
#define HC_HANDLE_STREAM   2u /* pipe, terminal, FIFO, socket: READ may block, POLL works */
#define HC_HANDLE_DIR	   4u
#define HC_HANDLE_TTY	   8u
#define HC_HANDLE_READONLY 16u /* opened through a read-only mount */

/* Handles that exist from the start: the proxy's own standard input, output and error. */
#define HC_STDIN  0u
#define HC_STDOUT 1u
#define HC_STDERR 2u

struct hc_request {
	uint32_t length; /* whole frame: sizeof(struct hc_request) + payload */
	uint16_t op;	 /* enum hc_op */
	uint16_t flags;	 /* HC_FLAG_* */
	uint32_t tag;
	uint32_t handle;
	uint64_t arg[4];
};

struct hc_reply {
	uint32_t length; /* whole frame: sizeof(struct hc_reply) + payload */
	uint16_t op;	 /* of the request, or enum hc_event */
	uint16_t flags;	 /* HC_FLAG_LAZY of the request, else 0 */
	uint32_t tag;
	uint32_t reserved; /* 0 */
	int64_t result;
	uint64_t val[2];
};

struct hc_seg {
	uint64_t gpa; /* guest-physical address */
	uint64_t len; /* bytes */
};

struct hc_time {
	int64_t sec;
	int64_t nsec; /* or UTIME_NOW, UTIME_OMIT */
};

struct hc_stat {
	uint64_t dev, ino, nlink, rdev, size, blksize, blocks, mnt_id;
	uint32_t mode, uid, gid, attributes;
	struct hc_time atime, mtime, ctime, btime; /* btime.sec = 0 where unknown */
};

struct hc_statfs {
	uint64_t type, bsize, blocks, bfree, bavail, files, ffree, fsid, namelen, frsize, flags;
};

/*
 * Reply to HC_HELLO: this structure, then the string block: argc strings, envc strings, the working
 * directory, the host's name, guest_fs_count paths, host_fs_count paths and the image's own path
 * (for /proc/self/exe), each terminated by NUL. The block is strings_size bytes long. The reply
 * holds as much of it as fits (its size tells); the guest asks for the rest with HC_STRINGS.
 * guest_fs: the absolute paths that the guest serves itself (/dev, /proc, /tmp ...); all else is
 * the host's. host_fs: absolute paths below those that the host serves all the same (for example
 * the working directory below /tmp). A longer match wins.
 */
struct hc_hello_reply {
	uint32_t version;  /* HC_VERSION */
	uint32_t features; /* granted HC_FEAT_* */
	uint32_t argc, envc;
	uint32_t guest_fs_count, host_fs_count;
	uint32_t uid, gid; /* of the user that started the proxy */
	uint32_t umask;
	uint32_t std_handles[3]; /* HC_HANDLE_* of standard input, output, error; 0: closed */
	uint64_t tsc_hz;	 /* rate of the guest's time stamp counter; 0: unknown */
	uint64_t realtime_ns;	 /* CLOCK_REALTIME of the host at the reply */
	uint64_t stack_limit;	 /* bytes: the user's soft RLIMIT_STACK */
	uint8_t seed[64];	 /* entropy from the host */
	uint32_t std_flags[3];	 /* Linux O_* status flags of the three */
	uint32_t std_mode[3];	 /* st_mode of the three */
	uint32_t pid;		 /* of the proxy; the guest has its own numbers */
	uint32_t strings_size;	 /* bytes of the whole string block */
};

_Static_assert(sizeof(struct hc_request) == 48, "hc_request");
_Static_assert(sizeof(struct hc_reply) == 40, "hc_reply");
_Static_assert(sizeof(struct hc_seg) == 16, "hc_seg");
_Static_assert(sizeof(struct hc_time) == 16, "hc_time");
_Static_assert(sizeof(struct hc_stat) == 144, "hc_stat");
_Static_assert(sizeof(struct hc_statfs) == 88, "hc_statfs");
_Static_assert(sizeof(struct hc_hello_reply) == 168, "hc_hello_reply");
_Static_assert(offsetof(struct hc_hello_reply, tsc_hz) == 48, "hc_hello_reply.tsc_hz");

#endif /* ABI_HOSTCALL_H */
